// SPDX-License-Identifier: LGPL-2.1-or-later
// The controls of an open file: those that its role defines, and their values. All are read-only
// today. Called under the file's lock. Clauses: vidioc-queryctrl.rst, vidioc-g-ext-ctrls.rst; order
// of checks: v4l2-ctrls-api.c.
#pragma once

#include <linux/videodev2.h>

#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "codec/capabilities.h"
#include "v4l2/controls/controls_table.h"

namespace softvpu::v4l2 {

struct ControlDefinition {
  uint32_t id = 0;
  uint32_t type = V4L2_CTRL_TYPE_INTEGER;
  uint32_t flags = 0;  // V4L2_CTRL_FLAG_*
  int64_t minimum = 0;
  int64_t maximum = 0;
  int64_t step = 1;
  int64_t default_value = 0;
  uint64_t items = 0;  // of a menu: those that are supported
};

// A menu of the lower half, cut to the items that have names here; nothing when none is left.
std::optional<ControlDefinition> menu_definition(const ControlInfo& menu, uint32_t flags);

class Controls {
 public:
  // Each id counts once, and not at all without a name in controls_table.h. The
  // class controls are added.
  explicit Controls(std::span<const ControlDefinition> definitions);

  // Clamped to the control's range; nothing happens when there is no such control.
  void set_value(uint32_t id, int64_t value);

  // Nothing when there is no such control.
  std::optional<int64_t> value(uint32_t id) const;

  // `query->id` may carry V4L2_CTRL_FLAG_NEXT_CTRL and _NEXT_COMPOUND. Errors: EINVAL.
  Status query(v4l2_query_ext_ctrl* query) const;
  Status query(v4l2_queryctrl* query) const;
  // Errors: EINVAL for no menu, an unsupported item, or one out of range.
  Status query_menu(v4l2_querymenu* menu) const;

  // Errors: EINVAL for an unknown control, EACCES for a class.
  Status get(v4l2_control* control) const;
  Status set(v4l2_control* control);

  enum class Access : uint8_t { kGet, kSet, kTry };
  // The VIDIOC_*_EXT_CTRLS: fills `controls`, and `which`, `error_idx` of `set`. Errors: EINVAL,
  // EACCES (read-only; requests).
  Status access(Access how, v4l2_ext_controls* set, std::span<v4l2_ext_control> controls);

  // The event that tells a new subscriber the value (V4L2_EVENT_SUB_FL_SEND_INITIAL). Errors:
  // EINVAL for an unknown control.
  Result<v4l2_event> initial_event(uint32_t id) const;
  bool is_class(uint32_t id) const;
  bool has(uint32_t id) const { return find(id) != nullptr; }
  // Its value may change without anybody setting it: it is the stream's.
  bool is_volatile(uint32_t id) const;

 private:
  struct Control : ControlDefinition {
    int64_t value = 0;
    const ControlName* name = nullptr;
  };
  void add(const ControlDefinition& definition);
  const Control* find(uint32_t id) const;
  // 0, or the errno of the first control that `how` can't be done to; its index in `*at`.
  int check(Access how, uint32_t which, std::span<const v4l2_ext_control> controls, uint32_t* at) const;

  std::vector<Control> controls_;  // by id
};

}  // namespace softvpu::v4l2
