// SPDX-License-Identifier: LGPL-2.1-or-later
// Ownership of descriptors, and their way to high numbers. Called by every room that holds a descriptor.
#include "base/unique_fd.h"

#include <atomic>
#include <bit>

#include "base/raw_syscall.h"

namespace softvpu {
namespace {

constexpr int kLowestLibraryFd = 1000;
constexpr int kHighestNoted = 1 << 20;  // fs.nr_open's default

// One bit a descriptor of ours. Zero pages until used.
std::atomic<uint64_t> noted[kHighestNoted / 64];

int note(int fd) {
  if (fd >= kLowestLibraryFd && fd < kHighestNoted) noted[fd / 64].fetch_or(uint64_t{1} << fd % 64, std::memory_order_relaxed);
  return fd;
}

void forget(int fd) {
  if (fd >= kLowestLibraryFd && fd < kHighestNoted)
    noted[fd / 64].fetch_and(~(uint64_t{1} << fd % 64), std::memory_order_relaxed);
}

// A CLOEXEC duplicate, high if the limits allow it: with RLIMIT_NOFILE at or below 1000 the kernel says EINVAL, with the numbers
// above 1000 used up EMFILE; a low number is then better than none. Returns the number or -errno.
int duplicate_high(int fd) {
  int copy = raw::fcntl(fd, F_DUPFD_CLOEXEC, kLowestLibraryFd);
  if (copy == -EINVAL || copy == -EMFILE) copy = raw::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  return copy;
}

}  // namespace

void UniqueFd::reset(int fd) {
  const int old = std::exchange(fd_, fd);
  // The kernel releases the number whatever close(2) returns, so there is nothing to retry.
  if (old < 0 || old == fd) return;
  forget(old);
  raw::close(old);
}

int UniqueFd::release() {
  forget(fd_);
  return std::exchange(fd_, -1);
}

Result<UniqueFd> UniqueFd::duplicate() const {
  const int copy = duplicate_high(fd_);
  if (copy < 0) return fail(-copy, "duplicating a file descriptor");
  return UniqueFd(note(copy));
}

UniqueFd raise_fd(UniqueFd fd) {
  if (!fd) return fd;
  if (fd.get() < kLowestLibraryFd) {
    const int raised = raw::fcntl(fd.get(), F_DUPFD_CLOEXEC, kLowestLibraryFd);
    if (raised >= 0) return UniqueFd(note(raised));
  }
  raw::fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
  note(fd.get());
  return fd;
}

int next_library_fd(int from) {
  int fd = from < kLowestLibraryFd ? kLowestLibraryFd : from;
  while (fd < kHighestNoted) {
    const uint64_t rest = noted[fd / 64].load(std::memory_order_relaxed) >> fd % 64;
    if (rest != 0) return fd + std::countr_zero(rest);
    fd = (fd / 64 + 1) * 64;
  }
  return -1;
}

}  // namespace softvpu
