// SPDX-License-Identifier: LGPL-2.1-or-later
// What becomes of a descriptor that a client brings. Which ones are refused is in
// tests/conformance/memory_test.cc. Clause: dmabuf.rst.
#include "v4l2/queue/imported_memory.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/dma-buf.h>
#include <linux/udmabuf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "base/shared_memory.h"

namespace softvpu::v4l2 {
namespace {

constexpr uint32_t kLength = 5000;

class AnImportedPlane : public testing::Test {
 protected:
  AnImportedPlane() : fd_(::memfd_create("a client's", MFD_CLOEXEC | MFD_ALLOW_SEALING)) { resize(2 * 4096); }
  ~AnImportedPlane() override { ::close(fd_); }
  void resize(off_t size) const { ASSERT_EQ(::ftruncate(fd_, size), 0); }
  static uint64_t name(int fd) { return static_cast<uint32_t>(fd); }
  std::unique_ptr<PlaneMemory> attach(PlaneSize wanted = {kLength, 0}, uint32_t length = kLength) {
    auto plane = ImportedPlane::attach(Side::kCapture, name(fd_), length, wanted);
    EXPECT_TRUE(plane) << plane.error().reason;
    return plane ? std::move(*plane) : nullptr;
  }
  const int fd_;
};

TEST_F(AnImportedPlane, KeepsTheMemoryWhenTheClientClosesItsDescriptor) {
  const int copy = ::dup(fd_);
  auto plane = ImportedPlane::attach(Side::kCapture, name(copy), kLength, {kLength, 0});
  ASSERT_TRUE(plane);
  ::close(copy);
  EXPECT_EQ(::fcntl(copy, F_GETFD), -1);
  const codec::PlaneMemory memory = (*plane)->for_session();
  ASSERT_EQ(::pwrite(fd_, "x", 1, 7), 1);
  char byte = 0;
  EXPECT_EQ(::pread(memory.fd, &byte, 1, 7), 1);
  EXPECT_EQ(byte, 'x');
}

// The codec may read past the end of a picture, where there is something (media/frame_layout.h).
TEST_F(AnImportedPlane, IsMappedWithAsMuchOfItsTailAsThereIs) {
  EXPECT_EQ(attach({kLength, 0})->for_session().mapped_length, 2u * 4096);
  EXPECT_EQ(attach({kLength, 100000})->for_session().mapped_length, 2u * 4096);
  resize(100 * 4096);
  EXPECT_EQ(attach({kLength, 0})->for_session().mapped_length, 2u * 4096);
  EXPECT_EQ(attach({kLength, 2 * 4096})->for_session().mapped_length, 4u * 4096);
  EXPECT_EQ(attach({kLength, 0})->for_session().length, kLength);
}

// vidioc-qbuf.rst; vb2: the whole dma-buf where the client gives no length.
TEST_F(AnImportedPlane, IsAllOfTheMemoryWithoutALength) { EXPECT_EQ(attach({kLength, 0}, 0)->length(), 2u * 4096); }

TEST_F(AnImportedPlane, IsTheSameUnderAnotherDescriptorOfTheMemory) {
  auto plane = attach();
  const int copy = ::dup(fd_);
  EXPECT_TRUE(plane->still_is(name(copy), kLength));
  EXPECT_EQ(plane->name(), name(copy));
  EXPECT_FALSE(plane->still_is(name(copy), kLength + 1));
  const int other = ::memfd_create("another", MFD_CLOEXEC);
  ASSERT_EQ(::ftruncate(other, 2 * 4096), 0);
  EXPECT_FALSE(plane->still_is(name(other), kLength));
  EXPECT_FALSE(plane->still_is(name(-1), kLength));
  EXPECT_EQ(plane->name(), name(copy));
  resize(4096);
  EXPECT_FALSE(plane->still_is(name(fd_), kLength)) << "smaller than it was";
  ::close(other);
  ::close(copy);
}

// They have numbers that a program could have by mistake.
TEST_F(AnImportedPlane, IsNoneOfTheLibrarysDescriptors) {
  const auto ours = SharedMemory::create("ours", 2 * 4096);
  ASSERT_TRUE(ours);
  const auto plane = ImportedPlane::attach(Side::kCapture, name(ours->fd()), kLength, {kLength, 0});
  ASSERT_FALSE(plane);
  EXPECT_EQ(plane.error().code, EINVAL);
}

// A dma-buf of the kernel's, made of a memfd.
TEST_F(AnImportedPlane, MayBeADmaBuf) {
  const int maker = ::open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
  if (maker < 0) GTEST_SKIP() << "no /dev/udmabuf on this machine";
  ASSERT_EQ(::fcntl(fd_, F_ADD_SEALS, F_SEAL_SHRINK), 0);
  udmabuf_create request{static_cast<uint32_t>(fd_), UDMABUF_FLAGS_CLOEXEC, 0, 2 * 4096};
  const int buffer = ::ioctl(maker, UDMABUF_CREATE, &request);
  ::close(maker);
  ASSERT_GE(buffer, 0);
  auto plane = ImportedPlane::attach(Side::kCapture, name(buffer), kLength, {kLength, 0});
  ASSERT_TRUE(plane) << plane.error().reason;
  EXPECT_TRUE((*plane)->to_codec(0));
  EXPECT_TRUE((*plane)->to_client(0));
  EXPECT_TRUE((*plane)->still_is(name(buffer), kLength));
  void* at = ::mmap(nullptr, kLength, PROT_READ | PROT_WRITE, MAP_SHARED, (*plane)->for_session().fd, 0);
  ASSERT_NE(at, MAP_FAILED);
  static_cast<char*>(at)[9] = 'y';
  char byte = 0;
  EXPECT_EQ(::pread(fd_, &byte, 1, 9), 1);
  EXPECT_EQ(byte, 'y');
  ::munmap(at, kLength);
  ::close(buffer);
}

}  // namespace
}  // namespace softvpu::v4l2
