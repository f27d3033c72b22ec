// SPDX-License-Identifier: LGPL-2.1-or-later
// The decisions of watchdog.h.
#include "vpu/watchdog.h"

#include <algorithm>

namespace softvpu::vpu {

WatchdogLimits WatchdogLimits::from_ping(Duration ping) {
  const WatchdogLimits standard;
  return {std::min(standard.command, ping), ping, 3 * ping, std::max(ping / 2, std::min(standard.flush, 3 * ping))};
}

void Watchdog::set_busy(bool busy, TimePoint now) {
  if (busy && !busy_) last_heard_ = now;  // the silence before doesn't count
  busy_ = busy;
  if (!busy && answers_due_.empty()) pinged_.reset();
}

void Watchdog::answered() {
  if (!answers_due_.empty()) answers_due_.pop_front();
}

void Watchdog::ready(TimePoint now) {
  ready_ = true;
  last_heard_ = now;
}

void Watchdog::heard(TimePoint now) {
  last_heard_ = now;
  pinged_.reset();
}

// When the worker's silence has lasted long enough for the next step; nullopt while silence is fine.
std::optional<TimePoint> Watchdog::silent_until() const {
  if (!ready_ || (!busy_ && answers_due_.empty())) return std::nullopt;
  if (at_rest_ && !able_ && !pinged_ && answers_due_.empty()) return std::nullopt;
  return pinged_ ? *pinged_ + limits_.ping : last_heard_ + limits_.command;
}

TimePoint Watchdog::answer_until() const {
  const auto until = [](const Due& due) { return due.asked + due.limit; };
  TimePoint first = until(answers_due_.front());
  for (const Due& due : answers_due_) first = std::min(first, until(due));
  return first;
}

std::optional<TimePoint> Watchdog::check_at() const {
  std::optional<TimePoint> at = silent_until();
  if (!answers_due_.empty()) {
    const TimePoint answer = answer_until();
    at = at ? std::min(*at, answer) : answer;
  }
  return at;
}

Watchdog::Decision Watchdog::check(TimePoint now) {
  const std::optional<TimePoint> due = check_at();
  if (!due || now < *due) return Decision::kWait;
  if (now - *due > limits_.ping) {
    // We are far too late ourselves: this process was stopped, or the machine slept. The worker
    // gets its time again.
    last_heard_ = now;
    if (pinged_) pinged_ = now;
    for (Due& answer : answers_due_) answer.asked = now;
    return Decision::kWait;
  }
  if (!answers_due_.empty() && now >= answer_until()) {
    reason_ = ready_ ? "a command that must be answered was not" : "the worker never got ready";
    return Decision::kGiveUp;
  }
  if (pinged_) {
    reason_ = "a ping was not answered";
    return Decision::kGiveUp;
  }
  pinged_ = now;
  commanded_since_ping_ = false;
  return Decision::kPing;
}

}  // namespace softvpu::vpu
