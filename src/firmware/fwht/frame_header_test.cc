// SPDX-License-Identifier: GPL-2.0-or-later
// Headers of frames: what they look like, and which are refused.
#include "firmware/fwht/frame_header.h"

#include <gtest/gtest.h>
#include <linux/v4l2-controls.h>

#include <functional>

namespace softvpu::firmware::fwht {
namespace {

using Header = std::array<uint8_t, kHeaderBytes>;

uint32_t word(const Header& bytes, size_t index) {
  return static_cast<uint32_t>(bytes[4 * index]) << 24 | static_cast<uint32_t>(bytes[4 * index + 1]) << 16 |
         static_cast<uint32_t>(bytes[4 * index + 2]) << 8 | bytes[4 * index + 3];
}
void set_word(Header& bytes, size_t index, uint32_t value) {
  for (size_t i = 0; i < 4; ++i) bytes[4 * index + i] = static_cast<uint8_t>(value >> (24 - 8 * i));
}

FrameHeader small() {
  return {.shape = {.size = {640, 480}, .half_width = true, .half_height = false},
          .key = false,
          .stored_raw = {true, false, true, false},
          .colour = {3, 1, 2, 1},
          .payload_bytes = 1000};
}

TEST(AFrameHeader, HasTheNumbersOfV4L2) {
  Header bytes{};
  write_header(small(), bytes);
  EXPECT_EQ(word(bytes, 0), 0x4f4f4f4fu);
  EXPECT_EQ(word(bytes, 1), 0xffffffffu);
  EXPECT_EQ(word(bytes, 2), static_cast<uint32_t>(V4L2_FWHT_VERSION));
  EXPECT_EQ(word(bytes, 3), 640u);
  EXPECT_EQ(word(bytes, 4), 480u);
  EXPECT_EQ(word(bytes, 5), V4L2_FWHT_FL_LUMA_IS_UNCOMPRESSED | V4L2_FWHT_FL_CR_IS_UNCOMPRESSED |
                                V4L2_FWHT_FL_CHROMA_FULL_HEIGHT | 2u << V4L2_FWHT_FL_COMPONENTS_NUM_OFFSET |
                                V4L2_FWHT_FL_PIXENC_YUV);
  EXPECT_EQ(word(bytes, 6), 3u);
  EXPECT_EQ(word(bytes, 9), 1u);
  EXPECT_EQ(word(bytes, 10), 1000u);
  write_header(
      {.shape = {.size = {1, 1}, .encoding = SampleEncoding::kHsv, .components = 4, .half_width = false, .half_height = false},
       .stored_raw = {false, true, false, true}},
      bytes);
  EXPECT_EQ(word(bytes, 5), V4L2_FWHT_FL_I_FRAME | V4L2_FWHT_FL_CB_IS_UNCOMPRESSED | V4L2_FWHT_FL_ALPHA_IS_UNCOMPRESSED |
                                V4L2_FWHT_FL_CHROMA_FULL_HEIGHT | V4L2_FWHT_FL_CHROMA_FULL_WIDTH |
                                3u << V4L2_FWHT_FL_COMPONENTS_NUM_OFFSET | V4L2_FWHT_FL_PIXENC_HSV);
}

TEST(AFrameHeader, IsReadAsItWasWritten) {
  Header bytes{};
  write_header(small(), bytes);
  const auto read = parse_header(bytes);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, small());
}

TEST(AFrameHeader, OfVersion1IsOfThreeComponents) {
  Header bytes{};
  write_header(small(), bytes);
  set_word(bytes, 2, 1);
  set_word(bytes, 5, V4L2_FWHT_FL_CHROMA_FULL_HEIGHT);  // no number of components, no encoding
  const auto read = parse_header(bytes);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->shape, small().shape);
}

TEST(AFrameHeader, IsRefusedWhenItIsDamaged) {
  const auto refused = [](const std::function<void(Header&)>& damage) {
    Header bytes{};
    write_header(small(), bytes);
    damage(bytes);
    const auto read = parse_header(bytes);
    return read ? 0 : read.error().code;
  };
  EXPECT_EQ(refused([](Header&) {}), 0);
  EXPECT_EQ(refused([](Header& b) { b[7] = 0xfe; }), EBADMSG) << "magic";
  EXPECT_EQ(refused([](Header& b) { set_word(b, 2, 0); }), EOPNOTSUPP) << "version";
  EXPECT_EQ(refused([](Header& b) { set_word(b, 2, 4); }), EOPNOTSUPP) << "version";
  EXPECT_EQ(refused([](Header& b) { set_word(b, 3, 0); }), EBADMSG) << "width";
  EXPECT_EQ(refused([](Header& b) { set_word(b, 4, kMaxSide + 1); }), EBADMSG) << "height";
  EXPECT_EQ(refused([](Header& b) { set_word(b, 10, 640 * 480 * 2 + 1); }), EBADMSG) << "more bytes than samples";
  EXPECT_EQ(refused([](Header& b) { set_word(b, 10, 640 * 480 * 2); }), 0);
  const auto flags = [&](uint32_t value) { return refused([&](Header& b) { set_word(b, 5, value); }); };
  EXPECT_EQ(flags(0), EOPNOTSUPP) << "no encoding";
  EXPECT_EQ(flags(2u << 16 | V4L2_FWHT_FL_PIXENC_YUV), 0);
  EXPECT_EQ(flags(1u << 16 | V4L2_FWHT_FL_PIXENC_YUV), EOPNOTSUPP) << "two components";
  EXPECT_EQ(flags(7u << 16 | V4L2_FWHT_FL_PIXENC_YUV), EOPNOTSUPP) << "eight components";
  EXPECT_EQ(flags(2u << 16 | V4L2_FWHT_FL_PIXENC_RGB), EOPNOTSUPP) << "RGB 4:2:0";
  EXPECT_EQ(flags(2u << 16 | V4L2_FWHT_FL_PIXENC_YUV | V4L2_FWHT_FL_CHROMA_FULL_WIDTH), EOPNOTSUPP) << "4:4:0";
}

}  // namespace
}  // namespace softvpu::firmware::fwht
