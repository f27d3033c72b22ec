// SPDX-License-Identifier: GPL-2.0-or-later
// The decoder engine on damaged and hostile inputs: no crash, no hang, every buffer answered.

#include <algorithm>
#include <random>

#include "firmware/libav/testing/decoder_under_test.h"

namespace softvpu::firmware::testing {
namespace {

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
  clip_ = make_clip({.encoder = codec_.encoder, .width = 176, .b_frames = 0});
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

// The damage is in a picture that comes out only when the sequence ends, after which the next one
// is decoded.
TEST(AnMpeg2Decoder, LosesNoPictureWhenADamagedSequenceEnds) {
  Packets first = make_clip({.encoder = "mpeg2video", .width = 176, .frames = 6, .b_frames = 0});
  const Packets second = make_clip({.encoder = "mpeg2video", .width = 320, .height = 240, .frames = 5, .b_frames = 0});
  if (first.empty()) GTEST_SKIP() << "this libavcodec has no mpeg2video encoder";
  std::mt19937 random(11);
  for (size_t at = first.back().size() / 2; at < first.back().size(); ++at) first.back()[at] = static_cast<uint8_t>(random() | 1);
  for (const bool waits : {false, true}) {
    for (const uint32_t threads : {1u, 3u}) {
      Client client({.coded = kMpeg2, .threads = threads, .outputs = 8});
      for (const auto& packet : first + second) {
        client.feed(packet, 1);
        if (waits) client.run();
      }
      client.run();
      client.drain();
      expect_sound(client);
      EXPECT_EQ(client.pictures.size(), first.size() + second.size()) << threads << " threads";
      EXPECT_EQ(sums_of(client), plain_sums(AV_CODEC_ID_MPEG2VIDEO, first) + plain_sums(AV_CODEC_ID_MPEG2VIDEO, second));
    }
  }
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

// What can't be a stream is said to be none: by an input, by drained(), or by failed().
TEST_P(ADecoder, DoesNotEndInSilence) {
  std::mt19937 random(21);
  const auto noise = [&](size_t size) {
    std::vector<uint8_t> bytes(size);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    return bytes;
  };
  const auto begin = [&](size_t size) {
    return std::vector<uint8_t>(clip_[0].begin(), clip_[0].begin() + static_cast<ptrdiff_t>(size));
  };
  const std::vector<std::vector<uint8_t>> streams = {{0x12, 0x34, 0x56}, {0},      {0, 0, 0}, {0, 0, 1},  {0, 0, 0, 1},
                                                     begin(3),           begin(8), noise(3),  noise(100), noise(5000)};
  for (const bool header_known : {false, true}) {
    for (const auto& stream : streams) {
      if (header_known && codec_.byte_stream && stream == begin(8)) continue;  // another header, cut: no picture is lost
      Client client(options(4));
      if (header_known) {
        feed_all(client, Packets(clip_.begin(), clip_.begin() + 3));
        client.seek();
        client.run();
        client.pictures.clear();
      }
      client.feed(stream, 700);
      client.run();
      client.drain();
      EXPECT_TRUE(client.complaints.empty());
      EXPECT_EQ(client.open_inputs(), 0u);
      EXPECT_TRUE(client.pictures.empty());
      EXPECT_GE(client.damaged_inputs + client.damaged_drains + client.errors.size(), 1u)
          << stream.size() << " bytes " << (header_known ? "behind a header" : "at the begin") << " pass for a stream";
      if (!client.errors.empty()) continue;
      // And the next stream is none the worse for it.
      client.resume_after_drain();
      client.seek();
      const size_t damaged = client.damaged_drains;
      feed_all(client, clip_, 1000);
      client.drain();
      EXPECT_EQ(sums_of(client), plain_sums(codec_.id, clip_));
      EXPECT_EQ(client.damaged_drains, damaged);
    }
  }
}

// A header that is complete and whose format libavcodec doesn't have (colour planes that are coded by themselves): the session
// fails and says why, at the end of a short stream, and in time in one without an end.
TEST(AHeaderThatLibavcodecRefuses, EndsTheSessionAndSaysWhy) {
  Packets clip = make_clip({.frames = 80, .gop = 200, .b_frames = 0, .format = AV_PIX_FMT_YUV444P});
  if (clip.empty()) GTEST_SKIP() << "this libavcodec has no libx264 encoder";
  const std::vector<uint8_t> start_code = {0, 0, 1};
  const auto sps = std::search(clip[0].begin(), clip[0].end(), start_code.begin(), start_code.end()) + 3;
  ASSERT_EQ(sps[0] & 0x1f, 7);
  ASSERT_EQ(sps[4] >> 2, 0b100100) << "seq_parameter_set_id 0, chroma_format_idc 3";
  sps[4] |= 0x02;  // separate_colour_plane_flag
  for (const size_t inputs : {size_t{1}, size_t{5}, clip.size()}) {
    Client client({.coded = kH264, .threads = 1});
    size_t fed = 0;
    for (; fed < inputs && client.errors.empty(); ++fed) {
      client.feed(clip[fed], 1);
      client.run();
    }
    if (inputs < clip.size()) {
      EXPECT_TRUE(client.errors.empty());
      client.drain();
    }
    ASSERT_EQ(client.errors.size(), 1u) << inputs;
    EXPECT_EQ(client.errors[0].code, EOPNOTSUPP);
    EXPECT_NE(client.errors[0].reason.find("header"), std::string::npos) << client.errors[0].reason;
    EXPECT_TRUE(client.complaints.empty());
    EXPECT_TRUE(client.formats.empty());
    EXPECT_EQ(client.drains, 0u);
  }
}

// The next header is a good one: it is waited for.
TEST(AHeaderThatIsDamaged, IsForgottenWhenAnotherComes) {
  Packets clip = make_clip({.frames = 24, .gop = 12, .b_frames = 0});
  if (clip.empty()) GTEST_SKIP() << "this libavcodec has no libx264 encoder";
  const std::vector<uint8_t> start_code = {0, 0, 1};
  Packets damaged = clip;
  const auto sps = std::search(damaged[0].begin(), damaged[0].end(), start_code.begin(), start_code.end()) + 3;
  sps[3] = 0xff;  // level_idc: harmless
  sps[4] = 0x00;  // no number ends here
  Client client({.coded = kH264, .threads = 1});
  for (const auto& packet : damaged) {
    client.feed(packet, 1);
    client.run();
  }
  client.drain();
  EXPECT_TRUE(client.errors.empty());
  EXPECT_EQ(client.formats.size(), 1u);
  EXPECT_EQ(client.pictures.size(), 12u);
}

// Nothing is lost when a good stream ends, nor when it is cut in front of a picture.
TEST_P(ADecoder, SaysNothingOfDamageAtAGoodEnd) {
  Packets ended = clip_;
  const std::vector<uint8_t> aud = {0, 0, 0, 1, 9, 0xf0};
  const std::vector<uint8_t> hevc_aud = {0, 0, 0, 1, 70, 1, 0x50};
  if (codec_.id == AV_CODEC_ID_H264) ended.push_back(aud);
  if (codec_.id == AV_CODEC_ID_HEVC) ended.push_back(hevc_aud);
  for (const Packets& stream : {Packets{}, clip_, ended}) {
    Client client(options(4));
    feed_all(client, stream);
    client.drain();
    expect_sound(client);
    EXPECT_EQ(client.drains, 1u);
    EXPECT_EQ(client.damaged_drains + client.damaged_inputs, 0u) << stream.size() << " inputs";
  }
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

}  // namespace
}  // namespace softvpu::firmware::testing
