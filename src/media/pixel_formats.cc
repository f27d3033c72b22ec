// SPDX-License-Identifier: LGPL-2.1-or-later
// Rows of core/pixel_formats.c, the one table of raw formats, as media's values.
#include "core/pixel_formats.h"
#include "media/frame_layout.h"

namespace softvpu {
namespace {

static_assert(static_cast<uint32_t>(kNv12) == SVPU_PIX_FMT_NV12);
static_assert(static_cast<uint32_t>(kYuv420) == SVPU_PIX_FMT_YUV420);
static_assert(kMaxPlanes == SVPU_MAX_COMPONENTS);

std::optional<PixelFormatInfo> from_core(const svpu_pixel_format* row) {
  if (row == nullptr) return std::nullopt;
  PixelFormatInfo info{.fourcc = static_cast<FourCC>(row->fourcc),
                       .bit_depth = row->bit_depth,
                       .memory_planes = row->memory_planes,
                       .components = row->components};
  for (uint32_t i = 0; i < row->components; ++i) {
    const svpu_component& component = row->component[i];
    info.component[i] = {component.bytes_per_sample, component.horizontal_shift, component.vertical_shift};
  }
  return info;
}

}  // namespace

std::optional<PixelFormatInfo> pixel_format_at(uint32_t index) { return from_core(svpu_pixel_format_at(index)); }

std::optional<PixelFormatInfo> find_pixel_format(FourCC fourcc) {
  return from_core(svpu_pixel_format_find(static_cast<uint32_t>(fourcc)));
}

}  // namespace softvpu
