// SPDX-License-Identifier: LGPL-2.1-or-later
// Loading and searching the index of synthetic files. Called by path_table.cc and its neighbours.
#include "front/preload/virtual_tree.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <new>
#include <utility>

#include "base/log.h"
#include "base/raw_syscall.h"

namespace softvpu::preload {
namespace {

constexpr off_t kMostIndexBytes = 1 << 18;  // 512 entries of 512 characters

// Splits at single blanks.
std::string_view take_word(std::string_view& line) {
  const size_t blank = line.find(' ');
  const std::string_view word = line.substr(0, blank);
  line = blank == std::string_view::npos ? std::string_view() : line.substr(blank + 1);
  return word;
}

bool take_number(std::string_view& line, uint32_t& out) {
  const std::string_view word = take_word(line);
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), out);
  return error == std::errc() && end == word.data() + word.size();
}

uint32_t name_hash(std::string_view name) {
  uint32_t hash = 2166136261u;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return (hash ^ hash >> 16) & 1023;
}

struct Text {
  const char* data = nullptr;
  size_t size = 0;
};

// Only the user who runs the program, or root, decides what it sees: nobody else may own or write what is read here.
bool is_trusted(const struct stat& status) {
  const auto user = static_cast<uid_t>(raw::call(SYS_geteuid));
  return (status.st_uid == user || status.st_uid == 0) && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

// Opens `name` below `directory` without following a link in its last component. Returns a
// descriptor or -errno; -EPERM if it isn't trusted.
int open_trusted(int directory, const char* name, int flags, struct stat& status) {
  const auto fd = static_cast<int>(raw::call(SYS_openat, directory, raw::address(name), flags | O_NOFOLLOW | O_CLOEXEC));
  if (fd < 0) return fd;
  int error = raw::fstat(fd, &status);
  if (error == 0 && !is_trusted(status)) error = -EPERM;
  if (error == 0) return fd;
  raw::close(fd);
  return error;
}

// Maps the index of `root`; the mapping stays for the life of the process. 0 or -errno.
int map_index(const char* root, Text& text) {
  struct stat status {};
  const int directory = open_trusted(AT_FDCWD, root, O_PATH | O_DIRECTORY, status);
  if (directory < 0) return directory;
  // O_NONBLOCK: the file may be a FIFO.
  const int fd = open_trusted(directory, kIndexName + 1, O_RDONLY | O_NONBLOCK, status);
  raw::close(directory);
  if (fd < 0) return fd;
  int error = S_ISREG(status.st_mode) && status.st_size > 0 && status.st_size <= kMostIndexBytes ? 0 : -EINVAL;
  void* at = nullptr;
  if (error == 0) error = raw::mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ, MAP_PRIVATE, fd, 0, &at);
  raw::close(fd);
  if (error == 0) text = {static_cast<const char*>(at), static_cast<size_t>(status.st_size)};
  return error;
}

const VirtualTree* load() {
  const char* root = std::getenv(kRootVariable);
  if (root == nullptr || root[0] == '\0') return nullptr;
  Text text;
  PathBuffer clean;
  // If the path ended in a slash, O_NOFOLLOW wouldn't apply to its last component.
  const bool is_clean = clean_join("", root, clean) && clean.view() == root;
  if (const int error = is_clean ? map_index(root, text) : -EINVAL; error != 0) {
    log_line(LogLevel::kError, "%s=%s isn't used (errno %d): expected a directory made by `softvpu run`%s; no device is shown",
             kRootVariable, root, -error,
             error == -EPERM    ? " that belongs to this user or to root, and that nobody else can write to"
             : error == -EACCES ? " in a place that this user can reach (TMPDIR=directory softvpu run …)"
                                : "");
    return nullptr;
  }
  void* memory = nullptr;
  if (raw::mmap(nullptr, sizeof(VirtualTree), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, &memory) != 0) {
    raw::munmap(const_cast<char*>(text.data), text.size);
    return nullptr;
  }
  auto* tree = new (memory) VirtualTree;
  if (VirtualTree::parse({text.data, text.size}, root, *tree)) return tree;
  log_line(LogLevel::kError, "%s%s is damaged or of another version of softvpu; no device is shown", root, kIndexName);
  raw::munmap(memory, sizeof(VirtualTree));
  raw::munmap(const_cast<char*>(text.data), text.size);
  return nullptr;
}

