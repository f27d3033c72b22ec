// SPDX-License-Identifier: LGPL-2.1-or-later
// An open decoder node on a scripted session: what M2mFile adds to the parts it assembles.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/videodev2.h>

#include <cstring>

#include "codec/scripted_session.h"
#include "v4l2/video_device.h"

namespace softvpu::v4l2 {
namespace {

TEST(AnOpenDecoder, DecodesOneFrame) {
  codec::ScriptedDriver driver;
  auto device = make_codec_device({}, driver);
  auto file = *device->open();
  v4l2_capability cap{};
  ASSERT_EQ(file->ioctl(VIDIOC_QUERYCAP, &cap, true), 0);
  v4l2_requestbuffers req{};
  req.count = 2;
  req.memory = V4L2_MEMORY_MMAP;
  req.type = V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
  ASSERT_EQ(file->ioctl(VIDIOC_REQBUFS, &req, true), 0);
  EXPECT_EQ(req.count, 2u);
  v4l2_event_subscription sub{};
  sub.type = V4L2_EVENT_SOURCE_CHANGE;
  ASSERT_EQ(file->ioctl(VIDIOC_SUBSCRIBE_EVENT, &sub, true), 0);
  v4l2_plane planes[8]{};
  v4l2_buffer buf{};
  buf.type = req.type;
  buf.memory = V4L2_MEMORY_MMAP;
  buf.m.planes = planes;
  buf.length = 8;
  planes[0].bytesused = 100;
  buf.timestamp = {5, 7};
  ASSERT_EQ(file->ioctl(VIDIOC_QBUF, &buf, true), 0);
  int type = req.type;
  ASSERT_EQ(file->ioctl(VIDIOC_STREAMON, &type, true), 0);
  auto& script = driver.script();
  ASSERT_EQ(script.inputs.size(), 1u);
  script.announce(codec::plain_stream({320, 240}), true);
  EXPECT_TRUE(file->levels().pri);
  v4l2_event event{};
  ASSERT_EQ(file->ioctl(VIDIOC_DQEVENT, &event, true), 0);
  EXPECT_EQ(event.type, uint32_t{V4L2_EVENT_SOURCE_CHANGE});
  v4l2_format fmt{};
  fmt.type = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
  ASSERT_EQ(file->ioctl(VIDIOC_G_FMT, &fmt, true), 0);
  EXPECT_EQ(fmt.fmt.pix_mp.width, 320u);
  EXPECT_EQ(fmt.fmt.pix_mp.height, 240u);
  req.type = fmt.type;
  req.count = 3;
  ASSERT_EQ(file->ioctl(VIDIOC_REQBUFS, &req, true), 0);
  for (uint32_t i = 0; i < req.count; ++i) {
    std::memset(planes, 0, sizeof planes);
    buf = {};
    buf.index = i;
    buf.type = fmt.type;
    buf.memory = V4L2_MEMORY_MMAP;
    buf.m.planes = planes;
    buf.length = 8;
    ASSERT_EQ(file->ioctl(VIDIOC_QBUF, &buf, true), 0);
  }
  type = fmt.type;
  ASSERT_EQ(file->ioctl(VIDIOC_STREAMON, &type, true), 0);
  EXPECT_EQ(script.count("resume"), 1u);
  ASSERT_EQ(script.outputs.size(), 3u);
  script.deliver(1);
  EXPECT_TRUE(file->levels().in);
  buf.length = 8;
  ASSERT_EQ(file->ioctl(VIDIOC_DQBUF, &buf, true), 0);
  EXPECT_EQ(buf.timestamp.tv_sec, 5);
  EXPECT_EQ(planes[0].bytesused, planes[0].length);
  EXPECT_EQ(file->ioctl(VIDIOC_DQBUF, &buf, true), -EAGAIN);
  file->release();
  EXPECT_FALSE(script.open);
}

}  // namespace
}  // namespace softvpu::v4l2
