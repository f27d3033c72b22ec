// SPDX-License-Identifier: LGPL-2.1-or-later
// Raw pixel formats and where their samples lie in memory. Pure values; used on both sides of the HFI.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "media/fourcc.h"
#include "media/geometry.h"

namespace softvpu {

inline constexpr uint32_t kMaxPlanes = 4;

// One component plane of a raw format (Y, U, V, or interleaved UV).
struct ComponentInfo {
  uint8_t bytes_per_sample = 1;  // of one horizontal step; interleaved UV has 2
  uint8_t horizontal_shift = 0;  // log2 of the subsampling
  uint8_t vertical_shift = 0;
};

// A row of the raw format table (pixel_formats.cc), sorted by preference: the first is what a device offers first.
struct PixelFormatInfo {
  FourCC fourcc = FourCC::kNone;
  uint8_t bit_depth = 8;
  uint8_t memory_planes = 1;  // separately allocated planes (1 for YU12 and NV12, 2 for NM12)
  uint8_t components = 0;
  std::array<ComponentInfo, kMaxPlanes> component{};
};

std::span<const PixelFormatInfo> pixel_formats();
// nullptr when the format isn't known.
const PixelFormatInfo* find_pixel_format(FourCC fourcc);

// Where each component starts, and how long each memory plane is.
struct FrameLayout {
  FourCC fourcc = FourCC::kNone;
  Size size;                                           // frame buffer size: the coded size, aligned
  uint32_t memory_planes = 0;                          // entries used in plane_size
  uint32_t components = 0;                             // entries used in stride, offset, component_plane
  std::array<uint32_t, kMaxPlanes> stride{};           // bytes per line
  std::array<uint32_t, kMaxPlanes> offset{};           // bytes from the start of the memory plane
  std::array<uint32_t, kMaxPlanes> component_plane{};  // which memory plane holds it
  std::array<uint32_t, kMaxPlanes> plane_size{};       // bytes: V4L2's sizeimage
  friend bool operator==(const FrameLayout&, const FrameLayout&) = default;
};

// Sizes are rounded up to 16x16 (what macroblock codecs write), luma strides to 128 bytes for planar formats, 64 for semi-planar:
// what libavcodec's widest SIMD writes. V4L2's rules for single-memory-plane formats hold: chroma follows luma at
// stride * height, chroma stride is luma stride / 2 (planar) or equal (semi-planar).
// Errors: EINVAL for an unknown format or an empty size; ERANGE when the bytes don't fit 31 bits.
Result<FrameLayout> layout_for(FourCC fourcc, Size size);

// libavcodec may read this many bytes past the last sample (two luma strides; h264): the allocation of a MMAP buffer has them.
uint32_t readable_tail(const FrameLayout& layout);

}  // namespace softvpu
