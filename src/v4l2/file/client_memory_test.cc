// SPDX-License-Identifier: LGPL-2.1-or-later
// Which buffers the session gets when a client brings the memory: each attachment once, under a
// generation of its own. Clauses: dmabuf.rst, userp.rst; videobuf2, which keeps an attachment while
// the same dma-buf is queued.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "codec/testing/scripted_session.h"
#include "v4l2/ioctl/newer_videodev2.h"
#include "v4l2/video_device.h"

namespace softvpu::v4l2 {
namespace {

constexpr uint32_t kOutput = V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
constexpr uint32_t kBytes = 4 << 20;  // more than the format needs

class AClientsMemory : public testing::Test {
 protected:
  ~AClientsMemory() override {
    file_->release();
    for (const int fd : fds_) ::close(fd);
  }
  int ioctl(unsigned long request, void* argument) { return file_->ioctl(request, argument, true); }
  int request(uint32_t memory, uint32_t count) {
    v4l2_format format{.type = kOutput};
    format.fmt.pix_mp.pixelformat = V4L2_PIX_FMT_H264;
    format.fmt.pix_mp.num_planes = 1;
    format.fmt.pix_mp.plane_fmt[0].sizeimage = kBytes;
    if (const int error = count > 0 ? ioctl(VIDIOC_S_FMT, &format) : 0) return error;
    v4l2_requestbuffers request{.count = count, .type = kOutput, .memory = memory};
    return ioctl(VIDIOC_REQBUFS, &request);
  }
  int stream(bool on) {
    int type = kOutput;
    return ioctl(on ? VIDIOC_STREAMON : VIDIOC_STREAMOFF, &type);
  }
  int make_memory() {
    fds_.push_back(::memfd_create("a client's", MFD_CLOEXEC));
    EXPECT_EQ(::ftruncate(fds_.back(), kBytes), 0);
    return fds_.back();
  }
  int queue(uint32_t memory, uint32_t index, uint64_t name) {
    v4l2_plane plane{};
    plane.bytesused = 100;
    plane.length = kBytes;
    if (memory == V4L2_MEMORY_DMABUF)
      plane.m.fd = static_cast<int>(name);
    else
      plane.m.userptr = name;
    v4l2_buffer buffer{.index = index, .type = kOutput, .memory = memory};
    buffer.m.planes = &plane;
    buffer.length = 1;
    return ioctl(VIDIOC_QBUF, &buffer);
  }
  int dequeue(uint32_t memory) {
    v4l2_plane plane{};
    v4l2_buffer buffer{.type = kOutput, .memory = memory};
    buffer.m.planes = &plane;
    buffer.length = 1;
    return ioctl(VIDIOC_DQBUF, &buffer);
  }
  // To the session and back; returns the generation that it was queued under.
  uint32_t round_trip(uint32_t memory, uint32_t index, uint64_t name) {
    EXPECT_EQ(queue(memory, index, name), 0);
    const uint32_t generation = script().inputs.empty() ? 0 : script().inputs.back().buffer.generation;
    script().finish_inputs();
    EXPECT_EQ(dequeue(memory), 0);
    return generation;
  }
  codec::Script& script() { return driver_.script(); }
  size_t calls(const std::string& prefix) {
    const auto& all = script().calls;
    return static_cast<size_t>(
        std::count_if(all.begin(), all.end(), [&](const std::string& call) { return call.rfind(prefix, 0) == 0; }));
  }

