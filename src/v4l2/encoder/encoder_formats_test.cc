// SPDX-License-Identifier: LGPL-2.1-or-later
// What an encoder makes of formats that clients ask for. Clauses: dev-encoder.rst, Querying Capabilities, Initialization.
#include "v4l2/encoder/encoder_formats.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "v4l2/encoder/testing/copy_driver.h"
#include "v4l2/encoder/testing/encoder_client.h"

namespace softvpu::v4l2 {
namespace {

class EncoderFormatsOf : public testing::Test {
 protected:
  PixFormat set(Side side, FourCC format, Size size = {}, uint32_t stride = 0, uint32_t sizeimage = 0) {
    PixFormat wanted;
    wanted.pixelformat = format;
    wanted.size = size;
    wanted.planes[0] = {sizeimage, stride};
    const PixFormat adjusted = formats_.adjust(side, wanted);
    formats_.set(side, adjusted);
    EXPECT_EQ(formats_.current(side), adjusted);
    EXPECT_EQ(formats_.adjust(side, adjusted), adjusted) << "S_FMT of its own answer";
    return adjusted;
  }
  const codec::Capabilities capabilities_ = encoders_of(encoder_capabilities());
  EncoderFormats formats_{capabilities_};
};

using AnEncodersFormats = EncoderFormatsOf;

TEST_F(AnEncodersFormats, AreThoseOfEncodersOnly) {
  EXPECT_EQ(capabilities_.codecs.size(), 2u);
  codec::Capabilities odd = encoder_capabilities();
  odd.codecs[1].raw = {make_fourcc('N', 'O', 'N', 'E'), kYuv420};
  odd.codecs[2].raw = {make_fourcc('N', 'O', 'N', 'E')};
  odd = encoders_of(std::move(odd));
  ASSERT_EQ(odd.codecs.size(), 1u);
  EXPECT_EQ(odd.codecs[0].raw, std::vector<FourCC>{kYuv420});
}

// Querying Capabilities, steps 1 and 2; Commit Points, 2 and 4.
TEST_F(AnEncodersFormats, DependOnTheCodedOne) {
  EXPECT_EQ(formats_.enumerate(Side::kCapture, 1)->pixelformat, kVp8);
  EXPECT_EQ(formats_.enumerate(Side::kCapture, 0)->flags, uint32_t{V4L2_FMT_FLAG_COMPRESSED});
  EXPECT_EQ(formats_.enumerate(Side::kCapture, 2).error().code, EINVAL);
  EXPECT_EQ(formats_.enumerate(Side::kOutput, 1)->pixelformat, kYuv420);
  set(Side::kCapture, kVp8);
  EXPECT_EQ(formats_.enumerate(Side::kOutput, 0)->pixelformat, kYuv420);
  EXPECT_EQ(formats_.enumerate(Side::kOutput, 1).error().code, EINVAL);
  EXPECT_EQ(formats_.enumerate(Side::kCapture, 1)->pixelformat, kVp8);
  EXPECT_EQ(formats_.frame_sizes(kH264)->max, (Size{4096, 4096}));
  EXPECT_EQ(formats_.frame_sizes(kYuv420)->max, (Size{1920, 1920}));
  EXPECT_EQ(formats_.frame_sizes(kNv12).error().code, EINVAL) << "not for VP8";
}

// Initialization, step 1: Chromium sends 0x0, FFmpeg and GStreamer the size.
TEST_F(AnEncodersFormats, IgnoreTheSizeOfTheCodedOne) {
  set(Side::kOutput, kNv12, {640, 360});
  EXPECT_EQ(set(Side::kCapture, kH264, {0, 0}).size, (Size{640, 360}));
  EXPECT_EQ(set(Side::kCapture, kH264, {99, 99}).size, (Size{640, 360}));
  EXPECT_EQ(formats_.current(Side::kOutput).size, (Size{640, 360}));
  EXPECT_EQ(set(Side::kCapture, make_fourcc('N', 'O', 'N', 'E')).pixelformat, kH264);
}

// FFmpeg sets OUTPUT first: CAPTURE doesn't throw it away while the codec can code it.
TEST_F(AnEncodersFormats, KeepTheRawOneWhereTheCodecCan) {
  set(Side::kOutput, kYuv420, {642, 362}, 704);
  set(Side::kCapture, kVp8);
  PixFormat raw = formats_.current(Side::kOutput);
  EXPECT_EQ(raw.pixelformat, kYuv420);
  EXPECT_EQ(raw.size, (Size{642, 362}));
  EXPECT_EQ(raw.planes[0].bytesperline, 704u);
  set(Side::kCapture, kH264);
  set(Side::kOutput, kNv12, {643, 363});
  EXPECT_EQ(set(Side::kCapture, kVp8).size, (Size{644, 364}));
  raw = formats_.current(Side::kOutput);
  EXPECT_EQ(raw.pixelformat, kYuv420);
  EXPECT_EQ(raw.size, (Size{644, 364})) << "a size that VP8 can code";
}

TEST_F(AnEncodersFormats, LayPicturesOutAsClientsAsk) {
  EXPECT_EQ(set(Side::kOutput, kNv12, {426, 240}).planes[0], (PlaneFormat{426 * 240 * 3 / 2, 426}));
  EXPECT_EQ(set(Side::kOutput, kYuv420, {720, 576}, 768).planes[0], (PlaneFormat{768 * 576 * 3 / 2, 768}));
  EXPECT_EQ(set(Side::kOutput, kYuv420, {720, 576}, 0xffffffff).planes[0].bytesperline, 720u);
  EXPECT_EQ(set(Side::kOutput, kNv12, {0xffffffff, 0}).size, (Size{4096, 16}));
  EXPECT_EQ(formats_.plane_sizes(Side::kOutput)[0].length, 4096u * 16 * 3 / 2);
  // Lines as long as may be, of a picture that is too high for them.
  EXPECT_EQ(set(Side::kOutput, kNv12, {4096, 4096}, 1u << 20).planes[0].bytesperline, 4096u);
}

// vicodec: OUTPUT has whole blocks of 8x8 samples of each component, and the rectangle says which part of it is the picture.
TEST(FormatsOfAnEncoderOfBlocks, RoundThePicturesBufferUp) {
  constexpr FourCC kYuyv = make_fourcc('Y', 'U', 'Y', 'V');
  codec::Capabilities capabilities = encoder_capabilities();
  codec::CodecInfo& blocks = capabilities.codecs[2];
  blocks.flags = codec::kWholeBlocks;
  blocks.sizes = {{1, 1}, {8192, 8192}, {1, 1}};
  blocks.raw = {kYuv420, kYuyv, kGrey};
  capabilities = encoders_of(std::move(capabilities));
  EncoderFormats formats(capabilities);
  const auto set = [&](Side side, FourCC format, Size size = {}, uint32_t stride = 0) {
    PixFormat wanted;
    wanted.pixelformat = format;
    wanted.size = size;
    wanted.planes[0].bytesperline = stride;
    const PixFormat adjusted = formats.adjust(side, wanted);
    formats.set(side, adjusted);
    EXPECT_EQ(formats.current(side), adjusted);
    EXPECT_EQ(formats.adjust(side, adjusted), adjusted) << "S_FMT of its own answer";
    return adjusted;
  };
  set(Side::kOutput, kYuv420, {642, 362});
  EXPECT_EQ(formats.current(Side::kOutput).size, (Size{642, 362})) << "H.264's buffer is the picture";
  EXPECT_EQ(set(Side::kCapture, kVp8).size, (Size{642, 362})) << "which stays what it was";
  EXPECT_EQ(formats.current(Side::kOutput).size, (Size{656, 368}));
  EXPECT_EQ(formats.crop(), (Rect{0, 0, 642, 362}));
  EXPECT_EQ(formats.coded_part().size, (Size{642, 362}));
  EXPECT_EQ(formats.coded_part().room, (Size{656, 368}));
  EXPECT_EQ(set(Side::kOutput, kYuv420, {642, 362}, 704).planes[0], (PlaneFormat{704 * 368 * 3 / 2, 704}));
  EXPECT_EQ(formats.crop(), (Rect{0, 0, 656, 368}));
  EXPECT_EQ(formats.coded_part().room, Size{}) << "there is nothing beside it";
  EXPECT_EQ(set(Side::kOutput, kYuyv, {650, 361}).size, (Size{656, 368}));
  EXPECT_EQ(set(Side::kOutput, kGrey, {33, 17}).size, (Size{40, 24}));
  EXPECT_EQ(set(Side::kOutput, kYuv420, {33, 17}).size, (Size{48, 32})) << "vicodec: 32x16, less than was asked for";
  EXPECT_EQ(set(Side::kOutput, kYuv420, {9999, 1}).size, (Size{8192, 16}));
  EXPECT_EQ(formats.adjust_crop({0, 0, 8191, 15}), (Rect{0, 0, 8191, 15}));
}

// A CAPTURE buffer is never too small, whatever the client asks for (rpicam-vid: 512 KiB).
TEST_F(AnEncodersFormats, MakeCodedBuffersLargeEnough) {
  set(Side::kOutput, kNv12, {1920, 1080});
  const PixFormat asked = set(Side::kCapture, kH264, {}, 0, 512 << 10);
  EXPECT_GT(asked.planes[0].sizeimage, 1920u * 1080 * 4);
  EXPECT_EQ(asked.planes[0].bytesperline, 0u) << "how v4l2-ctl recognizes an encoder";
  set(Side::kOutput, kNv12, {3840, 2160});
  EXPECT_GT(formats_.plane_sizes(Side::kCapture)[0].length, 3840u * 2160 * 4);
  set(Side::kOutput, kNv12, {320, 240});
  EXPECT_EQ(formats_.current(Side::kCapture).planes[0].sizeimage, asked.planes[0].sizeimage) << "it was told so (GStreamer)";
  EXPECT_EQ(set(Side::kCapture, kH264).planes[0].sizeimage, 2u << 20);
  EXPECT_EQ(set(Side::kCapture, kH264, {}, 0, 8 << 20).planes[0].sizeimage, 8u << 20);
  set(Side::kOutput, kNv12, {640, 480});
  EXPECT_EQ(formats_.current(Side::kCapture).planes[0].sizeimage, 8u << 20) << "it asked for that";
}

// v4l2-compliance, GStreamer: the colour of OUTPUT is CAPTURE's, unchanged.
TEST_F(AnEncodersFormats, CopyColour) {
  PixFormat wanted;
  wanted.pixelformat = kNv12;
  wanted.size = {320, 240};
  wanted.colour = {V4L2_COLORSPACE_BT2020, V4L2_XFER_FUNC_SMPTE2084, V4L2_YCBCR_ENC_BT2020, V4L2_QUANTIZATION_LIM_RANGE};
  const PixFormat adjusted = formats_.adjust(Side::kOutput, wanted);
  EXPECT_EQ(adjusted.colour, wanted.colour);
  formats_.set(Side::kOutput, adjusted);
  EXPECT_EQ(formats_.current(Side::kCapture).colour, wanted.colour);
  wanted.colour = {};
  EXPECT_EQ(formats_.adjust(Side::kOutput, wanted).colour.colorspace, uint32_t{V4L2_COLORSPACE_REC709});
  wanted.pixelformat = kH264;
  wanted.colour = {V4L2_COLORSPACE_SRGB, 0, 0, 0};
  EXPECT_EQ(formats_.adjust(Side::kCapture, wanted).colour.colorspace, uint32_t{V4L2_COLORSPACE_BT2020}) << "OUTPUT's counts";
}

// Initialization, steps 3 and 6.
TEST_F(AnEncodersFormats, CropInsideOfThePicture) {
  set(Side::kOutput, kNv12, {1920, 1088});
  EXPECT_EQ(formats_.crop(), (Rect{0, 0, 1920, 1088}));
  EXPECT_EQ(formats_.adjust_crop({0, 0, 1920, 1080}), (Rect{0, 0, 1920, 1080})) << "it must stick (Chromium)";
  formats_.set_crop({0, 0, 1920, 1080});
  EXPECT_EQ(formats_.current(Side::kCapture).size, (Size{1920, 1080}));
  EXPECT_EQ(formats_.coded_part().size, (Size{1920, 1080}));
  EXPECT_EQ(formats_.whole().size, (Size{1920, 1088}));
  set(Side::kCapture, kH264);
  EXPECT_EQ(formats_.crop(), (Rect{0, 0, 1920, 1080})) << "CAPTURE's format doesn't reset it";
  set(Side::kOutput, kNv12, {1920, 1088});
  EXPECT_EQ(formats_.crop(), (Rect{0, 0, 1920, 1088})) << "OUTPUT's does";
  EXPECT_EQ(formats_.adjust_crop({101, 33, 101, 35}), (Rect{100, 32, 101, 35}));
  EXPECT_EQ(formats_.adjust_crop({0, 0, 1, 1}), (Rect{0, 0, 16, 16}));
  EXPECT_EQ(formats_.adjust_crop({-7, -7, 4000, 4000}), (Rect{0, 0, 1920, 1088}));
  EXPECT_EQ(formats_.adjust_crop({INT32_MAX, INT32_MIN, UINT32_MAX, UINT32_MAX}), (Rect{0, 0, 1920, 1088}));
  EXPECT_EQ(formats_.adjust_crop({1919, 1087, 100, 100}), (Rect{1820, 988, 100, 100}));
  set(Side::kCapture, kVp8);
  EXPECT_EQ(formats_.adjust_crop({0, 0, 101, 35}), (Rect{0, 0, 100, 34})) << "VP8 codes even sizes here";
}

// Initialization, step 4; v4l2-compliance: never an error, never 0.
TEST_F(AnEncodersFormats, AdjustTheFrameInterval) {
  EXPECT_EQ(formats_.interval(), (FrameInterval{1, 30}));
  formats_.set_interval({1001, 30000});
  EXPECT_EQ(formats_.interval(), (FrameInterval{1001, 30000}));
  formats_.set_interval({0, 30});
  formats_.set_interval({1, 0});
  EXPECT_EQ(formats_.interval(), (FrameInterval{1001, 30000}));
  formats_.set_interval({1, 1000});
  set(Side::kCapture, kVp8);
  EXPECT_EQ(formats_.interval(), (FrameInterval{1, 120}));
  formats_.set_interval({UINT32_MAX, 1});
  EXPECT_EQ(formats_.interval(), (FrameInterval{1, 1}));
}

}  // namespace
}  // namespace softvpu::v4l2
