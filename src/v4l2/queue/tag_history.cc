// SPDX-License-Identifier: LGPL-2.1-or-later
// A bounded window over the inputs. Tags count up, so the position is the key.
#include "v4l2/queue/tag_history.h"

namespace softvpu::v4l2 {

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
