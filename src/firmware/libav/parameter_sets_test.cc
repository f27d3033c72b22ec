// SPDX-License-Identifier: GPL-2.0-or-later
// Which parameter sets are kept, and in which order: what libavcodec would know is what a new decoder is given.
#include "firmware/libav/parameter_sets.h"

#include <gtest/gtest.h>

#include "firmware/libav/start_codes.h"
#include "firmware/libav/testing/clip.h"

namespace softvpu::firmware::libav {
namespace {

using Set = std::vector<uint8_t>;

// H.264 sets that are ids and a distinguishing byte; an id of 0 is the bit 1.
Set sps(uint8_t mark) { return {0, 0, 0, 1, 0x67, 100, 0, 30, 0x80, mark}; }
Set pps(uint8_t mark) { return {0, 0, 0, 1, 0x68, 0xc0, mark}; }
Set pps_one(uint8_t mark) { return {0, 0, 0, 1, 0x68, 0x60, mark}; }  // id 1

Set operator+(Set a, const Set& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(ParameterSetsOfH264, KeepAllOfThemInTheOrderOfTheirComing) {
  ParameterSets sets(*find_row(kH264));
  sets.add(sps(1) + pps(2) + pps_one(3));
  EXPECT_EQ(*sets.list(), (ParameterSetList{sps(1), pps(2), pps_one(3)}));
}

TEST(ParameterSetsOfH264, ChangeNothingWhenTheyAreRepeated) {
  ParameterSets sets(*find_row(kH264));
  sets.add(sps(1) + pps(2));
  const auto before = sets.list();
  sets.add(sps(1) + Set{0} + pps(2) + Set{0, 0});  // zeros between units are of none
  EXPECT_EQ(sets.list(), before) << "made anew, though nothing is new";
}

TEST(ParameterSetsOfH264, ComeBehindWhatTheyReplace) {
  ParameterSets sets(*find_row(kH264));
  sets.add(sps(1) + pps(2));
  sets.add(sps(4));  // and libavcodec forgets the picture parameter set
  sets.add(pps(2));
  EXPECT_EQ(*sets.list(), (ParameterSetList{sps(1), sps(4), pps(2)}));
  sets.add(sps(1) + pps(2));
  EXPECT_EQ(*sets.list(), (ParameterSetList{sps(4), sps(1), pps(2)}));
}

TEST(ParameterSetsOfH264, AreTakenUpToTheFirstSlice) {
  ParameterSets sets(*find_row(kH264));
  sets.add(sps(1) + Set{0, 0, 1, 0x65, 0x88} + pps(2));
  EXPECT_EQ(*sets.list(), ParameterSetList{sps(1)});
}

TEST(ParameterSetsOfH264, AreBounded) {
  ParameterSets sets(*find_row(kH264));
  for (uint8_t mark = 1; mark < 100; ++mark) sets.add(sps(mark) + Set(10'000, 0x55));
  size_t bytes = 0;
  for (const Set& set : *sets.list()) bytes += set.size();
  EXPECT_LE(bytes, ParameterSets::kMaxBytes);
  ASSERT_FALSE(sets.list()->empty());
  EXPECT_EQ(sets.list()->back()[9], 99) << "the newest isn't there";
}

TEST(ParameterSets, SurviveNonsense) {
  for (const CodecRow& codec : codec_rows()) {
    ParameterSets sets(codec);
    for (const Set& unit :
         {Set{}, Set{0, 0, 1}, Set{0, 0, 1, 0x67}, Set{0, 0, 1, 0x68}, Set{0, 0, 1, 0x42}, Set{0, 0, 1, 0x42, 1},
          Set{0, 0, 1, 0x42, 1, 0xff}, Set{0, 0, 1, 0xb3}, Set{0, 0, 1, 0, 0, 1, 0, 0, 1}})
      sets.add(unit);
    EXPECT_LE(sets.list()->size(), 1u);
  }
}

TEST(ParameterSets, OfStreamsAreWhatTheyBeginWith) {
  struct Expected {
    const char* encoder;
    FourCC codec;
    size_t sets;
  };
  for (const Expected& one : {Expected{"libx264", kH264, 2}, Expected{"libx265", kHevc, 3}, Expected{"mpeg2video", kMpeg2, 1},
                              Expected{"libvpx", kVp8, 0}}) {
    const auto clip = firmware::testing::make_clip({.encoder = one.encoder});
    if (clip.empty()) continue;
    ParameterSets sets(*find_row(one.codec));
    sets.add(clip[0]);
    const auto first = sets.list();
    EXPECT_EQ(first->size(), one.sets) << one.encoder;
    for (const auto& unit : clip) sets.add(unit);
    EXPECT_EQ(*sets.list(), *first) << one.encoder << " repeats its headers";
  }
}

}  // namespace
}  // namespace softvpu::firmware::libav
