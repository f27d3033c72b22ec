// SPDX-License-Identifier: LGPL-2.1-or-later
// Layouts of pictures that a client brings, with the lines that it asks for. Clauses: pixfmt-v4l2.rst, pixfmt-yuv-planar.rst.
#include "core/source_layout.h"

#include <gtest/gtest.h>

#include <array>
#include <ostream>

namespace softvpu {
namespace {

using Wanted = std::array<uint32_t, SVPU_MAX_COMPONENTS>;

svpu_layout_result lay(svpu_frame_layout* layout, uint32_t fourcc, uint32_t width, uint32_t height, Wanted wanted = {}) {
  return svpu_source_layout_set(layout, svpu_pixel_format_find(fourcc), width, height, wanted.data());
}

struct Expected {
  uint32_t fourcc, width, height, wanted;
  std::array<uint32_t, 3> stride, offset;
  uint32_t bytes;
};

class ASourceLayout : public testing::TestWithParam<Expected> {};

void PrintTo(const Expected& e, std::ostream* out) {
  *out << e.fourcc << ' ' << e.width << 'x' << e.height << " stride " << e.wanted;
}

TEST_P(ASourceLayout, IsWhatV4l2Says) {
  const Expected& e = GetParam();
  svpu_frame_layout layout{};
  ASSERT_EQ(lay(&layout, e.fourcc, e.width, e.height, {e.wanted}), SVPU_LAYOUT_OK);
  EXPECT_EQ(layout.width, e.width);
  EXPECT_EQ(layout.height, e.height);
  for (unsigned i = 0; i < layout.format->components; ++i) {
    EXPECT_EQ(layout.stride[i], e.stride[i]) << i;
    EXPECT_EQ(layout.offset[i], e.offset[i]) << i;
    EXPECT_EQ(layout.component_plane[i], 0u);
  }
  EXPECT_EQ(layout.plane_size[0], e.bytes);
}

constexpr uint32_t kNv12 = SVPU_PIX_FMT_NV12, kYu12 = SVPU_PIX_FMT_YUV420;
INSTANTIATE_TEST_SUITE_P(
    Rows, ASourceLayout,
    testing::Values(
        // Tight, not rounded to blocks: what FFmpeg writes (widths of raspberrypi/firmware#1608).
        Expected{kYu12, 1296, 972, 0, {1296, 648, 648}, {0, 1296 * 972, 1296 * 972 + 648 * 486}, 1296 * 972 * 3 / 2},
        Expected{kNv12, 426, 240, 0, {426, 426}, {0, 426 * 240}, 426 * 240 * 3 / 2},
        Expected{kNv12, 1920, 1080, 0, {1920, 1920}, {0, 1920 * 1080}, 1920 * 1080 * 3 / 2},
        // Lines that the client asks for (rpicam-apps#188, tvheadend#1916).
        Expected{kYu12, 780, 360, 832, {832, 416, 416}, {0, 832 * 360, 832 * 360 + 416 * 180}, 832 * 360 * 3 / 2},
        Expected{kNv12, 720, 576, 768, {768, 768}, {0, 768 * 576}, 768 * 576 * 3 / 2},
        // Chroma needs half of an even number.
        Expected{kYu12, 320, 240, 333, {334, 167, 167}, {0, 334 * 240, 334 * 240 + 167 * 120}, 334 * 240 * 3 / 2},
        // Too few are no wish, nor are too many.
        Expected{kNv12, 320, 240, 319, {320, 320}, {0, 320 * 240}, 320 * 240 * 3 / 2},
        Expected{kNv12, 320, 240, 0xffffffff, {320, 320}, {0, 320 * 240}, 320 * 240 * 3 / 2},
        Expected{kNv12, 320, 240, SVPU_MAX_SOURCE_STRIDE + 1, {320, 320}, {0, 320 * 240}, 320 * 240 * 3 / 2},
        // Odd ones: the last chroma sample is of one column, of one line.
        Expected{kYu12, 321, 241, 0, {322, 161, 161}, {0, 322 * 241, 322 * 241 + 161 * 121}, 322 * 241 + 2 * 161 * 121},
        Expected{kNv12, 1, 1, 0, {2, 2}, {0, 2}, 4},
        // Packed ones: two pixels share their chroma; three bytes are a pixel.
        Expected{SVPU_PIX_FMT_YUYV, 33, 17, 0, {68}, {0}, 68 * 17},
        Expected{SVPU_PIX_FMT_YUYV, 320, 16, 650, {650}, {0}, 650 * 16},
        Expected{SVPU_PIX_FMT_RGB24, 33, 17, 0, {99}, {0}, 99 * 17},
        Expected{SVPU_PIX_FMT_RGB24, 33, 17, 128, {128}, {0}, 128 * 17},
        Expected{SVPU_PIX_FMT_BGR32, 33, 17, 0, {132}, {0}, 132 * 17}, Expected{SVPU_PIX_FMT_GREY, 33, 17, 0, {33}, {0}, 33 * 17},
        Expected{SVPU_PIX_FMT_NV24, 33, 17, 0, {33, 66}, {0, 33 * 17}, 99 * 17},
        Expected{SVPU_PIX_FMT_YUV422P, 33, 17, 0, {34, 17, 17}, {0, 34 * 17, 51 * 17}, 68 * 17}));

TEST(ASourceLayoutOfSeparatePlanes, HasTheLinesOfEachPlane) {
  const svpu_pixel_format nm12{
      .fourcc = SVPU_FOURCC('N', 'M', '1', '2'),
      .bit_depth = 8,
      .memory_planes = 2,
      .components = 2,
      .component = {{.bytes_per_sample = 1}, {.bytes_per_sample = 2, .horizontal_shift = 1, .vertical_shift = 1}}};
  const Wanted wanted{384, 400};
  svpu_frame_layout layout{};
  ASSERT_EQ(svpu_source_layout_set(&layout, &nm12, 321, 240, wanted.data()), SVPU_LAYOUT_OK);
  EXPECT_EQ(layout.stride[0], 384u);
  EXPECT_EQ(layout.stride[1], 400u);
  EXPECT_EQ(layout.offset[1], 0u);
  EXPECT_EQ(layout.component_plane[1], 1u);
  EXPECT_EQ(layout.plane_size[0], 384u * 240);
  EXPECT_EQ(layout.plane_size[1], 400u * 120);
}

TEST(ASourceLayout, RefusesWhatIsNoPictureOrTooLarge) {
  svpu_frame_layout layout{};
  EXPECT_EQ(lay(&layout, kNv12, 0, 240), SVPU_LAYOUT_EMPTY);
  EXPECT_EQ(lay(&layout, kNv12, 320, 0), SVPU_LAYOUT_EMPTY);
  EXPECT_EQ(lay(&layout, kNv12, 0xffffffff, 16), SVPU_LAYOUT_TOO_LARGE);
  EXPECT_EQ(lay(&layout, kNv12, 65536, 65536), SVPU_LAYOUT_TOO_LARGE);
  EXPECT_EQ(lay(&layout, kNv12, 16, 65536, {SVPU_MAX_SOURCE_STRIDE}), SVPU_LAYOUT_TOO_LARGE);
  EXPECT_EQ(layout.format, nullptr) << "unchanged";
}

TEST(ABufferOfWholeBlocks, HasEightSamplesOfEveryComponentInEachDirection) {
  const auto blocks = [](uint32_t fourcc, uint32_t width, uint32_t height) {
    svpu_source_whole_blocks(svpu_pixel_format_find(fourcc), &width, &height);
    return std::pair(width, height);
  };
  EXPECT_EQ(blocks(kNv12, 642, 362), std::pair(656u, 368u));
  EXPECT_EQ(blocks(kYu12, 656, 368), std::pair(656u, 368u));
  EXPECT_EQ(blocks(SVPU_PIX_FMT_YUYV, 650, 361), std::pair(656u, 368u));
  EXPECT_EQ(blocks(SVPU_PIX_FMT_NV16, 17, 17), std::pair(32u, 24u));
  EXPECT_EQ(blocks(SVPU_PIX_FMT_NV24, 100, 50), std::pair(104u, 56u));
  EXPECT_EQ(blocks(SVPU_PIX_FMT_RGB24, 645, 363), std::pair(648u, 368u));
  EXPECT_EQ(blocks(SVPU_PIX_FMT_GREY, 33, 17), std::pair(40u, 24u));
}

TEST(ACodedBuffer, HoldsEveryPictureOfItsSize) {
  EXPECT_EQ(svpu_coded_buffer_size(320, 240, 0), 2u << 20);
  EXPECT_EQ(svpu_coded_buffer_size(320, 240, 512 << 10), 2u << 20) << "rpicam-vid asks for 512 KiB";
  EXPECT_EQ(svpu_coded_buffer_size(320, 240, 3 << 20), 3u << 20);
  for (const uint32_t side : {1u, 17u, 1080u, 4320u, 16384u}) {
    const uint64_t stored = uint64_t{(side + 15) / 16} * 16 * ((side + 15) / 16) * 16 * 4;
    EXPECT_GT(svpu_coded_buffer_size(side, side, 0), stored) << side;
    EXPECT_EQ(svpu_coded_buffer_size(side, side, 0) % 4096, 0u);
  }
  EXPECT_EQ(svpu_coded_buffer_size(65536, 65536, 0xffffffff), 0x7ffff000u);
}

}  // namespace
}  // namespace softvpu