  codec::ScriptedDriver driver_;
  const std::shared_ptr<VideoDevice> device_ = make_codec_device({.flush_limit = {}}, driver_);
  const std::shared_ptr<FileHandle> file_ = *device_->open();
  std::vector<int> fds_;
};

TEST_F(AClientsMemory, IsMappedOnceForEachAttachment) {
  ASSERT_EQ(request(V4L2_MEMORY_DMABUF, 2), 0);
  ASSERT_EQ(stream(true), 0);
  const auto one = static_cast<uint64_t>(make_memory());
  const auto other = static_cast<uint64_t>(make_memory());
  const uint32_t first = round_trip(V4L2_MEMORY_DMABUF, 0, one);
  EXPECT_EQ(round_trip(V4L2_MEMORY_DMABUF, 0, one), first);
  EXPECT_EQ(calls("map"), 1u);
  EXPECT_EQ(calls("unmap"), 0u);
  const uint32_t second = round_trip(V4L2_MEMORY_DMABUF, 0, other);
  EXPECT_NE(second, first);
  EXPECT_EQ(calls("map"), 2u);
  EXPECT_EQ(calls("unmap"), 1u);
  EXPECT_NE(round_trip(V4L2_MEMORY_DMABUF, 0, one), first) << "a generation is never reused";
  EXPECT_EQ(script().mapped, 1u);
  EXPECT_NE(round_trip(V4L2_MEMORY_DMABUF, 1, one), 0u) << "the same memory under two indices";
  EXPECT_EQ(script().mapped, 2u);
  ASSERT_EQ(stream(false), 0);
  ASSERT_EQ(request(V4L2_MEMORY_DMABUF, 0), 0);
  EXPECT_EQ(script().mapped, 0u);
}

TEST_F(AClientsMemory, IsForgottenWithItsBuffer) {
  ASSERT_EQ(request(V4L2_MEMORY_DMABUF, 2), 0);
  ASSERT_EQ(stream(true), 0);
  round_trip(V4L2_MEMORY_DMABUF, 1, static_cast<uint64_t>(make_memory()));
  ASSERT_EQ(script().mapped, 1u);
  v4l2_remove_buffers remove{.index = 0, .count = 2, .type = kOutput, .reserved = {}};
  ASSERT_EQ(ioctl(VIDIOC_REMOVE_BUFS, &remove), 0);
  EXPECT_EQ(script().mapped, 0u);
}

// What a refused QBUF brought is nobody's.
TEST_F(AClientsMemory, StaysWhatItWasWhenQbufIsRefused) {
  ASSERT_EQ(request(V4L2_MEMORY_DMABUF, 1), 0);
  ASSERT_EQ(stream(true), 0);
  const auto one = static_cast<uint64_t>(make_memory());
  const uint32_t generation = round_trip(V4L2_MEMORY_DMABUF, 0, one);
  const int small = make_memory();
  ASSERT_EQ(::ftruncate(small, kBytes / 2), 0);
  EXPECT_EQ(queue(V4L2_MEMORY_DMABUF, 0, static_cast<uint64_t>(small)), -EFAULT);
  EXPECT_EQ(round_trip(V4L2_MEMORY_DMABUF, 0, one), generation);
}

TEST_F(AClientsMemory, BehindPointersIsMappedOnce) {
  ASSERT_EQ(request(V4L2_MEMORY_USERPTR, 1), 0);
  ASSERT_EQ(stream(true), 0);
  std::vector<uint8_t> one(kBytes);
  std::vector<uint8_t> other(kBytes);
  const uint32_t first = round_trip(V4L2_MEMORY_USERPTR, 0, reinterpret_cast<uint64_t>(one.data()));
  EXPECT_EQ(round_trip(V4L2_MEMORY_USERPTR, 0, reinterpret_cast<uint64_t>(other.data())), first);
  EXPECT_EQ(calls("map"), 1u);
}

// A front that has a guest's structs: what they name isn't in this process.
TEST_F(AClientsMemory, IsNotTakenFromAMessage) {
  for (const uint32_t memory : {uint32_t{V4L2_MEMORY_USERPTR}, uint32_t{V4L2_MEMORY_DMABUF}}) {
    v4l2_requestbuffers request{.count = 1, .type = kOutput, .memory = memory};
    EXPECT_EQ(file_->call(VIDIOC_REQBUFS, &request, {}, true), -EINVAL);
    v4l2_create_buffers create{.count = 1, .memory = memory};
    create.format.type = kOutput;
    EXPECT_EQ(file_->call(VIDIOC_CREATE_BUFS, &create, {}, true), -EINVAL);
    ASSERT_EQ(this->request(memory, 1), 0);
    v4l2_plane plane{};
    plane.length = kBytes;
    v4l2_buffer buffer{.type = kOutput, .memory = memory};
    buffer.length = 1;
    for (const uint32_t number : {uint32_t{VIDIOC_QBUF}, uint32_t{VIDIOC_PREPARE_BUF}})
      EXPECT_EQ(file_->call(number, &buffer, std::as_writable_bytes(std::span(&plane, 1)), true), -EINVAL);
  }
  v4l2_requestbuffers request{.count = 0, .type = kOutput, .memory = V4L2_MEMORY_MMAP};
  ASSERT_EQ(file_->call(VIDIOC_REQBUFS, &request, {}, true), 0);
  EXPECT_EQ(request.capabilities & (V4L2_BUF_CAP_SUPPORTS_USERPTR | V4L2_BUF_CAP_SUPPORTS_DMABUF), 0u);
}

}  // namespace
}  // namespace softvpu::v4l2
