// SPDX-License-Identifier: GPL-2.0-or-later
// Which memory the worker maps, and when two buffers are the same memory (docs/hfi.md, the order of things, 4; transports).
#include "firmware/buffers.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace softvpu::firmware {
namespace {

constexpr uint32_t kBytes = 8192;

class AWorkersBuffers : public testing::Test {
 protected:
  static int memfd(off_t size, unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING) {
    const int fd = ::memfd_create("a client's", flags);
    EXPECT_EQ(::ftruncate(fd, size), 0);
    return fd;
  }
  static int again(int fd) { return ::fcntl(fd, F_DUPFD_CLOEXEC, 3); }
  Status map(uint32_t index, int fd, Side direction = Side::kOutput) {
    hfi::cmd::MapBuffer command{};
    command.direction = direction;
    command.buffer = {index, 1};
    command.num_planes = 1;
    command.plane[0] = {0, kBytes, kBytes};
    std::array<UniqueFd, SVPU_MAX_PLANES> fds;
    fds[0] = UniqueFd(fd);
    return buffers_.map(command, hfi::descriptor_memory(1, std::move(fds)));
  }
  std::shared_ptr<MappedBuffer> at(uint32_t index) { return buffers_.find(Side::kOutput, {index, 1}); }

  Buffers buffers_{[](Side, hfi::BufferName) {}};
};

// dmabuf.rst, as far as a host passes it on: memory that a client has brought isn't sealed.
TEST_F(AWorkersBuffers, MayBeAMemfdWithoutSeals) {
  ASSERT_TRUE(map(0, memfd(kBytes)));
  ASSERT_TRUE(map(1, memfd(kBytes, MFD_CLOEXEC)));
  ASSERT_TRUE(map(0, memfd(kBytes - 4000), Side::kInput)) << "up to the end of its last page";
  at(0)->plane[0].data[kBytes - 1] = std::byte{1};
}

TEST_F(AWorkersBuffers, MustBeMemoryAndLargeEnough) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  for (const int fd : {memfd(4096), memfd(0), pipe[0], pipe[1], ::open("/", O_RDONLY), ::open("/proc/self/exe", O_RDONLY)}) {
    const Status mapped = map(0, fd);
    ASSERT_FALSE(mapped);
    EXPECT_EQ(mapped.error().code, EINVAL) << mapped.error().reason;
  }
  EXPECT_TRUE(map(0, memfd(kBytes)));
}

// A picture that later ones refer to isn't overwritten because its memory has another name now.
TEST_F(AWorkersBuffers, InTheSameMemoryAreHeldTogether) {
  const int one = memfd(kBytes);
  ASSERT_TRUE(map(0, again(one)));
  ASSERT_TRUE(map(1, again(one)));
  ASSERT_TRUE(map(2, memfd(kBytes)));
  *at(0)->held = true;
  EXPECT_TRUE(*at(1)->held);
  EXPECT_FALSE(*at(2)->held);
  const std::shared_ptr<MappedBuffer> picture = at(0);
  EXPECT_TRUE(buffers_.unmap(Side::kOutput, {0, 1}));
  EXPECT_TRUE(buffers_.unmap(Side::kOutput, {1, 1}));
  ASSERT_TRUE(map(3, again(one)));
  EXPECT_TRUE(*at(3)->held) << "the decoder still has the picture that buffer 0 was";
  *picture->held = false;
  EXPECT_FALSE(*at(3)->held);
  ::close(one);
}

}  // namespace
}  // namespace softvpu::firmware
