// SPDX-License-Identifier: LGPL-2.1-or-later
// stat(2), statx(2), statfs(2) in all their spellings, those of programs built before glibc 2.33 included. Called by the
// application.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include "front/preload/file_status.h"
#include "front/preload/readable.h"
#include "front/preload/symbols.h"

static_assert(sizeof(struct stat) == sizeof(struct stat64), "one stat() serves both on 64-bit machines");
static_assert(sizeof(struct statfs) == sizeof(struct statfs64), "one statfs() serves both on 64-bit machines");

namespace softvpu::preload {
namespace {

Next<int(int, const char*, struct stat*, int)> next_fstatat("fstatat");
Next<int(int, const char*, int, unsigned, struct statx*)> next_statx("statx");
Next<int(const char*, struct statfs*)> next_statfs("statfs");
Next<int(int, struct statfs*)> next_fstatfs("fstatfs");
Next<int(const char*, struct statvfs*)> next_statvfs("statvfs");

// glibc before 2.33 has no stat() at all, and on 64-bit machines all of these are one system call.
int native(int dirfd, const char* path, struct stat* status, int flags) {
  auto* call = next_fstatat.get();
  return call != nullptr ? call(dirfd, path, status, flags)
                         : libc_int(raw::call(SYS_newfstatat, dirfd, raw::address(path), raw::address(status), flags));
}

// The open device that (dirfd, path, AT_EMPTY_PATH) or "/proc/self/fd/N" means, or -1.
int device_meant(int dirfd, const char* path, int flags) {
  if (fd_table::empty() || path_length(path) < 0) return -1;
  if (path[0] == '\0') return (flags & AT_EMPTY_PATH) != 0 && fd_table::is_ours(dirfd) ? dirfd : -1;
  const int fd = (flags & AT_SYMLINK_NOFOLLOW) != 0 ? -1 : fd_named_by(path);
  return fd >= 0 && fd_table::is_ours(fd) ? fd : -1;
}

// Let the kernel fill the application's buffer first, for any descriptor: the pointer may be
// invalid.
int stat_fd(int fd, struct stat* status) {
  const int answer = libc_int(raw::fstat(fd, status));
  if (answer == 0 && !(fd_table::is_ours(fd) && file_status::of_device(fd, *status))) file_status::correct(*status);
  return answer;
}

int stat_at(int dirfd, const char* path, struct stat* status, int flags) {
  if (const int fd = device_meant(dirfd, path, flags); fd >= 0) return stat_fd(fd, status);
  const Follow follow = (flags & AT_SYMLINK_NOFOLLOW) != 0 ? Follow::kNo : Follow::kYes;
  const int answer = on_path(dirfd, path, follow, [&](int dir, const char* at) { return native(dir, at, status, flags); });
  if (answer == 0) file_status::correct(*status);
  return answer;
}

struct stat* plain(struct stat64* status) {
  return reinterpret_cast<struct stat*>(status);
}

int statfs_path(const char* path, struct statfs* status) {
  const int answer = on_path(AT_FDCWD, path, Follow::kYes, [&](int, const char* at) {
    auto* call = next_statfs.get();
    return call != nullptr ? call(at, status) : libc_int(raw::call(SYS_statfs, raw::address(at), raw::address(status)));
  });
  if (answer == 0) {
    if (const long magic = file_status::magic_of_path(path)) status->f_type = magic;
  }
  return answer;
}

int statfs_fd(int fd, struct statfs* status) {
  auto* call = next_fstatfs.get();
  const int answer = call != nullptr ? call(fd, status) : libc_int(raw::call(SYS_fstatfs, fd, raw::address(status)));
  if (answer == 0) {
    if (const long magic = file_status::magic_of_fd(fd)) status->f_type = magic;
  }
  return answer;
}

int statvfs_path(const char* path, struct statvfs* status) {
  auto* call = next_statvfs.get();
  if (call == nullptr) return unavailable(-1);
  return on_path(AT_FDCWD, path, Follow::kYes, [&](int, const char* at) { return call(at, status); });
}

}  // namespace
}  // namespace softvpu::preload

using namespace softvpu::preload;

