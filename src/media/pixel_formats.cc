// SPDX-License-Identifier: LGPL-2.1-or-later
// The table of raw formats, the preferred first. Read by the upper half (what a node offers) and the worker (where samples go).
// V4L2 reference, "YUV Formats": YU12 is planar Y, Cb, Cr at 4:2:0; NV12 is Y and interleaved CbCr.
#include <algorithm>
#include <array>

#include "media/frame_layout.h"

namespace softvpu {
namespace {

constexpr ComponentInfo kFull{.bytes_per_sample = 1, .horizontal_shift = 0, .vertical_shift = 0};
constexpr ComponentInfo kQuarter{.bytes_per_sample = 1, .horizontal_shift = 1, .vertical_shift = 1};
constexpr ComponentInfo kQuarterPair{.bytes_per_sample = 2, .horizontal_shift = 1, .vertical_shift = 1};

constexpr std::array kFormats = {
    PixelFormatInfo{
        .fourcc = kYuv420, .bit_depth = 8, .memory_planes = 1, .components = 3, .component = {kFull, kQuarter, kQuarter}},
    PixelFormatInfo{.fourcc = kNv12, .bit_depth = 8, .memory_planes = 1, .components = 2, .component = {kFull, kQuarterPair}},
};

}  // namespace

std::span<const PixelFormatInfo> pixel_formats() { return kFormats; }

const PixelFormatInfo* find_pixel_format(FourCC fourcc) {
  const auto* found =
      std::find_if(kFormats.begin(), kFormats.end(), [fourcc](const PixelFormatInfo& row) { return row.fourcc == fourcc; });
  return found == kFormats.end() ? nullptr : found;
}

}  // namespace softvpu
