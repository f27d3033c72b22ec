// SPDX-License-Identifier: GPL-2.0-or-later
// The decoder engine alone, on clips made on the spot: what it answers, in which order, and that the pictures are libavcodec's
// own.
#include "firmware/libav/decoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "firmware/libav/clip.h"

namespace softvpu::firmware::testing {
namespace {

std::vector<std::string> sums_of(const Client& client) {
  std::vector<std::string> out;
  for (const Picture& picture : client.pictures) out.push_back(picture.md5);
  return out;
}

std::vector<uint8_t> joined(const Packets& packets) {
  std::vector<uint8_t> all;
  for (const auto& packet : packets) all.insert(all.end(), packet.begin(), packet.end());
  return all;
}

Packets operator+(Packets a, const Packets& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::vector<std::string> operator+(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

void feed_all(Client& client, const Packets& packets, uint64_t first_tag = 1) {
  for (size_t i = 0; i < packets.size(); ++i) {
    client.feed(packets[i], first_tag + i);
    client.run();
  }
}

void expect_sound(const Client& client) {
  EXPECT_TRUE(client.complaints.empty()) << client.complaints[0];
  EXPECT_TRUE(client.errors.empty()) << client.errors[0].reason;
  EXPECT_EQ(client.open_inputs(), 0u);
}

struct Case {
  CodecUnderTest codec;
  uint32_t threads;
};

class ADecoder : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    codec_ = GetParam().codec;
    clip_ = make_clip({.encoder = codec_.encoder});
    if (clip_.empty()) GTEST_SKIP() << "this libavcodec has no " << codec_.encoder;
  }
  Client::Options options(uint32_t outputs = 8, FourCC raw = kYuv420) const {
    return {.coded = codec_.coded, .threads = GetParam().threads, .outputs = outputs, .raw = raw};
  }

  CodecUnderTest codec_{};
  Packets clip_;
};

INSTANTIATE_TEST_SUITE_P(Of, ADecoder, ::testing::ValuesIn([] {
                           std::vector<Case> cases;
                           for (const CodecUnderTest& codec : kCodecs) {
                             for (const uint32_t threads : {1u, 3u}) cases.push_back({codec, threads});
                           }
                           return cases;
                         }()),
                         [](const auto& test) {
                           return std::string(test.param.codec.name) + "With" + std::to_string(test.param.threads) + "Threads";
                         });

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
  EXPECT_EQ(client.info.visible.size(), (Size{176, 144}));
  EXPECT_EQ(client.info.coded, (Size{176, 144}));
  EXPECT_EQ(client.info.bit_depth, 8);
  EXPECT_EQ(client.info.chroma, 1);
  EXPECT_EQ(client.info.native, kYuv420);
  EXPECT_GE(client.info.min_output_buffers, 2u);
  EXPECT_TRUE(client.pictures.empty());
  // The input with the header and all behind it wait.
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
    tags.insert(picture.done.tag);
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

TEST_P(ADecoder, StartsAnewAfterASeek) {
  Client client(options(6));
  const Packets half(clip_.begin(), clip_.begin() + 9);
  feed_all(client, half);
  client.hold_outputs = true;  // so that inputs pile up
  for (size_t i = 9; i < clip_.size(); ++i) client.feed(clip_[i], 100 + i);
  client.run();
  client.hold_outputs = false;
  client.seek();
  EXPECT_EQ(client.open_inputs(), 0u);
  client.pictures.clear();
  client.run();
  EXPECT_TRUE(client.pictures.empty()) << "a picture from before the seek";
  feed_all(client, clip_, 500);
  client.drain();
  expect_sound(client);
  EXPECT_EQ(sums_of(client), plain_sums(codec_.id, clip_));
  EXPECT_EQ(client.formats.size(), 1u) << "the same format was announced again";
  for (const Picture& picture : client.pictures) EXPECT_GE(picture.done.tag, 500u);
}

TEST_P(ADecoder, GoesOnAfterADrainWithAllItsState) {
  const auto expected = plain_sums(codec_.id, clip_);
  for (const size_t cut : {1u, 5u, 12u, 13u, 17u, 29u}) {
    Client client(options(5));
    feed_all(client, Packets(clip_.begin(), clip_.begin() + static_cast<ptrdiff_t>(cut)));
    client.drain();
    EXPECT_EQ(client.drains, 1u);
    EXPECT_EQ(client.pictures.size(), cut) << "a drain delivers everything";
    client.resume_after_drain();
    feed_all(client, Packets(clip_.begin() + static_cast<ptrdiff_t>(cut), clip_.end()), 1000);
    client.drain();
    expect_sound(client);
    auto got = sums_of(client);
    auto wanted = expected;
    std::sort(got.begin(), got.end());  // a drain between a B picture and its reference changes the order, no more
    std::sort(wanted.begin(), wanted.end());
    EXPECT_EQ(got, wanted) << "drained after " << cut;
  }
}

TEST_P(ADecoder, ConsumesNothingBetweenDrainedAndResume) {
  Client client(options());
  feed_all(client, clip_);
  client.drain();
  client.feed(clip_[0], 77);
  client.run();
  EXPECT_EQ(client.open_inputs(), 1u);
  EXPECT_EQ(client.pictures.size(), 30u);
  client.resume_after_drain();
  client.run();
  client.drain();
  EXPECT_EQ(client.pictures.size(), 31u);
  EXPECT_EQ(client.drains, 2u);
}

TEST_P(ADecoder, AnswersDrainsWithNothingInside) {
  Client client(options());
  client.drain();
  EXPECT_EQ(client.drains, 1u);
  client.resume_after_drain();
  client.drain();
  EXPECT_EQ(client.drains, 2u);
  client.resume_after_drain();
  feed_all(client, clip_);
  client.drain();
  EXPECT_EQ(client.drains, 3u);
  EXPECT_EQ(sums_of(client), plain_sums(codec_.id, clip_));
}

TEST_P(ADecoder, ForgetsADrainAtASeek) {
  Client client(options());
  feed_all(client, clip_);
  client.hold_outputs = true;
  client.decoder().drain();
  client.seek();
  client.hold_outputs = false;
  client.run();
  EXPECT_EQ(client.drains, 0u);
  client.pictures.clear();
  feed_all(client, clip_);
  client.drain();
  EXPECT_EQ(client.drains, 1u);
  EXPECT_EQ(sums_of(client), plain_sums(codec_.id, clip_));
}

TEST_P(ADecoder, AnnouncesAnotherSizeWhenItsFirstPictureIsDue) {
  const Packets other = make_clip({.encoder = codec_.encoder, .width = 96, .height = 80, .frames = 10});
  const Packets third = make_clip({.encoder = codec_.encoder, .width = 320, .height = 192, .frames = 10, .phase = 9});
  const Packets all = clip_ + other + third;
  for (const uint32_t outputs : {2u, 9u}) {
    Client client(options(outputs));
    feed_all(client, all);
    client.drain();
    expect_sound(client);
    ASSERT_EQ(client.formats.size(), 3u);
    EXPECT_EQ(client.formats[1].visible.size(), (Size{96, 80}));
    EXPECT_EQ(client.formats[2].visible.size(), (Size{320, 192}));
    EXPECT_EQ(sums_of(client), plain_sums(codec_.id, clip_) + plain_sums(codec_.id, other) + plain_sums(codec_.id, third));
    for (size_t i = 0; i < 30; ++i)
      EXPECT_EQ(client.pictures[i].size, (Size{176, 144})) << "an old picture after the announcement";
  }
}

TEST_P(ADecoder, HoldsPicturesOfAnotherSizeBackUntilResume) {
  const Packets other = make_clip({.encoder = codec_.encoder, .width = 96, .height = 80, .frames = 10});
  Client client(options());
  feed_all(client, clip_);
  client.hold_resume = true;
  feed_all(client, other, 100);
  client.drain();
  EXPECT_EQ(client.pictures.size(), 30u);
  EXPECT_EQ(client.drains, 0u);
  client.hold_resume = false;
  client.run();
  EXPECT_EQ(client.pictures.size(), 40u);
  EXPECT_EQ(client.drains, 1u);
  expect_sound(client);
}

// codec/session.h, 3: a pause ends by resume() only, not by a flush.
TEST_P(ADecoder, StaysPausedThroughASeek) {
  const Packets other = make_clip({.encoder = codec_.encoder, .width = 96, .height = 80, .frames = 10});
  Client client(options());
  feed_all(client, clip_);
  client.hold_resume = true;
  feed_all(client, other, 100);
  client.drain();
  ASSERT_EQ(client.formats.size(), 2u);
  client.decoder().flush(Side::kInput);
  client.pictures.clear();
  feed_all(client, other, 200);
  EXPECT_TRUE(client.pictures.empty());
  client.set_up();
  client.hold_resume = false;
  client.drain();
  expect_sound(client);
  EXPECT_EQ(client.formats.size(), 2u);
  EXPECT_EQ(sums_of(client), plain_sums(codec_.id, other));
}

TEST_P(ADecoder, TakesALateResumeForTheInterruptedFormat) {
  const Packets other = make_clip({.encoder = codec_.encoder, .width = 96, .height = 80, .frames = 10});
  Client client(options());
  feed_all(client, clip_);
  client.hold_resume = true;
  feed_all(client, other, 100);
  client.drain();
  ASSERT_EQ(client.formats.size(), 2u);
  client.decoder().flush(Side::kInput);
  client.set_up();  // the client acts on the announcement after the seek
  client.hold_resume = false;
  client.pictures.clear();
  feed_all(client, other, 200);
  client.drain();
  expect_sound(client);
  EXPECT_EQ(client.formats.size(), 2u);
  EXPECT_EQ(sums_of(client), plain_sums(codec_.id, other));
}

TEST_P(ADecoder, SaysTooSmallForOutputsThatDontHoldThePicture) {
  Client client(options(4));
  client.keep_setup = true;  // a client that ignores the change of size
  feed_all(client, clip_);
  feed_all(client, make_clip({.encoder = codec_.encoder, .width = 320, .height = 192, .frames = 5}), 100);
  client.drain();
  EXPECT_TRUE(client.complaints.empty());
  EXPECT_EQ(client.pictures.size(), 30u);
  EXPECT_EQ(client.empty_outputs, 5u);
  EXPECT_EQ(client.drains, 1u);
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

// ---- hostile inputs: no crash, no hang, every buffer answered ----

TEST_P(ADecoder, SurvivesFlippedBits) {
  std::mt19937 random(3);
  for (int round = 0; round < 8; ++round) {
    Packets damaged = clip_;
    for (auto& packet : damaged) {
      for (int flips = 0; flips < 3; ++flips) packet[random() % packet.size()] ^= static_cast<uint8_t>(1u << random() % 8);
    }
    Client client(options(3));
    feed_all(client, damaged);
    client.drain();
    if (!client.errors.empty()) continue;  // a flipped header may make another format of it
    EXPECT_TRUE(client.complaints.empty());
    EXPECT_EQ(client.open_inputs(), 0u);
    EXPECT_EQ(client.drains, 1u);
  }
}

TEST_P(ADecoder, SurvivesTruncation) {
  std::mt19937 random(5);
  Packets damaged = clip_;
  for (size_t i = 1; i < damaged.size(); ++i) damaged[i].resize(random() % damaged[i].size());
  Client client(options(3));
  feed_all(client, damaged);
  client.drain();
  EXPECT_TRUE(client.complaints.empty());
  EXPECT_EQ(client.open_inputs(), 0u);
  EXPECT_EQ(client.drains, 1u);
}

TEST_P(ADecoder, GivesTheSamePicturesForDamagedDataWithAnyThreads) {
  if (!codec_.byte_stream) GTEST_SKIP() << "libavcodec doesn't notice damage in " << codec_.name;
  clip_ = make_clip({.encoder = codec_.encoder, .b_frames = 0});
  Packets damaged = clip_;
  std::mt19937 random(11);
  for (size_t i = 14; i < 20; ++i) {
    for (size_t at = damaged[i].size() / 2; at < damaged[i].size(); ++at) damaged[i][at] = static_cast<uint8_t>(random());
  }
  std::vector<std::vector<std::string>> results;
  for (const uint32_t threads : {1u, 2u, 4u}) {
    Client client({.coded = codec_.coded, .threads = threads, .outputs = 8});
    feed_all(client, damaged);
    client.drain();
    expect_sound(client);
    results.push_back(sums_of(client));
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

TEST_P(ADecoder, AnswersGarbageWithDamage) {
  std::mt19937 random(9);
  Client client(options(3));
  for (int i = 0; i < 40; ++i) {
    std::vector<uint8_t> noise(1000 + random() % 20000);
    for (uint8_t& byte : noise) byte = static_cast<uint8_t>(random());
    client.feed(noise, 1);
    client.run();
  }
  client.drain();
  EXPECT_TRUE(client.complaints.empty());
  EXPECT_EQ(client.open_inputs(), 0u);
  EXPECT_GE(client.damaged_inputs, 39u);
  EXPECT_EQ(client.drains, 1u);
  EXPECT_TRUE(client.pictures.empty());
}

TEST_P(ADecoder, SurvivesTinyInputs) {
  Client client(options(3));
  const std::vector<uint8_t> three = {0x12, 0x34, 0x56};
  for (int i = 0; i < 100; ++i) {
    client.feed({}, 1);
    client.feed(three, 2);
    client.feed(std::span(three).first(1), 3);
  }
  client.run();
  client.drain();
  EXPECT_TRUE(client.complaints.empty());
  EXPECT_EQ(client.open_inputs(), 0u);
  EXPECT_GE(client.damaged_inputs, 200u);
  EXPECT_EQ(client.drains, 1u);
  client.resume_after_drain();
  feed_all(client, clip_);
  client.drain();
  EXPECT_EQ(client.pictures.size(), 30u) << "it decodes a good stream after all that";
}

TEST_P(ADecoder, AnswersAnotherCodecsStreamWithDamage) {
  for (const CodecUnderTest& other : kCodecs) {
    if (other.id == codec_.id) continue;
    const Packets alien = make_clip({.encoder = other.encoder});
    Client client(options(3));
    feed_all(client, alien);
    client.drain();
    EXPECT_TRUE(client.complaints.empty());
    EXPECT_EQ(client.open_inputs(), 0u);
    EXPECT_EQ(client.drains, 1u);
    EXPECT_TRUE(client.damaged_inputs > 0 || !client.errors.empty()) << other.name << " passed in silence";
  }
}

// ---- byte streams ----

class AByteStreamDecoder : public ADecoder {};
INSTANTIATE_TEST_SUITE_P(Of, AByteStreamDecoder, ::testing::ValuesIn([] {
                           std::vector<Case> cases;
                           for (const CodecUnderTest& codec : kCodecs) {
                             if (codec.byte_stream) cases.push_back({codec, 1});
                           }
                           return cases;
                         }()),
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
  for (const Picture& picture : client.pictures) got.insert(picture.done.tag);
  for (const uint64_t begin : begins) expected.insert(begin / kPiece * kPiece);
  EXPECT_EQ(got, expected);
}

TEST_P(AByteStreamDecoder, GivesAllPicturesOfOneInputItsTag) {
  Client client(options(4));
  client.feed(joined(clip_), 42);
  client.run();
  client.drain();
  EXPECT_EQ(client.pictures.size(), 30u);
  for (const Picture& picture : client.pictures) EXPECT_EQ(picture.done.tag, 42u);
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
  EXPECT_EQ(client.info.visible.size(), (Size{176, 144}));
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

// ---- formats ----

struct Unfit {
  const char* encoder;
  FourCC coded;
  AVPixelFormat format;
};
class AStreamOfAnotherFormat : public ::testing::TestWithParam<Unfit> {};
INSTANTIATE_TEST_SUITE_P(Of, AStreamOfAnotherFormat,
                         ::testing::Values(Unfit{"libx264", kH264, AV_PIX_FMT_YUV422P},
                                           Unfit{"libx264", kH264, AV_PIX_FMT_YUV444P},
                                           Unfit{"libx264", kH264, AV_PIX_FMT_YUV420P10LE},
                                           Unfit{"libx265", kHevc, AV_PIX_FMT_GRAY8}, Unfit{"libx265", kHevc, AV_PIX_FMT_YUV444P},
                                           Unfit{"mpeg2video", kMpeg2, AV_PIX_FMT_YUV422P},
                                           Unfit{"libvpx-vp9", kVp9, AV_PIX_FMT_YUV444P}));

TEST_P(AStreamOfAnotherFormat, EndsTheSessionWithAReason) {
  const Packets clip = make_clip({.encoder = GetParam().encoder, .frames = 5, .format = GetParam().format});
  if (clip.empty()) GTEST_SKIP() << GetParam().encoder << " doesn't encode it";
  Client client({.coded = GetParam().coded});
  client.feed(clip[0], 1);
  client.feed(clip[1], 2);
  client.run();
  ASSERT_EQ(client.errors.size(), 1u);
  EXPECT_EQ(client.errors[0].code, EOPNOTSUPP);
  EXPECT_NE(client.errors[0].reason.find("8 bits 4:2:0"), std::string::npos) << client.errors[0].reason;
  EXPECT_EQ(client.open_inputs(), 0u);
  client.feed(clip[2], 3);
  client.run();
  EXPECT_EQ(client.open_inputs(), 0u);
  EXPECT_EQ(client.errors.size(), 1u);
}

TEST_P(AStreamOfAnotherFormat, EndsTheSessionAlsoInTheMiddle) {
  const Packets good = make_clip({.encoder = GetParam().encoder, .frames = 6});
  const Packets bad = make_clip({.encoder = GetParam().encoder, .frames = 6, .format = GetParam().format});
  if (bad.empty() || good.empty()) GTEST_SKIP() << GetParam().encoder << " doesn't encode it";
  Client client({.coded = GetParam().coded, .outputs = 4});
  feed_all(client, good + bad);
  client.drain();
  ASSERT_EQ(client.errors.size(), 1u);
  EXPECT_EQ(client.pictures.size(), 6u);
  EXPECT_EQ(client.open_inputs(), 0u);
  EXPECT_EQ(client.queued_outputs(), 0u);
}

TEST(ACroppedStream, IsDeliveredAtTheOrigin) {
  const Packets clip = make_clip({.frames = 8});
  Packets cropped = filtered(clip, AV_CODEC_ID_H264, "h264_metadata", "crop_left", "32");
  cropped = filtered(cropped, AV_CODEC_ID_H264, "h264_metadata", "crop_top", "18");
  ASSERT_EQ(cropped.size(), clip.size());
  for (const FourCC raw : {kYuv420, kNv12}) {
    for (const uint32_t outputs : {2u, 6u}) {
      Client client({.coded = kH264, .outputs = outputs, .raw = raw});
      feed_all(client, cropped);
      client.drain();
      expect_sound(client);
      EXPECT_EQ(client.info.visible, (Rect{0, 0, 144, 126}));
      EXPECT_EQ(client.info.coded, (Size{176, 144}));
      EXPECT_EQ(sums_of(client), plain_sums(AV_CODEC_ID_H264, cropped));
    }
  }
}

TEST(AStreamThatIsTooLarge, EndsTheSessionWithAReason) {
  const Packets clip = make_clip({.encoder = "mpeg2video", .width = 4112, .height = 32, .frames = 1});
  ASSERT_FALSE(clip.empty());
  Client client({.coded = kMpeg2});
  client.feed(clip[0], 1);
  client.run();
  ASSERT_EQ(client.errors.size(), 1u);
  EXPECT_NE(client.errors[0].reason.find("4096"), std::string::npos) << client.errors[0].reason;
}

TEST(ADecoderOfAnUnknownCodec, IsRefused) {
  const Client client({.coded = make_fourcc('X', 'X', 'X', 'X')});
  EXPECT_FALSE(client.made());
}

}  // namespace
}  // namespace softvpu::firmware::testing
