// SPDX-License-Identifier: LGPL-2.1-or-later
// Calls that look at a path without opening it: readlink, realpath, access, the working directory, extended attributes.
// Called by the application.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <climits>

#include <cstring>

#include "front/preload/symbols.h"
#include "v4l2/ioctl/user_copy.h"

extern "C" [[noreturn]] void __chk_fail();

namespace softvpu::preload {
namespace {

Next<ssize_t(const char*, char*, size_t)> next_readlink("readlink");
Next<ssize_t(int, const char*, char*, size_t)> next_readlinkat("readlinkat");
Next<char*(const char*, char*)> next_realpath("realpath");
Next<int(const char*, int)> next_access("access");
Next<int(int, const char*, int, int)> next_faccessat("faccessat");
Next<int(const char*, int)> next_eaccess("eaccess");
Next<int(const char*)> next_chdir("chdir");
Next<char*(char*, size_t)> next_getcwd("getcwd");
Next<ssize_t(const char*, const char*, void*, size_t)> next_getxattr("getxattr");
Next<ssize_t(const char*, const char*, void*, size_t)> next_lgetxattr("lgetxattr");
Next<ssize_t(const char*, char*, size_t)> next_listxattr("listxattr");
Next<ssize_t(const char*, char*, size_t)> next_llistxattr("llistxattr");
Next<int(int, const char*, uint32_t)> next_inotify_add_watch("inotify_add_watch");

// "/dev/videoN" for "/proc/self/fd/<open device>"; 0 when `path` isn't one. -1 and EFAULT if `out` can't be written.
ssize_t device_link(const char* path, char* out, size_t size) {
  const int fd = fd_table::empty() ? -1 : fd_named_by(path);
  if (fd < 0 || !fd_table::is_ours(fd)) return 0;
  const NoCancel guard;
  const FileRef file = fd_table::find(fd);
  if (!file) return 0;
  const size_t length = file->node().path.size() < size ? file->node().path.size() : size;
  const int error = v4l2::copy_to_user(out, file->node().path.data(), length);
  return error == 0 ? static_cast<ssize_t>(length) : libc_answer(-error);
}

// `pass(dirfd, path)` reads the link.
template <typename F>
ssize_t read_link(int dirfd, const char* path, char* out, size_t size, F&& pass) {
  if (const ssize_t length = device_link(path, out, size); length != 0) return length;
  const ssize_t length = on_path(dirfd, path, Follow::kNo, pass);
  return length > 0 ? static_cast<ssize_t>(strip_root(out, static_cast<size_t>(length))) : length;
}

// realpath(3) for a path of ours; nullptr and false in `ours` when it is the host's. realpath(3):
// `out` has PATH_MAX bytes, or the caller frees the memory.
char* answer(const PathBuffer& path, char* out) {
  if (out == nullptr) return strdup(path.c_str());
  static_assert(sizeof path.text <= PATH_MAX);
  std::memcpy(out, path.text, path.length + 1);
  return out;
}

// "/dev/video10/" and what would be below it.
char* not_a_directory() {
  errno = ENOTDIR;
  return nullptr;
}

char* real_path(const char* path, char* out) {
  auto* call = next_realpath.get();
  if (call == nullptr) return unavailable<char*>(nullptr);
  PathBuffer device;
  if (const ssize_t length = device_link(path, device.text, sizeof device.text); length > 0) {
    device.length = static_cast<size_t>(length);
    device.text[length] = '\0';
    return answer(device, out);
  }
  Resolved where;
  if (resolve(path, where)) {
    const int saved = errno;
    if (where.kind == Resolved::Kind::kHost || where.kind == Resolved::Kind::kDirectory) {
      char* found = call(where.host.c_str(), out);
      if (found != nullptr || where.kind == Resolved::Kind::kHost) return found;
    }
    errno = saved;
    if (where.tree.view().ends_with('/')) return not_a_directory();
    return answer(where.host, out);
  }
  const int saved = errno;
  char* found = call(path, out);
  if (found != nullptr) {
    found[strip_root(found, std::strlen(found))] = '\0';
  } else if (errno == ENOENT && resolve_links(AT_FDCWD, path, Follow::kYes, where)) {
    if (where.tree.view().ends_with('/')) return not_a_directory();
    errno = saved;
    return answer(where.host, out);
  }
  return found;
}

char* working_directory(char* out, size_t size) {
  auto* call = next_getcwd.get();
  if (call == nullptr) return unavailable<char*>(nullptr);
  char* found = call(out, size);
  if (found != nullptr) found[strip_root(found, std::strlen(found))] = '\0';
  return found;
}

template <typename Function, typename... Rest>
ssize_t attribute(Next<Function>& next, Follow follow, const char* path, Rest... rest) {
  Function* call = next.get();
  if (call == nullptr) return unavailable<ssize_t>(-1);
  return on_path(AT_FDCWD, path, follow, [&](int, const char* at) { return call(at, rest...); });
}

int access_at(int dirfd, const char* path, int mode, int flags) {
  const Follow follow = (flags & AT_SYMLINK_NOFOLLOW) != 0 ? Follow::kNo : Follow::kYes;
  return on_path(dirfd, path, follow, [&](int dir, const char* at) {
    auto* call = next_faccessat.get();
    return call != nullptr ? call(dir, at, mode, flags) : libc_int(raw::call(SYS_faccessat, dir, raw::address(at), mode));
  });
}

int effective_access(const char* path, int mode) {
  auto* call = next_eaccess.get();
  if (call == nullptr) return unavailable(-1);
  return on_path(AT_FDCWD, path, Follow::kYes, [&](int, const char* at) { return call(at, mode); });
}

}  // namespace
}  // namespace softvpu::preload

