// SPDX-License-Identifier: LGPL-2.1-or-later
// Writing and removing the runtime directory. Called by verb_run.cc.
#include "apps/softvpu/runtime_tree.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "apps/softvpu/tree_entries.h"
#include "front/preload/virtual_tree.h"

namespace softvpu::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPrefix = "softvpu-run-";
constexpr const char* kLockName = "/lock";

std::vector<std::string> base_directories() {
  std::vector<std::string> all;
  for (const char* variable : {"XDG_RUNTIME_DIR", "TMPDIR"}) {
    if (const char* value = std::getenv(variable); value != nullptr && value[0] == '/') all.emplace_back(value);
  }
  all.emplace_back("/tmp");
  return all;
}

Result<UniqueFd> lock_file(const std::string& path, int flags) {
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CLOEXEC | flags, 0600));
  if (!file) return fail_errno("opening " + path);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) < 0) return fail_errno("locking " + path);
  return file;
}

// The lock gets its name when it is held: another run's sweep_stale() would else find it in between and take the tree away.
Result<UniqueFd> lock_new_tree(const std::string& root) {
  const std::string unnamed = root + kLockName + ".new";
  Result<UniqueFd> lock = lock_file(unnamed, O_CREAT | O_EXCL);
  if (!lock) return lock;
  if (::rename(unnamed.c_str(), (root + kLockName).c_str()) < 0) return fail_errno("naming " + root + kLockName);
  return lock;
}

Status write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) return fail(errno == 0 ? EIO : errno, "writing " + path);
  return {};
}

}  // namespace

RuntimeTree::RuntimeTree(RuntimeTree&& other) noexcept : root_(std::exchange(other.root_, {})), lock_(std::move(other.lock_)) {}

RuntimeTree::~RuntimeTree() { remove(); }

void RuntimeTree::remove() {
  if (root_.empty()) return;
  std::error_code ignored;
  fs::remove_all(root_, ignored);
  root_.clear();
}

Result<RuntimeTree> RuntimeTree::create(const std::vector<NodeOptions>& nodes) {
  Unexpected last = fail(EACCES, "no directory to work in");
  for (const std::string& base : base_directories()) {
    std::string name = base + "/" + kPrefix + "XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
      last = fail_errno("making a directory in " + base);
      continue;
    }
    RuntimeTree tree;
    tree.root_ = name;
    if (Status filled = tree.fill(nodes); !filled) {
      last = Unexpected(filled.error());
      continue;
    }
    return tree;
  }
  return last;
}

Status RuntimeTree::fill(const std::vector<NodeOptions>& nodes) {
  Result<UniqueFd> lock = lock_new_tree(root_);
  if (!lock) return Unexpected(lock.error());
  lock_ = std::move(*lock);

  std::string index(preload::kTreeHeader);
  index += '\n';
  for (const TreeFile& file : tree_entries(nodes)) {
    const std::string real = root_ + file.path;
    switch (file.type) {
      case 'd':
        if (::mkdir(real.c_str(), 0755) < 0) return fail_errno("making " + real);
        index += fmt::format("d {}\n", file.path);
        break;
      case 'l':
        if (::symlink(file.content.c_str(), real.c_str()) < 0) return fail_errno("linking " + real);
        index += fmt::format("l {} {}\n", file.path, file.content);
        break;
      case 'c':
        if (Status written = write_file(real, ""); !written) return written;
        index += fmt::format("c {} {}\n", file.path, file.content);
        break;
      default:
        if (Status written = write_file(real, file.content); !written) return written;
        index += fmt::format("f {}\n", file.path);
        break;
    }
  }
  return write_file(root_ + preload::kIndexName, index);
}

int RuntimeTree::sweep_stale() {
  int removed = 0;
  std::error_code error;
  for (const std::string& base : base_directories()) {
    for (const fs::directory_entry& entry : fs::directory_iterator(base, error)) {
      struct stat status {};
      if (!entry.path().filename().string().starts_with(kPrefix) || ::lstat(entry.path().c_str(), &status) < 0) continue;
      if (!S_ISDIR(status.st_mode) || status.st_uid != ::geteuid()) continue;
      // No lock file yet: its owner is just starting.
      if (!fs::exists(entry.path().string() + kLockName, error)) continue;
      if (Result<UniqueFd> lock = lock_file(entry.path().string() + kLockName, 0)) {
        fs::remove_all(entry.path(), error);
        ++removed;
      }
    }
  }
  return removed;
}

}  // namespace softvpu::cli
