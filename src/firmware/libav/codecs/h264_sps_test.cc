// SPDX-License-Identifier: GPL-2.0-or-later
// The output delay of H.264 streams, from their sequence parameter sets.
#include "firmware/libav/codecs/h264_sps.h"

#include <gtest/gtest.h>

#include "firmware/libav/start_codes.h"
#include "firmware/libav/testing/clip.h"

namespace softvpu::firmware::libav {
namespace {

using testing::make_clip;
using testing::Packets;

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

}  // namespace
}  // namespace softvpu::firmware::libav
