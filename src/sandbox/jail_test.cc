// SPDX-License-Identifier: LGPL-2.1-or-later
// Small misbehaving programs in the jail: each tries one thing that must be refused, or one that must go on working.
#include "sandbox/jail.h"

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

extern char** environ;

namespace softvpu::sandbox {
namespace {

TEST(AJailedProcess, MayNotOpenFiles) {
  EXPECT_EQ(in_jail([] { return refused(open("/etc/passwd", O_RDONLY)); }), 0);
  EXPECT_EQ(in_jail([] { return refused(open("/tmp/softvpu-jail-test", O_WRONLY | O_CREAT, 0600)); }), 0);
  EXPECT_EQ(in_jail([] { return refused(syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", nullptr, 0)); }), 0);
  EXPECT_EQ(in_jail([] { return opendir("/") == nullptr ? 0 : 1; }), 0);
  EXPECT_EQ(in_jail([] { return refused(access("/etc/passwd", F_OK)); }), 0);
  EXPECT_EQ(in_jail([] { return refused(unlink("/tmp/softvpu-jail-test")); }), 0);
#ifdef SYS_open
  EXPECT_EQ(in_jail([] { return refused(syscall(SYS_open, "/etc/passwd", O_RDONLY)); }), 0);
#endif
}

TEST(AJailedProcess, MayNotOpenSockets) {
  EXPECT_EQ(in_jail([] { return refused(socket(AF_INET, SOCK_STREAM, 0)); }), 0);
  EXPECT_EQ(in_jail([] { return refused(socket(AF_UNIX, SOCK_STREAM, 0)); }), 0);
  EXPECT_EQ(in_jail([] { return refused(socket(AF_NETLINK, SOCK_RAW, 0)); }), 0);
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
  // Not even on one that it has: it could pass descriptors on, or connect elsewhere.
  EXPECT_EQ(in_jail([&] { return refused(send(pair[0], "x", 1, 0)); }), 0);
  EXPECT_EQ(in_jail([&] {
              sockaddr_in somewhere{};
              somewhere.sin_family = AF_INET;
              return refused(connect(pair[0], reinterpret_cast<sockaddr*>(&somewhere), sizeof(somewhere)));
            }),
            0);
  close(pair[0]);
  close(pair[1]);
}
TEST(AJailedProcess, MayNotStartProcesses) {
  // The raw calls: glibc's fork() would run its handlers first.
  EXPECT_EQ(in_jail([] { return refused(syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr)); }), 0);
  EXPECT_EQ(in_jail([] { return refused(syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, nullptr, nullptr, nullptr, 0)); }),
            0);
#ifdef SYS_fork
  EXPECT_EQ(in_jail([] { return refused(syscall(SYS_fork)); }), 0);
  EXPECT_EQ(in_jail([] { return refused(syscall(SYS_vfork)); }), 0);
#endif

  EXPECT_EQ(in_jail([] {
              char self[] = "/bin/true";
              char* const argv[] = {self, nullptr};
              return refused(execve(self, argv, environ));
            }),
            0);
  EXPECT_EQ(in_jail([] {
              syscall(SYS_clone3, nullptr, 0);
              return errno == ENOSYS ? 0 : errno;
            }),
            0);
}

TEST(AJailedProcess, MayNotMakeAThreadInANewNamespace) {
  EXPECT_EQ(
      in_jail([] {
        return refused(syscall(SYS_clone, CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_NEWNET, nullptr, nullptr, nullptr, 0));
      }),
      0);
}

TEST(AJailedProcess, MayNotMapExecutableMemory) {
  EXPECT_EQ(in_jail([] {
              return mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
                             errno == EPERM
                         ? 0
                         : 1;
            }),
            0);
  EXPECT_EQ(in_jail([] {
              void* at = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              if (at == MAP_FAILED) return 2;
              return refused(mprotect(at, 4096, PROT_READ | PROT_EXEC));
            }),
            0);
  const int memory = static_cast<int>(syscall(SYS_memfd_create, "code", 0));
  ASSERT_EQ(ftruncate(memory, 4096), 0);
  EXPECT_EQ(in_jail([&] { return mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, memory, 0) == MAP_FAILED ? 0 : 1; }), 0);
  close(memory);
}

TEST(AJailedProcess, MayNotMakeSharedMemoryOfItsOwn) {
  EXPECT_EQ(in_jail([] { return refused(syscall(SYS_memfd_create, "hoard", 0)); }), 0);
  EXPECT_EQ(in_jail([] { return refused(shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600)); }), 0);
  EXPECT_EQ(
      in_jail([] {
        return mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EPERM ? 0
                                                                                                                              : 1;
      }),
      0);
}

TEST(AJailedProcess, MayNotChangeHowSharedDescriptorsBehave) {
  const int event = eventfd(0, EFD_NONBLOCK);
  EXPECT_EQ(in_jail([&] { return refused(fcntl(event, F_SETFL, 0)); }), 0);
  EXPECT_EQ(in_jail([&] {
              int off = 0;
              return refused(ioctl(event, FIONBIO, &off));
            }),
            0);
  EXPECT_NE(fcntl(event, F_GETFL) & O_NONBLOCK, 0);
  close(event);
}

TEST(AJailedProcess, MayNotSignalOthersNorRaiseItsLimits) {
  const pid_t parent = getpid();
  EXPECT_EQ(in_jail([&] { return refused(kill(parent, 0)); }), 0);
  EXPECT_EQ(in_jail([&] { return refused(syscall(SYS_tgkill, parent, parent, 0)); }), 0);
  EXPECT_EQ(in_jail([] {
              const rlimit more{RLIM_INFINITY, RLIM_INFINITY};
              return refused(setrlimit(RLIMIT_NOFILE, &more));
            }),
            0);
}

TEST(AJailedProcess, IsKilledForWhatNoCodecWants) {
  constexpr int kKilled = 1000 + SIGSYS;
  EXPECT_EQ(in_jail([] { return static_cast<int>(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }), kKilled);
  EXPECT_EQ(in_jail([] { return unshare(CLONE_NEWUSER); }), kKilled);
  EXPECT_EQ(in_jail([] { return static_cast<int>(syscall(SYS_bpf, 0, nullptr, 0)); }), kKilled);
  EXPECT_EQ(in_jail([] { return static_cast<int>(syscall(SYS_io_uring_setup, 1, nullptr)); }), kKilled);
  EXPECT_EQ(in_jail([] { return static_cast<int>(syscall(SYS_process_vm_readv, getppid(), nullptr, 0, nullptr, 0, 0)); }),
            kKilled);
}

#if defined(__x86_64__)
int call_by_i386_number() {
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");  // i386's getpid
  return 42;  // no status of a process that a fault ends, by a sanitizer's hand either
}

TEST(AJailedProcess, IsKilledForCallsByAnotherArchitecturesNumbers) {
  // A kernel without 32-bit emulation takes the instruction for a fault; then there are no such calls.
  if (outside_the_jail(call_by_i386_number) != 42)
    GTEST_SKIP() << "this kernel has no 32-bit emulation (CONFIG_IA32_EMULATION, ia32_emulation=)";
  EXPECT_EQ(in_jail(call_by_i386_number), 1000 + SIGSYS);
}

TEST(AJailedProcess, IsKilledForCallsByX32sNumbers) {
  // The filter sees the number whether or not the kernel knows x32.
  EXPECT_EQ(in_jail([] { return static_cast<int>(syscall(0x40000000 + SYS_getpid)) == 0 ? 1 : 2; }), 1000 + SIGSYS);
}
#endif

TEST(AJailedProcess, StillHasThreadsMemoryAndClocks) {
  EXPECT_EQ(in_jail([] {
              std::vector<std::thread> threads;
              std::atomic<int> sum{0};
              for (int i = 0; i < 8; ++i) {
                threads.emplace_back([&sum] {
                  std::vector<char> block(16 << 20, 'x');  // an arena of its own
                  sum += block[block.size() / 2] == 'x';
                  std::this_thread::sleep_for(std::chrono::milliseconds(1));
                });
              }
              for (auto& thread : threads) thread.join();
              return sum.load() == 8 && time(nullptr) > 0 ? 0 : 1;
            }),
            0);
}

TEST(AJailedProcess, StillReceivesAndMapsMemory) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
  auto memory = SharedMemory::create("frame", 8192);
  ASSERT_TRUE(memory);
  char byte = 'm';
  iovec part{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  cmsghdr* rights = CMSG_FIRSTHDR(&header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  const int fd = memory->fd();
  std::memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
  ASSERT_EQ(sendmsg(pair[0], &header, 0), 1);
  EXPECT_EQ(in_jail([&] {
              char got = 0;
              iovec in{&got, 1};
              alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {};
              msghdr message{};
              message.msg_iov = &in;
              message.msg_iovlen = 1;
              message.msg_control = space;
              message.msg_controllen = sizeof(space);
              if (recvmsg(pair[1], &message, MSG_CMSG_CLOEXEC) != 1) return 1;
              const cmsghdr* item = CMSG_FIRSTHDR(&message);
              if (item == nullptr) return 2;
              int received = -1;
              std::memcpy(&received, CMSG_DATA(item), sizeof(received));
              auto adopted = SharedMemory::adopt(UniqueFd(received), 8192);
              if (!adopted) return 3;
              auto mapping = adopted->map();
              if (!mapping) return 4;
              mapping->data()[8191] = std::byte{42};
              return 0;
            }),
            0);
  auto mapping = memory->map();
  ASSERT_TRUE(mapping);
  EXPECT_EQ(mapping->data()[8191], std::byte{42});
  close(pair[0]);
  close(pair[1]);
}

TEST(AJailedProcess, StillUsesItsEventsAndMayAbort) {
  const int event = eventfd(0, EFD_NONBLOCK);
  EXPECT_EQ(in_jail([&] {
              uint64_t one = 1;
              if (write(event, &one, 8) != 8) return 1;
              pollfd wait{event, POLLIN, 0};
              if (poll(&wait, 1, 100) != 1) return 2;
              return read(event, &one, 8) == 8 ? 0 : 3;
            }),
            0);
  close(event);
  EXPECT_EQ(in_jail([]() -> int {
              signal(SIGABRT, SIG_DFL);
              abort();
            }),
            1000 + SIGABRT);
}

TEST(AJailedProcess, MayNotWriteToMemoryItWasGivenForReading) {
  const auto memory = SharedMemory::create("input", 4096);
  ASSERT_TRUE(memory);
  const UniqueFd reading(open(("/proc/self/fd/" + std::to_string(memory->fd())).c_str(), O_RDONLY | O_CLOEXEC));
  if (!reading.valid()) GTEST_SKIP() << "/proc isn't mounted";
  EXPECT_EQ(in_jail([&] {
              void* at = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, reading.get(), 0);
              if (at == MAP_FAILED) return 1;
              if (mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, reading.get(), 0) != MAP_FAILED) return 2;
              return mprotect(at, 4096, PROT_READ | PROT_WRITE) != 0 && errno == EACCES ? 0 : 3;
            }),
            0);
}

TEST(AJailedProcess, MakesThreadsThatShareEverything) {
  constexpr long kThread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
  const auto refuses = [](long flags) {
    return in_jail([&] { return refused(syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr)); });
  };
  for (const long missing : {CLONE_VM, CLONE_FS, CLONE_FILES, CLONE_SIGHAND, CLONE_THREAD, CLONE_SYSVSEM})
    EXPECT_EQ(refuses(kThread & ~missing), 0) << missing;
  for (const long extra : std::initializer_list<long>{CLONE_PTRACE, CLONE_VFORK, CLONE_PARENT, CLONE_NEWNS, CLONE_UNTRACED,
                                                      CLONE_CHILD_SETTID, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                                      CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET, CLONE_IO, CLONE_PIDFD, SIGCHLD})
    EXPECT_EQ(refuses(kThread | extra), 0) << extra;
}

TEST(AJailedProcess, UsesPlainFutexesOnly) {
  if (kSanitized) GTEST_SKIP() << "the sanitizers have futexes of their own";
  for (const int operation : {FUTEX_FD, FUTEX_REQUEUE, FUTEX_CMP_REQUEUE, FUTEX_WAKE_OP, FUTEX_LOCK_PI, FUTEX_UNLOCK_PI,
                              FUTEX_TRYLOCK_PI, FUTEX_WAIT_REQUEUE_PI, FUTEX_CMP_REQUEUE_PI, FUTEX_LOCK_PI2}) {
    for (const int variant : {0, FUTEX_PRIVATE_FLAG}) {
      EXPECT_EQ(in_jail([&] {
                  uint32_t word = 0;
                  uint32_t other = 0;
                  return refused(syscall(SYS_futex, &word, operation | variant, 0, nullptr, &other, 0));
                }),
                0)
          << operation;
    }
  }
  EXPECT_EQ(in_jail([] {
              uint32_t word = 0;
              const timespec moment{0, 1000};
              if (syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &moment) != -1 || errno != ETIMEDOUT) return 1;
              if (syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &moment, nullptr, ~0) != -1) return 2;
              if (errno != ETIMEDOUT) return 3;
              return syscall(SYS_futex, &word, FUTEX_WAKE, 1) == 0 ? 0 : 4;
            }),
            0);
}

