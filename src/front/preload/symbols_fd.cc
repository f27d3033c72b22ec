// SPDX-License-Identifier: LGPL-2.1-or-later
// close(2), dup(2), fcntl(2) and their families. Called by the application.
//
// The library's own descriptors are invisible to the program: closing, copying or changing one
// returns EBADF, range calls skip them, and dup2() onto the number of one moves it to another
// number first.
#include <fcntl.h>
#include <linux/close_range.h>
#include <unistd.h>

#include <climits>
#include <cstdarg>

#include "base/library_fds.h"
#include "front/preload/process.h"
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

// Number of the program's threads that share its descriptors, without the helper thread. 0:
// unknown.
int client_threads() {
  struct stat status {};
  if (raw::call(SYS_newfstatat, AT_FDCWD, raw::address("/proc/self/task"), raw::address(&status), 0) < 0) return 0;
  return static_cast<int>(status.st_nlink) - 2 - (EventLoop::process().started() ? 1 : 0);
}

// False where no library thread works on the caller's descriptors: before the first device is
// opened, and in a child of vfork() or of a bare clone(), which has its own descriptor table.
bool shares_numbers() { return library_fds::any() && process::owns_state() && process::is_owner(); }

// Runs part(first, last) on the range without the library's numbers. Stops at a failure.
template <typename F>
int around_the_library(unsigned first, unsigned last, F&& part) {
  for (unsigned from = first;;) {
    const int keep = from > INT_MAX ? -1 : library_fds::next(static_cast<int>(from));
    if (keep < 0 || static_cast<unsigned>(keep) > last) return part(from, last);
    if (static_cast<unsigned>(keep) > from && part(from, static_cast<unsigned>(keep) - 1) < 0) return -1;
    if (static_cast<unsigned>(keep) == last) return 0;
    from = static_cast<unsigned>(keep) + 1;
  }
}

// A program that closes "all" descriptors means all that it knows about.
int close_all_but_the_library(unsigned first, unsigned last, int flags) {
  unsigned wanted = static_cast<unsigned>(flags);
  if (first > last || (wanted & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) != 0) return close_plain_range(first, last, flags);
  bool closes_devices = (wanted & CLOSE_RANGE_CLOEXEC) == 0;
  if ((wanted & CLOSE_RANGE_UNSHARE) != 0 && process::is_owner()) {
    const NoCancel guard;
    // A single-threaded program can't notice the difference, and the helper thread keeps sharing
    // its descriptors.
    if (client_threads() == 1)
      wanted &= ~CLOSE_RANGE_UNSHARE;
    else
      closes_devices = false;  // the other threads keep their table, in which every device stays open
  }
  if (closes_devices && first <= INT_MAX) {
    const NoCancel guard;
    for (int fd = fd_table::next(static_cast<int>(first)); fd >= 0 && static_cast<unsigned>(fd) <= last;
         fd = fd_table::next(fd + 1)) {
      close_ours(fd);
    }
  }
  const auto close_part = [&](unsigned from, unsigned to) { return close_plain_range(from, to, static_cast<int>(wanted)); };
  if (!shares_numbers()) return around_the_library(first, last, close_part);
  const library_fds::Takeover
      takeover;  // otherwise a descriptor that another thread is just creating for the library could fall into the range
  return around_the_library(first, last, close_part);
}

constexpr library_fds::Movers kMovers = {[] { EventLoop::process().wake(); }, &OpenFile::descriptor_moved};

// In a copy of the process made by a bare clone(), nothing can be moved: there the number simply
// becomes the program's.
int note_taken(int to) {
  if (to >= 0 && library_fds::contains(to) && !process::owns_state()) library_fds::give_up(to);
  return to;
}

// After the kernel made `to` from `from`.
int note_copy(int from, int to) {
  if (to >= 0 && from != to && (fd_table::is_ours(from) || fd_table::is_ours(to))) {
    const NoCancel guard;
    fd_table::copy(from, to);
  }
  return to;
}

// dup2() or dup3() of the program's: call() makes `to` a copy of `from`.
template <typename F>
int copy_onto(int from, int to, int flags, F&& call) {
  if (library_fds::contains(from)) return libc_int(-EBADF);
  if (!shares_numbers()) return note_copy(from, note_taken(call()));
  int answer = -1;
  bool is_librarys = false;
  {
    const library_fds::Takeover takeover;
    if (!takeover) return libc_int(-EBUSY);
    is_librarys = library_fds::contains(to);
    if (!is_librarys) answer = call();
  }
  if (is_librarys) answer = libc_int(library_fds::replace(to, from, flags, kMovers));
  return note_copy(from, answer);
}

int fcntl_any(Next<FcntlFn>& next, int fd, int command, long argument) {
  if (library_fds::contains(fd)) return libc_int(-EBADF);
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
  if (softvpu::library_fds::contains(fd)) return libc_int(-EBADF);
  auto* call = next_close.get();
  return call != nullptr ? call(fd) : libc_int(raw::close(fd));
}

SOFTVPU_EXPORT int close_range(unsigned first, unsigned last, int flags) { return close_all_but_the_library(first, last, flags); }

SOFTVPU_EXPORT void closefrom(int lowest) {
  close_all_but_the_library(lowest < 0 ? 0 : static_cast<unsigned>(lowest), UINT_MAX, 0);
}

SOFTVPU_EXPORT int dup(int fd) {
  if (softvpu::library_fds::contains(fd)) return libc_int(-EBADF);
  auto* call = next_dup.get();
  return note_copy(fd, call != nullptr ? call(fd) : libc_int(raw::call(SYS_dup, fd)));
}

SOFTVPU_EXPORT int dup2(int from, int to) {
  return copy_onto(from, to, 0, [&] {
    auto* call = next_dup2.get();
    if (call != nullptr) return call(from, to);
    if (from == to) return libc_int(raw::fcntl(from, F_GETFD)) < 0 ? -1 : to;
    return libc_int(raw::call(SYS_dup3, from, to, 0));
  });
}

SOFTVPU_EXPORT int dup3(int from, int to, int flags) {
  return copy_onto(from, to, flags, [&] {
    auto* call = next_dup3.get();
    return call != nullptr ? call(from, to, flags) : libc_int(raw::call(SYS_dup3, from, to, flags));
  });
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
