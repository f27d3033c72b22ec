// SPDX-License-Identifier: LGPL-2.1-or-later
// Ranges of controls that codecs share, by the codec that is chosen.
#include "v4l2/encoder/latched_parameters.h"

#include <gtest/gtest.h>

#include "v4l2/encoder/encoder_controls.h"

namespace softvpu::v4l2 {
namespace {

constexpr uint32_t kQp = V4L2_CID_MPEG_VIDEO_VPX_MAX_QP;

codec::CodecInfo codec_with(FourCC coded, int64_t last) {
  codec::CodecInfo info{.role = codec::Role::kEncoder, .coded = coded};
  if (last != 0) info.controls = {{.id = kQp, .maximum = last, .default_value = last}};
  return info;
}

class ThreeCodecs : public ::testing::Test {
 protected:
  void choose(size_t index) { parameters_.choose(all_.codecs[index], all_); }
  v4l2_queryctrl range() const {
    v4l2_queryctrl query{};
    query.id = kQp;
    EXPECT_TRUE(controls_.query(&query).has_value());
    return query;
  }
  int32_t set(int32_t value) {
    v4l2_control control{kQp, value};
    EXPECT_TRUE(controls_.set(&control).has_value());
    return control.value;
  }

  codec::Capabilities all_{.codecs = {codec_with(kH264, 0), codec_with(kVp8, 127), codec_with(kVp9, 255)}};
  Controls controls_{encoder_controls(all_)};
  LatchedParameters parameters_{controls_};
};

TEST_F(ThreeCodecs, GiveAControlTheRangeOfTheOneThatIsChosen) {
  choose(1);
  EXPECT_EQ(range().maximum, 127);
  EXPECT_EQ(set(200), 127);
  choose(2);
  EXPECT_EQ(range().maximum, 255);
  EXPECT_EQ(controls_.value(kQp), 255) << "the default of one is the default of the next";
}

TEST_F(ThreeCodecs, TakeWhatAnyOfThemTakesUntilOneIsChosen) {  // v4l2-ctl sets controls first
  choose(0);
  EXPECT_EQ(set(200), 200);
  choose(2);
  EXPECT_EQ(controls_.value(kQp), 200);
  choose(1);
  EXPECT_EQ(controls_.value(kQp), 127);
}

}  // namespace
}  // namespace softvpu::v4l2
