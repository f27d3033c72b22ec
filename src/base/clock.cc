// SPDX-License-Identifier: LGPL-2.1-or-later
// The real clock. Called by the event loop and the watchdog.
#include "base/clock.h"

namespace softvpu {
namespace {

class SystemClock final : public Clock {
 public:
  TimePoint now() const override { return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now()); }
};

// Made by the compiler: signal handlers ask for the time, and children of fork().
constinit const SystemClock the_clock;

}  // namespace

const Clock& system_clock() { return the_clock; }

}  // namespace softvpu
