// SPDX-License-Identifier: LGPL-2.1-or-later
// The client reads and sets controls. Checks stand in the order of v4l2-ctrls-api.c:
// prepare_ext_ctrls(), then flags and values of all, then the setting, which can't fail any more.
#include <algorithm>
#include <cerrno>

#include "v4l2/controls/controls.h"

namespace softvpu::v4l2 {
namespace {

Status refusal(int error) {
  switch (error) {
    case EACCES:
      return fail(error, "a control that can't be accessed that way");
    case EBUSY:
      return fail(error, "a control that can't be set now");
    case ERANGE:
      return fail(error, "a value beyond the menu");
    default:
      return fail(error, "a control or an item that isn't there, or a control of another class");
  }
}

}  // namespace

Status Controls::get(v4l2_control* control) const {
  const Control* found = find(control->id);
  if (found == nullptr) return fail(EINVAL, "no such control");
  if (found->has(V4L2_CTRL_FLAG_WRITE_ONLY)) return refusal(EACCES);
  control->value = found->value;
  return {};
}

Status Controls::set(v4l2_control* control) {
  Control* found = find(control->id);
  if (found == nullptr) return fail(EINVAL, "no such control");
  if (const int error = check_set(*found, true, &control->value)) return refusal(error);
  take(*found, control->value);
  return {};
}

int Controls::check_set(const Control& control, bool for_certain, int32_t* value) {
  if (control.has(V4L2_CTRL_FLAG_READ_ONLY)) return EACCES;
  if (for_certain && control.has(V4L2_CTRL_FLAG_GRABBED)) return EBUSY;
  return validate(control, value);
}

int Controls::check(Access how, uint32_t which, std::span<v4l2_ext_control> controls, uint32_t* at) const {
  for (uint32_t i = 0; i < controls.size(); ++i) {
    *at = i;
    const uint32_t id = controls[i].id & V4L2_CTRL_ID_MASK;
    if (which != V4L2_CTRL_WHICH_CUR_VAL && which != V4L2_CTRL_WHICH_DEF_VAL && V4L2_CTRL_ID2WHICH(id) != which) return EINVAL;
    if (find(id) == nullptr) return EINVAL;
  }
  for (uint32_t i = 0; i < controls.size(); ++i) {
    *at = i;
    const Control& control = *find(controls[i].id & V4L2_CTRL_ID_MASK);
    if (how == Access::kGet) {
      if (control.has(V4L2_CTRL_FLAG_WRITE_ONLY)) return EACCES;
      continue;
    }
    int32_t value = controls[i].value;
    if (const int error = check_set(control, how == Access::kSet, &value)) return error;
    controls[i].value = value;
  }
  return 0;
}

Status Controls::access(Access how, v4l2_ext_controls* set, std::span<v4l2_ext_control> controls) {
  set->error_idx = set->count;
  // v4l2-ioctl.c, check_ext_ctrls(), before anything is refused.
  set->reserved[0] = 0;
  for (v4l2_ext_control& control : controls) control.reserved2[0] = 0;
  const uint32_t which = set->which;
  // vidioc-g-ext-ctrls.rst documents EACCES, but every node without a media device returns EINVAL, and
  // v4l2-compliance 1.22.1 insists.
  if (which == V4L2_CTRL_WHICH_REQUEST_VAL) return fail(EINVAL, "this node has no requests");
  if (which == V4L2_CTRL_WHICH_DEF_VAL && how != Access::kGet) return fail(EINVAL, "default values can't be set");
  if (controls.empty()) {  // asks whether the class exists
    const bool known =
        which == V4L2_CTRL_WHICH_CUR_VAL || which == V4L2_CTRL_WHICH_DEF_VAL || find(V4L2_CTRL_ID2WHICH(which) | 1) != nullptr;
    if (!known) return fail(EINVAL, "no such class of controls");
    return {};
  }
  uint32_t at = 0;
  if (const int error = check(how, which, controls, &at)) {
    // vidioc-g-ext-ctrls.rst, error_idx: the validation step of G and S tells no index, TRY does.
    if (how == Access::kTry) set->error_idx = at;
    return refusal(error);
  }
  for (v4l2_ext_control& control : controls) {
    Control* found = find(control.id & V4L2_CTRL_ID_MASK);
    if (how == Access::kSet) take(*found, control.value);
    if (how == Access::kGet)
      control.value = which == V4L2_CTRL_WHICH_DEF_VAL ? static_cast<int32_t>(found->default_value) : found->value;
  }
  return {};
}

// v4l2-ctrls-core.c, cluster_changed() and new_to_cur(): a button always changes, and what executes
// on write takes effect although its value stays; a volatile value sends no event.
void Controls::take(Control& control, int32_t value) {
  const bool always = control.type == V4L2_CTRL_TYPE_BUTTON || control.has(V4L2_CTRL_FLAG_EXECUTE_ON_WRITE);
  if (control.has(V4L2_CTRL_FLAG_VOLATILE)) {
    control.changed = true;
    return;
  }
  if (!always && control.value == value) return;
  control.value = value;
  control.changed = true;
  report(control, V4L2_EVENT_CTRL_CH_VALUE, true);
}

}  // namespace softvpu::v4l2
