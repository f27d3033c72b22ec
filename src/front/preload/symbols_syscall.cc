// SPDX-License-Identifier: LGPL-2.1-or-later
// syscall(2): libv4l2 reaches the device this way. Numbers that our functions serve are sent to them, all others to the kernel.
// Called by the application.
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdarg>

#include "front/preload/readable.h"
#include "front/preload/symbols.h"

extern "C" int close_range(unsigned, unsigned, int);

namespace softvpu::preload {
namespace {

struct Arguments {
  long a, b, c, d, e, f;
};

template <typename T>
T pointer(long value) {
  return reinterpret_cast<T>(value);
}
int number(long value) { return static_cast<int>(value); }

// openat2(2) has no libc function. The kernel applies RESOLVE_* restrictions to host paths; they
// have no meaning for ours.
long open_with_how(const Arguments& x) {
  const auto* how = pointer<const open_how*>(x.c);
  const auto pass = [&](int dirfd, const char* path) -> long {
    return libc_answer(raw::call(SYS_openat2, dirfd, raw::address(path), x.c, x.d));
  };
  if (static_cast<size_t>(x.d) < sizeof *how || !can_read(how, sizeof *how)) return pass(number(x.a), pointer<const char*>(x.b));
  const auto flags = static_cast<int>(how->flags);
  const Follow follow = (flags & O_NOFOLLOW) != 0 ? Follow::kNo : Follow::kYes;
  if ((flags & O_PATH) != 0) return on_path(number(x.a), pointer<const char*>(x.b), follow, pass);
  return on_path_or_node(number(x.a), pointer<const char*>(x.b), follow, pass, [&](const TreeEntry& node, const char*) -> long {
    PathBuffer name;
    return name.assign(node.path) ? openat(AT_FDCWD, name.c_str(), flags, static_cast<mode_t>(how->mode))
                                  : libc_int(-ENAMETOOLONG);
  });
}

// The answer of one of our functions; `known` is false for a number that none of them serves.
long dispatch(long which, const Arguments& x, bool& known) {
  switch (which) {
    case SYS_openat:
      return openat(number(x.a), pointer<const char*>(x.b), number(x.c), static_cast<mode_t>(x.d));
    case SYS_openat2:
      return open_with_how(x);
    case SYS_close:
      return close(number(x.a));
    case SYS_close_range:
      return close_range(static_cast<unsigned>(x.a), static_cast<unsigned>(x.b), number(x.c));
    case SYS_dup:
      return dup(number(x.a));
    case SYS_dup3:
      return dup3(number(x.a), number(x.b), number(x.c));
    case SYS_fcntl:
      return fcntl(number(x.a), number(x.b), x.c);
    case SYS_ioctl:
      return ioctl(number(x.a), static_cast<unsigned long>(x.b), pointer<void*>(x.c));
    case SYS_read:
      return read(number(x.a), pointer<void*>(x.b), static_cast<size_t>(x.c));
    case SYS_write:
      return write(number(x.a), pointer<const void*>(x.b), static_cast<size_t>(x.c));
    case SYS_readv:
      return readv(number(x.a), pointer<const iovec*>(x.b), number(x.c));
    case SYS_writev:
      return writev(number(x.a), pointer<const iovec*>(x.b), number(x.c));
    case SYS_mmap:
      return raw::address(mmap(pointer<void*>(x.a), static_cast<size_t>(x.b), number(x.c), number(x.d), number(x.e), x.f));
    case SYS_munmap:
      return munmap(pointer<void*>(x.a), static_cast<size_t>(x.b));
    case SYS_mremap:
      return raw::address(
          mremap(pointer<void*>(x.a), static_cast<size_t>(x.b), static_cast<size_t>(x.c), number(x.d), pointer<void*>(x.e)));
    case SYS_ppoll:
      return ppoll(pointer<pollfd*>(x.a), static_cast<nfds_t>(x.b), pointer<const timespec*>(x.c), pointer<const sigset_t*>(x.d));
    case SYS_epoll_ctl:
      return epoll_ctl(number(x.a), number(x.b), number(x.c), pointer<epoll_event*>(x.d));
    case SYS_epoll_pwait:
      return epoll_pwait(number(x.a), pointer<epoll_event*>(x.b), number(x.c), number(x.d), pointer<const sigset_t*>(x.e));
    case SYS_epoll_pwait2:
      return epoll_pwait2(number(x.a), pointer<epoll_event*>(x.b), number(x.c), pointer<const timespec*>(x.d),
                          pointer<const sigset_t*>(x.e));
    case SYS_fstat:
      return fstat(number(x.a), pointer<struct stat*>(x.b));
    case SYS_newfstatat:
      return fstatat(number(x.a), pointer<const char*>(x.b), pointer<struct stat*>(x.c), number(x.d));
    case SYS_statx:
      return statx(number(x.a), pointer<const char*>(x.b), number(x.c), static_cast<unsigned>(x.d), pointer<struct statx*>(x.e));
    case SYS_statfs:
      return statfs(pointer<const char*>(x.a), pointer<struct statfs*>(x.b));
    case SYS_fstatfs:
      return fstatfs(number(x.a), pointer<struct statfs*>(x.b));
    case SYS_readlinkat:
      return readlinkat(number(x.a), pointer<const char*>(x.b), pointer<char*>(x.c), static_cast<size_t>(x.d));
    case SYS_faccessat:
      return faccessat(number(x.a), pointer<const char*>(x.b), number(x.c), 0);
    case SYS_faccessat2:
      return faccessat(number(x.a), pointer<const char*>(x.b), number(x.c), number(x.d));
    case SYS_chdir:
      return chdir(pointer<const char*>(x.a));
    case SYS_fchmod:
      return fchmod(number(x.a), static_cast<mode_t>(x.b));
    case SYS_fchmodat:
      return fchmodat(number(x.a), pointer<const char*>(x.b), static_cast<mode_t>(x.c), 0);
    case SYS_fchown:
      return fchown(number(x.a), static_cast<uid_t>(x.b), static_cast<gid_t>(x.c));
    case SYS_fchownat:
      return fchownat(number(x.a), pointer<const char*>(x.b), static_cast<uid_t>(x.c), static_cast<gid_t>(x.d), number(x.e));
    case SYS_unlinkat:
      return unlinkat(number(x.a), pointer<const char*>(x.b), number(x.c));
    case SYS_renameat2:
      return renameat2(number(x.a), pointer<const char*>(x.b), number(x.c), pointer<const char*>(x.d),
                       static_cast<unsigned>(x.e));
#if defined(__x86_64__)
    case SYS_open:
      return open(pointer<const char*>(x.a), number(x.b), static_cast<mode_t>(x.c));
    case SYS_creat:
      return creat(pointer<const char*>(x.a), static_cast<mode_t>(x.b));
    case SYS_dup2:
      return dup2(number(x.a), number(x.b));
    case SYS_epoll_wait:
      return epoll_wait(number(x.a), pointer<epoll_event*>(x.b), number(x.c), number(x.d));
    case SYS_poll:
      return poll(pointer<pollfd*>(x.a), static_cast<nfds_t>(x.b), number(x.c));
    case SYS_select:
      return select(number(x.a), pointer<fd_set*>(x.b), pointer<fd_set*>(x.c), pointer<fd_set*>(x.d), pointer<timeval*>(x.e));
    case SYS_stat:
      return stat(pointer<const char*>(x.a), pointer<struct stat*>(x.b));
    case SYS_lstat:
      return lstat(pointer<const char*>(x.a), pointer<struct stat*>(x.b));
    case SYS_access:
      return access(pointer<const char*>(x.a), number(x.b));
    case SYS_chmod:
      return chmod(pointer<const char*>(x.a), static_cast<mode_t>(x.b));
    case SYS_chown:
      return chown(pointer<const char*>(x.a), static_cast<uid_t>(x.b), static_cast<gid_t>(x.c));
    case SYS_lchown:
      return lchown(pointer<const char*>(x.a), static_cast<uid_t>(x.b), static_cast<gid_t>(x.c));
    case SYS_unlink:
      return unlink(pointer<const char*>(x.a));
    case SYS_rename:
      return rename(pointer<const char*>(x.a), pointer<const char*>(x.b));
    case SYS_readlink:
      return readlink(pointer<const char*>(x.a), pointer<char*>(x.b), static_cast<size_t>(x.c));
#endif
    default:
      known = false;
      return 0;
  }
}

}  // namespace
}  // namespace softvpu::preload

using namespace softvpu::preload;

SOFTVPU_EXPORT long syscall(long which, ...) {
  va_list list;
  va_start(list, which);
  Arguments x{};
  for (long* argument : {&x.a, &x.b, &x.c, &x.d, &x.e, &x.f}) *argument = va_arg(list, long);
  va_end(list);
  bool known = true;
  const long answer = dispatch(which, x, known);
  return known ? answer : libc_answer(raw::call(which, x.a, x.b, x.c, x.d, x.e, x.f));
}
