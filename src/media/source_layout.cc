// SPDX-License-Identifier: LGPL-2.1-or-later
// core's layouts of a client's pictures as values, and the arithmetic of cropping: only where lines begin changes.
#include "media/source_layout.h"

#include <algorithm>

#include "core/source_layout.h"
#include "core/source_pitch.h"

namespace softvpu {
namespace {

uint32_t clamped(int64_t value, int64_t low, int64_t high) { return static_cast<uint32_t>(std::clamp(value, low, high)); }

}  // namespace

Result<FrameLayout> source_layout_for(FourCC fourcc, Size size, const std::array<uint32_t, kMaxPlanes>& wanted_stride) {
  static_assert(kMaxPlanes == SVPU_MAX_COMPONENTS);
  const svpu_pixel_format* format = svpu_pixel_format_find(static_cast<uint32_t>(fourcc));
  if (format == nullptr) return fail(EINVAL, "no raw format " + to_string(fourcc));
  svpu_frame_layout from;
  switch (svpu_source_layout_set(&from, format, size.width, size.height, wanted_stride.data())) {
    case SVPU_LAYOUT_EMPTY:
      return fail(EINVAL, "a picture without width or height");
    case SVPU_LAYOUT_TOO_LARGE:
      return fail(ERANGE, "a picture of more than 2^31 - 1 bytes");
    case SVPU_LAYOUT_OK:
      break;
  }
  return value_of(from);
}

std::optional<FrameLayout> layout_filling(const FrameLayout& layout, uint32_t bytes) {
  const svpu_pixel_format* format = svpu_pixel_format_find(static_cast<uint32_t>(layout.fourcc));
  svpu_frame_layout from;
  if (format == nullptr || !svpu_source_layout_filling(&from, format, layout.size.width, layout.size.height, bytes))
    return std::nullopt;
  return value_of(from);
}

uint32_t source_slack(const FrameLayout& layout) {
  const svpu_pixel_format* format = svpu_pixel_format_find(static_cast<uint32_t>(layout.fourcc));
  if (format == nullptr) return 0;
  svpu_frame_layout of{};
  of.format = format;
  of.width = layout.size.width;
  of.height = layout.size.height;
  of.stride[0] = layout.stride[0];
  of.plane_size[0] = layout.plane_size[0];
  return svpu_source_slack(&of);
}

Rect rect_inside(const FrameLayout& whole, Rect wanted) {
  const svpu_pixel_format* format = svpu_pixel_format_find(static_cast<uint32_t>(whole.fourcc));
  // Where a chroma sample is for two columns, and for two lines; packed formats don't say so by their components.
  const bool halves_lines = format != nullptr && format->samples == SVPU_SAMPLES_YUV420;
  const uint32_t lines = halves_lines ? 2 : 1;
  const uint32_t columns = halves_lines || (format != nullptr && format->samples == SVPU_SAMPLES_YUV422) ? 2 : 1;
  const int64_t right = whole.size.width;
  const int64_t bottom = whole.size.height;
  const uint32_t left = clamped(wanted.left, 0, right - 1) / columns * columns;
  const uint32_t top = clamped(wanted.top, 0, bottom - 1) / lines * lines;
  return {static_cast<int32_t>(left), static_cast<int32_t>(top), clamped(wanted.width, 1, right - left),
          clamped(wanted.height, 1, bottom - top)};
}

FrameLayout part_of(const FrameLayout& whole, Rect rect) {
  FrameLayout part = whole;
  part.size = rect.size();
  const Size room{whole.size.width - static_cast<uint32_t>(rect.left), whole.size.height - static_cast<uint32_t>(rect.top)};
  if (room != part.size) part.room = room;
  const svpu_pixel_format* format = svpu_pixel_format_find(static_cast<uint32_t>(whole.fourcc));
  for (uint32_t i = 0; format != nullptr && i < format->components; ++i) {
    const svpu_component& component = format->component[i];
    part.offset[i] += (static_cast<uint32_t>(rect.top) >> component.vertical_shift) * whole.stride[i] +
                      (static_cast<uint32_t>(rect.left) >> component.horizontal_shift) * component.bytes_per_sample;
  }
  return part;
}

Size whole_blocks(FourCC fourcc, Size size) {
  const svpu_pixel_format* format = svpu_pixel_format_find(static_cast<uint32_t>(fourcc));
  if (format != nullptr) svpu_source_whole_blocks(format, &size.width, &size.height);
  return size;
}

uint32_t coded_buffer_size(Size size, uint32_t wanted) { return svpu_coded_buffer_size(size.width, size.height, wanted); }

}  // namespace softvpu
