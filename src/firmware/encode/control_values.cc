// SPDX-License-Identifier: GPL-2.0-or-later
// Values of controls: see control_values.h.
#include "firmware/encode/control_values.h"

namespace softvpu::firmware {

ControlValues::ControlValues(const std::vector<EncoderControl>& table) {
  for (const EncoderControl& row : table) values_[row.info.id] = {row.info.default_value, row.begins_anew};
}

void ControlValues::set(uint32_t id, int64_t value) {
  const auto found = values_.find(id);
  if (found == values_.end() || found->second.value == value) return;
  found->second.value = value;
  changed_ = true;
  begins_anew_ |= found->second.begins_anew;
}

int64_t ControlValues::of(uint32_t id) const {
  const auto found = values_.find(id);
  return found == values_.end() ? 0 : found->second.value;
}

std::vector<ControlInfo> described(const std::vector<EncoderControl>& table) {
  std::vector<ControlInfo> controls;
  for (const EncoderControl& row : table) controls.push_back(row.info);
  return controls;
}

}  // namespace softvpu::firmware
