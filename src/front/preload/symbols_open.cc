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

// The node of the open device that `path` names as /proc/self/fd/N; nullptr otherwise.
const TreeEntry* node_of_fd_path(const char* path) {
  const int fd = fd_table::empty() ? -1 : fd_named_by(path);
  if (fd < 0 || !fd_table::is_ours(fd)) return nullptr;
  const NoCancel guard;
  const FileRef file = fd_table::find(fd);
  return file ? &file->node() : nullptr;
}

// Opens the device if the kernel would open its stand-in, which has the owner and mode that the node shows.
int open_node_file(const TreeEntry& node, int flags) {
  const NoCancel guard;
  PathBuffer stand_in;
  if (const VirtualTree* tree = VirtualTree::get();
      tree != nullptr && stand_in.assign(tree->root()) && stand_in.append(node.path)) {
    const softvpu::library_fds::Birth birth;
    const int allowed = raw::open(stand_in.c_str(), (flags & O_ACCMODE) | O_CLOEXEC | O_NOFOLLOW);
    if (allowed >= 0) raw::close(allowed);
    if (allowed == -EACCES) return libc_int(allowed);
  }
  return libc_int(OpenFile::open(node, flags));
}

// `pass(dirfd, path)` does what the application asked of libc.
template <typename F>
int open_any(int dirfd, const char* path, int flags, F&& pass) {
  const Follow follow = (flags & O_NOFOLLOW) != 0 ? Follow::kNo : Follow::kYes;
  if ((flags & O_PATH) != 0) return on_path(dirfd, path, follow, pass);
  if (const TreeEntry* node = node_of_fd_path(path)) return open_node_file(*node, flags);
  const auto on_node = [&](const TreeEntry& node, const char*) { return open_node_file(node, flags); };
  // Without this, O_CREAT through a link to a device would create a file of that name on the host.
  Resolved where;
  if ((flags & O_CREAT) != 0 && !resolve(dirfd, path, follow, where) && resolve_links(dirfd, path, follow, where))
    return at_place(where, pass, on_node);
  return on_path_or_node(dirfd, path, follow, pass, on_node);
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
  const int flags = flags_of(mode);
  const auto on_node = [&](const TreeEntry& node, const char*) -> FILE* {
    const int fd = flags < 0 ? libc_int(-EINVAL) : open_node_file(node, flags);
    if (fd < 0) return nullptr;
    FILE* stream = fdopen(fd, mode);
    if (stream == nullptr) close(fd);
    return stream;
  };
  const auto pass = [&](int, const char* at) { return call(at, mode); };
  if (const TreeEntry* node = node_of_fd_path(path)) return on_node(*node, path);
  Resolved where;
  if (flags >= 0 && (flags & O_CREAT) != 0 && !resolve(path, where) && resolve_links(AT_FDCWD, path, Follow::kYes, where))
    return at_place(where, pass, on_node);
  return on_path_or_node(AT_FDCWD, path, Follow::kYes, pass, on_node);
}

FILE* freopen_any(Next<FreopenFn>& next, const char* path, const char* mode, FILE* stream) {
  FreopenFn* call = next.get();
  if (call == nullptr) return unavailable<FILE*>(nullptr);
  const int before = stream == nullptr ? -1 : fileno(stream);
  const TreeEntry* node = path == nullptr ? nullptr : node_of_fd_path(path);
  FILE* result = on_path_or_node(
      AT_FDCWD, path, Follow::kYes, [&](int, const char* at) { return call(at, mode, stream); },
      [&](const TreeEntry& found, const char* stand_in) {
        node = &found;
        return call(stand_in, mode, stream);
      });
  if (before >= 0 && fd_table::is_ours(before)) {
    const NoCancel guard;
    if (const FileRef gone = fd_table::remove(before)) gone->closed_one();
  }
  if (result == nullptr || node == nullptr) return result;
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
