// SPDX-License-Identifier: LGPL-2.1-or-later
// What a program sees of the synthetic /dev, /sys and /run/udev, by every libc function that clients use.
#include <dirent.h>
#include <ftw.h>
#include <glob.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <climits>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <set>
#include <vector>

#include "tests/preload/client.h"

namespace softvpu::scripted {
namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string link_of(const std::string& path) {
  char target[PATH_MAX];
  const ssize_t length = ::readlink(path.c_str(), target, sizeof target);
  return length < 0 ? "" : std::string(target, static_cast<size_t>(length));
}

std::multiset<std::string> names_in(DIR* stream) {
  std::multiset<std::string> names;
  if (stream == nullptr) return names;
  while (const dirent* entry = ::readdir(stream)) names.insert(entry->d_name);
  ::closedir(stream);
  return names;
}
std::multiset<std::string> names_in(const char* path) { return names_in(::opendir(path)); }

void expect_is_node(const struct stat& status) {
  EXPECT_TRUE(S_ISCHR(status.st_mode));
  EXPECT_EQ(major(status.st_rdev), 81u);
  EXPECT_EQ(minor(status.st_rdev), 10u);
}

TEST(TheNode, IsACharacterDeviceForEveryKindOfStat) {
  struct stat status {};
  ASSERT_EQ(::stat(kNode, &status), 0);
  expect_is_node(status);
  ASSERT_EQ(::lstat(kNode, &status), 0);
  expect_is_node(status);
  ASSERT_EQ(::fstatat(AT_FDCWD, kNode, &status, 0), 0);
  expect_is_node(status);
  struct statx extended {};
  ASSERT_EQ(::statx(AT_FDCWD, kNode, 0, STATX_BASIC_STATS, &extended), 0);
  EXPECT_TRUE(S_ISCHR(extended.stx_mode));
  EXPECT_EQ(extended.stx_rdev_major, 81u);
  EXPECT_EQ(extended.stx_rdev_minor, 10u);
  const int dev = ::open("/dev", O_PATH | O_DIRECTORY);
  ASSERT_EQ(::fstatat(dev, "video10", &status, 0), 0);
  expect_is_node(status);
  ::close(dev);
}

TEST(TheNode, IsACharacterDeviceWhenOpen) {
  const Device device;
  struct stat status {};
  ASSERT_EQ(::fstat(device.fd(), &status), 0);
  expect_is_node(status);
  ASSERT_EQ(::fstatat(device.fd(), "", &status, AT_EMPTY_PATH), 0);
  expect_is_node(status);
  const int named_only = ::open(kNode, O_PATH | O_CLOEXEC);
  ASSERT_GE(named_only, 0);
  ASSERT_EQ(::fstat(named_only, &status), 0);
  expect_is_node(status);
  ::close(named_only);
}

TEST(TheNode, OpensByEverySpelling) {
  char command[64];
  std::vector<int> opened;
  opened.push_back(::open(kNode, O_RDWR));
  opened.push_back(::open64(kNode, O_RDWR));
  opened.push_back(::openat(AT_FDCWD, kNode, O_RDWR));
  opened.push_back(::open("/dev//./char/../video10", O_RDWR));
  opened.push_back(::open("/dev/v4l/by-path/platform-softvpu-dec-video-index0", O_RDWR));
  opened.push_back(static_cast<int>(::syscall(SYS_openat, AT_FDCWD, kNode, O_RDWR, 0)));
  open_how how{.flags = O_RDWR, .mode = 0, .resolve = 0};
  opened.push_back(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, kNode, &how, sizeof how)));
  const int dev = ::open("/dev", O_DIRECTORY | O_RDONLY);
  opened.push_back(::openat(dev, "video10", O_RDWR));
  ASSERT_EQ(::chdir("/dev"), 0);
  opened.push_back(::open("video10", O_RDWR));
  opened.push_back(::open("../dev/video10", O_RDWR));
  ASSERT_EQ(::chdir("/"), 0);
  std::snprintf(command, sizeof command, "/proc/self/fd/%d", opened.front());
  opened.push_back(::open(command, O_RDWR));
  for (size_t i = 0; i < opened.size(); ++i) {
    v4l2_capability capability{};
    EXPECT_GE(opened[i], 0) << "spelling " << i;
    EXPECT_EQ(::ioctl(opened[i], VIDIOC_QUERYCAP, &capability), 0) << "spelling " << i;
    EXPECT_STREQ(reinterpret_cast<char*>(capability.driver), "scripted");
    ::close(opened[i]);
  }
  ::close(dev);
}

