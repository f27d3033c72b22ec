// SPDX-License-Identifier: LGPL-2.1-or-later
// What a control is: made from what a lower half lists (media/control.h) and what V4L2 says of its
// standard controls (core/control_table.h), as v4l2_ctrl_new_std() and v4l2_ctrl_new_custom() make
// it in a driver. Called by roles. Clauses: vidioc-queryctrl.rst, ext-ctrls-codec.rst.
#pragma once

#include <linux/videodev2.h>

#include <optional>
#include <string>

#include "core/control_table.h"
#include "media/control.h"

namespace softvpu::v4l2 {

struct ControlDefinition {
  uint32_t id = 0;
  uint32_t type = V4L2_CTRL_TYPE_INTEGER;
  uint32_t flags = 0;  // V4L2_CTRL_FLAG_*, besides those that V4L2 gives a standard control
  int64_t minimum = 0;
  int64_t maximum = 0;
  int64_t step = 1;
  int64_t default_value = 0;
  uint64_t items = 0;  // of a menu: those that are supported
  std::string name;    // empty: V4L2's own
};

// Nothing if V4L2 can't express it (core/control_range.h): a standard control of another type, a
// menu without an item that has a name, a control that is neither standard nor named. `flags` are
// added to those of the list.
std::optional<ControlDefinition> definition_of(const ControlInfo& listed, uint32_t flags = 0);

// What V4L2 does with a value that a client sets (vidioc-g-ext-ctrls.rst; std_validate_elem() of
// v4l2-ctrls-core.c): integers are clamped and rounded to a step, booleans are 0 or 1, buttons 0.
// Returns 0, or for a menu ERANGE beyond its ends, EINVAL for an item between that doesn't exist.
int validate(const ControlDefinition& control, int32_t* value);

}  // namespace softvpu::v4l2
