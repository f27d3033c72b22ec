// SPDX-License-Identifier: LGPL-2.1-or-later
#include "media/frame_layout.h"

#include <gtest/gtest.h>

#include <set>

namespace softvpu {
namespace {

TEST(ThePixelFormatTable, OffersYu12First) {
  ASSERT_FALSE(pixel_formats().empty());
  EXPECT_EQ(pixel_formats().front().fourcc, kYuv420);
}

TEST(ThePixelFormatTable, HasEachFormatOnceAndFindsIt) {
  std::set<FourCC> seen;
  for (const PixelFormatInfo& row : pixel_formats()) {
    EXPECT_TRUE(seen.insert(row.fourcc).second) << to_string(row.fourcc);
    EXPECT_EQ(find_pixel_format(row.fourcc), &row);
  }
  EXPECT_EQ(find_pixel_format(kH264), nullptr);
  EXPECT_EQ(find_pixel_format(FourCC::kNone), nullptr);
}

TEST(AYu12Layout, PadsTheStrideTo128AndHalvesItForChroma) {
  const auto layout = layout_for(kYuv420, {1920, 1080});
  ASSERT_TRUE(layout.has_value());
  EXPECT_EQ(layout->size, (Size{1920, 1088}));
  EXPECT_EQ(layout->memory_planes, 1u);
  EXPECT_EQ(layout->components, 3u);
  EXPECT_EQ(layout->stride, (std::array<uint32_t, kMaxPlanes>{1920, 960, 960, 0}));
  EXPECT_EQ(layout->offset, (std::array<uint32_t, kMaxPlanes>{0, 1920 * 1088, 1920 * 1088 * 5 / 4, 0}));
  EXPECT_EQ(layout->plane_size, (std::array<uint32_t, kMaxPlanes>{1920 * 1088 * 3 / 2, 0, 0, 0}));
}

TEST(AYu12Layout, OfAnOddSmallSizeHoldsWholeBlocks) {
  const auto layout = layout_for(kYuv420, {17, 1});
  ASSERT_TRUE(layout.has_value());
  EXPECT_EQ(layout->size, (Size{32, 16}));
  EXPECT_EQ(layout->stride[0], 128u);
  EXPECT_EQ(layout->stride[1], 64u);
  EXPECT_EQ(layout->plane_size[0], 128u * 16 * 3 / 2);
}

TEST(AnNv12Layout, PadsTheStrideTo64AndKeepsItForChroma) {
  const auto layout = layout_for(kNv12, {720, 576});
  ASSERT_TRUE(layout.has_value());
  EXPECT_EQ(layout->components, 2u);
  EXPECT_EQ(layout->stride, (std::array<uint32_t, kMaxPlanes>{768, 768, 0, 0}));
  EXPECT_EQ(layout->offset[1], 768u * 576);
  EXPECT_EQ(layout->plane_size[0], 768u * 576 * 3 / 2);
}

// What a client computes from V4L2's rules alone must be what we mean.
TEST(EveryLayout, FollowsFromStrideAndHeightAlone) {
  for (const PixelFormatInfo& info : pixel_formats()) {
    for (const Size size : {Size{1, 1}, Size{16, 16}, Size{176, 144}, Size{1366, 768}, Size{4096, 2304}, Size{8192, 8192}}) {
      const auto layout = layout_for(info.fourcc, size);
      ASSERT_TRUE(layout.has_value()) << to_string(info.fourcc);
      EXPECT_GE(layout->stride[0], layout->size.width);
      EXPECT_EQ(layout->offset[1], layout->stride[0] * layout->size.height);
      EXPECT_EQ(layout->stride[1], info.components == 2 ? layout->stride[0] : layout->stride[0] / 2);
      EXPECT_EQ(layout->plane_size[0], layout->stride[0] * layout->size.height * 3 / 2);
    }
  }
}

TEST(ALayout, IsRefusedForUnknownFormatsAndEmptySizes) {
  EXPECT_EQ(layout_for(kH264, {16, 16}).error().code, EINVAL);
  EXPECT_EQ(layout_for(FourCC::kNone, {16, 16}).error().code, EINVAL);
  EXPECT_EQ(layout_for(kYuv420, {0, 16}).error().code, EINVAL);
  EXPECT_EQ(layout_for(kYuv420, {16, 0}).error().code, EINVAL);
}

TEST(ALayout, IsRefusedWhenItsBytesDoNotFit31Bits) {
  EXPECT_TRUE(layout_for(kYuv420, {32768, 32768}).has_value());
  EXPECT_EQ(layout_for(kYuv420, {65536, 32768}).error().code, ERANGE);
  EXPECT_EQ(layout_for(kNv12, {UINT32_MAX, 1}).error().code, ERANGE);
  EXPECT_EQ(layout_for(kNv12, {1, UINT32_MAX}).error().code, ERANGE);
}

TEST(AReadableTail, IsTwoLumaLines) {
  const auto layout = layout_for(kYuv420, {1920, 1080});
  ASSERT_TRUE(layout.has_value());
  EXPECT_EQ(readable_tail(*layout), 2u * 1920);
}

}  // namespace
}  // namespace softvpu
