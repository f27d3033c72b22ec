// SPDX-License-Identifier: LGPL-2.1-or-later
// Memory that goes from one process to another: a buffer exported there is imported here, and is a dma-buf for who gets it.
// Clauses: dmabuf.rst, vidioc-expbuf.rst; DMA_BUF_IOCTL_SYNC of linux/dma-buf.h.
#include <gtest/gtest.h>
#include <linux/dma-buf.h>
#include <sys/socket.h>

#include <cstring>

#include "tests/preload/guest/codec.h"

namespace softvpu::guest {
namespace {

// One descriptor through a pair of sockets.
class Channel {
 public:
  Channel() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends_), 0); }
  ~Channel() {
    for (const int end : ends_) ::close(end);
  }
  void send(int fd) const {
    char byte = 0;
    Message message(byte);
    message.header.msg_controllen = sizeof message.control;
    cmsghdr* const control = CMSG_FIRSTHDR(&message.header);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(control), &fd, sizeof fd);
    EXPECT_EQ(::sendmsg(ends_[0], &message.header, 0), 1);
  }
  int receive() const {
    char byte = 0;
    Message message(byte);
    message.header.msg_controllen = sizeof message.control;
    int fd = -1;
    if (::recvmsg(ends_[1], &message.header, 0) != 1) return fd;
    if (const cmsghdr* control = CMSG_FIRSTHDR(&message.header); control != nullptr)
      std::memcpy(&fd, CMSG_DATA(control), sizeof fd);
    return fd;
  }

 private:
  struct Message {
    explicit Message(char& byte) : part{&byte, 1} {
      header.msg_iov = &part;
      header.msg_iovlen = 1;
      header.msg_control = control;
    }
    iovec part;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
    msghdr header{};
  };
  int ends_[2];
};

int synced(int fd, uint64_t flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ) {
  dma_buf_sync request{flags};
  return ::ioctl(fd, DMA_BUF_IOCTL_SYNC, &request) == 0 ? 0 : -errno;
}

TEST(AReceivedBuffer, AnswersAsADmaBuf) {
  const Codec codec;
  ASSERT_EQ(codec.set_format(), 0);
  ASSERT_EQ(codec.request_buffers(1), 0);
  const int exported = codec.export_buffer(O_RDWR | O_CLOEXEC);
  ASSERT_GE(exported, 0);
  const Channel channel;
  channel.send(exported);
  const int received = channel.receive();
  ASSERT_GE(received, 0);
  ::close(exported);
  EXPECT_EQ(synced(received), 0);
  EXPECT_EQ(::ioctl(received, DMA_BUF_IOCTL_SYNC, nullptr), -1);
  EXPECT_EQ(errno, EFAULT);
  EXPECT_GE(::lseek(received, 0, SEEK_END), off_t{kBytes});
  ::close(received);
}

TEST(AForeignMemfd, AnswersAsTheKernelDoes) {
  const int memfd = ::memfd_create("softvpu-buffer2", MFD_CLOEXEC);
  EXPECT_EQ(synced(memfd), -ENOTTY);
  const int again = ::memfd_create("softvpu", MFD_CLOEXEC);
  EXPECT_EQ(synced(again), -ENOTTY);
  ::close(again);
  ::close(memfd);
}

TEST(ABufferOfAnotherProcess, GoesToTheCodecAndBack) {
  const Channel channel;
  const Outcome child = in_child([&] {
    const Codec codec;
    if (codec.set_format() != 0 || codec.request_buffers(1) != 0) return 1;
    const int exported = codec.export_buffer(O_RDWR | O_CLOEXEC);
    if (exported < 0) return 2;
    channel.send(exported);
    return 0;
  });
  ASSERT_EQ(child.status, 0) << child.said;
  const int received = channel.receive();
  ASSERT_GE(received, 0);
  const Codec codec;
  ASSERT_EQ(codec.set_format(), 0);
  v4l2_requestbuffers request{.count = 2, .type = kOutput, .memory = V4L2_MEMORY_DMABUF};
  ASSERT_EQ(codec.call(VIDIOC_REQBUFS, &request), 0);
  ASSERT_EQ(codec.stream(true), 0);
  const auto length = static_cast<uint32_t>(::lseek(received, 0, SEEK_END));
  for (int round = 0; round < 3; ++round) {
    v4l2_plane plane{};
    plane.bytesused = 100;
    plane.length = length;
    plane.m.fd = received;
    v4l2_buffer buffer = Codec::buffer_of(0, &plane);
    buffer.memory = V4L2_MEMORY_DMABUF;
    ASSERT_EQ(codec.call(VIDIOC_QBUF, &buffer), 0);
    pollfd wanted{codec.fd(), POLLOUT, 0};
    ASSERT_EQ(::poll(&wanted, 1, 60'000), 1);
    plane = {};
    buffer = Codec::buffer_of(0, &plane);
    buffer.memory = V4L2_MEMORY_DMABUF;
    ASSERT_EQ(codec.call(VIDIOC_DQBUF, &buffer), 0);
    EXPECT_EQ(plane.m.fd, received);
  }
  ::close(received);
}

// What a device is for libc isn't memory.
TEST(ADevice, IsNoMemoryToImport) {
  const Codec codec;
  ASSERT_EQ(codec.set_format(), 0);
  v4l2_requestbuffers request{.count = 1, .type = kOutput, .memory = V4L2_MEMORY_DMABUF};
  ASSERT_EQ(codec.call(VIDIOC_REQBUFS, &request), 0);
  v4l2_plane plane{};
  plane.bytesused = 100;
  plane.length = kBytes;
  plane.m.fd = codec.fd();
  v4l2_buffer buffer = Codec::buffer_of(0, &plane);
  buffer.memory = V4L2_MEMORY_DMABUF;
  EXPECT_EQ(codec.call(VIDIOC_QBUF, &buffer), -EINVAL);
}

}  // namespace
}  // namespace softvpu::guest
