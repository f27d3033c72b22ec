// SPDX-License-Identifier: LGPL-2.1-or-later
// Device descriptors under open, dup, fcntl, close and their families: when is the last close, and which numbers are whose.
#include <linux/close_range.h>

#include <linux/dma-buf.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <cstring>
#include <filesystem>
#include <memory>
#include <thread>
#include <vector>

#include "tests/preload/client.h"

namespace softvpu::scripted {
namespace {

bool answers(int fd) {
  v4l2_capability capability{};
  return ::ioctl(fd, VIDIOC_QUERYCAP, &capability) == 0;
}

// How many release() calls happen while `body` runs.
int releases_in(const std::function<void()>& body) {
  const Device witness;
  const int before = witness.counts().releases;
  body();
  return witness.counts().releases - before;
}

// What open(2) would return next.
int lowest_free() {
  const int number = ::dup(0);
  ::close(number);
  return number;
}

TEST(ADescriptor, IsTheLowestFreeNumberHoweverManyThereAre) {
  std::vector<std::unique_ptr<Device>> devices;
  for (int i = 0; i < 100; ++i) {
    const int expected = lowest_free();
    devices.push_back(std::make_unique<Device>());
    EXPECT_EQ(devices.back()->fd(), expected);
    EXPECT_LT(devices.back()->fd(), FD_SETSIZE);
  }
  EXPECT_EQ(devices.front()->counts().files, 100);
  EXPECT_LT(lowest_free(), 150) << "the library took low numbers for itself";
}

TEST(ADescriptor, IsCloexecOnlyWhenAskedFor) {
  const Device with(O_RDWR | O_CLOEXEC);
  const Device without(O_RDWR);
  EXPECT_EQ(::fcntl(with.fd(), F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(::fcntl(without.fd(), F_GETFD), 0);
}

TEST(ADescriptor, HasItsOwnOpenFile) {
  const Device one;
  const Device two;
  one.levels(kIn);
  int bits = 0;
  EXPECT_EQ(::ioctl(two.fd(), kReadInt, &bits), 0);
  EXPECT_EQ(one.counts().files, 2);
}

TEST(ADescriptor, KeepsItsStatusFlags) {
  const Device device(O_RDWR);
  EXPECT_EQ(::fcntl(device.fd(), F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR);
  EXPECT_EQ(::fcntl(device.fd(), F_SETFL, O_NONBLOCK), 0);
  EXPECT_EQ(::fcntl(device.fd(), F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR | O_NONBLOCK);
  EXPECT_EQ(::ioctl(device.fd(), kWait), -1);
  EXPECT_EQ(errno, EAGAIN);
  const Device reader(O_RDONLY | O_NONBLOCK);
  EXPECT_EQ(::fcntl(reader.fd(), F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDONLY | O_NONBLOCK);
  int off = 0;
  EXPECT_EQ(::ioctl(reader.fd(), FIONBIO, &off), 0);
  EXPECT_EQ(::fcntl(reader.fd(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_EQ(::ioctl(reader.fd(), FIONBIO, reinterpret_cast<int*>(4)), -1);
  EXPECT_EQ(errno, EFAULT);
  EXPECT_EQ(::ioctl(reader.fd(), FIOCLEX), 0);
  EXPECT_EQ(::fcntl(reader.fd(), F_GETFD), FD_CLOEXEC);
}

TEST(ADescriptor, AnswersEfaultForPointersOfAnyQuality) {
  const Device device;
  for (const uintptr_t pointer : {uintptr_t{0}, uintptr_t{4}, ~uintptr_t{0} - 16}) {
    EXPECT_EQ(::ioctl(device.fd(), VIDIOC_QUERYCAP, reinterpret_cast<void*>(pointer)), -1);
    EXPECT_EQ(errno, EFAULT);
  }
  EXPECT_EQ(::ioctl(device.fd(), 0xdeadbeef, nullptr), -1);
  EXPECT_EQ(errno, ENOTTY);
}

TEST(ADescriptor, RefusesReadWriteAndSeek) {
  const Device device;
  char byte = 0;
  const iovec part{&byte, 1};
  EXPECT_EQ(::read(device.fd(), &byte, 1), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(::write(device.fd(), &byte, 1), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(::readv(device.fd(), &part, 1), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(::writev(device.fd(), &part, 1), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(::lseek(device.fd(), 0, SEEK_SET), -1);
  EXPECT_EQ(errno, ESPIPE);
}

TEST(ADuplicate, IsTheSameOpenFile) {
  const Device device;
  const int releases = device.counts().releases;
  const int copies[] = {::dup(device.fd()),
                        ::dup2(device.fd(), 300),
                        ::dup3(device.fd(), 301, O_CLOEXEC),
                        ::fcntl(device.fd(), F_DUPFD, 302),
                        ::fcntl(device.fd(), F_DUPFD_CLOEXEC, 303),
                        static_cast<int>(::syscall(SYS_dup, device.fd()))};
  for (const int copy : copies) {
    EXPECT_TRUE(answers(copy)) << copy;
    EXPECT_EQ(device.counts().files, 1);
    ::close(copy);
  }
  EXPECT_EQ(device.counts().releases, releases);
}

TEST(ADuplicate, OfItselfStaysOpen) {
  const Device device;
  EXPECT_EQ(::dup2(device.fd(), device.fd()), device.fd());
  EXPECT_TRUE(answers(device.fd()));
}

TEST(ADuplicate, ReplacesWhatTheNumberWas) {
  EXPECT_EQ(releases_in([] {
              Device device;
              const int null = ::open("/dev/null", O_RDWR);
              ASSERT_EQ(::dup2(null, device.fd()), device.fd());  // closes the device
              EXPECT_FALSE(answers(device.fd()));
              ::close(null);
            }),
            1);
}

TEST(TheLastClose, ReleasesTheDeviceAtOnce) {
  EXPECT_EQ(releases_in([] { const Device device; }), 1);
  EXPECT_EQ(releases_in([] {
              Device device;
              const int copy = ::dup(device.fd());
              device.close();
              EXPECT_TRUE(answers(copy));
              ::close(copy);
            }),
            1);
}

TEST(TheLastClose, IsSeenThroughSyscall) {
  EXPECT_EQ(releases_in([] { ::syscall(SYS_close, ::open(kNode, O_RDWR)); }), 1);
}

TEST(TheLastClose, IsSeenThroughCloseRange) {
  EXPECT_EQ(releases_in([] {
              const int first = ::open(kNode, O_RDWR);
              ASSERT_EQ(::dup2(first, 400), 400);
              ASSERT_EQ(::dup2(first, 401), 401);
              ::close(first);
              EXPECT_EQ(::close_range(400, 401, 0), 0);
            }),
            1);
}

TEST(TheLastClose, EndsAWaitingIoctl) {
  Device device;
  std::thread waiter([&device] {
    EXPECT_EQ(::ioctl(device.fd(), kWait), -1);
    EXPECT_EQ(errno, ENODEV);
  });
  const int copy = ::dup(device.fd());
  while (device.counts().waiters == 0) ::usleep(1000);
  ::close(copy);
  device.close();
  waiter.join();
}

TEST(ClosingEverything, SparesTheLibrary) {
  EXPECT_EQ(in_child([] {
              const Device before;
              ::close_range(3, ~0U, 0);
              if (answers(before.fd())) return 1;
              const Device after;
              after.levels(kIn);
              pollfd one{after.fd(), POLLIN, 0};
              return answers(after.fd()) && ::poll(&one, 1, 0) == 1 ? 0 : 2;
            }),
            0);
  EXPECT_EQ(in_child([] {
              const Device keep;
              for (int fd = 3; fd < 2000; ++fd) {
                if (fd != keep.fd()) ::close(fd);
              }
              keep.raise_later(kOut, 5000);
              pollfd one{keep.fd(), POLLOUT, 0};
              return ::poll(&one, 1, 2000) == 1 ? 0 : 1;
            }),
            0);
}

TEST(TwoHundredOpens, LeaveNothingBehind) {
  const auto open_files = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
  };
  { const Device warm_up; }
  const auto before = open_files();
  for (int i = 0; i < 200; ++i) {
    const Device device;
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{.events = EPOLLIN | EPOLLPRI, .data = {}};
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, device.fd(), &event);
    pollfd one{device.fd(), POLLPRI, 0};
    ::poll(&one, 1, 0);
    ::close(epoll);
  }
  EXPECT_EQ(open_files(), before);
  const Device device;
  EXPECT_EQ(device.counts().files, 1);
}

TEST(AnExportedBuffer, AcceptsCpuSync) {
  const Device device;
  v4l2_exportbuffer request{};
  request.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  ASSERT_EQ(::ioctl(device.fd(), VIDIOC_EXPBUF, &request), 0);
  EXPECT_LT(request.fd, 1000);
  dma_buf_sync sync{.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW};
  EXPECT_EQ(::ioctl(request.fd, DMA_BUF_IOCTL_SYNC, &sync), 0);
  const int copy = ::dup(request.fd);
  EXPECT_EQ(::ioctl(copy, DMA_BUF_IOCTL_SYNC, &sync), 0);
  struct stat status {};
  EXPECT_EQ(::fstat(copy, &status), 0);
  EXPECT_TRUE(S_ISREG(status.st_mode));
  ::close(copy);
  ::close(request.fd);
  const int null = ::open("/dev/null", O_RDWR);
  EXPECT_EQ(::ioctl(null, DMA_BUF_IOCTL_SYNC, &sync), -1);
  EXPECT_EQ(errno, ENOTTY);
  ::close(null);
}

// SCM_RIGHTS to oneself makes a descriptor that no interposed call has seen.
TEST(ADescriptorSentToOneself, IsRecognised) {
  const Device device;
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  char byte = 'x';
  iovec part{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int sent = device.fd();
  std::memcpy(CMSG_DATA(header), &sent, sizeof sent);
  ASSERT_EQ(::sendmsg(ends[0], &message, 0), 1);
  ASSERT_EQ(::recvmsg(ends[1], &message, 0), 1);
  int received = -1;
  std::memcpy(&received, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof received);
  EXPECT_NE(received, sent);
  EXPECT_TRUE(answers(received));
  EXPECT_EQ(device.counts().files, 1);
  for (const int fd : {received, ends[0], ends[1]}) ::close(fd);
}

TEST(Memory, IsMappedSharedAndCounted) {
  const Device device;
  void* at = ::mmap(nullptr, kBufferBytes, PROT_READ | PROT_WRITE, MAP_SHARED, device.fd(), 0);
  ASSERT_NE(at, MAP_FAILED);
  EXPECT_EQ(device.counts().mappings, 1);
  void* second = ::mmap64(nullptr, kBufferBytes, PROT_READ, MAP_SHARED, device.fd(), 0);
  ASSERT_NE(second, MAP_FAILED);
  static_cast<char*>(at)[100] = 'y';
  EXPECT_EQ(static_cast<char*>(second)[100], 'y');
  EXPECT_EQ(device.counts().mappings, 2);
  EXPECT_EQ(::munmap(second, kBufferBytes), 0);
  EXPECT_EQ(device.counts().mappings, 1);
  // Half of it: still a mapping. The middle of it: two.
  EXPECT_EQ(::munmap(static_cast<char*>(at) + kBufferBytes / 2, kBufferBytes / 2), 0);
  EXPECT_EQ(device.counts().mappings, 1);
  EXPECT_EQ(::munmap(static_cast<char*>(at) + 4096, 4096), 0);
  EXPECT_EQ(device.counts().mappings, 2);
  EXPECT_EQ(::munmap(at, kBufferBytes), 0);
  EXPECT_EQ(device.counts().mappings, 0);
}

TEST(Memory, FollowsMremapAndFixedMappings) {
  const Device device;
  void* at = ::mmap(nullptr, kBufferBytes, PROT_READ | PROT_WRITE, MAP_SHARED, device.fd(), 0);
  void* room = ::mmap(nullptr, kBufferBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  void* moved = ::mremap(at, kBufferBytes, kBufferBytes, MREMAP_MAYMOVE | MREMAP_FIXED, room);
  ASSERT_EQ(moved, room);
  EXPECT_EQ(device.counts().mappings, 1);
  ASSERT_EQ(::mmap(moved, kBufferBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), moved);
  EXPECT_EQ(device.counts().mappings, 0);
  ::munmap(moved, kBufferBytes);
}

TEST(Memory, OutlivesTheDescriptor) {
  Device device;
  auto* at = static_cast<char*>(::mmap(nullptr, kBufferBytes, PROT_READ | PROT_WRITE, MAP_SHARED, device.fd(), 0));
  at[0] = 'z';
  device.close();
  EXPECT_EQ(at[0], 'z');
  EXPECT_EQ(::munmap(at, kBufferBytes), 0);
}

TEST(Memory, IsRefusedAsTheKernelRefuses) {
  const Device reader(O_RDONLY);
  EXPECT_EQ(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, reader.fd(), 0), MAP_FAILED);
  EXPECT_EQ(errno, EACCES);
  const Device device;
  EXPECT_EQ(::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, device.fd(), 1 << 20), MAP_FAILED);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(::mmap(nullptr, 2 * kBufferBytes, PROT_READ, MAP_SHARED, device.fd(), 0), MAP_FAILED);
  EXPECT_EQ(errno, EINVAL);
}

}  // namespace
}  // namespace softvpu::scripted
