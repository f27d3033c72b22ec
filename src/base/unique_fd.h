// SPDX-License-Identifier: LGPL-2.1-or-later
// The one owner of a file descriptor. The library's own descriptors are CLOEXEC and numbered from 1000 on, so that
// those of the application around it stay low (select() ends at FD_SETSIZE): see raise_fd().
#pragma once

#include <utility>

#include "base/result.h"

namespace softvpu {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  explicit operator bool() const { return valid(); }
  [[nodiscard]] int release();
  // Closes what it holds (by the raw system call: never through an interposed close()) and takes `fd`.
  void reset(int fd = -1);
  // Returns a CLOEXEC duplicate numbered >= 1000. Errors: EMFILE, EBADF.
  Result<UniqueFd> duplicate() const;

 private:
  int fd_ = -1;
};

// Moves `fd` to a CLOEXEC number >= 1000 where the limits allow it, and keeps the old number otherwise.
// Errors: none beyond returning what it was given.
UniqueFd raise_fd(UniqueFd fd);

// The smallest descriptor >= `from` that raise_fd() or duplicate() put above 1000 and whose owner still holds it; -1 when there
// is none. So that a program that closes "everything" doesn't close what it never opened. Any thread, async-signal-safe.
int next_library_fd(int from);
inline bool is_library_fd(int fd) { return fd >= 1000 && next_library_fd(fd) == fd; }

}  // namespace softvpu
