// SPDX-License-Identifier: GPL-2.0-or-later
// The codec table: complete rows, V4L2's numbers, and what only one codec has.
#include <gtest/gtest.h>
#include <linux/v4l2-controls.h>

#include "firmware/libav/codecs/codec_row.h"
#include "firmware/libav/testing/clip.h"

namespace softvpu::firmware::libav {
namespace {

TEST(TheCodecTable, NamesControlsAndItemsAsV4l2Does) {
  const auto menu = [](FourCC coded, uint32_t id) -> const ControlInfo* {
    for (const ControlInfo& candidate : find_row(coded)->description.controls) {
      if (candidate.id == id) return &candidate;
    }
    return nullptr;
  };
  const ControlInfo* h264 = menu(kH264, V4L2_CID_MPEG_VIDEO_H264_PROFILE);
  ASSERT_NE(h264, nullptr);
  EXPECT_EQ(h264->default_value, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH);
  EXPECT_NE(h264->items & 1u << V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_HIGH, 0u);
  EXPECT_EQ(h264->items & 1u << V4L2_MPEG_VIDEO_H264_PROFILE_HIGH_10, 0u);
  EXPECT_EQ(h264->items >> (V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_HIGH + 1), 0u);
  ASSERT_NE(menu(kH264, V4L2_CID_MPEG_VIDEO_H264_LEVEL), nullptr);
  EXPECT_EQ(menu(kH264, V4L2_CID_MPEG_VIDEO_H264_LEVEL)->items >> (V4L2_MPEG_VIDEO_H264_LEVEL_6_2 + 1), 0u);
  ASSERT_NE(menu(kHevc, V4L2_CID_MPEG_VIDEO_HEVC_PROFILE), nullptr);
  EXPECT_EQ(menu(kHevc, V4L2_CID_MPEG_VIDEO_HEVC_PROFILE)->items,
            1u << V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN | 1u << V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN_STILL_PICTURE);
  ASSERT_NE(menu(kHevc, V4L2_CID_MPEG_VIDEO_HEVC_LEVEL), nullptr);
  EXPECT_EQ(menu(kHevc, V4L2_CID_MPEG_VIDEO_HEVC_LEVEL)->items >> (V4L2_MPEG_VIDEO_HEVC_LEVEL_6_2 + 1), 0u);
  ASSERT_NE(menu(kVp8, V4L2_CID_MPEG_VIDEO_VP8_PROFILE), nullptr);
  ASSERT_NE(menu(kVp9, V4L2_CID_MPEG_VIDEO_VP9_PROFILE), nullptr);
  ASSERT_NE(menu(kMpeg2, V4L2_CID_MPEG_VIDEO_MPEG2_PROFILE), nullptr);
  EXPECT_EQ(menu(kMpeg2, V4L2_CID_MPEG_VIDEO_MPEG2_PROFILE)->items, 1u << V4L2_MPEG_VIDEO_MPEG2_PROFILE_SIMPLE |
                                                                        1u << V4L2_MPEG_VIDEO_MPEG2_PROFILE_MAIN |
                                                                        1u << V4L2_MPEG_VIDEO_MPEG2_PROFILE_HIGH);
  ASSERT_NE(menu(kMpeg2, V4L2_CID_MPEG_VIDEO_MPEG2_LEVEL), nullptr);
}

TEST(TheCodecTable, HasCompleteRows) {
  for (const CodecRow& row : codec_rows()) {
    SCOPED_TRACE(to_string(row.description.coded));
    for (const ControlInfo& m : row.description.controls) EXPECT_NE(m.items >> m.default_value & 1, 0u);
    EXPECT_FALSE(row.description.raw.empty());
    EXPECT_NE(row.entry_point, nullptr);
    EXPECT_EQ(row.byte_stream(), (row.description.flags & kContinuousByteStream) != 0);
    if (!row.byte_stream()) continue;
    EXPECT_NE(row.stream->header_packet, nullptr);
    EXPECT_NE(row.stream->kind_of, nullptr);
    EXPECT_NE(row.stream->parameter_sets, nullptr);
  }
}

TEST(AnMpeg2Sequence, SaysSizeAndFormat) {
  const testing::Packets clip = testing::make_clip({.encoder = "mpeg2video", .width = 320, .height = 240, .frames = 2});
  const auto sequence_format = find_row(kMpeg2)->stream->sequence_format;
  const auto sequence = sequence_format(clip[0]);
  ASSERT_TRUE(sequence);
  EXPECT_EQ(sequence->size, (Size{320, 240}));
  EXPECT_TRUE(sequence->progressive);
  EXPECT_EQ(sequence->chroma, 1);
  EXPECT_FALSE(sequence_format(clip[1]));
}

}  // namespace
}  // namespace softvpu::firmware::libav
