// SPDX-License-Identifier: LGPL-2.1-or-later
// Names of controls and of menu items, as the kernel gives them (v4l2-ctrls-defs.c): clients show and compare them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace softvpu::v4l2 {

struct ControlName {
  uint32_t id = 0;
  std::string_view name;
  std::span<const std::string_view> items;  // of a menu
};

// nullptr when the control has no row; it can't be offered then.
const ControlName* find_control_name(uint32_t id);

}  // namespace softvpu::v4l2
