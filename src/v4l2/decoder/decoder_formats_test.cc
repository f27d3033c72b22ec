// SPDX-License-Identifier: LGPL-2.1-or-later
// Negotiation without a device. Clauses: dev-decoder.rst, Capture Setup and Commit Points.
#include "v4l2/decoder/decoder_formats.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "codec/testing/scripted_session.h"

namespace softvpu::v4l2 {
namespace {

class DecoderFormatsTest : public testing::Test {
 protected:
  const codec::Capabilities capabilities_ = codec::scripted_capabilities();
  DecoderFormats formats_{capabilities_};
  static codec::StreamFormat stream(Size visible) { return codec::plain_stream(visible); }
};

// A firmware of a later version may offer raw formats that have no layout here: a node of them
// would have frames of no bytes.
TEST(ANodesCodecs, AreTheDecodersWithRawFormatsThatAreKnownHere) {
  codec::Capabilities table = codec::scripted_capabilities();
  codec::CodecInfo& first = table.codecs.front();
  const std::vector<FourCC> known = first.raw;
  first.raw.insert(first.raw.begin(), static_cast<FourCC>(0x20202020));
  codec::CodecInfo later = first;
  later.coded = static_cast<FourCC>(0x39393939);
  later.raw = {static_cast<FourCC>(0x20202020)};
  codec::CodecInfo huge = first;
  huge.coded = static_cast<FourCC>(0x38383838);
  huge.sizes = {{65536, 65536}, {65536, 65536}, {1, 1}};
  codec::CodecInfo encoder = first;
  encoder.role = codec::Role::kEncoder;
  const size_t count = table.codecs.size();
  table.codecs.insert(table.codecs.end(), {later, huge, encoder});
  const codec::Capabilities usable = decoders_of(table);
  ASSERT_EQ(usable.codecs.size(), count);
  EXPECT_EQ(usable.codecs.front().raw, known);
}

// The default size, rounded up to such a step, is a picture that no buffer holds.
TEST(ANodesFormats, HaveALayoutWhateverTheStepsOfTheirSizes) {
  codec::Capabilities table = codec::scripted_capabilities();
  table.codecs.front().sizes = {{16, 16}, {65536, 65536}, {65520, 65520}};
  const codec::Capabilities usable = decoders_of(table);
  const DecoderFormats formats(usable);
  const auto planes = formats.plane_sizes(Side::kCapture);
  ASSERT_EQ(planes.size(), 1u);
  EXPECT_EQ(planes[0].length, 16u * 16 * 3 / 2);
}

// docs/adr/0009: the first that is offered is the default, whatever costs the codec nothing,
// unless the client chose.
TEST_F(DecoderFormatsTest, TakeTheFirstFormatUnlessTheClientChose) {
  const FourCC first = capabilities_.codecs.front().raw[0];
  const FourCC second = capabilities_.codecs.front().raw[1];
  auto native = stream({320, 240});
  native.native = second;
  ASSERT_TRUE(formats_.apply_stream(native));
  EXPECT_EQ(formats_.current(Side::kCapture).pixelformat, first);
  PixFormat wanted = formats_.current(Side::kCapture);
  wanted.pixelformat = second;
  formats_.set(Side::kCapture, formats_.adjust(Side::kCapture, wanted));
  native.native = first;
  ASSERT_TRUE(formats_.apply_stream(native));
  EXPECT_EQ(formats_.current(Side::kCapture).pixelformat, second);
}

// A codec as FWHT, whose streams may be of several kinds.
class FormatsOfACodecOfManyKinds : public testing::Test {
 protected:
  static codec::Capabilities capabilities() {
    codec::Capabilities table = codec::scripted_capabilities();
    table.codecs.resize(1);
    table.codecs[0].raw = {kYuv420, kNv12, kBgr24, kRgb24, kNv12m};
    return decoders_of(table);
  }
  static codec::StreamFormat stream(FourCC native) {
    auto format = codec::plain_stream({320, 240});
    format.native = native;
    return format;
  }
  std::vector<FourCC> listed() const {
    std::vector<FourCC> out;
    while (const auto format = formats_.enumerate(Side::kCapture, static_cast<uint32_t>(out.size())))
      out.push_back(format->pixelformat);
    return out;
  }
  FourCC after_setting(FourCC raw) {
    PixFormat wanted = formats_.current(Side::kCapture);
    wanted.pixelformat = raw;
    formats_.set(Side::kCapture, formats_.adjust(Side::kCapture, wanted));
    return formats_.current(Side::kCapture).pixelformat;
  }
  const codec::Capabilities capabilities_ = capabilities();
  DecoderFormats formats_{capabilities_};
};

TEST_F(FormatsOfACodecOfManyKinds, ListThoseThatHoldTheStreamOnceItIsKnown) {
  EXPECT_EQ(listed(), (std::vector<FourCC>{kYuv420, kNv12, kBgr24, kRgb24, kNv12m}));
  ASSERT_TRUE(formats_.apply_stream(stream(kRgb24)));
  EXPECT_EQ(listed(), (std::vector<FourCC>{kBgr24, kRgb24}));
  EXPECT_EQ(formats_.current(Side::kCapture).pixelformat, kBgr24) << "the first of them";
  EXPECT_EQ(after_setting(kRgb24), kRgb24);
  EXPECT_EQ(after_setting(kNv12), kRgb24) << "its samples are others";
}

TEST_F(FormatsOfACodecOfManyKinds, KeepTheClientsChoiceWhereItHoldsTheStream) {
  EXPECT_EQ(after_setting(kNv12), kNv12);
  ASSERT_TRUE(formats_.apply_stream(stream(kYuv420)));
  EXPECT_EQ(formats_.current(Side::kCapture).pixelformat, kNv12);
  ASSERT_TRUE(formats_.apply_stream(stream(kBgr24)));
  EXPECT_EQ(formats_.current(Side::kCapture).pixelformat, kBgr24);
  ASSERT_TRUE(formats_.apply_stream(stream(kYuv420)));
  EXPECT_EQ(formats_.current(Side::kCapture).pixelformat, kNv12) << "it is still the client's choice";
}

TEST_F(FormatsOfACodecOfManyKinds, HaveTheLinesThatTheClientAsksFor) {
  ASSERT_TRUE(formats_.apply_stream(stream(kYuv420)));
  const auto set = [&](FourCC raw, uint32_t width, uint32_t first, uint32_t second = 0) {
    PixFormat wanted = formats_.current(Side::kCapture);
    wanted.pixelformat = raw;
    wanted.size.width = width;
    wanted.num_planes = 2;
    wanted.planes[0].bytesperline = first;
    wanted.planes[1].bytesperline = second;
    const PixFormat adjusted = formats_.adjust(Side::kCapture, wanted);
    formats_.set(Side::kCapture, adjusted);
    EXPECT_EQ(formats_.current(Side::kCapture), adjusted);
    EXPECT_EQ(formats_.adjust(Side::kCapture, adjusted), adjusted) << "S_FMT of its own answer";
    return adjusted;
  };
  EXPECT_EQ(set(kYuv420, 320, 384).planes[0], (PlaneFormat{384 * 240 * 3 / 2, 384}));
  EXPECT_EQ(formats_.layout().stride[1], 192u);
  EXPECT_TRUE(formats_.describes(stream(kYuv420))) << "the stream's header comes again after a seek";
  EXPECT_EQ(set(kYuv420, 320, 300).planes[0].bytesperline, 320u) << "too few";
  EXPECT_EQ(set(kYuv420, 320, 0xffffffff).planes[0].bytesperline, 320u) << "too many";
  EXPECT_EQ(set(kYuv420, 1280, 1280).planes[0].bytesperline, 320u) << "those of another size";
  EXPECT_EQ(set(kYuv420, 320, 1280).planes[0].bytesperline, 320u) << "FFmpeg hands them on, beside the new size";
  const PixFormat planes = set(kNv12m, 320, 352, 400);
  ASSERT_EQ(planes.num_planes, 2u);
  EXPECT_EQ(planes.planes[0], (PlaneFormat{352 * 240, 352}));
  EXPECT_EQ(planes.planes[1], (PlaneFormat{400 * 120, 400}));
  EXPECT_EQ(set(kYuv420, 320, 352).planes[0].bytesperline, 320u) << "those of the format before it";
  set(kYuv420, 320, 384);
  auto larger = codec::plain_stream({640, 480});
  larger.native = kYuv420;
  ASSERT_TRUE(formats_.apply_stream(larger));
  EXPECT_EQ(formats_.current(Side::kCapture).planes[0].bytesperline, 640u) << "of frames of another size";
}

TEST_F(FormatsOfACodecOfManyKinds, HaveTheStrideAndSizeOfEach) {
  ASSERT_TRUE(formats_.apply_stream(stream(kBgr24)));
  const PixFormat format = formats_.current(Side::kCapture);
  EXPECT_EQ(format.planes[0].bytesperline, 960u);
  EXPECT_EQ(format.planes[0].sizeimage, 320u * 240 * 3);
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

// dev-decoder.rst, Initialization, step 1: what OUTPUT was set to stands where the stream doesn't
// say anything: this stream, and this part of it.
TEST_F(DecoderFormatsTest, KeepWhatTheClientSaidApartFromWhatTheStreamSays) {
  PixFormat output = formats_.current(Side::kOutput);
  output.size = {640, 480};
  output.colour = {V4L2_COLORSPACE_SMPTE170M, 0, 0, 0};
  formats_.set(Side::kOutput, formats_.adjust(Side::kOutput, output));
  auto coloured = stream({320, 240});
  coloured.colour = {V4L2_COLORSPACE_BT2020, V4L2_XFER_FUNC_SMPTE2084, V4L2_YCBCR_ENC_BT2020, V4L2_QUANTIZATION_LIM_RANGE};
  coloured.interlaced = true;
  coloured.min_output_buffers = 9;
  ASSERT_TRUE(formats_.apply_stream(coloured));
  for (const Side side : {Side::kOutput, Side::kCapture}) EXPECT_EQ(formats_.current(side).colour, coloured.colour);
  EXPECT_EQ(formats_.size_hint(), (Size{640, 480}));

  ASSERT_TRUE(formats_.apply_stream(stream({320, 240})));  // another part
  for (const Side side : {Side::kOutput, Side::kCapture}) EXPECT_EQ(formats_.current(side).colour, output.colour);
  EXPECT_EQ(formats_.field(), uint32_t{V4L2_FIELD_NONE});

  ASSERT_TRUE(formats_.apply_stream(coloured));
  formats_.forget_stream();  // another stream
  for (const Side side : {Side::kOutput, Side::kCapture}) EXPECT_EQ(formats_.current(side).colour, output.colour);
  EXPECT_EQ(formats_.field(), uint32_t{V4L2_FIELD_NONE});
  EXPECT_EQ(formats_.min_buffers(Side::kCapture), formats_.codec().min_output_buffers);
  EXPECT_EQ(formats_.size_hint(), (Size{640, 480}));
  EXPECT_EQ(formats_.current(Side::kCapture).size, (Size{320, 240})) << "CAPTURE may have buffers of it";
}

// field-order.rst; a change of it is a change of the format.
TEST_F(DecoderFormatsTest, ReportTheFieldOfTheStream) {
  const auto progressive = stream({320, 240});
  auto interlaced = progressive;
  interlaced.interlaced = true;
  ASSERT_TRUE(formats_.apply_stream(interlaced));
  EXPECT_EQ(formats_.current(Side::kCapture).field, uint32_t{V4L2_FIELD_INTERLACED});
  PixFormat tried = formats_.current(Side::kCapture);
  tried.field = V4L2_FIELD_ANY;
  EXPECT_EQ(formats_.adjust(Side::kCapture, tried).field, uint32_t{V4L2_FIELD_INTERLACED});
  EXPECT_TRUE(formats_.describes(interlaced));
  EXPECT_FALSE(formats_.describes(progressive));
  ASSERT_TRUE(formats_.apply_stream(progressive));
  EXPECT_FALSE(formats_.describes(interlaced));
}

TEST_F(DecoderFormatsTest, KeepTheNumberOfBuffersWithinWhatAQueueHas) {
  auto greedy = stream({320, 240});
  for (const uint32_t wanted : {0u, 1u, 32u, 33u, 0xffffffffu}) {
    greedy.min_output_buffers = wanted;
    ASSERT_TRUE(formats_.apply_stream(greedy));
    EXPECT_EQ(formats_.min_buffers(Side::kCapture), std::clamp(wanted, 1u, 32u)) << wanted;
  }
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

// H.264, table A-1: the largest access unit is bounded by the raw picture (MinCR, A.3.1; I_PCM by
// half more than it with emulation prevention) and by the coded picture buffer (MaxCPB, 1500 bits
// each in the High profile) of the level that the size needs.
TEST_F(DecoderFormatsTest, OfferCodedBuffersForAnyAccessUnit) {
  struct {
    Size size;
    uint64_t cpb;  // units of 1500 bits, of the lowest level that has this size
  } const sizes[] = {{{176, 144}, 175}, {{352, 288}, 2000}, {{720, 576}, 10000}, {{1280, 720}, 14000}, {{1920, 1088}, 25000}};
  PixFormat output = formats_.current(Side::kOutput);
  for (const auto& row : sizes) {
    output.size = row.size;
    for (const uint32_t wanted : {0u, 1u}) {
      output.planes[0].sizeimage = wanted;
      const uint64_t bytes = formats_.adjust(Side::kOutput, output).planes[0].sizeimage;
      EXPECT_GE(bytes, uint64_t{row.size.width} * row.size.height * 9 / 4) << row.size.width;
      EXPECT_GE(bytes, row.cpb * 1500 / 8) << row.size.width;
    }
  }
  output.planes[0].sizeimage = 77u << 20;
  EXPECT_EQ(formats_.adjust(Side::kOutput, output).planes[0].sizeimage, 77u << 20) << "a larger one is the client's to ask for";
  output.planes[0].sizeimage = 0xffffffff;
  EXPECT_LE(formats_.adjust(Side::kOutput, output).planes[0].sizeimage, 1u << 27);
}

TEST_F(DecoderFormatsTest, ForgetTheStreamWithTheOutputFormat) {
  ASSERT_TRUE(formats_.apply_stream(stream({320, 240})));
  PixFormat other = formats_.current(Side::kOutput);
  other.pixelformat = kVp8;
  other.size = {64, 64};
  formats_.set(Side::kOutput, formats_.adjust(Side::kOutput, other));
  EXPECT_EQ(formats_.current(Side::kCapture).size, (Size{64, 64}));
}

}  // namespace
}  // namespace softvpu::v4l2
