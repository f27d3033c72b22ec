// SPDX-License-Identifier: LGPL-2.1-or-later
// Sleeps on native readiness and answers with the upper half's levels. Called by symbols_poll.cc.
//
// To the kernel each device is its device end (IN, OUT) plus, for POLLPRI, the PRI stream. Each of
// them wakes a sleeper at least whenever a level rises, so the loop is: compute the exact answer;
// if nothing is ready, sleep natively; repeat with the remaining time.
#include "front/preload/readiness.h"

#include <pthread.h>
#include <sys/epoll.h>

#include <cerrno>
#include <climits>

#include "base/raw_syscall.h"
#include "front/preload/fd_table.h"
#include "front/preload/next_symbol.h"
#include "front/preload/open_file.h"
#include "front/preload/readable.h"

namespace softvpu::preload::readiness {
namespace {

using PpollFn = int(pollfd*, nfds_t, const timespec*, const sigset_t*);
Next<PpollFn> next_ppoll("ppoll");
Next<int(pollfd*, nfds_t, int)> next_poll("poll");

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
    if ((fds[i].revents & POLLERR) != 0) file->handle()->error_reported();
    if (fds[i].revents != 0) ++ready;
  }
  return ready;
}

// Builds the set for the kernel: the application's set (devices without POLLPRI, which their socket
// doesn't carry), followed by one PRI stream per device for which POLLPRI is wanted. Returns its
// length.
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

// Copies the kernel's answers for descriptors that aren't devices; returns how many of those are
// ready.
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

// Memory for a set: small sets are on the stack (kept small, because the caller may have little of
// it), larger ones in a mapping, because malloc() isn't async-signal-safe. A thread may be
// cancelled while it sleeps, so poll() and select() free it in a cleanup handler.
struct Set {
  pollfd small[kOnStack];
  pollfd* all = small;
  size_t mapped_bytes = 0;

  bool make(size_t count) {
    if (count <= kOnStack) return true;
    void* at = nullptr;
    const size_t bytes = count * sizeof(pollfd);
    if (raw::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, &at) != 0) {
      errno = ENOMEM;
      return false;
    }
    all = static_cast<pollfd*>(at);
    mapped_bytes = bytes;
    return true;
  }
};
void free_set(void* set) {
  const auto* made = static_cast<Set*>(set);
  if (made->mapped_bytes != 0) raw::munmap(made->all, made->mapped_bytes);
}

int sleep_by_poll(pollfd* native, nfds_t used, const timespec* timeout) {
  constexpr int64_t kMillisecond = 1'000'000;
  int timeout_ms = -1;
  if (timeout != nullptr) {
    const int64_t rounded_up = (nanoseconds(*timeout) + kMillisecond - 1) / kMillisecond;
    timeout_ms = rounded_up < INT_MAX ? static_cast<int>(rounded_up) : INT_MAX;
  }
  auto* next = next_poll.get();
  return next != nullptr ? next(native, used, timeout_ms) : libc_int(raw::poll(native, used, timeout_ms));
}

int sleep_natively(pollfd* native, nfds_t used, const timespec* timeout, const sigset_t* mask, Call by) {
  if (by == Call::kPoll) return sleep_by_poll(native, used, timeout);
  const int before = errno;
  timespec copy = timeout == nullptr ? timespec{} : *timeout;
  PpollFn* next = next_ppoll.get();
  const int answer = next != nullptr ? next(native, used, timeout, mask)
                                     : libc_int(raw::ppoll(native, used, timeout == nullptr ? nullptr : &copy));
  // A seccomp filter that allows select(2) may refuse ppoll(2); ppoll(2) itself never returns these
  // errors.
  const bool refused = answer < 0 && (errno == EPERM || errno == EACCES || errno == ENOSYS);
  if (!refused || by != Call::kSelect || mask != nullptr) return answer;
  errno = before;
  return sleep_by_poll(native, used, timeout);
}

