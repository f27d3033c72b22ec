// SPDX-License-Identifier: LGPL-2.1-or-later
// Pointers possibly invalid, to every call that takes one: EFAULT, as the kernel says it, where the
// library would look first.
#include <dirent.h>
#include <gtest/gtest.h>
#include <linux/openat2.h>
#include <sys/inotify.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>

#include <cstring>
#include <vector>

#include "tests/preload/guest/codec.h"
#include "tests/preload/guest/sanitized.h"
#include "v4l2/decoder/decoder_ioctls.h"

namespace softvpu::guest {
namespace {

constexpr char kNodePath[] = "/dev/video10";

// An inaccessible page after one with text and one that is read-only.
class APointer : public testing::Test {
 protected:
  void SetUp() override {
    if (kSanitizersCall) GTEST_SKIP() << "sanitizers look at the arguments themselves";
    memory_ = static_cast<char*>(::mmap(nullptr, 3 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ASSERT_NE(memory_, MAP_FAILED);
    std::memset(memory_, '/', 2 * kPage);
    ASSERT_EQ(::mprotect(memory_ + kPage, kPage, PROT_READ), 0);
    ASSERT_EQ(::mprotect(memory_ + 2 * kPage, kPage, PROT_NONE), 0);
  }
  void TearDown() override {
    if (memory_ != nullptr) ::munmap(memory_, 3 * kPage);
  }
  // Strings that nobody can read to their end.
  std::vector<char*> unreadable() const {
    char* const wall = memory_ + 2 * kPage;
    std::memcpy(memory_ + kPage - 4, "/dev", 4);
    return {nullptr,
            reinterpret_cast<char*>(8),
            wall,
            wall + 100,
            wall - 4,
            wall - 1,
            reinterpret_cast<char*>(-4096L),
            reinterpret_cast<char*>(uintptr_t{1} << 63)};
  }
  char* read_only() const { return memory_ + kPage; }

  static constexpr size_t kPage = 4096;
  char* memory_ = nullptr;
};

template <typename F>
int error_of(F&& call) {
  errno = 0;
  return call() < 0 ? errno : 0;
}

TEST_F(APointer, ToAPathThatCannotBeReadIsEfault) {
  for (const bool with_device : {false, true}) {
    const Codec codec(with_device ? O_RDWR | O_CLOEXEC : O_RDWR | O_CLOEXEC | O_DIRECTORY);
    ASSERT_EQ(codec.fd() >= 0, with_device);
    for (char* volatile path : unreadable()) {
      struct stat status {};
      struct statx status_x {};
      struct statfs status_fs {};
      open_how how{};
      char out[64];
      const auto expect = [&](const char* name, int error) {
        EXPECT_EQ(error, EFAULT) << name << " of " << static_cast<void*>(path);
      };
      expect("open", error_of([&] { return ::open(path, O_RDONLY); }));
      expect("open to create", error_of([&] { return ::open(path, O_RDWR | O_CREAT, 0600); }));
      expect("open of a path", error_of([&] { return ::open(path, O_PATH); }));
      expect("creat", error_of([&] { return ::creat(path, 0600); }));
      expect("openat", error_of([&] { return ::openat(AT_FDCWD, path, O_RDONLY); }));
      expect("openat2", error_of([&] { return ::syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how); }));
      expect("fopen", error_of([&] { return ::fopen(path, "r") == nullptr ? -1 : 0; }));
      expect("stat", error_of([&] { return ::stat(path, &status); }));
      expect("lstat", error_of([&] { return ::lstat(path, &status); }));
      expect("fstatat", error_of([&] { return ::fstatat(AT_FDCWD, path, &status, 0); }));
      // Since Linux 6.11 a null pointer is an empty path there.
      if (path != nullptr) expect("statx", error_of([&] { return ::statx(AT_FDCWD, path, 0, STATX_ALL, &status_x); }));
      expect("statfs", error_of([&] { return ::statfs(path, &status_fs); }));
      expect("access", error_of([&] { return ::access(path, R_OK); }));
      expect("faccessat", error_of([&] { return ::faccessat(AT_FDCWD, path, R_OK, 0); }));
      expect("readlink", error_of([&] { return ::readlink(path, out, sizeof out); }));
      expect("readlinkat", error_of([&] { return ::readlinkat(AT_FDCWD, path, out, sizeof out); }));
      expect("chdir", error_of([&] { return ::chdir(path); }));
      expect("getxattr", error_of([&] { return ::getxattr(path, "user.x", out, sizeof out); }));
      expect("listxattr", error_of([&] { return ::listxattr(path, out, sizeof out); }));
      expect("chmod", error_of([&] { return ::chmod(path, 0600); }));
      expect("chown", error_of([&] { return ::chown(path, 0, 0); }));
      expect("unlink", error_of([&] { return ::unlink(path); }));
      expect("unlinkat", error_of([&] { return ::unlinkat(AT_FDCWD, path, 0); }));
      expect("rename from", error_of([&] { return ::rename(path, "/tmp/softvpu-nothing"); }));
      const int inotify = ::inotify_init1(IN_CLOEXEC);
      expect("inotify_add_watch", error_of([&] { return ::inotify_add_watch(inotify, path, IN_OPEN); }));
      ::close(inotify);
    }
  }
}

TEST_F(APointer, ToAPathThatEndsAtAWallIsRead) {
  char* const at = memory_ + kPage - sizeof(kNodePath);
  std::memcpy(at, kNodePath, sizeof(kNodePath));
  ASSERT_EQ(::mprotect(memory_ + kPage, kPage, PROT_NONE), 0);
  struct stat status {};
  EXPECT_EQ(::stat(at, &status), 0);
  const int fd = ::open(at, O_RDWR | O_CLOEXEC);
  EXPECT_GE(fd, 0);
  ::close(fd);
}

TEST_F(APointer, ForAnAnswerThatCannotBeWrittenIsEfault) {
  const Codec codec;
  ASSERT_GE(codec.fd(), 0);
  const std::string link = "/proc/self/fd/" + std::to_string(codec.fd());
  for (char* volatile bad : {static_cast<char*>(nullptr), reinterpret_cast<char*>(8), read_only(), read_only() + kPage}) {
    auto* const status = reinterpret_cast<struct stat*>(bad);
    auto* const status_x = reinterpret_cast<struct statx*>(bad);
    EXPECT_EQ(error_of([&] { return ::stat(kNode, status); }), EFAULT);
    EXPECT_EQ(error_of([&] { return ::stat("/etc/passwd", status); }), EFAULT);
    EXPECT_EQ(error_of([&] { return ::fstat(codec.fd(), status); }), EFAULT);
    EXPECT_EQ(error_of([&] { return ::fstatat(codec.fd(), "", status, AT_EMPTY_PATH); }), EFAULT);
    EXPECT_EQ(error_of([&] { return ::stat(link.c_str(), status); }), EFAULT);
    EXPECT_EQ(error_of([&] { return ::statx(codec.fd(), "", AT_EMPTY_PATH, STATX_ALL, status_x); }), EFAULT);
    EXPECT_EQ(error_of([&] { return ::statx(AT_FDCWD, kNode, 0, STATX_ALL, status_x); }), EFAULT);
    EXPECT_EQ(error_of([&] { return ::readlink(link.c_str(), bad, 64); }), EFAULT);
    EXPECT_EQ(error_of([&] { return ::statfs("/sys", reinterpret_cast<struct statfs*>(bad)); }), EFAULT);
  }
}

TEST_F(APointer, OfAnIoctlIsEfault) {
  const Codec codec;
  ASSERT_EQ(codec.set_format(), 0);
  ASSERT_EQ(codec.request_buffers(2), 0);
  for (const v4l2::IoctlRow& row : v4l2::decoder_ioctls().all()) {
    const bool has_argument = _IOC_DIR(row.request) != _IOC_NONE;
    for (char* volatile bad : unreadable()) {
      if (has_argument) {
        EXPECT_LT(codec.call(row.request, bad), 0) << row.name << static_cast<void*>(bad);
      }
      const bool has_id = bad == memory_ + 2 * kPage - 4;  // all that is read of some arguments
      if ((_IOC_DIR(row.request) & _IOC_WRITE) != 0 && !has_id) {
        EXPECT_EQ(codec.call(row.request, bad), -EFAULT) << row.name << static_cast<void*>(bad);
      }
    }
    std::memset(memory_, 0, kPage);
    ASSERT_EQ(::mprotect(memory_, kPage, PROT_READ), 0);
    if ((_IOC_DIR(row.request) & _IOC_READ) != 0) {
      EXPECT_LT(codec.call(row.request, memory_), 0) << row.name;
    }
    ASSERT_EQ(::mprotect(memory_, kPage, PROT_READ | PROT_WRITE), 0);
  }
  // What arguments point to.
  for (char* volatile bad : unreadable()) {
    v4l2_buffer buffer = Codec::buffer_of(0, reinterpret_cast<v4l2_plane*>(bad));
    if (bad != nullptr) {
      EXPECT_EQ(codec.call(VIDIOC_QUERYBUF, &buffer), -EFAULT);
      EXPECT_EQ(codec.call(VIDIOC_QBUF, &buffer), -EFAULT);
    }
    v4l2_ext_controls controls{};
    controls.count = 3;
    controls.controls = reinterpret_cast<v4l2_ext_control*>(bad);
    EXPECT_EQ(codec.call(VIDIOC_G_EXT_CTRLS, &controls), -EFAULT);
  }
  EXPECT_EQ(codec.stream(true), 0);
  EXPECT_EQ(codec.round_trip(), 0);
}

TEST_F(APointer, ToASetThatCannotBeReadIsEfault) {
  const Codec codec;
  ASSERT_GE(codec.fd(), 0);
  const int fd = codec.fd();
  for (char* volatile bad : unreadable()) {
    EXPECT_EQ(error_of([&] { return ::poll(reinterpret_cast<pollfd*>(bad), 1, 0); }), EFAULT);
    pollfd one{fd, POLLIN, 0};
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    if (bad != nullptr) {
      EXPECT_EQ(error_of([&] { return ::syscall(SYS_ppoll, &one, 1, bad, nullptr, 8); }), EFAULT);
      EXPECT_EQ(error_of([&] { return ::select(fd + 1, reinterpret_cast<fd_set*>(bad), nullptr, nullptr, nullptr); }), EFAULT);
    }
    EXPECT_EQ(error_of([&] { return ::readv(fd, reinterpret_cast<iovec*>(bad), 1); }), EFAULT);
    EXPECT_EQ(error_of([&] { return ::writev(fd, reinterpret_cast<iovec*>(bad), 1); }), EFAULT);
    EXPECT_EQ(error_of([&] { return ::syscall(SYS_openat2, AT_FDCWD, kNode, bad, sizeof(open_how)); }), EFAULT);
  }
}

}  // namespace
}  // namespace softvpu::guest
