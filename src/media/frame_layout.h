// SPDX-License-Identifier: LGPL-2.1-or-later
// Raw pixel formats and where their samples are in (after can/may: be) memory. Pure values; used on
// both sides of the HFI.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/result.h"
#include "media/fourcc.h"
#include "media/geometry.h"

struct svpu_frame_layout;

namespace softvpu {

inline constexpr uint32_t kMaxPlanes = 4;

// One component plane of a raw format (Y, U, V, or interleaved UV).
struct ComponentInfo {
  uint8_t bytes_per_sample = 1;  // of one horizontal step; interleaved UV has 2
  uint8_t horizontal_shift = 0;  // log2 of the subsampling
  uint8_t vertical_shift = 0;
};

// A row of the raw format table: core/pixel_formats.c.
struct PixelFormatInfo {
  FourCC fourcc = FourCC::kNone;
  uint8_t bit_depth = 8;
  uint8_t memory_planes = 1;  // separately allocated planes (1 for YU12 and NV12, 2 for NM12)
  uint8_t components = 0;
  std::array<ComponentInfo, kMaxPlanes> component{};
};

// The row at `index`, or nothing past the last one. The preferred format is first.
std::optional<PixelFormatInfo> pixel_format_at(uint32_t index);
// Nothing when the format isn't known.
std::optional<PixelFormatInfo> find_pixel_format(FourCC fourcc);

// True if both are known and hold the same samples: a frame of one can be repacked as the other.
bool repacks(FourCC one, FourCC other);

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
  // Of a picture that is a part of its buffer (part_of()): what the buffer has from the picture's corner on; else {0, 0}.
  Size room;
  friend bool operator==(const FrameLayout&, const FrameLayout&) = default;
};

// The same of core/frame_layout.h; `from.format` isn't NULL.
FrameLayout value_of(const svpu_frame_layout& from);

// What can be read from the layout's first samples on: its size or more.
inline Size readable_size(const FrameLayout& layout) { return layout.room.empty() ? layout.size : layout.room; }

// The one layout of a picture: svpu_frame_layout_set_lines() of core/frame_layout.h says by which rules, also how far the bytes
// per line are granted that a client asks for, of each memory plane; 0: it doesn't say.
// Errors: EINVAL for an unknown format or an empty size; ERANGE when the bytes don't fit 31 bits.
Result<FrameLayout> layout_for(FourCC fourcc, Size size, const std::array<uint32_t, kMaxPlanes>& wanted_stride = {});

// libavcodec may read this many bytes past the last sample (two luma strides; h264): the allocation of a MMAP buffer has them.
uint32_t readable_tail(const FrameLayout& layout);

// The size of a node's pictures before anybody has set one.
inline constexpr Size kDefaultSize{1280, 720};

// The size in bytes of a bitstream buffer that holds any access unit of a picture of `size`, for a client that asks for `wanted`:
// svpu_bitstream_size() of core/frame_layout.h.
uint32_t bitstream_size(Size size, uint32_t wanted);

}  // namespace softvpu
