// SPDX-License-Identifier: LGPL-2.1-or-later
// Programs that shut themselves in: seccomp filters, limits, another root directory. What can work works; the rest gets an errno
// and a line for whoever asked for errors (SOFTVPU_DEBUG=1, which main() sets), and nobody is killed.
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <vector>

#include "tests/preload/guest/codec.h"
#include "tests/preload/guest/sanitized.h"

namespace softvpu::guest {
namespace {

// `listed` for each of `numbers`, `others` for everything else. False where the kernel has no filters.
bool filter_calls(const std::vector<long>& numbers, uint32_t listed, uint32_t others) {
  std::vector<sock_filter> program = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (const long number : numbers) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(number), 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, listed));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, others));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

bool refuse(const std::vector<long>& numbers, uint32_t action) { return filter_calls(numbers, action, SECCOMP_RET_ALLOW); }
bool allow_only(const std::vector<long>& numbers, uint32_t action) { return filter_calls(numbers, SECCOMP_RET_ALLOW, action); }

bool has_line(const Outcome& outcome) { return outcome.said.find("softvpu[") != std::string::npos; }

constexpr int kNoFilters = 77;

struct Filtered {
  const char* name;
  uint32_t action;
  bool before_open;
};
std::string name_of(const testing::TestParamInfo<Filtered>& info) {
  return std::string(info.param.name) + (info.param.before_open ? "BeforeOpen" : "AfterOpen");
}
void PrintTo(const Filtered& filtered, std::ostream* out) { *out << filtered.name; }

class AFilterWithoutProcessVm : public testing::TestWithParam<Filtered> {};

TEST_P(AFilterWithoutProcessVm, LetsTheDeviceWork) {
  const std::vector<long> numbers = {SYS_process_vm_readv, SYS_process_vm_writev};
  const Outcome outcome = in_child([&] {
    if (GetParam().before_open && !refuse(numbers, GetParam().action)) return kNoFilters;
    const Codec codec;
    if (codec.fd() < 0) return 1;
    if (!GetParam().before_open && !refuse(numbers, GetParam().action)) return kNoFilters;
    if (codec.start() != 0) return 2;
    for (int i = 0; i < 10; ++i) {
      if (codec.round_trip() != 0) return 3;
    }
    // Pointers possibly invalid, as ever.
    if (codec.call(VIDIOC_QUERYCAP, reinterpret_cast<void*>(8)) != -EFAULT) return 4;
    if (codec.call(VIDIOC_S_FMT, nullptr) != -EFAULT) return 5;
    std::vector<v4l2_ext_control> many(1000);
    for (auto& control : many) control.id = V4L2_CID_MIN_BUFFERS_FOR_CAPTURE;
    v4l2_ext_controls controls{};
    controls.count = static_cast<uint32_t>(many.size());
    controls.controls = many.data();
    if (codec.call(VIDIOC_G_EXT_CTRLS, &controls) != 0 || many.back().value == 0) return 6;
    return codec.stream(false) == 0 ? 0 : 7;
  });
  if (outcome.status == kNoFilters) GTEST_SKIP() << "this kernel has no seccomp filters";
  EXPECT_EQ(outcome.status, 0) << outcome.said;
}

INSTANTIATE_TEST_SUITE_P(Programs, AFilterWithoutProcessVm,
                         testing::Values(Filtered{"Kill", SECCOMP_RET_KILL_PROCESS, false},
                                         Filtered{"Kill", SECCOMP_RET_KILL_PROCESS, true},
                                         Filtered{"Trap", SECCOMP_RET_TRAP, false}, Filtered{"Trap", SECCOMP_RET_TRAP, true},
                                         Filtered{"Errno", SECCOMP_RET_ERRNO | EPERM, false},
                                         Filtered{"Errno", SECCOMP_RET_ERRNO | EPERM, true}),
                         name_of);

#if defined(SYS_poll)
class AFilterWithoutPpoll : public testing::TestWithParam<Filtered> {};

