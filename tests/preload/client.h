// SPDX-License-Identifier: LGPL-2.1-or-later
// What the test programs share: an open device whose levels the test controls, and children that
// report back.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <string>

#include "tests/preload/scripted_device.h"

namespace softvpu::scripted {

inline constexpr const char* kNode = "/dev/video10";

class Device {
 public:
  explicit Device(int flags = O_RDWR | O_CLOEXEC) : fd_(::open(kNode, flags)) {
    EXPECT_GE(fd_, 0) << kNode;
    levels(0);
  }
  ~Device() {
    if (fd_ >= 0) ::close(fd_);
  }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  int fd() const { return fd_; }
  void close() {
    ::close(fd_);
    fd_ = -1;
  }
  void levels(int bits) const { EXPECT_EQ(::ioctl(fd_, kSetLevels, &bits), 0); }
  void complete(int bits) const { EXPECT_EQ(::ioctl(fd_, kComplete, &bits), 0); }
  void raise_later(int bits, int after_us) const {
    Later later{bits, after_us};
    EXPECT_EQ(::ioctl(fd_, kRaiseLater, &later), 0);
  }
  Counts counts() const {
    Counts all{};
    EXPECT_EQ(::ioctl(fd_, kCounts, &all), 0);
    return all;
  }

 private:
  int fd_;
};

// Runs `body` in a forked child; its exit status is the number it returns, or 128 + signal.
inline int in_child(const std::function<int()>& body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body());
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

class Stopwatch {
 public:
  long ms() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace softvpu::scripted
