// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/rate_limit.h"

#include <gtest/gtest.h>

namespace softvpu {
namespace {

using namespace std::chrono_literals;

class ARateLimit : public testing::Test {
 protected:
  // How many of `asked` are taken now.
  int taken(int asked) {
    int count = 0;
    for (int i = 0; i < asked; ++i) count += limit_.take(clock_.now());
    return count;
  }
  ManualClock clock_;
  RateLimit limit_{3};
};

TEST_F(ARateLimit, TakesThatManyAtOnceAndNoMore) { EXPECT_EQ(taken(10), 3); }

TEST_F(ARateLimit, TakesAgainAsManyWhenItsTimeIsOver) {
  EXPECT_EQ(taken(10), 3);
  clock_.advance(1s - 1ns);
  EXPECT_EQ(taken(10), 0);
  clock_.advance(1ns);
  EXPECT_EQ(taken(10), 3);
}

TEST_F(ARateLimit, CountsFromTheFirstOfAWindow) {
  clock_.advance(700ms);
  EXPECT_EQ(taken(2), 2);
  clock_.advance(700ms);
  EXPECT_EQ(taken(2), 1);
  clock_.advance(300ms);
  EXPECT_EQ(taken(2), 2);
}

TEST_F(ARateLimit, NeverMindsASlowPeer) {
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(taken(3), 3);
    clock_.advance(1s);
  }
}

TEST_F(ARateLimit, SavesNothingUp) {
  clock_.advance(1h);
  EXPECT_EQ(taken(10), 3);
}

}  // namespace
}  // namespace softvpu
