// SPDX-License-Identifier: LGPL-2.1-or-later
// What core decides arrives as media's values: core/frame_layout_test.cc tests what it decides.
#include "media/frame_layout.h"

#include <gtest/gtest.h>

#include "core/frame_layout.h"

namespace softvpu {
namespace {

TEST(APixelFormat, IsTheRowOfTheCoresTable) {
  uint32_t rows = 0;
  for (; const auto info = pixel_format_at(rows); ++rows) {
    const svpu_pixel_format* row = svpu_pixel_format_at(rows);
    ASSERT_NE(row, nullptr);
    EXPECT_EQ(static_cast<uint32_t>(info->fourcc), row->fourcc);
    EXPECT_EQ(info->bit_depth, row->bit_depth);
    EXPECT_EQ(info->memory_planes, row->memory_planes);
    ASSERT_EQ(info->components, row->components);
    for (uint32_t i = 0; i < row->components; ++i) {
      EXPECT_EQ(info->component[i].bytes_per_sample, row->component[i].bytes_per_sample);
      EXPECT_EQ(info->component[i].horizontal_shift, row->component[i].horizontal_shift);
      EXPECT_EQ(info->component[i].vertical_shift, row->component[i].vertical_shift);
    }
    const auto found = find_pixel_format(info->fourcc);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->components, info->components);
  }
  EXPECT_EQ(svpu_pixel_format_at(rows), nullptr);
  EXPECT_FALSE(find_pixel_format(kH264));
  EXPECT_FALSE(find_pixel_format(FourCC::kNone));
}

TEST(ALayout, HasTheCoresNumbers) {
  for (uint32_t row = 0; const svpu_pixel_format* format = svpu_pixel_format_at(row); ++row) {
    svpu_frame_layout core;
    ASSERT_EQ(svpu_frame_layout_set(&core, format, 1920, 1080), SVPU_LAYOUT_OK);
    const auto layout = layout_for(static_cast<FourCC>(format->fourcc), {1920, 1080});
    ASSERT_TRUE(layout.has_value());
    EXPECT_EQ(static_cast<uint32_t>(layout->fourcc), format->fourcc);
    EXPECT_EQ(layout->size, (Size{core.width, core.height}));
    EXPECT_EQ(layout->memory_planes, format->memory_planes);
    EXPECT_EQ(layout->components, format->components);
    for (uint32_t i = 0; i < kMaxPlanes; ++i) {
      EXPECT_EQ(layout->stride[i], core.stride[i]);
      EXPECT_EQ(layout->offset[i], core.offset[i]);
      EXPECT_EQ(layout->component_plane[i], core.component_plane[i]);
      EXPECT_EQ(layout->plane_size[i], core.plane_size[i]);
    }
    EXPECT_EQ(readable_tail(*layout), svpu_frame_layout_tail(&core));
  }
}

TEST(ALayout, IsRefusedWithTheRightErrno) {
  EXPECT_EQ(layout_for(kH264, {16, 16}).error().code, EINVAL);
  EXPECT_EQ(layout_for(FourCC::kNone, {16, 16}).error().code, EINVAL);
  EXPECT_EQ(layout_for(kYuv420, {0, 16}).error().code, EINVAL);
  EXPECT_EQ(layout_for(kYuv420, {65536, 32720}).error().code, ERANGE);
}

}  // namespace
}  // namespace softvpu
