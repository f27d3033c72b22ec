// SPDX-License-Identifier: LGPL-2.1-or-later
// poll(2) and select(2) for sets that contain devices, with exact levels including POLLERR and
// POLLPRI; registrations with epoll. Called by symbols_poll.cc. Sets without a device never get
// here. Any thread; a cancellation point while it sleeps, as poll() is.
#pragma once

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>

namespace softvpu::preload::readiness {

// True when one of the descriptors is a device.
bool has_device(const pollfd* fds, nfds_t count);
bool has_device(int count, const fd_set* reads, const fd_set* writes, const fd_set* excepts);

// The system call that the application made. It is the one to sleep by: a seccomp filter that allows one poll may kill for
// another.
enum class Call { kPoll, kPpoll, kSelect };

// ppoll(2): the answer, or -1 and errno. With `timeout` nullptr it waits forever; otherwise
// `timeout` holds the remaining time on return.
int poll(pollfd* fds, nfds_t count, timespec* timeout, const sigset_t* mask, Call by);
// pselect(2), the same way.
int select(int count, fd_set* reads, fd_set* writes, fd_set* excepts, timespec* timeout, const sigset_t* mask);

// epoll_ctl(2) on a device descriptor: 0 or -errno.
int control_epoll(int epoll, int operation, int fd, void* event);
// Merges the events that epoll_wait(2) returned into one event per device; returns the new count.
int join_epoll(int epoll, epoll_event* events, int count);

}  // namespace softvpu::preload::readiness