// The index may name only device paths, nothing else that a program may read.
bool is_device_path(std::string_view path) {
  return is_at_or_below(path, "/dev") || is_at_or_below(path, "/sys") || is_at_or_below(path, "/run/udev");
}

// A path as clean_join() writes it, of printable characters, whose components fit a directory entry.
bool is_plain_path(std::string_view path) {
  PathBuffer clean;
  if (path.empty() || path.front() != '/' || !clean_join("", path, clean) || clean.view() != path) return false;
  size_t component = 0;
  for (const char c : path) {
    component = c == '/' ? 0 : component + 1;
    if (component > NAME_MAX || static_cast<unsigned char>(c) <= ' ' || c == '\x7f') return false;
  }
  return true;
}

// Only names, with any ".." at the start: a ".." after a name would mean the parent of whatever
// that name leads to, which can't be determined from the text.
bool goes_up_before_down(std::string_view target) {
  bool down = false;
  while (true) {
    const size_t slash = target.find('/');
    const std::string_view component = target.substr(0, slash);
    if (component.empty() || component == "." || (down && component == "..")) return false;
    down = down || component != "..";
    if (slash == std::string_view::npos) return true;
    target.remove_prefix(slash + 1);
  }
}

// The link is relative, and its target is also a device path.
bool leads_to_devices(const TreeEntry& link) {
  PathBuffer end;
  return goes_up_before_down(link.target) && clean_join(parent_of(link.path), link.target, end) && is_plain_path(end.view()) &&
         is_device_path(end.view());
}

}  // namespace

const VirtualTree* VirtualTree::get() {
  // If two threads get here first at the same time, both load the tree; one result is published,
  // the other is never used.
  enum : int { kUnknown, kAbsent, kPresent };
  static std::atomic<int> state{kUnknown};
  static std::atomic<const VirtualTree*> published{nullptr};
  const int seen = state.load(std::memory_order_acquire);
  if (seen == kAbsent) return nullptr;
  if (seen == kPresent) return published.load(std::memory_order_acquire);
  const VirtualTree* loaded = load();
  const VirtualTree* expected = nullptr;
  if (loaded != nullptr) published.compare_exchange_strong(expected, loaded, std::memory_order_acq_rel);
  int unknown = kUnknown;
  state.compare_exchange_strong(unknown, loaded == nullptr ? kAbsent : kPresent, std::memory_order_acq_rel);
  return published.load(std::memory_order_acquire);
}

bool VirtualTree::parse(std::string_view index, std::string_view root, VirtualTree& tree) {
  if (!tree.root_.assign(root)) return false;
  bool first = true;
  while (!index.empty()) {
    const size_t end = index.find('\n');
    const std::string_view line = index.substr(0, end);
    index = end == std::string_view::npos ? std::string_view() : index.substr(end + 1);
    if (std::exchange(first, false)) {
      if (line != kTreeHeader) return false;
    } else if (!line.empty() && !tree.add_line(line)) {
      return false;
    }
  }
  if (first) return false;
  tree.learn_inodes();
  return true;
}

