// SPDX-License-Identifier: GPL-2.0-or-later
// Layouts and pictures of the raw side: see raw_side.h.
#include "firmware/raw_side.h"

#include <algorithm>

#include "hfi/values.h"

namespace softvpu::firmware {
namespace {

// `samples` of the picture are so many of a component that is subsampled by 2^shift.
uint64_t subsampled(uint32_t samples, uint32_t shift) { return (uint64_t{samples} + (1u << shift) - 1) >> shift; }

// Behind the last line of a component.
uint64_t end_of_lines(const FrameLayout& layout, const PixelFormatInfo& format, uint32_t i) {
  return layout.offset[i] + subsampled(layout.size.height, format.component[i].vertical_shift) * layout.stride[i];
}

uint64_t line_bytes(const FrameLayout& layout, const ComponentInfo& component) {
  return subsampled(readable_size(layout).width, component.horizontal_shift) * component.bytes_per_sample;
}

// Behind the last sample that may be read of a component: the last line of a crop rectangle begins within its buffer's last one.
uint64_t end_of_samples(const FrameLayout& layout, const PixelFormatInfo& format, uint32_t i) {
  const ComponentInfo& component = format.component[i];
  const uint64_t lines = subsampled(readable_size(layout).height, component.vertical_shift);
  return layout.offset[i] + (lines - 1) * layout.stride[i] + line_bytes(layout, component);
}

}  // namespace

Result<FrameLayout> layout_from_wire(const hfi::cmd::SetLayout& wire, Role role) {
  const FrameLayout layout = hfi::value_of(wire);
  const auto format = find_pixel_format(layout.fourcc);
  if (!format || layout.components != format->components || layout.memory_planes > layout.components)
    return fail(EINVAL, "SET_LAYOUT: " + to_string(layout.fourcc) + " with " + std::to_string(wire.components) + " components");
  for (uint32_t i = 0; i < layout.components; ++i) {
    const uint64_t end = role == Role::kEncoder ? end_of_samples(layout, *format, i) : end_of_lines(layout, *format, i);
    if (end > layout.plane_size[layout.component_plane[i]])
      return fail(EINVAL, "SET_LAYOUT: component " + std::to_string(i) + " reaches past its plane");
  }
  return layout;
}

Status check_picture(const FrameLayout& layout, const CodecInfo& codec) {
  const auto format = find_pixel_format(layout.fourcc);
  if (!format || std::find(codec.raw.begin(), codec.raw.end(), layout.fourcc) == codec.raw.end())
    return fail(EINVAL, "SET_LAYOUT: this encoder takes no " + to_string(layout.fourcc));
  const Size size = layout.size;
  if (!codec.sizes.contains(size)) {
    return fail(EINVAL, "SET_LAYOUT: " + std::to_string(size.width) + "x" + std::to_string(size.height) +
                            " isn't a size that this encoder takes");
  }
  for (uint32_t i = 0; i < layout.components; ++i) {
    if (line_bytes(layout, format->component[i]) > layout.stride[i])
      return fail(EINVAL, "SET_LAYOUT: a line of component " + std::to_string(i) + " is longer than its stride");
  }
  return {};
}

hfi::WireStatus find_picture(const FrameLayout& layout, const hfi::cmd::QueueInput& command, const MappedBuffer& memory,
                             InputBuffer& input) {
  if (command.num_planes != layout.memory_planes || memory.num_planes < layout.memory_planes) return hfi::WireStatus::kInvalid;
  const auto format = find_pixel_format(layout.fourcc);
  if (!format) return hfi::WireStatus::kInvalid;
  std::array<uint64_t, kMaxPlanes> needed{};
  for (uint32_t i = 0; i < layout.components; ++i) {
    uint64_t& plane = needed[layout.component_plane[i]];
    plane = std::max(plane, end_of_samples(layout, *format, i));
  }
  for (uint32_t i = 0; i < layout.memory_planes; ++i) {
    const auto [offset, bytes] = command.plane[i];
    const MappedBuffer::Plane& plane = memory.plane[i];
    if (offset + std::max<uint64_t>(needed[i], bytes) > plane.length) return hfi::WireStatus::kTooSmall;
    input.plane[i] = {plane.data + offset, static_cast<size_t>(needed[i])};
  }
  input.num_planes = layout.memory_planes;
  return hfi::WireStatus::kOk;
}

}  // namespace softvpu::firmware
