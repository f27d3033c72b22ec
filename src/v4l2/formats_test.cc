// SPDX-License-Identifier: LGPL-2.1-or-later
// Negotiation without a device. Clauses: dev-decoder.rst, Capture Setup and Commit Points.
#include "v4l2/formats.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "codec/scripted_session.h"
#include "v4l2/formats_table.h"

namespace softvpu::v4l2 {
namespace {

class DecoderFormatsTest : public testing::Test {
 protected:
  const codec::Capabilities capabilities_ = codec::scripted_capabilities();
  DecoderFormats formats_{capabilities_};
  static codec::StreamFormat stream(Size visible) { return codec::plain_stream(visible); }
};

TEST_F(DecoderFormatsTest, TakeTheNativeFormatOfTheStreamUnlessTheClientChose) {
  auto native_nv12 = stream({320, 240});
  native_nv12.native = kNv12;
  ASSERT_TRUE(formats_.apply_stream(native_nv12));
  EXPECT_EQ(formats_.current(Side::kCapture).pixelformat, kNv12);
  PixFormat wanted = formats_.current(Side::kCapture);
  wanted.pixelformat = kYuv420;
  formats_.set(Side::kCapture, formats_.adjust(Side::kCapture, wanted));
  ASSERT_TRUE(formats_.apply_stream(native_nv12));
  EXPECT_EQ(formats_.current(Side::kCapture).pixelformat, kYuv420);
}

TEST_F(DecoderFormatsTest, RefuseAStreamThatNoRawFormatHolds) {
  auto ten_bits = stream({320, 240});
  ten_bits.bit_depth = 10;
  ten_bits.native = FourCC::kNone;
  const PixFormat before = formats_.current(Side::kCapture);
  EXPECT_EQ(formats_.apply_stream(ten_bits).error().code, EINVAL);
  EXPECT_EQ(formats_.current(Side::kCapture), before);
  auto huge = stream({0x7fffff00, 0x7fffff00});
  EXPECT_FALSE(formats_.apply_stream(huge));
  auto empty = stream({320, 240});
  empty.visible = {};
  EXPECT_FALSE(formats_.apply_stream(empty));
}

TEST_F(DecoderFormatsTest, LetTheStreamsColourOverrideTheClients) {
  PixFormat output = formats_.current(Side::kOutput);
  output.colour = {V4L2_COLORSPACE_SMPTE170M, V4L2_XFER_FUNC_709, V4L2_YCBCR_ENC_601, V4L2_QUANTIZATION_LIM_RANGE};
  formats_.set(Side::kOutput, formats_.adjust(Side::kOutput, output));
  EXPECT_EQ(formats_.current(Side::kCapture).colour, output.colour);
  auto coloured = stream({320, 240});
  coloured.colour = {V4L2_COLORSPACE_BT2020, 0, V4L2_YCBCR_ENC_BT2020, V4L2_QUANTIZATION_FULL_RANGE};
  ASSERT_TRUE(formats_.apply_stream(coloured));
  EXPECT_EQ(formats_.current(Side::kCapture).colour,
            (Colour{V4L2_COLORSPACE_BT2020, V4L2_XFER_FUNC_709, V4L2_YCBCR_ENC_BT2020, V4L2_QUANTIZATION_FULL_RANGE}));
}

TEST_F(DecoderFormatsTest, PlaceTheVisiblePictureAtTheOrigin) {
  auto cropped = stream({1920, 1080});
  cropped.coded = {1936, 1088};
  cropped.visible = {8, 4, 1920, 1080};
  ASSERT_TRUE(formats_.apply_stream(cropped));
  EXPECT_EQ(formats_.visible(), (Rect{0, 0, 1920, 1080}));
  EXPECT_EQ(formats_.coded(), (Size{1936, 1088}));
}

TEST_F(DecoderFormatsTest, TellASizeHintOnlyWhenTheClientSetOne) {
  EXPECT_TRUE(formats_.size_hint().empty());
  PixFormat output = formats_.current(Side::kOutput);
  output.size = {640, 480};
  formats_.set(Side::kOutput, formats_.adjust(Side::kOutput, output));
  EXPECT_EQ(formats_.size_hint(), (Size{640, 480}));
}

TEST_F(DecoderFormatsTest, NeverOfferCodedBuffersBelowAMebibyte) {
  PixFormat output = formats_.current(Side::kOutput);
  output.size = {16, 16};
  output.planes[0].sizeimage = 1;
  EXPECT_GE(formats_.adjust(Side::kOutput, output).planes[0].sizeimage, 1u << 20);
  output.planes[0].sizeimage = 0xffffffff;
  EXPECT_LE(formats_.adjust(Side::kOutput, output).planes[0].sizeimage, 1u << 27);
}

TEST_F(DecoderFormatsTest, ForgetTheStreamWithTheOutputFormat) {
  ASSERT_TRUE(formats_.apply_stream(stream({320, 240})));
  PixFormat other = formats_.current(Side::kOutput);
  other.pixelformat = kVp8;
  other.size = {64, 64};
  formats_.set(Side::kOutput, formats_.adjust(Side::kOutput, other));
  EXPECT_FALSE(formats_.stream());
  EXPECT_EQ(formats_.current(Side::kCapture).size, (Size{64, 64}));
}

TEST(FormatDescriptions, AreThoseOfCurrentKernels) {
  EXPECT_EQ(format_description(kNv12), "Y/UV 4:2:0");
  EXPECT_EQ(format_description(kYuv420), "Planar YUV 4:2:0");
  EXPECT_EQ(format_description(kH264), "H.264");
  EXPECT_EQ(format_description(make_fourcc('T', 'E', 'S', 'T')), "TEST");
}

}  // namespace
}  // namespace softvpu::v4l2
