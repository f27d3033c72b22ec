// SPDX-License-Identifier: LGPL-2.1-or-later
// The one helper thread of a process: watches descriptors, runs timers and posted functions.
// The thread starts with the first use of start() (never in a constructor), with all signals blocked.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/result.h"

namespace softvpu {

class EventLoop {
 public:
  using WatchId = uint64_t;
  using TimerId = uint64_t;

  EventLoop();
  // Stops and joins the thread. Must not run on the loop thread.
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // The process-wide loop; made on first use, never destroyed (it outlives every static object).
  static EventLoop& process();

  // Starts the thread if it isn't running. Errors: EAGAIN, EMFILE. Any thread.
  Status start();

  // Before start(), which makes no thread then: turn() does what the thread would do now, and doesn't wait. For fuzz targets,
  // whose runs must repeat.
  void run_by_hand();
  void turn();

  // Calls `ready(events)` on the loop thread while epoll reports `events` (EPOLLIN, …) or EPOLLHUP/EPOLLERR on `fd`.
  // The caller keeps `fd` open until unwatch() returned. Errors: what epoll_ctl(2) says. Any thread.
  Result<WatchId> watch(int fd, uint32_t events, std::function<void(uint32_t)> ready);
  // After it returns the callback doesn't run and won't again; on the loop thread itself it may be running (below the caller).
  void unwatch(WatchId id);

  // Runs `fn` once on the loop thread. Any thread.
  void post(std::function<void()> fn);

  // Runs `fn` on the loop thread once, `after` from now. Any thread.
  TimerId schedule(Duration after, std::function<void()> fn);
  // After it returns `fn` doesn't run (same rule as unwatch()).
  void cancel(TimerId id);

  bool on_loop_thread() const;
  // False before start(). Any thread.
  bool started() const;

  // A descriptor that is watched, or one of the loop's own, has another number now; both are open (library_fds.h).
  void descriptor_moved(int from, int to);
  // The loop's thread comes out of its sleep once, and lets those ahead who move descriptors.
  void wake();

  // In the child after fork(): the thread is gone; forget it so that nothing waits for it. Watches are dropped.
  void forget_after_fork();

 private:
  struct State;
  State* state_;  // never freed while its thread could run
};

}  // namespace softvpu
