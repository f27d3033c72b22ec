// SPDX-License-Identifier: LGPL-2.1-or-later
// A decoder's controls, made from capabilities, also from silly ones. Clauses:
// vidioc-queryctrl.rst, ext-ctrls-codec.rst.
#include "v4l2/decoder/decoder_controls.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "codec/testing/scripted_session.h"

namespace softvpu::v4l2 {
namespace {

TEST(DecoderControlSet, TakesMenusFromTheCapabilities) {
  const Controls controls(decoder_controls(codec::scripted_capabilities()));
  v4l2_query_ext_ctrl query{};
  query.id = V4L2_CID_MPEG_VIDEO_H264_PROFILE;
  ASSERT_TRUE(controls.query(&query));
  EXPECT_STREQ(query.name, "H264 Profile");
  EXPECT_EQ(query.minimum, V4L2_MPEG_VIDEO_H264_PROFILE_BASELINE);
  EXPECT_EQ(query.maximum, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH);
  EXPECT_EQ(query.default_value, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH);
  v4l2_querymenu menu{.id = query.id, .index = V4L2_MPEG_VIDEO_H264_PROFILE_MAIN};
  ASSERT_TRUE(controls.query_menu(&menu));
  EXPECT_STREQ(reinterpret_cast<const char*>(menu.name), "Main");
  menu.index = V4L2_MPEG_VIDEO_H264_PROFILE_EXTENDED;
  EXPECT_EQ(controls.query_menu(&menu).error().code, EINVAL) << "not supported";
  menu.index = 0xffffffff;
  EXPECT_EQ(controls.query_menu(&menu).error().code, EINVAL);
}

TEST(DecoderControlSet, LeavesOutWhatItCantName) {
  codec::Capabilities capabilities = codec::scripted_capabilities();
  const auto menu = [](uint32_t id, uint64_t items, int64_t preset) {
    return ControlInfo{.id = id, .type = ControlType::kMenu, .default_value = preset, .items = items};
  };
  capabilities.codecs[0].controls = {
      menu(0x12345, 1, 0),                                       // no such control
      menu(V4L2_CID_MPEG_VIDEO_VP9_PROFILE, 0, 0),               // nothing supported
      menu(V4L2_CID_MPEG_VIDEO_VP8_PROFILE, ~uint64_t{0}, 99)};  // bits and a default beyond the menu
  const Controls controls(decoder_controls(capabilities));
  EXPECT_FALSE(controls.has(0x12345));
  EXPECT_FALSE(controls.has(V4L2_CID_MPEG_VIDEO_VP9_PROFILE));
  v4l2_query_ext_ctrl query{};
  query.id = V4L2_CID_MPEG_VIDEO_VP8_PROFILE;
  ASSERT_TRUE(controls.query(&query));
  EXPECT_EQ(query.maximum, 3);
  EXPECT_EQ(query.default_value, 0);
}

TEST(DecoderControlSet, HasACodecClassOnlyWithCodecControls) {
  codec::Capabilities capabilities = codec::scripted_capabilities();
  EXPECT_TRUE(Controls(decoder_controls(capabilities)).is_class(V4L2_CID_CODEC_CLASS));
  for (auto& codec : capabilities.codecs) codec.controls.clear();
  EXPECT_FALSE(Controls(decoder_controls(capabilities)).has(V4L2_CID_CODEC_CLASS));
}

TEST(DecoderControlSet, KeepsTheMinimumInItsRange) {
  Controls controls(decoder_controls(codec::scripted_capabilities()));
  v4l2_control control{V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, 0};
  for (const auto& [told, shown] : {std::pair{0u, 1}, std::pair{7u, 7}, std::pair{1000u, VIDEO_MAX_FRAME}}) {
    controls.set_value(V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, told);
    ASSERT_TRUE(controls.get(&control));
    EXPECT_EQ(control.value, shown);
  }
}

TEST(DecoderControlSet, GivesAClassNoValue) {
  Controls controls(decoder_controls(codec::scripted_capabilities()));
  v4l2_control control{V4L2_CID_USER_CLASS, 0};
  EXPECT_EQ(controls.get(&control).error().code, EINVAL);
  v4l2_ext_control item{};
  item.id = V4L2_CID_USER_CLASS;
  v4l2_ext_controls set{};
  set.count = 1;
  EXPECT_EQ(controls.access(Controls::Access::kGet, &set, {&item, 1}).error().code, EACCES);
}

}  // namespace
}  // namespace softvpu::v4l2
