// SPDX-License-Identifier: LGPL-2.1-or-later
// fork, vfork, spawn, exec: who may use a device where, and that nobody disturbs anybody.
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <atomic>
#include <thread>

#include "tests/preload/client.h"

namespace softvpu::scripted {
namespace {

bool is_ready(int fd, short events) {
  pollfd one{fd, events, 0};
  return ::poll(&one, 1, 0) == 1;
}

bool answers(int fd) {
  v4l2_capability capability{};
  return ::ioctl(fd, VIDIOC_QUERYCAP, &capability) == 0;
}

TEST(AForkedChild, GoesOnWithAnIdleDevice) {
  const Device device;
  EXPECT_EQ(in_child([&] {
              if (!answers(device.fd())) return 1;
              device.levels(kIn | kPri);
              if (!is_ready(device.fd(), POLLIN) || !is_ready(device.fd(), POLLPRI)) return 2;
              return 0;
            }),
            0);
}

TEST(AForkedChild, DoesNotChangeItsParentsLevels) {
  const Device device;
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{.events = EPOLLIN | EPOLLPRI, .data = {}};
  ASSERT_EQ(::epoll_ctl(epoll, EPOLL_CTL_ADD, device.fd(), &event), 0);
  EXPECT_EQ(in_child([&] {
              device.levels(kIn | kOut | kPri);
              return 0;
            }),
            0);
  EXPECT_EQ(::epoll_wait(epoll, &event, 1, 0), 0);
  EXPECT_FALSE(is_ready(device.fd(), POLLIN | POLLOUT | POLLPRI));
  device.levels(kPri);
  EXPECT_EQ(::epoll_wait(epoll, &event, 1, 0), 1);
  ::close(epoll);
}

TEST(AForkedChild, LosesADeviceThatHasASession) {
  const Device device;
  ASSERT_EQ(::ioctl(device.fd(), kStartSession), 0);
  EXPECT_EQ(in_child([&] {
              v4l2_capability capability{};
              if (::ioctl(device.fd(), VIDIOC_QUERYCAP, &capability) != -1 || errno != ENODEV) return 1;
              const Device fresh;
              return answers(fresh.fd()) ? 0 : 2;
            }),
            0);
  EXPECT_TRUE(answers(device.fd()));
}

TEST(AForkedChild, DoesNotReleaseItsParentsDevice) {
  const Device device;
  const int before = device.counts().releases;
  EXPECT_EQ(in_child([&] {
              ::close(device.fd());
              return 0;
            }),
            0);
  EXPECT_EQ(device.counts().releases, before);
  EXPECT_TRUE(answers(device.fd()));
}

TEST(AForkedChild, KeepsDuplicatesTogether) {
  const Device device;
  const int copy = ::dup(device.fd());
  EXPECT_EQ(in_child([&] {
              device.levels(kOut);
              return is_ready(copy, POLLOUT) ? 0 : 1;
            }),
            0);
  ::close(copy);
}

TEST(AForkedChild, IsMadeWhileOtherThreadsWorkTheDevice) {
  const Device device;
  std::atomic<bool> stop{false};
  std::thread worker([&] {
    while (!stop) {
      device.levels(kIn);
      device.levels(0);
      const Device other;
    }
  });
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(in_child([&] {
                device.levels(kOut);
                const Device fresh;
                return is_ready(device.fd(), POLLOUT) && answers(fresh.fd()) ? 0 : 1;
              }),
              0);
  }
  stop = true;
  worker.join();
}

TEST(TheParent, ReleasesWhenTheChildHoldsACopy) {
  const Device witness;
  const int before = witness.counts().releases;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  pid_t child = 0;
  {
    const Device device;
    child = ::fork();
    if (child == 0) {
      char byte = 0;
      ::close(ends[1]);
      (void)!::read(ends[0], &byte, 1);  // lives until the parent is done
      ::_exit(0);
    }
  }
  // At once, or by the helper thread if the child hadn't closed the parent's descriptor yet.
  for (int i = 0; i < 1000 && witness.counts().releases == before; ++i) ::usleep(1000);
  EXPECT_EQ(witness.counts().releases, before + 1);
  ::close(ends[0]);
  ::close(ends[1]);
  ::waitpid(child, nullptr, 0);
}

TEST(AVforkedChild, LeavesItsParentsTableAlone) {
  const Device device;
  const pid_t child = ::vfork();
  if (child == 0) {
    ::close(device.fd());
    ::dup2(1, device.fd());
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(answers(device.fd()));
}

TEST(ASpawnedProgram, RunsAndLeavesItsParentAlone) {
  const Device device;
  device.levels(kIn);
  char* const arguments[] = {const_cast<char*>("sh"), const_cast<char*>("-c"),
                             const_cast<char*>("test -c /dev/video10 && ls /sys/class/video4linux | grep -q video10"), nullptr};
  pid_t child = 0;
  ASSERT_EQ(::posix_spawn(&child, "/bin/sh", nullptr, nullptr, arguments, environ), 0);
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(is_ready(device.fd(), POLLIN));
}

// The limit that can't be lifted in user space: the ioctl arrives in a process that doesn't serve the device.
TEST(ADeviceInheritedOverExec, SaysEnottyAndDoesNotHang) {
  const Device device(O_RDWR);
  const std::string number = std::to_string(device.fd());
  EXPECT_EQ(in_child([&] {
              ::execl("/proc/self/exe", "again", "--gtest_filter=Inside.AnInheritedDevice", "--gtest_also_run_disabled_tests",
                      ("--inherited=" + number).c_str(), nullptr);
              return 99;
            }),
            0);
}

// Run by the test above in the new program; finds the inherited descriptor among its low ones.
TEST(Inside, AnInheritedDevice) {
  for (int fd = 3; fd < 64; ++fd) {
    int type = 0;
    socklen_t size = sizeof type;
    if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET) continue;
    v4l2_capability capability{};
    EXPECT_EQ(::ioctl(fd, VIDIOC_QUERYCAP, &capability), -1);
    EXPECT_EQ(errno, ENOTTY);
    char byte = 0;
    EXPECT_LE(::read(fd, &byte, 1), 0);  // whatever it says, at once
  }
  const Device fresh;
  EXPECT_TRUE(answers(fresh.fd()));
}

TEST(AChildByBareClone, FindsItsDevicesGoneAndCanOpenThemAgain) {
  const Device device;
  const auto child = static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
  if (child == 0) {
    v4l2_capability capability{};
    if (::ioctl(device.fd(), VIDIOC_QUERYCAP, &capability) != -1 || errno != ENOTTY) ::_exit(1);
    const int fresh = ::open(kNode, O_RDWR);
    ::_exit(answers(fresh) ? 0 : 2);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(answers(device.fd()));
}

// The first call of such a child may be open(): what it opened then stays.
TEST(AChildByBareClone, MayOpenADeviceBeforeItLooksAtOthers) {
  const Device device;
  // A sanitizer's allocator may be locked in the child then.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  std::atomic<bool> stop{true};
#else
  std::atomic<bool> stop{false};
#endif
  std::thread other([&] {
    while (!stop) {
      const Device another;
    }
  });
  for (int i = 0; i < 20; ++i) {
    const auto child = static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
    if (child == 0) {
      ::alarm(10);
      const int fresh = ::open(kNode, O_RDWR);
      if (fresh < 0) ::_exit(1);
      if (!answers(fresh)) ::_exit(2);
      v4l2_capability capability{};
      if (::ioctl(device.fd(), VIDIOC_QUERYCAP, &capability) != -1 || errno != ENOTTY) ::_exit(3);
      ::_exit(answers(fresh) && ::close(fresh) == 0 ? 0 : 4);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0) << i;
  }
  stop = true;
  other.join();
  EXPECT_TRUE(answers(device.fd()));
}

TEST(AVforkedChild, CannotOpenADeviceIntoItsParentsTable) {
  const Device device;
  const int next = ::dup(0);
  ::close(next);
  const pid_t child = ::vfork();
  if (child == 0) {
    const int fresh = ::open(kNode, O_RDWR);
    ::_exit(fresh >= 0 ? 1 : errno == EBUSY ? 0 : 2);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  // The number that the child would have got is the parent's to use, and no device.
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  EXPECT_EQ(null, next);
  EXPECT_EQ(::write(null, "x", 1), 1);
  ::close(null);
  EXPECT_TRUE(answers(device.fd()));
  const Device fresh;
  EXPECT_TRUE(answers(fresh.fd()));
}

}  // namespace
}  // namespace softvpu::scripted
