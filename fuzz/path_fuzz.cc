// SPDX-License-Identifier: LGPL-2.1-or-later
// Paths of an application against a synthetic tree; the kernel's own answer is the reference. The
// input makes a small tree, which is also made on disk, and paths of its names, dots and slashes.
// Where the tree alone decides, resolve_in() must find what openat2(2) finds in it
// (RESOLVE_IN_ROOT). The directory is in /dev/shm, or in TMPDIR.
// Links: softvpu_preload
// Covers: src/front/preload/path_table.cc src/front/preload/lexical_path.cc
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "front/preload/path_table.h"
#include "fuzz/bytes.h"

namespace {

using namespace softvpu::preload;
using softvpu::fuzz::Bytes;

// None of them is in the host's own /dev, /sys or /run/udev.
constexpr const char* kNames[] = {"vA", "vB", "vC", "vD"};
constexpr const char* kSteps[] = {"vA", "vB", "vC", "vD", "..", ".", "dev", "sys", "run", "udev"};
constexpr const char* kTops[] = {"/dev", "/run", "/run/udev", "/sys"};
constexpr size_t kMostEntries = 12;

struct Entry {
  EntryType type = EntryType::kDirectory;
  std::string target;
};
using Entries = std::map<std::string, Entry>;

[[noreturn]] void complain(const char* what, const std::string& path, const std::string& expected, const std::string& got) {
  std::fprintf(stderr, "path_fuzz: %s: \"%s\": the kernel finds \"%s\", we \"%s\"\n", what, path.c_str(), expected.c_str(),
               got.c_str());
  std::abort();
}

void remove_root();

const std::string& root() {
  static const std::string* const made = [] {
    const char* base = std::getenv("TMPDIR");
    std::string name = std::string(base != nullptr ? base : "/dev/shm") + "/softvpu-path-fuzz-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) {
      std::perror("path_fuzz: mkdtemp");
      std::abort();
    }
    std::atexit(remove_root);
    return new std::string(name);
  }();
  return *made;
}

// What is on disk now.
Entries& on_disk() {
  static auto* const entries = new Entries;
  return *entries;
}

void clear_disk() {
  Entries& entries = on_disk();
  for (auto each = entries.rbegin(); each != entries.rend(); ++each) {
    const std::string path = root() + each->first;
    if (each->second.type == EntryType::kDirectory)
      (void)rmdir(path.c_str());
    else
      (void)unlink(path.c_str());
  }
  entries.clear();
}

void remove_root() {
  clear_disk();
  (void)rmdir(root().c_str());
}

