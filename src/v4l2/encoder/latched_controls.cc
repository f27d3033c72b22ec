// SPDX-License-Identifier: LGPL-2.1-or-later
// Changes of controls on their way to the session, each ahead of the picture that it counts for.
#include "v4l2/encoder/latched_controls.h"

#include <algorithm>
#include <utility>

namespace softvpu::v4l2 {
namespace {

const ControlInfo* find(const codec::CodecInfo& codec, uint32_t id) {
  const auto found =
      std::find_if(codec.controls.begin(), codec.controls.end(), [id](const ControlInfo& one) { return one.id == id; });
  return found == codec.controls.end() ? nullptr : &*found;
}

}  // namespace

void LatchedControls::latch(const codec::CodecInfo& codec, uint32_t index) {
  Changes changes;
  for (const ControlInfo& control : codec.controls) {
    if (control.read_only) continue;
    const auto now = controls_.value(control.id);
    if (!now) continue;
    const auto [latched, is_new] = latched_.emplace(control.id, control.default_value);
    if (latched->second == *now) continue;
    latched->second = *now;
    changes.emplace_back(control.id, *now);
  }
  waiting_[index] = std::move(changes);
}

void LatchedControls::unlatch() {
  waiting_.clear();
  latched_ = told_;
}

Status LatchedControls::tell_all(codec::Session& session, const codec::CodecInfo& codec) {
  for (const auto& [id, value] : told_) {
    const ControlInfo* control = find(codec, id);
    if (control == nullptr || control->default_value == value) continue;
    if (auto status = session.set_control(id, value); !status) return status;
  }
  return {};
}

Status LatchedControls::tell(codec::Session& session, uint32_t index) {
  for (const auto& [id, value] : std::exchange(waiting_[index], {})) {
    if (auto status = session.set_control(id, value); !status) return status;
    told_[id] = value;
  }
  return {};
}

}  // namespace softvpu::v4l2
