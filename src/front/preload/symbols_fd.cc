// SPDX-License-Identifier: LGPL-2.1-or-later
// close(2), dup(2), fcntl(2) and their families. Called by the application.
#include <fcntl.h>
#include <linux/close_range.h>
#include <unistd.h>

#include <climits>
#include <cstdarg>

#include "base/unique_fd.h"
#include "front/preload/symbols.h"

namespace softvpu::preload {
namespace {

using FcntlFn = int(int, int, ...);
Next<int(int)> next_close("close");
Next<int(unsigned, unsigned, int)> next_close_range("close_range");
Next<int(int)> next_dup("dup");
Next<int(int, int)> next_dup2("dup2");
Next<int(int, int, int)> next_dup3("dup3");
Next<FcntlFn> next_fcntl("fcntl");
Next<FcntlFn> next_fcntl64("fcntl64");

int close_ours(int fd) {
  const NoCancel guard;
  const FileRef file = fd_table::remove(fd);
  const int answer = raw::close(fd);
  if (file) file->closed_one();
  return libc_int(answer);
}

int close_plain_range(unsigned first, unsigned last, int flags) {
  auto* call = next_close_range.get();
  return call != nullptr ? call(first, last, flags) : libc_int(raw::call(SYS_close_range, first, last, flags));
}

// A program that closes everything means everything it knows of.
int close_all_but_the_library(unsigned first, unsigned last, int flags) {
  {
    const NoCancel guard;
    for (int fd = fd_table::next(static_cast<int>(first)); fd >= 0 && static_cast<unsigned>(fd) <= last;
         fd = fd_table::next(fd + 1)) {
      close_ours(fd);
    }
  }
  unsigned from = first;
  while (true) {
    const int keep = softvpu::next_library_fd(from > INT_MAX ? INT_MAX : static_cast<int>(from));
    if (keep < 0 || static_cast<unsigned>(keep) > last) return close_plain_range(from, last, flags);
    if (static_cast<unsigned>(keep) > from && close_plain_range(from, static_cast<unsigned>(keep) - 1, flags) < 0) return -1;
    from = static_cast<unsigned>(keep) + 1;
    if (from > last) return 0;
  }
}

// After the kernel made `to` from `from`.
int note_copy(int from, int to) {
  if (to >= 0 && from != to && (fd_table::is_ours(from) || fd_table::is_ours(to))) {
    const NoCancel guard;
    fd_table::copy(from, to);
  }
  return to;
}

int fcntl_any(Next<FcntlFn>& next, int fd, int command, long argument) {
  FcntlFn* call = next.get();
  const auto pass = [&] { return call != nullptr ? call(fd, command, argument) : libc_int(raw::fcntl(fd, command, argument)); };
  if (!fd_table::is_ours(fd)) return pass();
  switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
      return note_copy(fd, pass());
    case F_GETFL:
    case F_SETFL: {
      const NoCancel guard;
      const FileRef file = fd_table::find(fd);
      if (!file) return pass();
      if (command == F_GETFL) return file->status_flags();
      file->set_status_flags(static_cast<int>(argument));
      return 0;
    }
    default:
      return pass();
  }
}

}  // namespace
}  // namespace softvpu::preload

using namespace softvpu::preload;

SOFTVPU_EXPORT int close(int fd) {
  if (fd_table::is_ours(fd)) return close_ours(fd);
  if (softvpu::is_library_fd(fd)) return libc_int(-EBADF);
  auto* call = next_close.get();
  return call != nullptr ? call(fd) : libc_int(raw::close(fd));
}

SOFTVPU_EXPORT int close_range(unsigned first, unsigned last, int flags) {
  const bool closes = (static_cast<unsigned>(flags) & CLOSE_RANGE_CLOEXEC) == 0 && first <= last;
  return closes ? close_all_but_the_library(first, last, flags) : close_plain_range(first, last, flags);
}

SOFTVPU_EXPORT void closefrom(int lowest) {
  close_all_but_the_library(lowest < 0 ? 0 : static_cast<unsigned>(lowest), UINT_MAX, 0);
}

SOFTVPU_EXPORT int dup(int fd) {
  auto* call = next_dup.get();
  return note_copy(fd, call != nullptr ? call(fd) : libc_int(raw::call(SYS_dup, fd)));
}

SOFTVPU_EXPORT int dup2(int from, int to) {
  auto* call = next_dup2.get();
  if (call != nullptr) return note_copy(from, call(from, to));
  return from == to ? libc_int(raw::fcntl(from, F_GETFD)) < 0 ? -1 : to
                    : note_copy(from, libc_int(raw::call(SYS_dup3, from, to, 0)));
}

SOFTVPU_EXPORT int dup3(int from, int to, int flags) {
  auto* call = next_dup3.get();
  return note_copy(from, call != nullptr ? call(from, to, flags) : libc_int(raw::call(SYS_dup3, from, to, flags)));
}

SOFTVPU_EXPORT int fcntl(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  const long argument = va_arg(arguments, long);
  va_end(arguments);
  return fcntl_any(next_fcntl, fd, command, argument);
}

SOFTVPU_EXPORT int fcntl64(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  const long argument = va_arg(arguments, long);
  va_end(arguments);
  return fcntl_any(next_fcntl64, fd, command, argument);
}
