// SPDX-License-Identifier: LGPL-2.1-or-later
// Small misbehaving programs in the jail: each tries one thing that must be refused, or one that must go on working.
#include "sandbox/jail.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
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
#include <functional>
#include <thread>
#include <vector>

#include "base/shared_memory.h"
#include "sandbox/sanitizers.h"

extern char** environ;

namespace softvpu::sandbox {
namespace {

constexpr int kJailFailed = 200;

// How a child that jailed itself and then ran `body` ended: what `body` returned, or 1000 + the signal that killed it.
int in_jail(const std::function<int()>& body, const JailConfig& config = {}) {
  const pid_t child = fork();
  if (child == 0) {
    const auto report = enter_jail(config);
    if (!report) {
      dprintf(2, "enter_jail: %s (%d)\n", report.error().reason.c_str(), report.error().code);
      _exit(kJailFailed);
    }
    _exit(body());
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child) return -1;
  return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

// 0 when a call was refused with EPERM; otherwise something to read in the failure.
int refused(long result) {
  if (result >= 0) return 1;
  return errno == EPERM ? 0 : errno;
}

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
TEST(AJailedProcess, IsKilledForCallsByAnotherArchitecturesNumbers) {
  EXPECT_EQ(in_jail([] {
              long result;
              __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");  // i386's getpid
              return 1;
            }),
            1000 + SIGSYS);
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
