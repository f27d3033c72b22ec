// SPDX-License-Identifier: GPL-2.0-or-later
// The decoder engine on damaged and hostile inputs: no crash, no hang, every buffer answered.

#include <random>

#include "firmware/libav/decoder_under_test.h"

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