int poll_loop(pollfd* fds, nfds_t count, timespec* timeout, const sigset_t* mask, pollfd* native, Call by) {
  const timespec start = now();
  const int64_t limit = timeout == nullptr ? 0 : nanoseconds(*timeout);
  while (true) {
    int64_t left = timeout == nullptr ? 0 : limit - (nanoseconds(now()) - nanoseconds(start));
    if (left < 0) left = 0;
    const int ready_devices = answer_devices(fds, count);
    const bool sleeps = ready_devices == 0 && (timeout == nullptr || left > 0);
    const nfds_t used = native_set(fds, count, native);
    if (ready_devices != 0) {
      // The devices already have their answer; ask the kernel only about the rest.
      for (nfds_t i = 0; i < count; ++i) {
        if (fd_table::is_device(fds[i].fd)) native[i].fd = -1;
      }
    }
    const timespec remaining = from_nanoseconds(sleeps ? left : 0);
    const int woken =
        sleep_natively(native, ready_devices != 0 ? count : used, sleeps && timeout == nullptr ? nullptr : &remaining, mask, by);
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

// What select() answers when poll() has filled `fds`: how many bits stay set, or -1 and EBADF.
int take_bits(const pollfd* fds, nfds_t used, fd_set* reads, fd_set* writes, fd_set* excepts) {
  // The kernel's own translation (fs/select.c): error and hang-up count as readable, error as writable.
  constexpr short kReadable = POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR;
  constexpr short kWritable = POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR;
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

}  // namespace

bool has_device(const pollfd* fds, nfds_t count) {
  // Sets that can't be read are left to the kernel to refuse; so are sets with more entries than
  // there can be descriptors, which aren't even read.
  constexpr nfds_t kMost = 1 << 20;
  if (fd_table::empty() || count > kMost || !can_read(fds, count * sizeof(pollfd))) return false;
  for (nfds_t i = 0; i < count; ++i) {
    if (fd_table::is_device(fds[i].fd)) return true;
  }
  return false;
}

bool has_device(int count, const fd_set* reads, const fd_set* writes, const fd_set* excepts) {
  if (fd_table::empty()) return false;
  constexpr size_t kWord = sizeof(fd_mask);
  for (int fd = fd_table::next(0); fd >= 0 && fd < count && fd < FD_SETSIZE; fd = fd_table::next(fd + 1)) {
    if (!fd_table::is_device(fd)) continue;
    bool is_set = false;
    for (const fd_set* set : {reads, writes, excepts}) {
      const size_t words = static_cast<size_t>((count < FD_SETSIZE ? count : FD_SETSIZE) + NFDBITS - 1) / NFDBITS;
      if (set != nullptr && !can_read(set, words * kWord)) return false;
      is_set = is_set || (set != nullptr && FD_ISSET(fd, set));
    }
    if (is_set) return true;
  }
  return false;
}

int poll(pollfd* fds, nfds_t count, timespec* timeout, const sigset_t* mask, Call by) {
  Set native;
  if (!native.make(2 * count)) return -1;
  int ready = 0;
  pthread_cleanup_push(free_set, &native);
  ready = poll_loop(fds, count, timeout, mask, native.all, by);
  pthread_cleanup_pop(1);
  return ready;
}

namespace {

// A separate function, because cancellation may leave it by longjmp(). Only in that case does the
// handler free the set.
__attribute__((noinline)) int poll_set(Set& set, nfds_t used, timespec* timeout, const sigset_t* mask) {
  int answer = 0;
  pthread_cleanup_push(free_set, &set);
  answer = poll(set.all, used, timeout, mask, Call::kSelect);
  pthread_cleanup_pop(0);
  return answer;
}

}  // namespace

int select(int count, fd_set* reads, fd_set* writes, fd_set* excepts, timespec* timeout, const sigset_t* mask) {
  const auto wanted = [&](int fd) {
    short events = 0;
    if (reads != nullptr && FD_ISSET(fd, reads)) events |= POLLIN | POLLRDNORM | POLLRDBAND;
    if (writes != nullptr && FD_ISSET(fd, writes)) events |= POLLOUT | POLLWRNORM | POLLWRBAND;
    if (excepts != nullptr && FD_ISSET(fd, excepts)) events |= POLLPRI;
    return events;
  };
  const int end = count < FD_SETSIZE ? count : FD_SETSIZE;
  nfds_t used = 0;
  for (int fd = 0; fd < end; ++fd) used += wanted(fd) != 0 ? 1 : 0;
  Set set;
  if (!set.make(used)) return -1;
  pollfd* next = set.all;
  for (int fd = 0; fd < end; ++fd) {
    if (const short events = wanted(fd); events != 0) *next++ = {fd, events, 0};
  }
  const int answer = poll_set(set, used, timeout, mask);
  const int bits = answer < 0 ? -1 : take_bits(set.all, used, reads, writes, excepts);
  free_set(&set);
  return bits;
}

int control_epoll(int epoll, int operation, int fd, void* event) {
  const FileRef file = fd_table::find(fd);
  if (!file) return raw::epoll_ctl(epoll, operation, fd, static_cast<epoll_event*>(event));
  (void)file->levels(fd);  // brings native readiness up to date, so that the first epoll_wait() sees the right levels
  if (operation == EPOLL_CTL_DEL) {
    const int answer = raw::epoll_ctl(epoll, operation, fd, static_cast<epoll_event*>(event));
    if (answer == 0) file->socket().unwatch_pri(epoll, fd);
    return answer;
  }
  // Let the kernel validate the application's pointer. EPOLLPRI may stay in the set: our socket
  // never reports it.
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
    const v4l2::Levels levels = file->levels(fd);  // must be taken before the socket's lock
    count = file->socket().join_events(epoll, fd, levels, events, count);
  });
  return count;
}

}  // namespace softvpu::preload::readiness