TEST(AJailedProcess, AdvisesNothingThatItDoesntNeed) {
  if (kSanitized) GTEST_SKIP() << "the sanitizers advise a lot";
  for (const int advice : {MADV_NORMAL, MADV_WILLNEED, MADV_REMOVE, MADV_FREE, MADV_DONTFORK, MADV_HWPOISON, MADV_MERGEABLE,
                           MADV_UNMERGEABLE, MADV_HUGEPAGE, MADV_WIPEONFORK, MADV_COLD, MADV_PAGEOUT, 25 /* COLLAPSE */, 101}) {
    EXPECT_EQ(in_jail([&] { return refused(madvise(map_private(4096, PROT_READ | PROT_WRITE, 0), 4096, advice)); }), 0) << advice;
  }
}

TEST(AJailedProcess, AsksNothingAboutOtherProcesses) {
  const pid_t parent = getpid();
  cpu_set_t set;
  EXPECT_EQ(in_jail([&] { return refused(sched_getaffinity(parent, sizeof(set), &set)); }), kSanitized ? 1 : 0);
  EXPECT_EQ(in_jail([&] { return sched_getaffinity(0, sizeof(set), &set) == 0 ? 0 : 1; }), 0);
  // The processor time of another process: clock_getcpuclockid(3).
  clockid_t clock = 0;
  ASSERT_EQ(clock_getcpuclockid(parent, &clock), 0);
  timespec time{};
  EXPECT_EQ(in_jail([&] { return refused(syscall(SYS_clock_gettime, clock, &time)); }), 0);
  EXPECT_EQ(in_jail([&] { return refused(syscall(SYS_clock_getres, clock, &time)); }), 0);
  EXPECT_EQ(in_jail([&] { return refused(syscall(SYS_clock_nanosleep, clock, 0, &time, nullptr)); }), 0);
  EXPECT_EQ(in_jail([&] {
              for (const int own :
                   {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, CLOCK_BOOTTIME}) {
                if (clock_gettime(own, &time) != 0) return 1;
              }
              return 0;
            }),
            0);
  EXPECT_EQ(in_jail([&] { return refused(prlimit(parent, RLIMIT_NOFILE, nullptr, nullptr)); }), 0);
}

