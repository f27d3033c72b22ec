// SPDX-License-Identifier: LGPL-2.1-or-later
// The library's own descriptors and a program that uses their numbers: nothing of the program's is written or closed, and both go
// on. With a real worker behind them: its doorbells are written by the program's threads and by the helper thread.
#include <dirent.h>
#include <gtest/gtest.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <thread>
#include <type_traits>
#include <vector>

#include "base/raw_syscall.h"
#include "tests/preload/guest/codec.h"
#include "tests/preload/guest/sanitized.h"

extern char** environ;

namespace softvpu::guest {
namespace {

// What the kernel has open, whether the library hides it or not.
std::vector<int> open_numbers() {
  std::vector<int> numbers;
  DIR* directory = ::opendir("/proc/self/fd");
  while (const dirent* entry = ::readdir(directory)) {
    if (const int number = std::atoi(entry->d_name); number > 0 && number != ::dirfd(directory)) numbers.push_back(number);
  }
  ::closedir(directory);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

const std::vector<int> open_at_start = open_numbers();

// What appeared since the program started and isn't one of `programs`: the library's, whatever it says of them.
std::vector<int> library_numbers(const std::vector<int>& programs) {
  std::vector<int> numbers;
  const auto is_in = [](const std::vector<int>& list, int number) { return std::count(list.begin(), list.end(), number) != 0; };
  for (const int number : open_numbers()) {
    if (!is_in(open_at_start, number) && !is_in(programs, number)) numbers.push_back(number);
  }
  EXPECT_GE(numbers.size(), 5u) << "a session has a region, a socket, doorbells and more";
  return numbers;
}

// The same in a program whose own numbers aren't known here: what fcntl() doesn't know.
std::vector<int> hidden_numbers() {
  std::vector<int> numbers;
  for (const int number : open_numbers()) {
    if (::fcntl(number, F_GETFD) < 0 && errno == EBADF) numbers.push_back(number);
  }
  return numbers;
}

class AProgramsFile {
 public:
  AProgramsFile() : fd_(::memfd_create("a program's log", MFD_CLOEXEC)) {}
  ~AProgramsFile() { ::close(fd_); }
  int fd() const { return fd_; }
  off_t size() const {
    struct stat status {};
    ::fstat(fd_, &status);
    return status.st_size;
  }

 private:
  int fd_;
};

TEST(TheLibrarysNumbers, AreNotThereForTheProgram) {
  const Codec codec;
  ASSERT_EQ(codec.start(), 0);
  const auto numbers = library_numbers({codec.fd()});
  for (const int number : numbers) {
    EXPECT_EQ(::close(number), -1) << number;
    EXPECT_EQ(::syscall(SYS_close, number), -1) << number;
    EXPECT_EQ(::dup(number), -1) << number;
    EXPECT_EQ(::dup2(number, 900), -1) << number;
    EXPECT_EQ(::dup3(number, 900, 0), -1) << number;
    EXPECT_EQ(::fcntl(number, F_DUPFD, 0), -1) << number;
    EXPECT_EQ(::fcntl(number, F_SETFD, 0), -1) << number;
    EXPECT_EQ(::fcntl(number, F_SETFL, 0), -1) << number;
    EXPECT_EQ(::ioctl(number, FIONCLEX), -1) << number;
    EXPECT_EQ(errno, EBADF) << number;
  }
  EXPECT_EQ(codec.round_trip(), 0);
}

// A program that clears close-on-exec on all it finds.
TEST(TheLibrarysNumbers, AreNotInheritedWhateverTheProgramClears) {
  const Codec codec;
  ASSERT_EQ(codec.start(), 0);
  const auto numbers = library_numbers({codec.fd()});
  for (const int number : open_numbers()) {
    ::fcntl(number, F_SETFD, 0);
    ::syscall(SYS_fcntl, number, F_SETFD, 0);
    ::ioctl(number, FIONCLEX);
    ::syscall(SYS_ioctl, number, FIONCLEX);
  }
  std::string script = "for n in";
  for (const int number : numbers) script += " " + std::to_string(number);
  script += "; do test -e /proc/self/fd/$n && exit 1; done; exit 0";
  char* const arguments[] = {const_cast<char*>("sh"), const_cast<char*>("-c"), script.data(), nullptr};
  pid_t child = 0;
  ASSERT_EQ(::posix_spawn(&child, "/bin/sh", nullptr, nullptr, arguments, environ), 0);
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0) << script;
}

// All ways there are; each number once, and again where the library went.
TEST(DupOverTheLibrary, WorksAndTheLibraryMovesAway) {
  const Codec codec;
  ASSERT_EQ(codec.start(), 0);
  ASSERT_EQ(codec.round_trip(), 0);
  const AProgramsFile file;
  int way = 0;
  std::vector<int> taken = {codec.fd(), file.fd()};
  for (int round = 0; round < 2; ++round) {
    for (const int number : library_numbers(taken)) {
      int answer = -1;
      switch (way++ % 4) {
        case 0:
          answer = ::dup2(file.fd(), number);
          break;
        case 1:
          answer = ::dup3(file.fd(), number, O_CLOEXEC);
          break;
        case 2:
          answer = static_cast<int>(::syscall(SYS_dup3, file.fd(), number, 0));
          break;
        case 3:
#if defined(SYS_dup2)
          answer = static_cast<int>(::syscall(SYS_dup2, file.fd(), number));
#else
          answer = ::dup2(file.fd(), number);
#endif
          break;
      }
      EXPECT_EQ(answer, number);
      EXPECT_GE(::fcntl(number, F_GETFD), 0) << "the number is the program's now";
      taken.push_back(number);
      ASSERT_EQ(codec.round_trip(), 0) << number;
    }
  }
  EXPECT_EQ(file.size(), 0) << "bytes that the program never wrote";
  struct stat wanted {};
  ::fstat(file.fd(), &wanted);
  Codec another;  // with new descriptors of the library
  EXPECT_EQ(another.start(), 0);
  EXPECT_EQ(another.round_trip(), 0);
  another.close();
  EXPECT_EQ(codec.stream(false), 0);
  taken.erase(taken.begin(), taken.begin() + 2);
  for (const int number : taken) {
    struct stat found {};
    EXPECT_EQ(::fstat(number, &found), 0) << number << " was closed by the library";
    EXPECT_EQ(found.st_ino, wanted.st_ino) << number;
    EXPECT_EQ(::close(number), 0);
  }
  EXPECT_EQ(file.size(), 0);
}

TEST(DupOverTheLibrary, OfNothingChangesNothing) {
  const Codec codec;
  ASSERT_EQ(codec.start(), 0);
  for (const int number : library_numbers({codec.fd()})) {
    EXPECT_EQ(::dup2(999'999, number), -1);
    EXPECT_EQ(errno, EBADF);
    EXPECT_EQ(::dup3(0, number, 0x40), -1);
    EXPECT_EQ(errno, EINVAL);
  }
  EXPECT_EQ(codec.round_trip(), 0);
}

TEST(DupOverTheLibrary, WorksWhileOtherThreadsUseTheDevice) {
  const AProgramsFile file;
  std::atomic<bool> stop{false};
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      const Codec codec;
      if (codec.start() != 0) ++failures;
      while (!stop) {
        if (codec.round_trip() != 0) ++failures;
      }
    });
  }
  std::vector<int> taken;
  for (int round = 0; round < 20; ++round) {
    ::usleep(5000);
    for (const int number : hidden_numbers()) {
      // EBADF of fcntl() may have been a moment between two of the library's.
      if (::dup2(file.fd(), number) == number) taken.push_back(number);
    }
    for (const int number : taken) ::close(number);
    taken.clear();
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(file.size(), 0);
}

// Begins and ends sessions, one after the other, until end().
class AnotherThreadsSessions {
 public:
  explicit AnotherThreadsSessions(const Codec& codec)
      : thread_([this, &codec] {
          while (!stop_) {
            if (codec.request_buffers(8) != 0 || codec.stream(true) != 0 || codec.stream(false) != 0) ++failures;
            if (codec.request_buffers(0) != 0) ++failures;
          }
        }) {}
  void end() {
    stop_ = true;
    thread_.join();
  }

