// SPDX-License-Identifier: LGPL-2.1-or-later
// Rectangles of a stream whose picture is smaller than what is coded. Clauses: dev-decoder.rst, Capture Setup, step 2.
#include "v4l2/decoder/selection.h"

#include <gtest/gtest.h>
#include <linux/videodev2.h>

#include <cerrno>

namespace softvpu::v4l2 {
namespace {

constexpr Size kCoded{1920, 1088};
constexpr Rect kVisible{0, 0, 1920, 1080};

TEST(DecoderSelection, RelatesItsRectanglesAsTheSpecificationSays) {
  const auto at = [](uint32_t target) { return *decoder_selection(target, kCoded, kVisible); };
  EXPECT_EQ(at(V4L2_SEL_TGT_CROP_BOUNDS), (Rect{0, 0, 1920, 1088}));
  EXPECT_EQ(at(V4L2_SEL_TGT_COMPOSE_PADDED), (Rect{0, 0, 1920, 1088}));
  for (const uint32_t target : {V4L2_SEL_TGT_CROP_DEFAULT, V4L2_SEL_TGT_CROP, V4L2_SEL_TGT_COMPOSE_BOUNDS,
                                V4L2_SEL_TGT_COMPOSE_DEFAULT, V4L2_SEL_TGT_COMPOSE})
    EXPECT_EQ(at(target), kVisible) << target;
  EXPECT_EQ(decoder_selection(V4L2_SEL_TGT_NATIVE_SIZE, kCoded, kVisible).error().code, EINVAL);
}

TEST(DecoderSelection, HoldsConstraintsOrSaysErange) {
  const auto adjust = [](uint32_t flags, Rect wanted) {
    return adjust_decoder_selection(V4L2_SEL_TGT_CROP, flags, wanted, kCoded, kVisible);
  };
  EXPECT_EQ(*adjust(0, {5, 5, 1, 1}), kVisible);
  EXPECT_EQ(*adjust(V4L2_SEL_FLAG_GE, {5, 5, 100, 100}), kVisible);
  EXPECT_EQ(adjust(V4L2_SEL_FLAG_GE, {0, 0, 1920, 1081}).error().code, ERANGE);
  EXPECT_EQ(adjust(V4L2_SEL_FLAG_LE, {0, 0, 100, 100}).error().code, ERANGE);
  EXPECT_EQ(*adjust(V4L2_SEL_FLAG_LE, {-1, -1, 4000, 4000}), kVisible);
  EXPECT_EQ(*adjust(V4L2_SEL_FLAG_GE | V4L2_SEL_FLAG_LE, kVisible), kVisible);
  EXPECT_EQ(adjust(V4L2_SEL_FLAG_GE, {0x7fffffff, 0, 0xffffffff, 1}).error().code, ERANGE) << "no overflow";
  EXPECT_EQ(adjust(8, kVisible).error().code, EINVAL);
  EXPECT_EQ(adjust_decoder_selection(V4L2_SEL_TGT_CROP_BOUNDS, 0, kVisible, kCoded, kVisible).error().code, EINVAL);
}

}  // namespace
}  // namespace softvpu::v4l2
