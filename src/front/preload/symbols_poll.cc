// SPDX-License-Identifier: LGPL-2.1-or-later
// poll(2), select(2), epoll_ctl(2), epoll_wait(2). Called by the application.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include <cerrno>

#include "front/preload/readable.h"
#include "front/preload/readiness.h"
#include "front/preload/symbols.h"

#ifndef __clang__
// glibc declares that poll() only writes to its set; it reads it too. (clang doesn't know the warning.)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

extern "C" [[noreturn]] void __chk_fail();

namespace softvpu::preload {
namespace {

Next<int(pollfd*, nfds_t, int)> next_poll("poll");
Next<int(pollfd*, nfds_t, const timespec*, const sigset_t*)> next_ppoll("ppoll");
Next<int(int, fd_set*, fd_set*, fd_set*, timeval*)> next_select("select");
Next<int(int, fd_set*, fd_set*, fd_set*, const timespec*, const sigset_t*)> next_pselect("pselect");
Next<int(int, int, int, epoll_event*)> next_epoll_ctl("epoll_ctl");
Next<int(int, epoll_event*, int, int)> next_epoll_wait("epoll_wait");
Next<int(int, epoll_event*, int, int, const sigset_t*)> next_epoll_pwait("epoll_pwait");
Next<int(int, epoll_event*, int, const timespec*, const sigset_t*)> next_epoll_pwait2("epoll_pwait2");

}  // namespace
}  // namespace softvpu::preload

using namespace softvpu::preload;

SOFTVPU_EXPORT int poll(pollfd* fds, nfds_t count, int timeout_ms) {
  if (readiness::has_device(fds, count)) {
    timespec timeout{.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1'000'000L};
    return readiness::poll(fds, count, timeout_ms < 0 ? nullptr : &timeout, nullptr, readiness::Call::kPoll);
  }
  auto* call = next_poll.get();
  return call != nullptr ? call(fds, count, timeout_ms) : libc_int(raw::poll(fds, count, timeout_ms));
}

SOFTVPU_EXPORT int __poll_chk(pollfd* fds, nfds_t count, int timeout_ms, size_t room) {
  if (room / sizeof(pollfd) < count) __chk_fail();
  return poll(fds, count, timeout_ms);
}

SOFTVPU_EXPORT int ppoll(pollfd* fds, nfds_t count, const timespec* timeout, const sigset_t* mask) {
  if (readiness::has_device(fds, count)) {
    if (timeout != nullptr && !can_read(timeout, sizeof *timeout)) return libc_int(-EFAULT);
    timespec copy = timeout == nullptr ? timespec{} : *timeout;
    return readiness::poll(fds, count, timeout == nullptr ? nullptr : &copy, mask, readiness::Call::kPpoll);
  }
  auto* call = next_ppoll.get();
  if (call != nullptr) return call(fds, count, timeout, mask);
  timespec copy = timeout == nullptr ? timespec{} : *timeout;
  return libc_int(raw::call(SYS_ppoll, raw::address(fds), static_cast<long>(count), timeout == nullptr ? 0 : raw::address(&copy),
                            raw::address(mask), _NSIG / 8));
}

SOFTVPU_EXPORT int __ppoll_chk(pollfd* fds, nfds_t count, const timespec* timeout, const sigset_t* mask, size_t room) {
  if (room / sizeof(pollfd) < count) __chk_fail();
  return ppoll(fds, count, timeout, mask);
}

SOFTVPU_EXPORT int select(int count, fd_set* reads, fd_set* writes, fd_set* excepts, timeval* timeout) {
  if (readiness::has_device(count, reads, writes, excepts)) {
    if (timeout != nullptr && !can_read(timeout, sizeof *timeout)) return libc_int(-EFAULT);
    if (timeout != nullptr && (timeout->tv_sec < 0 || timeout->tv_usec < 0)) return libc_int(-EINVAL);
    timespec copy{};
    if (timeout != nullptr) copy = {timeout->tv_sec + timeout->tv_usec / 1'000'000, timeout->tv_usec % 1'000'000 * 1000};
    const int answer = readiness::select(count, reads, writes, excepts, timeout == nullptr ? nullptr : &copy, nullptr);
    if (timeout != nullptr) *timeout = {copy.tv_sec, copy.tv_nsec / 1000};
    return answer;
  }
  auto* call = next_select.get();
  if (call != nullptr) return call(count, reads, writes, excepts, timeout);
  timespec copy{};
  if (timeout != nullptr) copy = {timeout->tv_sec, timeout->tv_usec * 1000};
  return libc_int(raw::call(SYS_pselect6, count, raw::address(reads), raw::address(writes), raw::address(excepts),
                            timeout == nullptr ? 0 : raw::address(&copy), 0));
}

SOFTVPU_EXPORT int pselect(int count, fd_set* reads, fd_set* writes, fd_set* excepts, const timespec* timeout,
                           const sigset_t* mask) {
  if (readiness::has_device(count, reads, writes, excepts)) {
    if (timeout != nullptr && !can_read(timeout, sizeof *timeout)) return libc_int(-EFAULT);
    timespec copy = timeout == nullptr ? timespec{} : *timeout;
    return readiness::select(count, reads, writes, excepts, timeout == nullptr ? nullptr : &copy, mask);
  }
  auto* call = next_pselect.get();
  return call != nullptr ? call(count, reads, writes, excepts, timeout, mask) : unavailable(-1);
}

SOFTVPU_EXPORT int epoll_ctl(int epoll, int operation, int fd, epoll_event* event) {
  if (fd_table::is_device(fd)) {
    const NoCancel guard;
    return libc_int(readiness::control_epoll(epoll, operation, fd, event));
  }
  auto* call = next_epoll_ctl.get();
  return call != nullptr ? call(epoll, operation, fd, event) : libc_int(raw::epoll_ctl(epoll, operation, fd, event));
}

// The kernel does the waiting: it knows the levels.
SOFTVPU_EXPORT int epoll_wait(int epoll, epoll_event* events, int room, int timeout_ms) {
  auto* call = next_epoll_wait.get();
  const int count = call != nullptr ? call(epoll, events, room, timeout_ms)
                                    : libc_int(raw::call(SYS_epoll_pwait, epoll, raw::address(events), room, timeout_ms, 0, 0));
  return readiness::join_epoll(epoll, events, count);
}

SOFTVPU_EXPORT int epoll_pwait(int epoll, epoll_event* events, int room, int timeout_ms, const sigset_t* mask) {
  auto* call = next_epoll_pwait.get();
  const int count =
      call != nullptr
          ? call(epoll, events, room, timeout_ms, mask)
          : libc_int(raw::call(SYS_epoll_pwait, epoll, raw::address(events), room, timeout_ms, raw::address(mask), _NSIG / 8));
  return readiness::join_epoll(epoll, events, count);
}

SOFTVPU_EXPORT int epoll_pwait2(int epoll, epoll_event* events, int room, const timespec* timeout, const sigset_t* mask) {
  auto* call = next_epoll_pwait2.get();
  const int count = call != nullptr ? call(epoll, events, room, timeout, mask)
                                    : libc_int(raw::call(SYS_epoll_pwait2, epoll, raw::address(events), room,
                                                         raw::address(timeout), raw::address(mask), _NSIG / 8));
  return readiness::join_epoll(epoll, events, count);
}
