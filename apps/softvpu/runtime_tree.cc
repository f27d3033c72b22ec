// SPDX-License-Identifier: LGPL-2.1-or-later
// Writing and removing the runtime directory. Called by verb_run.cc.
#include "apps/softvpu/runtime_tree.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

#include "apps/softvpu/tree_entries.h"
#include "apps/softvpu/trusted_directory.h"
#include "front/preload/virtual_tree.h"

namespace softvpu::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPrefix = "softvpu-run-";
constexpr time_t kStartSeconds = 600;  // a tree without an index is one that is being made, or that nobody will complete

std::vector<std::string> base_directories() {
  std::vector<std::string> all;
  const auto add = [&all](const std::string& directory) {
    if (std::optional<std::string> base = trusted_directory(directory)) all.push_back(std::move(*base));
  };
  for (const char* variable : {"XDG_RUNTIME_DIR", "TMPDIR"}) {
    const char* value = std::getenv(variable);
    if (value == nullptr || value[0] != '/') continue;
    // Root's directory of a login is closed to all others, and so to a program that stops being root.
    if (::geteuid() == 0 && std::string_view(value).starts_with("/run/user/")) continue;
    add(value);
  }
  add("/tmp");
  return all;
}

Result<UniqueFd> lock_directory(const std::string& path, int operation) {
  UniqueFd directory = raise_fd(UniqueFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)));
  if (!directory) return fail_errno("opening " + path);
  if (::flock(directory.get(), operation | LOCK_NB) < 0) return fail_errno("locking " + path);
  return directory;
}

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// True when a process that can be seen was started in the run of `root`, or has its index mapped.
bool some_process_uses(const std::string& root) {
  const std::string variable = fmt::format("{}={}", preload::kRootVariable, root) + '\0';
  const std::string mapping = root + preload::kIndexName + '\n';
  std::error_code error;
  for (const fs::directory_entry& process : fs::directory_iterator("/proc", error)) {
    if (process.path().filename().string().find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string environment = '\0' + text_of(process.path().string() + "/environ");
    if (environment.find('\0' + variable) != std::string::npos) return true;
    if (text_of(process.path().string() + "/maps").find(mapping) != std::string::npos) return true;
  }
  return false;
}

// Removes `root` unless somebody holds its lock or, if `look` says so, uses it without one.
bool remove_unused(const std::string& root, bool look) {
  const Result<UniqueFd> lock = lock_directory(root, LOCK_EX);
  if (!lock || (look && some_process_uses(root))) return false;
  // The first thing that can't be removed ends remove_all(), for a passing shortage of descriptors or memory, too.
  for (int tries = 0; tries < 3; ++tries) {
    std::error_code error;
    fs::remove_all(root, error);
    if (!error) return true;
  }
  return false;
}

// What is made belongs to the user alone to write, whatever his own mask is: the preload library reads nothing else.
class Umask {
 public:
  Umask() : before_(::umask(S_IWGRP | S_IWOTH)) {}
  ~Umask() { ::umask(before_); }
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;

 private:
  mode_t before_;
};

// The stand-in of a node has the owner and mode that the node shows, so that the kernel itself decides who may open it: as udev
// has it, root:video 0660; a user's own node is his.
Status make_node(const std::string& path) {
  if (const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0660)); file) {
    const group* video = ::geteuid() == 0 ? ::getgrnam("video") : nullptr;
    if (video != nullptr && ::fchown(file.get(), 0, video->gr_gid) < 0 && errno != EPERM && errno != EINVAL)
      return fail_errno("giving " + path + " to the group video");
    if (::fchmod(file.get(), 0660) == 0) return {};
  }
  return fail_errno("making " + path);
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

RuntimeTree::~RuntimeTree() { release(true); }

void RuntimeTree::release(bool alone) {
  if (root_.empty()) return;
  lock_.reset();
  remove_unused(root_, !alone);
  root_.clear();
}

Result<RuntimeTree> RuntimeTree::create(const std::vector<v4l2::NodeSpec>& nodes) {
  const Umask narrow;
  Unexpected last = fail(EACCES, "no directory that only this user, or only root, can change");
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

// The index comes last: until it is there, sweep_stale() takes the tree for one whose owner is just starting.
Status RuntimeTree::fill(const std::vector<v4l2::NodeSpec>& nodes) {
  Result<UniqueFd> lock = lock_directory(root_, LOCK_SH);
  if (!lock) return Unexpected(lock.error());
  lock_ = std::move(*lock);
  if (::geteuid() == 0 && ::fchmod(lock_.get(), 0755) < 0) return fail_errno("opening " + root_ + " to other users");

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
        if (Status made = make_node(real); !made) return made;
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
      const bool complete = ::access((entry.path().string() + preload::kIndexName).c_str(), F_OK) == 0;
      if (!complete && ::time(nullptr) - status.st_mtime < kStartSeconds) continue;
      if (remove_unused(entry.path(), true)) ++removed;
    }
  }
  return removed;
}

}  // namespace softvpu::cli
