// SPDX-License-Identifier: GPL-2.0-or-later
// Between a client's frame and the planes that FWHT codes: every raw format of raw_format.h.
#pragma once

#include <array>
#include <cstdint>

#include "firmware/fwht/picture.h"
#include "firmware/fwht/raw_format.h"

namespace softvpu::firmware::fwht {

// A frame in a client's memory. Every line of `size` lies inside the memory; whoever fills this in
// has checked that.
template <typename Byte>
struct FrameMemory {
  Size size;                                      // of the buffer in pixels, the visible size or more
  std::array<Byte*, kMaxComponents> data{};       // of the layout's component planes
  std::array<uint32_t, kMaxComponents> stride{};  // bytes
};

using RawFrame = FrameMemory<uint8_t>;
using ConstRawFrame = FrameMemory<const uint8_t>;

// Writes the picture, and of its blocks' samples past the visible size what the frame has room for.
void pack(const RawFormat& format, const Picture& picture, const RawFrame& out);
// Reads the picture, and past the visible size what the frame has; where the frame ends, its last
// sample is repeated up to the end of the block.
void unpack(const RawFormat& format, const ConstRawFrame& in, Picture& out);

// vicodec writes a component that is stored raw as consecutive bytes, where a format has other
// samples between them too, and predicts the next frame from what is then there. A stream's
// pictures must come out the same, so this does the same to a decoded picture. What vicodec leaves
// from an earlier use of the buffer is 0 here. Nothing changes unless such a component is raw.
void misplace_raw_samples(const RawFormat& format, const std::array<bool, kMaxComponents>& stored_raw, Picture& picture);

}  // namespace softvpu::firmware::fwht
