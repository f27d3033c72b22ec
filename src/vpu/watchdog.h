// SPDX-License-Identifier: LGPL-2.1-or-later
// When to ask a worker whether it lives, and when to give up on it. Pure: times come in, a decision goes out. Used by
// SessionCore.
//
// Liveness, not progress: an input may rightly stay unconsumed for hours (no outputs, a pause). While anything is under way and
// the worker was silent for `command`, it is pinged; silent for `ping` more, it is given up. What must be answered (READY,
// CONFIGURE) has `answer`, a FLUSH `flush`, even if pings are answered.
//
// A worker that has nothing to do, because the client keeps all inputs or all outputs, is pinged once more and then left alone
// until the next command: a session at rest wakes nobody. If it hangs meanwhile, nobody misses anything.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "base/clock.h"

namespace softvpu::vpu {

struct WatchdogLimits {
  Duration command = std::chrono::seconds(2);
  Duration ping = std::chrono::seconds(10);
  Duration answer = std::chrono::seconds(30);
  // Longer than an access unit takes. The client waits in STREAMOFF meanwhile, because its memory isn't its own before.
  Duration flush = std::chrono::seconds(5);

  // All from one number, the ping limit: what SOFTVPU_WATCHDOG_MS sets.
  static WatchdogLimits from_ping(Duration ping);
};

class Watchdog {
 public:
  explicit Watchdog(WatchdogLimits limits) : limits_(limits) {}

  // Anything at all is expected of the worker, or not.
  void set_busy(bool busy, TimePoint now);
  // Whether it has something to do: inputs and outputs, or a command that it owes the end of.
  void set_able(bool able) { able_ = able; }
  // A command other than a ping went out.
  void commanded() {
    commanded_since_ping_ = true;
    at_rest_ = false;
  }
  // A ping was answered.
  void ponged() { at_rest_ = !able_ && !commanded_since_ping_; }
  // One more command that must be answered; answers come in the order of the commands.
  void expect_answer(TimePoint now) { answers_due_.push_back({now, limits_.answer}); }
  void expect_flushed(TimePoint now) { answers_due_.push_back({now, limits_.flush}); }
  void answered();
  // The first message came: the worker can be pinged from now on.
  void ready(TimePoint now);
  // Any valid message, PONG included.
  void heard(TimePoint now);

  enum class Decision { kWait, kPing, kGiveUp };
  // To be called when check_at() has come; late calls are fine. After kPing the caller sends one.
  Decision check(TimePoint now);
  // When to call check() next; nullopt: nothing to watch.
  std::optional<TimePoint> check_at() const;
  // For the log, after kGiveUp.
  const char* reason() const { return reason_; }

 private:
  struct Due {
    TimePoint asked;
    Duration limit;
  };
  std::optional<TimePoint> silent_until() const;
  // When the first of the answers is overdue; there is one.
  TimePoint answer_until() const;

  WatchdogLimits limits_;
  bool busy_ = false;
  bool ready_ = false;
  bool able_ = true;
  bool commanded_since_ping_ = true;
  bool at_rest_ = false;  // it lived after the last command, and had nothing to do
  TimePoint last_heard_{};
  std::optional<TimePoint> pinged_;
  std::deque<Due> answers_due_;
  const char* reason_ = "";
};

}  // namespace softvpu::vpu
