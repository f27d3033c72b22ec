// SPDX-License-Identifier: LGPL-2.1-or-later
// One rule for every libc call with a path: try it where the path table says. Used by the symbols_*.cc files.
#pragma once

#include <cerrno>

#include "front/preload/path_table.h"

namespace softvpu::preload {

inline bool is_failure(int answer) { return answer < 0; }
inline bool is_failure(long answer) { return answer < 0; }
template <typename T>
bool is_failure(T* answer) {
  return answer == nullptr;
}

// Runs call(dirfd, path) with the application's arguments when they aren't ours, and with a full path where they are: the host's
// directory before the tree's (what both have is the host's), the stand-in file for a node. errno is the last call's; a success
// keeps it.
template <typename F>
auto on_path(int dirfd, const char* path, Follow follow, F&& call) -> decltype(call(dirfd, path)) {
  Resolved where;
  if (!resolve(dirfd, path, follow, where)) return call(dirfd, path);
  if (where.kind == Resolved::Kind::kHost) return call(AT_FDCWD, where.host.c_str());
  if (where.kind == Resolved::Kind::kDirectory) {
    const int saved = errno;
    auto answer = call(AT_FDCWD, where.host.c_str());
    if (!is_failure(answer) || errno != ENOENT) return answer;
    errno = saved;
  }
  return call(AT_FDCWD, where.tree.c_str());
}

}  // namespace softvpu::preload
