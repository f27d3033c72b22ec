// SPDX-License-Identifier: GPL-2.0-or-later
// What this room reads of headers itself: start codes, H.264's reordering, entry points, what may become a header.
#include "firmware/libav/headers.h"

#include <gtest/gtest.h>
#include <linux/v4l2-controls.h>

#include "firmware/libav/codec_table.h"
#include "firmware/libav/header_search.h"
#include "firmware/libav/history.h"
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

H264Sps sps_of(const Packets& clip) {
  UnitWalker walker(clip[0]);
  for (auto unit = walker.next(); unit; unit = walker.next()) {
    if ((unit->bytes[0] & 0x1f) == 7) return parse_h264_sps(unit->bytes).value_or(H264Sps{});
  }
  return {};
}

TEST(AnH264Sps, SaysHowFarPicturesAreReordered) {
  EXPECT_EQ(sps_of(make_clip({.frames = 3, .b_frames = 0})).max_reorder(), 0u);
  EXPECT_EQ(sps_of(make_clip({.frames = 3, .b_frames = 2, .more = {{"x264-params", "b-pyramid=none"}}})).max_reorder(), 1u);
  const H264Sps sps = sps_of(make_clip({.frames = 3, .b_frames = 3}));
  EXPECT_EQ(sps.max_reorder(), 2u);
  EXPECT_EQ(sps.width_mbs, 16u);
  EXPECT_EQ(sps.height_mbs, 9u);
  EXPECT_TRUE(sps.frame_mbs_only);
}

TEST(AnH264Sps, WithoutRestrictionAllowsWhatItsLevelAllows) {
  H264Sps sps{.profile = 77, .level = 30, .width_mbs = 22, .height_mbs = 18};
  EXPECT_EQ(sps.max_reorder(), 16u);
  sps.width_mbs = 45;
  sps.height_mbs = 36;
  EXPECT_EQ(sps.max_reorder(), 5u);
  sps.poc_type = 2;
  EXPECT_EQ(sps.max_reorder(), 0u) << "output order is decoding order";
  sps.poc_type = 0;
  sps.reorder_frames = 1;
  EXPECT_EQ(sps.max_reorder(), 1u);
}

TEST(AnH264Sps, CutShortIsRefused) {
  const Packets clip = make_clip({.frames = 1});
  UnitWalker walker(clip[0]);
  const auto unit = walker.next();
  ASSERT_TRUE(parse_h264_sps(unit->bytes));
  for (size_t size = 0; size < 5; ++size) EXPECT_FALSE(parse_h264_sps(unit->bytes.first(size)));
}

