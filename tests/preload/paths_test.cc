// SPDX-License-Identifier: LGPL-2.1-or-later
// What a program sees of the node: its status, names, links to it, by every libc function that clients use.
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

// What Chromium looks for; the udev rules of ChromeOS boards make such links.
TEST(TheNode, HasTheNameThatChromiumLooksFor) {
  EXPECT_EQ(link_of("/dev/video-dec0"), "video10");
  char resolved[PATH_MAX];
  EXPECT_STREQ(::realpath("/dev/video-dec0", resolved), kNode);
  struct stat status {};
  ASSERT_EQ(::stat("/dev/video-dec0", &status), 0);
  expect_is_node(status);
  ASSERT_EQ(::lstat("/dev/video-dec0", &status), 0);
  EXPECT_TRUE(S_ISLNK(status.st_mode));
  EXPECT_EQ(names_in("/dev").count("video-dec0"), 1u);
  EXPECT_NE(text_of("/run/udev/data/c81:10").find("S:video-dec0\n"), std::string::npos);
  EXPECT_EQ(::access("/sys/class/video4linux/video-dec0", F_OK), -1);  // the kernel knows the node by one name
  const int fd = ::open("/dev/video-dec0", O_RDWR | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  v4l2_capability capability{};
  EXPECT_EQ(::ioctl(fd, VIDIOC_QUERYCAP, &capability), 0);
  EXPECT_EQ(link_of("/proc/self/fd/" + std::to_string(fd)), kNode);
  ::close(fd);
  EXPECT_EQ(::open("/dev/video-dec0", O_RDWR | O_NOFOLLOW), -1);
  EXPECT_EQ(errno, ELOOP);
}

// A folder of links on the host's own file system.
class ALinkOfTheHost : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(::mkdtemp(folder_), nullptr);
    ASSERT_EQ(::symlink("/dev", in("dev").c_str()), 0);
    ASSERT_EQ(::symlink(kNode, in("node").c_str()), 0);
    ASSERT_EQ(::symlink("node", in("again").c_str()), 0);
    ASSERT_EQ(::symlink("/sys/class/video4linux", in("class").c_str()), 0);
    ASSERT_EQ(::symlink("../../../dev/./video-dec0", in("up").c_str()), 0);
    ASSERT_EQ(::symlink("/dev/video11", in("dangling").c_str()), 0);
    ASSERT_EQ(::symlink("loop", in("loop").c_str()), 0);
  }
  void TearDown() override {
    for (const char* name : {"dev", "node", "again", "class", "up", "dangling", "loop"}) ::unlink(in(name).c_str());
    EXPECT_EQ(::rmdir(folder_), 0);
  }
  std::string in(const std::string& name) const { return std::string(folder_) + "/" + name; }

  char folder_[32] = "/tmp/softvpu-links-XXXXXX";
};

TEST_F(ALinkOfTheHost, LeadsToTheNode) {
  for (const char* name :
       {"node", "again", "dev/video10", "dev/video-dec0", "up", "class/../video4linux/video10/../../../../../../dev/video10",
        "dev/v4l/by-path/platform-softvpu-dec-video-index0"}) {
    const std::string path = in(name);
    for (const int flags : {O_RDWR, O_RDWR | O_CREAT, O_RDONLY | O_CLOEXEC}) {
      const int fd = ::open(path.c_str(), flags, 0600);
      ASSERT_GE(fd, 0) << path << ": " << std::strerror(errno);
      v4l2_capability capability{};
      EXPECT_EQ(::ioctl(fd, VIDIOC_QUERYCAP, &capability), 0) << path;
      ::close(fd);
    }
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0) << path;
    expect_is_node(status);
    EXPECT_EQ(::access(path.c_str(), R_OK | W_OK), 0) << path;
    char resolved[PATH_MAX];
    EXPECT_STREQ(::realpath(path.c_str(), resolved), kNode) << path;
  }
  EXPECT_EQ(link_of(in("node")), kNode);
  FILE* stream = std::fopen(in("again").c_str(), "r+");
  ASSERT_NE(stream, nullptr);
  v4l2_capability capability{};
  EXPECT_EQ(::ioctl(::fileno(stream), VIDIOC_QUERYCAP, &capability), 0);
  std::fclose(stream);
  stream = std::fopen(in("node").c_str(), "w");
  ASSERT_NE(stream, nullptr);
  EXPECT_EQ(::ioctl(::fileno(stream), VIDIOC_QUERYCAP, &capability), 0);
  std::fclose(stream);
}

