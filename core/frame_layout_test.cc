// SPDX-License-Identifier: LGPL-2.1-or-later
// The table of raw formats and the layouts that follow from it, for both hosts.
#include "core/frame_layout.h"

#include <gtest/gtest.h>
#include <linux/videodev2.h>

#include <array>
#include <climits>
#include <set>

namespace {

using Planes = std::array<uint32_t, SVPU_MAX_COMPONENTS>;

Planes planes(const __u32 (&values)[SVPU_MAX_COMPONENTS]) { return {values[0], values[1], values[2], values[3]}; }

svpu_frame_layout layout_of(uint32_t fourcc, uint32_t width, uint32_t height) {
  svpu_frame_layout layout{};
  EXPECT_EQ(svpu_frame_layout_set(&layout, svpu_pixel_format_find(fourcc), width, height), SVPU_LAYOUT_OK);
  return layout;
}

svpu_layout_result refusal(uint32_t fourcc, uint32_t width, uint32_t height) {
  svpu_frame_layout layout{};
  return svpu_frame_layout_set(&layout, svpu_pixel_format_find(fourcc), width, height);
}

TEST(ThePixelFormatTable, HasTheNumbersOfV4L2) {
  EXPECT_EQ(SVPU_PIX_FMT_NV12, V4L2_PIX_FMT_NV12);
  EXPECT_EQ(SVPU_PIX_FMT_YUV420, V4L2_PIX_FMT_YUV420);
}

TEST(ThePixelFormatTable, HasNv12First) {
  ASSERT_NE(svpu_pixel_format_at(0), nullptr);
  EXPECT_EQ(svpu_pixel_format_at(0)->fourcc, SVPU_PIX_FMT_NV12);
}

TEST(ThePixelFormatTable, HasEachFormatOnceAndFindsIt) {
  std::set<uint32_t> seen;
  for (unsigned i = 0; const svpu_pixel_format* row = svpu_pixel_format_at(i); ++i) {
    EXPECT_TRUE(seen.insert(row->fourcc).second) << row->fourcc;
    EXPECT_EQ(svpu_pixel_format_find(row->fourcc), row);
    EXPECT_GE(row->memory_planes, 1);
    EXPECT_GE(row->components, row->memory_planes);
    EXPECT_LE(row->components, SVPU_MAX_COMPONENTS);
  }
  EXPECT_EQ(svpu_pixel_format_at(UINT_MAX), nullptr);
  EXPECT_EQ(svpu_pixel_format_find(V4L2_PIX_FMT_H264), nullptr);
  EXPECT_EQ(svpu_pixel_format_find(0), nullptr);
}

TEST(AYu12Layout, HasTheCodedWidthForItsStrideAndHalfOfItForChroma) {
  // A width that only the block of 16 divides: no other alignment passes for it.
  const svpu_frame_layout layout = layout_of(SVPU_PIX_FMT_YUV420, 1360, 762);
  EXPECT_EQ(layout.width, 1360u);
  EXPECT_EQ(layout.height, 768u);
  EXPECT_EQ(planes(layout.stride), (Planes{1360, 680, 680, 0}));
  EXPECT_EQ(planes(layout.offset), (Planes{0, 1360 * 768, 1360 * 768 * 5 / 4, 0}));
  EXPECT_EQ(planes(layout.component_plane), (Planes{}));
  EXPECT_EQ(planes(layout.plane_size), (Planes{1360 * 768 * 3 / 2, 0, 0, 0}));
}

TEST(AYu12Layout, OfAnOddSmallSizeHoldsWholeBlocks) {
  const svpu_frame_layout layout = layout_of(SVPU_PIX_FMT_YUV420, 17, 1);
  EXPECT_EQ(layout.width, 32u);
  EXPECT_EQ(layout.height, 16u);
  EXPECT_EQ(planes(layout.stride), (Planes{32, 16, 16, 0}));
  EXPECT_EQ(layout.plane_size[0], 32u * 16 * 3 / 2);
}

TEST(AnNv12Layout, HasTheCodedWidthForItsStrideInBothPlanes) {
  const svpu_frame_layout layout = layout_of(SVPU_PIX_FMT_NV12, 720, 576);
  EXPECT_EQ(planes(layout.stride), (Planes{720, 720, 0, 0}));
  EXPECT_EQ(layout.offset[1], 720u * 576);
  EXPECT_EQ(layout.plane_size[0], 720u * 576 * 3 / 2);
}

// Formats without a row yet: two memory planes, and samples of two bytes.
TEST(ALayout, OfTwoMemoryPlanesStartsEachAtZero) {
  const svpu_pixel_format nm12{
      .fourcc = V4L2_PIX_FMT_NV12M, .bit_depth = 8, .memory_planes = 2, .components = 2, .component = {{1, 0, 0}, {2, 1, 1}}};
  svpu_frame_layout layout{};
  ASSERT_EQ(svpu_frame_layout_set(&layout, &nm12, 64, 32), SVPU_LAYOUT_OK);
  EXPECT_EQ(planes(layout.offset), (Planes{}));
  EXPECT_EQ(planes(layout.component_plane), (Planes{0, 1, 0, 0}));
  EXPECT_EQ(planes(layout.plane_size), (Planes{64 * 32, 64 * 16, 0, 0}));
}

TEST(ALayout, OfSamplesOfTwoBytesHasTwiceTheStride) {
  const svpu_pixel_format p010{
      .fourcc = V4L2_PIX_FMT_P010, .bit_depth = 10, .memory_planes = 1, .components = 2, .component = {{2, 0, 0}, {4, 1, 1}}};
  svpu_frame_layout layout{};
  ASSERT_EQ(svpu_frame_layout_set(&layout, &p010, 64, 32), SVPU_LAYOUT_OK);
  EXPECT_EQ(planes(layout.stride), (Planes{128, 128, 0, 0}));
  EXPECT_EQ(layout.plane_size[0], 128u * 32 * 3 / 2);
}

// What a client computes from V4L2's rules alone must be what we mean.
TEST(EveryLayout, FollowsFromStrideAndHeightAlone) {
  for (unsigned i = 0; const svpu_pixel_format* format = svpu_pixel_format_at(i); ++i) {
    for (const auto& [width, height] :
         {std::pair{1u, 1u}, {16u, 16u}, {176u, 144u}, {1366u, 768u}, {4096u, 2304u}, {8192u, 8192u}}) {
      const svpu_frame_layout layout = layout_of(format->fourcc, width, height);
      EXPECT_EQ(layout.stride[0], layout.width) << "clients that ignore bytesperline";
      EXPECT_EQ(layout.offset[1], layout.stride[0] * layout.height);
      EXPECT_EQ(layout.stride[1], format->components == 2 ? layout.stride[0] : layout.stride[0] / 2);
      EXPECT_EQ(layout.plane_size[0], layout.stride[0] * layout.height * 3 / 2);
      EXPECT_EQ(svpu_frame_layout_tail(&layout), 2 * layout.stride[0]);
    }
  }
}

TEST(ALayout, EqualsOneOfTheSameFormatAndBuffer) {
  const svpu_frame_layout one = layout_of(SVPU_PIX_FMT_NV12, 64, 48);
  const svpu_frame_layout same = layout_of(SVPU_PIX_FMT_NV12, 63, 47);
  const svpu_frame_layout wider = layout_of(SVPU_PIX_FMT_NV12, 80, 48);
  const svpu_frame_layout other = layout_of(SVPU_PIX_FMT_YUV420, 64, 48);
  EXPECT_TRUE(svpu_frame_layout_equal(&one, &same));
  EXPECT_FALSE(svpu_frame_layout_equal(&one, &wider));
  EXPECT_FALSE(svpu_frame_layout_equal(&one, &other));
}

TEST(ALayout, IsRefusedForEmptySizes) {
  EXPECT_EQ(refusal(SVPU_PIX_FMT_YUV420, 0, 16), SVPU_LAYOUT_EMPTY);
  EXPECT_EQ(refusal(SVPU_PIX_FMT_YUV420, 16, 0), SVPU_LAYOUT_EMPTY);
}

TEST(ALayout, IsRefusedWhenItsBytesDoNotFit31Bits) {
  EXPECT_EQ(refusal(SVPU_PIX_FMT_YUV420, 32720, 32720), SVPU_LAYOUT_OK);
  EXPECT_EQ(refusal(SVPU_PIX_FMT_YUV420, 65536, 32720), SVPU_LAYOUT_TOO_LARGE);
  EXPECT_EQ(refusal(SVPU_PIX_FMT_NV12, UINT32_MAX, 1), SVPU_LAYOUT_TOO_LARGE);
  EXPECT_EQ(refusal(SVPU_PIX_FMT_NV12, 1, UINT32_MAX), SVPU_LAYOUT_TOO_LARGE);
}

TEST(ALayout, ThatIsRefusedLeavesTheOldOne) {
  svpu_frame_layout layout = layout_of(SVPU_PIX_FMT_NV12, 64, 48);
  const svpu_frame_layout before = layout;
  EXPECT_EQ(svpu_frame_layout_set(&layout, layout.format, 65536, 65536), SVPU_LAYOUT_TOO_LARGE);
  EXPECT_TRUE(svpu_frame_layout_equal(&layout, &before));
}

TEST(ASideOfAPicture, StaysOnTheGridAndInsideItsLimits) {
  EXPECT_EQ(svpu_frame_side_clamp(641, 16, 4096, 2), 642u);
  EXPECT_EQ(svpu_frame_side_clamp(0, 16, 4096, 2), 16u);
  EXPECT_EQ(svpu_frame_side_clamp(UINT32_MAX, 16, 4096, 2), 4096u);
  EXPECT_EQ(svpu_frame_side_clamp(10, 1, 10, 4), 9u) << "rounding up would leave the range";
  EXPECT_EQ(svpu_frame_side_clamp(7, 1, 10, 0), 7u) << "a step of 0 is one of 1";
  EXPECT_EQ(svpu_frame_side_clamp(7, 5, 4, 1), 5u);
}

TEST(ABitstreamBuffer, HoldsAnyAccessUnit) {
  EXPECT_EQ(svpu_bitstream_size(16, 16, 0), 2u << 20) << "level 3's coded picture buffer";
  EXPECT_EQ(svpu_bitstream_size(1920, 1088, 0), 6266880u) << "twice the raw picture";
  EXPECT_EQ(svpu_bitstream_size(16, 16, 3'000'001), 3'002'368u) << "as the client wants, in whole pages";
  EXPECT_EQ(svpu_bitstream_size(65536, 65536, 0), SVPU_MAX_BITSTREAM_BYTES);
  EXPECT_EQ(svpu_bitstream_size(16, 16, UINT32_MAX), SVPU_MAX_BITSTREAM_BYTES);
}

}  // namespace
