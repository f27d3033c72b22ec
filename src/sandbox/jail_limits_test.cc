// SPDX-License-Identifier: LGPL-2.1-or-later
// What a process in the jail may use up: memory, addresses, stack, threads, processor time, descriptors.
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>
#include <vector>

#include "base/shared_memory.h"
#include "sandbox/sanitizers.h"
#include "sandbox/testing/in_jail.h"

namespace softvpu::sandbox {
namespace {

TEST(AJailedProcess, CannotHaveMoreMemoryThanItsLimit) {
  if (kSanitized) GTEST_SKIP() << "shadow memory is larger than any limit";
  JailConfig config;
  config.memory_limit_bytes = 256u << 20;
  EXPECT_EQ(in_jail(
                [] {
                  void* small = malloc(64u << 20);
                  void* large = malloc(512u << 20);
                  return small != nullptr && large == nullptr ? 0 : 1;
                },
                config),
            0);
}

TEST(AJailedProcess, MayNotMapMemoryThatNoLimitCounts) {
  if (kSanitized) GTEST_SKIP() << "the sanitizers map their shadow memory with flags of all kinds";
  constexpr int kWrite = PROT_READ | PROT_WRITE;
#if defined(MAP_32BIT)
  constexpr int kMap32Bit = MAP_32BIT;
#else
  constexpr int kMap32Bit = 0x40;  // x86's; elsewhere a flag that there isn't
#endif
  for (const int flags : {MAP_GROWSDOWN, MAP_HUGETLB, MAP_LOCKED, MAP_POPULATE, MAP_FIXED, kMap32Bit, MAP_NONBLOCK, MAP_DENYWRITE,
                          MAP_GROWSDOWN | MAP_STACK, MAP_SYNC}) {
    EXPECT_EQ(in_jail([&] { return map_private(4096, kWrite, flags) == MAP_FAILED && errno == EPERM ? 0 : 1; }), 0) << flags;
  }
  EXPECT_EQ(in_jail([] { return map_private(4096, PROT_READ, 0) == MAP_FAILED && errno == EPERM ? 0 : 1; }), 0);
  EXPECT_EQ(in_jail([] {
              void* at = map_private(4096, PROT_NONE, 0);
              return refused(mprotect(at, 4096, PROT_READ));
            }),
            0);
  const auto memory = SharedMemory::create("frame", 4096);
  ASSERT_TRUE(memory);
  for (const int flags : {MAP_SHARED_VALIDATE, MAP_PRIVATE, MAP_SHARED | MAP_POPULATE, MAP_SHARED | MAP_LOCKED}) {
    EXPECT_EQ(
        in_jail([&] { return mmap(nullptr, 4096, PROT_READ, flags, memory->fd(), 0) == MAP_FAILED && errno == EPERM ? 0 : 1; }),
        0)
        << flags;
  }
  // What malloc and thread stacks are made of.
  EXPECT_EQ(in_jail([] {
              void* heap = map_private(64 << 20, PROT_NONE, MAP_NORESERVE);
              void* stack = map_private(64 << 10, PROT_NONE, MAP_STACK);
              if (heap == MAP_FAILED || stack == MAP_FAILED) return 1;
              if (mprotect(heap, 1 << 20, kWrite) != 0 || mprotect(stack, 64 << 10, kWrite) != 0) return 2;
              void* grown = mremap(map_private(4096, kWrite, 0), 4096, 8192, MREMAP_MAYMOVE);
              return grown != MAP_FAILED && madvise(heap, 1 << 20, MADV_DONTNEED) == 0 ? 0 : 3;
            }),
            0);
}

// RLIMIT_DATA counts what is writable now. Pages stay when it isn't any more.
TEST(AJailedProcess, CannotHideMemoryFromItsLimit) {
  if (kSanitized) GTEST_SKIP() << "shadow memory is larger than any limit";
  JailConfig config;
  config.memory_limit_bytes = 64u << 20;
  for (const int hidden : {PROT_NONE, PROT_READ}) {
    EXPECT_EQ(in_jail(
                  [&] {
                    constexpr size_t kSize = 8u << 20;
                    for (int i = 0; i < 16; ++i) {
                      void* at = map_private(kSize, PROT_NONE, MAP_NORESERVE);
                      if (at == MAP_FAILED) return 2;
                      if (mprotect(at, kSize, PROT_READ | PROT_WRITE) != 0) return errno == ENOMEM ? 0 : errno;
                      std::memset(at, 'x', kSize);
                      (void)mprotect(at, kSize, hidden);
                    }
                    return 1;
                  },
                  config),
              0)
        << hidden;
  }
}

// Stacks that are made, kept and taken again, arenas that grow and shrink: none of it may need what the jail refuses.
TEST(AJailedProcess, StartsAndEndsThreadsAgainAndAgain) {
  EXPECT_EQ(in_jail([] {
              std::atomic<int> sum{0};
              for (int round = 0; round < 20; ++round) {
                std::vector<std::thread> threads;
                for (int i = 0; i < 12; ++i) {
                  threads.emplace_back([&sum, round] {
                    std::vector<std::vector<char>> blocks;
                    for (int size = 1; size <= 64; ++size) blocks.emplace_back(static_cast<size_t>(size) << 10, 'x');
                    blocks.emplace_back(size_t{1} << (10 + round % 12), 'x');
                    sum += blocks.back().back() == 'x';
                  });
                }
                for (auto& thread : threads) thread.join();
              }
              return sum.load() == 20 * 12 ? 0 : 1;
            }),
            0);
}

TEST(AJailedProcess, HasOnlySoManyAddresses) {
  if (kSanitized) GTEST_SKIP() << "shadow memory is larger than any limit";
  const auto exhaust = [] {
    if (map_private(size_t{4} << 40, PROT_NONE, MAP_NORESERVE) != MAP_FAILED) return 1;
    return errno == ENOMEM ? 0 : 2;
  };
  EXPECT_EQ(in_jail(exhaust), 0);
  EXPECT_EQ(in_users_jail(exhaust), 0);
  // Nor by mapping the same buffer again and again.
  const auto memory = SharedMemory::create("frame", size_t{1} << 30);
  ASSERT_TRUE(memory);
  JailConfig config;
  config.address_limit_bytes = uint64_t{8} << 30;
  EXPECT_EQ(in_jail(
                [&] {
                  for (int i = 0; i < 8; ++i) {
                    if (mmap(nullptr, memory->size(), PROT_READ, MAP_SHARED, memory->fd(), 0) == MAP_FAILED)
                      return errno == ENOMEM ? 0 : 1;
                  }
                  return 2;
                },
                config),
            0);
}

// A second stack's worth of limit: what grows down counts as that.
TEST(AJailedProcess, HasABoundedStack) {
  if (kSanitized) GTEST_SKIP() << "the limits of memory aren't set";
  EXPECT_EQ(in_jail([] {
              rlimit now{};
              return getrlimit(RLIMIT_STACK, &now) == 0 && now.rlim_cur <= 8u << 20 && now.rlim_max <= 8u << 20 ? 0 : 1;
            }),
            0);
}

// Root that can't become another user, as in a container without CAP_SETUID; the effective set alone would do for the calls.
bool give_up_changing_user() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capget, &header, sets) != 0) return false;
  for (auto* set : {&sets[0].permitted, &sets[0].effective, &sets[0].inheritable}) *set &= ~(1u << CAP_SETUID | 1u << CAP_SETGID);
  return syscall(SYS_capset, &header, sets) == 0;
}

