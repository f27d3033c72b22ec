// SPDX-License-Identifier: LGPL-2.1-or-later
// Ownership of descriptors, and their way to high numbers. Called by every room that holds a descriptor.
#include "base/unique_fd.h"

#include "base/raw_syscall.h"

namespace softvpu {
namespace {

constexpr int kLowestLibraryFd = 1000;

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
  if (old >= 0 && old != fd) raw::close(old);
}

Result<UniqueFd> UniqueFd::duplicate() const {
  const int copy = duplicate_high(fd_);
  if (copy < 0) return fail(-copy, "duplicating a file descriptor");
  return UniqueFd(copy);
}

UniqueFd raise_fd(UniqueFd fd) {
  if (!fd) return fd;
  if (fd.get() < kLowestLibraryFd) {
    const int raised = raw::fcntl(fd.get(), F_DUPFD_CLOEXEC, kLowestLibraryFd);
    if (raised >= 0) return UniqueFd(raised);
  }
  raw::fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
  return fd;
}

}  // namespace softvpu