// The program calls poll() and select(); its library and the codec worker, which inherits the filter, must not need more than
// that.
TEST_P(AFilterWithoutPpoll, LetsTheDeviceWork) {
  const Outcome outcome = in_child([&] {
    if (GetParam().before_open && !refuse({SYS_ppoll}, GetParam().action)) return kNoFilters;
    Codec codec;
    if (codec.fd() < 0) return 1;
    if (!GetParam().before_open && !refuse({SYS_ppoll}, GetParam().action)) return kNoFilters;
    if (codec.start() != 0) return 2;
    for (int i = 0; i < 5; ++i) {
      if (codec.round_trip() != 0) return 3;
    }
    pollfd one{codec.fd(), POLLPRI, 0};
    if (::poll(&one, 1, 20) != 0) return 4;
    if (GetParam().action != SECCOMP_RET_KILL_PROCESS) {
      fd_set writes;
      FD_ZERO(&writes);
      FD_SET(codec.fd(), &writes);
      timeval limit{10, 0};
      if (codec.queue(0) != 0 || ::select(codec.fd() + 1, nullptr, &writes, nullptr, &limit) != 1) return 5;
      if (codec.dequeue() != 0) return 6;
    }
    codec.close();
    return 0;
  });
  if (outcome.status == kNoFilters) GTEST_SKIP() << "this kernel has no seccomp filters";
  EXPECT_EQ(outcome.status, 0) << outcome.said;
}

INSTANTIATE_TEST_SUITE_P(Programs, AFilterWithoutPpoll,
                         testing::Values(Filtered{"Eperm", SECCOMP_RET_ERRNO | EPERM, false},
                                         Filtered{"Eperm", SECCOMP_RET_ERRNO | EPERM, true},
                                         Filtered{"Enosys", SECCOMP_RET_ERRNO | ENOSYS, false},
                                         Filtered{"Enosys", SECCOMP_RET_ERRNO | ENOSYS, true},
                                         Filtered{"Kill", SECCOMP_RET_KILL_PROCESS, false}),
                         name_of);
#endif

// What a client of a kernel's device needs, and nothing more, from open() on: each step works, or says what it lacks. The session
// needs more (a process, shared memory): that is an error of REQBUFS or STREAMON with a line, not a crash or a wait.
TEST(AFilterInstalledAfterOpen, ThatAllowsAKernelDevicesClientOnlyIsAnErrnoAndALine) {
  if (kSanitizersCall) GTEST_SKIP() << "sanitizers make such calls themselves";
  const std::vector<long> kClients = {
    SYS_ioctl,
    SYS_mmap,
    SYS_munmap,
    SYS_mprotect,
    SYS_ppoll,
    SYS_read,
    SYS_write,
    SYS_futex,
    SYS_close,
    SYS_madvise,
    SYS_exit,
    SYS_exit_group,
#if defined(SYS_poll)
    SYS_poll,
#endif
    SYS_brk,
    SYS_getpid,
    SYS_gettid,
    SYS_clock_gettime,
    SYS_rt_sigreturn
  };
  for (const bool with_buffers : {false, true}) {
    const Outcome outcome = in_child([&] {
      Codec codec;
      if (codec.fd() < 0) return 1;
      if (with_buffers && (codec.set_format() != 0 || codec.request_buffers(2) != 0)) return 2;
      if (!allow_only(kClients, SECCOMP_RET_ERRNO | EPERM)) return kNoFilters;
      v4l2_capability capability{};
      if (codec.call(VIDIOC_QUERYCAP, &capability) != 0) return 3;
      if (!with_buffers) {
        if (codec.set_format() != 0) return 4;
        const int answer = codec.request_buffers(2);
        return answer == -EPERM || answer == -ENOMEM ? 0 : 5;
      }
      v4l2_plane plane{};
      v4l2_buffer buffer = Codec::buffer_of(0, &plane);
      if (codec.call(VIDIOC_QUERYBUF, &buffer) != 0) return 6;
      void* at = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, codec.fd(), plane.m.mem_offset);
      if (at == MAP_FAILED) return 7;
      const int answer = codec.stream(true);
      if (answer == 0) return 8;
      pollfd one{codec.fd(), POLLOUT, 0};
      if (::poll(&one, 1, 1000) != 1 || (one.revents & POLLERR) == 0) return 9;
      codec.close();
      return 0;
    });
    if (outcome.status == kNoFilters) GTEST_SKIP() << "this kernel has no seccomp filters";
    EXPECT_EQ(outcome.status, 0) << with_buffers << ": " << outcome.said;
    EXPECT_TRUE(has_line(outcome)) << with_buffers;
  }
}

