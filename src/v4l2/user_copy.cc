// SPDX-License-Identifier: LGPL-2.1-or-later
// The kernel checks the pointers: process_vm_readv/writev on the own process (always allowed by the kernel's own rules), and
// read(2)/write(2) of a pipe where a seccomp profile forbids those.
#include "v4l2/user_copy.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/raw_syscall.h"

namespace softvpu::v4l2 {
namespace {

std::atomic<bool> g_vm_calls_forbidden{false};

// One process_vm call. Returns 0, EFAULT, or another errno when the call itself isn't available.
int vm_copy(long number, void* own, const void* user, size_t size) {
  iovec local{own, size};
  iovec remote{const_cast<void*>(user), size};
  const long done = raw::call(number, raw::getpid(), raw::address(&local), 1, raw::address(&remote), 1, 0);
  if (done == static_cast<long>(size)) return 0;
  if (done >= 0 || done == -EFAULT || done == -EINVAL) return EFAULT;  // EINVAL: the address range wraps around
  return static_cast<int>(-done);
}

// A pipe of this call: no shared state, no lock, nothing to leak beyond the call.
struct Pipe {
  int fds[2] = {-1, -1};
  Pipe() {
    if (raw::call(SYS_pipe2, raw::address(fds), O_CLOEXEC | O_NONBLOCK) < 0) fds[0] = fds[1] = -1;
  }
  ~Pipe() {
    if (fds[0] >= 0) raw::close(fds[0]);
    if (fds[1] >= 0) raw::close(fds[1]);
  }
  bool valid() const { return fds[0] >= 0; }
};

constexpr size_t kPipeBytes = 4096;  // always fits an empty pipe

}  // namespace

int copy_from_user_by_pipe(void* to, const void* user, size_t size) {
  Pipe pipe;
  if (!pipe.valid()) return EFAULT;
  auto* out = static_cast<char*>(to);
  const auto* in = static_cast<const char*>(user);
  while (size > 0) {
    const size_t part = size < kPipeBytes ? size : kPipeBytes;
    const long written = raw::write(pipe.fds[1], in, part);  // the kernel answers EFAULT for memory it can't read
    if (written <= 0) return EFAULT;
    if (raw::read(pipe.fds[0], out, static_cast<size_t>(written)) != written) return EFAULT;
    in += written;
    out += written;
    size -= static_cast<size_t>(written);
  }
  return 0;
}

int copy_to_user_by_pipe(void* user, const void* from, size_t size) {
  Pipe pipe;
  if (!pipe.valid()) return EFAULT;
  auto* out = static_cast<char*>(user);
  const auto* in = static_cast<const char*>(from);
  while (size > 0) {
    const size_t part = size < kPipeBytes ? size : kPipeBytes;
    const long written = raw::write(pipe.fds[1], in, part);
    if (written <= 0) return EFAULT;
    if (raw::read(pipe.fds[0], out, static_cast<size_t>(written)) != written) return EFAULT;
    in += written;
    out += written;
    size -= static_cast<size_t>(written);
  }
  return 0;
}

int copy_from_user(void* to, const void* user, size_t size) {
  if (size == 0) return 0;
  if (user == nullptr) return EFAULT;
  if (!g_vm_calls_forbidden.load(std::memory_order_relaxed)) {
    const int error = vm_copy(SYS_process_vm_readv, to, user, size);
    if (error == 0 || error == EFAULT) return error;
    g_vm_calls_forbidden.store(true, std::memory_order_relaxed);
  }
  return copy_from_user_by_pipe(to, user, size);
}

int copy_to_user(void* user, const void* from, size_t size) {
  if (size == 0) return 0;
  if (user == nullptr) return EFAULT;
  if (!g_vm_calls_forbidden.load(std::memory_order_relaxed)) {
    const int error = vm_copy(SYS_process_vm_writev, const_cast<void*>(from), user, size);
    if (error == 0 || error == EFAULT) return error;
    g_vm_calls_forbidden.store(true, std::memory_order_relaxed);
  }
  return copy_to_user_by_pipe(user, from, size);
}

}  // namespace softvpu::v4l2
