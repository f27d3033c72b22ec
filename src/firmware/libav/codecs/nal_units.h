// SPDX-License-Identifier: GPL-2.0-or-later
// What the codecs whose streams are NAL units have in common. Used by h264.cc and hevc.cc.
#pragma once

#include <optional>
#include <vector>

#include "firmware/libav/codecs/codec_row.h"

namespace softvpu::firmware::libav {

// Whether the payload of an SEI unit begins with a message that fits into it (H.264 7.3.2.3.1,
// H.265 7.3.5).
bool plausible_sei(Bytes payload, bool complete);

// Of a parameter set: see ParameterSet.
struct SetName {
  uint32_t kind = 0;
  uint32_t id = 0;
};
inline constexpr size_t kNameLimit = 96;  // bytes of a set in which its id stands
// nullopt when `bits`, from which `id` was read, ended before it.
std::optional<SetName> set_name(uint32_t kind, const BitReader& bits, uint32_t id);

// The units before the first slice for which `name_of` returns a name.
std::vector<ParameterSet> sets_before_slice(Bytes access_unit, bool (*is_slice)(Bytes unit),
                                            std::optional<SetName> (*name_of)(Bytes unit));

}  // namespace softvpu::firmware::libav
