// SPDX-License-Identifier: LGPL-2.1-or-later
// Priorities of several opens. Clauses: vidioc-g-priority.rst.
#include "v4l2/file/priority.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace softvpu::v4l2 {
namespace {

TEST(DevicePriorities, ReportTheHighestThatIsOpen) {
  PriorityState state;
  EXPECT_EQ(state.highest(), uint32_t{V4L2_PRIORITY_UNSET});
  ASSERT_TRUE(state.change(V4L2_PRIORITY_UNSET, V4L2_PRIORITY_DEFAULT));
  ASSERT_TRUE(state.change(V4L2_PRIORITY_UNSET, V4L2_PRIORITY_DEFAULT));
  ASSERT_TRUE(state.change(V4L2_PRIORITY_DEFAULT, V4L2_PRIORITY_RECORD));
  EXPECT_EQ(state.highest(), uint32_t{V4L2_PRIORITY_RECORD});
  EXPECT_EQ(state.check(V4L2_PRIORITY_DEFAULT).error().code, EBUSY);
  EXPECT_TRUE(state.check(V4L2_PRIORITY_RECORD));
  ASSERT_TRUE(state.change(V4L2_PRIORITY_RECORD, V4L2_PRIORITY_UNSET));
  EXPECT_EQ(state.highest(), uint32_t{V4L2_PRIORITY_DEFAULT});
  EXPECT_TRUE(state.check(V4L2_PRIORITY_DEFAULT));
}

TEST(DevicePriorities, KnowFourValues) {
  PriorityState state;
  EXPECT_EQ(state.change(V4L2_PRIORITY_UNSET, V4L2_PRIORITY_RECORD + 1).error().code, EINVAL);
  EXPECT_EQ(state.highest(), uint32_t{V4L2_PRIORITY_UNSET});
}

}  // namespace
}  // namespace softvpu::v4l2
