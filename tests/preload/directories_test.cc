// SPDX-License-Identifier: LGPL-2.1-or-later
// What a program sees of the synthetic directories in /dev, /sys and /run/udev, by every libc function that clients use.
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
#include "tests/preload/paths.h"

namespace softvpu::scripted {
namespace {

// ".." of a link is the parent of what it leads to (path_resolution(7)).
TEST(Sysfs, HasItsParentsWhereItsLinksLead) {
  struct stat by_link {
  }, direct{};
  ASSERT_EQ(::stat("/sys/class/video4linux/video10/..", &by_link), 0);
  ASSERT_EQ(::stat("/sys/devices/platform/softvpu-dec/video4linux", &direct), 0);
  EXPECT_EQ(by_link.st_ino, direct.st_ino);
  EXPECT_EQ(text_of("/sys/class/video4linux/video10/../../modalias"), "platform:softvpu-dec\n");
  EXPECT_EQ(text_of("/sys/class/video4linux/../video4linux/video10/dev"), "81:10\n");
  EXPECT_EQ(::access("/sys/class/video4linux/../net", F_OK), 0);
  EXPECT_EQ(::access("/dev/../etc/passwd", F_OK), 0);
}

TEST(ADirectoryThatBothHave, ListsBothOnce) {
  const auto names = names_in("/dev");
  EXPECT_EQ(names.count("video10"), 1u);
  EXPECT_EQ(names.count("null"), 1u);
  EXPECT_EQ(names.count("."), 1u);
  EXPECT_EQ(names_in("/").count("dev"), 1u);
  const auto classes = names_in("/sys/class");
  EXPECT_EQ(classes.count("video4linux"), 1u);
  EXPECT_EQ(classes.count("net"), names_on_host("/sys/class").count("net"));
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
  auto expected = names_on_host("/sys/class/video4linux");
  for (const char* ours : {".", "..", "video10"}) expected.insert(ours);
  EXPECT_EQ(names_in("/sys/class/video4linux"), expected);
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
  ASSERT_EQ(found.gl_pathc, 2u);
  EXPECT_STREQ(found.gl_pathv[0], "/dev/video-dec0");
  EXPECT_STREQ(found.gl_pathv[1], kNode);
  ::globfree(&found);
  ASSERT_EQ(::glob("/sys/class/video4linux/*/name", 0, nullptr, &found), 0);
  EXPECT_EQ(found.gl_pathc, 1u);
  ::globfree(&found);

  dirent** list = nullptr;
  const int count = ::scandir(
      "/dev", &list, [](const dirent* entry) { return std::strncmp(entry->d_name, "vid", 3) == 0 ? 1 : 0; }, alphasort);
  ASSERT_EQ(count, 2);
  EXPECT_STREQ(list[0]->d_name, "video-dec0");
  EXPECT_EQ(list[0]->d_type, DT_LNK);
  EXPECT_STREQ(list[1]->d_name, "video10");
  EXPECT_EQ(list[1]->d_type, DT_CHR);
  std::free(list[0]);
  std::free(list[1]);
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

}  // namespace
}  // namespace softvpu::scripted