TEST(TheNode, OpensAsAStream) {
  FILE* stream = std::fopen(kNode, "r+");
  ASSERT_NE(stream, nullptr);
  v4l2_capability capability{};
  EXPECT_EQ(::ioctl(::fileno(stream), VIDIOC_QUERYCAP, &capability), 0);
  const Device witness;
  const int releases = witness.counts().releases;
  EXPECT_EQ(std::fclose(stream), 0);
  EXPECT_EQ(witness.counts().releases, releases + 1);
}

TEST(TheNode, RefusesWhatACharacterDeviceRefuses) {
  EXPECT_EQ(::open(kNode, O_RDWR | O_DIRECTORY), -1);
  EXPECT_EQ(errno, ENOTDIR);
  EXPECT_EQ(::open(kNode, O_RDWR | O_CREAT | O_EXCL, 0600), -1);
  EXPECT_EQ(errno, EEXIST);
  EXPECT_EQ(::opendir(kNode), nullptr);
  EXPECT_EQ(errno, ENOTDIR);
  EXPECT_EQ(::open("/dev/video11", O_RDWR), -1);
  EXPECT_EQ(errno, ENOENT);
}

TEST(TheNode, HasItsNameInProc) {
  const Device device;
  EXPECT_EQ(link_of("/proc/self/fd/" + std::to_string(device.fd())), kNode);
  char resolved[PATH_MAX];
  EXPECT_STREQ(::realpath(("/proc/self/fd/" + std::to_string(device.fd())).c_str(), resolved), kNode);
}

TEST(TheNode, IsAccessible) {
  EXPECT_EQ(::access(kNode, R_OK | W_OK), 0);
  EXPECT_EQ(::faccessat(AT_FDCWD, kNode, R_OK, 0), 0);
  EXPECT_EQ(::euidaccess(kNode, W_OK), 0);
  EXPECT_EQ(::access("/dev/video11", F_OK), -1);
  EXPECT_EQ(errno, ENOENT);
  char value[8];
  EXPECT_EQ(::lgetxattr(kNode, "security.selinux", value, sizeof value), -1);  // `ls -l` asks; it must find the file
  EXPECT_NE(errno, ENOENT);
}

TEST(ADirectoryThatBothHave, ListsBothOnce) {
  const auto names = names_in("/dev");
  EXPECT_EQ(names.count("video10"), 1u);
  EXPECT_EQ(names.count("null"), 1u);
  EXPECT_EQ(names.count("."), 1u);
  EXPECT_EQ(names_in("/").count("dev"), 1u);
  const auto classes = names_in("/sys/class");
  EXPECT_EQ(classes.count("video4linux"), 1u);
  EXPECT_EQ(classes.count("net"), 1u);
  const auto by_fd = names_in(::fdopendir(::open("/dev", O_RDONLY | O_DIRECTORY)));
  EXPECT_EQ(by_fd, names);
}

TEST(ADirectoryThatBothHave, TellsTheTypeOfOurs) {
  DIR* stream = ::opendir("/dev");
  ASSERT_NE(stream, nullptr);
  bool seen = false;
  while (const dirent64* entry = ::readdir64(stream)) {
    if (std::strcmp(entry->d_name, "video10") != 0) continue;
    seen = true;
    EXPECT_EQ(entry->d_type, DT_CHR);
    EXPECT_NE(entry->d_ino, 0u);
  }
  EXPECT_TRUE(seen);
  ::closedir(stream);
}

TEST(ADirectoryThatBothHave, CanBeRewoundAndSought) {
  DIR* stream = ::opendir("/dev");
  ASSERT_NE(stream, nullptr);
  size_t first = 0;
  while (::readdir(stream) != nullptr) ++first;
  ::rewinddir(stream);
  size_t second = 0;
  long before_last = 0;
  std::string last;
  while (true) {
    const long here = ::telldir(stream);
    const dirent* entry = ::readdir(stream);
    if (entry == nullptr) break;
    ++second;
    before_last = here;
    last = entry->d_name;
  }
  EXPECT_EQ(first, second);
  ::seekdir(stream, before_last);
  const dirent* again = ::readdir(stream);
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(again->d_name, last);
  ::closedir(stream);
}