SOFTVPU_EXPORT int stat(const char* path, struct stat* status) { return stat_at(AT_FDCWD, path, status, 0); }
SOFTVPU_EXPORT int stat64(const char* path, struct stat64* status) { return stat_at(AT_FDCWD, path, plain(status), 0); }
SOFTVPU_EXPORT int lstat(const char* path, struct stat* status) { return stat_at(AT_FDCWD, path, status, AT_SYMLINK_NOFOLLOW); }
SOFTVPU_EXPORT int lstat64(const char* path, struct stat64* status) {
  return stat_at(AT_FDCWD, path, plain(status), AT_SYMLINK_NOFOLLOW);
}
SOFTVPU_EXPORT int fstat(int fd, struct stat* status) { return stat_fd(fd, status); }
SOFTVPU_EXPORT int fstat64(int fd, struct stat64* status) { return stat_fd(fd, plain(status)); }
SOFTVPU_EXPORT int fstatat(int dirfd, const char* path, struct stat* status, int flags) {
  return stat_at(dirfd, path, status, flags);
}
SOFTVPU_EXPORT int fstatat64(int dirfd, const char* path, struct stat64* status, int flags) {
  return stat_at(dirfd, path, plain(status), flags);
}

// The first argument is the version of struct stat; on 64-bit machines only one version is in use.
SOFTVPU_EXPORT int __xstat(int, const char* path, struct stat* status) { return stat_at(AT_FDCWD, path, status, 0); }
SOFTVPU_EXPORT int __xstat64(int, const char* path, struct stat64* status) { return stat_at(AT_FDCWD, path, plain(status), 0); }
SOFTVPU_EXPORT int __lxstat(int, const char* path, struct stat* status) {
  return stat_at(AT_FDCWD, path, status, AT_SYMLINK_NOFOLLOW);
}
SOFTVPU_EXPORT int __lxstat64(int, const char* path, struct stat64* status) {
  return stat_at(AT_FDCWD, path, plain(status), AT_SYMLINK_NOFOLLOW);
}
SOFTVPU_EXPORT int __fxstat(int, int fd, struct stat* status) { return stat_fd(fd, status); }
SOFTVPU_EXPORT int __fxstat64(int, int fd, struct stat64* status) { return stat_fd(fd, plain(status)); }
SOFTVPU_EXPORT int __fxstatat(int, int dirfd, const char* path, struct stat* status, int flags) {
  return stat_at(dirfd, path, status, flags);
}
SOFTVPU_EXPORT int __fxstatat64(int, int dirfd, const char* path, struct stat64* status, int flags) {
  return stat_at(dirfd, path, plain(status), flags);
}

SOFTVPU_EXPORT int statx(int dirfd, const char* path, int flags, unsigned mask, struct statx* status) {
  if (const int fd = device_meant(dirfd, path, flags); fd >= 0) {
    const long plain_answer = raw::call(SYS_statx, fd, raw::address(""), AT_EMPTY_PATH, mask, raw::address(status));
    if (plain_answer < 0) return libc_int(plain_answer);
    if (file_status::of_device(fd, *status, mask)) return 0;
  }
  const Follow follow = (flags & AT_SYMLINK_NOFOLLOW) != 0 ? Follow::kNo : Follow::kYes;
  const int answer = on_path(dirfd, path, follow, [&](int dir, const char* at) {
    auto* call = next_statx.get();
    return call != nullptr ? call(dir, at, flags, mask, status)
                           : libc_int(raw::call(SYS_statx, dir, raw::address(at), flags, mask, raw::address(status)));
  });
  if (answer == 0) file_status::correct(*status);
  return answer;
}

SOFTVPU_EXPORT int statfs(const char* path, struct statfs* status) { return statfs_path(path, status); }
SOFTVPU_EXPORT int statfs64(const char* path, struct statfs64* status) {
  return statfs_path(path, reinterpret_cast<struct statfs*>(status));
}
SOFTVPU_EXPORT int fstatfs(int fd, struct statfs* status) { return statfs_fd(fd, status); }
SOFTVPU_EXPORT int fstatfs64(int fd, struct statfs64* status) { return statfs_fd(fd, reinterpret_cast<struct statfs*>(status)); }
SOFTVPU_EXPORT int statvfs(const char* path, struct statvfs* status) { return statvfs_path(path, status); }
SOFTVPU_EXPORT int statvfs64(const char* path, struct statvfs64* status) {
  return statvfs_path(path, reinterpret_cast<struct statvfs*>(status));
}
