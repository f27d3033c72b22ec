// SPDX-License-Identifier: LGPL-2.1-or-later
// Which codecs and nodes a run shows of what its firmware can do.
#include "apps/softvpu/codec_choice.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace softvpu::cli {
namespace {

codec::CodecInfo codec_of(codec::Role role, FourCC coded) {
  codec::CodecInfo codec;
  codec.role = role;
  codec.coded = coded;
  return codec;
}

codec::Capabilities both_roles() {
  return {.codecs = {codec_of(codec::Role::kDecoder, kH264), codec_of(codec::Role::kDecoder, kVp8),
                     codec_of(codec::Role::kEncoder, kVp8)}};
}

TEST(AListOfCodecs, KeepsACodecInAllItsRoles) {
  codec::Capabilities all = both_roles();
  ASSERT_TRUE(limit_codecs(all, "vp8"));
  ASSERT_EQ(all.codecs.size(), 2u);
  EXPECT_EQ(all.codecs[0].role, codec::Role::kDecoder);
  EXPECT_EQ(all.codecs[1].role, codec::Role::kEncoder);
  EXPECT_EQ(all.codecs[0].coded, kVp8);
}

TEST(AListOfCodecs, KeepsEverythingWhenItIsEmpty) {
  codec::Capabilities all = both_roles();
  ASSERT_TRUE(limit_codecs(all, ""));
  EXPECT_EQ(all.codecs.size(), 3u);
}

TEST(AListOfCodecs, RefusesACodecThatTheFirmwareLacksAndNamesThoseItHas) {
  codec::Capabilities all = both_roles();
  const Status limited = limit_codecs(all, "vp8,hevc");
  ASSERT_FALSE(limited);
  EXPECT_EQ(limited.error().code, ENOENT);
  EXPECT_NE(limited.error().reason.find("hevc; it has h264, vp8"), std::string::npos) << limited.error().reason;
  EXPECT_EQ(all.codecs.size(), 3u);
}

TEST(ARun, ShowsANodeForEachRoleAtItsUsualDistance) {
  v4l2::NodeSpec decoder;
  decoder.minor = 20;
  decoder.multiplanar = false;
  decoder.codec_threads = 3;
  const auto nodes = nodes_of(decoder, both_roles());
  ASSERT_EQ(nodes.size(), 2u);
  EXPECT_EQ(nodes[0].minor, 20u);
  EXPECT_EQ(nodes[1].role, codec::Role::kEncoder);
  EXPECT_EQ(nodes[1].minor, 21u);
  EXPECT_FALSE(nodes[1].multiplanar);
  EXPECT_EQ(nodes[1].codec_threads, 3u);
}

TEST(ARun, ShowsTheDecoderAloneWithoutACodecOfAnotherRole) {
  codec::Capabilities all = both_roles();
  ASSERT_TRUE(limit_codecs(all, "h264"));
  EXPECT_EQ(nodes_of({}, all).size(), 1u);
}

}  // namespace
}  // namespace softvpu::cli
