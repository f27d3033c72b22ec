// SPDX-License-Identifier: LGPL-2.1-or-later
// Changes of controls on their way to the session, each ahead of the picture that it counts for.
#include "v4l2/encoder/latched_controls.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace softvpu::v4l2 {
namespace {

// That a session of the codec can be told to set; nullptr: there is none.
const ControlInfo* find(const codec::CodecInfo& codec, uint32_t id) {
  const auto found = std::find_if(codec.controls.begin(), codec.controls.end(),
                                  [id](const ControlInfo& one) { return one.id == id && !one.read_only; });
  return found == codec.controls.end() ? nullptr : &*found;
}

}  // namespace

LatchedControls::LatchedControls(Controls& controls) : controls_(controls) {
  for (const auto& [id, value] : controls_.snapshot()) told_[id] = value;
}

void LatchedControls::choose(const codec::CodecInfo& codec, const codec::Capabilities& all) {
  for (const codec::CodecInfo& other : all.codecs)
    for (const ControlInfo& control : other.controls) controls_.set_active(control.id, find(codec, control.id) != nullptr);
}

void LatchedControls::latch(uint32_t index) {
  Changes changes = std::exchange(carried_, {});
  std::ranges::move(controls_.latch(), std::back_inserter(changes));
  waiting_.push_back({index, std::move(changes)});
}

void LatchedControls::unlatch() {
  for (Waiting& waiting : std::exchange(waiting_, {})) std::ranges::move(waiting.changes, std::back_inserter(carried_));
}

Status LatchedControls::tell_all(codec::Session& session, const codec::CodecInfo& codec) const {
  for (const auto& [id, value] : told_) {
    const ControlInfo* control = find(codec, id);
    if (control == nullptr || control->default_value == value) continue;
    if (auto status = session.set_control(id, value); !status) return status;
  }
  return {};
}

Status LatchedControls::tell(codec::Session& session, const codec::CodecInfo& codec, uint32_t index) {
  const auto found = std::ranges::find(waiting_, index, &Waiting::index);
  if (found == waiting_.end()) return {};
  const Changes changes = std::move(found->changes);
  waiting_.erase(found);
  for (const auto& [id, value] : changes) {
    if (const auto told = told_.find(id); told != told_.end()) told->second = value;
    if (find(codec, id) == nullptr) continue;
    if (auto status = session.set_control(id, value); !status) return status;
  }
  return {};
}

}  // namespace softvpu::v4l2
