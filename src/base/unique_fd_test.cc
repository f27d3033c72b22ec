// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/raw_syscall.h"

namespace softvpu {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }
UniqueFd open_null() { return UniqueFd(raw::open("/dev/null", O_RDONLY)); }

class LowDescriptorLimit {
 public:
  explicit LowDescriptorLimit(rlim_t limit) {
    getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit low{limit, before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &low);
  }
  ~LowDescriptorLimit() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

// A hard limit below that: descriptors stay where they are.
bool has_high_numbers() {
  rlimit files{};
  return getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur >= 1024;
}

TEST(ARawSystemCall, ReturnsTheNegativeErrnoAndLeavesErrnoAlone) {
  errno = 0;
  EXPECT_EQ(raw::close(-1), -EBADF);
  EXPECT_EQ(raw::open("/no/such/file", O_RDONLY), -ENOENT);
  EXPECT_EQ(errno, 0);
}

TEST(ARawSystemCall, PassesSixArguments) {
  void* at = nullptr;
  ASSERT_EQ(raw::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, &at), 0);
  *static_cast<char*>(at) = 1;
  EXPECT_EQ(raw::munmap(at, 4096), 0);
  EXPECT_EQ(raw::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, -1, 0, &at), -EBADF);
}

TEST(ARawSystemCall, PollsWithATimeout) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  pollfd wanted{.fd = reader.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(raw::poll(&wanted, 1, 0), 0);
  EXPECT_EQ(raw::write(writer.get(), "x", 1), 1);
  EXPECT_EQ(raw::poll(&wanted, 1, -1), 1);
  EXPECT_EQ(wanted.revents, POLLIN);
}

TEST(AUniqueFd, ClosesWhatItHoldsOnce) {
  int number = -1;
  {
    UniqueFd fd = open_null();
    ASSERT_TRUE(fd.valid());
    number = fd.get();
    UniqueFd moved = std::move(fd);
    EXPECT_FALSE(fd.valid());  // NOLINT: what a moved-from one is, is the question
    EXPECT_EQ(moved.get(), number);
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(AUniqueFd, GivesUpItsDescriptorOnRelease) {
  UniqueFd fd = open_null();
  const int number = fd.release();
  EXPECT_FALSE(fd);
  EXPECT_TRUE(is_open(number));
  fd.reset(number);
  fd.reset();
  EXPECT_FALSE(is_open(number));
}

TEST(AUniqueFd, DuplicatesToAHighCloexecNumber) {
  if (!has_high_numbers()) GTEST_SKIP() << "this machine's limit of open files is too low";
  const UniqueFd fd = open_null();
  const Result<UniqueFd> copy = fd.duplicate();
  ASSERT_TRUE(copy.has_value());
  EXPECT_GE(copy->get(), 1000);
  EXPECT_EQ(::fcntl(copy->get(), F_GETFD), FD_CLOEXEC);
}

TEST(AUniqueFd, SaysEbadfWhenItHasNothingToDuplicate) { EXPECT_EQ(UniqueFd().duplicate().error().code, EBADF); }

TEST(ARaisedFd, IsHighAndCloexecAndLeavesTheOldNumberFree) {
  if (!has_high_numbers()) GTEST_SKIP() << "this machine's limit of open files is too low";
  UniqueFd fd = open_null();
  const int old = fd.get();
  const UniqueFd raised = raise_fd(std::move(fd));
  EXPECT_GE(raised.get(), 1000);
  EXPECT_EQ(::fcntl(raised.get(), F_GETFD), FD_CLOEXEC);
  EXPECT_FALSE(is_open(old));
}

TEST(ARaisedFd, KeepsItsNumberWhereTheLimitForbidsHighOnes) {
  const LowDescriptorLimit limit(500);
  UniqueFd fd = open_null();
  const int old = fd.get();
  const UniqueFd raised = raise_fd(std::move(fd));
  EXPECT_EQ(raised.get(), old);
  EXPECT_EQ(::fcntl(old, F_GETFD), FD_CLOEXEC);
  EXPECT_TRUE(library_fds::contains(old)) << "a low one is the library's, too";
  EXPECT_TRUE(raised.duplicate().has_value());
}

TEST(ALibraryFd, IsKnownAsOneUntilItsOwnerLetsGo) {
  if (!has_high_numbers()) GTEST_SKIP() << "this machine's limit of open files is too low";
  UniqueFd raised = raise_fd(open_null());
  const int number = raised.get();
  EXPECT_TRUE(library_fds::contains(number));
  EXPECT_EQ(library_fds::next(number), number);
  EXPECT_NE(library_fds::next(number + 1), number);
  raised.reset();
  EXPECT_FALSE(library_fds::contains(number));

  const UniqueFd copy = *open_null().duplicate();
  EXPECT_TRUE(library_fds::contains(copy.get()));
  EXPECT_FALSE(library_fds::contains(2));
}

TEST(ALibraryFd, IsNobodysOnceItWasGivenAway) {
  UniqueFd raised = raise_fd(open_null());
  const int number = raised.release();
  EXPECT_FALSE(library_fds::contains(number));
  raised.reset(number);
}

}  // namespace
}  // namespace softvpu
