// SPDX-License-Identifier: LGPL-2.1-or-later
// Whole streams through an encoder node, on a lower half with a thread of its own whose coded frames are the pictures: what comes
// out, in which order, and that nothing ever hangs. E: dev-encoder.rst.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <random>
#include <thread>

#include "core/pixel_formats.h"
#include "v4l2/encoder/testing/copy_driver.h"
#include "v4l2/encoder/testing/encoder_client.h"

namespace softvpu::v4l2 {
namespace {

constexpr Size kSize{64, 48};

class AnEncodersStream : public testing::TestWithParam<bool> {
 protected:
  AnEncodersStream() {
    NodeSpec node = *node_of(codec::Role::kEncoder);
    node.multiplanar = GetParam();
    device_ = make_codec_device({.node = node}, driver_);
    client_ = std::make_unique<EncoderClient>(device_, GetParam());
  }
  ~AnEncodersStream() override { client_.reset(); }
  EncoderClient& client() { return *client_; }

  // Every byte of the buffer's picture says which frame it is.
  void paint(uint32_t buffer, uint8_t value) {
    std::memset(client().memory(Side::kOutput, buffer), value, client().length(Side::kOutput, buffer));
  }
  int queue_picture(uint32_t buffer, uint32_t number) {
    paint(buffer, static_cast<uint8_t>(number));
    return client().qbuf(Side::kOutput, buffer, number);
  }
  CopyHeader header(const Got& got) {
    CopyHeader header;
    std::memcpy(&header, client().memory(Side::kCapture, got.index), sizeof header);
    return header;
  }
  const uint8_t* payload(const Got& got) { return client().memory(Side::kCapture, got.index) + sizeof(CopyHeader); }

  // Feeds `frames` pictures from `first` on, blocking, one buffer in, one out, as rpicam-vid does; returns what came.
  std::vector<CopyHeader> encode(uint32_t frames, uint32_t first = 0) {
    std::vector<CopyHeader> coded;
    client().blocking = true;
    for (uint32_t i = 0; i < frames; ++i) {
      EXPECT_EQ(queue_picture(i % client().count(Side::kOutput), first + i), 0);
      const Got frame = client().dqbuf(Side::kCapture);
      EXPECT_EQ(frame.error, 0);
      if (frame.error != 0 || frame.has(V4L2_BUF_FLAG_LAST)) return coded;
      EXPECT_EQ(payload(frame)[0], static_cast<uint8_t>(first + i));
      EXPECT_EQ(frame.timestamp.tv_usec, first + i);
      coded.push_back(header(frame));
      EXPECT_EQ(client().dqbuf(Side::kOutput).error, 0) << "it was returned before";
      EXPECT_EQ(client().qbuf(Side::kCapture, frame.index), 0);
    }
    return coded;
  }
  // STOP and everything until LAST; returns the number of frames.
  size_t drain() {
    client().blocking = true;
    EXPECT_EQ(client().command(V4L2_ENC_CMD_STOP), 0);
    for (size_t frames = 0;; ++frames) {
      const Got got = client().dqbuf(Side::kCapture);
      EXPECT_EQ(got.error, 0);
      if (got.error != 0) return frames;
      const bool last = got.has(V4L2_BUF_FLAG_LAST);
      if (last) {
        EXPECT_EQ(client().dqbuf(Side::kCapture).error, -EPIPE);
      }
      EXPECT_EQ(client().qbuf(Side::kCapture, got.index), 0);
      if (last) return frames + (got.bytesused > 0 ? 1 : 0);
    }
  }
  void stop() {
    EXPECT_EQ(client().stream(Side::kOutput, false), 0);
    EXPECT_EQ(client().stream(Side::kCapture, false), 0);
  }

