// SPDX-License-Identifier: LGPL-2.1-or-later
// The layouts of core/frame_layout.c as media's values. Called by the upper half for sizeimage and bytesperline, by the worker
// before it writes a frame.
#include "media/frame_layout.h"

#include <algorithm>

#include "core/frame_layout.h"

namespace softvpu {

static_assert(kDefaultSize == Size{SVPU_DEFAULT_WIDTH, SVPU_DEFAULT_HEIGHT});

FrameLayout value_of(const svpu_frame_layout& from) {
  FrameLayout layout;
  layout.fourcc = static_cast<FourCC>(from.format->fourcc);
  layout.size = {from.width, from.height};
  layout.memory_planes = from.format->memory_planes;
  layout.components = from.format->components;
  std::copy_n(from.stride, kMaxPlanes, layout.stride.begin());
  std::copy_n(from.offset, kMaxPlanes, layout.offset.begin());
  std::copy_n(from.component_plane, kMaxPlanes, layout.component_plane.begin());
  std::copy_n(from.plane_size, kMaxPlanes, layout.plane_size.begin());
  return layout;
}

Result<FrameLayout> layout_for(FourCC fourcc, Size size, const std::array<uint32_t, kMaxPlanes>& wanted_stride) {
  const svpu_pixel_format* format = svpu_pixel_format_find(static_cast<uint32_t>(fourcc));
  if (format == nullptr) return fail(EINVAL, "no raw format " + to_string(fourcc));
  svpu_frame_layout from;
  switch (svpu_frame_layout_set_lines(&from, format, size.width, size.height, wanted_stride.data())) {
    case SVPU_LAYOUT_EMPTY:
      return fail(EINVAL, "a frame without width or height");
    case SVPU_LAYOUT_TOO_LARGE:
      return fail(ERANGE, "a frame of more than 2^31 - 1 bytes");
    case SVPU_LAYOUT_OK:
      break;
  }
  return value_of(from);
}

uint32_t readable_tail(const FrameLayout& layout) { return SVPU_TAIL_LINES * layout.stride[0]; }

uint32_t bitstream_size(Size size, uint32_t wanted) { return svpu_bitstream_size(size.width, size.height, wanted); }

}  // namespace softvpu
