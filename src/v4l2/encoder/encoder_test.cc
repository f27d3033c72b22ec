// SPDX-License-Identifier: LGPL-2.1-or-later
// The encoder's role, call by call, on a session that does what the test says. Clauses: dev-encoder.rst (E:).
#include "v4l2/encoder/encoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "codec/testing/scripted_session.h"
#include "v4l2/encoder/encoder_ioctls.h"
#include "v4l2/encoder/testing/copy_driver.h"
#include "v4l2/encoder/testing/encoder_client.h"

namespace softvpu::v4l2 {
namespace {

using codec::DoneStatus;
using codec::FrameType;
using codec::Tag;

constexpr uint32_t kQuality = V4L2_CID_JPEG_COMPRESSION_QUALITY;
constexpr uint32_t kForceKey = V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME;

class AnEncoderOn : public testing::TestWithParam<bool> {
 protected:
  AnEncoderOn() {
    NodeSpec node = *node_of(codec::Role::kEncoder);
    node.multiplanar = GetParam();
    device_ = make_codec_device({.node = node, .flush_limit = {}}, driver_);
    client_ = std::make_unique<EncoderClient>(device_, GetParam());
  }
  EncoderClient& client() { return *client_; }
  codec::Script& script() { return driver_.script(); }
  // Both queues stream, four buffers each; those of CAPTURE are queued.
  void begin() { ASSERT_EQ(client().begin(kH264, kNv12, {320, 240}), 0); }
  // The oldest input becomes a frame.
  void code(uint32_t bytes = 100, FrameType type = FrameType::kKey) {
    const Tag tag = script().inputs.front().tag;
    script().finish_input();
    script().deliver_coded(tag, bytes, type);
  }

