// SPDX-License-Identifier: LGPL-2.1-or-later
// The window over the inputs whose frames are still to come. Clause: dev-decoder.rst, Decoding, note on timestamps.
#include "v4l2/queue/tag_history.h"

#include <gtest/gtest.h>

namespace softvpu::v4l2 {
namespace {

TEST(ATagHistory, FindsWhatWasSaidOfAnInput) {
  TagHistory history;
  const auto first = history.add({.timestamp = {1, 2}});
  const auto second = history.add({.timestamp = {3, 4}, .flags = V4L2_BUF_FLAG_TIMECODE});
  EXPECT_NE(first, second);
  EXPECT_EQ(history.find(first)->timestamp.tv_sec, 1);
  EXPECT_EQ(history.find(second)->flags, uint32_t{V4L2_BUF_FLAG_TIMECODE});
}

TEST(ATagHistory, KnowsNoTagThatItNeverGave) {
  TagHistory history;
  EXPECT_EQ(history.find(codec::Tag{0}), nullptr);
  EXPECT_EQ(history.find(codec::Tag{1}), nullptr);
  const auto last = history.add({});
  EXPECT_EQ(history.find(codec::Tag{static_cast<uint64_t>(last) + 1}), nullptr);
  EXPECT_EQ(history.find(codec::Tag{~uint64_t{0}}), nullptr);
}

TEST(ATagHistory, FallsBackToTheOldestItKept) {
  TagHistory history;
  const auto first = history.add({.timestamp = {1, 0}});
  for (size_t i = 0; i < TagHistory::kCapacity; ++i) history.add({.timestamp = {static_cast<time_t>(i + 2), 0}});
  ASSERT_NE(history.find(first), nullptr);
  EXPECT_EQ(history.find(first)->timestamp.tv_sec, 2);
}

}  // namespace
}  // namespace softvpu::v4l2
