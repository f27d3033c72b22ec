// SPDX-License-Identifier: LGPL-2.1-or-later
// A bounded window over the inputs. Tags count up, so the position is the key.
#include "v4l2/queue/tag_history.h"

namespace softvpu::v4l2 {

InputInfo info_of(const Buffer& output) {
  return {output.timestamp, output.timecode, output.flags & (V4L2_BUF_FLAG_TIMECODE | V4L2_BUF_FLAG_TSTAMP_SRC_MASK),
          output.field};
}

void copy_info(const InputInfo* info, Buffer& capture) {
  capture.timestamp = {};
  if (info == nullptr) return;
  capture.timestamp = info->timestamp;
  capture.flags |= info->flags;
  if ((info->flags & V4L2_BUF_FLAG_TIMECODE) != 0) capture.timecode = info->timecode;
}

codec::Tag TagHistory::add(const InputInfo& info) {
  kept_.push_back(info);
  if (kept_.size() > kCapacity) kept_.pop_front();
  return codec::Tag{next_++};
}

const InputInfo* TagHistory::find(codec::Tag tag) const {
  const auto value = static_cast<uint64_t>(tag);
  if (value == 0 || value >= next_ || kept_.empty()) return nullptr;
  const uint64_t oldest = next_ - kept_.size();
  return value < oldest ? &kept_.front() : &kept_[value - oldest];
}

}  // namespace softvpu::v4l2