// Once every buffer was queued, a session has what it needs. What is in the kernel for a real device are the calls to move
// readiness and arguments.
TEST(AFilterInstalledWhileStreaming, MayKillForAllButAFewCalls) {
  if (kSanitizersCall) GTEST_SKIP() << "sanitizers make such calls themselves";
  std::vector<long> calls = {SYS_ioctl,  SYS_ppoll, SYS_read,     SYS_write, SYS_futex,   SYS_sendto,    SYS_recvfrom,
                             SYS_munmap, SYS_mmap,  SYS_mprotect, SYS_brk,   SYS_madvise, SYS_exit_group};
#if defined(SYS_poll)
  calls.push_back(SYS_poll);
#endif
  const Outcome outcome = in_child([&] {
    const Codec codec;
    if (codec.start() != 0 || codec.round_trip() != 0) return 1;
    if (codec.queue(1) != 0) return 2;
    pollfd wanted{codec.fd(), POLLOUT, 0};
    if (::poll(&wanted, 1, 10'000) != 1 || codec.dequeue() != 0) return 3;
    if (!allow_only(calls, SECCOMP_RET_KILL_PROCESS)) return kNoFilters;
    for (int i = 0; i < 50; ++i) {
      if (codec.round_trip() != 0) ::_exit(4);
    }
    ::_exit(0);  // close() takes more
  });
  if (outcome.status == kNoFilters) GTEST_SKIP() << "this kernel has no seccomp filters";
  EXPECT_EQ(outcome.status, 0) << outcome.said;
}

// One system call after the other, refused between open and STREAMON: the session works, or some call fails and a line says why.
TEST(AFilterInstalledAfterOpen, NeverCrashesTheProgram) {
  if (kSanitizersCall) GTEST_SKIP() << "sanitizers make such calls themselves";
  const long kCalls[] = {SYS_memfd_create,  SYS_ftruncate,     SYS_socketpair,  SYS_eventfd2,
                         SYS_epoll_create1, SYS_epoll_ctl,     SYS_clone,       SYS_execve,
                         SYS_pipe2,         SYS_wait4,         SYS_fcntl,       SYS_sendmsg,
                         SYS_madvise,       SYS_rt_sigpending, SYS_dup3,        SYS_pidfd_send_signal,
                         SYS_kcmp,          SYS_getpid,        SYS_epoll_pwait, SYS_openat,
                         SYS_sendto,        SYS_recvfrom,      SYS_eventfd2,    SYS_rt_sigprocmask};
  for (const long call : kCalls) {
    const Outcome outcome = in_child([call] {
      const Codec codec;
      if (codec.fd() < 0) return 1;
      if (!refuse({call}, SECCOMP_RET_ERRNO | EPERM)) return kNoFilters;
      const int started = codec.start();
      if (started != 0) return 2;
      ::alarm(45);  // the buffer comes back at once, so poll() must not sleep to the end of its limit
      return codec.round_trip() == 0 ? 0 : 3;
    });
    if (outcome.status == kNoFilters) GTEST_SKIP() << "this kernel has no seccomp filters";
    EXPECT_LT(outcome.status, 128) << "system call " << call << ": " << outcome.said;
    EXPECT_TRUE(outcome.status == 0 || has_line(outcome)) << "system call " << call << " ended in " << outcome.status;
  }
}

// What the rules of a sandbox for media rarely name isn't called from open() on, whatever the number of threads.
TEST(AFilterInstalledAfterOpen, MayKillForWhatIoctlsDoNotNeed) {
  if (kSanitizersCall) GTEST_SKIP() << "sanitizers make such calls themselves";
  const Outcome outcome = in_child([] {
    const Codec codec;
    if (codec.fd() < 0) return 1;
    if (!refuse({SYS_pipe2, SYS_process_vm_readv, SYS_process_vm_writev}, SECCOMP_RET_KILL_PROCESS)) return kNoFilters;
    std::atomic<int> failures{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        for (int k = 0; k < 2000; ++k) {
          v4l2_format format{};
          format.type = kOutput;
          failures += codec.call(VIDIOC_G_FMT, &format) == 0 ? 0 : 1;
        }
      });
    }
    for (auto& thread : threads) thread.join();
    if (failures != 0) return 2;
    if (!refuse({SYS_rt_sigpending}, SECCOMP_RET_KILL_PROCESS)) return kNoFilters;
    return codec.set_format() == 0 && codec.request_buffers(2) == 0 ? 0 : 3;
  });
  if (outcome.status == kNoFilters) GTEST_SKIP() << "this kernel has no seccomp filters";
  EXPECT_EQ(outcome.status, 0) << outcome.said;
}

