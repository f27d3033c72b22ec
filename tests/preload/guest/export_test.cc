// SPDX-License-Identifier: LGPL-2.1-or-later
// Descriptors from VIDIOC_EXPBUF have the access that was asked for, and no read() or write(), as a dma-buf (vidioc-expbuf.rst,
// flags).
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "tests/preload/guest/codec.h"

namespace softvpu::guest {
namespace {

class AnExportedBuffer : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(codec_.set_format(), 0);
    ASSERT_EQ(codec_.request_buffers(1), 0);
    v4l2_plane plane{};
    v4l2_buffer buffer = Codec::buffer_of(0, &plane);
    ASSERT_EQ(codec_.call(VIDIOC_QUERYBUF, &buffer), 0);
    memory_ = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, codec_.fd(), plane.m.mem_offset);
    ASSERT_NE(memory_, MAP_FAILED);
  }
  static int mapping_error(int fd, int prot, int flags = MAP_SHARED) {
    void* at = ::mmap(nullptr, 4096, prot, flags, fd, 0);
    if (at == MAP_FAILED) return errno;
    ::munmap(at, 4096);
    return 0;
  }
  static int error_of(long answer) { return answer < 0 ? errno : 0; }
  Codec codec_;
  void* memory_ = nullptr;
};

TEST_F(AnExportedBuffer, ForReadingCanNotBeWritten) {
  const int fd = codec_.export_buffer(O_RDONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  EXPECT_LT(fd, 1000) << "the program's, so a low number";
  EXPECT_EQ(::fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
  EXPECT_EQ(::fcntl(fd, F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(mapping_error(fd, PROT_READ), 0);
  EXPECT_EQ(mapping_error(fd, PROT_READ | PROT_WRITE), EACCES);
  EXPECT_EQ(mapping_error(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE), 0);
  void* at = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0);
  EXPECT_EQ(::mprotect(at, 4096, PROT_READ | PROT_WRITE), -1);
  static_cast<char*>(memory_)[5] = 'x';
  EXPECT_EQ(static_cast<char*>(at)[5], 'x');
  ::munmap(at, 4096);
  char byte = 'y';
  const iovec part{&byte, 1};
  EXPECT_EQ(error_of(::write(fd, &byte, 1)), EBADF);
  EXPECT_EQ(error_of(::writev(fd, &part, 1)), EBADF);
  EXPECT_EQ(error_of(::syscall(SYS_write, fd, &byte, 1)), EBADF);
  EXPECT_EQ(error_of(::read(fd, &byte, 1)), EINVAL);
  EXPECT_EQ(error_of(::readv(fd, &part, 1)), EINVAL);
  const int copy = ::dup(fd);
  EXPECT_EQ(error_of(::write(copy, &byte, 1)), EBADF);
  EXPECT_EQ(static_cast<char*>(memory_)[0], 0);
  ::close(copy);
  ::close(fd);
}

TEST_F(AnExportedBuffer, ForBothIsTheSameMemory) {
  const int fd = codec_.export_buffer(O_RDWR);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(::fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
  EXPECT_EQ(::fcntl(fd, F_GETFD), 0);
  void* at = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ASSERT_NE(at, MAP_FAILED);
  static_cast<char*>(at)[7] = 'z';
  EXPECT_EQ(static_cast<char*>(memory_)[7], 'z');
  ::munmap(at, 4096);
  EXPECT_EQ(error_of(::write(fd, "y", 1)), EINVAL);
  EXPECT_EQ(static_cast<char*>(memory_)[0], 0);
  ::close(fd);
}

TEST_F(AnExportedBuffer, ForWritingCanNotBeMapped) {
  const int fd = codec_.export_buffer(O_WRONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(::fcntl(fd, F_GETFL) & O_ACCMODE, O_WRONLY);
  EXPECT_EQ(mapping_error(fd, PROT_WRITE), EACCES);
  char byte = 0;
  EXPECT_EQ(error_of(::read(fd, &byte, 1)), EBADF);
  ::close(fd);
}

TEST_F(AnExportedBuffer, WithOtherFlagsIsRefused) {
  EXPECT_EQ(codec_.export_buffer(O_NONBLOCK), -EINVAL);
  EXPECT_EQ(codec_.export_buffer(O_RDWR | O_APPEND), -EINVAL);
}

}  // namespace
}  // namespace softvpu::guest
