// SPDX-License-Identifier: LGPL-2.1-or-later
#include "media/geometry.h"

#include <gtest/gtest.h>

namespace softvpu {
namespace {

constexpr SizeRange kRange{.min = {16, 32}, .max = {4096, 2304}, .step = {2, 16}};

TEST(ASizeRange, LeavesASizeThatFits) { EXPECT_EQ(kRange.clamp({640, 480}), (Size{640, 480})); }

TEST(ASizeRange, RoundsUpToTheStep) { EXPECT_EQ(kRange.clamp({641, 481}), (Size{642, 496})); }

TEST(ASizeRange, StaysInsideItsLimits) {
  EXPECT_EQ(kRange.clamp({0, 0}), (Size{16, 32}));
  EXPECT_EQ(kRange.clamp({UINT32_MAX, UINT32_MAX}), (Size{4096, 2304}));
}

TEST(ASizeRange, RoundsDownWhereRoundingUpWouldLeaveIt) {
  constexpr SizeRange odd{.min = {1, 1}, .max = {10, 10}, .step = {4, 4}};
  EXPECT_EQ(odd.clamp({10, 6}), (Size{9, 9}));
}

TEST(ASizeRange, ClampsToWhatItContains) {
  for (uint32_t width = 0; width < 5000; width += 7) {
    for (uint32_t height = 0; height < 3000; height += 13) EXPECT_TRUE(kRange.contains(kRange.clamp({width, height})));
  }
}

TEST(ASizeRange, ContainsOnlyItsGrid) {
  EXPECT_TRUE(kRange.contains({16, 32}));
  EXPECT_TRUE(kRange.contains({4096, 2304}));
  EXPECT_FALSE(kRange.contains({17, 32}));
  EXPECT_FALSE(kRange.contains({16, 40}));
  EXPECT_FALSE(kRange.contains({14, 32}));
  EXPECT_FALSE(kRange.contains({4098, 32}));
}

TEST(ASizeRange, WithoutAStepTakesEverySize) {
  constexpr SizeRange any{.min = {1, 1}, .max = {10, 10}, .step = {0, 0}};
  EXPECT_EQ(any.clamp({7, 3}), (Size{7, 3}));
  EXPECT_TRUE(any.contains({7, 3}));
}

TEST(AnAlignment, RoundsUp) {
  EXPECT_EQ(align_up(0, 16), 0u);
  EXPECT_EQ(align_up(1, 16), 16u);
  EXPECT_EQ(align_up(16, 16), 16u);
}

}  // namespace
}  // namespace softvpu
