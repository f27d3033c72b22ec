// SPDX-License-Identifier: LGPL-2.1-or-later
// Pointers possibly invalid, by both ways of copying.
#include "v4l2/ioctl/user_copy.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <ostream>
#include <thread>
#include <vector>

#include "base/library_fds.h"
#include "base/unique_fd.h"

namespace softvpu::v4l2 {
namespace {

struct Way {
  const char* name;
  int (*from)(void*, const void*, size_t);
  int (*to)(void*, const void*, size_t);
};
void PrintTo(const Way& way, std::ostream* out) { *out << way.name; }

// qemu-user says that it does, and doesn't.
bool wipes_on_fork() {
  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED || ::madvise(page, 4096, MADV_WIPEONFORK) != 0) return false;
  auto* const word = static_cast<volatile int*>(page);
  *word = 7;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(*word);
  int status = -1;
  const bool wiped = ::waitpid(child, &status, 0) == child && status == 0;
  ::munmap(page, 4096);
  return wiped;
}

class UserCopy : public testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    char byte = 0;
    char copy = 1;
    iovec from{&byte, 1};
    iovec to{&copy, 1};
    if (GetParam().from == &copy_from_user_by_vm_call && ::process_vm_readv(::getpid(), &to, 1, &from, 1, 0) != 1)
      GTEST_SKIP() << "this kernel has no process_vm_readv";
    memory_ = static_cast<char*>(::mmap(nullptr, 3 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ASSERT_NE(memory_, MAP_FAILED);
    ::mprotect(memory_ + kPage, kPage, PROT_READ);
    ::mprotect(memory_ + 2 * kPage, kPage, PROT_NONE);
  }
  void TearDown() override {
    if (memory_ != nullptr) ::munmap(memory_, 3 * kPage);
  }
  static constexpr size_t kPage = 4096;
  char* memory_ = nullptr;  // writable, readable, nothing
};

TEST_P(UserCopy, CopiesBothWays) {
  const auto [name, from, to] = GetParam();
  std::vector<char> pattern(kPage);
  for (size_t i = 0; i < pattern.size(); ++i) pattern[i] = static_cast<char>(i * 7);
  ASSERT_EQ(to(memory_, pattern.data(), pattern.size()), 0);
  std::vector<char> back(pattern.size());
  ASSERT_EQ(from(back.data(), memory_, back.size()), 0);
  EXPECT_EQ(back, pattern);
}

TEST_P(UserCopy, CopiesMoreThanAPipeHolds) {
  const auto [name, from, to] = GetParam();
  std::vector<char> big(300'000, 'x');
  std::vector<char> copy(big.size());
  ASSERT_EQ(from(copy.data(), big.data(), big.size()), 0);
  EXPECT_EQ(copy, big);
  big.assign(big.size(), 'y');
  ASSERT_EQ(to(copy.data(), big.data(), big.size()), 0);
  EXPECT_EQ(copy, big);
}

TEST_P(UserCopy, AnswersEfault) {
  const auto [name, from, to] = GetParam();
  char buffer[64] = {};
  for (char* bad : {memory_ + 2 * kPage, memory_ + 2 * kPage - 32, reinterpret_cast<char*>(1), reinterpret_cast<char*>(-64L)})
    EXPECT_EQ(from(buffer, bad, sizeof buffer), EFAULT);
  for (char* bad : {memory_ + kPage, memory_ + kPage - 32, memory_ + 2 * kPage, reinterpret_cast<char*>(1)})
    EXPECT_EQ(to(bad, buffer, sizeof buffer), EFAULT);
}

// Each bad pointer leaves something in the pipe.
TEST_P(UserCopy, WorksAfterAnyNumberOfBadPointers) {
  const auto [name, from, to] = GetParam();
  char buffer[64] = {};
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(from(buffer, memory_ + 2 * kPage - i % 64, sizeof buffer), EFAULT) << i;
    ASSERT_EQ(to(memory_ + kPage - i % 64, buffer, sizeof buffer), EFAULT) << i;
  }
  const char word[] = "hello";
  ASSERT_EQ(to(memory_, word, sizeof word), 0);
  ASSERT_EQ(from(buffer, memory_, sizeof word), 0);
  EXPECT_STREQ(buffer, word);
}

TEST_P(UserCopy, KeepsTheDataOfThreadsAndProcessesApart) {
  if (!wipes_on_fork()) GTEST_SKIP() << "this kernel doesn't wipe MADV_WIPEONFORK pages in a forked child";
  const auto [name, from, to] = GetParam();
  const auto check = [&](char mark) {
    char source[200];
    char target[200];
    for (int i = 0; i < 2000; ++i) {
      std::memset(source, mark + i % 16, sizeof source);
      if ((i % 2 == 0 ? from(target, source, sizeof source) : to(target, source, sizeof source)) != 0 ||
          std::memcmp(source, target, sizeof source) != 0)
        return false;
    }
    return true;
  };
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int i = 0; i < 24; ++i) threads.emplace_back([&, i] { wrong += check(static_cast<char>(i * 8)) ? 0 : 1; });
  const pid_t child = ::fork();
  // Not _exit(): TSan would report threads that had ended before the fork as leaked.
  if (child == 0) ::syscall(SYS_exit_group, check(3) ? 0 : 1);
  for (auto& thread : threads) thread.join();
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(wrong, 0);
}