TEST(AThreadFromBefore, IsJailedToo) {
  EXPECT_EQ(outside_the_jail([] {
              std::atomic<int> jailed{0};
              std::atomic<int> result{-1};
              std::thread before([&] {
                while (jailed.load() == 0) sched_yield();
                result = refused(open("/etc/passwd", O_RDONLY));
              });
              JailConfig config;
              config.namespaces = false;  // a process with threads can't leave them
              if (!enter_jail(config)) return kJailFailed;
              jailed = 1;
              before.join();
              return result.load();
            }),
            0);
}

// As a filter that the client had before may have it.
bool refuse_filters_for_all_threads() {
  sock_filter program[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                           BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 3),
                           BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[1])),
                           BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, SECCOMP_FILTER_FLAG_TSYNC, 0, 1),
                           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
                           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog filter{std::size(program), program};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

TEST(AJail, ThatWouldHoldOneThreadOnlyIsNone) {
  EXPECT_EQ(outside_the_jail([] {
              if (!refuse_filters_for_all_threads()) return 1;
              return enter_jail({}) ? 2 : 0;
            }),
            0);
}

#if defined(__x86_64__)
TEST(AThreadThatCallsByX32sNumbers, TakesTheWholeProcessWithIt) {
  EXPECT_EQ(in_jail([] {
              std::thread bad([] { syscall(0x40000000 + SYS_getpid); });
              bad.join();
              return 1;
            }),
            1000 + SIGSYS);
}
#endif

