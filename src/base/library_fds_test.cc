// SPDX-License-Identifier: LGPL-2.1-or-later
// Births of the library's descriptors against the program's dup2(): which thread waits for which.
// Moves are tested in tests/preload/guest.
#include "base/library_fds.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

namespace softvpu::library_fds {
namespace {

using namespace std::chrono_literals;

TEST(ATakeover, WaitsForABirthOfAnotherThread) {
  std::atomic<bool> begun{false};
  std::atomic<bool> over{false};
  std::thread other([&] {
    const Birth birth;
    const Birth nested;
    begun = true;
    std::this_thread::sleep_for(50ms);
    over = true;
  });
  while (!begun) std::this_thread::yield();
  const Takeover takeover;
  EXPECT_TRUE(takeover);
  EXPECT_TRUE(over);
  other.join();
}

TEST(ABirth, WaitsForATakeoverOfAnotherThread) {
  std::atomic<bool> over{false};
  std::atomic<bool> seen_over{false};
  std::thread other;
  {
    const Takeover takeover;
    ASSERT_TRUE(takeover);
    const Birth own;  // as in a signal handler
    other = std::thread([&] {
      const Birth birth;
      seen_over = over.load();
    });
    std::this_thread::sleep_for(50ms);
    over = true;
  }
  other.join();
  EXPECT_TRUE(seen_over);
}

// dup2() onto a descriptor closes its file, which may take as long as a file system likes.
TEST(ABirth, BeginsAfterASecondOfATakeoverThatLasts) {
  const Takeover takeover;
  ASSERT_TRUE(takeover);
  std::thread other([] { const Birth birth; });
  other.join();
}

TEST(ATakeover, IsRefusedInABirthOfItsOwnThreadAndAfterASecondOfAnothers) {
  {
    const Birth birth;
    EXPECT_FALSE(Takeover());
  }
  EXPECT_TRUE(Takeover());
  std::atomic<bool> begun{false};
  std::atomic<bool> stop{false};
  std::thread other([&] {
    const Birth birth;
    begun = true;
    while (!stop) std::this_thread::sleep_for(1ms);
  });
  while (!begun) std::this_thread::yield();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(Takeover());
  EXPECT_GE(std::chrono::steady_clock::now() - start, 900ms);
  stop = true;
  other.join();
  EXPECT_TRUE(Takeover());
}

volatile std::sig_atomic_t nested_held = 0;

TEST(ATakeover, MayBeNestedBySignalHandlers) {
  const Takeover outer;
  ASSERT_TRUE(outer);
  struct sigaction action {};
  action.sa_handler = [](int) {
    const Takeover inner;
    nested_held = static_cast<bool>(inner) ? 1 : 0;
  };
  struct sigaction before {};
  ASSERT_EQ(sigaction(SIGUSR1, &action, &before), 0);
  raise(SIGUSR1);
  sigaction(SIGUSR1, &before, nullptr);
  EXPECT_EQ(nested_held, 1);
}

}  // namespace
}  // namespace softvpu::library_fds
