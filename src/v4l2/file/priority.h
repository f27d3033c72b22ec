// SPDX-License-Identifier: LGPL-2.1-or-later
// Access priorities: shared by all opens of a device, the only thing they share. Clauses: vidioc-g-priority.rst, "Application
// Priority". Any thread.
#pragma once

#include <linux/videodev2.h>

#include <array>
#include <atomic>
#include <cstdint>

#include "base/result.h"

namespace softvpu::v4l2 {

class PriorityState {
 public:
  // Moves one file from `from` to `to`; V4L2_PRIORITY_UNSET when it opens or closes. Errors: EINVAL for an unknown `to`.
  Status change(uint32_t from, uint32_t to);
  // The highest priority that any open file has.
  uint32_t highest() const;
  // Errors: EBUSY when another file has a higher priority than `own`.
  Status check(uint32_t own) const;

 private:
  // By priority. Counters without a lock, as the kernel's: nothing that fork() could leave held.
  std::array<std::atomic<uint32_t>, V4L2_PRIORITY_RECORD + 1> files_{};
};

}  // namespace softvpu::v4l2
