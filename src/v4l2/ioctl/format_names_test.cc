// SPDX-License-Identifier: LGPL-2.1-or-later
// Names as clients and v4l2-compliance compare them.
#include "v4l2/ioctl/format_names.h"

#include <gtest/gtest.h>

namespace softvpu::v4l2 {
namespace {

TEST(FormatDescriptions, AreThoseOfCurrentKernels) {
  EXPECT_EQ(format_description(kNv12), "Y/UV 4:2:0");
  EXPECT_EQ(format_description(kYuv420), "Planar YUV 4:2:0");
  EXPECT_EQ(format_description(kH264), "H.264");
  EXPECT_EQ(format_description(make_fourcc('T', 'E', 'S', 'T')), "TEST");
}

}  // namespace
}  // namespace softvpu::v4l2
