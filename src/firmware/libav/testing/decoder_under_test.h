// SPDX-License-Identifier: GPL-2.0-or-later
// What the tests of the decoder engine share: the clip of a codec, a decoder of it per number of threads, and what must hold
// afterwards. Included by decoder_*_test.cc.
#pragma once

#include <gtest/gtest.h>

#include "firmware/libav/decoder.h"
#include "firmware/libav/testing/clip.h"

namespace softvpu::firmware::testing {

inline std::vector<std::string> sums_of(const Client& client) {
  std::vector<std::string> out;
  for (const Picture& picture : client.pictures) out.push_back(picture.md5);
  return out;
}

inline std::vector<uint8_t> joined(const Packets& packets) {
  std::vector<uint8_t> all;
  for (const auto& packet : packets) all.insert(all.end(), packet.begin(), packet.end());
  return all;
}

inline Packets operator+(Packets a, const Packets& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline std::vector<std::string> operator+(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline void feed_all(Client& client, const Packets& packets, uint64_t first_tag = 1) {
  for (size_t i = 0; i < packets.size(); ++i) {
    client.feed(packets[i], first_tag + i);
    client.run();
  }
}

inline void expect_sound(const Client& client) {
  EXPECT_TRUE(client.complaints.empty()) << client.complaints[0];
  EXPECT_TRUE(client.errors.empty()) << client.errors[0].reason;
  EXPECT_EQ(client.open_inputs(), 0u);
}

struct Case {
  CodecUnderTest codec;
  uint32_t threads;
};

inline std::vector<Case> every_codec() {
  std::vector<Case> cases;
  for (const CodecUnderTest& codec : kCodecs) {
    for (const uint32_t threads : {1u, 3u}) cases.push_back({codec, threads});
  }
  return cases;
}

inline std::vector<Case> every_byte_stream() {
  std::vector<Case> cases;
  for (const CodecUnderTest& codec : kCodecs) {
    if (codec.byte_stream) cases.push_back({codec, 1});
  }
  return cases;
}

inline void PrintTo(const Case& one, std::ostream* out) { *out << one.codec.name << "With" << one.threads << "Threads"; }

inline std::string name_of(const ::testing::TestParamInfo<Case>& test) { return ::testing::PrintToString(test.param); }

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

}  // namespace softvpu::firmware::testing