using namespace softvpu::preload;

SOFTVPU_EXPORT ssize_t readlink(const char* path, char* out, size_t size) {
  return read_link(AT_FDCWD, path, out, size, [&](int, const char* at) -> ssize_t {
    auto* call = next_readlink.get();
    return call != nullptr
               ? call(at, out, size)
               : libc_answer(raw::call(SYS_readlinkat, AT_FDCWD, raw::address(at), raw::address(out), static_cast<long>(size)));
  });
}

SOFTVPU_EXPORT ssize_t readlinkat(int dirfd, const char* path, char* out, size_t size) {
  return read_link(dirfd, path, out, size, [&](int dir, const char* at) -> ssize_t {
    auto* call = next_readlinkat.get();
    return call != nullptr
               ? call(dir, at, out, size)
               : libc_answer(raw::call(SYS_readlinkat, dir, raw::address(at), raw::address(out), static_cast<long>(size)));
  });
}

SOFTVPU_EXPORT ssize_t __readlink_chk(const char* path, char* out, size_t size, size_t room) {
  if (size > room) __chk_fail();
  return readlink(path, out, size);
}
SOFTVPU_EXPORT ssize_t __readlinkat_chk(int dirfd, const char* path, char* out, size_t size, size_t room) {
  if (size > room) __chk_fail();
  return readlinkat(dirfd, path, out, size);
}

SOFTVPU_EXPORT char* realpath(const char* path, char* out) { return real_path(path, out); }
SOFTVPU_EXPORT char* __realpath_chk(const char* path, char* out, size_t room) {
  if (room < PATH_MAX) __chk_fail();
  return real_path(path, out);
}
SOFTVPU_EXPORT char* canonicalize_file_name(const char* path) { return real_path(path, nullptr); }

SOFTVPU_EXPORT int access(const char* path, int mode) {
  return on_path(AT_FDCWD, path, Follow::kYes, [&](int, const char* at) {
    auto* call = next_access.get();
    return call != nullptr ? call(at, mode) : libc_int(raw::call(SYS_faccessat, AT_FDCWD, raw::address(at), mode));
  });
}
SOFTVPU_EXPORT int faccessat(int dirfd, const char* path, int mode, int flags) { return access_at(dirfd, path, mode, flags); }
SOFTVPU_EXPORT int eaccess(const char* path, int mode) { return effective_access(path, mode); }
SOFTVPU_EXPORT int euidaccess(const char* path, int mode) { return effective_access(path, mode); }

SOFTVPU_EXPORT int chdir(const char* path) {
  return on_path(AT_FDCWD, path, Follow::kYes, [&](int, const char* at) {
    auto* call = next_chdir.get();
    return call != nullptr ? call(at) : libc_int(raw::call(SYS_chdir, raw::address(at)));
  });
}
SOFTVPU_EXPORT char* getcwd(char* out, size_t size) { return working_directory(out, size); }
SOFTVPU_EXPORT char* __getcwd_chk(char* out, size_t size, size_t room) {
  if (size > room) __chk_fail();
  return working_directory(out, size);
}
SOFTVPU_EXPORT char* get_current_dir_name() { return working_directory(nullptr, 0); }

SOFTVPU_EXPORT ssize_t getxattr(const char* path, const char* name, void* value, size_t size) {
  return attribute(next_getxattr, Follow::kYes, path, name, value, size);
}
SOFTVPU_EXPORT ssize_t lgetxattr(const char* path, const char* name, void* value, size_t size) {
  return attribute(next_lgetxattr, Follow::kNo, path, name, value, size);
}
SOFTVPU_EXPORT ssize_t listxattr(const char* path, char* list, size_t size) {
  return attribute(next_listxattr, Follow::kYes, path, list, size);
}
SOFTVPU_EXPORT ssize_t llistxattr(const char* path, char* list, size_t size) {
  return attribute(next_llistxattr, Follow::kNo, path, list, size);
}

SOFTVPU_EXPORT int inotify_add_watch(int inotify, const char* path, uint32_t mask) {
  return on_path(AT_FDCWD, path, (mask & IN_DONT_FOLLOW) != 0 ? Follow::kNo : Follow::kYes, [&](int, const char* at) {
    auto* call = next_inotify_add_watch.get();
    return call != nullptr ? call(inotify, at, mask)
                           : libc_int(raw::call(SYS_inotify_add_watch, inotify, raw::address(at), mask));
  });
}
