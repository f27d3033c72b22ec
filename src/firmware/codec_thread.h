// SPDX-License-Identifier: GPL-2.0-or-later
// The thread that owns the codec: runs what the control thread posts, in order, and steps the codec in between. So commands are
// read, and pings answered, while the codec works.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "firmware/codec.h"

namespace softvpu::firmware {

class CodecThread {
 public:
  using Task = std::function<void(Codec&)>;

  CodecThread() = default;
  // Ends the thread after the task or step it is in.
  ~CodecThread();
  CodecThread(const CodecThread&) = delete;
  CodecThread& operator=(const CodecThread&) = delete;

  // What the owner does on the codec thread while its clock is stopped: between two pieces of work, and before a sleep, which may
  // then turn out not to be needed.
  struct Hooks {
    std::function<void()> between;
    std::function<void()> before_sleep;
  };
  // Once, before anything else. Steps begin with begin_stepping(). Control thread.
  void start(std::unique_ptr<Codec> codec, Hooks hooks = {});
  // The same without a thread: what it would do is done inside run_by_hand(), until it would wait. For fuzz targets.
  void start_by_hand(std::unique_ptr<Codec> codec) { codec_ = std::move(codec); }
  void run_by_hand();
  // False: more tasks wait than a correct host can cause. Control thread.
  bool post(Task task);
  // The codec may have something to do. Any thread.
  void wake();
  // From now on the codec is stepped. Codec thread (from a task).
  void begin_stepping() { stepping_ = true; }

  // How long the task or step that runs now has been running; zero: idle, or waiting for the host to read messages.
  // Any thread.
  Duration busy_for() const;
  // True while there is or may soon be something to do. Any thread.
  bool busy() const;
  // Around a wait for the host. Codec thread.
  void pause_clock() { began_ = 0; }
  void resume_clock();

 private:
  void run();
  // One task, or one step of the codec. False: at the end, or without `may_wait` when there is nothing to do.
  bool turn(bool may_wait);
  bool is_due() const { return end_ || moving_ || woken_ || !tasks_.empty(); }  // mutex_ held

  static constexpr size_t kMostTasks = 4096;

  std::unique_ptr<Codec> codec_;  // codec thread
  Hooks hooks_;                   // codec thread
  bool stepping_ = false;         // codec thread
  // The codec may have something to do. Written by the codec thread before it clears began_; read after that by busy(), which
  // must not take the gap between two steps for a rest.
  std::atomic<bool> moving_{false};
  mutable std::mutex mutex_;  // guards the next three
  std::deque<Task> tasks_;
  bool woken_ = false;
  bool end_ = false;
  std::condition_variable ready_;
  std::atomic<int64_t> began_{0};  // steady clock, when the current task or step began; 0: none. Read by busy_for().
  std::thread thread_;
};

}  // namespace softvpu::firmware
