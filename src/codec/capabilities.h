// SPDX-License-Identifier: LGPL-2.1-or-later
// What a lower half can do, as a table. The upper half derives formats, frame sizes, controls and node capabilities from it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "media/control.h"
#include "media/fourcc.h"
#include "media/geometry.h"

namespace softvpu::codec {

// decoder: input coded, output raw. encoder: input raw, output coded. capture: no input queue at all, output raw or coded.
// stateless decoder: parameters come with each input, outputs in decode order.
enum class Role : uint8_t { kDecoder = 0, kEncoder = 1, kCapture = 2, kStatelessDecoder = 3 };

// Seconds per frame; 0/0: unknown.
struct FrameInterval {
  uint32_t numerator = 0;
  uint32_t denominator = 0;
  friend bool operator==(const FrameInterval&, const FrameInterval&) = default;
};

// Bits of CodecInfo::flags.
inline constexpr uint32_t kContinuousByteStream = 1u << 0;  // input may be cut anywhere (V4L2_FMT_FLAG_CONTINUOUS_BYTESTREAM)
inline constexpr uint32_t kDynamicResolution = 1u << 1;     // V4L2_FMT_FLAG_DYN_RESOLUTION

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

struct Capabilities {
  std::string name;      // of the firmware, for people
  uint32_t version = 0;  // of the firmware
  std::vector<CodecInfo> codecs;
  const CodecInfo* find(Role role, FourCC coded) const;
};

}  // namespace softvpu::codec
