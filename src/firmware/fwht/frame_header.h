// SPDX-License-Identifier: GPL-2.0-or-later
// The header in front of every FWHT frame, as a checked value. Read by the cutter and the decoder,
// written by the encoder. The format has no specification but its reference, the kernel's test
// driver vicodec; the flags are V4L2_FWHT_FL_* of <linux/v4l2-controls.h>.
//
// Eleven 32-bit words, the most significant byte first: two magic words, version, width, height,
// flags, four words of colour in V4L2's numbers, and the size of the payload behind the header.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "firmware/fwht/picture.h"
#include "media/colour.h"

namespace softvpu::firmware::fwht {

inline constexpr size_t kHeaderBytes = 44;
// It occurs nowhere in a payload, so a reader that has lost its place can look for it.
inline constexpr std::array<uint8_t, 8> kMagic = {0x4f, 0x4f, 0x4f, 0x4f, 0xff, 0xff, 0xff, 0xff};
inline constexpr uint32_t kNewestVersion = 3;
// Of a side. FWHT itself has no limit; a node has.
inline constexpr uint32_t kMaxSide = 8192;

struct FrameHeader {
  uint32_t version = kNewestVersion;
  Shape shape;
  bool key = true;                                // no block needs an earlier frame
  std::array<bool, kMaxComponents> stored_raw{};  // that component's samples aren't compressed
  Colour colour;
  uint32_t payload_bytes = 0;
  friend bool operator==(const FrameHeader&, const FrameHeader&) = default;
};

// Checks everything that a decoder relies on.
// Errors: EBADMSG for a damaged header, EOPNOTSUPP for a version or a shape that isn't known.
Result<FrameHeader> parse_header(std::span<const uint8_t, kHeaderBytes> bytes);

void write_header(const FrameHeader& header, std::span<uint8_t, kHeaderBytes> out);

}  // namespace softvpu::firmware::fwht
