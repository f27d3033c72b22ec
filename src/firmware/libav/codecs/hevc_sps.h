// SPDX-License-Identifier: GPL-2.0-or-later
// H.265 sequence parameter sets (H.265 7.3.2.2, E.2.1), as far as the number of buffers and fields
// need. For hevc.cc.
#pragma once

#include <cstdint>
#include <optional>

#include "firmware/libav/bits.h"

namespace softvpu::firmware::libav {

struct HevcSps {
  uint32_t id = 0;  // below 16
  uint32_t reorder = 0;
  bool interlaced = false;  // pictures are two interleaved fields
};

// `nal` begins with the NAL header and has at least two bytes. nullopt: cut short, or nonsense.
std::optional<HevcSps> parse_hevc_sps(Bytes nal);

// H.265 7.3.3: profile_tier_level() after general_level_idc, of a set with so many sub-layers
// beside the first.
void skip_sub_layers(BitReader& bits, uint32_t sub_layers);

}  // namespace softvpu::firmware::libav