TEST_F(ALinkOfTheHost, LeadsToTheNodeFromADescriptorAndTheWorkingDirectory) {
  const int folder = ::open(folder_, O_PATH | O_DIRECTORY | O_CLOEXEC);
  open_how how{.flags = O_RDWR | O_CLOEXEC, .mode = 0, .resolve = 0};
  std::vector<int> opened = {::openat(folder, "node", O_RDWR),
                             static_cast<int>(::syscall(SYS_openat2, folder, "node", &how, sizeof how)),
                             static_cast<int>(::syscall(SYS_openat, folder, "dev/video10", O_RDWR))};
  ASSERT_EQ(::chdir(folder_), 0);
  opened.push_back(::open("again", O_RDWR));
  opened.push_back(::open("./dev/video10", O_RDWR));
  ASSERT_EQ(::chdir("/"), 0);
  opened.push_back(::open("/proc/self/root/dev/video10", O_RDWR));
  opened.push_back(::open("/proc/thread-self/root/dev/video-dec0", O_RDWR));
  opened.push_back(::open("/proc/self/cwd/dev/video10", O_RDWR));
  for (size_t i = 0; i < opened.size(); ++i) {
    v4l2_capability capability{};
    EXPECT_GE(opened[i], 0) << "spelling " << i;
    EXPECT_EQ(::ioctl(opened[i], VIDIOC_QUERYCAP, &capability), 0) << "spelling " << i;
    ::close(opened[i]);
  }
  how.resolve = RESOLVE_NO_SYMLINKS;
  EXPECT_EQ(::syscall(SYS_openat2, folder, "node", &how, sizeof how), -1);
  EXPECT_EQ(errno, ELOOP);
  ::close(folder);
}

TEST_F(ALinkOfTheHost, LeadsToDirectoriesToo) {
  EXPECT_EQ(names_in(in("dev").c_str()), names_in("/dev"));
  EXPECT_EQ(names_in(in("dev/").c_str()).count("video10"), 1u);
  EXPECT_EQ(names_in(in("class").c_str()), names_in("/sys/class/video4linux"));
  EXPECT_EQ(text_of(in("class/video10/dev")), "81:10\n");
  EXPECT_EQ(link_of(in("class/video10")), "../../devices/platform/softvpu-dec/video4linux/video10");
  struct statfs status {};
  ASSERT_EQ(::statfs(in("class/video10").c_str(), &status), 0);
  EXPECT_EQ(status.f_type, SYSFS_MAGIC);
}

TEST_F(ALinkOfTheHost, ToNothingIsAsItWas) {
  EXPECT_EQ(::open(in("dangling").c_str(), O_RDWR), -1);
  EXPECT_EQ(errno, ENOENT);
  EXPECT_EQ(::open(in("loop").c_str(), O_RDWR), -1);
  EXPECT_EQ(errno, ELOOP);
  EXPECT_EQ(::open(in("video10").c_str(), O_RDWR), -1);
  EXPECT_EQ(errno, ENOENT);
  EXPECT_EQ(::open(in("node").c_str(), O_RDWR | O_NOFOLLOW), -1);
  EXPECT_EQ(errno, ELOOP);
  EXPECT_EQ(::open(in("node").c_str(), O_RDWR | O_CREAT | O_EXCL, 0600), -1);
  EXPECT_EQ(errno, EEXIST);
  struct stat status {};
  ASSERT_EQ(::lstat(in("node").c_str(), &status), 0);
  EXPECT_TRUE(S_ISLNK(status.st_mode));
}

