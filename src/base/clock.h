// SPDX-License-Identifier: LGPL-2.1-or-later
// Time as the rooms see it: monotonic, in std::chrono, replaceable by a hand-driven clock in tests.
#pragma once

#include <atomic>
#include <chrono>

namespace softvpu {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

class Clock {
 public:
  virtual TimePoint now() const = 0;

 protected:
  ~Clock() = default;  // not virtual: a clock of static storage duration needs no destruction
};

// CLOCK_MONOTONIC.
const Clock& system_clock();

// Threads: any.
class ManualClock final : public Clock {
 public:
  TimePoint now() const override { return TimePoint(Duration(now_.load())); }
  void advance(Duration by) { now_ += by.count(); }

 private:
  std::atomic<Duration::rep> now_{0};
};

}  // namespace softvpu
