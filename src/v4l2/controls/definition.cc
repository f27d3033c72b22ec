// SPDX-License-Identifier: LGPL-2.1-or-later
// Definitions from listed controls, and the values that they take: see definition.h.
#include "v4l2/controls/definition.h"

#include <algorithm>
#include <cerrno>

#include "core/control_range.h"

namespace softvpu::v4l2 {
namespace {

uint32_t type_of(const ControlInfo& listed) {
  switch (listed.type) {
    case ControlType::kInteger:
      return V4L2_CTRL_TYPE_INTEGER;
    case ControlType::kBoolean:
      return V4L2_CTRL_TYPE_BOOLEAN;
    case ControlType::kMenu:
      break;  // the names of its items can't be listed
    case ControlType::kButton:
      return V4L2_CTRL_TYPE_BUTTON;
  }
  return 0;
}

}  // namespace

std::optional<ControlDefinition> definition_of(const ControlInfo& listed, uint32_t flags) {
  const svpu_v4l2_control* standard = svpu_v4l2_control_find(listed.id);
  ControlDefinition control{.id = listed.id, .flags = flags};
  if (standard == nullptr) {
    control.name = listed.name;
    if (control.name.empty() || !svpu_control_may_be_own(listed.id)) return {};
    if (listed.type == ControlType::kButton) control.flags |= V4L2_CTRL_FLAG_WRITE_ONLY | V4L2_CTRL_FLAG_EXECUTE_ON_WRITE;
  }
  svpu_control_range range{
      static_cast<uint32_t>(listed.type), listed.minimum, listed.maximum, listed.step, listed.default_value, listed.items};
  const uint32_t type = standard != nullptr ? standard->type : type_of(listed);
  if (!svpu_control_fit(&range, type, standard != nullptr ? standard->num_items : 0)) return {};
  if (listed.read_only) control.flags |= V4L2_CTRL_FLAG_READ_ONLY;
  control.type = type;
  control.minimum = range.minimum;
  control.maximum = range.maximum;
  control.step = static_cast<int64_t>(range.step);
  control.default_value = range.default_value;
  control.items = range.items;
  return control;
}

int validate(const ControlDefinition& control, int32_t* value) {
  int64_t wanted = *value;
  switch (control.type) {
    case V4L2_CTRL_TYPE_INTEGER:
      // As the kernel rounds: what is nearest to the maximum is the maximum, on a step or not.
      // Then down to a step again.
      if (control.maximum >= 0 && wanted >= control.maximum - control.step / 2)
        wanted = control.maximum;
      else
        wanted += control.step / 2;
      wanted = std::clamp(wanted, control.minimum, control.maximum);
      *value = static_cast<int32_t>(control.minimum + (wanted - control.minimum) / control.step * control.step);
      return 0;
    case V4L2_CTRL_TYPE_BOOLEAN:
      *value = wanted != 0 ? 1 : 0;
      return 0;
    case V4L2_CTRL_TYPE_MENU:
    case V4L2_CTRL_TYPE_INTEGER_MENU:
      if (wanted < control.minimum || wanted > control.maximum) return ERANGE;
      return (control.items >> wanted & 1) != 0 ? 0 : EINVAL;
    default:  // buttons and classes
      *value = 0;
      return 0;
  }
}

}  // namespace softvpu::v4l2