TEST(AFileSizeLimit, IsNoSignalAndSaysWhatItIs) {
  const Outcome outcome = in_child([] {
    const rlimit limit{200'000, 200'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const Codec codec;
    if (codec.fd() < 0) return 1;
    if (codec.set_format() != 0) return 2;
    return codec.request_buffers(2) == -ENOMEM ? 0 : 3;  // 1 MiB each
  });
  EXPECT_EQ(outcome.status, 0) << outcome.said;
  EXPECT_NE(outcome.said.find("RLIMIT_FSIZE"), std::string::npos) << outcome.said;
}

TEST(AFileSizeLimit, SetWhileStreamingIsNoSignal) {
  const Outcome outcome = in_child([] {
    const Codec codec;
    if (codec.fd() < 0) return 1;
    if (codec.set_format() != 0 || codec.request_buffers(2) != 0) return 2;
    const rlimit limit{0, 0};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    return codec.stream(true) == -ENOMEM ? 0 : 3;  // the memory that program and worker share
  });
  EXPECT_EQ(outcome.status, 0) << outcome.said;
  EXPECT_NE(outcome.said.find("RLIMIT_FSIZE"), std::string::npos) << outcome.said;
}

bool become_nobody() { return ::setgroups(0, nullptr) == 0 && ::setgid(65534) == 0 && ::setuid(65534) == 0; }

TEST(AProcessLimit, SaysEagain) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can be a user that has no process yet";
  const Outcome outcome = in_child([] {
    const Codec codec;
    if (codec.fd() < 0 || codec.set_format() != 0 || codec.request_buffers(2) != 0) return 1;
    if (!become_nobody()) return 2;
    const rlimit limit{1, 1};
    ::setrlimit(RLIMIT_NPROC, &limit);
    return codec.stream(true) == -EAGAIN ? 0 : 3;
  });
  EXPECT_EQ(outcome.status, 0) << outcome.said;
  EXPECT_TRUE(has_line(outcome));
}

// Another user, who can't walk to the worker's executable.
TEST(AnotherUser, StartsTheWorkerThatWasFoundAtOpen) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  const Outcome outcome = in_child([] {
    const Codec codec;
    if (codec.fd() < 0 || !become_nobody()) return 1;
    if (codec.start() != 0) return 2;
    return codec.round_trip() == 0 ? 0 : 3;
  });
  EXPECT_EQ(outcome.status, 0) << outcome.said;
}

// A ready worker of the run would do; but not every program has one.
TEST(AnotherRootDirectory, AfterOpenSaysWhatIsMissing) {
  if (::geteuid() != 0) GTEST_SKIP() << "chroot() needs root";
  char name[] = "/tmp/softvpu-guest-XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  const Outcome outcome = in_child([&] {
    ::unsetenv("SOFTVPU_WORKERS");
    const Codec codec;
    if (codec.fd() < 0 || ::chroot(name) != 0 || ::chdir("/") != 0) return 1;
    if (codec.set_format() != 0 || codec.request_buffers(2) != 0) return 2;
    return codec.stream(true) == -EIO ? 0 : 3;
  });
  EXPECT_EQ(outcome.status, 0) << outcome.said;
  EXPECT_NE(outcome.said.find("root directory"), std::string::npos) << outcome.said;
  std::filesystem::remove_all(name);
}

TEST(AnotherRootDirectory, WhileStreamingChangesNothing) {
  if (::geteuid() != 0) GTEST_SKIP() << "chroot() needs root";
  char name[] = "/tmp/softvpu-guest-XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  const Outcome outcome = in_child([&] {
    const Codec codec;
    if (codec.start() != 0 || ::chroot(name) != 0 || ::chdir("/") != 0) return 1;
    for (int i = 0; i < 5; ++i) {
      if (codec.round_trip() != 0) return 2;
    }
    const int exported = codec.export_buffer(O_RDWR | O_CLOEXEC);  // without /proc
    return exported >= 0 ? 0 : 3;
  });
  EXPECT_EQ(outcome.status, 0) << outcome.said;
  std::filesystem::remove_all(name);
}

}  // namespace
}  // namespace softvpu::guest
