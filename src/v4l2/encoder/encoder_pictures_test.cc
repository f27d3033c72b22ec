// SPDX-License-Identifier: LGPL-2.1-or-later
// Pictures on their way through the encoder's role: what a client says of each, where its lines lie, and what counts from it on.
// Clauses: dev-encoder.rst (E:).
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "v4l2/encoder/testing/scripted_encoder.h"

namespace softvpu::v4l2 {
namespace {

using codec::DoneStatus;
using codec::FrameType;
using codec::Tag;

constexpr uint32_t kQuality = V4L2_CID_JPEG_COMPRESSION_QUALITY;
constexpr uint32_t kForceKey = V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME;

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
    EXPECT_EQ(raw.bytesused, bytesused == 0 ? client().length(Side::kOutput, 0) : bytesused);
  }
  const uint32_t length = client().length(Side::kOutput, 0);
  EXPECT_EQ(client().qbuf(Side::kOutput, 0, EncoderClient::Queueing{.bytesused = length + 1}), -EINVAL);
  if (GetParam()) {
    EXPECT_EQ(client().qbuf(Side::kOutput, 0, EncoderClient::Queueing{.bytesused = length, .data_offset = length - 16}), -EINVAL)
        << "the picture doesn't fit behind it";
    EXPECT_EQ(client().qbuf(Side::kOutput, 0, EncoderClient::Queueing{.data_offset = UINT32_MAX}), -EINVAL);
  }
}

// FFmpeg ignores bytesperline: it copies planes with the lines of its own frames (raspberrypi/firmware#1608).
TEST_P(AnEncoderOn, LearnsTheLinesOfAPictureFromItsBytesused) {
  ASSERT_EQ(client().begin(kH264, kYuv420, {426, 240}), 0);
  const uint32_t tight = 426 * 240 * 3 / 2;
  const auto queue = [&](uint32_t bytesused) {
    EXPECT_EQ(client().qbuf(Side::kOutput, 0, EncoderClient::Queueing{.bytesused = bytesused}), 0);
    const codec::PlaneChunk plane = script().inputs.front().chunk.plane[0];
    script().finish_input();
    EXPECT_EQ(client().dqbuf(Side::kOutput).error, 0);
    return plane;
  };
  queue(tight);
  EXPECT_EQ(script().layout->stride[0], 426u);
  EXPECT_EQ(queue(448 * 240 * 3 / 2), (codec::PlaneChunk{0, 448 * 240 * 3 / 2}));
  EXPECT_EQ(script().layout->stride[0], 448u);
  EXPECT_EQ(script().layout->stride[1], 224u);
  EXPECT_EQ(script().layout->size, (Size{426, 240}));
  queue(448 * 240 + 256 * 240);
  EXPECT_EQ(script().layout->stride[1], 256u) << "each plane's lines are aligned for themselves";
  EXPECT_EQ(script().layout->offset[2], 448u * 240 + 256 * 120);
  EXPECT_EQ(script().count("layout 426x240"), 3u);
  EXPECT_EQ(queue(tight + 1), (codec::PlaneChunk{0, tight})) << "lines of no known kind: the format's";
  EXPECT_EQ(script().layout->stride[0], 426u);
  queue(client().length(Side::kOutput, 0));
  EXPECT_EQ(script().layout->stride[0], 426u) << "a buffer that is full";
  EXPECT_EQ(script().count("give_up"), 0u);
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

}  // namespace
}  // namespace softvpu::v4l2
