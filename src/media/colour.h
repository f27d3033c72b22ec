// SPDX-License-Identifier: LGPL-2.1-or-later
// Colour description of a stream or a buffer. The numbers are V4L2's own (enum v4l2_colorspace, v4l2_xfer_func,
// v4l2_ycbcr_encoding, v4l2_quantization); 0 means default / unknown everywhere.
#pragma once

#include <cstdint>

namespace softvpu {

struct Colour {
  uint32_t colorspace = 0;
  uint32_t xfer_func = 0;
  uint32_t ycbcr_enc = 0;
  uint32_t quantization = 0;
  friend bool operator==(const Colour&, const Colour&) = default;
};

// ISO/IEC 23001-8 (H.273) code points as H.264/HEVC VUI and libavcodec carry them, mapped to V4L2's. Unknown maps to 0.
Colour colour_from_cicp(uint32_t primaries, uint32_t transfer, uint32_t matrix, bool full_range);

// H.273's code points. 2: unspecified.
struct CodePoints {
  uint32_t primaries = 2;
  uint32_t transfer = 2;
  uint32_t matrix = 2;
  bool full_range = false;
  friend bool operator==(const CodePoints&, const CodePoints&) = default;
};

// Of pictures in Y'CbCr. What `colour` leaves to its default follows from its colour space, as V4L2 has it; what H.273 has no
// number for becomes unspecified.
CodePoints cicp_of(const Colour& colour);

}  // namespace softvpu
