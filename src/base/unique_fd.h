// SPDX-License-Identifier: LGPL-2.1-or-later
// The one owner of a file descriptor. The library's own descriptors are CLOEXEC and numbered from
// 1000 on, so that those of the application around it stay low (select() ends at FD_SETSIZE): see
// raise_fd(). They may change their numbers (library_fds.h), so a number is asked for again at each
// use.
#pragma once

#include <utility>

#include "base/library_fds.h"
#include "base/result.h"

namespace softvpu {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}  // or a handle of library_fds
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  int get() const { return fd_ < library_fds::kFirstHandle ? fd_ : library_fds::number_of(fd_); }
  bool valid() const { return fd_ >= 0; }
  explicit operator bool() const { return valid(); }
  [[nodiscard]] int release();
  // The handle, which the caller removes. For static objects without destructors.
  [[nodiscard]] int keep() { return std::exchange(fd_, -1); }
  // Closes what it holds (by the raw system call: never through an interposed close()) and takes `fd`.
  void reset(int fd = -1);
  // Returns a CLOEXEC duplicate numbered >= 1000. Errors: EMFILE, EBADF.
  Result<UniqueFd> duplicate() const;

 private:
  int fd_ = -1;
};

// Moves `fd` to a CLOEXEC number >= 1000 where the limits allow it, and keeps the old number otherwise, unless that is a standard
// stream's: then it becomes any other. The caller's Birth (library_fds.h) began before the descriptor was made.
// Errors: none beyond returning what it was given.
UniqueFd raise_fd(UniqueFd fd);

}  // namespace softvpu
