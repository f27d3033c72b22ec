// SPDX-License-Identifier: GPL-2.0-or-later
// SEI messages and parameter sets in NAL units: see nal_units.h.
#include "firmware/libav/codecs/nal_units.h"

namespace softvpu::firmware::libav {

bool plausible_sei(Bytes payload, bool complete) {
  size_t at = 0;
  while (at < payload.size() && payload[at] == 0xff) ++at;
  size_t size = 0;
  for (++at; at < payload.size() && payload[at] == 0xff; ++at) size += 0xff;
  if (at >= payload.size()) return !complete;
  size += payload[at++];
  return !complete || at + size <= payload.size();
}

std::optional<SetName> set_name(uint32_t kind, const BitReader& bits, uint32_t id) {
  return bits.bad() ? std::nullopt : std::optional(SetName{kind, id});
}

std::vector<ParameterSet> sets_before_slice(Bytes access_unit, bool (*is_slice)(Bytes unit),
                                            std::optional<SetName> (*name_of)(Bytes unit)) {
  std::vector<ParameterSet> out;
  UnitWalker walker(access_unit);
  for (auto unit = walker.next(); unit; unit = walker.next()) {
    if (unit->bytes.empty()) continue;
    if (is_slice(unit->bytes)) break;
    Bytes bytes = unit->bytes;
    while (bytes.size() > 1 && bytes.back() == 0) bytes = bytes.first(bytes.size() - 1);  // trailing_zero_8bits
    if (bytes.size() > kMaxHeaderUnit) continue;
    if (const auto name = name_of(bytes)) {
      out.push_back({.kind = name->kind, .id = name->id});
      append_unit(out.back().bytes, bytes);
    }
  }
  return out;
}

}  // namespace softvpu::firmware::libav
