// SPDX-License-Identifier: LGPL-2.1-or-later
// Calls that change a directory entry: owner and mode of a node are those of its stand-in, which belongs to the user; names are
// fixed. Called by the application.
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "front/preload/symbols.h"

namespace softvpu::preload {
namespace {

Next<int(const char*, mode_t)> next_chmod("chmod");
Next<int(int, mode_t)> next_fchmod("fchmod");
Next<int(int, const char*, mode_t, int)> next_fchmodat("fchmodat");
Next<int(int, uid_t, gid_t)> next_fchown("fchown");
Next<int(int, const char*, uid_t, gid_t, int)> next_fchownat("fchownat");
Next<int(const char*)> next_unlink("unlink");
Next<int(int, const char*, int)> next_unlinkat("unlinkat");
Next<int(const char*, const char*)> next_rename("rename");
Next<int(int, const char*, int, const char*)> next_renameat("renameat");
Next<int(int, const char*, int, const char*, unsigned)> next_renameat2("renameat2");

// The stand-in of the open device `fd`. False when `fd` isn't a device.
bool stand_in_of(int fd, PathBuffer& path) {
  if (!fd_table::is_device(fd)) return false;
  const NoCancel guard;
  const FileRef file = fd_table::find(fd);
  const VirtualTree* tree = VirtualTree::get();
  return file && tree != nullptr && path.assign(tree->root()) && path.append(file->node().path);
}

int change_owner(int dirfd, const char* path, uid_t user, gid_t group, int flags) {
  const Follow follow = (flags & AT_SYMLINK_NOFOLLOW) != 0 ? Follow::kNo : Follow::kYes;
  return on_path(dirfd, path, follow, [&](int dir, const char* at) {
    auto* call = next_fchownat.get();
    return call != nullptr ? call(dir, at, user, group, flags)
                           : libc_int(raw::call(SYS_fchownat, dir, raw::address(at), user, group, flags));
  });
}

// True when `path` exists only in the tree, so that there is nothing on the host to remove or
// change.
bool is_fixed(int dirfd, const char* path) {
  Resolved where;
  if (!resolve(dirfd, path, Follow::kNo, where) || where.kind == Resolved::Kind::kHost) return false;
  if (where.kind != Resolved::Kind::kDirectory) return true;
  return raw::call(SYS_faccessat, AT_FDCWD, raw::address(where.host.c_str()), F_OK) == -ENOENT;
}

bool either_is_fixed(int from_dir, const char* from, int to_dir, const char* to) {
  return is_fixed(from_dir, from) || is_fixed(to_dir, to);
}

}  // namespace
}  // namespace softvpu::preload

using namespace softvpu::preload;

SOFTVPU_EXPORT int chmod(const char* path, mode_t mode) {
  return on_path(AT_FDCWD, path, Follow::kYes, [&](int, const char* at) {
    auto* call = next_chmod.get();
    return call != nullptr ? call(at, mode) : libc_int(raw::call(SYS_fchmodat, AT_FDCWD, raw::address(at), mode));
  });
}
SOFTVPU_EXPORT int fchmodat(int dirfd, const char* path, mode_t mode, int flags) {
  const Follow follow = (flags & AT_SYMLINK_NOFOLLOW) != 0 ? Follow::kNo : Follow::kYes;
  return on_path(dirfd, path, follow, [&](int dir, const char* at) {
    auto* call = next_fchmodat.get();
    return call != nullptr ? call(dir, at, mode, flags) : libc_int(raw::call(SYS_fchmodat, dir, raw::address(at), mode));
  });
}
SOFTVPU_EXPORT int fchmod(int fd, mode_t mode) {
  PathBuffer path;
  if (stand_in_of(fd, path)) return libc_int(raw::call(SYS_fchmodat, AT_FDCWD, raw::address(path.c_str()), mode));
  auto* call = next_fchmod.get();
  return call != nullptr ? call(fd, mode) : libc_int(raw::call(SYS_fchmod, fd, mode));
}

SOFTVPU_EXPORT int chown(const char* path, uid_t user, gid_t group) { return change_owner(AT_FDCWD, path, user, group, 0); }
SOFTVPU_EXPORT int lchown(const char* path, uid_t user, gid_t group) {
  return change_owner(AT_FDCWD, path, user, group, AT_SYMLINK_NOFOLLOW);
}
SOFTVPU_EXPORT int fchownat(int dirfd, const char* path, uid_t user, gid_t group, int flags) {
  return change_owner(dirfd, path, user, group, flags);
}
SOFTVPU_EXPORT int fchown(int fd, uid_t user, gid_t group) {
  PathBuffer path;
  if (stand_in_of(fd, path)) return libc_int(raw::call(SYS_fchownat, AT_FDCWD, raw::address(path.c_str()), user, group));
  auto* call = next_fchown.get();
  return call != nullptr ? call(fd, user, group) : libc_int(raw::call(SYS_fchown, fd, user, group));
}

SOFTVPU_EXPORT int unlink(const char* path) {
  if (is_fixed(AT_FDCWD, path)) return libc_int(-EPERM);
  auto* call = next_unlink.get();
  return call != nullptr ? call(path) : libc_int(raw::call(SYS_unlinkat, AT_FDCWD, raw::address(path)));
}
SOFTVPU_EXPORT int unlinkat(int dirfd, const char* path, int flags) {
  if (is_fixed(dirfd, path)) return libc_int(-EPERM);
  auto* call = next_unlinkat.get();
  return call != nullptr ? call(dirfd, path, flags) : libc_int(raw::call(SYS_unlinkat, dirfd, raw::address(path), flags));
}

// Always use the system call of the same name: a client's seccomp filter may allow only that one.
SOFTVPU_EXPORT int rename(const char* from, const char* to) {
  if (either_is_fixed(AT_FDCWD, from, AT_FDCWD, to)) return libc_int(-EPERM);
  auto* call = next_rename.get();
  return call != nullptr ? call(from, to)
                         : libc_int(raw::call(SYS_renameat2, AT_FDCWD, raw::address(from), AT_FDCWD, raw::address(to)));
}
SOFTVPU_EXPORT int renameat(int from_dir, const char* from, int to_dir, const char* to) {
  if (either_is_fixed(from_dir, from, to_dir, to)) return libc_int(-EPERM);
  auto* call = next_renameat.get();
  return call != nullptr ? call(from_dir, from, to_dir, to)
                         : libc_int(raw::call(SYS_renameat2, from_dir, raw::address(from), to_dir, raw::address(to)));
}
SOFTVPU_EXPORT int renameat2(int from_dir, const char* from, int to_dir, const char* to, unsigned flags) {
  if (either_is_fixed(from_dir, from, to_dir, to)) return libc_int(-EPERM);
  auto* call = next_renameat2.get();
  return call != nullptr ? call(from_dir, from, to_dir, to, flags)
                         : libc_int(raw::call(SYS_renameat2, from_dir, raw::address(from), to_dir, raw::address(to), flags));
}