  CopyDriver driver_;
  std::shared_ptr<VideoDevice> device_;
  std::unique_ptr<EncoderClient> client_;
};
INSTANTIATE_TEST_SUITE_P(Nodes, AnEncodersStream, testing::Bool(),
                         [](const auto& test) { return test.param ? "Multiplanar" : "SinglePlanar"; });

// rpicam-vid, mediamtx and ustreamer: a blocking DQBUF(OUTPUT) once for each CAPTURE buffer never waits;
// raspberrypi/userland#434, ffmpeg-rockchip#231: a frame comes out with nothing more queued.
TEST_P(AnEncodersStream, MakesOneCodedBufferOfEachPicture) {
  ASSERT_EQ(client().begin(kH264, kNv12, kSize), 0);
  const auto coded = encode(10);
  ASSERT_EQ(coded.size(), 10u);
  for (uint32_t i = 0; i < 10; ++i) {
    EXPECT_EQ(coded[i].number, i);
    EXPECT_EQ(coded[i].key, i == 0 ? 1u : 0u);
    EXPECT_EQ(coded[i].width, kSize.width);
  }
}

// ffmpeg-rockchip#35: N in, N out, whatever is still under way at the STOP.
TEST_P(AnEncodersStream, DrainsEveryPicture) {
  for (const uint32_t frames : {0u, 1u, 2u, 3u, 100u}) {
    ASSERT_EQ(client().begin(kH264, kNv12, kSize, 4), 0);
    ASSERT_EQ(client().subscribe(V4L2_EVENT_EOS), 0);
    size_t came = 0;
    client().blocking = true;
    for (uint32_t i = 0; i < frames; ++i) {
      if (i >= 4) {
        const Got raw = client().dqbuf(Side::kOutput);
        ASSERT_EQ(raw.error, 0);
        ASSERT_EQ(queue_picture(raw.index, i), 0);
        const Got frame = client().dqbuf(Side::kCapture);
        ASSERT_EQ(frame.error, 0);
        ++came;
        ASSERT_EQ(client().qbuf(Side::kCapture, frame.index), 0);
      } else {
        ASSERT_EQ(queue_picture(i, i), 0);
      }
    }
    came += drain();
    EXPECT_EQ(came, frames);
    EXPECT_EQ(client().dqevent(), V4L2_EVENT_EOS);
    stop();
    ASSERT_EQ(client().reqbufs(Side::kOutput, 0), 0);
    ASSERT_EQ(client().reqbufs(Side::kCapture, 0), 0);
  }
}

// raspberrypi/linux#5059: the second and later drains lost frames. E: Drain, step 3: START resumes with all the state.
TEST_P(AnEncodersStream, DrainsAndGoesOnAgainAndAgain) {
  ASSERT_EQ(client().begin(kH264, kNv12, kSize), 0);
  for (uint32_t round = 0; round < 10; ++round) {
    const auto coded = encode(2, round * 5);
    ASSERT_EQ(coded.size(), 2u);
    EXPECT_EQ(coded[0].number, round * 5) << "no new stream";
    for (uint32_t i = 2; i < 5; ++i) ASSERT_EQ(queue_picture(i - 2, round * 5 + i), 0);
    EXPECT_EQ(drain(), 3u);
    for (uint32_t i = 0; i < 3; ++i) EXPECT_EQ(client().dqbuf(Side::kOutput).error, 0);
    ASSERT_EQ(client().command(V4L2_ENC_CMD_START), 0);
  }
  EXPECT_EQ(driver_.opened(), 1u);
}

// raspberrypi/linux#3171: the picture that is queued next is a key frame, not one that waits already; picamera2#577: a control
// that is set while streaming has an effect.
TEST_P(AnEncodersStream, CodesThePictureThatIsQueuedNextWithWhatWasSet) {
  ASSERT_EQ(client().begin(kH264, kNv12, kSize), 0);
  EXPECT_EQ(encode(2).size(), 2u);
  ASSERT_EQ(queue_picture(0, 2), 0);
  ASSERT_EQ(queue_picture(1, 3), 0);
  ASSERT_EQ(client().set_control(V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, 1), 0);
  ASSERT_EQ(client().set_control(V4L2_CID_JPEG_COMPRESSION_QUALITY, 10), 0);
  ASSERT_EQ(queue_picture(2, 4), 0);
  ASSERT_EQ(queue_picture(3, 5), 0);
  for (uint32_t number = 2; number < 6; ++number) {
    const Got got = client().await(Side::kCapture);
    ASSERT_EQ(got.error, 0);
    EXPECT_EQ(got.has(V4L2_BUF_FLAG_KEYFRAME), number == 4) << number;
    EXPECT_EQ(header(got).quality, number >= 4 ? 10 : 50) << number;
  }
}

// E: Reset.
TEST_P(AnEncodersStream, BeginsAnewWhenCaptureIsRestarted) {
  ASSERT_EQ(client().begin(kH264, kNv12, kSize), 0);
  EXPECT_EQ(encode(3).back().number, 2u);
  EXPECT_EQ(drain(), 0u);
  ASSERT_EQ(client().stream(Side::kCapture, false), 0);
  ASSERT_EQ(client().queue_all(Side::kCapture), 0);
  ASSERT_EQ(client().stream(Side::kCapture, true), 0);
  const auto coded = encode(2, 3);
  ASSERT_EQ(coded.size(), 2u);
  EXPECT_EQ(coded[0].number, 0u);
  EXPECT_EQ(coded[0].key, 1u);
}

// E: Drain, step 3, third item, and State machine, Stopped -> Encoding: OUTPUT's restart keeps the state.
TEST_P(AnEncodersStream, GoesOnWhenOutputIsRestarted) {
  ASSERT_EQ(client().begin(kH264, kNv12, kSize), 0);
  EXPECT_EQ(encode(3).back().number, 2u);
  ASSERT_EQ(client().stream(Side::kOutput, false), 0);
  ASSERT_EQ(client().stream(Side::kOutput, true), 0);
  EXPECT_EQ(encode(2, 3).front().number, 3u);
  EXPECT_EQ(drain(), 0u);
  ASSERT_EQ(client().stream(Side::kOutput, false), 0);
  ASSERT_EQ(client().stream(Side::kOutput, true), 0);
  EXPECT_EQ(encode(2, 5).front().number, 5u);
}

TEST_P(AnEncodersStream, IsStartedAndStoppedAThousandTimes) {
  ASSERT_EQ(client().begin(kH264, kNv12, kSize), 0);
  for (uint32_t cycle = 0; cycle < 1000; ++cycle) {
    // Stopped at any moment: nothing, a picture under way, one that came, a drain.
    if (cycle % 4 != 0) {
      ASSERT_EQ(queue_picture(0, cycle), 0);
    }
    if (cycle % 4 == 2) {
      ASSERT_EQ(client().await(Side::kCapture).error, 0);
    }
    if (cycle % 4 == 3) {
      ASSERT_EQ(client().command(V4L2_ENC_CMD_STOP), 0);
    }
    stop();
    if (cycle % 50 == 0) {
      ASSERT_EQ(client().reqbufs(Side::kOutput, 0), 0);
      ASSERT_EQ(client().reqbufs(Side::kOutput, 4), 0);
    }
    ASSERT_EQ(client().queue_all(Side::kCapture), 0);
    ASSERT_EQ(client().stream(cycle % 2 == 0 ? Side::kOutput : Side::kCapture, true), 0);
    ASSERT_EQ(client().stream(cycle % 2 == 0 ? Side::kCapture : Side::kOutput, true), 0);
  }
  EXPECT_EQ(encode(3).size(), 3u);
}

// GStreamer's renegotiation: drain, stop, another size on the same file.
TEST_P(AnEncodersStream, ChangesItsSizeBetweenStreams) {
  for (const Size size : {Size{64, 48}, Size{320, 240}, Size{63, 47}, Size{16, 16}, Size{1280, 720}, Size{17, 1000}}) {
    ASSERT_EQ(client().begin(kH264, kYuv420, size), 0);
    const auto coded = encode(2);
    ASSERT_EQ(coded.size(), 2u);
    EXPECT_EQ((Size{coded[0].width, coded[0].height}), size);
    EXPECT_EQ(coded[0].key, 1u);
    EXPECT_EQ(drain(), 0u);
    stop();
    ASSERT_EQ(client().reqbufs(Side::kOutput, 0), 0);
    ASSERT_EQ(client().reqbufs(Side::kCapture, 0), 0);
  }
}

// raspberrypi/firmware#1608, rpicam-apps#188, tvheadend#1916: the lines that the client asked for are the lines that are read.
TEST_P(AnEncodersStream, ReadsTheLinesThatTheClientWrote) {
  for (const FourCC raw : {kNv12, kYuv420}) {
    for (const uint32_t width : {426u, 854u, 1296u, 320u, 780u, 333u}) {
      for (const uint32_t padding : {0u, 6u, 64u}) {
        const Size size{width, 30};
        ASSERT_EQ(client().set_coded(kH264), 0);
        PixFormat pix;
        ASSERT_EQ(client().set_raw(raw, size, width + padding, &pix), 0);
        ASSERT_GE(pix.planes[0].bytesperline, width + padding);
        ASSERT_LE(pix.planes[0].bytesperline, width + padding + 1);
        ASSERT_EQ(client().begin(kH264, raw, size, 1), 0);
        // begin() sets the format without a stride: again, before the buffers are there.
        stop();
        ASSERT_EQ(client().reqbufs(Side::kOutput, 0), 0);
        ASSERT_EQ(client().set_raw(raw, size, width + padding), 0);
        ASSERT_EQ(client().reqbufs(Side::kOutput, 1), 0);
        ASSERT_EQ(client().queue_all(Side::kCapture), 0);
        ASSERT_EQ(client().stream(Side::kOutput, true), 0);
        ASSERT_EQ(client().stream(Side::kCapture, true), 0);
        // A picture of known noise between lines of 0xee.
        const FrameLayout layout = *source_layout_for(raw, size, {width + padding});
        std::memset(client().memory(Side::kOutput, 0), 0xee, client().length(Side::kOutput, 0));
        std::minstd_rand noise(width);
        std::vector<uint8_t> expected;
        const svpu_pixel_format* format = svpu_pixel_format_find(static_cast<uint32_t>(raw));
        for (uint32_t i = 0; i < layout.components; ++i) {
          const svpu_component& component = format->component[i];
          const uint32_t line =
              ((width + (1u << component.horizontal_shift) - 1) >> component.horizontal_shift) * component.bytes_per_sample;
          for (uint32_t y = 0; y < size.height >> component.vertical_shift; ++y) {
            for (uint32_t x = 0; x < line; ++x) {
              const auto value = static_cast<uint8_t>(noise() % 200);
              client().memory(Side::kOutput, 0)[layout.offset[i] + y * layout.stride[i] + x] = value;
              expected.push_back(value);
            }
          }
        }
        ASSERT_EQ(client().qbuf(Side::kOutput, 0), 0);
        const Got got = client().await(Side::kCapture);
        ASSERT_EQ(got.bytesused, sizeof(CopyHeader) + expected.size());
        ASSERT_TRUE(std::equal(expected.begin(), expected.end(), payload(got))) << width << "+" << padding;
        stop();
        ASSERT_EQ(client().reqbufs(Side::kOutput, 0), 0);
        ASSERT_EQ(client().reqbufs(Side::kCapture, 0), 0);
      }
    }
  }
}

// E: Initialization, step 6: only the rectangle is coded.
TEST_P(AnEncodersStream, CodesTheRectangleOnly) {
  ASSERT_EQ(client().set_coded(kH264), 0);
  ASSERT_EQ(client().set_raw(kNv12, {64, 48}), 0);
  Rect rect{16, 8, 32, 20};
  ASSERT_EQ(client().selection(VIDIOC_S_SELECTION, V4L2_SEL_TGT_CROP, &rect), 0);
  for (const Side side : {Side::kOutput, Side::kCapture}) ASSERT_EQ(client().reqbufs(side, 1), 0);
  ASSERT_EQ(client().queue_all(Side::kCapture), 0);
  for (const Side side : {Side::kOutput, Side::kCapture}) ASSERT_EQ(client().stream(side, true), 0);
  uint8_t* const picture = client().memory(Side::kOutput, 0);
  for (uint32_t y = 0; y < 72; ++y)
    for (uint32_t x = 0; x < 64; ++x) picture[y * 64 + x] = static_cast<uint8_t>(y < 48 ? y * 4 + x / 16 : x);
  ASSERT_EQ(client().qbuf(Side::kOutput, 0), 0);
  const Got got = client().await(Side::kCapture);
  ASSERT_EQ(got.bytesused, sizeof(CopyHeader) + 32 * 20 * 3 / 2);
  for (uint32_t y = 0; y < 20; ++y)
    for (uint32_t x = 0; x < 32; ++x) ASSERT_EQ(payload(got)[y * 32 + x], static_cast<uint8_t>((y + 8) * 4 + (x + 16) / 16));
  for (uint32_t x = 0; x < 32; ++x) ASSERT_EQ(payload(got)[32 * 20 + x], x + 16);
}

// V4L2's data_offset, which Chromium uses on OUTPUT: the picture begins there.
TEST_P(AnEncodersStream, ReadsBehindDataOffset) {
  if (!GetParam()) return;  // the single-planar API has none
  ASSERT_EQ(client().set_raw(kNv12, kSize), 0);
  // A buffer with room to spare.
  v4l2_create_buffers create{.count = 1, .memory = V4L2_MEMORY_MMAP};
  create.format.type = client().type(Side::kOutput);
  ASSERT_EQ(client().ioctl(VIDIOC_G_FMT, &create.format), 0);
  const uint32_t bytes = create.format.fmt.pix_mp.plane_fmt[0].sizeimage;
  create.format.fmt.pix_mp.plane_fmt[0].sizeimage = bytes + 256;
  ASSERT_EQ(client().ioctl(VIDIOC_CREATE_BUFS, &create), 0);
  v4l2_plane plane{};
  v4l2_buffer buffer{.type = client().type(Side::kOutput), .memory = V4L2_MEMORY_MMAP};
  buffer.m.planes = &plane;
  buffer.length = 1;
  ASSERT_EQ(client().ioctl(VIDIOC_QUERYBUF, &buffer), 0);
  EXPECT_EQ(plane.length, bytes + 256) << "vidioc-create-bufs.rst: as large as asked for (v4l2-compliance)";
  const auto at = client().file().mmap(nullptr, plane.length, PROT_READ | PROT_WRITE, MAP_SHARED, plane.m.mem_offset);
  ASSERT_TRUE(at);
  std::memset(*at, 0xee, 256);
  std::memset(static_cast<uint8_t*>(*at) + 256, 0x11, bytes);
  ASSERT_EQ(client().reqbufs(Side::kCapture, 1), 0);
  ASSERT_EQ(client().queue_all(Side::kCapture), 0);
  for (const Side side : {Side::kOutput, Side::kCapture}) ASSERT_EQ(client().stream(side, true), 0);
  ASSERT_EQ(client().qbuf(Side::kOutput, 0, EncoderClient::Queueing{.bytesused = bytes + 256, .data_offset = 256}), 0);
  const Got got = client().await(Side::kCapture);
  ASSERT_EQ(got.bytesused, sizeof(CopyHeader) + bytes);
  EXPECT_TRUE(std::all_of(payload(got), payload(got) + bytes, [](uint8_t byte) { return byte == 0x11; }));
  EXPECT_EQ(client().qbuf(Side::kOutput, 0, EncoderClient::Queueing{.bytesused = bytes + 256, .data_offset = 257}), -EINVAL);
  munmap(*at, plane.length);
}

// The session's death while a client waits in DQBUF, on either queue.
TEST_P(AnEncodersStream, WakesWhoWaitsWhenItsSessionDies) {
  for (const Side side : {Side::kOutput, Side::kCapture}) {
    ASSERT_EQ(client().begin(kH264, kNv12, kSize), 0);
    EXPECT_EQ(encode(2).size(), 2u);
    if (side == Side::kOutput) {
      ASSERT_EQ(client().command(V4L2_ENC_CMD_STOP), 0);
    }
    std::thread killer([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      driver_.kill_sessions();
    });
    Got got = client().await(side);
    if (got.error == 0) got = client().await(side);
    EXPECT_EQ(got.error, -EIO);
    killer.join();
    stop();
    ASSERT_EQ(client().reqbufs(Side::kOutput, 0), 0);
    ASSERT_EQ(client().reqbufs(Side::kCapture, 0), 0);
  }
  ASSERT_EQ(client().begin(kH264, kNv12, kSize), 0);
  EXPECT_EQ(encode(2).size(), 2u) << "and a new one works";
}

// At random moments: every call returns, and afterwards the file works.
TEST_P(AnEncodersStream, SurvivesTheDeathOfItsSessionAnytime) {
  std::minstd_rand random(7);
  for (int round = 0; round < 60; ++round) {
    ASSERT_EQ(client().begin(kH264, kNv12, kSize), 0);
    client().blocking = false;
    const auto steps = random() % 12;
    for (uint32_t i = 0; i < steps; ++i) {
      (void)queue_picture(i % 4, i);
      const Got got = client().dqbuf(Side::kCapture);
      if (got.error == 0) (void)client().qbuf(Side::kCapture, got.index);
      (void)client().dqbuf(Side::kOutput);
      if (i == 5) (void)client().command(V4L2_ENC_CMD_STOP);
      if (i == 8) (void)client().command(V4L2_ENC_CMD_START);
    }
    driver_.kill_sessions();
    stop();
    ASSERT_EQ(client().reqbufs(Side::kOutput, 0), 0);
    ASSERT_EQ(client().reqbufs(Side::kCapture, 0), 0);
  }
  ASSERT_EQ(client().begin(kH264, kNv12, kSize), 0);
  EXPECT_EQ(encode(2).size(), 2u);
}

}  // namespace
}  // namespace softvpu::v4l2
