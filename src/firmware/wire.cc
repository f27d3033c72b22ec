// SPDX-License-Identifier: GPL-2.0-or-later
// Conversions at the border: see wire.h.
#include "firmware/wire.h"

#include "hfi/values.h"

namespace softvpu::firmware {

hfi::WireStatus to_wire(DoneStatus status) {
  switch (status) {
    case DoneStatus::kOk:
      return hfi::WireStatus::kOk;
    case DoneStatus::kDamaged:
      return hfi::WireStatus::kDataError;
    case DoneStatus::kCancelled:
      return hfi::WireStatus::kCancelled;
    case DoneStatus::kTooSmall:
      return hfi::WireStatus::kTooSmall;
  }
  return hfi::WireStatus::kInternal;
}

hfi::msg::OutputDone to_wire(const OutputDone& done) {
  return {.status = to_wire(done.status),
          .has_tag = done.has_tag,
          .frame_type = static_cast<uint32_t>(done.type),
          .field = static_cast<uint32_t>(done.field),
          .tag = done.tag,
          .bytes_used = done.bytes_used,
          .in_place = done.in_place};
}

Result<FrameLayout> layout_from_wire(const hfi::cmd::SetLayout& wire) {
  const FrameLayout layout = hfi::value_of(wire);
  const auto format = find_pixel_format(layout.fourcc);
  if (!format || layout.components != format->components || layout.memory_planes > layout.components)
    return fail(EINVAL, "SET_LAYOUT: " + to_string(layout.fourcc) + " with " + std::to_string(wire.components) + " components");
  for (uint32_t i = 0; i < layout.components; ++i) {
    const ComponentInfo& component = format->component[i];
    const uint64_t lines = (uint64_t{layout.size.height} + (1u << component.vertical_shift) - 1) >> component.vertical_shift;
    if (layout.offset[i] + lines * layout.stride[i] > layout.plane_size[layout.component_plane[i]])
      return fail(EINVAL, "SET_LAYOUT: component " + std::to_string(i) + " reaches past its plane");
  }
  return layout;
}

}  // namespace softvpu::firmware
