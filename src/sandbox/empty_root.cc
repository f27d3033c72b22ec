// SPDX-License-Identifier: LGPL-2.1-or-later
// pivot_root(2) into an empty tmpfs: see empty_root.h.
#include "sandbox/empty_root.h"

#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace softvpu::sandbox {
namespace {

// A directory that is there on every machine, to mount over.
constexpr const char* kPlaces[] = {"/proc", "/dev", "/tmp", "/usr"};

}  // namespace

Status enter_empty_root() {
  // Nothing that is mounted here may be seen in the namespace that this one was copied from.
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return fail_errno("making mounts private");
  const char* root = nullptr;
  for (const char* place : kPlaces) {
    if (mount("none", place, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,nr_inodes=1,mode=0555") != 0)
      continue;
    root = place;
    break;
  }
  if (root == nullptr) return fail_errno("mounting an empty file system");
  if (chdir(root) != 0) return fail_errno("entering an empty file system");
  // pivot_root(2), NOTES: with both names "." the old root ends up on top of the new one, from where it is taken away.
  if (syscall(SYS_pivot_root, ".", ".") != 0) return fail_errno("pivot_root");
  if (umount2(".", MNT_DETACH) != 0) return fail_errno("umount of the former root");
  if (chdir("/") != 0) return fail_errno("chdir to the empty root");
  return {};
}

}  // namespace softvpu::sandbox
