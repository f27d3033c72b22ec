// SPDX-License-Identifier: LGPL-2.1-or-later
// Pictures of clients that ignore bytesperline: FFmpeg's frames, by how it allocates them.
#include "core/source_pitch.h"

#include <gtest/gtest.h>

#include <vector>

namespace softvpu {
namespace {

constexpr uint32_t kNv12 = SVPU_PIX_FMT_NV12, kYu12 = SVPU_PIX_FMT_YUV420;

svpu_frame_layout tight(uint32_t fourcc, uint32_t width, uint32_t height) {
  const uint32_t none[SVPU_MAX_COMPONENTS] = {};
  svpu_frame_layout layout{};
  EXPECT_EQ(svpu_source_layout_set(&layout, svpu_pixel_format_find(fourcc), width, height, none), SVPU_LAYOUT_OK);
  return layout;
}

uint32_t aligned(uint32_t value, uint32_t to) { return (value + to - 1) / to * to; }

struct Frame {
  uint32_t fourcc, width, height;
  std::vector<uint32_t> stride;
};

// What FFmpeg would say in bytesused: each plane's lines, and V4L2's height.
uint32_t bytes_of(const Frame& frame) {
  uint32_t bytes = 0;
  const svpu_pixel_format* format = svpu_pixel_format_find(frame.fourcc);
  for (uint32_t i = 0; i < format->components; ++i) {
    const uint32_t shift = format->component[i].vertical_shift;
    bytes += frame.stride[i] * ((frame.height + (1u << shift) - 1) >> shift);
  }
  return bytes;
}

void expect_found(const Frame& frame) {
  SCOPED_TRACE(std::to_string(frame.width) + "x" + std::to_string(frame.height) + ", lines of " +
               std::to_string(frame.stride[0]));
  svpu_frame_layout layout = tight(frame.fourcc, frame.width, frame.height);
  const uint32_t bytes = bytes_of(frame);
  EXPECT_LE(bytes, layout.plane_size[0] + svpu_source_slack(&layout)) << "a buffer of ours holds it";
  ASSERT_TRUE(svpu_source_layout_filling(&layout, layout.format, frame.width, frame.height, bytes));
  uint32_t offset = 0;
  for (uint32_t i = 0; i < layout.format->components; ++i) {
    EXPECT_EQ(layout.stride[i], frame.stride[i]) << i;
    EXPECT_EQ(layout.offset[i], offset) << i;
    const uint32_t shift = layout.format->component[i].vertical_shift;
    offset += frame.stride[i] * ((frame.height + (1u << shift) - 1) >> shift);
  }
  EXPECT_EQ(layout.plane_size[0], bytes);
  EXPECT_EQ(layout.width, frame.width);
}

// A filter's frames: each plane's lines are aligned for themselves. A decoder's: luma's twice as far.
TEST(TheLinesOfAPicture, AreFoundByItsBytes) {
  for (const uint32_t width : {320u, 426u, 640u, 780u, 854u, 1296u, 1920u, 321u})
    for (const uint32_t height : {240u, 361u, 972u})
      for (const uint32_t align : {16u, 32u, 64u}) {
        const uint32_t luma = aligned(width, align);
        expect_found({kYu12, width, height, {luma, aligned(luma / 2, align), aligned(luma / 2, align)}});
        expect_found({kNv12, width, height, {luma, luma}});
        const uint32_t twice = aligned(width, 2 * align);
        expect_found({kYu12, width, height, {twice, twice / 2, twice / 2}});
        expect_found({SVPU_PIX_FMT_YUYV, width, height, {aligned(2 * width, align)}});
        expect_found({SVPU_PIX_FMT_RGB24, width, height, {3 * aligned(width, align)}});
        expect_found({SVPU_PIX_FMT_YUV422P, width, height, {twice, twice / 2, twice / 2}});
      }
}

TEST(TheLinesOfAPicture, AreThoseOfTheFormatWhereNothingElseFits) {
  svpu_frame_layout layout = tight(kYu12, 320, 240);
  const svpu_frame_layout before = layout;
  for (const uint32_t bytes : {0u, 1u, layout.plane_size[0] - 1, layout.plane_size[0] + 1, 0xffffffffu})
    EXPECT_FALSE(svpu_source_layout_filling(&layout, layout.format, 320, 240, bytes)) << bytes;
  EXPECT_FALSE(svpu_source_layout_filling(&layout, svpu_pixel_format_find(SVPU_PIX_FMT_NV12M), 320, 240, 320 * 240));
  EXPECT_FALSE(svpu_source_layout_filling(&layout, layout.format, 0, 240, 100));
  EXPECT_EQ(layout.plane_size[0], before.plane_size[0]) << "unchanged";
  const svpu_frame_layout planes = tight(SVPU_PIX_FMT_NV12M, 320, 240);
  EXPECT_EQ(svpu_source_slack(&planes), 0u);
}

}  // namespace
}  // namespace softvpu
