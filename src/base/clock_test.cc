// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/clock.h"

#include <gtest/gtest.h>
#include <time.h>

namespace softvpu {
namespace {

using namespace std::chrono_literals;

TEST(TheSystemClock, IsClockMonotonic) {
  timespec before{};
  clock_gettime(CLOCK_MONOTONIC, &before);
  const Duration now = system_clock().now().time_since_epoch();
  const Duration expected = std::chrono::seconds(before.tv_sec) + std::chrono::nanoseconds(before.tv_nsec);
  EXPECT_GE(now, expected);
  EXPECT_LT(now - expected, 10s);
}

TEST(AManualClock, StandsStillUntilAdvanced) {
  ManualClock clock;
  const TimePoint start = clock.now();
  EXPECT_EQ(clock.now(), start);
  clock.advance(5ms);
  EXPECT_EQ(clock.now() - start, 5ms);
}

}  // namespace
}  // namespace softvpu
