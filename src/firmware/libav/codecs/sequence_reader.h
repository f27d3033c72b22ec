// SPDX-License-Identifier: GPL-2.0-or-later
// How a codec reads which sequence an access unit belongs to: made by a row (codec_row.h), used by
// Sequences (sequence.h).
#pragma once

#include <cstdint>
#include <optional>

#include "firmware/libav/bits.h"

namespace softvpu::firmware::libav {

// What a sequence's headers state.
struct SequenceHeader {
  bool interlaced = false;     // two interleaved fields per picture, or there may be
  uint32_t pictures_held = 0;  // that may have to wait: reference pictures, or those shown later
  // False: the headers state nothing of it, and what libavcodec reports is of a sequence before.
  bool states_range = true;
  bool states_colour = true;
};

// The last access unit was this field of a frame, and the other one is still to come.
enum class Field : uint8_t { kTop, kBottom };

// Thread: the codec thread. Parameter sets are remembered over a seek, as libavcodec's decoder
// does.
class SequenceReader {
 public:
  virtual ~SequenceReader() = default;
  // Takes the next access unit, in decoding order, and keeps `open_field`. Returns the sequence
  // that begins with it, if one does.
  virtual std::optional<SequenceHeader> add(Bytes access_unit, std::optional<Field>& open_field) = 0;
};

}  // namespace softvpu::firmware::libav
