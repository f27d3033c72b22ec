// SPDX-License-Identifier: GPL-2.0-or-later
// Questions to the units of a byte stream: see headers.h.
#include "firmware/libav/headers.h"

#include <algorithm>

namespace softvpu::firmware::libav {
namespace {

// forbidden_zero_bit is set: not a NAL unit, so another codec's stream.
bool is_alien(const ByteStream& stream, Bytes unit) { return stream.nal_units && (unit[0] & 0x80) != 0; }

// Whether there are units, and all of them are of one of these kinds.
bool all_units_are(const CodecRow& row, Bytes access_unit, std::initializer_list<UnitKind> kinds) {
  if (!row.byte_stream()) return false;
  bool any = false;
  UnitWalker walker(access_unit);
  for (auto unit = walker.next(); unit; unit = walker.next()) {
    if (unit->bytes.empty()) continue;
    if (std::find(kinds.begin(), kinds.end(), row.stream->kind_of(*unit)) == kinds.end()) return false;
    any = true;
  }
  return any;
}

}  // namespace

std::optional<HeaderPacket> header_packet(const CodecRow& row, Bytes data) {
  if (row.byte_stream()) return row.stream->header_packet(data);
  return HeaderPacket{.bytes = {data.begin(), data.end()}};
}

bool may_become_header(const CodecRow& row, Bytes data, size_t new_from) {
  if (!row.byte_stream()) return false;
  bool may = !data.empty() && data.back() == 0;  // perhaps the beginning of a start code
  UnitWalker walker(data);
  for (auto unit = walker.next(); unit; unit = walker.next()) {
    const auto end = static_cast<size_t>(unit->bytes.data() - data.data()) + unit->bytes.size();
    if (unit->complete && end <= new_from) continue;
    if (unit->bytes.empty()) {
      may = may || !unit->complete;
      continue;
    }
    if (is_alien(*row.stream, unit->bytes)) return false;
    may = may || (unit->bytes.size() <= kMaxHeaderUnit && row.stream->kind_of(*unit) == UnitKind::kHeader);
  }
  return may;
}

bool without_picture(const CodecRow& row, Bytes access_unit) {
  return all_units_are(row, access_unit, {UnitKind::kHeader, UnitKind::kEndMark, UnitKind::kFiller});
}

bool only_end_marks(const CodecRow& row, Bytes access_unit) { return all_units_are(row, access_unit, {UnitKind::kEndMark}); }

bool ends_sequence(const CodecRow& row, Bytes bytes) {
  if (!row.byte_stream()) return false;
  while (!bytes.empty() && bytes.back() == 0) bytes = bytes.first(bytes.size() - 1);
  const auto ends_in = [&bytes](Bytes mark) {
    constexpr uint8_t kStartCode[] = {0, 0, 1};
    if (bytes.size() < std::size(kStartCode) + mark.size()) return false;
    const Bytes end = bytes.last(std::size(kStartCode) + mark.size());
    return std::equal(std::begin(kStartCode), std::end(kStartCode), end.begin()) &&
           std::equal(mark.begin(), mark.end(), end.begin() + std::size(kStartCode));
  };
  return std::any_of(row.stream->end_marks.begin(), row.stream->end_marks.end(), ends_in);
}

}  // namespace softvpu::firmware::libav
