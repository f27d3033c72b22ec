// SPDX-License-Identifier: LGPL-2.1-or-later
// Control queries and access. None can be set: every S_ and TRY_ ends in the error that says why.
#include "v4l2/controls/controls.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

namespace softvpu::v4l2 {
namespace {

void copy_name(std::string_view name, char* to, size_t size) {
  const size_t length = std::min(name.size(), size - 1);
  std::memcpy(to, name.data(), length);
  std::memset(to + length, 0, size - length);
}

}  // namespace

std::optional<ControlDefinition> menu_definition(const ControlInfo& menu, uint32_t flags) {
  if (menu.type != ControlType::kMenu) return {};
  const ControlName* name = find_control_name(menu.id);
  if (name == nullptr || name->items.empty()) return {};
  const uint64_t known = name->items.size() >= 64 ? ~uint64_t{0} : (uint64_t{1} << name->items.size()) - 1;
  const uint64_t items = menu.items & known;
  if (items == 0) return {};
  const int first = std::countr_zero(items);
  const int last = 63 - std::countl_zero(items);
  const bool good_default = menu.default_value >= first && menu.default_value <= last && (items >> menu.default_value & 1) != 0;
  return ControlDefinition{.id = menu.id,
                           .type = V4L2_CTRL_TYPE_MENU,
                           .flags = flags,
                           .minimum = first,
                           .maximum = last,
                           .default_value = good_default ? menu.default_value : first,
                           .items = items};
}

Controls::Controls(std::span<const ControlDefinition> definitions) {
  for (const ControlDefinition& definition : definitions) {
    add({.id = static_cast<uint32_t>(V4L2_CTRL_ID2WHICH(definition.id) | 1),  // V4L2_CID_*_CLASS
         .type = V4L2_CTRL_TYPE_CTRL_CLASS,
         .flags = V4L2_CTRL_FLAG_READ_ONLY | V4L2_CTRL_FLAG_WRITE_ONLY,
         .step = 0});
    add(definition);
  }
  std::sort(controls_.begin(), controls_.end(), [](const Control& a, const Control& b) { return a.id < b.id; });
}

void Controls::add(const ControlDefinition& definition) {
  const ControlName* name = find_control_name(definition.id);
  if (name != nullptr && find(definition.id) == nullptr) controls_.push_back({definition, definition.default_value, name});
}

void Controls::set_value(uint32_t id, int64_t value) {
  for (Control& control : controls_)
    if (control.id == id) control.value = std::clamp(value, control.minimum, control.maximum);
}

std::optional<int64_t> Controls::value(uint32_t id) const {
  const Control* control = find(id);
  if (control == nullptr) return {};
  return control->value;
}

const Controls::Control* Controls::find(uint32_t id) const {
  for (const Control& control : controls_)
    if (control.id == id) return &control;
  return nullptr;
}

bool Controls::is_class(uint32_t id) const {
  const Control* control = find(id);
  return control != nullptr && control->type == V4L2_CTRL_TYPE_CTRL_CLASS;
}

bool Controls::is_volatile(uint32_t id) const {
  const Control* control = find(id);
  return control != nullptr && (control->flags & V4L2_CTRL_FLAG_VOLATILE) != 0;
}

Status Controls::query(v4l2_query_ext_ctrl* query) const {
  const uint32_t id = query->id & V4L2_CTRL_ID_MASK;
  const bool next = (query->id & V4L2_CTRL_FLAG_NEXT_CTRL) != 0;
  const bool next_compound = (query->id & V4L2_CTRL_FLAG_NEXT_COMPOUND) != 0;
  const Control* control = nullptr;
  if (next) {  // there are no compound controls, so both flags together find the same
    const auto found = std::find_if(controls_.begin(), controls_.end(), [id](const Control& c) { return c.id > id; });
    control = found == controls_.end() ? nullptr : &*found;
  } else if (!next_compound) {
    control = find(id);
  }
  if (control == nullptr) return fail(EINVAL, "no such control");
  std::memset(query, 0, sizeof *query);
  query->id = control->id;
  query->type = control->type;
  copy_name(control->name->name, query->name, sizeof query->name);
  query->minimum = control->minimum;
  query->maximum = control->maximum;
  query->step = static_cast<uint64_t>(control->step);
  query->default_value = control->default_value;
  query->flags = control->flags;
  query->elem_size = sizeof(int32_t);
  query->elems = 1;
  return {};
}

Status Controls::query(v4l2_queryctrl* query) const {
  v4l2_query_ext_ctrl extended{};
  extended.id = query->id;
  if (auto status = this->query(&extended); !status) return status;
  std::memset(query, 0, sizeof *query);
  query->id = extended.id;
  query->type = extended.type;
  std::memcpy(query->name, extended.name, sizeof query->name);
  query->minimum = static_cast<int32_t>(extended.minimum);
  query->maximum = static_cast<int32_t>(extended.maximum);
  query->step = static_cast<int32_t>(extended.step);
  query->default_value = static_cast<int32_t>(extended.default_value);
  query->flags = extended.flags;
  return {};
}

Status Controls::query_menu(v4l2_querymenu* menu) const {
  const Control* control = find(menu->id);
  if (control == nullptr || control->type != V4L2_CTRL_TYPE_MENU) return fail(EINVAL, "no such menu");
  if (menu->index > 63 || (control->items >> menu->index & 1) == 0) return fail(EINVAL, "an item that isn't supported");
  copy_name(control->name->items[menu->index], reinterpret_cast<char*>(menu->name), sizeof menu->name);
  menu->reserved = 0;
  return {};
}

Status Controls::get(v4l2_control* control) const {
  const Control* found = find(control->id);
  if (found == nullptr || found->type == V4L2_CTRL_TYPE_CTRL_CLASS) return fail(EINVAL, "no control with a value");
  control->value = static_cast<int32_t>(found->value);
  return {};
}

Status Controls::set(v4l2_control* control) {
  const Control* found = find(control->id);
  if (found == nullptr || found->type == V4L2_CTRL_TYPE_CTRL_CLASS) return fail(EINVAL, "no control with a value");
  return fail(EACCES, "a read-only control");
}

int Controls::check(Access how, uint32_t which, std::span<const v4l2_ext_control> controls, uint32_t* at) const {
  for (uint32_t i = 0; i < controls.size(); ++i) {
    *at = i;
    const uint32_t id = controls[i].id & V4L2_CTRL_ID_MASK;
    if (which != V4L2_CTRL_WHICH_CUR_VAL && which != V4L2_CTRL_WHICH_DEF_VAL && V4L2_CTRL_ID2WHICH(id) != which) return EINVAL;
    if (find(id) == nullptr) return EINVAL;
  }
  for (uint32_t i = 0; i < controls.size(); ++i) {
    *at = i;
    const uint32_t flags = find(controls[i].id & V4L2_CTRL_ID_MASK)->flags;
    if ((flags & (how == Access::kGet ? V4L2_CTRL_FLAG_WRITE_ONLY : V4L2_CTRL_FLAG_READ_ONLY)) != 0) return EACCES;
  }
  return 0;
}

Status Controls::access(Access how, v4l2_ext_controls* set, std::span<v4l2_ext_control> controls) {
  set->error_idx = set->count;
  // v4l2-ioctl.c, check_ext_ctrls(), before anything is refused.
  set->reserved[0] = 0;
  for (v4l2_ext_control& control : controls) control.reserved2[0] = 0;
  const uint32_t which = set->which;
  // vidioc-g-ext-ctrls.rst says EACCES, but every node without a media device answers EINVAL, and
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
    return fail(
        error, error == EACCES ? "a control that can't be accessed that way" : "a control that isn't there, or of another class");
  }
  for (v4l2_ext_control& control : controls) {
    const Control* found = find(control.id & V4L2_CTRL_ID_MASK);
    control.value = static_cast<int32_t>(which == V4L2_CTRL_WHICH_DEF_VAL ? found->default_value : found->value);
  }
  return {};
}

Result<v4l2_event> Controls::initial_event(uint32_t id) const {
  const Control* control = find(id);
  if (control == nullptr) return fail(EINVAL, "no such control");
  v4l2_event event{};
  event.type = V4L2_EVENT_CTRL;
  event.id = id;
  event.u.ctrl.changes = V4L2_EVENT_CTRL_CH_VALUE | V4L2_EVENT_CTRL_CH_FLAGS;
  event.u.ctrl.type = control->type;
  event.u.ctrl.value64 = control->value;
  event.u.ctrl.flags = control->flags;
  event.u.ctrl.minimum = static_cast<int32_t>(control->minimum);
  event.u.ctrl.maximum = static_cast<int32_t>(control->maximum);
  event.u.ctrl.step = static_cast<int32_t>(control->step);
  event.u.ctrl.default_value = static_cast<int32_t>(control->default_value);
  return event;
}

}  // namespace softvpu::v4l2
