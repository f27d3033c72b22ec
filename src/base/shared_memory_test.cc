// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/shared_memory.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstring>

namespace softvpu {
namespace {

TEST(SharedMemory, HasTheSameBytesInEveryMapping) {
  const auto memory = SharedMemory::create("test", 8192);
  ASSERT_TRUE(memory.has_value());
  const auto one = memory->map();
  const auto two = memory->map(false);
  ASSERT_TRUE(one.has_value() && two.has_value());
  EXPECT_NE(one->data(), two->data());
  std::memcpy(one->data() + 8000, "frame", 5);
  EXPECT_EQ(std::memcmp(two->data() + 8000, "frame", 5), 0);
}

TEST(SharedMemory, CannotShrinkGrowOrLoseItsSeals) {
  const auto memory = SharedMemory::create("test", 4096);
  ASSERT_TRUE(memory.has_value());
  EXPECT_EQ(ftruncate(memory->fd(), 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(ftruncate(memory->fd(), 8192), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::fcntl(memory->fd(), F_ADD_SEALS, F_SEAL_WRITE), -1);
}

TEST(SharedMemory, RefusesZeroAndImpossibleSizes) {
  EXPECT_EQ(SharedMemory::create("test", 0).error().code, EINVAL);
  EXPECT_EQ(SharedMemory::create("test", SIZE_MAX).error().code, ENOMEM);
}

TEST(AdoptedMemory, IsTakenWhenSealedAndLongEnough) {
  const auto memory = SharedMemory::create("test", 4096);
  ASSERT_TRUE(memory.has_value());
  const auto adopted = SharedMemory::adopt(UniqueFd(dup(memory->fd())), 4096);
  ASSERT_TRUE(adopted.has_value());
  EXPECT_EQ(adopted->size(), 4096u);
}

TEST(AdoptedMemory, IsRefusedWhenItCouldShrink) {
  UniqueFd unsealed(memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(ftruncate(unsealed.get(), 4096), 0);
  EXPECT_EQ(SharedMemory::adopt(std::move(unsealed), 4096).error().code, EINVAL);
}

TEST(AdoptedMemory, IsRefusedWhenTooShortOrNoMemory) {
  const auto memory = SharedMemory::create("test", 4096);
  ASSERT_TRUE(memory.has_value());
  EXPECT_EQ(SharedMemory::adopt(UniqueFd(dup(memory->fd())), 4097).error().code, EINVAL);
  EXPECT_EQ(SharedMemory::adopt(UniqueFd(dup(STDERR_FILENO)), 0).error().code, EINVAL);
  EXPECT_EQ(SharedMemory::adopt(UniqueFd(), 0).error().code, EINVAL);
}

TEST(AMapping, EndsWithItsOwner) {
  const auto memory = SharedMemory::create("test", 4096);
  unsigned char resident = 0;
  void* at = nullptr;
  {
    auto mapping = memory->map();
    ASSERT_TRUE(mapping.has_value());
    Mapping moved = std::move(*mapping);
    EXPECT_EQ(mapping->data(), nullptr);
    at = moved.data();
    EXPECT_EQ(mincore(at, 4096, &resident), 0);
    moved = Mapping();
    EXPECT_EQ(mincore(at, 4096, &resident), -1);
  }
}

TEST(AMapping, SaysWhatMmapSays) {
  const auto memory = SharedMemory::create("test", 8192);
  EXPECT_EQ(Mapping::map(memory->fd(), 1, 4096, true).error().code, EINVAL);
  EXPECT_EQ(Mapping::map(memory->fd(), 0, 0, true).error().code, EINVAL);
  EXPECT_EQ(Mapping::map(-1, 0, 4096, true).error().code, EBADF);
  EXPECT_EQ(Mapping::map(memory->fd(), UINT64_MAX, 4096, true).error().code, EOVERFLOW);
}

TEST(SharedMemory, PastTheFileSizeLimitIsRefusedWithoutItsSignal) {
  std::atomic<bool> seen{false};
  static std::atomic<bool>* flag;
  flag = &seen;
  struct sigaction note {};
  struct sigaction before {};
  note.sa_handler = [](int) { *flag = true; };
  ASSERT_EQ(sigaction(SIGXFSZ, &note, &before), 0);
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
  const rlimit low{4096, limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &low), 0);
  const auto small = SharedMemory::create("small", 4096);
  const auto large = SharedMemory::create("large", 8192);
  setrlimit(RLIMIT_FSIZE, &limit);
  sigset_t pending;
  sigpending(&pending);
  sigaction(SIGXFSZ, &before, nullptr);
  EXPECT_TRUE(small);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ENOMEM);
  EXPECT_NE(large.error().reason.find("RLIMIT_FSIZE"), std::string::npos);
  EXPECT_FALSE(seen);
  EXPECT_FALSE(sigismember(&pending, SIGXFSZ));
}

}  // namespace
}  // namespace softvpu
