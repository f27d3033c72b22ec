// SPDX-License-Identifier: LGPL-2.1-or-later
// Resolving the application's paths against the synthetic tree. Called by every interposed call that takes a path.
#include "front/preload/path_table.h"

#include <charconv>
#include <cstdio>
#include <cstring>

#include "base/raw_syscall.h"

namespace softvpu::preload {
namespace {

constexpr int kMaxLinks = 40;  // as the kernel's

// A pointer that can't be a string is the kernel's to refuse.
bool plausible(const char* path) { return reinterpret_cast<uintptr_t>(path) >= 4096 && path[0] != '\0'; }

bool has_dot_dot(std::string_view path) { return path.find("..") != std::string_view::npos; }

// Cheap test that nearly every path fails: 20 ns for "/usr/lib/x", no system call.
bool may_concern(const VirtualTree& tree, std::string_view path) {
  if (path.front() != '/') {
    const std::string_view last = last_component(path);
    return last == "." || has_dot_dot(path) || tree.may_contain_name(last);
  }
  size_t start = path.find_first_not_of('/');
  if (start == std::string_view::npos) return false;
  const std::string_view first = path.substr(start, path.find('/', start) - start);
  return first == "." || has_dot_dot(path) || tree.may_contain_name(first);
}

bool read_link(const char* path, PathBuffer& out) {
  const long length =
      raw::call(SYS_readlinkat, AT_FDCWD, raw::address(path), raw::address(out.text), static_cast<long>(sizeof out.text - 1));
  if (length <= 0 || static_cast<size_t>(length) >= sizeof out.text - 1) return false;
  out.length = static_cast<size_t>(length);
  out.text[out.length] = '\0';
  return true;
}

bool working_directory(PathBuffer& out) {
  const long length = raw::call(SYS_getcwd, raw::address(out.text), static_cast<long>(sizeof out.text));
  if (length <= 1) return false;
  out.length = static_cast<size_t>(length) - 1;
  return true;
}

// "/sys/class" of "<root>/sys/class", in place. True when it was below the root.
bool strip(const VirtualTree& tree, PathBuffer& path) {
  if (!is_at_or_below(path.view(), tree.root()) || path.length == tree.root().size()) return false;
  path.assign(path.view().substr(tree.root().size()));
  return true;
}

// The directory that `path` starts from. `in_tree`: it is one of ours.
bool base_of(const VirtualTree& tree, int dirfd, PathBuffer& base, bool& in_tree) {
  if (dirfd == AT_FDCWD) {
    if (!working_directory(base)) return false;
  } else {
    char link[32];
    std::snprintf(link, sizeof link, "/proc/self/fd/%d", dirfd);
    if (!read_link(link, base)) return false;
  }
  in_tree = strip(tree, base);
  return base.text[0] == '/';
}

// Replaces the link `entry` that ends at `end` of `path` by its target.
bool substitute(const TreeEntry& entry, size_t end, PathBuffer& path) {
  PathBuffer joined;
  if (!joined.assign(entry.target) || !joined.append(path.view().substr(end))) return false;
  PathBuffer cleaned;
  return clean_join(parent_of(entry.path), joined.view(), cleaned) && path.assign(cleaned.view());
}

enum class Walk { kFound, kLeft, kRestart, kFailed };

// One pass over the components of `path` until it is found, leaves the tree, or a link has to be replaced.
Walk walk(const VirtualTree& tree, Follow follow, PathBuffer& path, const TreeEntry*& entry) {
  entry = nullptr;
  size_t end = 0;
  while (end < path.length) {
    const size_t slash = path.view().find('/', end + 1);
    end = slash == std::string_view::npos ? path.length : slash;
    entry = tree.find(path.view().substr(0, end));
    if (entry == nullptr) return Walk::kLeft;
    if (entry->type == EntryType::kLink && (end < path.length || follow == Follow::kYes)) {
      return substitute(*entry, end, path) ? Walk::kRestart : Walk::kFailed;
    }
    if (entry->type != EntryType::kLink && entry->type != EntryType::kDirectory && end < path.length) return Walk::kLeft;
  }
  return entry == nullptr ? Walk::kFailed : Walk::kFound;
}

}  // namespace

bool resolve(int dirfd, const char* path, Follow follow, Resolved& out) {
  const VirtualTree* tree = VirtualTree::get();
  if (tree == nullptr || !plausible(path) || !may_concern(*tree, path)) return false;

  PathBuffer base;
  bool rewritten = false;
  if (path[0] != '/' && !base_of(*tree, dirfd, base, rewritten)) return false;
  if (!clean_join(base.view(), path, out.host)) return false;

  for (int links = 0; links < kMaxLinks; ++links) {
    switch (walk(*tree, follow, out.host, out.entry)) {
      case Walk::kFailed:
        return false;
      case Walk::kRestart:
        rewritten = true;
        continue;
      case Walk::kLeft:
        out.kind = Resolved::Kind::kHost;
        out.entry = nullptr;
        return rewritten;
      case Walk::kFound:
        break;
    }
    if (!out.tree.assign(tree->root()) || !out.tree.append(out.host.view())) return false;
    out.kind = out.entry->type == EntryType::kDirectory ? Resolved::Kind::kDirectory
               : out.entry->type == EntryType::kNode    ? Resolved::Kind::kNode
                                                        : Resolved::Kind::kTree;
    return true;
  }
  return false;
}

bool path_of_fd(int fd, PathBuffer& out) {
  char link[32];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  if (!read_link(link, out)) return false;
  if (const VirtualTree* tree = VirtualTree::get()) strip(*tree, out);
  return out.text[0] == '/';
}

int fd_named_by(const char* path) {
  if (!plausible(path)) return -1;
  std::string_view rest = path;
  if (rest.starts_with("/dev/fd/")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("/proc/")) {
    rest.remove_prefix(6);
    const std::string_view who = rest.substr(0, rest.find('/'));
    char pid[16];
    const int digits = std::snprintf(pid, sizeof pid, "%d", raw::getpid());
    if (who != "self" && who != "thread-self" && who != std::string_view(pid, static_cast<size_t>(digits))) return -1;
    rest.remove_prefix(who.size());
    if (!rest.starts_with("/fd/")) return -1;
    rest.remove_prefix(4);
  } else {
    return -1;
  }
  int fd = -1;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), fd);
  return error == std::errc() && end == rest.data() + rest.size() && fd >= 0 ? fd : -1;
}

size_t strip_root(char* text, size_t length) {
  const VirtualTree* tree = VirtualTree::get();
  if (tree == nullptr) return length;
  const std::string_view root = tree->root();
  const std::string_view path(text, length);
  if (!is_at_or_below(path, root) || length == root.size()) return length;
  std::memmove(text, text + root.size(), length - root.size());
  return length - root.size();
}

}  // namespace softvpu::preload
