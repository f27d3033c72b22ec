// SPDX-License-Identifier: LGPL-2.1-or-later
// poll, select and epoll on a device: exact levels, wake-ups, edges. poll(2), epoll(7), V4L2 poll() and select() functions.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>

#include <thread>

#include "tests/preload/client.h"

namespace softvpu::scripted {
namespace {

constexpr short kAll = POLLIN | POLLOUT | POLLPRI | POLLRDNORM | POLLWRNORM;

short poll_once(int fd, short events = kAll, int timeout_ms = 0) {
  pollfd one{.fd = fd, .events = events, .revents = 0};
  const int ready = ::poll(&one, 1, timeout_ms);
  EXPECT_EQ(ready, one.revents != 0 ? 1 : 0);
  return one.revents;
}

// As a program does that the library never sees: the kernel's own view of the descriptor.
short kernel_poll(int fd, short events) {
  pollfd one{.fd = fd, .events = events, .revents = 0};
  register long r10 __asm__("r10") = 0;
  long result = 0;
  timespec now{};
#if defined(__x86_64__)
  __asm__ volatile("syscall" : "=a"(result) : "a"(SYS_ppoll), "D"(&one), "S"(1L), "d"(&now), "r"(r10) : "rcx", "r11", "memory");
#else
  (void)r10;
  result = ::ppoll(&one, 1, &now, nullptr);
#endif
  EXPECT_GE(result, 0);
  return one.revents;
}

TEST(Poll, ReportsEveryCombinationOfLevels) {
  const Device device;
  for (int bits = 0; bits < 16; ++bits) {
    device.levels(bits);
    short expected = 0;
    if (bits & kIn) expected |= POLLIN | POLLRDNORM;
    if (bits & kOut) expected |= POLLOUT | POLLWRNORM;
    if (bits & kPri) expected |= POLLPRI;
    if (bits & kError) expected |= POLLERR;
    EXPECT_EQ(poll_once(device.fd()), expected) << "levels " << bits;
  }
}

// The upper half counts them (CodecFile::error_reported()).
TEST(Poll, CountsOnlyErrorsThatItReports) {
  const Device device;
  device.levels(kError | kPri);
  EXPECT_EQ(poll_once(device.fd(), POLLPRI), POLLPRI);
  EXPECT_EQ(poll_once(device.fd(), 0), 0);
  EXPECT_EQ(device.counts().errors, 0);
  EXPECT_EQ(poll_once(device.fd(), POLLIN), POLLERR);
  EXPECT_EQ(poll_once(device.fd(), POLLOUT, 1000), POLLERR);
  fd_set reads;
  FD_ZERO(&reads);
  FD_SET(device.fd(), &reads);
  timeval now{0, 0};
  EXPECT_EQ(::select(device.fd() + 1, &reads, nullptr, nullptr, &now), 1);
  EXPECT_EQ(device.counts().errors, 3);
}

TEST(Poll, SaysErrorOnlyToThoseWhoAskForAQueue) {
  const Device device;
  device.levels(kError | kPri);
  EXPECT_EQ(poll_once(device.fd(), POLLPRI), POLLPRI);
  EXPECT_EQ(poll_once(device.fd(), POLLIN), POLLERR);
  device.levels(kError);
  EXPECT_EQ(poll_once(device.fd(), POLLPRI), 0);
  EXPECT_EQ(poll_once(device.fd(), 0), 0);
}

TEST(Poll, IsRightInTheKernelsOwnEyes) {
  const Device device;
  for (int bits = 0; bits < 4; ++bits) {
    device.levels(bits);
    short expected = 0;
    if (bits & kIn) expected |= POLLIN;
    if (bits & kOut) expected |= POLLOUT;
    EXPECT_EQ(kernel_poll(device.fd(), POLLIN | POLLOUT), expected) << "levels " << bits;
  }
}

TEST(Poll, WakesForEachLevel) {
  for (const int bit : {kIn, kOut, kPri, kError}) {
    const Device device;
    device.raise_later(bit, 20'000);
    const Stopwatch watch;
    EXPECT_NE(poll_once(device.fd(), kAll, 5000), 0) << "level " << bit;
    EXPECT_GE(watch.ms(), 10);
    EXPECT_LT(watch.ms(), 2000);
  }
}

TEST(Poll, EndsWithItsTimeout) {
  const Device device;
  const Stopwatch watch;
  EXPECT_EQ(poll_once(device.fd(), kAll, 50), 0);
  EXPECT_GE(watch.ms(), 45);
  EXPECT_LT(watch.ms(), 1000);
}

TEST(Poll, MixesDevicesWithOtherDescriptors) {
  const Device device;
  const Device second;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  pollfd set[] = {{device.fd(), POLLIN, 0}, {ends[0], POLLIN, 0}, {second.fd(), POLLOUT, 0}, {-1, POLLIN, 0}, {999, POLLIN, 0}};
  EXPECT_EQ(::poll(set, 4, 0), 0);
  ASSERT_EQ(::write(ends[1], "x", 1), 1);
  EXPECT_EQ(::poll(set, 4, -1), 1);
  EXPECT_EQ(set[1].revents, POLLIN);
  second.levels(kOut);
  EXPECT_EQ(::poll(set, 4, -1), 2);
  EXPECT_EQ(set[0].revents, 0);
  EXPECT_EQ(set[2].revents, POLLOUT);
  EXPECT_EQ(::poll(set, 5, 0), 3);
  EXPECT_EQ(set[4].revents, POLLNVAL);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Poll, TakesManyDescriptors) {
  const Device device;
  std::vector<pollfd> set(100, pollfd{-1, POLLIN, 0});
  set[99] = {device.fd(), POLLIN, 0};
  device.raise_later(kIn, 10'000);
  EXPECT_EQ(::poll(set.data(), set.size(), 5000), 1);
  EXPECT_EQ(set[99].revents, POLLIN);
}

TEST(Poll, IsInterruptedBySignals) {
  const Device device;
  struct sigaction action {};
  action.sa_handler = [](int) {};
  ::sigaction(SIGUSR1, &action, nullptr);
  const pthread_t self = pthread_self();
  std::thread sender([self] {
    ::usleep(30'000);
    pthread_kill(self, SIGUSR1);
  });
  pollfd one{.fd = device.fd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&one, 1, 5000), -1);
  EXPECT_EQ(errno, EINTR);
  sender.join();
}

TEST(Poll, WorksThroughSyscall) {
  const Device device;
  device.levels(kPri);
  pollfd one{.fd = device.fd(), .events = POLLPRI, .revents = 0};
  timespec none{};
  EXPECT_EQ(::syscall(SYS_ppoll, &one, 1L, &none, nullptr, 8L), 1);
  EXPECT_EQ(one.revents, POLLPRI);
}

TEST(Select, ReportsEachSet) {
  const Device device;
  for (int bits = 0; bits < 16; ++bits) {
    device.levels(bits);
    fd_set reads;
    fd_set writes;
    fd_set excepts;
    for (fd_set* set : {&reads, &writes, &excepts}) {
      FD_ZERO(set);
      FD_SET(device.fd(), set);
    }
    timeval none{};
    const int ready = ::select(device.fd() + 1, &reads, &writes, &excepts, &none);
    const bool error = (bits & kError) != 0;
    EXPECT_EQ(FD_ISSET(device.fd(), &reads) != 0, error || (bits & kIn) != 0) << bits;
    EXPECT_EQ(FD_ISSET(device.fd(), &writes) != 0, error || (bits & kOut) != 0) << bits;
    EXPECT_EQ(FD_ISSET(device.fd(), &excepts) != 0, (bits & kPri) != 0) << bits;
    EXPECT_EQ(ready, (FD_ISSET(device.fd(), &reads) ? 1 : 0) + (FD_ISSET(device.fd(), &writes) ? 1 : 0) +
                         (FD_ISSET(device.fd(), &excepts) ? 1 : 0));
  }
}

TEST(Select, WakesForAnEventAndKeepsTheTime) {
  const Device device;
  device.raise_later(kPri, 20'000);
  fd_set excepts;
  FD_ZERO(&excepts);
  FD_SET(device.fd(), &excepts);
  timeval limit{5, 0};
  EXPECT_EQ(::select(device.fd() + 1, nullptr, nullptr, &excepts, &limit), 1);
  EXPECT_LT(limit.tv_sec, 5);  // Linux reports the time that is left
  EXPECT_GT(limit.tv_sec, 2);
}

TEST(Select, RefusesABadDescriptor) {
  const Device device;
  fd_set reads;
  FD_ZERO(&reads);
  FD_SET(device.fd(), &reads);
  FD_SET(900, &reads);
  timeval none{};
  EXPECT_EQ(::select(901, &reads, nullptr, nullptr, &none), -1);
  EXPECT_EQ(errno, EBADF);
}

class AnEpollSet : public testing::Test {
 protected:
  ~AnEpollSet() override { ::close(epoll_); }

  void add(uint32_t events, int operation = EPOLL_CTL_ADD) {
    epoll_event event{.events = events, .data = {.u64 = 0x1234'5678'9abc}};
    EXPECT_EQ(::epoll_ctl(epoll_, operation, device_.fd(), &event), 0);
  }
  // The events of one wait, merged; every event must carry our data.
  uint32_t wait(int timeout_ms = 0) {
    epoll_event events[8];
    const int count = ::epoll_wait(epoll_, events, 8, timeout_ms);
    uint32_t all = 0;
    for (int i = 0; i < count; ++i) {
      EXPECT_EQ(events[i].data.u64, 0x1234'5678'9abcu);
      all |= events[i].events;
    }
    return all;
  }

  Device device_;
  int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
};

TEST_F(AnEpollSet, ReportsLevels) {
  add(EPOLLIN | EPOLLOUT | EPOLLPRI);
  for (int bits = 0; bits < 8; ++bits) {
    device_.levels(bits);
    uint32_t expected = 0;
    if (bits & kIn) expected |= EPOLLIN;
    if (bits & kOut) expected |= EPOLLOUT;
    if (bits & kPri) expected |= EPOLLPRI;
    EXPECT_EQ(wait(), expected) << bits;
    EXPECT_EQ(wait(), expected) << "a level is reported again: " << bits;
  }
}

TEST_F(AnEpollSet, ReportsAllOfADeviceInOneEvent) {
  add(EPOLLIN | EPOLLOUT | EPOLLPRI);
  device_.levels(kOut);
  EXPECT_EQ(wait(), static_cast<uint32_t>(EPOLLOUT));
  device_.levels(kIn | kOut | kPri);
  for (int room = 1; room <= 4; ++room) {
    for (int i = 0; i < 4; ++i) {
      epoll_event events[4] = {};
      ASSERT_EQ(::epoll_wait(epoll_, events, room, 0), 1) << "room for " << room;
      EXPECT_EQ(events[0].events, static_cast<uint32_t>(EPOLLIN | EPOLLOUT | EPOLLPRI)) << "room for " << room;
    }
  }
  epoll_event one{};
  const timespec now{};
  EXPECT_EQ(::epoll_pwait(epoll_, &one, 1, 0, nullptr), 1);
  EXPECT_EQ(one.events, static_cast<uint32_t>(EPOLLIN | EPOLLOUT | EPOLLPRI));
  EXPECT_EQ(::epoll_pwait2(epoll_, &one, 1, &now, nullptr), 1);
  EXPECT_EQ(one.events, static_cast<uint32_t>(EPOLLIN | EPOLLOUT | EPOLLPRI));
  EXPECT_EQ(::syscall(SYS_epoll_pwait, epoll_, &one, 1, 0, nullptr, 8L), 1);
  EXPECT_EQ(one.events, static_cast<uint32_t>(EPOLLIN | EPOLLOUT | EPOLLPRI));
}

TEST_F(AnEpollSet, KeepsOtherDescriptorsApartFromADevice) {
  int pipe[2];
  ASSERT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
  epoll_event event{.events = EPOLLOUT, .data = {.u64 = 7}};
  ASSERT_EQ(::epoll_ctl(epoll_, EPOLL_CTL_ADD, pipe[1], &event), 0);
  add(EPOLLIN | EPOLLPRI);
  device_.levels(kIn | kPri);
  epoll_event events[4] = {};
  ASSERT_EQ(::epoll_wait(epoll_, events, 4, 0), 2);
  const int other = events[0].data.u64 == 7 ? 0 : 1;
  EXPECT_EQ(events[other].events, static_cast<uint32_t>(EPOLLOUT));
  EXPECT_EQ(events[1 - other].events, static_cast<uint32_t>(EPOLLIN | EPOLLPRI));
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST_F(AnEpollSet, IsForgottenWhenItsNumberIsUsedAgain) {
  add(EPOLLIN | EPOLLPRI);
  device_.levels(kPri);
  ::close(epoll_);
  const int number = epoll_;
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  ASSERT_EQ(epoll_, number);
  int pipe[2];
  ASSERT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
  epoll_event event{.events = EPOLLOUT, .data = {.u64 = 0x1234'5678'9abc}};  // the closed set's data
  ASSERT_EQ(::epoll_ctl(epoll_, EPOLL_CTL_ADD, pipe[1], &event), 0);
  EXPECT_EQ(wait(), static_cast<uint32_t>(EPOLLOUT));
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST_F(AnEpollSet, SeesTheLevelsThatWereThereBefore) {
  device_.levels(kIn | kPri);
  add(EPOLLIN | EPOLLOUT | EPOLLPRI);
  EXPECT_EQ(wait(), static_cast<uint32_t>(EPOLLIN | EPOLLPRI));
}

TEST_F(AnEpollSet, MayBeginWithNoEvents) {  // v4l2-compliance adds with 0 and modifies
  device_.levels(kIn | kOut | kPri);
  add(0);
  EXPECT_EQ(wait(), 0u);
  add(EPOLLIN, EPOLL_CTL_MOD);
  EXPECT_EQ(wait(), static_cast<uint32_t>(EPOLLIN));
  add(EPOLLPRI, EPOLL_CTL_MOD);
  EXPECT_EQ(wait(), static_cast<uint32_t>(EPOLLPRI));
  add(0, EPOLL_CTL_MOD);
  EXPECT_EQ(wait(), 0u);
}

TEST_F(AnEpollSet, WakesForEachLevel) {
  add(EPOLLIN | EPOLLOUT | EPOLLPRI);
  for (const int bit : {kIn, kOut, kPri, kError}) {
    device_.levels(0);
    device_.raise_later(bit, 20'000);
    EXPECT_NE(wait(5000), 0u) << "level " << bit;
  }
}

TEST_F(AnEpollSet, ReportsAnEdgeForEveryCompletion) {
  add(EPOLLIN | EPOLLET);
  device_.complete(kIn);
  EXPECT_EQ(wait(), static_cast<uint32_t>(EPOLLIN));
  EXPECT_EQ(wait(), 0u);
  device_.complete(kIn);  // the level is high already
  EXPECT_EQ(wait(), static_cast<uint32_t>(EPOLLIN));
  EXPECT_EQ(wait(), 0u);
  for (int i = 0; i < 1000; ++i) {
    device_.complete(kIn);
    ASSERT_EQ(wait(), static_cast<uint32_t>(EPOLLIN)) << i;
  }
}

TEST_F(AnEpollSet, ReportsAnEdgeForEveryEvent) {
  add(EPOLLPRI | EPOLLET);
  for (int i = 0; i < 1000; ++i) {
    device_.complete(kPri);
    ASSERT_EQ(wait(), static_cast<uint32_t>(EPOLLPRI)) << i;
    ASSERT_EQ(wait(), 0u);
  }
}

TEST_F(AnEpollSet, ReportsAnEdgeWhenOutComesBack) {
  device_.levels(0);
  add(EPOLLOUT | EPOLLET);
  EXPECT_EQ(wait(), 0u);
  for (int i = 0; i < 100; ++i) {
    device_.levels(kOut);
    ASSERT_EQ(wait(), static_cast<uint32_t>(EPOLLOUT)) << i;
    ASSERT_EQ(wait(), 0u);
    device_.levels(0);
  }
}

TEST_F(AnEpollSet, FiresOnceWhenAskedTo) {
  add(EPOLLIN | EPOLLONESHOT);
  device_.levels(kIn);
  EXPECT_EQ(wait(), static_cast<uint32_t>(EPOLLIN));
  EXPECT_EQ(wait(), 0u);
  add(EPOLLIN | EPOLLONESHOT, EPOLL_CTL_MOD);
  EXPECT_EQ(wait(), static_cast<uint32_t>(EPOLLIN));
  add(EPOLLPRI | EPOLLONESHOT, EPOLL_CTL_MOD);
  device_.levels(kPri);
  EXPECT_EQ(wait(), static_cast<uint32_t>(EPOLLPRI));
  EXPECT_EQ(wait(), 0u);
}

TEST_F(AnEpollSet, ForgetsARemovedDevice) {
  device_.levels(kIn | kPri);
  add(EPOLLIN | EPOLLPRI);
  EXPECT_EQ(::epoll_ctl(epoll_, EPOLL_CTL_DEL, device_.fd(), nullptr), 0);
  EXPECT_EQ(wait(), 0u);
  EXPECT_EQ(::epoll_ctl(epoll_, EPOLL_CTL_DEL, device_.fd(), nullptr), -1);
  EXPECT_EQ(errno, ENOENT);
  add(EPOLLPRI);
  EXPECT_EQ(wait(), static_cast<uint32_t>(EPOLLPRI));
}

TEST_F(AnEpollSet, ForgetsAClosedDevice) {
  device_.levels(kIn | kPri);
  add(EPOLLIN | EPOLLPRI);
  device_.close();
  EXPECT_EQ(wait(), 0u);
}

TEST_F(AnEpollSet, WorksByADuplicateOfItself) {
  add(EPOLLPRI);
  const int copy = ::dup(epoll_);
  device_.levels(kPri);
  EXPECT_EQ(::epoll_ctl(copy, EPOLL_CTL_DEL, device_.fd(), nullptr), 0);
  EXPECT_EQ(wait(), 0u);
  ::close(copy);
}

TEST_F(AnEpollSet, CanBeNested) {
  add(EPOLLIN | EPOLLPRI);
  const int outer = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{.events = EPOLLIN, .data = {.u64 = 1}};
  ASSERT_EQ(::epoll_ctl(outer, EPOLL_CTL_ADD, epoll_, &event), 0);
  epoll_event seen{};
  EXPECT_EQ(::epoll_wait(outer, &seen, 1, 0), 0);
  device_.levels(kPri);
  EXPECT_EQ(::epoll_wait(outer, &seen, 1, 1000), 1);
  device_.levels(0);
  EXPECT_EQ(::epoll_wait(outer, &seen, 1, 0), 0);
  ::close(outer);
}

TEST_F(AnEpollSet, RefusesABadPointerAndADoubleAdd) {
  EXPECT_EQ(::epoll_ctl(epoll_, EPOLL_CTL_ADD, device_.fd(), reinterpret_cast<epoll_event*>(4)), -1);
  EXPECT_EQ(errno, EFAULT);
  add(EPOLLIN);
  epoll_event event{.events = EPOLLIN, .data = {}};
  EXPECT_EQ(::epoll_ctl(epoll_, EPOLL_CTL_ADD, device_.fd(), &event), -1);
  EXPECT_EQ(errno, EEXIST);
}

}  // namespace
}  // namespace softvpu::scripted
