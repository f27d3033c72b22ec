// SPDX-License-Identifier: GPL-2.0-or-later
// Decoding: see decoder.h.
#include "firmware/fwht/decoder.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "firmware/fwht/packing.h"
#include "firmware/fwht/run_length.h"

namespace softvpu::firmware::fwht {
namespace {

// False: the payload ends inside the plane, or is damaged.
bool decode_plane(const BlockOps& ops, BlockReader& reader, const Plane& reference, const Plane& out) {
  ReadBlock block;
  Block samples;
  uint32_t left = 0;  // times that the block follows
  for (uint32_t y = 0; y < out.height; y += kBlockSide) {
    for (uint32_t x = 0; x < out.width; x += kBlockSide) {
      if (left > 0) {
        --left;
      } else {
        Block coefficients;
        const auto read = reader.next(coefficients);
        if (!read) return false;
        block = *read;
        left = block.repeats;
        ops.reconstruct(coefficients, block.predicted, samples);
      }
      const size_t at = static_cast<size_t>(y) * out.width + x;
      ops.store(samples, block.predicted ? reference.data + at : nullptr, reference.width, out.data + at, out.width);
    }
  }
  return true;
}

}  // namespace

Result<Decoder> Decoder::create(const Shape& shape, const BlockOps& ops) {
  Decoder decoder;
  decoder.ops_ = &ops;
  for (Picture* picture : {&decoder.current_, &decoder.next_}) {
    auto made = Picture::create(shape);
    if (!made) return Unexpected(made.error());
    *picture = std::move(*made);
  }
  return decoder;
}

Status Decoder::decode(const FrameHeader& header, std::span<const uint8_t> payload, const RawFormat& format) {
  if (header.shape != current_.shape()) return fail(EINVAL, "a frame of another shape");
  BlockReader reader(payload);
  for (uint32_t i = 0; i < header.shape.components; ++i) {
    const Plane& out = next_.plane(i);
    if (header.stored_raw[i]) {
      const auto samples = reader.take_raw(static_cast<size_t>(out.width) * out.height);
      if (samples.empty() && out.width != 0) return fail(EBADMSG, "an FWHT frame ends inside a component that is stored raw");
      std::copy(samples.begin(), samples.end(), out.data);
    } else if (!decode_plane(*ops_, reader, current_.plane(i), out)) {
      return fail(EBADMSG, "an FWHT frame with a damaged block, or without its end");
    }
  }
  misplace_raw_samples(format, header.stored_raw, next_);
  std::swap(current_, next_);
  return {};
}

}  // namespace softvpu::firmware::fwht