// Whether this machine lets a process mount in a mount namespace of its own, with a user namespace or as root without one.
bool machine_gives_mounts() {
  for (const int namespaces : {CLONE_NEWUSER | CLONE_NEWNS, CLONE_NEWNS}) {
    if (outside_the_jail([namespaces] {
          if (unshare(namespaces) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 1;
          return mount("none", "/proc", "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0 ? 0 : 1;
        }) == 0)
      return true;
  }
  return false;
}

TEST(AJailedProcess, SeesNothingOfTheMachine) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may look into a jailed process";
  const Inmate inmate;
  ASSERT_TRUE(inmate.jailed());
  const auto& report = inmate.report();
  EXPECT_EQ(inmate.shares_namespace("user"), !report.user_namespace);
  EXPECT_EQ(inmate.shares_namespace("net"), !report.network_namespace);
  EXPECT_EQ(inmate.shares_namespace("ipc"), !report.ipc_namespace);
  EXPECT_EQ(inmate.shares_namespace("mnt"), !report.mount_namespace);
  if (!machine_gives_mounts()) GTEST_SKIP() << "this machine lets no process mount in a namespace of its own";
  ASSERT_TRUE(report.empty_root) << report.missing;
  std::error_code error;
  EXPECT_TRUE(std::filesystem::is_empty(inmate.file("root"), error)) << error.message();
  EXPECT_TRUE(std::filesystem::is_empty(inmate.file("cwd"), error)) << error.message();
  EXPECT_EQ(open((inmate.file("root") + "/file").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600), -1);
  EXPECT_EQ(errno, EROFS);
  const std::string mounts = inmate.read_file("mountinfo");
  EXPECT_EQ(std::count(mounts.begin(), mounts.end(), '\n'), 1) << mounts;
}

TEST(AJailedProcess, HasNoPrivilegeLeft) {
  const Inmate inmate;
  ASSERT_TRUE(inmate.jailed());
  constexpr const char* kNone = "0000000000000000";
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) EXPECT_EQ(inmate.status(set), kNone) << set;
  EXPECT_EQ(inmate.status("CapBnd") == kNone, inmate.report().no_bounding_set) << inmate.status("CapBnd");
  EXPECT_EQ(inmate.status("NoNewPrivs"), "1");
  EXPECT_EQ(inmate.status("Seccomp"), "2");
  if (geteuid() != 0) return;
  EXPECT_EQ(inmate.status("Groups"), " ");
  EXPECT_EQ(inmate.status("Uid").starts_with("0\t"), !inmate.report().own_user) << inmate.status("Uid");
  const Inmate other;
  EXPECT_TRUE(!other.report().own_user || inmate.status("Uid") != other.status("Uid"));
}

