// SPDX-License-Identifier: LGPL-2.1-or-later
// What a session says, collected in order: the tests' codec::SessionEvents. Used by the contract suite and by each lower half's
// own tests.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "codec/session.h"

namespace softvpu::codec::contract {

// One event, as it came.
struct Said {
  enum Kind { kInput, kOutput, kFormat, kDrained, kFlushed, kFailed } kind;
  Cookie cookie{};
  DoneStatus status{};
  OutputDone output{};
  StreamFormat format{};
  bool initial = false;
  Direction side{};
  uint32_t generation = 0;
  std::string reason;  // of a failure
};

// Collects what a session says, from whatever thread.
class Listener final : public SessionEvents {
 public:
  void input_done(Cookie cookie, DoneStatus status) override { add({.kind = Said::kInput, .cookie = cookie, .status = status}); }
  void output_done(const OutputDone& done) override {
    add({.kind = Said::kOutput, .cookie = done.cookie, .status = done.status, .output = done});
  }
  void format_changed(const StreamFormat& format, bool initial) override {
    add({.kind = Said::kFormat, .format = format, .initial = initial});
  }
  void drained(DoneStatus status) override { add({.kind = Said::kDrained, .status = status}); }
  void flushed(Direction side, uint32_t generation) override {
    add({.kind = Said::kFlushed, .side = side, .generation = generation});
  }
  void failed(const Error& error) override { add({.kind = Said::kFailed, .reason = error.reason}); }

  // Waits until `enough(all that was said)`; false when it took longer than `limit`.
  bool wait(std::chrono::milliseconds limit, const std::function<bool(const std::vector<Said>&)>& enough) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return enough(said_); });
  }
  std::vector<Said> all() {
    const std::lock_guard lock(mutex_);
    return said_;
  }
  bool said_inside_a_call() {
    const std::lock_guard lock(mutex_);
    return inside_call_;
  }
  // Set while this thread is inside a Session call.
  static bool& in_call() {
    static thread_local bool in = false;
    return in;
  }

 private:
  void add(Said event) {
    const std::lock_guard lock(mutex_);
    inside_call_ = inside_call_ || in_call();
    said_.push_back(std::move(event));
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Said> said_;
  bool inside_call_ = false;
};

}  // namespace softvpu::codec::contract
