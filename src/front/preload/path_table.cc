// SPDX-License-Identifier: LGPL-2.1-or-later
// Resolving the application's paths against the synthetic tree. Called by every interposed call that takes a path.
#include "front/preload/path_table.h"

#include <charconv>
#include <cstdio>
#include <cstring>

#include "base/raw_syscall.h"
#include "front/preload/readable.h"

namespace softvpu::preload {
namespace {

constexpr int kMaxLinks = 40;  // as the kernel's

// What can't be a path is left to the kernel to refuse.
bool plausible(const char* path) { return path_length(path) > 0; }

bool has_dot_dot(std::string_view path) { return path.find("..") != std::string_view::npos; }

// True when `path` can name only a directory ("x/", "x/.", ".", ".."): otherwise the kernel fails.
bool names_a_directory(std::string_view path) {
  return path.ends_with('/') || path == "." || path == ".." || path.ends_with("/.") || path.ends_with("/..");
}

// Cheap test that rejects nearly every path, in 20 ns for "/usr/lib/x". (path_length(), called
// before it, makes a system call.)
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

// Turns "<root>/sys/class" into "/sys/class", in place. True when it was below the root.
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
  return base.view().starts_with('/');
}

// Replaces the link `entry`, which ends at position `end` of `path`, with its target.
bool substitute(const TreeEntry& entry, size_t end, PathBuffer& path) {
  PathBuffer joined;
  if (!joined.assign(entry.target) || !joined.append(path.view().substr(end))) return false;
  PathBuffer cleaned;
  return clean_join(parent_of(entry.path), joined.view(), cleaned) && path.assign(cleaned.view());
}

enum class Walk { kFound, kLeft, kRestart, kNotADirectory, kFailed };

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
    if (entry->type != EntryType::kLink && entry->type != EntryType::kDirectory && end < path.length) return Walk::kNotADirectory;
  }
  return entry == nullptr ? Walk::kFailed : Walk::kFound;
}

// Follows the links of host and tree as the kernel does, component by component: `at` becomes the
// path without any, and `entry` its entry in the tree. Stops with kNotADirectory at an entry of the
// tree that isn't a directory and isn't the end of the path. kLeft: the path is the host's.
// kRestart: the path is the host's, but was reached through entries that only the tree has.
Walk follow_links(const VirtualTree& tree, std::string_view base, std::string_view path, Follow follow, PathBuffer& at,
                  const TreeEntry*& entry) {
  PathBuffer rest;
  PathBuffer target;
  if (!rest.assign(path) || !at.assign(path.front() == '/' || base == "/" ? std::string_view() : base)) return Walk::kFailed;
  size_t next = 0;
  bool met_tree = false;
  for (int links = 0; links < kMaxLinks;) {
    const size_t start = rest.view().find_first_not_of('/', next);
    if (start == std::string_view::npos) {
      if (at.length == 0) at.assign("/");
      entry = tree.find(at.view());
      return entry != nullptr ? Walk::kFound : met_tree ? Walk::kRestart : Walk::kLeft;
    }
    const size_t slash = rest.view().find('/', start);
    next = slash == std::string_view::npos ? rest.length : slash;
    const std::string_view component = rest.view().substr(start, next - start);
    if (component == ".") continue;
    if (component == "..") {
      at.assign(at.length == 0 ? std::string_view() : at.view().substr(0, at.view().rfind('/')));
      continue;
    }
    const size_t before = at.length;
    if (!at.append("/") || !at.append(component)) return Walk::kFailed;
    if (next == rest.length && follow == Follow::kNo) continue;
    entry = tree.find(at.view());
    met_tree = met_tree || entry != nullptr;
    if (entry != nullptr && entry->type != EntryType::kLink) {
      if (entry->type != EntryType::kDirectory && next < rest.length) return Walk::kNotADirectory;
      continue;
    }
    if (entry != nullptr ? !target.assign(entry->target) : !read_link(at.c_str(), target)) continue;
    strip(tree, target);  // a link of /proc may lead into the tree by its real name
    if (!target.append(rest.view().substr(next)) || !rest.assign(target.view())) return Walk::kFailed;
    at.assign(rest.text[0] == '/' ? std::string_view() : at.view().substr(0, before));
    next = 0;
    ++links;
  }
  return Walk::kFailed;
}