INSTANTIATE_TEST_SUITE_P(Ways, UserCopy,
                         testing::Values(Way{"ByPipe", &copy_from_user, &copy_to_user},
                                         Way{"ByTheKernelsCopy", &copy_from_user_by_vm_call, &copy_to_user_by_vm_call}),
                         [](const auto& test) { return std::string(test.param.name); });

// Runs `body` in a forked child, which makes pipes of its own. What it returns.
int in_child(int (*body)()) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool copies_rightly() {
  int source = 0;
  int target = -1;
  while (source < 20 && copy_from_user(&target, &source, sizeof source) == 0 && target == source) ++source;
  return source == 20;
}

// A daemon has closed its standard streams, and writes to them all the same.
TEST(TheirPipes, AreNoStandardStreamsWhereTheLimitIsLow) {
  EXPECT_EQ(in_child([] {
              const rlimit low{512, 512};
              ::setrlimit(RLIMIT_NOFILE, &low);
              for (int fd = 0; fd < 3; ++fd) ::close(fd);
              if (!copies_rightly()) return 3;
              for (int fd = 0; fd < 3; ++fd) {
                if (::fcntl(fd, F_GETFD) != -1) return 4;
              }
              const UniqueFd raised = raise_fd(UniqueFd(::dup(3)));
              return raised.get() < 3 ? 5 : 0;
            }),
            0);
}

TEST(TheirPipes, MayHaveBeenWrittenToByTheProgram) {
  EXPECT_EQ(in_child([] {
              prepare_user_copy();
              const std::vector<char> junk(3000, 'x');
              int pipes = 0;
              for (int fd = library_fds::next(0); fd >= 0; fd = library_fds::next(fd + 1))
                pipes += ::write(fd, junk.data(), junk.size()) > 0 ? 1 : 0;
              if (pipes == 0) return 3;
              return copies_rightly() ? 0 : 4;
            }),
            0);
}

// A seccomp filter may kill for pipe2(2) after the device was opened.
TEST(TheirPipes, AreEnoughForAnyNumberOfThreads) {
  EXPECT_EQ(in_child([] {
              const auto descriptors = [] {
                int count = 0;
                for (int fd = library_fds::next(0); fd >= 0; fd = library_fds::next(fd + 1)) ++count;
                return count;
              };
              prepare_user_copy();
              const int before = descriptors();
              std::atomic<int> wrong{0};
              std::vector<std::thread> threads;
              for (int i = 0; i < 24; ++i) {
                threads.emplace_back([&] {
                  for (int k = 0; k < 200; ++k) wrong += copies_rightly() ? 0 : 1;
                });
              }
              for (auto& thread : threads) thread.join();
              if (wrong != 0) return 3;
              return descriptors() == before ? 0 : 4;
            }),
            0);
}

TEST(UserCopyOfNothing, TouchesNothing) {
  EXPECT_EQ(copy_from_user(nullptr, nullptr, 0), 0);
  EXPECT_EQ(copy_to_user(nullptr, nullptr, 0), 0);
  char byte = 0;
  EXPECT_EQ(copy_from_user(&byte, nullptr, 1), EFAULT);
}

}  // namespace
}  // namespace softvpu::v4l2