TEST(TheNode, IsNoDirectory) {
  struct stat status {};
  char text[8];
  for (const char* path : {"/dev/video10/", "/dev/video10/.", "/dev/video10/x", "/dev/video10/..", "/dev/video-dec0/",
                           "/dev/video10//", "/sys/class/video4linux/video10/dev/", "/proc/self/root/dev/video10/"}) {
    EXPECT_EQ(::open(path, O_RDWR), -1) << path;
    EXPECT_EQ(errno, ENOTDIR) << path;
    EXPECT_EQ(::stat(path, &status), -1) << path;
    EXPECT_EQ(errno, ENOTDIR) << path;
    EXPECT_EQ(::lstat(path, &status), -1) << path;
    EXPECT_EQ(errno, ENOTDIR) << path;
    EXPECT_EQ(::access(path, F_OK), -1) << path;
    EXPECT_EQ(errno, ENOTDIR) << path;
    EXPECT_EQ(::readlink(path, text, sizeof text), -1) << path;
    EXPECT_EQ(errno, ENOTDIR) << path;
    EXPECT_EQ(::realpath(path, nullptr), nullptr) << path;
    EXPECT_EQ(errno, ENOTDIR) << path;
    EXPECT_EQ(::opendir(path), nullptr) << path;
    EXPECT_EQ(errno, ENOTDIR) << path;
    EXPECT_EQ(std::fopen(path, "r"), nullptr) << path;
    EXPECT_EQ(errno, ENOTDIR) << path;
    EXPECT_EQ(::chdir(path), -1) << path;
    EXPECT_EQ(errno, ENOTDIR) << path;
  }
  // A slash after a link asks for what it leads to.
  ASSERT_EQ(::lstat("/sys/class/video4linux/video10/", &status), 0);
  EXPECT_TRUE(S_ISDIR(status.st_mode));
}

TEST(TheNode, ChangesItsModeAndOwnerAsAFileDoes) {
  struct stat status {};
  ASSERT_EQ(::stat(kNode, &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0660u);
  const uid_t owner = status.st_uid;
  const gid_t group = status.st_gid;
  ASSERT_EQ(::chmod(kNode, 0600), 0);
  ASSERT_EQ(::stat("/dev/video-dec0", &status), 0);
  expect_is_node(status);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  {
    const Device device;
    ASSERT_EQ(::fchmod(device.fd(), 0640), 0);
    ASSERT_EQ(::fstat(device.fd(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0640u);
    EXPECT_EQ(::fchown(device.fd(), owner, group), 0);
  }
  ASSERT_EQ(::fchmodat(AT_FDCWD, "/dev/video-dec0", 0660, 0), 0);
  ASSERT_EQ(::stat(kNode, &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0660u);
  EXPECT_EQ(::chown(kNode, owner, group), 0);
  EXPECT_EQ(::lchown("/dev/video-dec0", owner, group), 0);
  EXPECT_EQ(::fchownat(AT_FDCWD, kNode, owner, group, 0), 0);
  EXPECT_EQ(::chmod("/dev/video11", 0600), -1);
  EXPECT_EQ(errno, ENOENT);
}

TEST(TheNode, KeepsItsName) {
  for (const char* path : {kNode, "/dev/video-dec0", "/sys/class/video4linux/video10/name", "/sys/class/video4linux"}) {
    EXPECT_EQ(::unlink(path), -1) << path;
    EXPECT_EQ(errno, EPERM) << path;
    EXPECT_EQ(::unlinkat(AT_FDCWD, path, AT_REMOVEDIR), -1) << path;
    EXPECT_EQ(errno, EPERM) << path;
    EXPECT_EQ(::rename(path, "/tmp/softvpu-renamed"), -1) << path;
    EXPECT_EQ(errno, EPERM) << path;
    EXPECT_EQ(::rename("/tmp/softvpu-renamed", path), -1) << path;
    EXPECT_EQ(errno, EPERM) << path;
    EXPECT_EQ(::access(path, F_OK), 0) << path;
  }
  char folder[] = "/tmp/softvpu-names-XXXXXX";  // the host's names go and change as ever
  ASSERT_NE(::mkdtemp(folder), nullptr);
  const std::string from = std::string(folder) + "/name";
  const std::string to = std::string(folder) + "/dev";
  ::close(::open(from.c_str(), O_CREAT | O_WRONLY, 0600));
  EXPECT_EQ(::rename(from.c_str(), to.c_str()), 0);
  EXPECT_EQ(::renameat(AT_FDCWD, to.c_str(), AT_FDCWD, from.c_str()), 0);
  EXPECT_EQ(::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE), 0);
  EXPECT_EQ(::unlink(to.c_str()), 0);
  EXPECT_EQ(::unlinkat(AT_FDCWD, folder, AT_REMOVEDIR), 0);
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

TEST(TheHost, StaysAsItIs) {
  struct stat status {};
  ASSERT_EQ(::stat("/dev/null", &status), 0);
  EXPECT_EQ(status.st_rdev, makedev(1, 3));
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ASSERT_GE(null, 0);
  EXPECT_EQ(::write(null, "x", 1), 1);
  ::close(null);
  EXPECT_EQ(::stat("/proc/nonexistent", &status), -1);
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
