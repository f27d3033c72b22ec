// SPDX-License-Identifier: LGPL-2.1-or-later
// open(2) and fopen(3) in all their spellings. Called by the application.
#include <fcntl.h>
#include <stdio.h>

#include <cstdarg>
#include <cstring>

#include "front/preload/symbols.h"

namespace softvpu::preload {
namespace {

using OpenFn = int(const char*, int, ...);
using OpenatFn = int(int, const char*, int, ...);
using FopenFn = FILE*(const char*, const char*);
using FreopenFn = FILE*(const char*, const char*, FILE*);

Next<OpenFn> next_open("open");
Next<OpenFn> next_open64("open64");
Next<OpenatFn> next_openat("openat");
Next<OpenatFn> next_openat64("openat64");
Next<FopenFn> next_fopen("fopen");
Next<FopenFn> next_fopen64("fopen64");
Next<FreopenFn> next_freopen("freopen");
Next<FreopenFn> next_freopen64("freopen64");
Next<int(FILE*)> next_fclose("fclose");

// The node that `path` names, directly or as /proc/self/fd/N of an open one; nullptr otherwise.
const TreeEntry* node_at(int dirfd, const char* path, Follow follow) {
  if (VirtualTree::get() == nullptr) return nullptr;
  if (const int fd = fd_named_by(path); fd >= 0 && fd_table::is_ours(fd)) {
    const NoCancel guard;
    if (const FileRef file = fd_table::find(fd)) return &file->node();
  }
  Resolved where;
  return resolve(dirfd, path, follow, where) && where.kind == Resolved::Kind::kNode ? where.entry : nullptr;
}

// `pass(dirfd, path)` does what the application asked of libc.
template <typename F>
int open_any(int dirfd, const char* path, int flags, F&& pass) {
  const Follow follow = (flags & O_NOFOLLOW) != 0 ? Follow::kNo : Follow::kYes;
  if ((flags & O_PATH) == 0) {
    if (const TreeEntry* node = node_at(dirfd, path, follow)) {
      const NoCancel guard;
      return libc_int(OpenFile::open(*node, flags));
    }
  }
  return on_path(dirfd, path, follow, pass);
}

int open_at_cwd(Next<OpenFn>& next, const char* path, int flags, mode_t mode) {
  return open_any(AT_FDCWD, path, flags, [&](int, const char* at) {
    OpenFn* call = next.get();
    return call != nullptr ? call(at, flags, mode) : libc_int(raw::open(at, flags, mode));
  });
}

int open_at_dir(Next<OpenatFn>& next, int dirfd, const char* path, int flags, mode_t mode) {
  return open_any(dirfd, path, flags, [&](int dir, const char* at) {
    OpenatFn* call = next.get();
    return call != nullptr ? call(dir, at, flags, mode) : libc_int(raw::call(SYS_openat, dir, raw::address(at), flags, mode));
  });
}

// open() flags of an fopen() mode; -1 for a mode that isn't one.
int flags_of(const char* mode) {
  int flags = 0;
  switch (mode[0]) {
    case 'r':
      flags = O_RDONLY;
      break;
    case 'w':
      flags = O_WRONLY | O_CREAT | O_TRUNC;
      break;
    case 'a':
      flags = O_WRONLY | O_CREAT | O_APPEND;
      break;
    default:
      return -1;
  }
  if (std::strchr(mode, '+') != nullptr) flags = (flags & ~O_ACCMODE) | O_RDWR;
  if (std::strchr(mode, 'e') != nullptr) flags |= O_CLOEXEC;
  if (std::strchr(mode, 'x') != nullptr) flags |= O_EXCL;
  return flags;
}

FILE* fopen_any(Next<FopenFn>& next, const char* path, const char* mode) {
  FopenFn* call = next.get();
  if (call == nullptr) return unavailable<FILE*>(nullptr);
  if (const TreeEntry* node = node_at(AT_FDCWD, path, Follow::kYes)) {
    const int flags = flags_of(mode);
    int fd = -EINVAL;
    if (flags >= 0) {
      const NoCancel guard;
      fd = OpenFile::open(*node, flags);
    }
    if (fd < 0) return libc_answer(fd), nullptr;
    FILE* stream = fdopen(fd, mode);
    if (stream == nullptr) close(fd);
    return stream;
  }
  return on_path(AT_FDCWD, path, Follow::kYes, [&](int, const char* at) { return call(at, mode); });
}

FILE* freopen_any(Next<FreopenFn>& next, const char* path, const char* mode, FILE* stream) {
  FreopenFn* call = next.get();
  if (call == nullptr) return unavailable<FILE*>(nullptr);
  const int before = stream == nullptr ? -1 : fileno(stream);
  FILE* result = on_path(AT_FDCWD, path, Follow::kYes, [&](int, const char* at) { return call(at, mode, stream); });
  if (before >= 0 && fd_table::is_ours(before)) {
    const NoCancel guard;
    if (const FileRef gone = fd_table::remove(before)) gone->closed_one();
  }
  const TreeEntry* node = result == nullptr ? nullptr : node_at(AT_FDCWD, path, Follow::kYes);
  if (node == nullptr) return result;
  // The stream is on the stand-in now; the device takes its place.
  const NoCancel guard;
  const int fd = OpenFile::open(*node, flags_of(mode));
  if (fd < 0 || dup2(fd, fileno(result)) < 0) return libc_answer(fd < 0 ? fd : -errno), nullptr;
  close(fd);
  return result;
}

// glibc passes a mode exactly when one is needed.
mode_t mode_of(int flags, va_list& arguments) {
  return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? static_cast<mode_t>(va_arg(arguments, int)) : 0;
}

}  // namespace
}  // namespace softvpu::preload