TEST(ADirectoryOfOurs, IsListedWithTypes) {
  const auto names = names_in("/sys/class/video4linux/video10");
  for (const char* name : {"name", "dev", "index", "uevent", "dev_debug", "device", "subsystem"})
    EXPECT_EQ(names.count(name), 1u) << name;
  EXPECT_EQ(names_in("/sys/class/video4linux"), (std::multiset<std::string>{".", "..", "video10"}));
}

TEST(Sysfs, SaysWhatVideo4linuxSays) {
  EXPECT_EQ(text_of("/sys/class/video4linux/video10/dev"), "81:10\n");
  EXPECT_EQ(text_of("/sys/class/video4linux/video10/name"), "softvpu decoder\n");
  EXPECT_EQ(text_of("/sys/dev/char/81:10/uevent"), "MAJOR=81\nMINOR=10\nDEVNAME=video10\n");
  EXPECT_EQ(text_of("/sys/class/video4linux/video10/device/modalias"), "platform:softvpu-dec\n");
  EXPECT_NE(text_of("/run/udev/data/c81:10").find("E:ID_V4L_VERSION=2\n"), std::string::npos);
}

TEST(Sysfs, LinksAsTheKernelDoes) {
  EXPECT_EQ(link_of("/sys/class/video4linux/video10"), "../../devices/platform/softvpu-dec/video4linux/video10");
  EXPECT_EQ(link_of("/sys/dev/char/81:10"), "../../devices/platform/softvpu-dec/video4linux/video10");
  EXPECT_EQ(link_of("/sys/class/video4linux/video10/subsystem"), "../../../../../class/video4linux");
  EXPECT_EQ(link_of("/sys/devices/platform/softvpu-dec/video4linux/video10/device"), "../../../softvpu-dec");
  char resolved[PATH_MAX];
  EXPECT_STREQ(::realpath("/sys/dev/char/81:10", resolved), "/sys/devices/platform/softvpu-dec/video4linux/video10");
  EXPECT_STREQ(::realpath("/sys/class/video4linux/video10/device/driver", resolved), "/sys/bus/platform/drivers/softvpu");
  EXPECT_STREQ(::realpath(kNode, resolved), kNode);
}

TEST(Sysfs, LeadsBackToTheHostOverOurLinks) {
  // …/subsystem is the host's /sys/bus/platform, ours added.
  const auto names = names_in("/sys/devices/platform/softvpu-dec/subsystem/devices");
  EXPECT_EQ(names.count("softvpu-dec"), 1u);
  EXPECT_GT(names.size(), 3u) << "the host's platform devices are missing";
}

TEST(Sysfs, IsSysfsForItsFileSystemType) {
  struct statfs status {};
  const int directory = ::open("/sys/class/video4linux", O_PATH | O_DIRECTORY);
  ASSERT_GE(directory, 0);
  ASSERT_EQ(::fstatfs(directory, &status), 0);
  EXPECT_EQ(status.f_type, SYSFS_MAGIC);
  ::close(directory);
  ASSERT_EQ(::statfs("/sys/class/video4linux/video10", &status), 0);
  EXPECT_EQ(status.f_type, SYSFS_MAGIC);
  ASSERT_EQ(::statfs("/tmp", &status), 0);
  EXPECT_NE(status.f_type, SYSFS_MAGIC);
}

