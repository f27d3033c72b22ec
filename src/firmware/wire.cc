// SPDX-License-Identifier: GPL-2.0-or-later
// Conversions at the border: see wire.h.
#include "firmware/wire.h"

#include "core/frame_layout.h"
#include "media/control.h"

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

std::vector<hfi::msg::Body> to_wire(const DecoderDescription& decoder) {
  hfi::msg::Codec codec;
  codec.role = hfi::Role::kDecoder;
  codec.coded = static_cast<uint32_t>(decoder.coded);
  codec.flags = decoder.flags;
  codec.min_output_buffers = decoder.min_output_buffers;
  codec.min_width = decoder.sizes.min.width;
  codec.min_height = decoder.sizes.min.height;
  codec.max_width = decoder.sizes.max.width;
  codec.max_height = decoder.sizes.max.height;
  codec.step_width = decoder.sizes.step.width;
  codec.step_height = decoder.sizes.step.height;
  std::vector<hfi::msg::Body> out{codec};
  for (const FourCC raw : decoder.raw) {
    out.emplace_back(hfi::msg::RawFormat{.fourcc = static_cast<uint32_t>(raw),
                                         .width_align = SVPU_BLOCK,
                                         .height_align = SVPU_BLOCK,
                                         .stride_align = 1,
                                         .tail_lines = SVPU_TAIL_LINES});
  }
  for (const Menu& menu : decoder.menus) {
    const ControlInfo control = menu_control(menu.id, menu.supported_items, menu.default_item);
    out.emplace_back(hfi::msg::Control{.id = control.id,
                                       .type = SVPU_CONTROL_MENU,
                                       .flags = SVPU_CONTROL_READ_ONLY,
                                       .minimum = control.minimum,
                                       .maximum = control.maximum,
                                       .default_value = control.default_value,
                                       .step = 1,
                                       .items = control.items});
  }
  return out;
}

hfi::msg::OutputDone to_wire(const OutputDone& done) {
  static_assert(kMaxPlanes == SVPU_MAX_PLANES);
  return {.status = to_wire(done.status),
          .has_tag = done.has_tag,
          .frame_type = static_cast<uint32_t>(done.type),
          .field = static_cast<uint32_t>(done.field),
          .tag = done.tag,
          .bytes_used = done.bytes_used,
          .in_place = done.in_place};
}

hfi::msg::FormatChanged to_wire(const StreamInfo& info, bool initial) {
  return {.initial = initial,
          .interlaced = info.interlaced,
          .coded_width = info.coded.width,
          .coded_height = info.coded.height,
          .visible_left = info.visible.left,
          .visible_top = info.visible.top,
          .visible_width = info.visible.width,
          .visible_height = info.visible.height,
          .bit_depth = info.bit_depth,
          .chroma = info.chroma,
          .native = static_cast<uint32_t>(info.native),
          .min_output_buffers = info.min_output_buffers,
          .pixel_aspect_num = info.pixel_aspect_num,
          .pixel_aspect_den = info.pixel_aspect_den,
          .colorspace = info.colour.colorspace,
          .xfer_func = info.colour.xfer_func,
          .ycbcr_enc = info.colour.ycbcr_enc,
          .quantization = info.colour.quantization};
}

Result<FrameLayout> layout_from_wire(const hfi::cmd::SetLayout& wire) {
  FrameLayout layout;
  layout.fourcc = static_cast<FourCC>(wire.fourcc);
  layout.size = {wire.width, wire.height};
  layout.memory_planes = wire.memory_planes;
  layout.components = wire.components;
  layout.stride = wire.stride;
  layout.offset = wire.offset;
  layout.component_plane = wire.component_plane;
  layout.plane_size = wire.plane_size;
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
