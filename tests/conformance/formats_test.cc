// SPDX-License-Identifier: LGPL-2.1-or-later
// Format negotiation. Clauses: vidioc-g-fmt.rst, dev-decoder.rst "Initialization" and "Commit Points", pixfmt-v4l2.rst.
#include <cerrno>

#include "tests/conformance/client.h"

namespace softvpu::conformance {
namespace {

SOFTVPU_CONFORMANCE(DecoderFormatNegotiation);

// vidioc-g-fmt.rst: "Drivers should not return an error code unless the type field is invalid".
TEST_P(DecoderFormatNegotiation, AdjustsAndNeverRefuses) {
  Client client(device());
  for (const Side side : {Side::kOutput, Side::kCapture})
    for (const Size size : {Size{0, 0}, Size{1, 1}, Size{17, 33}, Size{0xffffffff, 0xffffffff}, Size{640, 480}}) {
      PixFormat format;
      format.pixelformat = static_cast<FourCC>(0xdeadbeef);
      format.size = size;
      format.field = 99;
      format.num_planes = 7;
      format.planes[0] = {0xffffffff, 0xffffffff};
      ASSERT_EQ(client.try_fmt(side, &format), 0);
      EXPECT_GT(format.size.width, 0u);
      EXPECT_GT(format.planes[0].sizeimage, 0u);
      EXPECT_EQ(format.field, uint32_t{V4L2_FIELD_NONE});
      EXPECT_EQ(format.num_planes, 1u);
      PixFormat again = format;
      ASSERT_EQ(client.try_fmt(side, &again), 0);
      EXPECT_EQ(again, format) << "an adjusted format is left alone";
    }
}

// The same: for a code that isn't offered comes the node's first coded format, and on CAPTURE the one that is set.
TEST_P(DecoderFormatNegotiation, ReplacesUnknownCodes) {
  Client client(device());
  const auto code_of = [&](Side side, uint32_t index) {
    v4l2_fmtdesc desc{};
    desc.index = index;
    desc.type = client.type(side);
    return client.ioctl(VIDIOC_ENUM_FMT, &desc) == 0 ? desc.pixelformat : 0;
  };
  for (const Side side : {Side::kOutput, Side::kCapture}) {
    ASSERT_NE(code_of(side, 1), 0u) << "the test needs two formats";
    PixFormat second = client.g_fmt(side);
    second.pixelformat = static_cast<FourCC>(code_of(side, 1));
    ASSERT_EQ(client.s_fmt(side, &second), 0);
    PixFormat unknown = second;
    unknown.pixelformat = static_cast<FourCC>(0xdeadbeef);
    ASSERT_EQ(client.try_fmt(side, &unknown), 0);
    EXPECT_EQ(static_cast<uint32_t>(unknown.pixelformat), code_of(side, side == Side::kOutput ? 0 : 1));
  }
}

// vidioc-g-fmt.rst: what TRY_FMT returns is what S_FMT returns, and G_FMT then, and TRY_FMT changes nothing.
TEST_P(DecoderFormatNegotiation, TriesAsItSets) {
  Client client(device());
  client.set_coded({320, 240});
  for (const Side side : {Side::kOutput, Side::kCapture}) {
    const PixFormat before = client.g_fmt(side);
    PixFormat tried = before;
    tried.size = {512, 384};
    tried.planes[0].sizeimage = 3'000'000;
    PixFormat set = tried;
    ASSERT_EQ(client.try_fmt(side, &tried), 0);
    EXPECT_EQ(client.g_fmt(side), before);
    ASSERT_EQ(client.s_fmt(side, &set), 0);
    EXPECT_EQ(set, tried);
    EXPECT_EQ(client.g_fmt(side), set);
  }
}

// Initialization, step 1: the CAPTURE format follows the OUTPUT format instantly; Commit Points, 1.
TEST_P(DecoderFormatNegotiation, DerivesCaptureFromOutput) {
  Client client(device());
  client.set_coded({320, 240});
  const PixFormat small = client.g_fmt(Side::kCapture);
  EXPECT_GE(small.size.width, 320u);
  EXPECT_GE(small.size.height, 240u);
  EXPECT_GE(small.planes[0].bytesperline, small.size.width);
  EXPECT_GE(small.planes[0].sizeimage, small.planes[0].bytesperline * small.size.height * 3 / 2);
  client.set_coded({640, 480});
  EXPECT_GE(client.g_fmt(Side::kCapture).size.width, 640u);
}

// Initialization, step 1, sizeimage: the client's wish is heard, and what is too little is raised.
TEST_P(DecoderFormatNegotiation, TakesTheWantedSizeOfCodedBuffers) {
  Client client(device());
  client.set_coded({640, 480});
  PixFormat format = client.g_fmt(Side::kOutput);
  EXPECT_GE(format.planes[0].sizeimage, 640u * 480 * 3 / 2);
  format.planes[0].sizeimage = 6'000'000;
  ASSERT_EQ(client.s_fmt(Side::kOutput, &format), 0);
  EXPECT_GE(format.planes[0].sizeimage, 6'000'000u);
  format.planes[0].sizeimage = 1;
  ASSERT_EQ(client.s_fmt(Side::kOutput, &format), 0);
  EXPECT_GE(format.planes[0].sizeimage, 640u * 480);
}

// colorspaces; dev-decoder.rst (as vicodec): colorimetry of OUTPUT is what CAPTURE reports, CAPTURE's own is not the client's to
// set.
TEST_P(DecoderFormatNegotiation, CarriesColorimetryFromOutputToCapture) {
  Client client(device());
  client.set_coded({320, 240});
  EXPECT_NE(client.g_fmt(Side::kOutput).colour.colorspace, uint32_t{V4L2_COLORSPACE_DEFAULT});
  PixFormat format = client.g_fmt(Side::kOutput);
  format.colour = {V4L2_COLORSPACE_SMPTE170M, V4L2_XFER_FUNC_SRGB, V4L2_YCBCR_ENC_XV709, V4L2_QUANTIZATION_FULL_RANGE};
  const Colour wanted = format.colour;
  ASSERT_EQ(client.s_fmt(Side::kOutput, &format), 0);
  EXPECT_EQ(format.colour, wanted);
  EXPECT_EQ(client.g_fmt(Side::kCapture).colour, wanted);
  PixFormat capture = client.g_fmt(Side::kCapture);
  capture.colour = {V4L2_COLORSPACE_REC709, 0, 0, 0};
  ASSERT_EQ(client.s_fmt(Side::kCapture, &capture), 0);
  EXPECT_EQ(capture.colour, wanted);
}

// Querying Capabilities, step 2; Commit Points, 3: a raw format that isn't offered is replaced by one that is.
TEST_P(DecoderFormatNegotiation, OffersRawFormatsAndSetsEachOfThem) {
  Client client(device());
  client.set_coded({320, 240});
  v4l2_fmtdesc desc{};
  desc.type = client.type(Side::kCapture);
  uint32_t offered = 0;
  for (; client.ioctl(VIDIOC_ENUM_FMT, &desc) == 0; ++desc.index, ++offered) {
    EXPECT_EQ(desc.flags & V4L2_FMT_FLAG_COMPRESSED, 0u);
    PixFormat format = client.g_fmt(Side::kCapture);
    format.pixelformat = static_cast<FourCC>(desc.pixelformat);
    ASSERT_EQ(client.s_fmt(Side::kCapture, &format), 0);
    EXPECT_EQ(static_cast<uint32_t>(format.pixelformat), desc.pixelformat);
    EXPECT_EQ(client.g_fmt(Side::kCapture), format);
  }
  EXPECT_GE(offered, 1u);
}

// Commit Points, 5: EBUSY for a change of the OUTPUT format while buffers are allocated on any
// queue; TRY_FMT never returns EBUSY.
TEST_P(DecoderFormatNegotiation, HoldsTheFormatsWhileBuffersExist) {
  Client client(device());
  client.set_coded({320, 240});
  for (const Side allocated : {Side::kOutput, Side::kCapture}) {
    client.allocate(allocated, 3);
    PixFormat output = client.g_fmt(Side::kOutput);
    EXPECT_EQ(client.s_fmt(Side::kOutput, &output), 0) << "no change";
    output.size = {640, 480};
    EXPECT_EQ(client.s_fmt(Side::kOutput, &output), -EBUSY);
    EXPECT_EQ(client.try_fmt(Side::kOutput, &output), 0);
    PixFormat capture = client.g_fmt(Side::kCapture);
    EXPECT_EQ(client.s_fmt(Side::kCapture, &capture), 0) << "no change";
    client.free(allocated);
    EXPECT_EQ(client.s_fmt(Side::kOutput, &output), 0);
    client.set_coded({320, 240});
  }
}

// The CAPTURE format is held by CAPTURE's buffers only: clients reallocate it while OUTPUT keeps its own (Capture Setup, step 4).
TEST_P(DecoderFormatNegotiation, SetsCaptureWhileOutputHasBuffers) {
  Client client(device());
  client.set_coded({320, 240});
  client.allocate(Side::kOutput, 2);
  PixFormat capture = client.g_fmt(Side::kCapture);
  capture.pixelformat = static_cast<FourCC>(V4L2_PIX_FMT_YUV420);  // not the default
  EXPECT_EQ(client.s_fmt(Side::kCapture, &capture), 0);
  EXPECT_EQ(static_cast<uint32_t>(capture.pixelformat), uint32_t{V4L2_PIX_FMT_YUV420});
}

// pixfmt-v4l2.rst, priv: without the magic number the extended fields are undefined and don't count.
TEST_P(DecoderFormatNegotiation, IgnoresExtendedFieldsWithoutTheMagic) {
  Client client(device());
  if (client.multiplanar()) GTEST_SKIP() << "struct v4l2_pix_format only";
  v4l2_format format{};
  format.type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
  format.fmt.pix = {.width = 320, .height = 240, .pixelformat = device().coded(), .colorspace = V4L2_COLORSPACE_REC709};
  format.fmt.pix.ycbcr_enc = V4L2_YCBCR_ENC_601;
  ASSERT_EQ(client.ioctl(VIDIOC_S_FMT, &format), 0);
  EXPECT_EQ(format.fmt.pix.priv, V4L2_PIX_FMT_PRIV_MAGIC);
  EXPECT_EQ(format.fmt.pix.ycbcr_enc, uint32_t{V4L2_YCBCR_ENC_DEFAULT});
}

}  // namespace
}  // namespace softvpu::conformance
