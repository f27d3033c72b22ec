// SPDX-License-Identifier: GPL-2.0-or-later
// The decoder engine alone, on clips made on the spot: what it answers, in which order, and that the pictures are libavcodec's
// own. Other sides of it: decoder_*_test.cc.

#include <algorithm>
#include <set>

#include "firmware/libav/testing/decoder_under_test.h"

namespace softvpu::firmware::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(Of, ADecoder, ::testing::ValuesIn(every_codec()), name_of);

TEST_P(ADecoder, DeliversWhatLibavcodecDecodes) {
  const auto expected = plain_sums(codec_.id, clip_);
  ASSERT_EQ(expected.size(), 30u);
  for (const FourCC raw : {kYuv420, kNv12}) {
    for (const uint32_t outputs : {1u, 2u, 3u, 5u, 20u}) {
      Client client(options(outputs, raw));
      feed_all(client, clip_);
      client.drain();
      expect_sound(client);
      EXPECT_EQ(sums_of(client), expected) << outputs << " outputs, " << to_string(raw);
      EXPECT_EQ(client.drains, 1u);
    }
  }
}

TEST_P(ADecoder, WritesIntoTheClientsMemoryWhenThereIsEnough) {
  Client client(options(20));
  feed_all(client, clip_);
  client.drain();
  const auto& decoder = static_cast<const libav::LibavDecoder&>(client.decoder());
  EXPECT_GE(decoder.pictures_in_place(), 25u);
}

// A sink keeps the last pictures until newer ones come: V4L2_CID_MIN_BUFFERS_FOR_CAPTURE queued buffers must be enough.
TEST_P(ADecoder, NeedsNoMoreOutputsThanItAskedFor) {
  for (const size_t kept : {0u, 1u, 6u}) {
    Client client(options(0));
    client.kept_back = kept;
    feed_all(client, clip_);
    client.drain();
    expect_sound(client);
    EXPECT_EQ(client.pictures.size(), 30u) << kept << " kept back";
  }
}

TEST_P(ADecoder, CopiesWhenAConversionIsWanted) {
  Client client(options(20, kNv12));
  feed_all(client, clip_);
  client.drain();
  EXPECT_EQ(static_cast<const libav::LibavDecoder&>(client.decoder()).pictures_in_place(), 0u);
}

TEST_P(ADecoder, SaysTheFormatFirstAndWaits) {
  Client client(options());
  client.hold_resume = true;
  feed_all(client, clip_);
  ASSERT_EQ(client.formats.size(), 1u);
  EXPECT_EQ(client.info.visible.size(), (Size{256, 144}));
  EXPECT_EQ(client.info.coded, (Size{256, 144}));
  EXPECT_EQ(client.info.bit_depth, 8);
  EXPECT_EQ(client.info.chroma, 1);
  EXPECT_EQ(client.info.native, kYuv420);
  EXPECT_GE(client.info.min_output_buffers, 2u);
  EXPECT_TRUE(client.pictures.empty());
  // The input with the header and all inputs after it wait.
  EXPECT_EQ(client.open_inputs(), clip_.size());
  client.hold_resume = false;
  client.run();
  client.drain();
  expect_sound(client);
  EXPECT_EQ(client.pictures.size(), 30u);
}

TEST_P(ADecoder, GivesEveryPictureTheTagOfItsInput) {
  Client client(options());
  feed_all(client, clip_, 1000);
  client.drain();
  std::set<uint64_t> tags;
  for (const Picture& picture : client.pictures) {
    EXPECT_TRUE(picture.done.has_tag);
    tags.insert(picture.tag());
  }
  EXPECT_EQ(tags.size(), 30u);
  EXPECT_EQ(*tags.begin(), 1000u);
  EXPECT_EQ(*tags.rbegin(), 1000u + clip_.size() - 1);
}

TEST_P(ADecoder, SaysWhichPicturesAreKeys) {
  Client client(options());
  feed_all(client, clip_);
  client.drain();
  ASSERT_FALSE(client.pictures.empty());
  EXPECT_EQ(client.pictures[0].done.type, FrameType::kKey);
  const auto count = [&](FrameType type) {
    return std::count_if(client.pictures.begin(), client.pictures.end(), [&](const Picture& p) { return p.done.type == type; });
  };
  EXPECT_GT(count(FrameType::kP), 0);
  EXPECT_LT(count(FrameType::kKey), 10);
  if (codec_.id == AV_CODEC_ID_H264 || codec_.id == AV_CODEC_ID_MPEG2VIDEO) {
    EXPECT_GT(count(FrameType::kB), 0);
  }
}

TEST_P(ADecoder, DoesNotConsumeWhileNoOutputIsFree) {
  Client client(options(4));
  client.hold_outputs = true;
  feed_all(client, clip_);
  // No output was ever queued: a few access units are inside, the rest waits.
  EXPECT_TRUE(client.pictures.empty());
  EXPECT_GT(client.open_inputs(), clip_.size() / 3);
  client.hold_outputs = false;
  client.run();
  client.drain();
  expect_sound(client);
  EXPECT_EQ(sums_of(client), plain_sums(codec_.id, clip_));
}

TEST_P(ADecoder, LosesNoPictureWhenOutputsAreFlushed) {
  Client client(options(6));
  client.keep_cancelled = true;
  for (size_t i = 0; i < clip_.size(); ++i) {
    client.feed(clip_[i], i + 1);
    client.run();
    if (i % 3 == 1) client.decoder().flush(Side::kOutput);
  }
  client.drain();
  expect_sound(client);
  EXPECT_EQ(sums_of(client), plain_sums(codec_.id, clip_));
}

TEST_P(ADecoder, GivesOneOutputBackWhenAsked) {
  Client client(options(3));
  feed_all(client, clip_);
  client.drain();
  const size_t queued = client.queued_outputs();
  ASSERT_EQ(queued, 3u);
  for (size_t i = 1; i <= queued; ++i) {
    client.decoder().return_output();
    EXPECT_EQ(client.cancelled_outputs, i);
  }
  client.decoder().return_output();
  EXPECT_EQ(client.cancelled_outputs, queued) << "there was none left";
}

TEST_P(ADecoder, DecodesOddSizes) {
  if (codec_.id == AV_CODEC_ID_HEVC) GTEST_SKIP() << "x265 doesn't encode odd sizes";
  const Packets odd = make_clip({.encoder = codec_.encoder, .width = 102, .height = 58, .frames = 8});
  Client client(options(3));
  feed_all(client, odd);
  client.drain();
  expect_sound(client);
  EXPECT_EQ(client.info.visible.size(), (Size{102, 58}));
  EXPECT_EQ(sums_of(client), plain_sums(codec_.id, odd));
}

TEST(ADecoderOfAnUnknownCodec, IsRefused) {
  const Client client({.coded = make_fourcc('X', 'X', 'X', 'X')});
  EXPECT_FALSE(client.made());
}

}  // namespace
}  // namespace softvpu::firmware::testing
