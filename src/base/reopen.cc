// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/reopen.h"

#include <charconv>
#include <cstring>
#include <iterator>

#include "base/library_fds.h"
#include "base/raw_syscall.h"

namespace softvpu {

namespace {

struct Identity {
  dev_t device = 0;
  ino_t inode = 0;
  friend bool operator==(const Identity&, const Identity&) = default;
};

// Not inlined: one struct stat at a time is enough for a small stack.
__attribute__((noinline)) Identity identity_of(int fd) {
  struct stat status {};
  return raw::fstat(fd, &status) == 0 ? Identity{status.st_dev, status.st_ino} : Identity{};
}

}  // namespace

int reopen(int fd, int flags) {
  char name[40] = "/proc/self/fd/";  // no printf(): it takes 2 KiB of the caller's stack
  *std::to_chars(name + std::strlen(name), std::end(name) - 1, fd).ptr = '\0';
  const library_fds::Birth birth;
  const int opened = raw::open(name, flags);
  if (opened < 0) return opened;
  const Identity wanted = identity_of(fd);
  if (wanted.inode != 0 && wanted == identity_of(opened)) return opened;
  raw::close(opened);
  return -ENOENT;
}

}  // namespace softvpu
