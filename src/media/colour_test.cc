// SPDX-License-Identifier: LGPL-2.1-or-later
#include "media/colour.h"

#include <gtest/gtest.h>
#include <linux/videodev2.h>

namespace softvpu {
namespace {

TEST(CodePoints, OfHighDefinitionBecomeRec709) {
  EXPECT_EQ(colour_from_cicp(1, 1, 1, false),
            (Colour{V4L2_COLORSPACE_REC709, V4L2_XFER_FUNC_709, V4L2_YCBCR_ENC_709, V4L2_QUANTIZATION_LIM_RANGE}));
}

TEST(CodePoints, OfStandardDefinitionBecomeSmpte170m) {
  EXPECT_EQ(colour_from_cicp(6, 6, 6, false),
            (Colour{V4L2_COLORSPACE_SMPTE170M, V4L2_XFER_FUNC_709, V4L2_YCBCR_ENC_601, V4L2_QUANTIZATION_LIM_RANGE}));
  EXPECT_EQ(colour_from_cicp(5, 6, 5, false).colorspace, static_cast<uint32_t>(V4L2_COLORSPACE_470_SYSTEM_BG));
  EXPECT_EQ(colour_from_cicp(4, 6, 6, false).colorspace, static_cast<uint32_t>(V4L2_COLORSPACE_470_SYSTEM_M));
  EXPECT_EQ(colour_from_cicp(7, 7, 7, false),
            (Colour{V4L2_COLORSPACE_SMPTE240M, V4L2_XFER_FUNC_SMPTE240M, V4L2_YCBCR_ENC_SMPTE240M, V4L2_QUANTIZATION_LIM_RANGE}));
}

TEST(CodePoints, OfHdr10BecomeBt2020WithPq) {
  EXPECT_EQ(colour_from_cicp(9, 16, 9, false),
            (Colour{V4L2_COLORSPACE_BT2020, V4L2_XFER_FUNC_SMPTE2084, V4L2_YCBCR_ENC_BT2020, V4L2_QUANTIZATION_LIM_RANGE}));
  EXPECT_EQ(colour_from_cicp(9, 14, 10, false).ycbcr_enc, static_cast<uint32_t>(V4L2_YCBCR_ENC_BT2020_CONST_LUM));
}

TEST(CodePoints, OfXvYccChangeTheEncoding) {
  EXPECT_EQ(colour_from_cicp(1, 11, 1, false).ycbcr_enc, static_cast<uint32_t>(V4L2_YCBCR_ENC_XV709));
  EXPECT_EQ(colour_from_cicp(6, 11, 6, false).ycbcr_enc, static_cast<uint32_t>(V4L2_YCBCR_ENC_XV601));
}

TEST(CodePoints, KeepTheFullRange) {
  EXPECT_EQ(colour_from_cicp(1, 13, 1, true),
            (Colour{V4L2_COLORSPACE_REC709, V4L2_XFER_FUNC_SRGB, V4L2_YCBCR_ENC_709, V4L2_QUANTIZATION_FULL_RANGE}));
  EXPECT_EQ(colour_from_cicp(2, 2, 2, true), (Colour{0, 0, 0, V4L2_QUANTIZATION_FULL_RANGE}));
}

TEST(CodePoints, ThatSayNothingAreAllDefault) {
  EXPECT_EQ(colour_from_cicp(2, 2, 2, false), Colour{});
  EXPECT_EQ(colour_from_cicp(0, 0, 0, false), Colour{});
  EXPECT_EQ(colour_from_cicp(255, 99, UINT32_MAX, false), Colour{});
}

TEST(CodePoints, OfDisplayP3AndLinearLightAreKnown) {
  EXPECT_EQ(colour_from_cicp(12, 8, 2, false),
            (Colour{V4L2_COLORSPACE_DCI_P3, V4L2_XFER_FUNC_NONE, 0, V4L2_QUANTIZATION_LIM_RANGE}));
}

TEST(AColour, BecomesTheCodePointsThatItCameFrom) {
  for (const CodePoints points :
       {CodePoints{1, 1, 1}, CodePoints{6, 6, 6}, CodePoints{7, 7, 7}, CodePoints{9, 16, 9}, CodePoints{9, 14, 10},
        CodePoints{1, 11, 1}, CodePoints{6, 11, 6}, CodePoints{1, 13, 1, true}, CodePoints{5, 1, 5}})
    EXPECT_EQ(cicp_of(colour_from_cicp(points.primaries, points.transfer, points.matrix, points.full_range)), points)
        << points.primaries << ' ' << points.transfer << ' ' << points.matrix;
}

TEST(AColour, FollowsItsColourSpaceWhereItIsDefault) {
  EXPECT_EQ(cicp_of({V4L2_COLORSPACE_REC709}), (CodePoints{1, 1, 1}));
  EXPECT_EQ(cicp_of({V4L2_COLORSPACE_SMPTE170M}), (CodePoints{6, 6, 6}));
  EXPECT_EQ(cicp_of({V4L2_COLORSPACE_BT2020}), (CodePoints{9, 14, 9}));
  EXPECT_EQ(cicp_of({V4L2_COLORSPACE_JPEG}), (CodePoints{1, 13, 6, true}));
  EXPECT_EQ(cicp_of({V4L2_COLORSPACE_SRGB}), (CodePoints{1, 13, 6}));
  EXPECT_EQ(cicp_of({V4L2_COLORSPACE_OPRGB}), (CodePoints{2, 2, 6})) << "H.273 has no number for it";
  EXPECT_EQ(cicp_of({}), CodePoints{});
  EXPECT_EQ(cicp_of({99, 99, 99, 99}), (CodePoints{2, 2, 2}));
}

}  // namespace
}  // namespace softvpu
