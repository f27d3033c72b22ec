// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/event_loop.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "base/raw_syscall.h"
#include "base/unique_fd.h"

#if defined(SOFTVPU_TSAN)
// A child that starts a thread after fork() is the point of one test here; ThreadSanitizer ends such a child unless told not to.
extern "C" __attribute__((visibility("default"))) const char* __tsan_default_options() { return "die_after_fork=0"; }
#endif

namespace softvpu {
namespace {

using namespace std::chrono_literals;

// Runs what was posted before it.
void settle(EventLoop& loop) {
  std::promise<void> done;
  loop.post([&] { done.set_value(); });
  done.get_future().get();
}

size_t count_entries(const char* path) {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path)) ++count;
  return count;
}

// The loops' threads by their name: a sanitizer has a thread of its own.
size_t count_loop_threads() {
  size_t count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::getline(std::ifstream(task.path() / "comm"), name);
    count += name == "softvpu-loop";
  }
  return count;
}

struct AStartedLoop : testing::Test {
  void SetUp() override { ASSERT_TRUE(loop.start().has_value()); }
  EventLoop loop;
};

TEST(ALoop, StartsNoThreadBeforeStart) {
  EventLoop loop;
  loop.post([] {});
  EXPECT_EQ(count_loop_threads(), 0u);
  ASSERT_TRUE(loop.start().has_value());
  ASSERT_TRUE(loop.start().has_value());
  settle(loop);
  EXPECT_EQ(count_loop_threads(), 1u);
}

TEST(ALoop, RunsAfterStartWhatWasPostedBefore) {
  EventLoop loop;
  std::promise<void> done;
  loop.post([&] { done.set_value(); });
  ASSERT_TRUE(loop.start().has_value());
  done.get_future().get();
}

TEST(ALoop, LeavesNoDescriptorAndNoThreadBehind) {
  const size_t fds = count_entries("/proc/self/fd");
  {
    EventLoop loop;
    ASSERT_TRUE(loop.start().has_value());
    settle(loop);
  }
  EXPECT_EQ(count_entries("/proc/self/fd"), fds);
  // A joined thread's entry may outlive it for a moment, under an emulator for instance.
  for (int i = 0; i < 1000 && count_loop_threads() > 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(count_loop_threads(), 0u);
}

TEST_F(AStartedLoop, KeepsItsDescriptorsAbove1000) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_cur < 1024) GTEST_SKIP() << "this machine's limit of open files is too low";
  const UniqueFd next(dup(0));
  EXPECT_LT(next.get(), 100);
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
    if (target.find("eventpoll") == std::string::npos && target.find("eventfd") == std::string::npos) continue;
    EXPECT_GE(std::stoi(entry.path().filename()), 1000) << target;
  }
}

TEST_F(AStartedLoop, BlocksEverySignalItMay) {
  sigset_t mask;
  sigemptyset(&mask);
  std::promise<void> done;
  loop.post([&] {
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    done.set_value();
  });
  done.get_future().get();
  // An emulator keeps a signal for itself: a thread of this test says which ones there are.
  sigset_t possible;
  std::thread([&] {
    sigfillset(&possible);
    pthread_sigmask(SIG_SETMASK, &possible, nullptr);
    pthread_sigmask(SIG_SETMASK, nullptr, &possible);
  }).join();
  for (int signal = 1; signal <= SIGRTMAX; ++signal)
    EXPECT_EQ(sigismember(&mask, signal), sigismember(&possible, signal)) << signal;
  for (const int signal : {SIGALRM, SIGUSR1, SIGCHLD, SIGINT, SIGTERM, SIGPIPE, SIGRTMIN})
    EXPECT_TRUE(sigismember(&mask, signal)) << signal;
  sigset_t mine;
  pthread_sigmask(SIG_SETMASK, nullptr, &mine);
  EXPECT_FALSE(sigismember(&mine, SIGUSR1));
}

TEST_F(AStartedLoop, KnowsItsOwnThread) {
  EXPECT_FALSE(loop.on_loop_thread());
  std::promise<bool> inside;
  loop.post([&] { inside.set_value(loop.on_loop_thread()); });
  EXPECT_TRUE(inside.get_future().get());
}

TEST_F(AStartedLoop, CallsAWatchWhileItsDescriptorIsReady) {
  const UniqueFd event(eventfd(0, EFD_CLOEXEC));
  std::promise<uint32_t> seen;
  const auto id = loop.watch(event.get(), EPOLLIN, [&](uint32_t events) {
    uint64_t count = 0;
    ASSERT_EQ(read(event.get(), &count, sizeof count), 8);
    seen.set_value(events);
  });
  ASSERT_TRUE(id.has_value());
  const uint64_t one = 1;
  ASSERT_EQ(write(event.get(), &one, sizeof one), 8);
  EXPECT_EQ(seen.get_future().get(), static_cast<uint32_t>(EPOLLIN));
  loop.unwatch(*id);
}

TEST_F(AStartedLoop, ReportsAHangUpNobodyAskedFor) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  std::promise<uint32_t> seen;
  EventLoop::WatchId id = 0;
  std::promise<void> id_known;
  auto known = id_known.get_future();
  const auto watched = loop.watch(reader.get(), 0, [&](uint32_t events) {
    known.wait();
    loop.unwatch(id);  // on the loop's own thread: returns although this callback runs
    seen.set_value(events);
  });
  ASSERT_TRUE(watched.has_value());
  id = *watched;
  id_known.set_value();
  writer.reset();
  EXPECT_EQ(seen.get_future().get(), static_cast<uint32_t>(EPOLLHUP));
}

