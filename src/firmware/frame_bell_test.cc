// SPDX-License-Identifier: GPL-2.0-or-later
// For whom the host is woken: see frame_bell.h.
#include "firmware/frame_bell.h"

#include <gtest/gtest.h>

namespace softvpu::firmware {
namespace {

// A client with queues on both sides.
FrameBell deep() {
  FrameBell bell;
  for (int i = 0; i < 16; ++i) {
    bell.input_queued();
    bell.output_queued();
  }
  return bell;
}

TEST(AFrameBell, RingsForTheFirstFrameAtOnce) {
  FrameBell bell = deep();
  EXPECT_TRUE(bell.output_done());
  EXPECT_FALSE(bell.output_done());
  bell.expect_first();
  EXPECT_TRUE(bell.output_done()) << "after a flush";
}

TEST(AFrameBell, RingsForEverySecondFrameOfADeepQueue) {
  FrameBell bell = deep();
  bell.output_done();
  int rung = 0;
  for (int i = 0; i < 100; ++i) {
    rung += bell.input_done() ? 1 : 0;
    rung += bell.output_done() ? 1 : 0;
    bell.input_queued();
    bell.output_queued();
  }
  EXPECT_EQ(rung, 50);
}

TEST(AFrameBell, RingsForEachFrameWhenFewOutputsAreLeft) {
  FrameBell bell;
  for (int i = 0; i < 6; ++i) bell.output_queued();
  bell.output_done();
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(bell.output_done()) << i;
}

TEST(AFrameBell, RingsBeforeTheInputsRunOut) {
  FrameBell bell;
  for (int i = 0; i < 8; ++i) bell.input_queued();
  int unsaid = 0;
  while (!bell.input_done()) ++unsaid;
  EXPECT_EQ(unsaid, 3) << "four are used up, four are left";
}

TEST(AFrameBell, RingsForTheOnlyInput) {
  FrameBell bell;
  bell.input_queued();
  EXPECT_TRUE(bell.input_done());
}

TEST(AFrameBell, OfAnEncoderRingsForEverything) {
  FrameBell bell = deep();
  bell.ring_always();
  for (int i = 0; i < 16; ++i) {
    EXPECT_TRUE(bell.input_done()) << i;
    EXPECT_TRUE(bell.output_done()) << i;
  }
}

TEST(AFrameBell, CountsAnewAfterAnotherRing) {
  FrameBell bell = deep();
  bell.output_done();
  EXPECT_FALSE(bell.output_done());
  bell.rung();
  EXPECT_FALSE(bell.output_done());
  EXPECT_TRUE(bell.output_done());
}

}  // namespace
}  // namespace softvpu::firmware
