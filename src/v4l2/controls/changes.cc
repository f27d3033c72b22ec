// SPDX-License-Identifier: LGPL-2.1-or-later
// What a role does with controls: values of the stream, flags and ranges that change, what is for
// the session; and the events that follow. vidioc-dqevent.rst, struct v4l2_event_ctrl;
// v4l2-ctrls-core.c.
#include <algorithm>
#include <cerrno>

#include "v4l2/controls/controls.h"

namespace softvpu::v4l2 {

void Controls::set_value(uint32_t id, int64_t value) {
  Control* control = find(id);
  if (control == nullptr) return;
  const auto taken = static_cast<int32_t>(std::clamp(value, control->minimum, control->maximum));
  if (std::exchange(control->value, taken) == taken || control->has(V4L2_CTRL_FLAG_VOLATILE)) return;
  report(*control, V4L2_EVENT_CTRL_CH_VALUE, false);
}

void Controls::set_active(uint32_t id, bool active) { change_flag(id, V4L2_CTRL_FLAG_INACTIVE, !active); }
void Controls::set_grabbed(uint32_t id, bool grabbed) { change_flag(id, V4L2_CTRL_FLAG_GRABBED, grabbed); }

void Controls::change_flag(uint32_t id, uint32_t flag, bool on) {
  Control* control = find(id);
  if (control == nullptr || control->has(flag) == on) return;
  control->flags ^= flag;
  report(*control, V4L2_EVENT_CTRL_CH_FLAGS, false);
}

// v4l2-ctrls-api.c, __v4l2_ctrl_modify_range().
void Controls::set_range(uint32_t id, int64_t minimum, int64_t maximum, int64_t step, int64_t default_value) {
  Control* control = find(id);
  if (control == nullptr || control->type != V4L2_CTRL_TYPE_INTEGER || minimum > maximum || step < 1) return;
  const bool same = control->minimum == minimum && control->maximum == maximum && control->step == step &&
                    control->default_value == default_value;
  if (same) return;
  // What has the default goes on having it.
  int32_t value = control->value == control->default_value ? static_cast<int32_t>(default_value) : control->value;
  control->minimum = minimum;
  control->maximum = maximum;
  control->step = step;
  control->default_value = default_value;
  uint32_t changes = V4L2_EVENT_CTRL_CH_RANGE;
  if (validate(*control, &value) == 0 && value != control->value) {
    control->value = value;
    control->changed = true;
    changes |= V4L2_EVENT_CTRL_CH_VALUE;
  }
  report(*control, changes, false);
}

std::vector<ControlValue> Controls::latch() {
  std::vector<ControlValue> values;
  for (Control& control : controls_)
    if (std::exchange(control.changed, false)) values.push_back({control.id, control.value});
  return values;
}

std::vector<ControlValue> Controls::snapshot() {
  std::vector<ControlValue> values;
  for (Control& control : controls_) {
    control.changed = false;
    if (!control.has(V4L2_CTRL_FLAG_READ_ONLY) && control.type != V4L2_CTRL_TYPE_BUTTON)
      values.push_back({control.id, control.value});
  }
  return values;
}

void Controls::report(const Control& control, uint32_t changes, bool own) {
  if (listener_ != nullptr) listener_->control_changed(event_of(control, changes), own);
}

v4l2_event Controls::event_of(const Control& control, uint32_t changes) {
  v4l2_event event{};
  event.type = V4L2_EVENT_CTRL;
  event.id = control.id;
  event.u.ctrl.changes = changes;
  event.u.ctrl.type = control.type;
  event.u.ctrl.value64 = control.value;
  event.u.ctrl.flags = control.flags;
  event.u.ctrl.minimum = static_cast<int32_t>(control.minimum);
  event.u.ctrl.maximum = static_cast<int32_t>(control.maximum);
  event.u.ctrl.step = static_cast<int32_t>(control.step);
  event.u.ctrl.default_value = static_cast<int32_t>(control.default_value);
  return event;
}

// send_initial_event(): of a write-only control no value.
Result<v4l2_event> Controls::initial_event(uint32_t id) const {
  const Control* control = find(id);
  if (control == nullptr) return fail(EINVAL, "no such control");
  uint32_t changes = V4L2_EVENT_CTRL_CH_FLAGS;
  if (!control->has(V4L2_CTRL_FLAG_WRITE_ONLY)) changes |= V4L2_EVENT_CTRL_CH_VALUE;
  return event_of(*control, changes);
}

}  // namespace softvpu::v4l2
