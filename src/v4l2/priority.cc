// SPDX-License-Identifier: LGPL-2.1-or-later
// Counting of priorities, as v4l2-dev.c counts them. Lock order: a file's lock, then this one.
#include "v4l2/priority.h"

#include <cerrno>

namespace softvpu::v4l2 {
namespace {

uint32_t highest_of(const std::array<uint32_t, V4L2_PRIORITY_RECORD + 1>& files) {
  for (uint32_t priority = V4L2_PRIORITY_RECORD; priority > V4L2_PRIORITY_UNSET; --priority)
    if (files[priority] > 0) return priority;
  return V4L2_PRIORITY_UNSET;
}

}  // namespace

Status PriorityState::change(uint32_t from, uint32_t to) {
  if (to > V4L2_PRIORITY_RECORD) return fail(EINVAL, "no such priority");
  const std::lock_guard lock(mutex_);
  if (from != V4L2_PRIORITY_UNSET) --files_[from];
  if (to != V4L2_PRIORITY_UNSET) ++files_[to];
  return {};
}

uint32_t PriorityState::highest() const {
  const std::lock_guard lock(mutex_);
  return highest_of(files_);
}

Status PriorityState::check(uint32_t own) const {
  const std::lock_guard lock(mutex_);
  if (own < highest_of(files_)) return fail(EBUSY, "another open file has a higher priority");
  return {};
}

}  // namespace softvpu::v4l2