TEST(EntryPoints, AreFoundInEveryCodec) {
  for (const testing::CodecUnderTest& codec : testing::kCodecs) {
    const Packets clip = make_clip({.encoder = codec.encoder, .b_frames = 0});
    if (clip.empty()) continue;
    ASSERT_EQ(clip.size(), 30u);
    for (size_t i = 0; i < clip.size(); ++i) {
      const EntryPoint entry = entry_point(codec.id, clip[i]);
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
    EXPECT_TRUE(size <= 4 || may_become_header(AV_CODEC_ID_H264, sps.first(size), size - 1)) << size;
  }
  EXPECT_FALSE(may_become_header(AV_CODEC_ID_H264, bytes_of({1, 2, 3}), 0));
  EXPECT_FALSE(may_become_header(AV_CODEC_ID_H264, bytes_of({0, 0, 0, 1, 0x41, 1, 2, 3}), 0)) << "a slice";
  EXPECT_FALSE(may_become_header(AV_CODEC_ID_H264, bytes_of({0, 0, 1, 0xb3, 1, 2, 3}), 0)) << "MPEG-2";
  EXPECT_TRUE(may_become_header(AV_CODEC_ID_H264, bytes_of({1, 2, 0, 0}), 0)) << "perhaps the begin of a start code";
}

class AHeaderOf : public ::testing::TestWithParam<std::tuple<CodecUnderTest, std::pair<int, int>>> {};

TEST_P(AHeaderOf, SaysThePicturesSize) {
  const auto& [codec, size] = GetParam();
  const auto [width, height] = size;
  const Packets clip = make_clip({.encoder = codec.encoder, .width = width, .height = height, .frames = 1, .b_frames = 0});
  if (clip.empty()) GTEST_SKIP() << "no encoder " << codec.encoder << " for " << width << 'x' << height;
  const auto packet = header_packet(codec.id, clip[0]);
  ASSERT_TRUE(packet);
  const auto header = probe_header(*find_row(codec.coded), {}, *packet);
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

TEST(AnMpeg2Sequence, SaysSizeAndFormat) {
  const Packets clip = make_clip({.encoder = "mpeg2video", .width = 320, .height = 240, .frames = 2});
  const auto sequence = mpeg2_sequence(clip[0]);
  ASSERT_TRUE(sequence);
  EXPECT_EQ(sequence->size, (Size{320, 240}));
  EXPECT_TRUE(sequence->progressive);
  EXPECT_EQ(sequence->chroma, 1);
  EXPECT_FALSE(mpeg2_sequence(clip[1]));
}

AccessUnit unit_of(uint64_t number, EntryPoint entry) {
  AccessUnit unit;
  unit.packet.reset(av_packet_alloc());
  av_new_packet(unit.packet.get(), 10);
  unit.packet->pts = static_cast<int64_t>(number);
  unit.number = number;
  unit.entry = entry;
  return unit;
}

TEST(AHistory, BeginsWhereDecodingCanBegin) {
  History history;
  const auto none = std::make_shared<const ParameterSetList>();
  history.add(unit_of(1, EntryPoint::kNone), none);
  EXPECT_TRUE(history.empty()) << "nothing to build upon";
  for (uint64_t number = 2; number < 200; ++number) {
    history.add(unit_of(number, number % 20 == 0 ? EntryPoint::kClean : EntryPoint::kNone), none);
  }
  EXPECT_FALSE(history.empty());
  const auto packets = history.packets();
  EXPECT_EQ(packets.front()->pts % 20, 0);
  EXPECT_GE(packets.size(), History::kRecent);
  EXPECT_LE(packets.size(), History::kRecent + 21);
  EXPECT_EQ(packets.back()->pts, 199);
}

TEST(AHistory, KeepsAnOpenEntryPointMoreThanItNeeds) {
  History history;
  const auto none = std::make_shared<const ParameterSetList>();
  for (uint64_t number = 0; number < 200; ++number)
    history.add(unit_of(number, number % 20 == 0 ? EntryPoint::kKey : EntryPoint::kNone), none);
  const auto packets = history.packets();
  EXPECT_EQ(packets.front()->pts % 20, 0);
  EXPECT_GE(packets.size(), History::kRecent + 20);
}

TEST(AHistory, GivesUpWhenItGrowsTooLarge) {
  History history;
  const auto none = std::make_shared<const ParameterSetList>();
  history.add(unit_of(0, EntryPoint::kClean), none);
  for (uint64_t number = 1; number <= History::kMaxUnits; ++number) history.add(unit_of(number, EntryPoint::kNone), none);
  EXPECT_TRUE(history.empty());
  history.add(unit_of(9999, EntryPoint::kNone), none);
  EXPECT_TRUE(history.empty());
  history.add(unit_of(10000, EntryPoint::kClean), none);
  EXPECT_FALSE(history.empty());
}

TEST(TheCodecTable, NamesControlsAndItemsAsV4l2Does) {
  const auto menu = [](FourCC coded, uint32_t id) -> const Menu* {
    for (const Menu& candidate : find_row(coded)->description.menus) {
      if (candidate.id == id) return &candidate;
    }
    return nullptr;
  };
  const Menu* h264 = menu(kH264, V4L2_CID_MPEG_VIDEO_H264_PROFILE);
  ASSERT_NE(h264, nullptr);
  EXPECT_EQ(h264->default_item, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH);
  EXPECT_NE(h264->supported_items & 1u << V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_HIGH, 0u);
  EXPECT_EQ(h264->supported_items & 1u << V4L2_MPEG_VIDEO_H264_PROFILE_HIGH_10, 0u);
  EXPECT_EQ(h264->supported_items >> (V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_HIGH + 1), 0u);
  ASSERT_NE(menu(kH264, V4L2_CID_MPEG_VIDEO_H264_LEVEL), nullptr);
  EXPECT_EQ(menu(kH264, V4L2_CID_MPEG_VIDEO_H264_LEVEL)->supported_items >> (V4L2_MPEG_VIDEO_H264_LEVEL_6_2 + 1), 0u);
  ASSERT_NE(menu(kHevc, V4L2_CID_MPEG_VIDEO_HEVC_PROFILE), nullptr);
  EXPECT_EQ(menu(kHevc, V4L2_CID_MPEG_VIDEO_HEVC_PROFILE)->supported_items,
            1u << V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN | 1u << V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN_STILL_PICTURE);
  ASSERT_NE(menu(kHevc, V4L2_CID_MPEG_VIDEO_HEVC_LEVEL), nullptr);
  EXPECT_EQ(menu(kHevc, V4L2_CID_MPEG_VIDEO_HEVC_LEVEL)->supported_items >> (V4L2_MPEG_VIDEO_HEVC_LEVEL_6_2 + 1), 0u);
  ASSERT_NE(menu(kVp8, V4L2_CID_MPEG_VIDEO_VP8_PROFILE), nullptr);
  ASSERT_NE(menu(kVp9, V4L2_CID_MPEG_VIDEO_VP9_PROFILE), nullptr);
  ASSERT_NE(menu(kMpeg2, V4L2_CID_MPEG_VIDEO_MPEG2_PROFILE), nullptr);
  EXPECT_EQ(menu(kMpeg2, V4L2_CID_MPEG_VIDEO_MPEG2_PROFILE)->supported_items, 1u << V4L2_MPEG_VIDEO_MPEG2_PROFILE_SIMPLE |
                                                                                  1u << V4L2_MPEG_VIDEO_MPEG2_PROFILE_MAIN |
                                                                                  1u << V4L2_MPEG_VIDEO_MPEG2_PROFILE_HIGH);
  ASSERT_NE(menu(kMpeg2, V4L2_CID_MPEG_VIDEO_MPEG2_LEVEL), nullptr);
  for (const CodecRow& row : codec_rows()) {
    for (const Menu& m : row.description.menus) EXPECT_NE(m.supported_items >> m.default_item & 1, 0u);
    EXPECT_FALSE(row.description.raw.empty());
  }
}

}  // namespace
}  // namespace softvpu::firmware::libav
