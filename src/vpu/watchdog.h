// SPDX-License-Identifier: LGPL-2.1-or-later
// Decides when to ping a worker and when to give up on it. Pure: takes times, returns a decision.
// Used by SessionCore.
//
// It checks liveness, not progress: an input may legitimately stay unconsumed for hours (no
// outputs, a pause). While anything is in flight, a worker that has been silent for `command` is
// pinged, and one that stays silent for another `ping` is given up on. Commands that must be
// answered (CONFIGURE; READY counts as one) have the limit `answer`, and a FLUSH has `flush`, even
// if pings are answered.
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
  // Longer than decoding an access unit takes. Meanwhile the client waits in STREAMOFF, because
  // until then its memory isn't its own again.
  Duration flush = std::chrono::seconds(5);

  // Derives all limits from the ping limit, which SOFTVPU_WATCHDOG_MS sets.
  static WatchdogLimits from_ping(Duration ping);
};

class Watchdog {
 public:
  explicit Watchdog(WatchdogLimits limits) : limits_(limits) {}

  // Whether anything at all is expected from the worker.
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
  // READY has arrived: the worker can be pinged from now on.
  void ready(TimePoint now);
  // A valid message has arrived; PONG counts.
  void heard(TimePoint now);

  enum class Decision { kWait, kPing, kGiveUp };
  // Call it when the time check_at() has come; late calls are fine. On kPing the caller sends a
  // PING.
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
  // When the first of the due answers is overdue. Precondition: at least one is due.
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
