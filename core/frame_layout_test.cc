// SPDX-License-Identifier: LGPL-2.1-or-later
// The layouts that follow from the table of raw formats, for both hosts.
#include "core/frame_layout.h"

#include <gtest/gtest.h>
#include <linux/videodev2.h>

#include <array>
#include <iterator>
#include <utility>

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

TEST(ALayout, OfTwoMemoryPlanesStartsEachAtZero) {
  const svpu_frame_layout layout = layout_of(SVPU_PIX_FMT_NV12M, 64, 32);
  EXPECT_EQ(planes(layout.offset), (Planes{}));
  EXPECT_EQ(planes(layout.component_plane), (Planes{0, 1, 0, 0}));
  EXPECT_EQ(planes(layout.plane_size), (Planes{64 * 32, 64 * 16, 0, 0}));
}

// A format without a row yet.
TEST(ALayout, OfSamplesOfTwoBytesHasTwiceTheStride) {
  const svpu_pixel_format p010{
      .fourcc = V4L2_PIX_FMT_P010, .bit_depth = 10, .memory_planes = 1, .components = 2, .component = {{2, 0, 0}, {4, 1, 1}}};
  svpu_frame_layout layout{};
  ASSERT_EQ(svpu_frame_layout_set(&layout, &p010, 64, 32), SVPU_LAYOUT_OK);
  EXPECT_EQ(planes(layout.stride), (Planes{128, 128, 0, 0}));
  EXPECT_EQ(layout.plane_size[0], 128u * 32 * 3 / 2);
}

// What a client computes from V4L2's rules alone must be what we mean: one row per format, with the
// bytes of a line per pixel of width, of chroma's line, and of the whole frame, in quarters.
struct Expected {
  uint32_t fourcc;
  uint32_t planes;         // in memory
  uint32_t line;           // bytes per four pixels
  uint32_t chroma_line;    // bytes per four pixels; 0: no chroma plane of its own
  uint32_t frame;          // bytes per four pixels of the picture, of all planes
  uint32_t chroma_planes;  // component planes
};
constexpr Expected kExpected[] = {
    {V4L2_PIX_FMT_YUV420, 1, 4, 2, 6, 2},   {V4L2_PIX_FMT_YVU420, 1, 4, 2, 6, 2},   {V4L2_PIX_FMT_NV12, 1, 4, 4, 6, 1},
    {V4L2_PIX_FMT_NV21, 1, 4, 4, 6, 1},     {V4L2_PIX_FMT_YUV420M, 3, 4, 2, 6, 2},  {V4L2_PIX_FMT_YVU420M, 3, 4, 2, 6, 2},
    {V4L2_PIX_FMT_NV12M, 2, 4, 4, 6, 1},    {V4L2_PIX_FMT_NV21M, 2, 4, 4, 6, 1},    {V4L2_PIX_FMT_YUV422P, 1, 4, 2, 8, 2},
    {V4L2_PIX_FMT_NV16, 1, 4, 4, 8, 1},     {V4L2_PIX_FMT_NV61, 1, 4, 4, 8, 1},     {V4L2_PIX_FMT_NV16M, 2, 4, 4, 8, 1},
    {V4L2_PIX_FMT_YUYV, 1, 8, 0, 8, 0},     {V4L2_PIX_FMT_YVYU, 1, 8, 0, 8, 0},     {V4L2_PIX_FMT_UYVY, 1, 8, 0, 8, 0},
    {V4L2_PIX_FMT_VYUY, 1, 8, 0, 8, 0},     {V4L2_PIX_FMT_NV24, 1, 4, 8, 12, 1},    {V4L2_PIX_FMT_NV42, 1, 4, 8, 12, 1},
    {V4L2_PIX_FMT_RGB24, 1, 12, 0, 12, 0},  {V4L2_PIX_FMT_BGR24, 1, 12, 0, 12, 0},  {V4L2_PIX_FMT_RGB32, 1, 16, 0, 16, 0},
    {V4L2_PIX_FMT_BGR32, 1, 16, 0, 16, 0},  {V4L2_PIX_FMT_ARGB32, 1, 16, 0, 16, 0}, {V4L2_PIX_FMT_XRGB32, 1, 16, 0, 16, 0},
    {V4L2_PIX_FMT_ABGR32, 1, 16, 0, 16, 0}, {V4L2_PIX_FMT_XBGR32, 1, 16, 0, 16, 0}, {V4L2_PIX_FMT_RGBA32, 1, 16, 0, 16, 0},
    {V4L2_PIX_FMT_RGBX32, 1, 16, 0, 16, 0}, {V4L2_PIX_FMT_BGRA32, 1, 16, 0, 16, 0}, {V4L2_PIX_FMT_BGRX32, 1, 16, 0, 16, 0},
    {V4L2_PIX_FMT_HSV24, 1, 12, 0, 12, 0},  {V4L2_PIX_FMT_HSV32, 1, 16, 0, 16, 0},  {V4L2_PIX_FMT_GREY, 1, 4, 0, 4, 0},
};

TEST(EveryLayout, FollowsFromStrideAndHeightAlone) {
  unsigned rows = 0;
  while (svpu_pixel_format_at(rows) != nullptr) ++rows;
  EXPECT_EQ(rows, std::size(kExpected));
  for (const Expected& expected : kExpected) {
    const svpu_pixel_format* format = svpu_pixel_format_find(expected.fourcc);
    ASSERT_NE(format, nullptr) << expected.fourcc;
    EXPECT_EQ(format->memory_planes, expected.planes);
    ASSERT_EQ(format->components, 1 + expected.chroma_planes);
    for (const auto& [width, height] : {std::pair{1u, 1u}, {16u, 16u}, {17u, 33u}, {176u, 144u}, {1366u, 768u}, {8192u, 8192u}}) {
      const svpu_frame_layout layout = layout_of(expected.fourcc, width, height);
      EXPECT_EQ(layout.stride[0], layout.width * expected.line / 4) << "clients that ignore bytesperline";
      const uint32_t lines = layout.height >> format->component[1].vertical_shift;
      uint32_t bytes = layout.stride[0] * layout.height;
      for (uint32_t i = 1; i <= expected.chroma_planes; ++i) {
        EXPECT_EQ(layout.stride[i], layout.width * expected.chroma_line / 4);
        EXPECT_EQ(layout.offset[i], expected.planes > 1 ? 0 : bytes);
        EXPECT_EQ(layout.component_plane[i], expected.planes > 1 ? i : 0);
        bytes += layout.stride[i] * lines;
      }
      uint32_t all = 0;
      for (const uint32_t plane : layout.plane_size) all += plane;
      EXPECT_EQ(all, bytes);
      EXPECT_EQ(all, static_cast<uint64_t>(layout.width) * layout.height * expected.frame / 4);
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
