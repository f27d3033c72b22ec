// SPDX-License-Identifier: LGPL-2.1-or-later
// The encoder's role, call by call, on a session that does what the test says. Clauses: dev-encoder.rst (E:).
#include "v4l2/encoder/encoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "v4l2/encoder/encoder_ioctls.h"
#include "v4l2/encoder/testing/scripted_encoder.h"

namespace softvpu::v4l2 {
namespace {

using codec::DoneStatus;
using codec::FrameType;
using codec::Tag;

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
