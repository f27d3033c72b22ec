// SPDX-License-Identifier: LGPL-2.1-or-later
// Changes on their way to the session, each ahead of the picture that it counts for.
#include "v4l2/encoder/latched_parameters.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace softvpu::v4l2 {
namespace {

// A control that a session of the codec can be asked to set; nullptr: there is none.
const ControlInfo* find(const codec::CodecInfo& codec, uint32_t id) {
  const auto found = std::find_if(codec.controls.begin(), codec.controls.end(),
                                  [id](const ControlInfo& one) { return one.id == id && !one.read_only; });
  return found == codec.controls.end() ? nullptr : &*found;
}

}  // namespace

LatchedParameters::LatchedParameters(Controls& controls) : controls_(controls) {
  for (const auto& [id, value] : controls_.snapshot()) applied_[id] = value;
}

void LatchedParameters::choose(const codec::CodecInfo& codec, const codec::Capabilities& all) {
  // Codecs may share a control and not its range. A client may set controls before it chooses the codec (v4l2-ctl), so what this
  // one doesn't have takes what any other takes.
  std::map<uint32_t, ControlDefinition> ranges;
  for (const codec::CodecInfo& other : all.codecs) {
    for (const ControlInfo& control : other.controls) {
      controls_.set_active(control.id, find(codec, control.id) != nullptr);
      const auto definition = definition_of(control);
      if (!definition) continue;
      const auto [known, first] = ranges.try_emplace(control.id, *definition);
      if (first) continue;
      known->second.minimum = std::min(known->second.minimum, definition->minimum);
      known->second.maximum = std::max(known->second.maximum, definition->maximum);
      known->second.step = 1;
    }
  }
  for (const ControlInfo& control : codec.controls)
    if (const auto definition = definition_of(control)) ranges[control.id] = *definition;
  for (const auto& [id, range] : ranges) controls_.set_range(id, range.minimum, range.maximum, range.step, range.default_value);
}

void LatchedParameters::latch(uint32_t index, FrameInterval interval) {
  Changes changes = std::exchange(carried_, {});
  std::ranges::move(controls_.latch(), std::back_inserter(changes));
  waiting_.push_back({index, std::move(changes), interval});
}

void LatchedParameters::unlatch() {
  for (Waiting& waiting : std::exchange(waiting_, {})) std::ranges::move(waiting.changes, std::back_inserter(carried_));
}

FrameInterval LatchedParameters::begin(FrameInterval current) {
  applied_interval_ = waiting_.empty() ? current : waiting_.front().interval;
  return applied_interval_;
}

Status LatchedParameters::apply_all(codec::Session& session, const codec::CodecInfo& codec) const {
  for (const auto& [id, value] : applied_) {
    const ControlInfo* control = find(codec, id);
    if (control == nullptr || control->default_value == value) continue;
    if (auto status = session.set_control(id, value); !status) return status;
  }
  return {};
}

Status LatchedParameters::apply(codec::Session& session, const codec::CodecInfo& codec, uint32_t index) {
  const auto found = std::ranges::find(waiting_, index, &Waiting::index);
  if (found == waiting_.end()) return {};
  const Waiting parameters = std::move(*found);
  waiting_.erase(found);
  for (const auto& [id, value] : parameters.changes) {
    if (const auto applied = applied_.find(id); applied != applied_.end()) applied->second = value;
    if (find(codec, id) == nullptr) continue;
    if (auto status = session.set_control(id, value); !status) return status;
  }
  if (std::exchange(applied_interval_, parameters.interval) == parameters.interval) return {};
  return session.set_frame_interval(parameters.interval);
}

}  // namespace softvpu::v4l2
