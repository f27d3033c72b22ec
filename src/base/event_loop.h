// SPDX-License-Identifier: LGPL-2.1-or-later
// The one helper thread of a process: watches descriptors, runs timers and posted functions. The
// thread is started by the first call of start(), never by a constructor, and blocks all signals.
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

  // Call this before start(), which then creates no thread: turn() does what the thread would do
  // now, without waiting. For fuzz targets, whose runs must be reproducible.
  void run_by_hand();
  void turn();

  // Calls `ready(events)` on the loop thread while epoll reports `events` (EPOLLIN, …) or
  // EPOLLHUP/EPOLLERR on `fd`. The caller keeps `fd` open until unwatch() has returned. Errors:
  // what epoll_ctl(2) says. Any thread.
  Result<WatchId> watch(int fd, uint32_t events, std::function<void(uint32_t)> ready);
  // After it returns, the callback isn't running and won't run again. Exception: if unwatch() is
  // called on the loop thread from inside that callback, the callback is still running.
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
  // Wakes the loop's thread once, and lets threads that are moving descriptors go first.
  void wake();

  // In the child after fork(): the thread is gone; forget it so that nothing waits for it. Watches are dropped.
  void forget_after_fork();

 private:
  struct State;
  State* state_;  // never freed while its thread could run
};

}  // namespace softvpu
