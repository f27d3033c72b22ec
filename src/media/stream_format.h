// SPDX-License-Identifier: LGPL-2.1-or-later
// What a decoder learnt from a stream, and the kinds of its frames: one value each on both sides of the HFI.
#pragma once

#include <cstdint>

#include "media/colour.h"
#include "media/fourcc.h"
#include "media/geometry.h"

namespace softvpu {

struct StreamFormat {
  Size coded;    // as the codec codes it (a multiple of its block size)
  Rect visible;  // inside coded
  uint8_t bit_depth = 8;
  uint8_t chroma = 1;       // 0: 4:0:0, 1: 4:2:0, 2: 4:2:2, 3: 4:4:4
  bool interlaced = false;  // the sequence may hold fields
  Colour colour;
  uint32_t min_output_buffers = 2;  // with fewer it works, but copies
  uint32_t pixel_aspect_num = 1;
  uint32_t pixel_aspect_den = 1;
  FourCC native = FourCC::kNone;  // the raw format that costs no conversion; kNone: none of the offered ones fits
  friend bool operator==(const StreamFormat&, const StreamFormat&) = default;
};

// False: a client must be asked to set its buffers up anew (dev-decoder.rst, Dynamic Resolution Change: a change of the coded or
// the visible size, the number of buffers needed or the bit depth); and where v4l2_format.field changes.
inline bool same_setup(const StreamFormat& a, const StreamFormat& b) {
  return a.coded == b.coded && a.visible == b.visible && a.bit_depth == b.bit_depth && a.chroma == b.chroma &&
         a.interlaced == b.interlaced && a.min_output_buffers == b.min_output_buffers;
}

// The numbers are the wire's.
enum class FrameType : uint8_t { kUnknown = 0, kKey = 1, kP = 2, kB = 3 };
enum class FrameField : uint8_t { kProgressive = 0, kInterlacedTopFirst = 1, kInterlacedBottomFirst = 2 };

}  // namespace softvpu