  std::atomic<int> failures{0};

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;  // last: it uses the others
};

// A real device makes no descriptors while ioctls run, so a program may use any number that is free. The library's are free
// numbers for a moment, from the kernel's memfd_create() until they are moved up.
TEST(DupOntoAFreeNumber, NeverMeetsWhatTheLibraryIsMaking) {
  if (kSanitizersCall) GTEST_SKIP() << "sanitizers make such calls themselves";
  const AProgramsFile file;
  struct stat programs {};
  ASSERT_EQ(::fstat(file.fd(), &programs), 0);
  const Codec codec;
  ASSERT_EQ(codec.set_format(), 0);
  const int lowest = ::dup(0);
  ::close(lowest);
  AnotherThreadsSessions other(codec);
  int strangers = 0;
  int closed = 0;
  for (int i = 0; i < 5000 && strangers + closed == 0 && other.failures == 0; ++i) {
    const int number = lowest + i % 3;
    struct stat found {};
    if (::dup2(file.fd(), number) != number) ++strangers;
    for (int k = 0; k < 20; ++k) {
      if (::fstat(number, &found) != 0)
        ++closed;
      else if (found.st_ino != programs.st_ino || found.st_dev != programs.st_dev)
        ++strangers;
    }
    if (::close(number) != 0) ++closed;
  }
  other.end();
  EXPECT_EQ(strangers, 0) << "the number became another file's";
  EXPECT_EQ(closed, 0) << "the library closed the program's file";
  EXPECT_EQ(other.failures, 0) << "the program's file took a number away that the library had";
  EXPECT_EQ(file.size(), 0) << "bytes that the program never wrote";
}

TEST(CloseRange, NeverMeetsWhatTheLibraryIsMaking) {
  if (kSanitizersCall) GTEST_SKIP() << "sanitizers make such calls themselves";
  const Codec codec;
  ASSERT_EQ(codec.set_format(), 0);
  const int lowest = ::dup(0);
  ::close(lowest);
  AnotherThreadsSessions other(codec);
  for (int i = 0; i < 5000 && other.failures == 0; ++i) ::close_range(static_cast<unsigned>(lowest), UINT_MAX, 0);
  other.end();
  EXPECT_EQ(other.failures, 0);
}

// A copy of the process without the handlers of fork(): nothing moves, but the number is the child's.
TEST(DupOverTheLibrary, InABareCloneIsTheChildsOwn) {
  const Codec codec;
  ASSERT_EQ(codec.start(), 0);
  const auto numbers = library_numbers({codec.fd()});
  const AProgramsFile file;
  const auto child = static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
  if (child == 0) {
    for (const int number : numbers) {
      if (::dup2(file.fd(), number) != number) ::_exit(1);
      if (::fcntl(number, F_GETFD) < 0) ::_exit(2);
    }
    for (const int number : numbers) {
      struct stat found {};
      struct stat wanted {};
      ::fstat(file.fd(), &wanted);
      if (::fstat(number, &found) != 0 || found.st_ino != wanted.st_ino) ::_exit(4);
      if (::close(number) != 0) ::_exit(5);
    }
    ::_exit(file.size() == 0 ? 0 : 6);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(codec.round_trip(), 0);
  EXPECT_EQ(file.size(), 0);
}

TEST(DupOverTheLibrary, InAVforkedChildIsTheChildsOwn) {
  const Codec codec;
  ASSERT_EQ(codec.start(), 0);
  const auto numbers = library_numbers({codec.fd()});
  const AProgramsFile file;
  const int number = numbers.front();
  const pid_t child = ::vfork();  // NOLINT(clang-analyzer-security.insecureAPI.vfork): that is what is tested
  if (child == 0) {
    const bool done = ::dup2(file.fd(), number) == number;  // NOLINT(clang-analyzer-unix.Vfork)
    ::_exit(done ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  struct stat found {};
  struct stat programs {};
  ASSERT_EQ(::fstat(number, &found), 0);
  ASSERT_EQ(::fstat(file.fd(), &programs), 0);
  EXPECT_NE(found.st_ino, programs.st_ino) << "the parent's number is what it was";
  EXPECT_EQ(codec.round_trip(), 0);
  EXPECT_EQ(file.size(), 0);
}

TEST(ASpawnedProgram, MayCloseAndReplaceTheLibrarysNumbers) {
  const Codec codec;
  ASSERT_EQ(codec.start(), 0);
  const auto numbers = library_numbers({codec.fd()});
  posix_spawn_file_actions_t actions;
  ASSERT_EQ(::posix_spawn_file_actions_init(&actions), 0);
  for (const int number : numbers) ::posix_spawn_file_actions_addclose(&actions, number);
  ::posix_spawn_file_actions_adddup2(&actions, 0, numbers.front());
  char* const arguments[] = {const_cast<char*>("true"), nullptr};
  pid_t child = 0;
  ASSERT_EQ(::posix_spawn(&child, "/bin/true", &actions, nullptr, arguments, environ), 0);
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  ::posix_spawn_file_actions_destroy(&actions);
  EXPECT_EQ(codec.round_trip(), 0);
}

TEST(CloseRange, ClosesOnlyWhatItNames) {
  const Codec codec;
  ASSERT_EQ(codec.start(), 0);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const unsigned device = static_cast<unsigned>(codec.fd());
  const struct {
    unsigned first, last;
    int flags;
    int error;
  } kCases[] = {
      {0x80000000u, UINT_MAX, 0, 0},
      {0x80000000u, UINT_MAX, CLOSE_RANGE_UNSHARE, 0},
      {INT_MAX, UINT_MAX, 0, 0},
      {UINT_MAX, UINT_MAX, 0, 0},
      {device, device, CLOSE_RANGE_CLOEXEC, 0},
      {device, device, CLOSE_RANGE_CLOEXEC | CLOSE_RANGE_UNSHARE, 0},
      {3, UINT_MAX, 0x80, EINVAL},
      {device, device - 1, 0, EINVAL},
      {device + 100, UINT_MAX, 0, 0},
  };
  for (const auto& each : kCases) {
    for (const bool raw : {false, true}) {
      const int answer = raw ? static_cast<int>(::syscall(SYS_close_range, each.first, each.last, each.flags))
                             : ::close_range(each.first, each.last, each.flags);
      EXPECT_EQ(answer, each.error == 0 ? 0 : -1) << each.first << " " << each.last << " " << each.flags;
      if (each.error != 0) {
        EXPECT_EQ(errno, each.error);
      }
      EXPECT_GE(::fcntl(null, F_GETFD), 0);
      EXPECT_EQ(codec.round_trip(), 0) << each.first << " " << each.last << " " << each.flags;
    }
  }
  ::close(null);
}

TEST(CloseRange, OfAThreadThatUnsharesLeavesTheOthersTheirs) {
  const Codec codec;
  ASSERT_EQ(codec.start(), 0);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  for (const int flags : {int{CLOSE_RANGE_UNSHARE}, int{CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC}}) {
    std::thread([flags] { EXPECT_EQ(::close_range(3, UINT_MAX, flags), 0); }).join();
    EXPECT_GE(::fcntl(null, F_GETFD), 0);
    EXPECT_EQ(codec.round_trip(), 0);
  }
  ::close(null);
}

// Alone, a thread that unshares is the program: its devices are closed, and the next one works.
TEST(CloseRange, OfAProgramWithOneThreadClosesItsDevices) {
  const Outcome outcome = in_child([] {
    {
      const Codec codec;
      if (codec.start() != 0) return 1;
      if (::close_range(3, UINT_MAX, CLOSE_RANGE_UNSHARE) != 0) return 2;
      v4l2_capability capability{};
      if (codec.call(VIDIOC_QUERYCAP, &capability) != -EBADF) return 3;
    }
    const Codec another;
    if (another.start() != 0) return 4;
    return another.round_trip() == 0 ? 0 : 5;
  });
  EXPECT_EQ(outcome.status, 0) << outcome.said;
}

TEST(CloseRange, OfSeveralThreadsOverTheSameDevices) {
  for (int round = 0; round < 10; ++round) {
    std::vector<int> devices;
    for (int i = 0; i < 8; ++i) devices.push_back(::dup2(::open(kNode, O_RDWR | O_CLOEXEC), 500 + i));
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([] { EXPECT_EQ(::close_range(500, 510, 0), 0); });
    for (auto& thread : threads) thread.join();
    for (const int device : devices) EXPECT_EQ(::fcntl(device, F_GETFD), -1);
    ::closefrom(400);
  }
  const Codec codec;
  EXPECT_EQ(codec.start(), 0);
  EXPECT_EQ(codec.round_trip(), 0);
}

// With the usual limit of 1024 there are few numbers above 1000: those of a few buffers are low.
TEST(TheLibrarysNumbers, AreKeptWhereTheyAreLow) {
  const Outcome outcome = in_child([] {
    const rlimit low{1010, 1010};
    ::setrlimit(RLIMIT_NOFILE, &low);
    const Codec codec;
    if (codec.set_format() != 0 || codec.request_buffers(32) != 0 || codec.stream(true) != 0) return 1;
    for (int fd = 3; fd < 2000; ++fd) {
      if (fd != codec.fd()) ::close(fd);
    }
    if (codec.round_trip() != 0) return 2;
    const AProgramsFile file;
    for (const int number : hidden_numbers()) {
      if (number >= static_cast<int>(low.rlim_cur)) continue;  // inherited, and no longer allowed to be open
      if (::dup2(file.fd(), number) != number) return 100 + errno;
      ::close(number);
    }
    if (codec.round_trip() != 0) return 4;
    return file.size() == 0 ? 0 : 5;
  });
  EXPECT_EQ(outcome.status, 0) << outcome.said;
}

TEST(DupOfADevice, OverAnotherDeviceClosesThat) {
  Codec one;
  Codec two;
  ASSERT_EQ(one.start(), 0);
  ASSERT_EQ(two.start(), 0);
  EXPECT_EQ(::dup2(one.fd(), two.fd()), two.fd());
  one.close();
  EXPECT_EQ(two.round_trip(), 0);  // the first one's session
}

// Buffers that one thread frees while another maps them: EINVAL or a mapping, never what the number became.
TEST(Mmap, OfABufferThatIsFreedMeanwhile) {
  const Codec codec;
  ASSERT_EQ(codec.set_format(), 0);
  std::atomic<bool> stop{false};
  std::atomic<uint32_t> offset{0};
  std::thread other([&] {
    while (!stop) {
      if (codec.request_buffers(4) != 0) break;
      v4l2_plane plane{};
      v4l2_buffer buffer = Codec::buffer_of(3, &plane);
      if (codec.call(VIDIOC_QUERYBUF, &buffer) == 0) offset = plane.m.mem_offset;
      codec.request_buffers(0);
      ::close(::dup(0));
    }
  });
  int mapped = 0;
  for (int i = 0; i < 100'000 && mapped < 300; ++i) {
    void* at = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, codec.fd(), offset);
    if (at != MAP_FAILED) {
      ++mapped;
      ::munmap(at, 4096);
    } else if (errno == EINVAL) {
      ::usleep(10);  // lets the other one have the lock
    } else {
      ADD_FAILURE() << "errno " << errno << " at " << i;
      break;
    }
  }
  stop = true;
  other.join();
  EXPECT_EQ(mapped, 300);
}

// A program that has mmap(2) wait in the kernel's door when it maps at kHeld: until the buffers are freed, or for a while.
void* const kHeld = reinterpret_cast<void*>(0x10000000);
std::atomic<bool> mmap_is_held{false};
std::atomic<bool> buffers_are_freed{false};

void hold_mmap(int, siginfo_t*, void* context) {
  mmap_is_held = true;
  for (int i = 0; i < 200 && !buffers_are_freed; ++i) ::usleep(1000);
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  const auto fd = static_cast<int>(registers.gregs[REG_R8]);
  auto& result = registers.gregs[REG_RAX];
#else
  const auto fd = static_cast<int>(registers.regs[4]);
  auto& result = registers.regs[0];
#endif
  void* at = nullptr;
  const int error = raw::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0, &at);
  result = static_cast<std::remove_reference_t<decltype(result)>>(error < 0 ? error : reinterpret_cast<intptr_t>(at));
}

bool install_hold_mmap() {
  struct sigaction action {};
  action.sa_sigaction = hold_mmap;
  action.sa_flags = SA_SIGINFO;
  sock_filter program[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                           BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 3),
                           BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0])),
                           BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(reinterpret_cast<uintptr_t>(kHeld)), 0, 1),
                           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
                           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog filter{std::size(program), program};
  return ::sigaction(SIGSYS, &action, nullptr) == 0 && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

TEST(Mmap, IsOneStepForWhoFreesTheBuffer) {
  const Outcome outcome = in_child([] {
    const Codec codec;
    if (codec.set_format() != 0 || codec.request_buffers(4) != 0 || !install_hold_mmap()) return 200;
    v4l2_plane plane{};
    v4l2_buffer buffer = Codec::buffer_of(0, &plane);
    if (codec.call(VIDIOC_QUERYBUF, &buffer) != 0) return 201;
    std::thread other([&] {
      while (!mmap_is_held) ::usleep(1000);
      codec.request_buffers(0);
      buffers_are_freed = true;
    });
    const void* at = ::mmap(kHeld, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, codec.fd(), plane.m.mem_offset);
    const int error = at == MAP_FAILED ? errno : 0;
    other.join();
    return mmap_is_held ? error : 202;
  });
  EXPECT_EQ(outcome.status, 0) << outcome.said;
}

}  // namespace
}  // namespace softvpu::guest
