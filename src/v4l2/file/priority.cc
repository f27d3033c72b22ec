// SPDX-License-Identifier: LGPL-2.1-or-later
// Counting of priorities, as v4l2-dev.c counts them.
#include "v4l2/file/priority.h"

#include <cerrno>

namespace softvpu::v4l2 {

Status PriorityState::change(uint32_t from, uint32_t to) {
  if (to > V4L2_PRIORITY_RECORD) return fail(EINVAL, "no such priority");
  if (to != V4L2_PRIORITY_UNSET) files_[to].fetch_add(1, std::memory_order_relaxed);
  if (from != V4L2_PRIORITY_UNSET) files_[from].fetch_sub(1, std::memory_order_relaxed);
  return {};
}

uint32_t PriorityState::highest() const {
  for (uint32_t priority = V4L2_PRIORITY_RECORD; priority > V4L2_PRIORITY_UNSET; --priority)
    if (files_[priority].load(std::memory_order_relaxed) > 0) return priority;
  return V4L2_PRIORITY_UNSET;
}

Status PriorityState::check(uint32_t own) const {
  if (own < highest()) return fail(EBUSY, "another open file has a higher priority");
  return {};
}

}  // namespace softvpu::v4l2
