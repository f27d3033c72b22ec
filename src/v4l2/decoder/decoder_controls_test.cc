// SPDX-License-Identifier: LGPL-2.1-or-later
// A decoder's controls, made from capabilities, even from silly ones. Clauses:
// vidioc-queryctrl.rst, ext-ctrls-codec.rst.
#include "v4l2/decoder/decoder_controls.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "codec/testing/scripted_session.h"
#include "v4l2/codec_device.h"
#include "v4l2/video_device.h"

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
    return ControlInfo{.id = id, .type = ControlType::kMenu, .maximum = 63, .default_value = preset, .items = items};
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
  EXPECT_EQ(controls.get(&control).error().code, EACCES);
  v4l2_ext_control item{};
  item.id = V4L2_CID_USER_CLASS;
  v4l2_ext_controls set{};
  set.count = 1;
  EXPECT_EQ(controls.access(Controls::Access::kGet, &set, {&item, 1}).error().code, EACCES);
}

// A decoder's node whose codec has a control of each type.
class ADecoderWithControls : public testing::Test {
 protected:
  static constexpr uint32_t kDelay = V4L2_CID_MPEG_VIDEO_DEC_DISPLAY_DELAY;
  static constexpr uint32_t kDelayEnable = V4L2_CID_MPEG_VIDEO_DEC_DISPLAY_DELAY_ENABLE;

  ~ADecoderWithControls() override { file_->release(); }
  static codec::Capabilities capabilities() {
    codec::Capabilities all = codec::scripted_capabilities();
    auto& controls = all.codecs[0].controls;
    controls.push_back({.id = kDelay, .maximum = 16, .default_value = 4});
    controls.push_back({.id = kDelayEnable, .type = ControlType::kBoolean, .maximum = 1});
    controls.push_back({.id = V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, .type = ControlType::kButton});
    return all;
  }
  template <typename T>
  int call(uint32_t request, T& argument, std::span<std::byte> array = {}) {
    return file_->call(request, &argument, array, true);
  }
  int set(uint32_t id, int32_t value) {
    v4l2_control control{id, value};
    return call(VIDIOC_S_CTRL, control);
  }
  void queue(uint32_t index) {
    v4l2_plane plane{};
    plane.bytesused = 100;
    v4l2_buffer buffer{};
    buffer.index = index;
    buffer.type = V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
    buffer.memory = V4L2_MEMORY_MMAP;
    buffer.length = 1;
    EXPECT_EQ(call(VIDIOC_QBUF, buffer, std::as_writable_bytes(std::span(&plane, 1))), 0);
  }
  size_t at(const std::string& what, size_t from = 0) {
    const auto& calls = driver_.script().calls;
    return static_cast<size_t>(std::find(calls.begin() + static_cast<ptrdiff_t>(from), calls.end(), what) - calls.begin());
  }
  static std::string told(uint32_t id, int64_t value) { return "control " + std::to_string(id) + " " + std::to_string(value); }

  codec::ScriptedDriver driver_{capabilities()};
  const std::shared_ptr<VideoDevice> device_ = make_codec_device({.flush_limit = {}}, driver_);
  const std::shared_ptr<FileHandle> file_ = *device_->open();
};

// docs/hfi.md, 2: "A control has V4L2's id, its type and range".
TEST_F(ADecoderWithControls, OffersEachType) {
  for (const auto& [id, type] : {std::pair{kDelay, V4L2_CTRL_TYPE_INTEGER}, std::pair{kDelayEnable, V4L2_CTRL_TYPE_BOOLEAN},
                                 std::pair{uint32_t{V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME}, V4L2_CTRL_TYPE_BUTTON}}) {
    v4l2_queryctrl query{};
    query.id = id;
    ASSERT_EQ(call(VIDIOC_QUERYCTRL, query), 0) << id;
    EXPECT_EQ(query.type, uint32_t{type});
  }
  EXPECT_EQ(set(kDelay, 99), 0);
  EXPECT_EQ(set(V4L2_CID_MPEG_VIDEO_H264_PROFILE, 0), -EACCES) << "the stream decides";
}

// A session begins with the values as they are, and gets each change ahead of the next input.
TEST_F(ADecoderWithControls, TellsTheSessionWhatIsSet) {
  EXPECT_EQ(set(kDelay, 99), 0);
  v4l2_requestbuffers request{.count = 2, .type = V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE, .memory = V4L2_MEMORY_MMAP};
  ASSERT_EQ(call(VIDIOC_REQBUFS, request), 0);
  int type = V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
  queue(0);
  ASSERT_EQ(call(VIDIOC_STREAMON, type), 0);
  EXPECT_LT(at(told(kDelay, 16)), at("start"));
  EXPECT_LT(at(told(kDelayEnable, 0)), at("start"));
  EXPECT_EQ(set(kDelayEnable, 1), 0);
  EXPECT_EQ(set(V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, 0), 0);
  EXPECT_EQ(driver_.script().count(told(kDelayEnable, 1)), 0u) << "not before the next input";
  queue(1);
  EXPECT_LT(at(told(kDelayEnable, 1)), at("queue_input 1 100"));
  EXPECT_EQ(driver_.script().count(told(V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, 0)), 1u);
}

// vidioc-subscribe-event.rst, V4L2_EVENT_SUB_FL_ALLOW_FEEDBACK. Each open has controls of its own, as with mem2mem drivers.
TEST_F(ADecoderWithControls, ReportsItsOwnChangesOnRequest) {
  const std::shared_ptr<FileHandle> other = *device_->open();
  v4l2_event_subscription subscription{};
  subscription.type = V4L2_EVENT_CTRL;
  subscription.id = kDelayEnable;
  EXPECT_EQ(call(VIDIOC_SUBSCRIBE_EVENT, subscription), 0);
  subscription.id = kDelay;
  subscription.flags = V4L2_EVENT_SUB_FL_ALLOW_FEEDBACK;
  EXPECT_EQ(call(VIDIOC_SUBSCRIBE_EVENT, subscription), 0);
  EXPECT_EQ(other->call(VIDIOC_SUBSCRIBE_EVENT, &subscription, {}, true), 0);
  EXPECT_EQ(set(kDelayEnable, 1), 0);
  v4l2_event event{};
  EXPECT_EQ(call(VIDIOC_DQEVENT, event), -ENOENT);
  EXPECT_EQ(set(kDelay, 7), 0);
  EXPECT_TRUE(file_->levels().pri);
  ASSERT_EQ(call(VIDIOC_DQEVENT, event), 0);
  EXPECT_EQ(event.id, kDelay);
  EXPECT_EQ(event.u.ctrl.value, 7);
  EXPECT_EQ(other->call(VIDIOC_DQEVENT, &event, {}, true), -ENOENT);
  v4l2_control control{kDelay, 0};
  EXPECT_EQ(other->call(VIDIOC_G_CTRL, &control, {}, true), 0);
  EXPECT_EQ(control.value, 4);
  other->release();
}

}  // namespace
}  // namespace softvpu::v4l2
