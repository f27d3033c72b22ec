// SPDX-License-Identifier: LGPL-2.1-or-later
// What a device makes of its NodeSpec, seen by ioctls. In conformance/ are those of a
// decoder with the usual one.
#include "v4l2/codec_device.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "codec/testing/scripted_session.h"

namespace softvpu::v4l2 {
namespace {

class ADevice : public testing::Test {
 protected:
  std::shared_ptr<FileHandle> open(const NodeSpec& node) {
    device_ = make_codec_device({.node = node, .flush_limit = {}}, driver_);
    auto file = device_->open();
    return file ? *file : nullptr;
  }
  static std::vector<uint32_t> coded(FileHandle& file) {
    std::vector<uint32_t> all;
    for (v4l2_fmtdesc format{.type = V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE}; file.ioctl(VIDIOC_ENUM_FMT, &format, true) == 0;
         ++format.index)
      all.push_back(format.pixelformat);
    return all;
  }

  codec::ScriptedDriver driver_;
  std::shared_ptr<VideoDevice> device_;
};

TEST_F(ADevice, HasTheNamesOfItsNode) {
  NodeSpec node;
  node.driver = "other";
  node.card = "a card of another name, which is longer than there is room for";
  node.bus_info = "platform:other-dec";
  v4l2_capability cap{};
  ASSERT_EQ(open(node)->ioctl(VIDIOC_QUERYCAP, &cap, true), 0);
  EXPECT_STREQ(reinterpret_cast<const char*>(cap.driver), "other");
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(cap.card)), std::string(node.card.substr(0, sizeof cap.card - 1)));
  EXPECT_STREQ(reinterpret_cast<const char*>(cap.bus_info), "platform:other-dec");
}

TEST_F(ADevice, OffersTheCodecsOfItsNode) {
  constexpr FourCC kOne[] = {kVp8};
  EXPECT_EQ(coded(*open({.codecs = kOne})), std::vector<uint32_t>{V4L2_PIX_FMT_VP8});
  EXPECT_GT(coded(*open({})).size(), 1u);
  constexpr FourCC kNothing[] = {make_fourcc('N', 'O', 'N', 'E')};
  EXPECT_EQ(open({.codecs = kNothing}), nullptr);
}

TEST_F(ADevice, IsOfNoRoleThatThisBuildLacks) {
  for (const codec::Role role : {codec::Role::kStatelessDecoder, codec::Role::kCapture}) {
    const auto device = make_codec_device({.node = {.role = role}}, driver_);
    const auto file = device->open();
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, ENXIO);
  }
}

// dev-decoder.rst, Dynamic Resolution Change: step 1 comes before step 2, unless the node waits for
// the frames that are done.
TEST_F(ADevice, TellsOfAnotherGeometryInTheOrderOfItsNode) {
  for (const SourceChange order : {SourceChange::kAtOnce, SourceChange::kAfterFinishedFrames}) {
    const auto file = open({.multiplanar = false, .source_change = order});
    int output = V4L2_BUF_TYPE_VIDEO_OUTPUT;
    int capture = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    v4l2_event_subscription subscription{.type = V4L2_EVENT_SOURCE_CHANGE};
    ASSERT_EQ(file->ioctl(VIDIOC_SUBSCRIBE_EVENT, &subscription, true), 0);
    v4l2_requestbuffers request{.count = 1, .type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .memory = V4L2_MEMORY_MMAP};
    ASSERT_EQ(file->ioctl(VIDIOC_REQBUFS, &request, true), 0);
    v4l2_buffer buffer{.type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .bytesused = 8, .memory = V4L2_MEMORY_MMAP};
    ASSERT_EQ(file->ioctl(VIDIOC_QBUF, &buffer, true), 0);
    ASSERT_EQ(file->ioctl(VIDIOC_STREAMON, &output, true), 0);
    codec::Script& script = driver_.script();
    script.announce(codec::plain_stream({64, 64}), true);
    v4l2_event event{};
    ASSERT_EQ(file->ioctl(VIDIOC_DQEVENT, &event, true), 0);
    request = {.count = 2, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
    ASSERT_EQ(file->ioctl(VIDIOC_REQBUFS, &request, true), 0);
    buffer = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
    ASSERT_EQ(file->ioctl(VIDIOC_QBUF, &buffer, true), 0);
    ASSERT_EQ(file->ioctl(VIDIOC_STREAMON, &capture, true), 0);
    script.deliver(1);
    script.announce(codec::plain_stream({128, 96}), false);
    const int told = file->ioctl(VIDIOC_DQEVENT, &event, true);
    EXPECT_EQ(told, order == SourceChange::kAtOnce ? 0 : -ENOENT);
    ASSERT_EQ(file->ioctl(VIDIOC_DQBUF, &buffer, true), 0);
    if (order == SourceChange::kAfterFinishedFrames) {
      EXPECT_EQ(file->ioctl(VIDIOC_DQEVENT, &event, true), 0);
    }
    file->release();
  }
}

}  // namespace
}  // namespace softvpu::v4l2
