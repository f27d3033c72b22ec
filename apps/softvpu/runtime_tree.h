// SPDX-License-Identifier: LGPL-2.1-or-later
// The private directory in which `softvpu run` shows devices: synthetic /dev, /sys and /run/udev entries and the index that the
// preload library reads (front/preload/virtual_tree.h has the format). Called by verb_run.cc. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace softvpu::cli {

struct NodeOptions {
  uint32_t minor = 10;  // /dev/video<minor>
  bool multiplanar = true;
  uint32_t threads = 0;  // of the codec; 0: the firmware chooses
};

// Removed, contents and all, with its object.
class RuntimeTree {
 public:
  // Makes the directory below $XDG_RUNTIME_DIR, $TMPDIR or /tmp, whichever works first, and everything in it.
  // Errors: EACCES, ENOSPC, … with the directory in the reason.
  static Result<RuntimeTree> create(const std::vector<NodeOptions>& nodes);
  RuntimeTree(RuntimeTree&& other) noexcept;
  RuntimeTree& operator=(RuntimeTree&&) = delete;
  ~RuntimeTree();

  const std::string& root() const { return root_; }
  void remove();

  // Removes trees whose owner was killed before it could. Returns how many.
  static int sweep_stale();

 private:
  RuntimeTree() = default;
  Status fill(const std::vector<NodeOptions>& nodes);

  std::string root_;
  UniqueFd lock_;  // held while the owner lives; sweep_stale() takes trees whose lock is free
};

}  // namespace softvpu::cli
