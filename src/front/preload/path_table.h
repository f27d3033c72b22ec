// SPDX-License-Identifier: LGPL-2.1-or-later
// Maps path names used by the application to files of the host or of the synthetic tree. Called by
// every symbols_*.cc that takes a path. Any thread, async-signal-safe, no allocation.
//
// Rules: a path that only the tree has is redirected there; a directory that both have stays the
// host's (dir_stream.cc adds our entries to its listing); a node of ours hides one of the host with
// the same name. Symbolic links of the host that lead into the tree are followed only when the host
// finds nothing there (resolve_links()), so that nearly every other path costs only a comparison.
#pragma once

#include <fcntl.h>

#include "front/preload/virtual_tree.h"

namespace softvpu::preload {

enum class Follow : bool { kNo = false, kYes = true };  // the last component, when it is a symbolic link

struct Resolved {
  enum class Kind {
    kHost,       // `host` names it; not what was passed, because a link or the working directory is in the tree
    kDirectory,  // try `host` first, then `tree`
    kTree,       // an attribute file or an unfollowed link: `tree`; with a slash at its end where the kernel returns ENOTDIR
    kNode,       // a video node; `tree` is its stand-in
  };
  Kind kind = Kind::kHost;
  const TreeEntry* entry = nullptr;  // nullptr for kHost
  PathBuffer host;                   // the name as the application knows it, links resolved
  PathBuffer tree;
};

// False: not ours, use the arguments as they are (this includes NULL and unreadable pointers).
bool resolve(int dirfd, const char* path, Follow follow, Resolved& out);
inline bool resolve(const char* path, Resolved& out) { return resolve(AT_FDCWD, path, Follow::kYes, out); }

// For a path that resolve() doesn't recognise and that the host doesn't have (ENOENT): true when
// the host's symbolic links in it lead to an entry of the tree, as those to /dev/video10 and
// /proc/self/root/dev/video10 do.
bool resolve_links(int dirfd, const char* path, Follow follow, Resolved& out);

// The same two in a tree that isn't the process's own. For resolve(), resolve_links() and tests.
bool resolve_in(const VirtualTree& tree, int dirfd, const char* path, Follow follow, Resolved& out);
bool resolve_links_in(const VirtualTree& tree, int dirfd, const char* path, Follow follow, Resolved& out);

// The path of an open directory as the application knows it. False when the kernel can't say.
bool path_of_fd(int fd, PathBuffer& out);

// N for "/proc/self/fd/N", "/proc/<own pid>/fd/N", "/proc/thread-self/fd/N" and "/dev/fd/N"; -1 for everything else.
int fd_named_by(const char* path);

// Takes the tree's root off the front of a kernel's answer ("<root>/sys/class" becomes "/sys/class"). `length` bytes at `text`,
// not necessarily NUL-terminated; returns the new length.
size_t strip_root(char* text, size_t length);

}  // namespace softvpu::preload
