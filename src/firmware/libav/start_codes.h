// SPDX-License-Identifier: GPL-2.0-or-later
// Units between start codes (00 00 01) of H.264, HEVC and MPEG-2 byte streams (H.264 Annex B;
// H.262, 6.2.1). Used by headers.cc, the packetizer and the codecs' own files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "firmware/libav/bits.h"

namespace softvpu::firmware::libav {

// What stands between two start codes; the first byte is the NAL header, or MPEG-2's start code
// value.
struct Unit {
  size_t start = 0;      // of the start code, its leading zero_byte included
  Bytes bytes;           // without start code; zeros before the next one included (MPEG-2 headers may end in zeros)
  bool complete = true;  // false: it reaches the end of the data, and more may come
};

// Walks through the units of `data`.
class UnitWalker {
 public:
  explicit UnitWalker(Bytes data) : data_(data) { next_ = find(0); }
  std::optional<Unit> next();

 private:
  // Position of the first byte after the next 00 00 01 at or after `from`; data_.size() + 1 when
  // there is none.
  size_t find(size_t from) const;

  Bytes data_;
  size_t next_;
};

// Appends a start code and the unit as it is.
void append_unit(std::vector<uint8_t>& out, Bytes unit);

}  // namespace softvpu::firmware::libav