using namespace softvpu::preload;

#define SOFTVPU_MODE                             \
  va_list arguments;                             \
  va_start(arguments, flags);                    \
  const mode_t mode = mode_of(flags, arguments); \
  va_end(arguments)

SOFTVPU_EXPORT int open(const char* path, int flags, ...) {
  SOFTVPU_MODE;
  return open_at_cwd(next_open, path, flags, mode);
}
SOFTVPU_EXPORT int open64(const char* path, int flags, ...) {
  SOFTVPU_MODE;
  return open_at_cwd(next_open64, path, flags, mode);
}
SOFTVPU_EXPORT int openat(int dirfd, const char* path, int flags, ...) {
  SOFTVPU_MODE;
  return open_at_dir(next_openat, dirfd, path, flags, mode);
}
SOFTVPU_EXPORT int openat64(int dirfd, const char* path, int flags, ...) {
  SOFTVPU_MODE;
  return open_at_dir(next_openat64, dirfd, path, flags, mode);
}
SOFTVPU_EXPORT int __open_2(const char* path, int flags) { return open_at_cwd(next_open, path, flags, 0); }
SOFTVPU_EXPORT int __open64_2(const char* path, int flags) { return open_at_cwd(next_open64, path, flags, 0); }
SOFTVPU_EXPORT int __openat_2(int dirfd, const char* path, int flags) { return open_at_dir(next_openat, dirfd, path, flags, 0); }
SOFTVPU_EXPORT int __openat64_2(int dirfd, const char* path, int flags) {
  return open_at_dir(next_openat64, dirfd, path, flags, 0);
}
SOFTVPU_EXPORT int creat(const char* path, mode_t mode) {
  return open_at_cwd(next_open, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
SOFTVPU_EXPORT int creat64(const char* path, mode_t mode) {
  return open_at_cwd(next_open64, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

SOFTVPU_EXPORT FILE* fopen(const char* path, const char* mode) { return fopen_any(next_fopen, path, mode); }
SOFTVPU_EXPORT FILE* fopen64(const char* path, const char* mode) { return fopen_any(next_fopen64, path, mode); }
SOFTVPU_EXPORT FILE* freopen(const char* path, const char* mode, FILE* stream) {
  return freopen_any(next_freopen, path, mode, stream);
}
SOFTVPU_EXPORT FILE* freopen64(const char* path, const char* mode, FILE* stream) {
  return freopen_any(next_freopen64, path, mode, stream);
}

SOFTVPU_EXPORT int fclose(FILE* stream) {
  auto* call = next_fclose.get();
  if (call == nullptr) return unavailable(EOF);
  const int fd = fd_table::empty() ? -1 : fileno(stream);
  if (!fd_table::is_ours(fd)) return call(stream);
  const NoCancel guard;
  const FileRef file = fd_table::remove(fd);
  const int answer = call(stream);
  if (file) file->closed_one();
  return answer;
}
