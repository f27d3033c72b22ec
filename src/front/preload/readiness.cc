// SPDX-License-Identifier: LGPL-2.1-or-later
// Sleeping on native readiness, answering with the upper half's levels. Called by symbols_poll.cc.
//
// The kernel sees each device as its device end (IN, OUT) plus, for POLLPRI, the PRI stream. Both wake at least whenever a level
// rises, so the loop is: compute the exact answer; if there is none, sleep natively; repeat with the time that is left.
#include "front/preload/readiness.h"

#include <pthread.h>
#include <sys/epoll.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/raw_syscall.h"
#include "front/preload/fd_table.h"
#include "front/preload/next_symbol.h"
#include "front/preload/open_file.h"

namespace softvpu::preload::readiness {
namespace {

using PpollFn = int(pollfd*, nfds_t, const timespec*, const sigset_t*);
Next<PpollFn> next_ppoll("ppoll");

constexpr short kIn = POLLIN | POLLRDNORM;
constexpr short kOut = POLLOUT | POLLWRNORM;
constexpr nfds_t kOnStack = 32;

// As v4l2_m2m_poll(): POLLPRI only if asked for, the queues only if IN or OUT is asked for.
short exact(const v4l2::Levels& levels, short wanted) {
  short ready = 0;
  if (levels.pri) ready |= POLLPRI & wanted;
  if ((wanted & (kIn | kOut)) != 0) {
    if (levels.error) ready |= POLLERR;
    if (levels.in) ready |= kIn & wanted;
    if (levels.out) ready |= kOut & wanted;
  }
  return ready;
}

// Fills revents of the devices; returns how many are ready.
int answer_devices(pollfd* fds, nfds_t count) {
  const NoCancel guard;
  int ready = 0;
  for (nfds_t i = 0; i < count; ++i) {
    if (fds[i].fd < 0) continue;
    const FileRef file = fd_table::find(fds[i].fd);
    if (!file) continue;
    fds[i].revents = exact(file->levels(fds[i].fd), fds[i].events);
    if (fds[i].revents != 0) ++ready;
  }
  return ready;
}

// What the kernel is to watch: the application's set (a device without POLLPRI: its own socket has nothing to do with it) and,
// behind it, one PRI stream per device that wants POLLPRI. Returns the length.
nfds_t native_set(const pollfd* fds, nfds_t count, pollfd* native) {
  const NoCancel guard;
  nfds_t used = count;
  for (nfds_t i = 0; i < count; ++i) {
    native[i] = {fds[i].fd, fds[i].events, 0};
    if (fds[i].fd < 0) continue;
    const FileRef file = fd_table::find(fds[i].fd);
    if (!file) continue;
    native[i].events &= kIn | kOut;
    if ((fds[i].events & POLLPRI) == 0) continue;
    const int pri = file->socket().pri_fd();
    if (pri >= 0) native[used++] = {pri, POLLPRI, 0};
  }
  return used;
}

// Copies the kernel's answers for what isn't a device; returns how many of those are ready.
int take_native(const pollfd* native, pollfd* fds, nfds_t count) {
  int ready = 0;
  for (nfds_t i = 0; i < count; ++i) {
    if (fd_table::is_device(fds[i].fd)) continue;
    fds[i].revents = native[i].revents;
    if (fds[i].revents != 0) ++ready;
  }
  return ready;
}

timespec now() {
  timespec at{};
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at;
}

int64_t nanoseconds(const timespec& t) { return t.tv_sec * int64_t{1'000'000'000} + t.tv_nsec; }
timespec from_nanoseconds(int64_t t) { return {t / 1'000'000'000, t % 1'000'000'000}; }

// Memory for the native set; big sets come from malloc. Sleeping happens between its life's ends, so cancellation frees it by
// hand.
struct NativeSet {
  pollfd small[kOnStack];
  pollfd* all = small;
};
void free_set(void* set) {
  auto* native = static_cast<NativeSet*>(set);
  if (native->all != native->small) std::free(native->all);
}

int sleep_natively(pollfd* native, nfds_t used, const timespec* timeout, const sigset_t* mask) {
  if (PpollFn* next = next_ppoll.get()) return next(native, used, timeout, mask);
  timespec copy = timeout == nullptr ? timespec{} : *timeout;
  return libc_int(raw::ppoll(native, used, timeout == nullptr ? nullptr : &copy));
}

int poll_loop(pollfd* fds, nfds_t count, timespec* timeout, const sigset_t* mask, pollfd* native) {
  const timespec start = now();
  const int64_t limit = timeout == nullptr ? 0 : nanoseconds(*timeout);
  while (true) {
    int64_t left = timeout == nullptr ? 0 : limit - (nanoseconds(now()) - nanoseconds(start));
    if (left < 0) left = 0;
    const int ready_devices = answer_devices(fds, count);
    const bool sleeps = ready_devices == 0 && (timeout == nullptr || left > 0);
    const nfds_t used = native_set(fds, count, native);
    if (ready_devices != 0) {
      // They have their answer; only the rest is asked.
      for (nfds_t i = 0; i < count; ++i) {
        if (fd_table::is_device(fds[i].fd)) native[i].fd = -1;
      }
    }
    const timespec remaining = from_nanoseconds(sleeps ? left : 0);
    const int woken =
        sleep_natively(native, ready_devices != 0 ? count : used, sleeps && timeout == nullptr ? nullptr : &remaining, mask);
    if (timeout != nullptr) {
      left = limit - (nanoseconds(now()) - nanoseconds(start));
      *timeout = from_nanoseconds(left > 0 ? left : 0);
    }
    if (woken < 0) return -1;
    const int ready_others = take_native(native, fds, count);
    const int ready = ready_others + (ready_devices != 0 ? ready_devices : answer_devices(fds, count));
    if (ready > 0 || !sleeps) return ready;
    if (timeout != nullptr && left <= 0) return 0;
  }
}

}  // namespace

bool has_device(const pollfd* fds, nfds_t count) {
  if (fd_table::empty() || fds == nullptr) return false;
  for (nfds_t i = 0; i < count; ++i) {
    if (fd_table::is_device(fds[i].fd)) return true;
  }
  return false;
}

bool has_device(int count, const fd_set* reads, const fd_set* writes, const fd_set* excepts) {
  if (fd_table::empty()) return false;
  for (int fd = fd_table::next(0); fd >= 0 && fd < count && fd < FD_SETSIZE; fd = fd_table::next(fd + 1)) {
    if (!fd_table::is_device(fd)) continue;
    for (const fd_set* set : {reads, writes, excepts}) {
      if (set != nullptr && FD_ISSET(fd, set)) return true;
    }
  }
  return false;
}

int poll(pollfd* fds, nfds_t count, timespec* timeout, const sigset_t* mask) {
  NativeSet native;
  if (count > kOnStack / 2) {
    native.all = static_cast<pollfd*>(std::malloc(2 * count * sizeof(pollfd)));
    if (native.all == nullptr) {
      errno = ENOMEM;
      return -1;
    }
  }
  int ready = 0;
  pthread_cleanup_push(free_set, &native);
  ready = poll_loop(fds, count, timeout, mask, native.all);
  pthread_cleanup_pop(1);
  return ready;
}

int select(int count, fd_set* reads, fd_set* writes, fd_set* excepts, timespec* timeout, const sigset_t* mask) {
  // The kernel's own translation (fs/select.c): error and hang-up count as readable, error as writable.
  constexpr short kReadable = POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR;
  constexpr short kWritable = POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR;
  pollfd fds[FD_SETSIZE];
  nfds_t used = 0;
  for (int fd = 0; fd < count && fd < FD_SETSIZE; ++fd) {
    short events = 0;
    if (reads != nullptr && FD_ISSET(fd, reads)) events |= POLLIN | POLLRDNORM | POLLRDBAND;
    if (writes != nullptr && FD_ISSET(fd, writes)) events |= POLLOUT | POLLWRNORM | POLLWRBAND;
    if (excepts != nullptr && FD_ISSET(fd, excepts)) events |= POLLPRI;
    if (events != 0) fds[used++] = {fd, events, 0};
  }
  if (poll(fds, used, timeout, mask) < 0) return -1;
  for (nfds_t i = 0; i < used; ++i) {
    if ((fds[i].revents & POLLNVAL) != 0) {
      errno = EBADF;
      return -1;
    }
  }
  int bits = 0;
  for (nfds_t i = 0; i < used; ++i) {
    const auto keep = [&](fd_set* set, short mask_bits) {
      if (set == nullptr || !FD_ISSET(fds[i].fd, set)) return;
      if ((fds[i].revents & mask_bits) != 0) {
        ++bits;
      } else {
        FD_CLR(fds[i].fd, set);
      }
    };
    keep(reads, kReadable);
    keep(writes, kWritable);
    keep(excepts, POLLPRI);
  }
  return bits;
}

int control_epoll(int epoll, int operation, int fd, void* event) {
  const FileRef file = fd_table::find(fd);
  if (!file) return raw::epoll_ctl(epoll, operation, fd, static_cast<epoll_event*>(event));
  (void)file->levels(fd);  // the first look must see the levels as they are
  if (operation == EPOLL_CTL_DEL) {
    const int answer = raw::epoll_ctl(epoll, operation, fd, static_cast<epoll_event*>(event));
    if (answer == 0) file->socket().unwatch_pri(epoll, fd);
    return answer;
  }
  // The kernel judges the application's pointer: with PRI in the set our socket says nothing more than without it.
  const int answer = raw::epoll_ctl(epoll, operation, fd, static_cast<epoll_event*>(event));
  if (answer < 0) return answer;
  const auto* wanted = static_cast<const epoll_event*>(event);
  file->socket().note_epoll_user();
  file->socket().unwatch_pri(epoll, fd);
  if ((wanted->events & EPOLLPRI) == 0) return 0;
  const Status watched = file->socket().watch_pri(epoll, fd, *wanted);
  return watched ? 0 : -watched.error().code;
}

int join_epoll(int epoll, epoll_event* events, int count) {
  if (count <= 0 || !LevelSocket::any_pri_watch()) return count;
  const NoCancel guard;
  fd_table::for_each(0, INT32_MAX, [&](int fd, const FileRef& file) {
    if (!file->socket().has_events(epoll, fd, events, count)) return;
    const v4l2::Levels levels = file->levels(fd);  // before the socket's lock
    count = file->socket().join_events(epoll, fd, levels, events, count);
  });
  return count;
}

}  // namespace softvpu::preload::readiness