TEST(AJailedProcess, StillDiesWithItsParent) {
  int pipe_ends[2];
  ASSERT_EQ(pipe2(pipe_ends, O_CLOEXEC), 0);
  const pid_t parent = fork();
  if (parent == 0) {
    if (fork() == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (!enter_jail({})) _exit(1);
      (void)!write(pipe_ends[1], "j", 1);
      for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
    }
    close(pipe_ends[1]);
    char byte = 0;
    (void)!read(pipe_ends[0], &byte, 1);
    _exit(byte == 'j' ? 0 : 1);
  }
  close(pipe_ends[1]);
  EXPECT_EQ(ending_of(parent), 0);
  // The pipe's last writer is the jailed process.
  pollfd wait{pipe_ends[0], POLLIN, 0};
  EXPECT_EQ(poll(&wait, 1, 10'000), 1);
  EXPECT_NE(wait.revents & POLLHUP, 0);
  close(pipe_ends[0]);
}

TEST(AJailReport, TellsWhatIsMissing) {
  EXPECT_EQ(in_jail([] { return 0; }), 0);
  const pid_t child = fork();
  if (child == 0) {
    JailConfig config;
    config.namespaces = false;
    const auto report = enter_jail(config);
    const bool right = report && report->seccomp && !report->user_namespace && !report->network_namespace &&
                       (report->landlock || report->missing.find("landlock") != std::string::npos);
    _exit(right ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace softvpu::sandbox
