// SPDX-License-Identifier: GPL-2.0-or-later
// The decoder engine on byte streams that are cut anywhere (dev-decoder.rst, Decoding).

#include <random>
#include <set>

#include "firmware/libav/testing/decoder_under_test.h"

namespace softvpu::firmware::testing {
namespace {

class AByteStreamDecoder : public ADecoder {};
INSTANTIATE_TEST_SUITE_P(Of, AByteStreamDecoder, ::testing::ValuesIn(every_byte_stream()),
                         [](const auto& test) { return std::string(test.param.codec.name); });

TEST_P(AByteStreamDecoder, TakesPiecesOfAnySize) {
  const auto expected = plain_sums(codec_.id, clip_);
  const std::vector<uint8_t> all = joined(clip_);
  std::mt19937 random(1);
  for (const size_t most : {1u, 2u, 7u, 100u, 3000u, 1000000u}) {
    Client client(options(4));
    for (size_t at = 0, tag = 0; at < all.size(); ++tag) {
      const size_t bytes = std::min<size_t>(all.size() - at, most == 1 ? 1 : 1 + random() % most);
      client.feed(std::span(all).subspan(at, bytes), tag);
      client.run();
      at += bytes;
    }
    client.drain();
    expect_sound(client);
    EXPECT_EQ(client.damaged_inputs, 0u);
    EXPECT_EQ(sums_of(client), expected) << "pieces of up to " << most;
  }
}

TEST_P(AByteStreamDecoder, FindsTheInputInWhichAPictureBegan) {
  // Pieces of 50 bytes; the tag is the position of the piece.
  const std::vector<uint8_t> all = joined(clip_);
  std::vector<uint64_t> begins;  // of access units
  for (size_t i = 0, at = 0; i < clip_.size(); at += clip_[i++].size()) begins.push_back(at);
  constexpr size_t kPiece = 50;
  Client client(options(4));
  for (size_t at = 0; at < all.size(); at += kPiece) {
    client.feed(std::span(all).subspan(at, std::min(kPiece, all.size() - at)), at);
    client.run();
  }
  client.drain();
  std::multiset<uint64_t> got;
  std::multiset<uint64_t> expected;
  for (const Picture& picture : client.pictures) got.insert(picture.tag());
  for (const uint64_t begin : begins) expected.insert(begin / kPiece * kPiece);
  EXPECT_EQ(got, expected);
}

TEST_P(AByteStreamDecoder, GivesAllPicturesOfOneInputItsTag) {
  Client client(options(4));
  client.feed(joined(clip_), 42);
  client.run();
  client.drain();
  EXPECT_EQ(client.pictures.size(), 30u);
  for (const Picture& picture : client.pictures) EXPECT_EQ(picture.tag(), 42u);
}

TEST_P(AByteStreamDecoder, NeedsNoMoreThanTheHeadersToSayTheFormat) {
  // Up to the first slice: parameter sets alone.
  const std::vector<uint8_t>& first = clip_[0];
  size_t slice = 0;
  for (size_t i = 0; i + 4 < first.size() && slice == 0; ++i) {
    if (first[i] != 0 || first[i + 1] != 0 || first[i + 2] != 1) continue;
    const uint8_t header = first[i + 3];
    if (codec_.id == AV_CODEC_ID_H264 && (header & 0x1f) == 5) slice = i;
    if (codec_.id == AV_CODEC_ID_HEVC && header >> 1 < 32) slice = i;
    if (codec_.id == AV_CODEC_ID_MPEG2VIDEO && header == 0) slice = i;
  }
  ASSERT_GT(slice, 0u);
  if (slice > 0 && first[slice - 1] == 0) --slice;
  Client client(options(4));
  client.feed(std::span(first).first(slice), 1);
  client.run();
  ASSERT_EQ(client.formats.size(), 1u);
  EXPECT_EQ(client.info.visible.size(), (Size{256, 144}));
  client.feed(std::span(first).subspan(slice), 2);
  feed_all(client, Packets(clip_.begin() + 1, clip_.end()), 3);
  client.drain();
  expect_sound(client);
  EXPECT_EQ(client.pictures.size(), 30u);
}

TEST_P(AByteStreamDecoder, FindsAHeaderBehindOtherThings) {
  Packets late(clip_.begin() + 3, clip_.begin() + 6);  // pictures that need what isn't there
  Client client(options(4));
  feed_all(client, late);
  EXPECT_TRUE(client.formats.empty());
  feed_all(client, clip_, 100);
  client.drain();
  EXPECT_TRUE(client.complaints.empty());
  EXPECT_EQ(client.formats.size(), 1u);
  EXPECT_GE(client.pictures.size(), 30u);
}

}  // namespace
}  // namespace softvpu::firmware::testing
