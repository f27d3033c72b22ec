// SPDX-License-Identifier: GPL-2.0-or-later
// Encoder and decoder together: what comes out is near what went in, in every raw format, and what
// the encoder predicts from is what the decoder has.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "firmware/fwht/decoder.h"
#include "firmware/fwht/encoder.h"
#include "firmware/fwht/packing.h"
#include "firmware/fwht/run_length.h"

namespace softvpu::firmware::fwht {
namespace {

// A gradient that moves, with a little noise.
Picture scene(const Shape& shape, uint32_t number, uint32_t noise = 4) {
  auto picture = Picture::create(shape);
  std::mt19937 random(number);
  for (uint32_t i = 0; i < shape.components; ++i) {
    const Plane& plane = picture->plane(i);
    for (uint32_t y = 0; y < plane.height; ++y) {
      for (uint32_t x = 0; x < plane.width; ++x)
        plane.data[y * plane.width + x] =
            static_cast<uint8_t>((x + 2 * number + i * 40) % 200 + y % 8 + (noise == 0 ? 0 : random() % noise));
    }
  }
  return std::move(*picture);
}

FrameHeader header_of(std::span<const uint8_t> frame) { return *parse_header(frame.first<kHeaderBytes>()); }

double mean_error(const Picture& a, const Picture& b) {
  double sum = 0;
  double samples = 0;
  for (uint32_t i = 0; i < a.shape().components; ++i) {
    const Plane& plane = a.plane(i);
    for (uint32_t n = 0; n < plane.width * plane.height; ++n) sum += std::abs(plane.data[n] - b.plane(i).data[n]);
    samples += plane.width * plane.height;
  }
  return sum / samples;
}

TEST(EveryShape, ComesBackNearlyAsItWas) {
  for (const RawFormat& format : raw_formats()) {
    for (const Size size : {Size{8, 8}, Size{33, 17}, Size{160, 96}}) {
      SCOPED_TRACE(to_string(format.fourcc) + " " + std::to_string(size.width));
      const Shape shape = format.shape_of(size);
      auto encoder = Encoder::create(shape);
      auto decoder = Decoder::create(shape);
      ASSERT_TRUE(encoder.has_value() && decoder.has_value());
      for (uint32_t i = 0; i < 12; ++i) {
        const Picture picture = scene(shape, i);
        const EncodedFrame frame =
            encoder->encode(picture, {.gop_size = 5, .intra_qp = 2, .inter_qp = 2, .colour = {1, 2, 3, 1}});
        EXPECT_LE(frame.bytes.size(), Encoder::max_frame_bytes(shape));
        const FrameHeader header = header_of(frame.bytes);
        EXPECT_EQ(header.colour, (Colour{1, 2, 3, 1}));
        EXPECT_EQ(header.key, frame.key);
        EXPECT_TRUE(frame.key || i % 5 != 0) << i;
        ASSERT_TRUE(decoder->decode(header, frame.bytes.subspan(kHeaderBytes), native_format(shape)).has_value());
        // A component that is stored raw may be misplaced: packing_test.cc.
        const bool misplaced = std::ranges::any_of(header.stored_raw, [](bool raw) { return raw; });
        EXPECT_TRUE(misplaced || mean_error(decoder->picture(), picture) < 4.0) << "frame " << i;
      }
    }
  }
}

TEST(AnEncoder, PredictsUntilTheGroupEndsOrAKeyFrameIsForced) {
  const Shape shape = raw_formats()[0].shape_of({160, 96});
  auto encoder = Encoder::create(shape);
  std::string kinds;
  for (uint32_t i = 0; i < 12; ++i)
    kinds += encoder->encode(scene(shape, i / 2), {.gop_size = 4, .force_key = i == 6}).key ? 'K' : 'p';
  EXPECT_EQ(kinds, "KpppKpKpppKp");
  encoder->restart();
  EXPECT_TRUE(encoder->encode(scene(shape, 5), {.gop_size = 4}).key);
}

TEST(AnEncoder, SaysThatAFrameIsAKeyFrameIfNothingWasPredicted) {
  const Shape shape = raw_formats()[0].shape_of({64, 64});
  auto encoder = Encoder::create(shape);
  encoder->encode(scene(shape, 0), {});
  auto flat = Picture::create(shape);
  EXPECT_TRUE(encoder->encode(*flat, {}).key) << "flat blocks are nearer to their own mean";
}

TEST(AStillPicture, CostsAWordOrTwoForEachOfManyBlocks) {
  const Shape shape = raw_formats()[0].shape_of({640, 480});
  auto encoder = Encoder::create(shape);
  const Picture picture = scene(shape, 0, 0);
  const size_t first = encoder->encode(picture, {}).bytes.size();
  encoder->encode(picture, {});
  EXPECT_LT(encoder->encode(picture, {}).bytes.size(), first / 20);
}

TEST(NoiseOfFullStrength, IsStoredRawWithoutLoss) {
  const Shape shape = find_raw_format(kYuv420)->shape_of({64, 48});
  auto picture = Picture::create(shape);
  std::mt19937 random(1);
  for (uint32_t i = 0; i < 3; ++i) {
    const Plane& plane = picture->plane(i);
    for (uint32_t n = 0; n < plane.width * plane.height; ++n) plane.data[n] = static_cast<uint8_t>(random() % 255);
  }
  picture->plane(0).data[0] = 255;
  auto encoder = Encoder::create(shape);
  const EncodedFrame frame = encoder->encode(*picture, {.intra_qp = 0});
  const FrameHeader header = header_of(frame.bytes);
  EXPECT_EQ(header.stored_raw, (std::array<bool, 4>{true, true, true, false}));
  EXPECT_EQ(frame.bytes.size(), Encoder::max_frame_bytes(shape));
  auto decoder = Decoder::create(shape);
  ASSERT_TRUE(decoder->decode(header, frame.bytes.subspan(kHeaderBytes), native_format(shape)).has_value());
  EXPECT_EQ(decoder->picture().plane(0).data[0], 254) << "255 could look like a header";
  picture->plane(0).data[0] = 254;
  EXPECT_EQ(mean_error(decoder->picture(), *picture), 0.0);
}

TEST(ADamagedFrame, LeavesThePictureAndTheReference) {
  const Shape shape = raw_formats()[0].shape_of({64, 48});
  auto encoder = Encoder::create(shape);
  auto decoder = Decoder::create(shape);
  const EncodedFrame first = encoder->encode(scene(shape, 0), {});
  ASSERT_TRUE(decoder->decode(header_of(first.bytes), first.bytes.subspan(kHeaderBytes), raw_formats()[0]).has_value());
  auto before = Picture::create(shape);
  for (uint32_t i = 0; i < 3; ++i)
    std::copy_n(decoder->picture().plane(i).data, before->plane(i).width * before->plane(i).height, before->plane(i).data);
  const EncodedFrame second = encoder->encode(scene(shape, 9), {});
  const auto payload = second.bytes.subspan(kHeaderBytes);
  const Status cut = decoder->decode(header_of(second.bytes), payload.first(payload.size() - 2), raw_formats()[0]);
  ASSERT_FALSE(cut.has_value());
  EXPECT_EQ(cut.error().code, EBADMSG);
  EXPECT_EQ(mean_error(decoder->picture(), *before), 0.0);
}

TEST(AnyPayload, EndsInAPictureOrAnError) {
  const Shape shape = find_raw_format(kNv24)->shape_of({24, 24});
  auto decoder = Decoder::create(shape);
  std::mt19937 random(3);
  int decoded = 0;
  for (int i = 0; i < 3000; ++i) {
    std::vector<uint8_t> payload(random() % (3 * 24 * 24 + 1));
    // Often a word that ends a block, so that some payloads have enough blocks.
    for (size_t n = 0; n < payload.size(); ++n)
      payload[n] = random() % 2 == 0 ? (n % 2 == 0 ? 0 : 15) : static_cast<uint8_t>(random());
    FrameHeader header{.shape = shape};
    for (bool& raw : header.stored_raw) raw = random() % 4 == 0;
    if (decoder->decode(header, payload, *find_raw_format(kNv24))) ++decoded;
  }
  EXPECT_GT(decoded, 100);
  EXPECT_LT(decoded, 2900);
}

TEST(ACodec, IsRefusedForWhatFwhtCannotCode) {
  EXPECT_FALSE(Encoder::create({.size = {0, 16}}).has_value());
  EXPECT_FALSE(Encoder::create({.size = {16, kMaxSide + 1}}).has_value());
  EXPECT_FALSE(Encoder::create({.size = {16, 16}, .components = 2}).has_value());
}

}  // namespace
}  // namespace softvpu::firmware::fwht
