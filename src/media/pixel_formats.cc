// SPDX-License-Identifier: LGPL-2.1-or-later
// Rows of core/pixel_formats.c, the one table of raw formats, as media's values.
#include "core/pixel_formats.h"
#include "media/frame_layout.h"

namespace softvpu {
namespace {

static_assert(static_cast<uint32_t>(kNv12) == SVPU_PIX_FMT_NV12);
static_assert(static_cast<uint32_t>(kYuv420) == SVPU_PIX_FMT_YUV420);
static_assert(static_cast<uint32_t>(kYvu420) == SVPU_PIX_FMT_YVU420);
static_assert(static_cast<uint32_t>(kNv21) == SVPU_PIX_FMT_NV21);
static_assert(static_cast<uint32_t>(kYuv420m) == SVPU_PIX_FMT_YUV420M);
static_assert(static_cast<uint32_t>(kYvu420m) == SVPU_PIX_FMT_YVU420M);
static_assert(static_cast<uint32_t>(kNv12m) == SVPU_PIX_FMT_NV12M);
static_assert(static_cast<uint32_t>(kNv21m) == SVPU_PIX_FMT_NV21M);
static_assert(static_cast<uint32_t>(kYuv422p) == SVPU_PIX_FMT_YUV422P);
static_assert(static_cast<uint32_t>(kNv16) == SVPU_PIX_FMT_NV16);
static_assert(static_cast<uint32_t>(kNv61) == SVPU_PIX_FMT_NV61);
static_assert(static_cast<uint32_t>(kNv16m) == SVPU_PIX_FMT_NV16M);
static_assert(static_cast<uint32_t>(kYuyv) == SVPU_PIX_FMT_YUYV);
static_assert(static_cast<uint32_t>(kYvyu) == SVPU_PIX_FMT_YVYU);
static_assert(static_cast<uint32_t>(kUyvy) == SVPU_PIX_FMT_UYVY);
static_assert(static_cast<uint32_t>(kVyuy) == SVPU_PIX_FMT_VYUY);
static_assert(static_cast<uint32_t>(kNv24) == SVPU_PIX_FMT_NV24);
static_assert(static_cast<uint32_t>(kNv42) == SVPU_PIX_FMT_NV42);
static_assert(static_cast<uint32_t>(kRgb24) == SVPU_PIX_FMT_RGB24);
static_assert(static_cast<uint32_t>(kBgr24) == SVPU_PIX_FMT_BGR24);
static_assert(static_cast<uint32_t>(kRgb32) == SVPU_PIX_FMT_RGB32);
static_assert(static_cast<uint32_t>(kBgr32) == SVPU_PIX_FMT_BGR32);
static_assert(static_cast<uint32_t>(kArgb32) == SVPU_PIX_FMT_ARGB32);
static_assert(static_cast<uint32_t>(kXrgb32) == SVPU_PIX_FMT_XRGB32);
static_assert(static_cast<uint32_t>(kAbgr32) == SVPU_PIX_FMT_ABGR32);
static_assert(static_cast<uint32_t>(kXbgr32) == SVPU_PIX_FMT_XBGR32);
static_assert(static_cast<uint32_t>(kRgba32) == SVPU_PIX_FMT_RGBA32);
static_assert(static_cast<uint32_t>(kRgbx32) == SVPU_PIX_FMT_RGBX32);
static_assert(static_cast<uint32_t>(kBgra32) == SVPU_PIX_FMT_BGRA32);
static_assert(static_cast<uint32_t>(kBgrx32) == SVPU_PIX_FMT_BGRX32);
static_assert(static_cast<uint32_t>(kHsv24) == SVPU_PIX_FMT_HSV24);
static_assert(static_cast<uint32_t>(kHsv32) == SVPU_PIX_FMT_HSV32);
static_assert(static_cast<uint32_t>(kGrey) == SVPU_PIX_FMT_GREY);
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

bool repacks(FourCC one, FourCC other) {
  return svpu_pixel_format_repacks(static_cast<uint32_t>(one), static_cast<uint32_t>(other));
}

}  // namespace softvpu
