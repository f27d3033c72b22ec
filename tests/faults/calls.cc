// SPDX-License-Identifier: LGPL-2.1-or-later
// The table of calls.h. The errors are those that the manual pages give for a system under pressure, or for a container, limit or
// filter around us; not those for wrong arguments.
#include "tests/faults/calls.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace softvpu::faults {
namespace {

// clang-format off
#define CALL(name) SYS_##name, #name
constexpr CallRow kCalls[] = {
  // Memory.
  {CALL(mmap), {ENOMEM}},
  {CALL(mprotect), {ENOMEM}},
  {CALL(mremap), {ENOMEM}},
  {CALL(brk), {ENOMEM}},
  {CALL(madvise), {ENOMEM}},
  {CALL(memfd_create), {EMFILE, ENOMEM}},
  {CALL(ftruncate), {ENOMEM, EINTR}},
  // Descriptors.
  {CALL(openat), {EMFILE, ENOMEM}},
  {CALL(close), {EINTR}, true},
  {CALL(close_range), {ENOMEM}},
  {CALL(pipe2), {EMFILE}},
  {CALL(socket), {EMFILE}},
  {CALL(socketpair), {EMFILE, ENOMEM}},
  {CALL(eventfd2), {EMFILE}},
  {CALL(signalfd4), {EMFILE}},
  {CALL(timerfd_create), {EMFILE}},
  {CALL(epoll_create1), {EMFILE}},
  {CALL(pidfd_open), {EMFILE}},
  {CALL(accept4), {EMFILE, ECONNABORTED, EINTR}},
  {CALL(dup3), {EBUSY}},
  {CALL(fcntl), {EMFILE}},
  // Waiting and talking.
  {CALL(epoll_ctl), {ENOMEM, ENOSPC}},
  {CALL(epoll_pwait), {EINTR}},
  {CALL(ppoll), {EINTR, ENOMEM}},
  {CALL(futex), {EINTR}},
  {CALL(read), {EINTR, EIO}},
  {CALL(pread64), {EIO}},
  {CALL(write), {EINTR, ENOMEM}},
  {CALL(sendmsg), {ENOMEM, ETOOMANYREFS, EINTR}},
  {CALL(recvmsg), {ENOMEM, EINTR}},
  {CALL(sendto), {ENOMEM}},
  {CALL(recvfrom), {ENOMEM}},
  {CALL(bind), {ENOSPC}},
  {CALL(listen), {EADDRINUSE}},
  {CALL(setsockopt), {ENOMEM}},
  {CALL(getsockopt), {ENOMEM}},
  {CALL(shutdown), {ENOTCONN}},
  {CALL(ioctl), {ENOMEM, EINTR}},
  // Processes.
  {CALL(clone), {EAGAIN, ENOMEM}},
  {CALL(clone3), {EAGAIN, ENOMEM}},
  {CALL(execve), {ENOMEM, EAGAIN}},
  {CALL(execveat), {ENOMEM}},
  {CALL(wait4), {EINTR, ECHILD}},
  {CALL(waitid), {ECHILD}},
  {CALL(pidfd_send_signal), {EPERM}},
  {CALL(kill), {EPERM}},
  {CALL(setsid), {EPERM}},
  {CALL(prlimit64), {EPERM}},
  {CALL(prctl), {EPERM}},
  {CALL(capset), {EPERM}},
  {CALL(seccomp), {ENOMEM, EINVAL}},
  {CALL(unshare), {EPERM, ENOSPC}},
  {CALL(mount), {EPERM, ENOMEM}},
  {CALL(umount2), {EPERM}},
  {CALL(pivot_root), {EPERM}},
  {CALL(chroot), {EPERM}},
  {CALL(chdir), {EACCES}},
  {CALL(sigaltstack), {ENOMEM}},
  {CALL(sched_getaffinity), {EPERM}},
  {CALL(sched_setaffinity), {EPERM}},
  {CALL(process_vm_readv), {EPERM}},
  {CALL(process_vm_writev), {EPERM}},
  {CALL(getrandom), {EINTR}},
  // Files.
  {CALL(fstat), {ENOMEM}},
  {CALL(newfstatat), {ENOMEM}},
  {CALL(statx), {ENOMEM}},
  {CALL(faccessat), {EACCES}},
  {CALL(faccessat2), {EACCES}},
  {CALL(readlinkat), {ENOMEM}},
  {CALL(getdents64), {ENOMEM}},
  {CALL(mkdirat), {ENOSPC}},
  {CALL(mknodat), {ENOSPC, EPERM}},
  {CALL(unlinkat), {EIO}},
  {CALL(renameat), {ENOSPC}},
  {CALL(symlinkat), {ENOSPC}},
  {CALL(fchmod), {EIO}},
  {CALL(fchmodat), {EIO}},
  {CALL(fchownat), {EPERM}},
#if defined(__x86_64__)
  {CALL(open), {EMFILE, ENOMEM}},
  {CALL(pipe), {EMFILE}},
  {CALL(poll), {EINTR, ENOMEM}},
  {CALL(epoll_wait), {EINTR}},
  {CALL(fork), {EAGAIN}},
  {CALL(vfork), {EAGAIN}},
  {CALL(dup2), {EBUSY}},
  {CALL(stat), {ENOMEM}},
  {CALL(lstat), {ENOMEM}},
  {CALL(access), {EACCES}},
  {CALL(readlink), {ENOMEM}},
  {CALL(mkdir), {ENOSPC}},
  {CALL(rmdir), {EIO}},
  {CALL(unlink), {EIO}},
  {CALL(rename), {ENOSPC}},
  {CALL(symlink), {ENOSPC}},
  {CALL(chmod), {EIO}},
  {CALL(chown), {EPERM}},
  {CALL(mknod), {ENOSPC, EPERM}},
#endif
};
#undef CALL
// clang-format on

bool is_eventfd(pid_t tid, long fd) {
  char target[64] = {};
  const std::string path = "/proc/" + std::to_string(tid) + "/fd/" + std::to_string(fd);
  return readlink(path.c_str(), target, sizeof target - 1) > 0 && std::string(target) == "anon_inode:[eventfd]";
}

}  // namespace

std::span<const CallRow> call_table() { return kCalls; }

const CallRow* find_call(long number) {
  const auto* found =
      std::find_if(std::begin(kCalls), std::end(kCalls), [&](const CallRow& row) { return row.number == number; });
  return found == std::end(kCalls) ? nullptr : found;
}

bool can_fail(pid_t tid, const CallInfo& call) {
  switch (call.number) {
    case SYS_futex: {
      const long operation = call.argument[1] & FUTEX_CMD_MASK;
      return operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET;
    }
    case SYS_fcntl:
      return call.argument[1] == F_DUPFD || call.argument[1] == F_DUPFD_CLOEXEC || call.argument[1] == F_ADD_SEALS;
    case SYS_read:
    case SYS_write:
      return !is_eventfd(tid, call.argument[0]);
    default:
      return find_call(call.number) != nullptr;
  }
}

}  // namespace softvpu::faults