// Fills `out` for an entry of the tree, whose path is in `out.host`. `whole`: the entry is the
// application's complete path, not just a prefix of it.
bool place(const VirtualTree& tree, const TreeEntry& entry, bool whole, Resolved& out) {
  out.entry = &entry;
  if (!out.tree.assign(tree.root()) || !out.tree.append(entry.path)) return false;
  if (whole && entry.type == EntryType::kDirectory) {
    out.kind = Resolved::Kind::kDirectory;
  } else if (whole && entry.type == EntryType::kNode) {
    out.kind = Resolved::Kind::kNode;
  } else {
    out.kind = Resolved::Kind::kTree;
    if (!whole && !out.tree.append("/")) return false;  // the slash makes the kernel return ENOTDIR
  }
  return true;
}

}  // namespace

bool resolve(int dirfd, const char* path, Follow follow, Resolved& out) {
  const VirtualTree* tree = VirtualTree::get();
  return tree != nullptr && resolve_in(*tree, dirfd, path, follow, out);
}

bool resolve_in(const VirtualTree& tree, int dirfd, const char* path, Follow follow, Resolved& out) {
  if (!plausible(path) || !may_concern(tree, path)) return false;

  PathBuffer base;
  bool rewritten = false;
  if (path[0] != '/' && !base_of(tree, dirfd, base, rewritten)) return false;
  const bool directory = names_a_directory(path);
  if (directory) follow = Follow::kYes;

  // After a link, ".." is the parent of the link's target, not of the link.
  if (has_dot_dot(path)) {
    const Walk end = follow_links(tree, base.view(), path, follow, out.host, out.entry);
    if (end == Walk::kFound || end == Walk::kNotADirectory) return place(tree, *out.entry, end == Walk::kFound, out);
    out.kind = Resolved::Kind::kHost;
    return end == Walk::kRestart || (end == Walk::kLeft && rewritten);
  }

  if (!clean_join(base.view(), path, out.host)) return false;
  for (int links = 0; links < kMaxLinks; ++links) {
    switch (walk(tree, follow, out.host, out.entry)) {
      case Walk::kFailed:
        return false;
      case Walk::kRestart:
        rewritten = true;
        continue;
      case Walk::kLeft:
        out.kind = Resolved::Kind::kHost;
        out.entry = nullptr;
        return rewritten;
      case Walk::kNotADirectory:
        return place(tree, *out.entry, false, out);
      case Walk::kFound:
        break;
    }
    return place(tree, *out.entry, !directory || out.entry->type == EntryType::kDirectory, out);
  }
  return false;
}

bool resolve_links(int dirfd, const char* path, Follow follow, Resolved& out) {
  const VirtualTree* tree = VirtualTree::get();
  return tree != nullptr && resolve_links_in(*tree, dirfd, path, follow, out);
}

bool resolve_links_in(const VirtualTree& tree, int dirfd, const char* path, Follow follow, Resolved& out) {
  if (!plausible(path)) return false;
  if (names_a_directory(path)) follow = Follow::kYes;
  const std::string_view last = last_component(path);
  char unused = 0;
  if (!tree.may_contain_name(last) && last != "." && last != ".." &&
      (follow == Follow::kNo || raw::call(SYS_readlinkat, dirfd, raw::address(path), raw::address(&unused), 1) < 0)) {
    return false;
  }
  PathBuffer base;
  bool in_tree = false;
  if (path[0] != '/' && !base_of(tree, dirfd, base, in_tree)) return false;
  const Walk end = follow_links(tree, base.view(), path, follow, out.host, out.entry);
  return (end == Walk::kFound || end == Walk::kNotADirectory) && place(tree, *out.entry, end == Walk::kFound, out);
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