// Runs threads until one can't be started; at most `most`.
int count_threads(int most) {
  for (int count = 0; count < most; ++count) {
    void* stack = map_private(16384, PROT_READ | PROT_WRITE, MAP_STACK);
    if (stack == MAP_FAILED) return count;
    const auto sleep = [](void*) -> int {
      for (;;) {
        const timespec time{100, 0};
        syscall(SYS_nanosleep, &time, nullptr);
      }
    };
    constexpr int kThread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    if (clone(sleep, static_cast<char*>(stack) + 16384, kThread, nullptr) < 0) return errno == EAGAIN ? count : -errno;
  }
  return most;
}

constexpr int kMaxThreads = 32;

bool is_limited(int threads) { return threads > kMaxThreads / 2 && threads <= kMaxThreads; }

// Whether this machine binds a process to RLIMIT_NPROC that root made another user, or that a user put into a user namespace.
bool machine_limits_threads() {
  return outside_the_jail([] {
           constexpr uid_t kOther = 0x7e000001;
           if (geteuid() == 0) {
             if (setgroups(0, nullptr) != 0 || setresgid(kOther, kOther, kOther) != 0 || setresuid(kOther, kOther, kOther) != 0)
               return 1;
           } else if (unshare(CLONE_NEWUSER) != 0) {
             return 1;
           }
           // What the new namespace gives would lift the limit.
           __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
           const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
           const rlimit limit{kMaxThreads, kMaxThreads};
           if (syscall(SYS_capset, &header, none) != 0 || setrlimit(RLIMIT_NPROC, &limit) != 0) return 1;
           return is_limited(count_threads(2 * kMaxThreads)) ? 0 : 1;
         }) == 0;
}