TEST_F(AStartedLoop, SaysWhatEpollSaysOfABadDescriptor) {
  EXPECT_EQ(loop.watch(-1, EPOLLIN, [](uint32_t) {}).error().code, EBADF);
  const UniqueFd event(eventfd(0, EFD_CLOEXEC));
  const auto id = loop.watch(event.get(), EPOLLIN, [](uint32_t) {});
  EXPECT_EQ(loop.watch(event.get(), EPOLLIN, [](uint32_t) {}).error().code, EEXIST);
  loop.unwatch(*id);
  const auto again = loop.watch(event.get(), EPOLLIN, [](uint32_t) {});
  EXPECT_TRUE(again.has_value());
  loop.unwatch(*again);
}

TEST_F(AStartedLoop, WaitsInUnwatchForARunningCallback) {
  for (int round = 0; round < 200; ++round) {
    const UniqueFd event(eventfd(1, EFD_CLOEXEC));
    auto alive = std::make_unique<std::atomic<bool>>(true);
    std::atomic<bool> ran{false};
    const auto id = loop.watch(event.get(), EPOLLIN, [state = alive.get(), &ran](uint32_t) {
      ran = true;
      std::this_thread::yield();
      ASSERT_TRUE(state->load());
    });
    while (!ran) std::this_thread::yield();
    loop.unwatch(*id);
    alive->store(false);
    alive.reset();  // a callback that still ran would read freed memory
  }
}

TEST_F(AStartedLoop, RunsTimersInOrderAndNotEarly) {
  std::vector<int> order;
  std::promise<void> done;
  const TimePoint start = system_clock().now();
  loop.schedule(40ms, [&] {
    order.push_back(2);
    done.set_value();
  });
  loop.schedule(10ms, [&] { order.push_back(1); });
  done.get_future().get();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  EXPECT_GE(system_clock().now() - start, 40ms);
}

TEST_F(AStartedLoop, DoesNotRunACancelledTimer) {
  std::atomic<bool> ran{false};
  const auto id = loop.schedule(20ms, [&] { ran = true; });
  loop.cancel(id);
  std::promise<void> later;
  loop.schedule(40ms, [&] { later.set_value(); });
  later.get_future().get();
  EXPECT_FALSE(ran);
}

TEST_F(AStartedLoop, LetsAFunctionPostItselfWithoutStarvingTheRest) {
  std::atomic<bool> stop{false};
  std::function<void()> again = [&] {
    if (!stop) loop.post(again);
  };
  loop.post(again);
  std::promise<void> timer;
  loop.schedule(5ms, [&] { timer.set_value(); });
  timer.get_future().get();
  stop = true;
  settle(loop);
}

TEST(AForkedLoop, IsForgottenAndStartsAnewInTheChild) {
  EventLoop loop;
  ASSERT_TRUE(loop.start().has_value());
  const UniqueFd event(eventfd(0, EFD_CLOEXEC));
  std::atomic<int> calls{0};
  const auto id = loop.watch(event.get(), EPOLLIN, [&](uint32_t) {
    uint64_t count = 0;
    ASSERT_EQ(read(event.get(), &count, sizeof count), 8);
    ++calls;
  });
  settle(loop);  // or its thread may hold a lock of ASan's allocator, which the child would wait for
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    alarm(20);  // a hang is a failure
    loop.forget_after_fork();
    loop.unwatch(*id);  // names nothing any more
    if (!loop.start()) _exit(2);
    settle(loop);
    if (loop.on_loop_thread()) _exit(3);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  // The parent's watches still work.
  const uint64_t one = 1;
  ASSERT_EQ(write(event.get(), &one, sizeof one), 8);
  while (calls == 0) std::this_thread::yield();
  loop.unwatch(*id);
}

TEST(ALoopRunByHand, WorksInsideOfItsTurnsOnly) {
  EventLoop loop;
  loop.run_by_hand();
  ASSERT_TRUE(loop.start());
  EXPECT_TRUE(loop.started());
  const UniqueFd event(eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK));
  int readable = 0;
  int posted = 0;
  int due = 0;
  bool inside = false;
  const auto id = loop.watch(event.get(), EPOLLIN, [&](uint32_t) { ++readable; });
  ASSERT_TRUE(id);
  loop.post([&] { ++posted, inside = loop.on_loop_thread(); });
  loop.schedule(0ms, [&] { ++due; });
  EXPECT_EQ(readable + posted + due, 0);
  loop.turn();
  EXPECT_EQ(readable, 1);
  EXPECT_EQ(posted, 1);
  EXPECT_EQ(due, 1);
  EXPECT_TRUE(inside);
  EXPECT_FALSE(loop.on_loop_thread());
  loop.unwatch(*id);
  loop.turn();
  EXPECT_EQ(readable, 1);
}

TEST(TheProcessLoop, IsOne) { EXPECT_EQ(&EventLoop::process(), &EventLoop::process()); }

}  // namespace
}  // namespace softvpu
