// SPDX-License-Identifier: LGPL-2.1-or-later
// A control of a codec as it is described: V4L2's id, what values it takes, and its default
// (vidioc-queryctrl.rst). What value it has isn't handled here.
#pragma once

#include <cstdint>
#include <string>

namespace softvpu {

// V4L2's numbers (enum v4l2_ctrl_type).
enum class ControlType : uint8_t { kInteger = 1, kBoolean = 2, kMenu = 3, kButton = 4 };

struct ControlInfo {
  uint32_t id = 0;
  ControlType type = ControlType::kInteger;
  bool read_only = false;
  int64_t minimum = 0;  // of a menu: items, 0 to 63
  int64_t maximum = 0;
  int64_t default_value = 0;
  uint64_t step = 1;
  uint64_t items = 0;  // of a menu: bit i is item i
  std::string name;    // empty: V4L2's own name of a standard control
  friend bool operator==(const ControlInfo&, const ControlInfo&) = default;
};

// A control and what it is set to.
struct ControlValue {
  uint32_t id = 0;
  int64_t value = 0;
  friend bool operator==(const ControlValue&, const ControlValue&) = default;
};

// A menu whose lowest and highest item are those of `items`, which isn't 0.
inline ControlInfo menu_control(uint32_t id, uint64_t items, int64_t default_item) {
  ControlInfo control{.id = id, .type = ControlType::kMenu, .default_value = default_item, .items = items};
  control.minimum = __builtin_ctzll(items);
  control.maximum = 63 - __builtin_clzll(items);
  return control;
}

// Whether the control takes `value`: in its range, on a step, an item that exists.
inline bool takes(const ControlInfo& control, int64_t value) {
  if (value < control.minimum || value > control.maximum) return false;
  switch (control.type) {
    case ControlType::kMenu:
      return value >= 0 && value < 64 && (control.items >> value & 1) != 0;
    case ControlType::kInteger:
      return (static_cast<uint64_t>(value) - static_cast<uint64_t>(control.minimum)) % control.step == 0;
    case ControlType::kBoolean:
    case ControlType::kButton:
      return true;
  }
  return false;
}

}  // namespace softvpu
