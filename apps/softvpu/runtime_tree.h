// SPDX-License-Identifier: LGPL-2.1-or-later
// The private directory in which `softvpu run` shows devices: synthetic /dev, /sys and /run/udev entries and the index that the
// preload library reads (front/preload/virtual_tree.h has the format). Called by verb_run.cc. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "v4l2/node_spec.h"

namespace softvpu::cli {

// Lives as long as a process of the run: those processes inherit a shared lock on the directory, and one that closed all its
// descriptors is found in /proc by its environment or by the index it has mapped. Removed, contents and all, by the object if no
// such process is left then, otherwise by a later run (ADR 14).
class RuntimeTree {
 public:
  // Makes the directory below $XDG_RUNTIME_DIR, $TMPDIR or /tmp, whichever may be used and works first (trusted_directory.h), and
  // everything in it. Root's can be read by the users that a program becomes; any other user's is his alone.
  // Errors: EACCES, ENOSPC, … with the directory in the reason.
  static Result<RuntimeTree> create(const std::vector<v4l2::NodeSpec>& nodes);
  RuntimeTree(RuntimeTree&& other) noexcept;
  RuntimeTree& operator=(RuntimeTree&&) = delete;
  ~RuntimeTree();

  const std::string& root() const { return root_; }
  // The descriptor that holds the lock, for the program to inherit.
  int lock_fd() const { return lock_.get(); }
  // Gives up the lock, and removes the tree unless a process of the run still uses it. `alone`: all of them are known to have
  // ended.
  void release(bool alone);

  // Removes trees that no process uses any more and nobody removed. Returns how many.
  static int sweep_stale();

 private:
  RuntimeTree() = default;
  Status fill(const std::vector<v4l2::NodeSpec>& nodes);

  std::string root_;
  UniqueFd lock_;  // of the directory, shared
};

}  // namespace softvpu::cli
