// SPDX-License-Identifier: LGPL-2.1-or-later
// Ownership of descriptors, and their way to high numbers. Called by every room that holds a descriptor.
#include "base/unique_fd.h"

#include "base/raw_syscall.h"

namespace softvpu {
namespace {

constexpr int kLowestLibraryFd = 1000;
constexpr int kLowestPossible = 3;  // programs read and write 0 to 2, open or not

// A CLOEXEC duplicate, high if the limits allow it: with RLIMIT_NOFILE at or below 1000 the kernel
// returns EINVAL, with the numbers above 1000 used up EMFILE; a low number is then better than
// none. Returns the number or -errno.
int duplicate_high(int fd) {
  int copy = raw::fcntl(fd, F_DUPFD_CLOEXEC, kLowestLibraryFd);
  if (copy == -EINVAL || copy == -EMFILE) copy = raw::fcntl(fd, F_DUPFD_CLOEXEC, kLowestPossible);
  return copy;
}

}  // namespace

void UniqueFd::reset(int fd) {
  if (fd_ == fd || get() == fd) return;
  const int old = std::exchange(fd_, fd);
  // The kernel releases the number whatever close(2) returns, so there is nothing to retry.
  if (old < 0) return;
  const library_fds::Birth closing;
  raw::close(library_fds::remove(old));
}

int UniqueFd::release() {
  const int fd = std::exchange(fd_, -1);
  return fd < 0 ? fd : library_fds::remove(fd);
}

Result<UniqueFd> UniqueFd::duplicate() const {
  const library_fds::Birth birth;
  const int copy = duplicate_high(get());
  if (copy < 0) return fail(-copy, "duplicating a file descriptor");
  return UniqueFd(library_fds::add(copy));
}

UniqueFd raise_fd(UniqueFd fd) {
  if (!fd) return fd;
  const library_fds::Birth birth;
  if (fd.get() < kLowestLibraryFd) {
    int raised = raw::fcntl(fd.get(), F_DUPFD_CLOEXEC, kLowestLibraryFd);
    if (raised < 0 && fd.get() < kLowestPossible) raised = raw::fcntl(fd.get(), F_DUPFD_CLOEXEC, kLowestPossible);
    if (raised >= 0) return UniqueFd(library_fds::add(raised));
  }
  raw::fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
  return UniqueFd(library_fds::add(fd.release()));
}

}  // namespace softvpu
