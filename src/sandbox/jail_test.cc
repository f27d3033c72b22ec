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

extern char** environ;

namespace softvpu::sandbox {
namespace {

constexpr int kJailFailed = 200;
constexpr uid_t kUser = 12345;  // of these tests, where root runs them

int ending_of(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child) return -1;
  return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

// As in_jail(), without the jail: what this machine does by itself.
int outside_the_jail(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  return ending_of(child);
}

// How a child that jailed itself and then ran `body` ended: what `body` returned, or 1000 + the signal that killed it.
int in_jail(const std::function<int()>& body, const JailConfig& config = {}) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(30);  // a call that isn't refused may wait for ever
    const auto report = enter_jail(config);
    if (!report) {
      dprintf(2, "enter_jail: %s (%d)\n", report.error().reason.c_str(), report.error().code);
      _exit(kJailFailed);
    }
    _exit(body());
  }
  return ending_of(child);
}

bool become_user() {
  if (geteuid() != 0) return true;
  return setgroups(0, nullptr) == 0 && setresgid(kUser, kUser, kUser) == 0 && setresuid(kUser, kUser, kUser) == 0;
}

// The same as another user than root. Not run as root: no difference.
int in_users_jail(const std::function<int()>& body, const JailConfig& config = {}) {
  return outside_the_jail([&] { return become_user() && enter_jail(config) ? body() : kJailFailed; });
}

// A child that jailed itself and does nothing more, and what its report says.
class Inmate {
 public:
  explicit Inmate(const JailConfig& config = {}) {
    int to_us[2];
    int to_it[2];
    EXPECT_EQ(pipe(to_us), 0);
    EXPECT_EQ(pipe(to_it), 0);
    pid_ = fork();
    if (pid_ == 0) {
      close(to_it[1]);
      const auto entered = enter_jail(config);
      if (!entered) _exit(kJailFailed);
      JailReport copy = *entered;
      copy.missing.resize(std::min<size_t>(copy.missing.size(), sizeof(Flat::missing) - 1));
      Flat flat{};
      flat.landlock = copy.landlock;
      flat.user_namespace = copy.user_namespace;
      flat.network_namespace = copy.network_namespace;
      flat.ipc_namespace = copy.ipc_namespace;
      flat.mount_namespace = copy.mount_namespace;
      flat.empty_root = copy.empty_root;
      flat.no_bounding_set = copy.no_bounding_set;
      flat.own_user = copy.own_user;
      flat.thread_limit = copy.thread_limit;
      flat.memory_limit = copy.memory_limit;
      flat.oom_first = copy.oom_first;
      std::memcpy(flat.missing, copy.missing.data(), copy.missing.size());
      char byte = 0;
      if (write(to_us[1], &flat, sizeof(flat)) == sizeof(flat)) (void)!read(to_it[0], &byte, 1);
      _exit(0);
    }
    close(to_us[1]);
    close(to_it[0]);
    jailed_ = read(to_us[0], &report_, sizeof(report_)) == sizeof(report_);
    close(to_us[0]);
    end_ = UniqueFd(to_it[1]);
  }
  ~Inmate() {
    end_.reset();
    waitpid(pid_, nullptr, 0);
  }
  // JailReport, as it goes through a pipe.
  struct Flat {
    bool landlock, user_namespace, network_namespace, ipc_namespace, mount_namespace, empty_root, no_bounding_set, own_user,
        thread_limit, memory_limit, oom_first;
    char missing[512];
  };
  bool jailed() const { return jailed_; }
  const Flat& report() const { return report_; }
  std::string file(const char* name) const { return "/proc/" + std::to_string(pid_) + "/" + name; }
  std::string read_file(const char* name) const {
    std::stringstream text;
    text << std::ifstream(file(name)).rdbuf();
    return text.str();
  }
  std::string status(const std::string& field) const {
    std::istringstream lines(read_file("status"));
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(field + ":\t")) return line.substr(field.size() + 2);
    }
    return {};
  }
  bool shares_namespace(const char* kind) const {
    std::error_code error;
    const std::string name = std::string("ns/") + kind;
    return std::filesystem::read_symlink(file(name.c_str()), error) == std::filesystem::read_symlink("/proc/self/" + name, error);
  }

 private:
  pid_t pid_ = -1;
  bool jailed_ = false;
  Flat report_{};
  UniqueFd end_;
};

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

void* map_private(size_t size, int protection, int flags) {
  return mmap(nullptr, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
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
