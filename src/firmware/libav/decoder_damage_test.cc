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
