// SPDX-License-Identifier: LGPL-2.1-or-later
// Device status on top of the stand-in files. Called by symbols_stat.cc.
#include "front/preload/file_status.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/sysmacros.h>

#include "base/raw_syscall.h"
#include "front/preload/fd_table.h"
#include "front/preload/next_symbol.h"
#include "front/preload/open_file.h"
#include "front/preload/path_table.h"

namespace softvpu::preload::file_status {
namespace {

// Owner and permissions are the stand-in's, so that what is shown is what the kernel checks when the node is opened.
mode_t as_node(mode_t mode) { return S_IFCHR | (mode & ~static_cast<mode_t>(S_IFMT)); }

bool tree_path_of(const TreeEntry& node, PathBuffer& path) {
  const VirtualTree* tree = VirtualTree::get();
  return tree != nullptr && path.assign(tree->root()) && path.append(node.path);
}

}  // namespace

void correct(struct stat& status) {
  if (!S_ISREG(status.st_mode)) return;
  const VirtualTree* tree = VirtualTree::get();
  const TreeEntry* node = tree == nullptr ? nullptr : tree->find_stand_in(status.st_dev, status.st_ino);
  if (node == nullptr) return;
  status.st_mode = as_node(status.st_mode);
  status.st_rdev = makedev(node->major, node->spec->minor);
  status.st_nlink = 1;
}

void correct(struct statx& status) {
  if (!S_ISREG(status.stx_mode)) return;
  const VirtualTree* tree = VirtualTree::get();
  if (tree == nullptr) return;
  const TreeEntry* node = tree->find_stand_in(makedev(status.stx_dev_major, status.stx_dev_minor), status.stx_ino);
  if (node == nullptr) return;
  status.stx_mode = static_cast<uint16_t>(as_node(status.stx_mode));
  status.stx_rdev_major = node->major;
  status.stx_rdev_minor = node->spec->minor;
  status.stx_nlink = 1;
}

bool of_device(int fd, struct stat& status) {
  const NoCancel guard;
  const FileRef file = fd_table::find(fd);
  if (!file) return false;
  PathBuffer path;
  status = {};
  status.st_mode = 0660;  // when the tree can't be reached any more
  if (tree_path_of(file->node(), path)) {
    raw::call(SYS_newfstatat, AT_FDCWD, raw::address(path.c_str()), raw::address(&status), 0);
  }
  status.st_mode = as_node(status.st_mode);
  status.st_rdev = makedev(file->node().major, file->node().spec->minor);
  status.st_nlink = 1;
  return true;
}

bool of_device(int fd, struct statx& status, unsigned mask) {
  const NoCancel guard;
  const FileRef file = fd_table::find(fd);
  if (!file) return false;
  PathBuffer path;
  status = {};
  status.stx_mode = 0660;
  if (tree_path_of(file->node(), path)) {
    raw::call(SYS_statx, AT_FDCWD, raw::address(path.c_str()), 0, mask, raw::address(&status));
  }
  status.stx_mode = static_cast<uint16_t>(as_node(status.stx_mode));
  status.stx_rdev_major = file->node().major;
  status.stx_rdev_minor = file->node().spec->minor;
  status.stx_mask |= STATX_TYPE | STATX_MODE;
  return true;
}

long magic_of_fd(int fd) {
  const VirtualTree* tree = VirtualTree::get();
  struct stat status {};
  if (tree == nullptr || raw::fstat(fd, &status) < 0 || status.st_dev != tree->device()) return 0;
  PathBuffer path;
  if (!path_of_fd(fd, path) || !is_at_or_below(path.view(), "/sys")) return 0;
  return tree->find(path.view()) != nullptr ? SYSFS_MAGIC : 0;
}

long magic_of_path(const char* path) {
  Resolved where;
  const bool ours = resolve(path, where) || resolve_links(AT_FDCWD, path, Follow::kYes, where);
  if (!ours || where.kind == Resolved::Kind::kHost || where.kind == Resolved::Kind::kNode) return 0;
  return is_at_or_below(where.host.view(), "/sys") ? SYSFS_MAGIC : 0;
}

}  // namespace softvpu::preload::file_status
