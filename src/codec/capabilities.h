// SPDX-License-Identifier: LGPL-2.1-or-later
// What a lower half can do, as a table. The upper half derives formats, frame sizes, controls and node capabilities from it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "media/codec_info.h"

namespace softvpu::codec {

// The seam's own names for media's values.
using softvpu::CodecInfo;
using softvpu::FrameInterval;
using softvpu::kContinuousByteStream;
using softvpu::kDynamicResolution;
using softvpu::kWholeBlocks;
using softvpu::Role;

struct Capabilities {
  std::string name;      // of the firmware, for people
  uint32_t version = 0;  // of the firmware
  std::vector<CodecInfo> codecs;
  const CodecInfo* find(Role role, FourCC coded) const;
};

}  // namespace softvpu::codec
