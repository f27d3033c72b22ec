// SPDX-License-Identifier: LGPL-2.1-or-later
// What a codec can do, as one value on both sides of the HFI: the firmware's tables hold it, hfi/values.h carries it over, the
// upper half derives formats, frame sizes and controls from it.
#pragma once

#include <cstdint>
#include <vector>

#include "media/control.h"
#include "media/fourcc.h"
#include "media/geometry.h"

namespace softvpu {

// decoder: input coded, output raw. encoder: input raw, output coded. capture: no input queue at all, output raw or coded.
// stateless decoder: parameters come with each input, outputs in decode order. The numbers are the wire's.
enum class Role : uint8_t { kDecoder = 0, kEncoder = 1, kCapture = 2, kStatelessDecoder = 3 };

// Seconds per frame; 0/0: unknown.
struct FrameInterval {
  uint32_t numerator = 0;
  uint32_t denominator = 0;
  friend bool operator==(const FrameInterval&, const FrameInterval&) = default;
};

// Bits of CodecInfo::flags. The numbers are the wire's.
inline constexpr uint32_t kContinuousByteStream = 1u << 0;  // input may be cut anywhere (V4L2_FMT_FLAG_CONTINUOUS_BYTESTREAM)
inline constexpr uint32_t kDynamicResolution = 1u << 1;     // V4L2_FMT_FLAG_DYN_RESOLUTION
// An encoder codes blocks of 8x8 samples of each component: buffers of pictures have whole ones, all of whose samples count.
inline constexpr uint32_t kWholeBlocks = 1u << 2;
inline constexpr uint32_t kKnownCodecFlags = kContinuousByteStream | kDynamicResolution | kWholeBlocks;

struct CodecInfo {
  Role role = Role::kDecoder;
  FourCC coded = FourCC::kNone;
  uint32_t flags = 0;
  SizeRange sizes;                  // coded resolutions
  uint32_t min_output_buffers = 2;  // before a stream is known
  // The shortest and the longest of an encoder or a camera; both 0/0: any, or none.
  FrameInterval min_interval;
  FrameInterval max_interval;
  std::vector<FourCC> raw;  // preferred first
  std::vector<ControlInfo> controls;
  friend bool operator==(const CodecInfo&, const CodecInfo&) = default;
};

}  // namespace softvpu
