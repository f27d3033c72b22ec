// SPDX-License-Identifier: LGPL-2.1-or-later
// What a lower half can do, as a table. The upper half derives formats, frame sizes, controls and node capabilities from it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "media/fourcc.h"
#include "media/geometry.h"

namespace softvpu::codec {

// decoder: input coded, output raw. encoder: input raw, output coded. capture: no input queue at all, output raw or coded.
enum class Role : uint8_t { kDecoder = 0, kEncoder = 1, kCapture = 2 };

// Bits of CodecInfo::flags.
inline constexpr uint32_t kContinuousByteStream = 1u << 0;  // input may be cut anywhere (V4L2_FMT_FLAG_CONTINUOUS_BYTESTREAM)
inline constexpr uint32_t kDynamicResolution = 1u << 1;     // V4L2_FMT_FLAG_DYN_RESOLUTION
inline constexpr uint32_t kStateless = 1u << 2;             // parameters come with each frame; outputs in decode order

// A menu control of a codec (profile, level): V4L2's control id, the items that are supported as a bit mask, and the default.
struct MenuControl {
  uint32_t id = 0;
  uint64_t supported_items = 0;  // bit i: menu item i
  int32_t default_item = 0;
  friend bool operator==(const MenuControl&, const MenuControl&) = default;
};

struct CodecInfo {
  Role role = Role::kDecoder;
  FourCC coded = FourCC::kNone;
  uint32_t flags = 0;
  SizeRange sizes;                  // coded resolutions
  uint32_t min_output_buffers = 2;  // before a stream is known
  std::vector<FourCC> raw;          // preferred first
  std::vector<MenuControl> menus;   // read-only for a decoder: what it supports
  friend bool operator==(const CodecInfo&, const CodecInfo&) = default;
};

struct Capabilities {
  std::string name;      // of the firmware, for people
  uint32_t version = 0;  // of the firmware
  std::vector<CodecInfo> codecs;
  const CodecInfo* find(Role role, FourCC coded) const;
};

}  // namespace softvpu::codec
