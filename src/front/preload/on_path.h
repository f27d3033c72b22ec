// SPDX-License-Identifier: LGPL-2.1-or-later
// One rule for every libc call with a path: try it where the path table says. Used by the symbols_*.cc files.
#pragma once

#include <fcntl.h>

#include <cerrno>

#include "front/preload/path_table.h"

namespace softvpu::preload {

inline bool is_failure(int answer) { return answer < 0; }
inline bool is_failure(long answer) { return answer < 0; }
template <typename T>
bool is_failure(T* answer) {
  return answer == nullptr;
}

// Runs `call` where a resolved path is: the host's directory before the tree's (what both have is the host's). For a node the
// answer is on_node(node, path of its stand-in).
template <typename F, typename N>
auto at_place(const Resolved& where, F&& call, N&& on_node) -> decltype(call(AT_FDCWD, "")) {
  if (where.kind == Resolved::Kind::kHost) return call(AT_FDCWD, where.host.c_str());
  if (where.kind == Resolved::Kind::kNode) return on_node(*where.entry, where.tree.c_str());
  if (where.kind == Resolved::Kind::kDirectory) {
    const int saved = errno;
    auto answer = call(AT_FDCWD, where.host.c_str());
    if (!is_failure(answer) || errno != ENOENT) return answer;
    errno = saved;
  }
  return call(AT_FDCWD, where.tree.c_str());
}

// Runs call(dirfd, path) with the application's arguments when they aren't ours, and with a full path where they are. errno is
// the last call's; a success keeps it.
template <typename F, typename N>
auto on_path_or_node(int dirfd, const char* path, Follow follow, F&& call, N&& on_node) -> decltype(call(dirfd, path)) {
  Resolved where;
  if (resolve(dirfd, path, follow, where)) return at_place(where, call, on_node);
  const int saved = errno;
  auto answer = call(dirfd, path);
  if (!is_failure(answer) || errno != ENOENT || !resolve_links(dirfd, path, follow, where)) return answer;
  errno = saved;
  return at_place(where, call, on_node);
}

// The same with the stand-in file for a node.
template <typename F>
auto on_path(int dirfd, const char* path, Follow follow, F&& call) -> decltype(call(dirfd, path)) {
  return on_path_or_node(dirfd, path, follow, call,
                         [&](const TreeEntry&, const char* stand_in) { return call(AT_FDCWD, stand_in); });
}

}  // namespace softvpu::preload