  codec::ScriptedDriver driver_{encoder_capabilities()};
  std::shared_ptr<VideoDevice> device_;
  std::unique_ptr<EncoderClient> client_;
};
INSTANTIATE_TEST_SUITE_P(Nodes, AnEncoderOn, testing::Bool(),
                         [](const auto& test) { return test.param ? "Multiplanar" : "SinglePlanar"; });

// ---- Initialization

// E: Initialization, step 8: the session starts when both stream, with all that was set by then.
TEST_P(AnEncoderOn, StartsItsSessionWhenBothQueuesStream) {
  for (const Side first : {Side::kOutput, Side::kCapture}) {
    const Side second = first == Side::kOutput ? Side::kCapture : Side::kOutput;
    ASSERT_EQ(client().set_coded(kH264), 0);
    ASSERT_EQ(client().set_raw(kYuv420, {320, 240}, 384), 0);
    Rect rect{32, 16, 288, 208};
    ASSERT_EQ(client().selection(VIDIOC_S_SELECTION, V4L2_SEL_TGT_CROP, &rect), 0);
    v4l2_fract interval{1, 25};
    ASSERT_EQ(client().parm(VIDIOC_S_PARM, Side::kOutput, &interval), 0);
    ASSERT_EQ(client().reqbufs(Side::kOutput, 2), 0);
    ASSERT_EQ(client().reqbufs(Side::kCapture, 2), 0);
    const size_t before = driver_.scripts().size();
    ASSERT_EQ(client().qbuf(Side::kOutput, 1), 0);
    ASSERT_EQ(client().stream(first, true), 0);
    EXPECT_EQ(driver_.scripts().size(), before) << "one queue alone";
    ASSERT_EQ(client().stream(second, true), 0);
    ASSERT_EQ(driver_.scripts().size(), before + 1);
    EXPECT_EQ(script().config.role, codec::Role::kEncoder);
    EXPECT_EQ(script().config.coded, kH264);
    EXPECT_EQ(script().config.size_hint, (Size{288, 208}));
    EXPECT_EQ(script().config.interval, (FrameInterval{1, 25}));
    EXPECT_EQ(script().config.colour, (Colour{V4L2_COLORSPACE_REC709, 0, 0, 0}));
    EXPECT_EQ(script().layout, part_of(*source_layout_for(kYuv420, {320, 240}, {384}), {32, 16, 288, 208}));
    EXPECT_EQ(script().calls[0], "layout 288x208");
    EXPECT_EQ(script().calls[1], "start");
    ASSERT_EQ(script().inputs.size(), 1u) << "what was queued before";
    EXPECT_EQ(script().inputs[0].chunk.plane[0], (codec::PlaneChunk{0, 384 * 240 * 3 / 2}));
    ASSERT_EQ(client().stream(Side::kOutput, false), 0);
    ASSERT_EQ(client().stream(Side::kCapture, false), 0);
    ASSERT_EQ(client().reqbufs(Side::kOutput, 0), 0);
    ASSERT_EQ(client().reqbufs(Side::kCapture, 0), 0);
    EXPECT_FALSE(script().open);
  }
}

// vidioc-streamon.rst: where the session can't be had, STREAMON fails, and may be tried again.
TEST_P(AnEncoderOn, FailsToStreamWithoutASession) {
  for (const Side last : {Side::kOutput, Side::kCapture}) {
    client_ = std::make_unique<EncoderClient>(device_, GetParam());
    ASSERT_EQ(client().reqbufs(Side::kOutput, 2), 0);
    ASSERT_EQ(client().reqbufs(Side::kCapture, 2), 0);
    ASSERT_EQ(client().qbuf(Side::kOutput, 0), 0);
    ASSERT_EQ(client().qbuf(Side::kCapture, 0), 0);
    ASSERT_EQ(client().stream(last == Side::kOutput ? Side::kCapture : Side::kOutput, true), 0);
    driver_.refuse_sessions(ENOMEM);
    EXPECT_EQ(client().stream(last, true), -ENOMEM);
    EXPECT_EQ(client().dqbuf(last).error, -EINVAL) << "it doesn't stream";
    driver_.refuse_sessions(0);
    ASSERT_EQ(client().stream(last, true), 0);
    EXPECT_EQ(script().inputs.size(), 1u) << "queued buffers stayed queued";
    EXPECT_EQ(script().outputs.size(), 1u);
  }
}

// E: Commit Points, 5; vicodec.
TEST_P(AnEncoderOn, HoldsFormatsWhileThereAreBuffers) {
  ASSERT_EQ(client().set_coded(kH264), 0);
  ASSERT_EQ(client().set_raw(kNv12, {320, 240}), 0);
  ASSERT_EQ(client().reqbufs(Side::kCapture, 2), 0);
  EXPECT_EQ(client().set_coded(kVp8), -EBUSY);
  EXPECT_EQ(client().set_coded(kH264), 0) << "the same again";
  EXPECT_EQ(client().set_raw(kNv12, {640, 480}), 0) << "CAPTURE's buffers are large enough";
  EXPECT_EQ(client().set_raw(kNv12, {1920, 1080}), -EBUSY) << "and for these they aren't";
  ASSERT_EQ(client().reqbufs(Side::kOutput, 2), 0);
  EXPECT_EQ(client().set_raw(kNv12, {320, 240}), -EBUSY);
  EXPECT_EQ(client().set_raw(kNv12, {640, 480}), 0) << "the same again";
  ASSERT_EQ(client().reqbufs(Side::kCapture, 0), 0);
  EXPECT_EQ(client().set_coded(kVp8), -EBUSY) << "OUTPUT's hold it, too";
  ASSERT_EQ(client().reqbufs(Side::kOutput, 0), 0);
  EXPECT_EQ(client().set_coded(kVp8), 0);
}

TEST_P(AnEncoderOn, HasTheRectanglesOfTheSpecification) {
  ASSERT_EQ(client().set_raw(kNv12, {1920, 1088}), 0);
  Rect rect;
  for (const uint32_t target : {V4L2_SEL_TGT_CROP, V4L2_SEL_TGT_CROP_DEFAULT, V4L2_SEL_TGT_CROP_BOUNDS}) {
    ASSERT_EQ(client().selection(VIDIOC_G_SELECTION, target, &rect), 0);
    EXPECT_EQ(rect, (Rect{0, 0, 1920, 1088}));
    EXPECT_EQ(client().selection(VIDIOC_G_SELECTION, target, &rect, 0, V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE), 0);
    EXPECT_EQ(client().selection(VIDIOC_G_SELECTION, target, &rect, 0, V4L2_BUF_TYPE_VIDEO_CAPTURE), -EINVAL);
  }
  for (const uint32_t target : {V4L2_SEL_TGT_COMPOSE, V4L2_SEL_TGT_COMPOSE_BOUNDS, V4L2_SEL_TGT_NATIVE_SIZE})
    EXPECT_EQ(client().selection(VIDIOC_G_SELECTION, target, &rect), -EINVAL) << target;
  rect = {0, 0, 1920, 1080};
  ASSERT_EQ(client().selection(VIDIOC_S_SELECTION, V4L2_SEL_TGT_CROP, &rect), 0);
  EXPECT_EQ(rect, (Rect{0, 0, 1920, 1080}));
  EXPECT_EQ(client().g_fmt(Side::kCapture).size, (Size{1920, 1080}));
  EXPECT_EQ(client().selection(VIDIOC_S_SELECTION, V4L2_SEL_TGT_CROP_DEFAULT, &rect), -EINVAL);
  EXPECT_EQ(client().selection(VIDIOC_S_SELECTION, V4L2_SEL_TGT_CROP, &rect, 0x80), -EINVAL);
  rect = {0, 0, 2000, 1080};
  EXPECT_EQ(client().selection(VIDIOC_S_SELECTION, V4L2_SEL_TGT_CROP, &rect, V4L2_SEL_FLAG_GE), -ERANGE);
  rect = {0, 0, 8, 8};
  EXPECT_EQ(client().selection(VIDIOC_S_SELECTION, V4L2_SEL_TGT_CROP, &rect, V4L2_SEL_FLAG_LE), -ERANGE);
  begin();
  rect = {0, 0, 160, 120};
  EXPECT_EQ(client().selection(VIDIOC_S_SELECTION, V4L2_SEL_TGT_CROP, &rect), -EBUSY) << "a stream has one size";
  rect = {0, 0, 320, 240};
  EXPECT_EQ(client().selection(VIDIOC_S_SELECTION, V4L2_SEL_TGT_CROP, &rect), 0);
  v4l2_crop crop{.type = V4L2_BUF_TYPE_VIDEO_OUTPUT};
  EXPECT_EQ(client().ioctl(VIDIOC_G_CROP, &crop), -EINVAL);
}

TEST_P(AnEncoderOn, HasAFrameIntervalOnOutput) {
  v4l2_fract interval{};
  ASSERT_EQ(client().parm(VIDIOC_G_PARM, Side::kOutput, &interval), 0);
  EXPECT_EQ(interval.numerator, 1u);
  EXPECT_EQ(interval.denominator, 30u);
  interval = {0, 0};
  ASSERT_EQ(client().parm(VIDIOC_S_PARM, Side::kOutput, &interval), 0);
  EXPECT_EQ(interval.denominator, 30u);
  EXPECT_EQ(client().parm(VIDIOC_G_PARM, Side::kCapture, &interval), -EINVAL);
  EXPECT_EQ(client().parm(VIDIOC_S_PARM, Side::kCapture, &interval), -EINVAL);
  begin();
  interval = {1, 60};
  EXPECT_EQ(client().parm(VIDIOC_S_PARM, Side::kOutput, &interval), 0) << "while streaming, too (Chromium)";
  v4l2_frmivalenum intervals{.pixel_format = V4L2_PIX_FMT_H264, .width = 320, .height = 240};
  EXPECT_EQ(client().ioctl(VIDIOC_ENUM_FRAMEINTERVALS, &intervals), -EINVAL) << "H.264 takes any";
}

TEST_P(AnEncoderOn, EnumeratesFrameIntervalsThatHaveLimits) {
  ASSERT_EQ(client().set_coded(kVp8), 0);
  v4l2_frmivalenum intervals{.pixel_format = V4L2_PIX_FMT_VP8, .width = 320, .height = 240};
  ASSERT_EQ(client().ioctl(VIDIOC_ENUM_FRAMEINTERVALS, &intervals), 0);
  EXPECT_EQ(intervals.type, uint32_t{V4L2_FRMIVAL_TYPE_CONTINUOUS});
  EXPECT_EQ(intervals.stepwise.min.denominator, 120u);
  intervals = {.index = 1, .pixel_format = V4L2_PIX_FMT_VP8, .width = 320, .height = 240};
  EXPECT_EQ(client().ioctl(VIDIOC_ENUM_FRAMEINTERVALS, &intervals), -EINVAL);
  intervals = {.pixel_format = V4L2_PIX_FMT_VP8, .width = 321, .height = 240};
  EXPECT_EQ(client().ioctl(VIDIOC_ENUM_FRAMEINTERVALS, &intervals), -EINVAL);
  intervals = {.pixel_format = V4L2_PIX_FMT_NV12, .width = 320, .height = 240};
  EXPECT_EQ(client().ioctl(VIDIOC_ENUM_FRAMEINTERVALS, &intervals), -EINVAL) << "not for VP8";
}

TEST_P(AnEncoderOn, HasItsEventsControlsAndCommands) {
  EXPECT_EQ(client().subscribe(V4L2_EVENT_EOS), 0);
  EXPECT_EQ(client().subscribe(V4L2_EVENT_SOURCE_CHANGE), -EINVAL);
  v4l2_control control{.id = V4L2_CID_MIN_BUFFERS_FOR_OUTPUT};
  EXPECT_EQ(client().ioctl(VIDIOC_G_CTRL, &control), 0);
  EXPECT_EQ(control.value, 1);
  control.id = V4L2_CID_MIN_BUFFERS_FOR_CAPTURE;
  EXPECT_EQ(client().ioctl(VIDIOC_G_CTRL, &control), -EINVAL) << "v4l2-compliance 1.30";
  v4l2_encoder_cmd command{};
  std::memset(&command, 0xff, sizeof command);
  EXPECT_EQ(client().ioctl(VIDIOC_TRY_ENCODER_CMD, &command), -EINVAL);
  EXPECT_EQ(client().ioctl(VIDIOC_ENCODER_CMD, &command), -EINVAL);
  for (const uint32_t cmd : {V4L2_ENC_CMD_START, V4L2_ENC_CMD_STOP}) {
    command = {.cmd = cmd, .flags = V4L2_ENC_CMD_STOP_AT_GOP_END};
    EXPECT_EQ(client().ioctl(VIDIOC_TRY_ENCODER_CMD, &command), 0);
    EXPECT_EQ(command.flags, 0u);
    EXPECT_EQ(client().command(cmd), 0) << "no error without streams";
  }
  for (const uint32_t cmd : {V4L2_ENC_CMD_PAUSE, V4L2_ENC_CMD_RESUME}) EXPECT_EQ(client().command(cmd), -EINVAL);
  v4l2_decoder_cmd other{.cmd = V4L2_DEC_CMD_STOP};
  EXPECT_EQ(client().ioctl(VIDIOC_DECODER_CMD, &other), -ENOTTY);
}

// ---- Encoding

// E: Encoding, notes: timestamps are opaque and copied, with timecode, source and field; flags say the kind of frame.
TEST_P(AnEncoderOn, CopiesWhatTheClientSaidOfAPicture) {
  begin();
  const timeval time{.tv_sec = 123456789, .tv_usec = 999999};
  ASSERT_EQ(client().qbuf(Side::kOutput, 2,
                          EncoderClient::Queueing{
                              .timestamp = time, .flags = V4L2_BUF_FLAG_TSTAMP_SRC_SOE, .field = V4L2_FIELD_INTERLACED_BT}),
            0);
  ASSERT_EQ(script().inputs.size(), 1u);
  EXPECT_EQ(script().inputs[0].chunk.field, codec::FrameField::kInterlacedBottomFirst);
  const Tag tag = script().inputs[0].tag;
  script().finish_input();
  const Got raw = client().dqbuf(Side::kOutput);
  EXPECT_EQ(raw.error, 0) << "back as soon as it is read";
  EXPECT_EQ(raw.index, 2u);
  EXPECT_EQ(client().dqbuf(Side::kCapture).error, -EAGAIN);
  script().deliver_coded(tag, 1234, FrameType::kKey);
  const Got coded = client().dqbuf(Side::kCapture);
  ASSERT_EQ(coded.error, 0);
  EXPECT_EQ(coded.bytesused, 1234u);
  EXPECT_EQ(coded.timestamp.tv_sec, time.tv_sec);
  EXPECT_EQ(coded.timestamp.tv_usec, time.tv_usec);
  EXPECT_TRUE(coded.has(V4L2_BUF_FLAG_KEYFRAME));
  EXPECT_EQ(coded.flags & V4L2_BUF_FLAG_TSTAMP_SRC_MASK, uint32_t{V4L2_BUF_FLAG_TSTAMP_SRC_SOE});
  EXPECT_EQ(coded.field, uint32_t{V4L2_FIELD_INTERLACED_BT});
  EXPECT_FALSE(coded.has(V4L2_BUF_FLAG_ERROR));
  EXPECT_EQ(coded.sequence, 0u);
  const std::pair<FrameType, uint32_t> kinds[] = {{FrameType::kP, V4L2_BUF_FLAG_PFRAME}, {FrameType::kB, V4L2_BUF_FLAG_BFRAME}};
  for (const auto& [type, flag] : kinds) {
    ASSERT_EQ(client().qbuf(Side::kOutput, 2), 0);
    code(10, type);
    EXPECT_EQ(client().dqbuf(Side::kCapture).flags & (V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_PFRAME | V4L2_BUF_FLAG_BFRAME),
              flag);
    EXPECT_EQ(client().dqbuf(Side::kOutput).error, 0);
  }
}

// buffer.rst, bytesused: 0 stands for the whole buffer; and as in real drivers the format counts. (ustreamer queues buffers that
// it never filled.)
TEST_P(AnEncoderOn, TakesAPictureWhateverItsBytesused) {
  begin();
  const uint32_t bytes = 320 * 240 * 3 / 2;
  for (const uint32_t bytesused : {0u, 1u, bytes}) {
    ASSERT_EQ(client().qbuf(Side::kOutput, 0, EncoderClient::Queueing{.bytesused = bytesused}), 0);
    ASSERT_EQ(script().inputs.size(), 1u);
    EXPECT_EQ(script().inputs[0].chunk.plane[0], (codec::PlaneChunk{0, bytes}));
    code();
    const Got raw = client().dqbuf(Side::kOutput);
    EXPECT_EQ(raw.bytesused, bytesused == 0 ? bytes : bytesused);
  }
  EXPECT_EQ(client().qbuf(Side::kOutput, 0, EncoderClient::Queueing{.bytesused = bytes + 1}), -EINVAL);
  if (GetParam()) {
    EXPECT_EQ(client().qbuf(Side::kOutput, 0, EncoderClient::Queueing{.bytesused = bytes, .data_offset = 16}), -EINVAL)
        << "the picture doesn't fit behind it";
    EXPECT_EQ(client().qbuf(Side::kOutput, 0, EncoderClient::Queueing{.data_offset = UINT32_MAX}), -EINVAL);
  }
}

// Controls count from the picture that is queued next on, not for those that wait already.
TEST_P(AnEncoderOn, LatchesControlsWithThePictureThatIsQueuedNext) {
  const auto told = [&] { return std::exchange(script().controls, {}); };
  using Told = std::vector<std::pair<uint32_t, int64_t>>;
  ASSERT_EQ(client().set_control(kQuality, 60), 0);
  ASSERT_EQ(client().set_coded(kH264), 0);
  ASSERT_EQ(client().set_raw(kNv12, {320, 240}), 0);
  ASSERT_EQ(client().reqbufs(Side::kOutput, 4), 0);
  ASSERT_EQ(client().reqbufs(Side::kCapture, 4), 0);
  ASSERT_EQ(client().qbuf(Side::kOutput, 0), 0);
  ASSERT_EQ(client().set_control(kQuality, 70), 0);
  ASSERT_EQ(client().set_control(kForceKey, 0), 0);
  ASSERT_EQ(client().qbuf(Side::kOutput, 1), 0);
  ASSERT_EQ(client().set_control(kQuality, 200), 0) << "clamped";
  ASSERT_EQ(client().stream(Side::kOutput, true), 0);
  ASSERT_EQ(client().stream(Side::kCapture, true), 0);
  // Each stands ahead of its picture.
  const auto at = [&](const std::string& call) {
    return std::find(script().calls.begin(), script().calls.end(), call) - script().calls.begin();
  };
  const std::string id = std::to_string(kQuality);
  EXPECT_LT(at("control " + id + " 60"), at("queue_input 0 115200"));
  EXPECT_LT(at("queue_input 0 115200"), at("control " + id + " 70"));
  EXPECT_LT(at("control " + std::to_string(kForceKey) + " 0"), at("queue_input 1 115200"));
  EXPECT_EQ(script().controls.size(), 3u) << "100 waits for the next one";
  (void)told();
  ASSERT_EQ(client().qbuf(Side::kOutput, 2), 0);
  EXPECT_EQ(told(), (Told{{kQuality, 100}}));
  ASSERT_EQ(client().qbuf(Side::kOutput, 3), 0);
  EXPECT_EQ(told(), Told{}) << "a button counts once";
  // What belonged to a picture that wasn't coded belongs to the next one.
  ASSERT_EQ(client().stream(Side::kCapture, false), 0);
  script().finish_inputs();
  for (int i = 0; i < 4; ++i) ASSERT_EQ(client().dqbuf(Side::kOutput).error, 0);
  ASSERT_EQ(client().set_control(kQuality, 30), 0);
  ASSERT_EQ(client().set_control(kForceKey, 0), 0);
  ASSERT_EQ(client().qbuf(Side::kOutput, 0), 0);
  ASSERT_EQ(client().stream(Side::kOutput, false), 0);
  script().settle();
  ASSERT_EQ(client().qbuf(Side::kOutput, 1), 0);
  ASSERT_EQ(client().stream(Side::kOutput, true), 0);
  ASSERT_EQ(client().stream(Side::kCapture, true), 0);
  EXPECT_EQ(told(), (Told{{kForceKey, 0}, {kQuality, 30}}));
  // A new session starts with the control values that the last picture was coded with.
  for (const Side side : {Side::kOutput, Side::kCapture}) ASSERT_EQ(client().stream(side, false), 0);
  ASSERT_EQ(client().reqbufs(Side::kOutput, 0), 0);
  ASSERT_EQ(client().reqbufs(Side::kCapture, 0), 0);
  begin();
  EXPECT_EQ(told(), (Told{{kQuality, 30}}));
}

// Chromium, codec2 and RaspberryPi-WebRTC change the frame rate while they stream.
TEST_P(AnEncoderOn, LatchesTheFrameIntervalWithThePictureThatIsQueuedNext) {
  const auto set = [&](uint32_t numerator, uint32_t denominator) {
    v4l2_fract interval{numerator, denominator};
    return client().parm(VIDIOC_S_PARM, Side::kOutput, &interval);
  };
  const auto asked = [&] {
    std::vector<std::string> calls;
    for (const std::string& call : std::exchange(script().calls, {}))
      if (call.starts_with("interval") || call.starts_with("queue_input")) calls.push_back(call.substr(0, call.rfind(' ')));
    return calls;
  };
  using Calls = std::vector<std::string>;
  ASSERT_EQ(client().set_coded(kH264), 0);
  ASSERT_EQ(client().set_raw(kNv12, {320, 240}), 0);
  ASSERT_EQ(client().reqbufs(Side::kOutput, 4), 0);
  ASSERT_EQ(client().reqbufs(Side::kCapture, 4), 0);
  ASSERT_EQ(set(1, 25), 0);
  ASSERT_EQ(client().qbuf(Side::kOutput, 0), 0);
  ASSERT_EQ(set(1, 50), 0);
  ASSERT_EQ(client().qbuf(Side::kOutput, 1), 0);
  ASSERT_EQ(client().stream(Side::kOutput, true), 0);
  ASSERT_EQ(client().stream(Side::kCapture, true), 0);
  EXPECT_EQ(script().config.interval, (FrameInterval{1, 25})) << "the first picture's";
  EXPECT_EQ(asked(), (Calls{"queue_input 0", "interval", "queue_input 1"}));
  ASSERT_EQ(client().qbuf(Side::kOutput, 2), 0);
  EXPECT_EQ(asked(), (Calls{"queue_input 2"})) << "nothing has changed";
  ASSERT_EQ(set(0, 0), 0);
  ASSERT_EQ(client().qbuf(Side::kOutput, 3), 0);
  EXPECT_EQ(asked(), (Calls{"queue_input 3"})) << "0/0 keeps what there is";
  // Over STREAMOFF the last one that was set counts, also where its picture was never coded.
  ASSERT_EQ(client().stream(Side::kCapture, false), 0);
  script().finish_inputs();
  ASSERT_EQ(client().dqbuf(Side::kOutput).error, 0);
  ASSERT_EQ(set(1, 10), 0);
  ASSERT_EQ(client().qbuf(Side::kOutput, 0), 0);
  ASSERT_EQ(client().stream(Side::kOutput, false), 0);
  script().settle();
  ASSERT_EQ(client().qbuf(Side::kOutput, 1), 0);
  ASSERT_EQ(client().stream(Side::kOutput, true), 0);
  ASSERT_EQ(client().queue_all(Side::kCapture), 0);
  ASSERT_EQ(client().stream(Side::kCapture, true), 0);
  EXPECT_EQ(asked(), (Calls{"interval", "queue_input 1"}));
}

// Those of a codec that isn't chosen can be set, and have no effect.
TEST_P(AnEncoderOn, MarksControlsOfOtherCodecsInactive) {
  const auto inactive = [&] {
    v4l2_queryctrl query{.id = kQuality};
    EXPECT_EQ(client().ioctl(VIDIOC_QUERYCTRL, &query), 0);
    return (query.flags & V4L2_CTRL_FLAG_INACTIVE) != 0;
  };
  EXPECT_FALSE(inactive());
  ASSERT_EQ(client().set_coded(kVp8), 0);
  EXPECT_TRUE(inactive());
  ASSERT_EQ(client().set_control(kQuality, 60), 0);
  ASSERT_EQ(client().begin(kVp8, kYuv420, {320, 240}), 0);
  ASSERT_EQ(client().qbuf(Side::kOutput, 0), 0);
  EXPECT_TRUE(script().controls.empty()) << "VP8 has no such control";
  EXPECT_EQ(script().inputs.size(), 1u);
  for (const Side side : {Side::kOutput, Side::kCapture}) ASSERT_EQ(client().stream(side, false), 0);
  for (const Side side : {Side::kOutput, Side::kCapture}) ASSERT_EQ(client().reqbufs(side, 0), 0);
  begin();
  EXPECT_FALSE(inactive());
  EXPECT_EQ(script().controls, (std::vector<std::pair<uint32_t, int64_t>>{{kQuality, 60}})) << "but H.264 has";
}

// E: Encoding, note on errors; codec/session.h, 10.
TEST_P(AnEncoderOn, FlagsPicturesThatAreLost) {
  begin();
  ASSERT_EQ(client().qbuf(Side::kOutput, 0, 7), 0);
  const Tag tag = script().inputs[0].tag;
  script().finish_input(DoneStatus::kError);
  EXPECT_TRUE(client().dqbuf(Side::kOutput).has(V4L2_BUF_FLAG_ERROR));
  script().deliver_coded(tag, 0, FrameType::kUnknown, DoneStatus::kError);
  Got got = client().dqbuf(Side::kCapture);
  EXPECT_EQ(got.error, 0);
  EXPECT_TRUE(got.has(V4L2_BUF_FLAG_ERROR)) << "an empty one without the flag would be the end to a client";
  EXPECT_FALSE(got.has(V4L2_BUF_FLAG_LAST));
  EXPECT_EQ(got.timestamp.tv_usec, 7);
  script().deliver_coded(tag, UINT32_MAX);
  got = client().dqbuf(Side::kCapture);
  EXPECT_TRUE(got.has(V4L2_BUF_FLAG_ERROR)) << "a lower half that claims more than there is";
  EXPECT_LE(got.bytesused, client().length(Side::kCapture, got.index));
}

// ---- Drain

// E: Drain, steps 1 and 2: LAST, then the event, then EPIPE.
TEST_P(AnEncoderOn, DrainsInTheOrderThatClientsNeed) {
  begin();
  ASSERT_EQ(client().subscribe(V4L2_EVENT_EOS), 0);
  ASSERT_EQ(client().qbuf(Side::kOutput, 0), 0);
  ASSERT_EQ(client().qbuf(Side::kOutput, 1), 0);
  ASSERT_EQ(client().command(V4L2_ENC_CMD_STOP), 0);
  EXPECT_EQ(script().calls.back(), "drain");
  EXPECT_EQ(client().command(V4L2_ENC_CMD_STOP), -EBUSY);
  EXPECT_EQ(client().command(V4L2_ENC_CMD_START), -EBUSY);
  code();
  code();
  EXPECT_EQ(client().dqevent(), -ENOENT);
  script().say_drained();
  EXPECT_EQ(client().dqevent(), -ENOENT) << "FFmpeg ends at the event: all buffers are ready before";
  script().settle();  // return_output()
  EXPECT_EQ(client().dqevent(), V4L2_EVENT_EOS);
  EXPECT_EQ(client().dqbuf(Side::kCapture).bytesused, 100u);
  EXPECT_EQ(client().dqbuf(Side::kCapture).bytesused, 100u);
  const Got last = client().dqbuf(Side::kCapture);
  EXPECT_TRUE(last.has(V4L2_BUF_FLAG_LAST));
  EXPECT_EQ(last.bytesused, 0u);
  EXPECT_EQ(client().dqbuf(Side::kCapture).error, -EPIPE);
  // E: Drain, step 3: accepted, not processed.
  ASSERT_EQ(client().qbuf(Side::kOutput, 2), 0);
  EXPECT_TRUE(script().inputs.empty());
  EXPECT_EQ(client().command(V4L2_ENC_CMD_STOP), 0) << "stopped already";
  ASSERT_EQ(client().command(V4L2_ENC_CMD_START), 0);
  EXPECT_EQ(script().count("resume"), 1u);
  ASSERT_EQ(script().inputs.size(), 1u);
  EXPECT_EQ(client().dqbuf(Side::kCapture).error, -EAGAIN) << "no EPIPE any more";
  EXPECT_EQ(driver_.scripts().size(), 1u) << "with all the state from before";
}

// E: Drain, note, second case.
TEST_P(AnEncoderOn, GivesTheNextCaptureBufferBackAsLast) {
  begin();
  ASSERT_EQ(client().qbuf(Side::kOutput, 0), 0);
  for (int i = 0; i < 4; ++i) script().deliver_coded(Tag{1}, 10);
  ASSERT_EQ(client().command(V4L2_ENC_CMD_STOP), 0);
  script().finish_inputs();
  script().say_drained();
  for (int i = 0; i < 4; ++i) ASSERT_FALSE(client().dqbuf(Side::kCapture).has(V4L2_BUF_FLAG_LAST));
  EXPECT_EQ(client().dqbuf(Side::kCapture).error, -EAGAIN);
  ASSERT_EQ(client().qbuf(Side::kCapture, 0), 0);
  EXPECT_TRUE(client().dqbuf(Side::kCapture).has(V4L2_BUF_FLAG_LAST));
  EXPECT_EQ(client().dqbuf(Side::kCapture).error, -EPIPE);
}

// E: Drain, note, third case: STREAMOFF(CAPTURE) cancels it, and resets.
TEST_P(AnEncoderOn, CancelsADrainWithCapture) {
  begin();
  ASSERT_EQ(client().qbuf(Side::kOutput, 0), 0);
  ASSERT_EQ(client().command(V4L2_ENC_CMD_STOP), 0);
  ASSERT_EQ(client().stream(Side::kCapture, false), 0);
  EXPECT_EQ(script().calls.back(), "flush output");
  script().settle();
  ASSERT_EQ(client().queue_all(Side::kCapture), 0);
  ASSERT_EQ(client().stream(Side::kCapture, true), 0);
  ASSERT_EQ(client().qbuf(Side::kOutput, 1), 0);
  EXPECT_EQ(script().inputs.size(), 2u);
  ASSERT_EQ(client().command(V4L2_ENC_CMD_STOP), 0) << "a drain of its own";
  EXPECT_EQ(script().count("drain"), 1u) << "it waits for the first one's answer";
  ASSERT_EQ(client().qbuf(Side::kOutput, 2), 0);
  EXPECT_EQ(script().inputs.size(), 2u) << "behind that STOP";
  code();
  script().say_drained();
  EXPECT_EQ(script().count("resume"), 1u);
  EXPECT_EQ(script().count("drain"), 2u);
  code();
  script().say_drained();
  script().settle();
  EXPECT_EQ(client().dqbuf(Side::kCapture).bytesused, 100u);
  EXPECT_EQ(client().dqbuf(Side::kCapture).bytesused, 100u);
  EXPECT_TRUE(client().dqbuf(Side::kCapture).has(V4L2_BUF_FLAG_LAST));
  EXPECT_EQ(script().inputs.size(), 1u) << "the session reads it when it is resumed";
}

// E: Drain, note, fourth case: STREAMOFF(OUTPUT) completes it, and STREAMON goes on without those inputs.
TEST_P(AnEncoderOn, CompletesADrainWithOutput) {
  begin();
  ASSERT_EQ(client().subscribe(V4L2_EVENT_EOS), 0);
  ASSERT_EQ(client().qbuf(Side::kOutput, 0), 0);
  ASSERT_EQ(client().command(V4L2_ENC_CMD_STOP), 0);
  ASSERT_EQ(client().stream(Side::kOutput, false), 0);
  script().say_drained();  // it crossed the flush
  script().settle();
  EXPECT_TRUE(client().dqbuf(Side::kCapture).has(V4L2_BUF_FLAG_LAST));
  EXPECT_EQ(client().dqevent(), V4L2_EVENT_EOS);
  EXPECT_EQ(client().dqevent(), -ENOENT) << "once";
  EXPECT_EQ(client().dqbuf(Side::kCapture).error, -EPIPE);
  ASSERT_EQ(client().qbuf(Side::kOutput, 1), 0);
  ASSERT_EQ(client().stream(Side::kOutput, true), 0);
  EXPECT_EQ(script().count("resume"), 1u);
  EXPECT_EQ(script().inputs.size(), 1u);
  EXPECT_EQ(client().dqbuf(Side::kCapture).error, -EAGAIN);
  EXPECT_EQ(driver_.scripts().size(), 1u);
}

// ---- Reset, other streams

// E: Reset: CAPTURE off and on is a flush of the outputs; what is queued to OUTPUT waits.
TEST_P(AnEncoderOn, HoldsPicturesBackWhileCaptureIsOff) {
  begin();
  ASSERT_EQ(client().stream(Side::kCapture, false), 0);
  script().settle();
  ASSERT_EQ(client().qbuf(Side::kOutput, 0), 0);
  EXPECT_TRUE(script().inputs.empty());
  ASSERT_EQ(client().queue_all(Side::kCapture), 0);
  ASSERT_EQ(client().stream(Side::kCapture, true), 0);
  EXPECT_EQ(script().inputs.size(), 1u);
  EXPECT_EQ(script().outputs.size(), 4u);
  EXPECT_EQ(driver_.scripts().size(), 1u);
}

// E: State machine, Reset -> Initialization; another size is another session.
TEST_P(AnEncoderOn, BeginsAnotherStreamOfAnotherSize) {
  begin();
  ASSERT_EQ(client().stream(Side::kOutput, false), 0);
  ASSERT_EQ(client().stream(Side::kCapture, false), 0);
  ASSERT_EQ(client().reqbufs(Side::kOutput, 0), 0);
  EXPECT_FALSE(script().open);
  ASSERT_EQ(client().reqbufs(Side::kCapture, 0), 0);
  ASSERT_EQ(client().begin(kVp8, kYuv420, {640, 480}), 0);
  ASSERT_EQ(driver_.scripts().size(), 2u);
  EXPECT_EQ(script().config.coded, kVp8);
  EXPECT_EQ(script().config.size_hint, (Size{640, 480}));
}

// ---- Failures

// E: Encoding, last paragraph.
TEST_P(AnEncoderOn, AnswersEioUntilBothQueuesAreStopped) {
  begin();
  ASSERT_EQ(client().qbuf(Side::kOutput, 0), 0);
  ASSERT_EQ(client().command(V4L2_ENC_CMD_STOP), 0);
  script().fail(EIO, "scripted death");
  for (const Side side : {Side::kOutput, Side::kCapture}) {
    EXPECT_EQ(client().dqbuf(side).error, -EIO);
    EXPECT_EQ(client().qbuf(side, 1), -EIO);
  }
  EXPECT_EQ(client().command(V4L2_ENC_CMD_STOP), -EIO);
  EXPECT_EQ(client().command(V4L2_ENC_CMD_START), -EIO);
  EXPECT_TRUE(client().file().levels().error);
  ASSERT_EQ(client().stream(Side::kOutput, false), 0);
  EXPECT_EQ(client().stream(Side::kOutput, true), -EIO);
  ASSERT_EQ(client().stream(Side::kCapture, false), 0);
  ASSERT_EQ(client().queue_all(Side::kCapture), 0);
  ASSERT_EQ(client().qbuf(Side::kOutput, 0), 0);
  ASSERT_EQ(client().stream(Side::kOutput, true), 0);
  ASSERT_EQ(client().stream(Side::kCapture, true), 0);
  ASSERT_EQ(driver_.scripts().size(), 2u);
  EXPECT_EQ(script().inputs.size(), 1u);
}

TEST_P(AnEncoderOn, GivesUpASessionThatBreaksItsContract) {
  begin();
  script().announce(codec::plain_stream({320, 240}), true);
  EXPECT_EQ(script().count("give_up"), 1u);
}

TEST_P(AnEncoderOn, GivesUpWhereTheSessionRefuses) {
  begin();
  script().answer = ENOMEM;
  ASSERT_EQ(client().qbuf(Side::kOutput, 0), 0);
  EXPECT_EQ(script().count("give_up"), 1u);
}

// Every row answers with nothing set up, and with garbage; under the sanitizers that is a test of the handlers.
TEST_P(AnEncoderOn, AnswersEveryIoctlWithGarbage) {
  for (const int fill : {0, 0xff, 0x5a}) {
    for (const IoctlRow& row : encoder_ioctls().all()) {
      alignas(8) uint8_t argument[4096];
      std::memset(argument, fill, sizeof argument);
      if (_IOC_NR(row.request) == _IOC_NR(VIDIOC_DQEVENT) || _IOC_SIZE(row.request) > sizeof argument) continue;
      EXPECT_LE(client().ioctl(row.request, argument), 0) << row.name;
    }
  }
}

}  // namespace
}  // namespace softvpu::v4l2
