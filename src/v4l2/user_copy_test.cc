// SPDX-License-Identifier: LGPL-2.1-or-later
// Pointers of any quality, by both ways of copying.
#include "v4l2/user_copy.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace softvpu::v4l2 {
namespace {

using From = int (*)(void*, const void*, size_t);
using To = int (*)(void*, const void*, size_t);

class UserCopy : public testing::TestWithParam<std::pair<From, To>> {
 protected:
  void SetUp() override {
    memory_ = static_cast<char*>(::mmap(nullptr, 3 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ASSERT_NE(memory_, MAP_FAILED);
    ::mprotect(memory_ + kPage, kPage, PROT_READ);
    ::mprotect(memory_ + 2 * kPage, kPage, PROT_NONE);
  }
  void TearDown() override { ::munmap(memory_, 3 * kPage); }
  static constexpr size_t kPage = 4096;
  char* memory_ = nullptr;  // writable, readable, nothing
};

TEST_P(UserCopy, CopiesBothWays) {
  const auto [from, to] = GetParam();
  std::vector<char> pattern(kPage);
  for (size_t i = 0; i < pattern.size(); ++i) pattern[i] = static_cast<char>(i * 7);
  ASSERT_EQ(to(memory_, pattern.data(), pattern.size()), 0);
  std::vector<char> back(pattern.size());
  ASSERT_EQ(from(back.data(), memory_, back.size()), 0);
  EXPECT_EQ(back, pattern);
}

TEST_P(UserCopy, CopiesMoreThanAPipeHolds) {
  const auto [from, to] = GetParam();
  std::vector<char> big(300'000, 'x');
  std::vector<char> copy(big.size());
  ASSERT_EQ(from(copy.data(), big.data(), big.size()), 0);
  EXPECT_EQ(copy, big);
  big.assign(big.size(), 'y');
  ASSERT_EQ(to(copy.data(), big.data(), big.size()), 0);
  EXPECT_EQ(copy, big);
}

TEST_P(UserCopy, AnswersEfault) {
  const auto [from, to] = GetParam();
  char buffer[64] = {};
  for (char* bad : {memory_ + 2 * kPage, memory_ + 2 * kPage - 32, reinterpret_cast<char*>(1), reinterpret_cast<char*>(-64L)})
    EXPECT_EQ(from(buffer, bad, sizeof buffer), EFAULT);
  for (char* bad : {memory_ + kPage, memory_ + kPage - 32, memory_ + 2 * kPage, reinterpret_cast<char*>(1)})
    EXPECT_EQ(to(bad, buffer, sizeof buffer), EFAULT);
}

INSTANTIATE_TEST_SUITE_P(Ways, UserCopy,
                         testing::Values(std::pair<From, To>{&copy_from_user, &copy_to_user},
                                         std::pair<From, To>{&copy_from_user_by_pipe, &copy_to_user_by_pipe}));

TEST(UserCopyOfNothing, TouchesNothing) {
  EXPECT_EQ(copy_from_user(nullptr, nullptr, 0), 0);
  EXPECT_EQ(copy_to_user(nullptr, nullptr, 0), 0);
  char byte = 0;
  EXPECT_EQ(copy_from_user(&byte, nullptr, 1), EFAULT);
}

}  // namespace
}  // namespace softvpu::v4l2
