// SPDX-License-Identifier: LGPL-2.1-or-later
// What known programs call, in their order, on an encoder node: each gets what it relies on, and none hangs. One test a program,
// by its name; the sequences are those of its sources.
#include <gtest/gtest.h>

#include <poll.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "v4l2/encoder/testing/copy_driver.h"
#include "v4l2/encoder/testing/encoder_client.h"

namespace softvpu::v4l2 {
namespace {

constexpr Size kSize{320, 240};
constexpr uint32_t kBytes = 320 * 240 * 3 / 2;

class AnEncodersClient : public testing::Test {
 protected:
  EncoderClient& open(bool multiplanar = true, bool blocking = false) {
    NodeSpec node = *node_of(codec::Role::kEncoder);
    node.multiplanar = multiplanar;
    device_ = make_codec_device({.node = node}, driver_);
    client_ = std::make_unique<EncoderClient>(device_, multiplanar);
    client_->blocking = blocking;
    return *client_;
  }
  // What poll(2) would report; waits for one of `wanted`, ten seconds at most.
  short poll(short wanted) {
    for (int turn = 0; turn < 10'000; ++turn) {
      const Levels levels = client_->file().levels();
      short bits = 0;
      if (levels.in) bits |= POLLIN;
      if (levels.out) bits |= POLLOUT;
      if (levels.pri) bits |= POLLPRI;
      if (levels.error) bits |= POLLERR;
      if ((bits & (wanted | POLLERR)) != 0) return bits;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return 0;
  }
  void TearDown() override { client_.reset(); }

  CopyDriver driver_;
  std::shared_ptr<VideoDevice> device_;
  std::unique_ptr<EncoderClient> client_;
};

// Its h264_v4l2m2m: OUTPUT first, then CAPTURE with the size; controls and S_PARM when buffers exist; after each QBUF it polls
// with no limit, while buffers of its own are free; the drain ends by LAST, an empty buffer, EPIPE, or the event when no buffer
// is ready.
TEST_F(AnEncodersClient, FFmpeg) {
  EncoderClient& c = open();
  PixFormat pix;
  ASSERT_EQ(c.set_raw(kYuv420, kSize, 0, &pix), 0);
  ASSERT_EQ(pix.pixelformat, kYuv420);
  ASSERT_EQ(c.set_coded(kH264, kSize, 0, &pix), 0);
  EXPECT_EQ(c.g_fmt(Side::kOutput).size, kSize) << "S_FMT(CAPTURE) keeps it";
  EXPECT_EQ(c.g_fmt(Side::kOutput).pixelformat, kYuv420);
  ASSERT_EQ(c.reqbufs(Side::kOutput, 16), 0);
  ASSERT_EQ(c.reqbufs(Side::kCapture, 4), 0);
  ASSERT_EQ(c.queue_all(Side::kCapture), 0);
  ASSERT_EQ(c.subscribe(V4L2_EVENT_EOS), 0);
  v4l2_fract interval{1, 25};
  ASSERT_EQ(c.parm(VIDIOC_S_PARM, Side::kOutput, &interval), 0);
  EXPECT_EQ(c.set_control(V4L2_CID_MPEG_VIDEO_HEADER_MODE, V4L2_MPEG_VIDEO_HEADER_MODE_SEPARATE), -EINVAL) << "silent in FFmpeg";
  size_t packets = 0;
  for (uint32_t frame = 0; frame < 20; ++frame) {
    ASSERT_EQ(c.qbuf(Side::kOutput, frame % 16, EncoderClient::Queueing{.timestamp = {0, frame}, .bytesused = kBytes}), 0);
    if (frame == 0) {
      ASSERT_EQ(c.stream(Side::kOutput, true), 0);
      ASSERT_EQ(c.stream(Side::kCapture, true), 0);
    }
    // It stays in poll() until something comes: a frame, or its own buffer back.
    const short ready = poll(POLLIN | POLLOUT | POLLPRI);
    ASSERT_EQ(ready & POLLERR, 0);
    ASSERT_NE(ready, 0) << "FFmpeg would hang here";
    if ((ready & POLLOUT) != 0) {
      EXPECT_EQ(c.dqbuf(Side::kOutput).error, 0);
    }
    const Got got = c.dqbuf(Side::kCapture);
    if (got.error != 0) continue;
    EXPECT_EQ(got.has(V4L2_BUF_FLAG_KEYFRAME), packets == 0);
    EXPECT_GT(got.bytesused, sizeof(CopyHeader)) << "headers are in the first packet, with its picture";
    ++packets;
    ASSERT_EQ(c.qbuf(Side::kCapture, got.index), 0);
  }
  ASSERT_EQ(c.command(V4L2_ENC_CMD_STOP), 0);
  for (;;) {
    const short ready = poll(POLLIN | POLLPRI);
    ASSERT_NE(ready, 0);
    if ((ready & POLLPRI) != 0 && (ready & POLLIN) == 0) break;  // the event, and nothing ready: it takes that for the end
    const Got got = c.dqbuf(Side::kCapture);
    ASSERT_EQ(got.error, 0);
    if (got.bytesused == 0 || got.has(V4L2_BUF_FLAG_LAST)) break;
    ++packets;
    ASSERT_EQ(c.qbuf(Side::kCapture, got.index), 0);
  }
  EXPECT_EQ(packets, 20u);
}

// v4l2videoenc: CAPTURE first with a size and 2 MiB, G_PARM(CAPTURE) may fail; colour must come back; buffer times are the
// numbers of frames; drains by STOP, waits for EPIPE, stops both queues and frees them, and sets another format on the same
// descriptor.
TEST_F(AnEncodersClient, GStreamer) {
  EncoderClient& c = open(false);
  for (const Size size : {kSize, Size{160, 120}}) {
    PixFormat pix;
    ASSERT_EQ(c.set_coded(kH264, size, 2 << 20, &pix), 0);
    const uint32_t negotiated = pix.planes[0].sizeimage;
    v4l2_fract interval{1, 30};
    EXPECT_EQ(c.parm(VIDIOC_G_PARM, Side::kCapture, &interval), -EINVAL);
    pix = {};
    pix.pixelformat = kNv12;
    pix.size = size;
    pix.planes[0].bytesperline = size.width;
    pix.colour = {V4L2_COLORSPACE_SMPTE170M, V4L2_XFER_FUNC_709, V4L2_YCBCR_ENC_601, V4L2_QUANTIZATION_LIM_RANGE};
    const Colour colour = pix.colour;
    ASSERT_EQ(c.format(VIDIOC_S_FMT, Side::kOutput, &pix), 0);
    EXPECT_EQ(pix.colour, colour);
    EXPECT_EQ(pix.planes[0].bytesperline, size.width);
    ASSERT_EQ(c.parm(VIDIOC_S_PARM, Side::kOutput, &interval), 0);
    v4l2_control minimum{.id = V4L2_CID_MIN_BUFFERS_FOR_OUTPUT};
    ASSERT_EQ(c.ioctl(VIDIOC_G_CTRL, &minimum), 0);
    ASSERT_EQ(c.reqbufs(Side::kOutput, 2 + static_cast<uint32_t>(minimum.value)), 0);
    ASSERT_EQ(c.reqbufs(Side::kCapture, 3), 0);
    ASSERT_GE(c.length(Side::kCapture, 0), negotiated) << "it ends with an error if buffers are smaller than S_FMT said";
    ASSERT_EQ(c.queue_all(Side::kCapture), 0);
    ASSERT_EQ(c.stream(Side::kOutput, true), 0);
    ASSERT_EQ(c.stream(Side::kCapture, true), 0);
    uint32_t came = 0;
    for (uint32_t frame = 0; frame < 10; ++frame) {
      uint32_t index = frame;
      if (frame >= c.count(Side::kOutput)) {
        const Got raw = c.await(Side::kOutput);
        ASSERT_EQ(raw.error, 0);
        index = raw.index;
      }
      ASSERT_EQ(c.qbuf(Side::kOutput, index, EncoderClient::Queueing{.timestamp = {frame, 0}}), 0);
      const Got got = c.await(Side::kCapture);
      ASSERT_EQ(got.error, 0);
      EXPECT_EQ(got.timestamp.tv_sec, came++) << "it looks the frame up by this";
      ASSERT_EQ(c.qbuf(Side::kCapture, got.index), 0);
    }
    ASSERT_EQ(c.command(V4L2_ENC_CMD_STOP), 0);
    Got got;
    while ((got = c.await(Side::kCapture)).error == 0) EXPECT_TRUE(got.has(V4L2_BUF_FLAG_LAST));
    EXPECT_EQ(got.error, -EPIPE);
    for (const Side side : {Side::kOutput, Side::kCapture}) ASSERT_EQ(c.stream(side, false), 0);
    for (const Side side : {Side::kOutput, Side::kCapture}) ASSERT_EQ(c.reqbufs(side, 0), 0);
  }
}

// V4L2VideoEncodeAccelerator: S_FMT(CAPTURE) with 0x0, a rectangle that must stick exactly, S_PARM while it streams; after the
// LAST of a flush it says START and goes on.
TEST_F(AnEncodersClient, Chromium) {
  EncoderClient& c = open();
  v4l2_encoder_cmd command{.cmd = V4L2_ENC_CMD_STOP};
  ASSERT_EQ(c.ioctl(VIDIOC_TRY_ENCODER_CMD, &command), 0);
  PixFormat coded;
  ASSERT_EQ(c.set_coded(kH264, {0, 0}, 1 << 20, &coded), 0);
  ASSERT_EQ(c.set_raw(kNv12, {320, 192}), 0);
  Rect rect{0, 0, 320, 180};
  ASSERT_EQ(c.selection(VIDIOC_S_SELECTION, V4L2_SEL_TGT_CROP, &rect, 0, V4L2_BUF_TYPE_VIDEO_OUTPUT), 0);
  ASSERT_EQ(rect, (Rect{0, 0, 320, 180}));
  ASSERT_EQ(c.reqbufs(Side::kOutput, 4), 0);
  ASSERT_EQ(c.reqbufs(Side::kCapture, 4), 0);
  ASSERT_EQ(c.queue_all(Side::kCapture), 0);
  for (uint32_t flush = 0; flush < 3; ++flush) {
    for (uint32_t frame = 0; frame < 3; ++frame) {
      ASSERT_EQ(c.qbuf(Side::kOutput, frame, flush * 3 + frame), 0);
      if (flush == 0 && frame == 0) {
        ASSERT_EQ(c.stream(Side::kOutput, true), 0);
        ASSERT_EQ(c.stream(Side::kCapture, true), 0);
      }
      v4l2_fract interval{1, 30 + flush};
      EXPECT_EQ(c.parm(VIDIOC_S_PARM, Side::kOutput, &interval), 0);
    }
    ASSERT_EQ(c.command(V4L2_ENC_CMD_STOP), 0);
    uint32_t came = 0;
    for (;;) {
      const Got got = c.await(Side::kCapture);
      ASSERT_EQ(got.error, 0);
      ASSERT_EQ(c.qbuf(Side::kCapture, got.index), 0);
      if (got.bytesused > 0) {
        CopyHeader header;
        std::memcpy(&header, c.memory(Side::kCapture, got.index), sizeof header);
        EXPECT_EQ(header.number, flush * 3 + came++);
        EXPECT_EQ(header.height, 180u);
        const uint32_t first_with_it = came == 1 && flush > 0 ? flush - 1 : flush;
        EXPECT_EQ(header.interval, (FrameInterval{1, 30 + first_with_it})) << "of the S_PARM before its QBUF";
      }
      if (got.has(V4L2_BUF_FLAG_LAST)) break;
    }
    EXPECT_EQ(came, 3u);
    ASSERT_EQ(c.command(V4L2_ENC_CMD_START), 0);
    for (uint32_t frame = 0; frame < 3; ++frame) EXPECT_EQ(c.await(Side::kOutput).error, 0);
  }
}

// AOSP's v4l2_codec2: multi-planar only, TRY of STOP first, CAPTURE streams before OUTPUT.
TEST_F(AnEncodersClient, Codec2) {
  EncoderClient& c = open();
  v4l2_encoder_cmd command{.cmd = V4L2_ENC_CMD_STOP};
  ASSERT_EQ(c.ioctl(VIDIOC_TRY_ENCODER_CMD, &command), 0);
  ASSERT_EQ(c.set_coded(kH264, kSize, 1 << 20), 0);
  ASSERT_EQ(c.set_raw(kNv12, kSize), 0);
  Rect rect{0, 0, 320, 240};
  ASSERT_EQ(c.selection(VIDIOC_S_SELECTION, V4L2_SEL_TGT_CROP, &rect), 0);
  ASSERT_EQ(c.reqbufs(Side::kOutput, 2), 0);
  ASSERT_EQ(c.reqbufs(Side::kCapture, 2), 0);
  ASSERT_EQ(c.stream(Side::kCapture, true), 0);
  ASSERT_EQ(c.stream(Side::kOutput, true), 0);
  ASSERT_EQ(c.queue_all(Side::kCapture), 0) << "buffers come last";
  for (uint32_t frame = 0; frame < 6; ++frame) {
    ASSERT_EQ(c.qbuf(Side::kOutput, frame % 2, frame), 0);
    const Got got = c.await(Side::kCapture);
    ASSERT_EQ(got.error, 0);
    ASSERT_EQ(c.await(Side::kOutput).error, 0);
    ASSERT_EQ(c.qbuf(Side::kCapture, got.index), 0);
  }
}

// rpicam-vid and mediamtx-rpicamera: a blocking descriptor, 6 and 12 buffers, a stride; when a coded buffer is there, one DQBUF
// of OUTPUT that must not wait. They never drain.
TEST_F(AnEncodersClient, RpicamVidAndMediamtx) {
  EncoderClient& c = open(true, /*blocking=*/true);
  PixFormat pix;
  ASSERT_EQ(c.set_raw(kYuv420, kSize, 384, &pix), 0);
  ASSERT_EQ(pix.planes[0].bytesperline, 384u);
  ASSERT_EQ(c.set_coded(kH264, kSize, 512 << 10, &pix), 0);
  ASSERT_GE(pix.planes[0].sizeimage, 512u << 10);
  v4l2_fract interval{3000, 90000};
  ASSERT_EQ(c.parm(VIDIOC_S_PARM, Side::kOutput, &interval), 0);
  ASSERT_EQ(c.reqbufs(Side::kOutput, 6), 0);
  ASSERT_EQ(c.reqbufs(Side::kCapture, 12), 0);
  ASSERT_EQ(c.queue_all(Side::kCapture), 0);
  ASSERT_EQ(c.stream(Side::kOutput, true), 0);
  ASSERT_EQ(c.stream(Side::kCapture, true), 0);
  for (uint32_t frame = 0; frame < 30; ++frame) {
    ASSERT_EQ(c.qbuf(Side::kOutput, frame % 6, frame), 0);
    ASSERT_NE(poll(POLLIN) & POLLIN, 0);
    EXPECT_EQ(poll(POLLOUT) & POLLOUT, POLLOUT) << "returned before the coded one is there";
    ASSERT_EQ(c.dqbuf(Side::kOutput).error, 0);
    const Got got = c.dqbuf(Side::kCapture);
    ASSERT_EQ(got.error, 0);
    ASSERT_EQ(c.qbuf(Side::kCapture, got.index), 0);
  }
}

// ustreamer: one buffer a queue; queues an OUTPUT buffer that it never filled; the frame within a second, found by its time.
TEST_F(AnEncodersClient, Ustreamer) {
  EncoderClient& c = open(true, /*blocking=*/true);
  PixFormat pix;
  ASSERT_EQ(c.set_raw(kNv12, kSize), 0);
  ASSERT_EQ(c.set_coded(kH264, kSize, 1536 << 10, &pix), 0);
  v4l2_fract interval{1, 30};
  ASSERT_EQ(c.parm(VIDIOC_S_PARM, Side::kOutput, &interval), 0);
  ASSERT_EQ(c.reqbufs(Side::kOutput, 1), 0);
  ASSERT_EQ(c.reqbufs(Side::kCapture, 1), 0);
  ASSERT_EQ(c.qbuf(Side::kOutput, 0), 0);
  ASSERT_EQ(c.qbuf(Side::kCapture, 0), 0);
  ASSERT_EQ(c.stream(Side::kOutput, true), 0);
  ASSERT_EQ(c.stream(Side::kCapture, true), 0);
  for (uint32_t frame = 1; frame < 10; ++frame) {
    ASSERT_EQ(c.dqbuf(Side::kOutput).error, 0);
    ASSERT_EQ(c.qbuf(Side::kOutput, 0, EncoderClient::Queueing{.timestamp = {1000, frame}, .bytesused = kBytes}), 0);
    for (;;) {
      const Got got = c.dqbuf(Side::kCapture);
      ASSERT_EQ(got.error, 0);
      ASSERT_EQ(c.qbuf(Side::kCapture, got.index), 0);
      if (got.timestamp.tv_usec == frame) break;  // until then it is the frame of the unset buffer
    }
  }
}

// RaspberryPi-WebRTC: buffers first, controls and S_PARM then, also while streaming; no delay at all.
TEST_F(AnEncodersClient, RaspberryPiWebRtc) {
  EncoderClient& c = open();
  ASSERT_EQ(c.set_raw(kYuv420, kSize), 0);
  ASSERT_EQ(c.set_coded(kH264, kSize), 0);
  ASSERT_EQ(c.reqbufs(Side::kOutput, 2), 0);
  ASSERT_EQ(c.reqbufs(Side::kCapture, 2), 0);
  v4l2_fract interval{1, 30};
  ASSERT_EQ(c.parm(VIDIOC_S_PARM, Side::kOutput, &interval), 0);
  ASSERT_EQ(c.queue_all(Side::kCapture), 0);
  ASSERT_EQ(c.stream(Side::kOutput, true), 0);
  ASSERT_EQ(c.stream(Side::kCapture, true), 0);
  for (uint32_t frame = 0; frame < 10; ++frame) {
    interval = {1, 15 + frame};
    ASSERT_EQ(c.parm(VIDIOC_S_PARM, Side::kOutput, &interval), 0);
    ASSERT_EQ(c.qbuf(Side::kOutput, 0, frame), 0);
    ASSERT_NE(poll(POLLIN) & POLLIN, 0) << "with one picture queued";
    const Got got = c.dqbuf(Side::kCapture);
    ASSERT_EQ(got.timestamp.tv_usec, frame);
    CopyHeader header;
    std::memcpy(&header, c.memory(Side::kCapture, got.index), sizeof header);
    EXPECT_EQ(header.interval, (FrameInterval{1, 15 + frame}));
    ASSERT_EQ(c.qbuf(Side::kCapture, got.index), 0);
    ASSERT_EQ(c.dqbuf(Side::kOutput).error, 0);
  }
}

}  // namespace
}  // namespace softvpu::v4l2
