// SPDX-License-Identifier: LGPL-2.1-or-later
// The set of controls and its queries: see controls.h.
#include "v4l2/controls/controls.h"

#include <algorithm>
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

Controls::Controls(std::span<const ControlDefinition> definitions, ControlListener* listener) : listener_(listener) {
  for (const ControlDefinition& definition : definitions) {
    add({.id = static_cast<uint32_t>(V4L2_CTRL_ID2WHICH(definition.id) | 1),  // V4L2_CID_*_CLASS
         .type = V4L2_CTRL_TYPE_CTRL_CLASS,
         .step = 0});
    add(definition);
  }
  std::sort(controls_.begin(), controls_.end(), [](const Control& a, const Control& b) { return a.id < b.id; });
}

void Controls::add(const ControlDefinition& definition) {
  Control control{definition, static_cast<int32_t>(definition.default_value), false, svpu_v4l2_control_find(definition.id)};
  if (control.standard != nullptr) control.flags |= control.standard->flags;
  if (!control.title().empty() && find(definition.id) == nullptr) controls_.push_back(std::move(control));
}

const Controls::Control* Controls::find(uint32_t id) const {
  for (const Control& control : controls_)
    if (control.id == id) return &control;
  return nullptr;
}

Controls::Control* Controls::find(uint32_t id) { return const_cast<Control*>(std::as_const(*this).find(id)); }

bool Controls::is_class(uint32_t id) const {
  const Control* control = find(id);
  return control != nullptr && control->type == V4L2_CTRL_TYPE_CTRL_CLASS;
}

bool Controls::is_volatile(uint32_t id) const {
  const Control* control = find(id);
  return control != nullptr && control->has(V4L2_CTRL_FLAG_VOLATILE);
}

std::optional<int64_t> Controls::value(uint32_t id) const {
  const Control* control = find(id);
  if (control == nullptr || control->type == V4L2_CTRL_TYPE_CTRL_CLASS) return {};
  return control->value;
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
  copy_name(control->title(), query->name, sizeof query->name);
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
  if (control == nullptr || (control->type != V4L2_CTRL_TYPE_MENU && control->type != V4L2_CTRL_TYPE_INTEGER_MENU))
    return fail(EINVAL, "no such menu");
  if (menu->index > 63 || (control->items >> menu->index & 1) == 0) return fail(EINVAL, "an item that isn't supported");
  if (control->type == V4L2_CTRL_TYPE_MENU)
    copy_name(control->standard->items[menu->index], reinterpret_cast<char*>(menu->name), sizeof menu->name);
  else
    menu->value = control->standard->values[menu->index];
  menu->reserved = 0;
  return {};
}

}  // namespace softvpu::v4l2