// libudev 252 walks a path component by component, with O_PATH descriptors and "..".
TEST(Sysfs, IsFoundComponentByComponent) {
  int at = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  for (const char* component : {"sys", "dev", "char"}) {
    const int next = ::openat(at, component, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    ASSERT_GE(next, 0) << component;
    ::close(at);
    at = next;
  }
  char target[PATH_MAX] = {};
  const int link = ::openat(at, "81:10", O_PATH | O_NOFOLLOW | O_CLOEXEC);
  ASSERT_GE(link, 0);
  struct stat status {};
  ASSERT_EQ(::fstat(link, &status), 0);
  EXPECT_TRUE(S_ISLNK(status.st_mode));
  EXPECT_GT(::readlinkat(link, "", target, sizeof target), 0);
  EXPECT_GT(::readlinkat(at, "81:10", target, sizeof target), 0);
  for (const char* component : {"..", "..", "devices", "platform", "softvpu-dec", "video4linux", "video10", "..", "video10"}) {
    const int next = ::openat(at, component, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    ASSERT_GE(next, 0) << component;
    ::close(at);
    at = next;
  }
  EXPECT_EQ(::faccessat(at, "uevent", F_OK, 0), 0);
  const int uevent = ::openat(at, "uevent", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(uevent, 0);
  char text[64] = {};
  EXPECT_GT(::read(uevent, text, sizeof text - 1), 0);
  EXPECT_STREQ(text, "MAJOR=81\nMINOR=10\nDEVNAME=video10\n");
  // From inside the tree to what only the host has.
  const int host = ::openat(at, "../../../../../class/net", O_PATH | O_CLOEXEC);
  EXPECT_GE(host, 0);
  for (const int fd : {link, uevent, host, at}) ::close(fd);
}

TEST(Sysfs, CanBeTheWorkingDirectory) {
  ASSERT_EQ(::chdir("/sys/class/video4linux"), 0);
  char cwd[PATH_MAX];
  EXPECT_STREQ(::getcwd(cwd, sizeof cwd), "/sys/class/video4linux");
  EXPECT_EQ(text_of("video10/dev"), "81:10\n");
  EXPECT_EQ(names_in(".").count("video10"), 1u);
  EXPECT_EQ(names_in("..").count("net"), 1u);
  EXPECT_EQ(::access("../net", F_OK), 0);
  char* name = ::get_current_dir_name();
  EXPECT_STREQ(name, "/sys/class/video4linux");
  std::free(name);
  ASSERT_EQ(::chdir("/"), 0);
}

TEST(Walking, FindsTheNodeByGlobScandirAndNftw) {
  glob_t found{};
  ASSERT_EQ(::glob("/dev/vid*[0-9]", 0, nullptr, &found), 0);
  ASSERT_EQ(found.gl_pathc, 1u);
  EXPECT_STREQ(found.gl_pathv[0], kNode);
  ::globfree(&found);
  ASSERT_EQ(::glob("/sys/class/video4linux/*/name", 0, nullptr, &found), 0);
  EXPECT_EQ(found.gl_pathc, 1u);
  ::globfree(&found);

  dirent** list = nullptr;
  const int count = ::scandir(
      "/dev", &list, [](const dirent* entry) { return std::strncmp(entry->d_name, "vid", 3) == 0 ? 1 : 0; }, alphasort);
  ASSERT_EQ(count, 1);
  EXPECT_STREQ(list[0]->d_name, "video10");
  EXPECT_EQ(list[0]->d_type, DT_CHR);
  std::free(list[0]);
  std::free(list);

  static std::multiset<std::string> seen;
  seen.clear();
  const auto visit = [](const char* path, const struct stat*, int, FTW*) {
    seen.insert(path);
    return 0;
  };
  ASSERT_EQ(::nftw("/sys/devices/platform/softvpu-dec", visit, 8, FTW_PHYS), 0);
  EXPECT_EQ(seen.count("/sys/devices/platform/softvpu-dec"), 1u);
  EXPECT_EQ(seen.count("/sys/devices/platform/softvpu-dec/video4linux/video10/dev"), 1u);
}

TEST(TheHost, StaysAsItIs) {
  struct stat status {};
  ASSERT_EQ(::stat("/dev/null", &status), 0);
  EXPECT_EQ(status.st_rdev, makedev(1, 3));
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ASSERT_GE(null, 0);
  EXPECT_EQ(::write(null, "x", 1), 1);
  ::close(null);
  EXPECT_EQ(::stat("/nonexistent", &status), -1);
  EXPECT_EQ(errno, ENOENT);
  // By a pointer: stat() itself is declared to get no null pointer, and UBSan would end the program.
  int (*const volatile careless_stat)(const char*, struct stat*) = &::stat;
  EXPECT_EQ(careless_stat(nullptr, &status), -1);
  EXPECT_EQ(errno, EFAULT);
  EXPECT_EQ(::open(reinterpret_cast<const char*>(4), O_RDONLY), -1);
  EXPECT_EQ(errno, EFAULT);
  EXPECT_EQ(::open("", O_RDONLY), -1);
  EXPECT_EQ(errno, ENOENT);
}

TEST(ASuccess, LeavesErrnoAlone) {
  errno = 77;
  const Device device;
  struct stat status {};
  ::stat("/sys/class/video4linux", &status);
  ::stat(kNode, &status);
  DIR* stream = ::opendir("/sys/class/video4linux");
  while (::readdir(stream) != nullptr) {
  }
  ::closedir(stream);
  EXPECT_EQ(errno, 77);
}

}  // namespace
}  // namespace softvpu::scripted