bool VirtualTree::add_line(std::string_view line) {
  if (size_ == kMaxEntries) return false;
  TreeEntry& entry = entries_[size_];
  const std::string_view type = take_word(line);
  entry.path = take_word(line);
  if (type.size() != 1 || !is_plain_path(entry.path)) return false;
  if (size_ > 0 && !(entries_[size_ - 1].path < entry.path)) return false;
  entry.type = static_cast<EntryType>(type.front());
  // "/run" itself is allowed, as the parent of /run/udev.
  const bool on_the_way = entry.path == "/run" && entry.type == EntryType::kDirectory;
  if (!on_the_way && !is_device_path(entry.path)) return false;
  const std::string_view parent = parent_of(entry.path);
  const TreeEntry* above = find(parent);  // the index is sorted, so the parent has come before
  if (parent != "/" && (above == nullptr || above->type != EntryType::kDirectory)) return false;
  switch (entry.type) {
    case EntryType::kDirectory:
    case EntryType::kFile:
      break;
    case EntryType::kLink:
      entry.target = take_word(line);
      if (!leads_to_devices(entry)) return false;
      break;
    case EntryType::kNode:
      if (!take_node(line, entry)) return false;
      break;
    default:
      return false;
  }
  if (!line.empty()) return false;
  note_names(entry.path);
  ++size_;
  return true;
}

bool VirtualTree::take_node(std::string_view& line, TreeEntry& entry) {
  uint32_t minor = 0;
  if (nodes_size_ == kMaxNodes || !entry.path.starts_with("/dev/")) return false;
  if (!take_number(line, entry.major) || !take_number(line, minor)) return false;
  const std::string_view role = take_word(line);
  const auto node = v4l2::node_of({role, take_word(line)});
  if (!node) return false;
  v4l2::NodeSpec& spec = nodes_[nodes_size_++];
  spec = *node;
  spec.minor = minor;
  entry.spec = &spec;
  return take_number(line, spec.codec_threads);
}

void VirtualTree::note_names(std::string_view path) {
  const uint32_t hash = name_hash(last_component(path));  // parents have entries of their own
  names_[hash / 64] |= uint64_t{1} << hash % 64;
}

bool VirtualTree::may_contain_name(std::string_view name) const {
  const uint32_t hash = name_hash(name);
  return (names_[hash / 64] >> hash % 64 & 1) != 0;
}

void VirtualTree::learn_inodes() {
  for (uint32_t i = 0; i < size_; ++i) {
    TreeEntry& entry = entries_[i];
    if (entry.type != EntryType::kNode) continue;
    PathBuffer path;
    struct stat status {};
    if (!path.assign(root_.view()) || !path.append(entry.path)) continue;
    const int fd = raw::open(path.c_str(), O_PATH | O_CLOEXEC);
    if (fd < 0) continue;
    if (raw::fstat(fd, &status) == 0) {
      device_ = status.st_dev;
      entry.inode = status.st_ino;
    }
    raw::close(fd);
  }
}

const TreeEntry* VirtualTree::find(std::string_view path) const {
  const TreeEntry* end = entries_ + size_;
  const TreeEntry* at = std::lower_bound(entries_, end, path, [](const TreeEntry& e, std::string_view p) { return e.path < p; });
  return at != end && at->path == path ? at : nullptr;
}

const TreeEntry* VirtualTree::find_node(uint32_t minor) const {
  for (uint32_t i = 0; i < size_; ++i) {
    if (entries_[i].type == EntryType::kNode && entries_[i].spec->minor == minor) return &entries_[i];
  }
  return nullptr;
}

const TreeEntry* VirtualTree::find_stand_in(dev_t device, ino_t inode) const {
  if (device != device_) return nullptr;
  for (uint32_t i = 0; i < size_; ++i) {
    if (entries_[i].type == EntryType::kNode && entries_[i].inode == inode) return &entries_[i];
  }
  return nullptr;
}

uint32_t VirtualTree::next_child(std::string_view directory, uint32_t from) const {
  for (uint32_t i = from; i < size_; ++i) {
    if (entries_[i].path != "/" && parent_of(entries_[i].path) == directory) return i;
  }
  return kMaxEntries;
}

}  // namespace softvpu::preload
