// SPDX-License-Identifier: LGPL-2.1-or-later
// `softvpu doctor`: features of the kernel, and what a container may have taken away. Called by verb_doctor.cc.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "apps/softvpu/doctor_checks.h"
#include "base/shared_memory.h"

namespace softvpu::cli {
namespace {

Check good(std::string name, std::string found) { return {std::move(name), Verdict::kOk, std::move(found), {}, {}}; }

std::string error_text(int error) { return fmt::format("{} (errno {})", std::strerror(error), error); }

// The codec process is jailed by seccomp before it reads a stream, or not started at all.
Check check_seccomp() {
  const uint32_t action = SECCOMP_RET_ERRNO;
  if (::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0) return good("seccomp", "filters are available");
  return {"seccomp", Verdict::kFail, error_text(errno), "the codec process can't be jailed and refuses to start: nothing decodes",
          "a kernel with CONFIG_SECCOMP_FILTER; in a container, a profile that allows seccomp(2)"};
}

Check check_memfd() {
  const Result<SharedMemory> memory = SharedMemory::create("softvpu-doctor", 4096);
  if (memory && memory->map()) return good("memfd", "sealed shared memory can be made and mapped");
  const int error = memory ? ENOMEM : memory.error().code;
  return {"memfd", Verdict::kFail,
          memory ? "a memfd can't be mapped" : fmt::format("{}: {}", memory.error().reason, error_text(error)),
          "buffers live in sealed memfds: opening the device fails",
          error == EACCES ? "sysctl vm.memfd_noexec=1 (2 forbids memfds of programs that don't ask for NOEXEC)"
                          : "Linux 3.17 or later; in a container, a profile that allows memfd_create(2)"};
}

Check check_pidfd() {
  const long fd = ::syscall(SYS_pidfd_open, ::getpid(), 0);
  if (fd >= 0) {
    ::close(static_cast<int>(fd));
    return good("pidfd", "the end of a codec process can be seen");
  }
  return {"pidfd", Verdict::kFail, error_text(errno), "codec processes can't be watched and aren't started: nothing decodes",
          "Linux 5.3 or later; in a container, a profile that allows pidfd_open(2) and clone(2) with CLONE_PIDFD"};
}

// EPOLLPRI of an epoll set (event waits) is carried by an out-of-band byte on a unix stream.
Check check_out_of_band() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0) {
    return {"unix sockets", Verdict::kFail, error_text(errno), "device descriptors are socket pairs: opening the device fails",
            "a profile that allows socketpair(2) of AF_UNIX"};
  }
  pollfd waiting{.fd = ends[0], .events = POLLPRI, .revents = 0};
  const bool works = ::send(ends[1], "!", 1, MSG_OOB) == 1 && ::poll(&waiting, 1, 0) == 1 && (waiting.revents & POLLPRI) != 0;
  ::close(ends[0]);
  ::close(ends[1]);
  if (works) return good("unix sockets", "with out-of-band bytes");
  return {"unix sockets", Verdict::kWarn, "no out-of-band bytes",
          "EPOLLPRI doesn't wake a sleeping epoll_wait() or poll() by itself",
          "Linux 5.15 or later with CONFIG_AF_UNIX_OOB; programs that also wait for POLLIN aren't affected"};
}

// Arguments of ioctl() are copied this way so that a bad pointer is EFAULT and not a crash; there is a slower way by a pipe.
Check check_process_vm() {
  char from = 'x';
  char to = 0;
  const iovec local{&to, 1};
  const iovec remote{&from, 1};
  if (::process_vm_readv(::getpid(), &local, 1, &remote, 1, 0) == 1 && to == 'x') return good("process_vm_readv", "allowed");
  return {"process_vm_readv", Verdict::kWarn, error_text(errno), "ioctls take about a microsecond longer",
          "a container profile that allows it (Docker since 4.8 kernels does)"};
}

Check check_proc() {
  if (::access("/proc/self/fd", R_OK) == 0) return good("/proc", "mounted");
  return {"/proc", Verdict::kWarn, error_text(errno),
          "paths relative to a directory descriptor (udev, ls) don't find the synthetic entries", "mount -t proc proc /proc"};
}

Check check_ptrace_scope() {
  if (::prctl(PR_GET_DUMPABLE) == 1) return good("preloading", "the dynamic linker accepts LD_PRELOAD");
  return {"preloading", Verdict::kWarn, "this process isn't dumpable",
          "the same may hold for the program that is run: LD_PRELOAD could be ignored",
          "running without file capabilities and without a setuid wrapper"};
}

}  // namespace

std::vector<Check> check_kernel() {
  return {check_seccomp(),    check_memfd(), check_pidfd(),       check_out_of_band(),
          check_process_vm(), check_proc(),  check_ptrace_scope()};
}

}  // namespace softvpu::cli