TEST(AJailedProcess, HasOnlySoManyThreads) {
  if (kSanitized) GTEST_SKIP() << "threads of this kind aren't the sanitizers'";
  if (!machine_limits_threads()) GTEST_SKIP() << "this machine limits the threads of no process of its own user or namespace";
  JailConfig config;
  config.max_threads = kMaxThreads;
  const auto count = [] { return is_limited(count_threads(2 * kMaxThreads)) ? 0 : 1; };
  const Inmate inmate(config);
  ASSERT_TRUE(inmate.jailed());
  EXPECT_TRUE(inmate.report().thread_limit) << inmate.report().missing;
  EXPECT_EQ(in_jail(count, config), 0);
  // A user has it by a user namespace only.
  if (outside_the_jail([] { return become_user() && unshare(CLONE_NEWUSER) == 0 ? 0 : 1; }) == 0) {
    EXPECT_EQ(in_users_jail(count, config), 0);
  }
}

// Whatever the machine is like, and whoever runs it: the report is right.
TEST(AJailReport, SaysWhetherThreadsAreLimited) {
  if (kSanitized) GTEST_SKIP() << "threads of this kind aren't the sanitizers'";
  JailConfig config;
  config.max_threads = kMaxThreads;
  for (const bool namespaces : {true, false}) {
    for (const bool stuck : {false, true}) {
      config.namespaces = namespaces;
      EXPECT_EQ(outside_the_jail([&] {
                  if (stuck && !give_up_changing_user()) return 1;
                  const auto report = enter_jail(config);
                  if (!report) return kJailFailed;
                  if (report->thread_limit == (report->missing.find("no thread limit") != std::string::npos)) return 2;
                  // Without a limit of its own it may still have its user's.
                  return !report->thread_limit || count_threads(2 * kMaxThreads) <= kMaxThreads ? 0 : 3;
                }),
                0)
          << "namespaces " << namespaces << ", stuck " << stuck;
    }
  }
}

TEST(AJailedProcess, GoesBeforeItsClientWhenMemoryRunsOut) {
  if (outside_the_jail([] {
        const UniqueFd file(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
        return file.valid() && write(file.get(), "1000", 4) == 4 ? 0 : 1;
      }) != 0)
    GTEST_SKIP() << "this machine lets no process raise its oom_score_adj";
  const Inmate inmate;
  ASSERT_TRUE(inmate.jailed());
  EXPECT_TRUE(inmate.report().oom_first) << inmate.report().missing;
  EXPECT_EQ(inmate.read_file("oom_score_adj"), "1000\n");
}

TEST(AJailedProcess, MovesItsOwnProcessorLimitOnlyIfItMay) {
  const auto move = [] {
    const rlimit later{1000, RLIM_INFINITY};
    return setrlimit(RLIMIT_CPU, &later) == 0 ? 0 : errno;
  };
  EXPECT_EQ(in_jail(move), EPERM);
  JailConfig config;
  config.moves_cpu_limit = true;
  EXPECT_EQ(in_jail(move, config), 0);
  EXPECT_EQ(in_jail(
                [] {
                  const rlimit more{RLIM_INFINITY, RLIM_INFINITY};
                  return refused(setrlimit(RLIMIT_NOFILE, &more));
                },
                config),
            0);
}

TEST(AJailedProcess, EndsWhenItsProcessorTimeIsUsedUp) {
  JailConfig config;
  config.cpu_limit = std::chrono::seconds(1);
  EXPECT_EQ(in_jail(
                []() -> int {
                  for (std::atomic<uint64_t> spin{0};;) spin.fetch_add(1);
                },
                config),
            1000 + SIGKILL);
}

TEST(AJailedProcess, HoldsOnlySoManyDescriptors) {
  JailConfig config;
  config.max_descriptors = 64;
  const int event = eventfd(0, 0);
  EXPECT_EQ(in_jail(
                [&] {
                  for (int i = 0; i < 64; ++i) {
                    if (fcntl(event, F_DUPFD_CLOEXEC, 0) < 0) return errno == EMFILE ? 0 : errno;
                  }
                  return 1;
                },
                config),
            0);
  close(event);
}

}  // namespace
}  // namespace softvpu::sandbox
