// SPDX-License-Identifier: LGPL-2.1-or-later
#include "media/codec_names.h"

#include <gtest/gtest.h>

namespace softvpu {
namespace {

TEST(ACodecList, TakesNamesInAnyCaseAndFourCharacters) {
  const auto list = parse_codec_list("H264,vp8,HEVC,h265,VP80");
  ASSERT_TRUE(list) << list.error().reason;
  EXPECT_EQ(*list, (std::vector{kH264, kVp8, kHevc}));
}

TEST(ACodecList, RefusesWhatIsNoNameAndSaysWhichThereAre) {
  for (const char* text : {"", ",", "h264,", "h264, vp8", "xyz", "h264,,vp8"}) {
    const auto list = parse_codec_list(text);
    ASSERT_FALSE(list) << text;
    EXPECT_EQ(list.error().code, EINVAL);
    EXPECT_NE(list.error().reason.find("h264, avc, hevc"), std::string::npos) << list.error().reason;
  }
}

TEST(ACodecList, ChoosesOfWhatIsOffered) {
  const std::vector offered{kH264, kVp8, kVp8};
  const auto chosen = choose_codecs("vp8,h264", offered);
  ASSERT_TRUE(chosen) << chosen.error().reason;
  EXPECT_EQ(*chosen, (std::vector{kVp8, kH264}));
  const auto missing = choose_codecs("vp8,hevc", offered);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ENOENT);
  EXPECT_NE(missing.error().reason.find("hevc; it has h264, vp8"), std::string::npos) << missing.error().reason;
  EXPECT_EQ(choose_codecs("", offered).error().code, EINVAL);
}

TEST(ACodecList, NamesAFormatAsItIsPrinted) {
  EXPECT_EQ(codec_name(kHevc), "hevc");
  EXPECT_EQ(codec_name(make_fourcc('A', 'B', 'C', 'D')), "ABCD");
}

}  // namespace
}  // namespace softvpu