void make_on_disk(const Entries& wanted) {
  Entries& entries = on_disk();
  const auto same = [](const Entry& a, const Entry& b) { return a.type == b.type && a.target == b.target; };
  if (std::equal(entries.begin(), entries.end(), wanted.begin(), wanted.end(),
                 [&](const auto& a, const auto& b) { return a.first == b.first && same(a.second, b.second); }))
    return;
  clear_disk();
  for (const auto& [path, entry] : wanted) {
    const std::string at = root() + path;
    int failed = -1;
    if (entry.type == EntryType::kDirectory) {
      failed = mkdir(at.c_str(), 0700);
    } else if (entry.type == EntryType::kLink) {
      failed = symlink(entry.target.c_str(), at.c_str());
    } else {
      const int fd = open(at.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
      failed = fd < 0 ? -1 : close(fd);
    }
    if (failed != 0) {
      std::perror("path_fuzz: making the tree");
      std::abort();
    }
    entries[path] = entry;
  }
}

std::string index_of(const Entries& entries) {
  std::string text = std::string(kTreeHeader) + "\n";
  uint32_t minor = 0;
  for (const auto& [path, entry] : entries) {
    text += std::string(1, static_cast<char>(entry.type)) + " " + path;
    if (entry.type == EntryType::kLink) text += " " + entry.target;
    if (entry.type == EntryType::kNode) text += " 81 " + std::to_string(minor++) + " decoder multi 0";
    text += "\n";
  }
  return text;
}

std::string some_path(Bytes& in, uint32_t most) {
  std::string path;
  for (uint32_t left = in.below(most) + 1; left > 0; --left) {
    path += kSteps[in.below(std::size(kSteps))];
    if (left > 1) path += in.rarely(16) ? "//" : "/";
  }
  return path;
}

bool is_index(const Entries& entries) {
  const auto tree = std::make_unique<VirtualTree>();
  return VirtualTree::parse(index_of(entries), root(), *tree);
}

Entries some_entries(Bytes& in) {
  Entries entries;
  for (const char* top : kTops) entries[top] = {};
  std::vector<std::string> directories(std::begin(kTops), std::end(kTops));
  for (size_t left = in.below(kMostEntries); left > 0; --left) {
    const std::string path =
        directories[in.below(static_cast<uint32_t>(directories.size()))] + "/" + kNames[in.below(std::size(kNames))];
    if (entries.count(path) != 0) continue;
    constexpr EntryType kTypes[] = {EntryType::kDirectory, EntryType::kLink, EntryType::kLink, EntryType::kFile,
                                    EntryType::kNode};
    Entry entry{kTypes[in.below(std::size(kTypes))], {}};
    if (entry.type == EntryType::kLink) entry.target = some_path(in, 4);
    entries[path] = entry;
    // What an index may not hold isn't our business here: index_fuzz.
    if (!is_index(entries))
      entries.erase(path);
    else if (entry.type == EntryType::kDirectory)
      directories.push_back(path);
  }
  return entries;
}

// Where the kernel ends, as a path of the tree; empty: nowhere.
std::string by_kernel(int root_fd, const std::string& path, Follow follow) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC | (follow == Follow::kNo ? uint64_t{O_NOFOLLOW} : 0);
  how.resolve = RESOLVE_IN_ROOT;
  const auto fd = static_cast<int>(syscall(SYS_openat2, root_fd, path.c_str(), &how, sizeof how));
  if (fd < 0) return {};
  char text[PATH_MAX];
  const ssize_t length = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), text, sizeof text);
  close(fd);
  if (length < 0 || static_cast<size_t>(length) < root().size()) return {};
  return std::string(text, static_cast<size_t>(length)).substr(root().size());
}

// The answer that the application would go by: a path of the tree, empty when the host decides.
std::string by_us(const VirtualTree& tree, int dirfd, const std::string& path, Follow follow) {
  Resolved out;
  if (!resolve_in(tree, dirfd, path.c_str(), follow, out)) return {};
  if (out.kind == Resolved::Kind::kHost) {
    if (!out.host.view().starts_with('/')) complain("a path of the host that isn't absolute", path, "", out.host.c_str());
    return {};
  }
  const std::string whole = root() + std::string(out.entry->path);
  if (out.tree.view() != whole && out.tree.view() != whole + "/")
    complain("another file than its entry's", path, whole, out.tree.c_str());
  return std::string(out.tree.view().substr(root().size()));
}

void check(const VirtualTree& tree, int root_fd, int dirfd, const std::string& whole, const std::string& path, Follow follow) {
  const std::string expected = by_kernel(root_fd, whole, follow);
  const std::string got = by_us(tree, dirfd, path, follow);
  if (!expected.empty() && expected != got) complain("lost", path, expected, got);
  // By ".." a path may pass the host's directories, which aren't on disk here.
  if (whole.find("..") != std::string::npos || got.empty()) return;
  if (got.back() != '/' && expected.empty()) complain("found", path, expected, got);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Bytes in(data, size);
  const Entries entries = some_entries(in);
  make_on_disk(entries);
  const std::string index = index_of(entries);
  const auto tree = std::make_unique<VirtualTree>();
  if (!VirtualTree::parse(index, root(), *tree)) std::abort();
  const int root_fd = open(root().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  for (int paths = 0; paths < 16 && !in.empty(); ++paths) {
    const Follow follow = in.coin() ? Follow::kYes : Follow::kNo;
    const bool relative = in.rarely(4);
    std::string path = some_path(in, 6);
    if (in.rarely(8)) path += in.coin() ? "/." : "/";
    if (!relative) {
      path = "/" + path;
      check(*tree, root_fd, AT_FDCWD, path, path, follow);
      continue;
    }
    const std::string base = kTops[in.below(std::size(kTops))];
    const int dirfd = open((root() + base).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    check(*tree, root_fd, dirfd, base + "/" + path, path, follow);
    close(dirfd);
  }
  close(root_fd);
  return 0;
}
