// SPDX-License-Identifier: GPL-2.0-or-later
// What this room reads of streams itself, for every codec: start codes, entry points, what may become a header.
#include "firmware/libav/headers.h"

#include <gtest/gtest.h>

#include "firmware/libav/header_search.h"
#include "firmware/libav/start_codes.h"
#include "firmware/libav/testing/clip.h"

namespace softvpu::firmware::libav {
namespace {

using testing::CodecUnderTest;
using testing::kCodecs;
using testing::make_clip;
using testing::Packets;

std::vector<uint8_t> bytes_of(std::initializer_list<int> list) { return {list.begin(), list.end()}; }

TEST(AUnitWalker, FindsUnitsAndTheirStartCodes) {
  const auto data = bytes_of({9, 0, 0, 0, 1, 0x67, 5, 0, 0, 1, 0x68, 0, 0, 0, 1});
  UnitWalker walker(data);
  const auto first = walker.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->start, 1u);
  EXPECT_TRUE(first->complete);
  EXPECT_EQ((std::vector<uint8_t>(first->bytes.begin(), first->bytes.end())), bytes_of({0x67, 5}));
  const auto second = walker.next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->start, 7u);
  EXPECT_TRUE(second->complete);
  const auto third = walker.next();
  ASSERT_TRUE(third);
  EXPECT_FALSE(third->complete);
  EXPECT_TRUE(third->bytes.empty());
  EXPECT_FALSE(walker.next());
}

TEST(AUnitWalker, EndsWithoutAStartCode) {
  for (const auto& data : {bytes_of({}), bytes_of({0}), bytes_of({0, 0}), bytes_of({0, 1, 1, 1}), bytes_of({1, 0, 0})}) {
    EXPECT_FALSE(UnitWalker(data).next());
  }
}

TEST(EmulationPrevention, IsUndoneByItsRemoval) {
  const auto payload = bytes_of({0, 0, 0, 1, 0, 0, 3, 0, 0, 2, 7});
  std::vector<uint8_t> nal;
  append_nal(nal, bytes_of({0x65}), payload);
  EXPECT_EQ((std::vector<uint8_t>(nal.begin(), nal.begin() + 5)), bytes_of({0, 0, 0, 1, 0x65}));
  EXPECT_FALSE(UnitWalker(Bytes(nal).subspan(5)).next()) << "a start code inside";
  EXPECT_EQ(unescape(Bytes(nal).subspan(5), 100), payload);
}

TEST(ABitReader, ReadsWhatABitWriterWrote) {
  BitWriter writer;
  for (uint32_t value : {0u, 1u, 2u, 7u, 255u, 65535u, 0xfffffffdu}) writer.ue(value);
  writer.u(5, 3);
  writer.ones(1);
  BitReader reader(writer.bytes());
  for (uint32_t value : {0u, 1u, 2u, 7u, 255u, 65535u}) EXPECT_EQ(reader.ue(), value);
  EXPECT_EQ(reader.ue(), 0xfffffffdu);
  EXPECT_EQ(reader.u(3), 5u);
  EXPECT_FALSE(reader.bad());
  reader.skip(1000);
  EXPECT_TRUE(reader.bad());
}

TEST(EntryPoints, AreFoundInEveryCodec) {
  for (const testing::CodecUnderTest& codec : testing::kCodecs) {
    const Packets clip = make_clip({.encoder = codec.encoder, .b_frames = 0});
    if (clip.empty()) continue;
    ASSERT_EQ(clip.size(), 30u);
    for (size_t i = 0; i < clip.size(); ++i) {
      const EntryPoint entry = find_row(codec.coded)->entry_point(clip[i]);
      if (i == 0) {
        EXPECT_NE(entry, EntryPoint::kNone) << codec.name;
      }
      if (i % 12 != 0) {
        EXPECT_EQ(entry, EntryPoint::kNone) << codec.name << " " << i;
      }
    }
  }
}

TEST(AHeader, MayStillCome) {
  const Packets clip = make_clip({.frames = 1});
  const Bytes sps = Bytes(clip[0]).first(20);
  for (size_t size = 1; size <= sps.size(); ++size) {
    EXPECT_TRUE(size <= 4 || may_become_header(*find_row(kH264), sps.first(size), size - 1)) << size;
  }
  EXPECT_FALSE(may_become_header(*find_row(kH264), bytes_of({1, 2, 3}), 0));
  EXPECT_FALSE(may_become_header(*find_row(kH264), bytes_of({0, 0, 0, 1, 0x41, 1, 2, 3}), 0)) << "a slice";
  EXPECT_FALSE(may_become_header(*find_row(kH264), bytes_of({0, 0, 1, 0xb3, 1, 2, 3}), 0)) << "MPEG-2";
  EXPECT_TRUE(may_become_header(*find_row(kH264), bytes_of({1, 2, 0, 0}), 0)) << "perhaps the begin of a start code";
}

class AHeaderOf : public ::testing::TestWithParam<std::tuple<CodecUnderTest, std::pair<int, int>>> {};

TEST_P(AHeaderOf, SaysThePicturesSize) {
  const auto& [codec, size] = GetParam();
  const auto [width, height] = size;
  const Packets clip = make_clip({.encoder = codec.encoder, .width = width, .height = height, .frames = 1, .b_frames = 0});
  if (clip.empty()) GTEST_SKIP() << "no encoder " << codec.encoder << " for " << width << 'x' << height;
  auto packet = header_packet(*find_row(codec.coded), clip[0]);
  ASSERT_TRUE(packet);
  const std::vector<uint8_t> bytes = packet->bytes;
  const auto header = probe_header(*find_row(codec.coded), {}, *packet);
  EXPECT_EQ(packet->bytes, bytes) << "they go on to the decoder";
  ASSERT_TRUE(header);
  EXPECT_EQ(header->info.visible.size(), (Size{static_cast<uint32_t>(width), static_cast<uint32_t>(height)}));
}

INSTANTIATE_TEST_SUITE_P(Sizes, AHeaderOf,
                         ::testing::Combine(::testing::ValuesIn(kCodecs),
                                            ::testing::Values(std::pair(32, 32), std::pair(1280, 720), std::pair(1920, 1080),
                                                              std::pair(4096, 2304))),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param).name) + "In" +
                                  std::to_string(std::get<1>(test.param).first);
                         });

}  // namespace
}  // namespace softvpu::firmware::libav
