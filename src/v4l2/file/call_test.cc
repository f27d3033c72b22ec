// SPDX-License-Identifier: LGPL-2.1-or-later
// FileHandle::call(): ioctls of a front that has structs and no pointers of a client.
#include "v4l2/ioctl/call.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>

#include "codec/testing/scripted_session.h"
#include "v4l2/video_device.h"

namespace softvpu::v4l2 {
namespace {

class ACall : public testing::Test {
 protected:
  ~ACall() override { file_->release(); }
  template <typename T>
  int call(uint32_t request, T& argument, std::span<std::byte> array = {}) {
    return file_->call(request, &argument, array, true);
  }

  codec::ScriptedDriver driver_;
  const std::shared_ptr<VideoDevice> device_ = make_codec_device({.flush_limit = {}}, driver_);
  const std::shared_ptr<FileHandle> file_ = *device_->open();
};

TEST_F(ACall, FollowsNoPointer) {
  v4l2_requestbuffers request{.count = 2, .type = V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE, .memory = V4L2_MEMORY_MMAP};
  ASSERT_EQ(call(VIDIOC_REQBUFS, request), 0);
  v4l2_plane plane{};
  plane.bytesused = 100;
  v4l2_buffer buffer{};
  buffer.index = 1;
  buffer.type = V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
  buffer.memory = V4L2_MEMORY_MMAP;
  buffer.length = 1;
  auto* const nowhere = reinterpret_cast<v4l2_plane*>(16);
  buffer.m.planes = nowhere;
  ASSERT_EQ(call(VIDIOC_QBUF, buffer, std::as_writable_bytes(std::span(&plane, 1))), 0);
  EXPECT_NE(buffer.flags & V4L2_BUF_FLAG_QUEUED, 0u);
  EXPECT_EQ(buffer.m.planes, nowhere) << "the client's";
  EXPECT_GT(plane.length, 100u) << "the answer";
  int type = V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
  ASSERT_EQ(call(VIDIOC_STREAMON, type), 0);
  EXPECT_EQ(driver_.script().inputs.size(), 1u);
}

TEST_F(ACall, NeedsTheWholeArray) {
  v4l2_ext_control controls[2] = {};
  for (auto& control : controls) control.id = V4L2_CID_MIN_BUFFERS_FOR_CAPTURE;
  v4l2_ext_controls set{};
  set.count = 2;
  const auto bytes = std::as_writable_bytes(std::span(controls));
  EXPECT_EQ(call(VIDIOC_G_EXT_CTRLS, set, bytes.first(bytes.size() - 1)), -EFAULT);
  EXPECT_EQ(call(VIDIOC_G_EXT_CTRLS, set, bytes), 0);
  EXPECT_GT(controls[1].value, 0);
  set.count = V4L2_CID_MAX_CTRLS + 1;
  EXPECT_EQ(call(VIDIOC_G_EXT_CTRLS, set, bytes), -EINVAL);
}

// As with a client's pointer: what isn't the client's starts as zero.
TEST_F(ACall, ClearsWhatIsOursOfTheArgument) {
  v4l2_fmtdesc description;
  std::memset(&description, 0xff, sizeof description);
  description.index = 0;
  description.type = V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
  ASSERT_EQ(call(VIDIOC_ENUM_FMT, description), 0);
  EXPECT_EQ(description.reserved[0], 0u);
  EXPECT_EQ(description.mbus_code, 0u);
  v4l2_capability capability;
  std::memset(&capability, 0xff, sizeof capability);
  ASSERT_EQ(call(VIDIOC_QUERYCAP, capability), 0);
  EXPECT_EQ(capability.reserved[0], 0u);
}

TEST_F(ACall, HasTheIoctlsOfTheNodeOnly) {
  int input = 0;
  EXPECT_EQ(call(VIDIOC_G_INPUT, input), -ENOTTY);
  file_->release();
  v4l2_capability capability{};
  EXPECT_EQ(call(VIDIOC_QUERYCAP, capability), -ENODEV);
}

}  // namespace
}  // namespace softvpu::v4l2
