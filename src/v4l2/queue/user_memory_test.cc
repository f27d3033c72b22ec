// SPDX-License-Identifier: LGPL-2.1-or-later
// Copies between a client's memory and what the codec sees. Which pointers are refused by QBUF is
// in tests/conformance/memory_test.cc. Clause: userp.rst.
#include "v4l2/queue/user_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace softvpu::v4l2 {
namespace {

constexpr uint32_t kLength = 10000;

class AUserPlane : public testing::Test {
 protected:
  AUserPlane() : bytes_(kLength, 'c') {}
  static uint64_t name(const void* at) { return reinterpret_cast<uint64_t>(at); }
  static std::unique_ptr<PlaneMemory> attach(Side side, void* at, PlaneSize wanted = {kLength, 0}) {
    auto plane = UserPlane::attach(side, name(at), kLength, wanted);
    EXPECT_TRUE(plane) << plane.error().reason;
    return plane ? std::move(*plane) : nullptr;
  }
  static char codec_sees(const PlaneMemory& plane, off_t at) {
    char byte = 0;
    EXPECT_EQ(::pread(plane.for_session().fd, &byte, 1, at), 1);
    return byte;
  }
  static void codec_writes(const PlaneMemory& plane, off_t at, char byte) {
    EXPECT_EQ(::pwrite(plane.for_session().fd, &byte, 1, at), 1);
  }
  std::vector<char> bytes_;
};

TEST_F(AUserPlane, OfOutputIsReadWhenItIsQueued) {
  const auto plane = attach(Side::kOutput, bytes_.data());
  bytes_[0] = bytes_[99] = bytes_[100] = 'q';
  EXPECT_EQ(codec_sees(*plane, 99), 'c');
  ASSERT_TRUE(plane->to_codec(100));
  EXPECT_EQ(codec_sees(*plane, 0), 'q');
  EXPECT_EQ(codec_sees(*plane, 99), 'q');
  EXPECT_EQ(codec_sees(*plane, 100), 'c') << "no part of the payload";
  codec_writes(*plane, 0, 'w');
  ASSERT_TRUE(plane->to_client(100));
  EXPECT_EQ(bytes_[0], 'q') << "the client's, whatever the codec does";
}

TEST_F(AUserPlane, OfCaptureIsWrittenWhenItIsDequeued) {
  const auto plane = attach(Side::kCapture, bytes_.data());
  EXPECT_EQ(bytes_, std::vector<char>(kLength, 'c')) << "it was only looked at";
  ASSERT_TRUE(plane->to_codec(0));
  for (const off_t at : {0, 99, 100}) codec_writes(*plane, at, 'w');
  EXPECT_EQ(bytes_[0], 'c');
  ASSERT_TRUE(plane->to_client(100));
  EXPECT_EQ(bytes_[0], 'w');
  EXPECT_EQ(bytes_[99], 'w');
  EXPECT_EQ(bytes_[100], 'c') << "no part of the frame";
  ASSERT_TRUE(plane->to_client(0xffffffff)) << "never more than the plane";
}

TEST_F(AUserPlane, ThatIsGoneIsABadAddress) {
  void* at = ::mmap(nullptr, kLength, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(at, MAP_FAILED);
  const auto output = attach(Side::kOutput, at);
  const auto capture = attach(Side::kCapture, at);
  ASSERT_EQ(::munmap(static_cast<char*>(at) + 8192, kLength - 8192), 0);
  for (const auto& status : {output->to_codec(kLength), capture->to_client(kLength)}) {
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, EFAULT);
  }
  EXPECT_TRUE(output->to_codec(8192));
  ::munmap(at, 8192);
}

// For the session it is the same memory then: nothing is mapped anew.
TEST_F(AUserPlane, MovesToAnotherPointerOfTheSameLength) {
  const auto plane = attach(Side::kOutput, bytes_.data());
  std::vector<char> other(kLength, 'o');
  EXPECT_TRUE(plane->still_is(name(other.data()), kLength));
  EXPECT_EQ(plane->name(), name(other.data()));
  ASSERT_TRUE(plane->to_codec(1));
  EXPECT_EQ(codec_sees(*plane, 0), 'o');
  EXPECT_FALSE(plane->still_is(name(other.data()), kLength - 1));
  EXPECT_FALSE(plane->still_is(8, kLength));
  EXPECT_EQ(plane->name(), name(other.data()));
}

TEST_F(AUserPlane, HasTheTailThatACodecReads) {
  const codec::PlaneMemory memory = attach(Side::kCapture, bytes_.data(), {kLength, 4096})->for_session();
  EXPECT_EQ(memory.length, kLength);
  EXPECT_GE(memory.mapped_length, kLength + 4096u);
}

}  // namespace
}  // namespace softvpu::v4l2
