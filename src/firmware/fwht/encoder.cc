// SPDX-License-Identifier: GPL-2.0-or-later
// Encoding: see encoder.h. What looks odd here is vicodec's, and streams must come out the same.
#include "firmware/fwht/encoder.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "firmware/fwht/run_length.h"

namespace softvpu::firmware::fwht {
namespace {

// A component's compressed blocks must stay so much below the bytes of its visible samples, or it
// is stored raw.
constexpr int64_t kRawMargin = 512;

// Raw samples must not look like a header's magic.
uint8_t without_ff(uint8_t sample) { return sample == 0xff ? 0xfe : sample; }

// Whether two blocks that were written differ in nothing but how often they follow.
bool is_repeated(const uint8_t* last, size_t last_bytes, const uint8_t* block, size_t bytes) {
  return last != nullptr && last_bytes == bytes && std::memcmp(last + 2, block + 2, bytes - 2) == 0 &&
         is_predicted(last) == is_predicted(block) && repeats(last) < kMaxRepeats;
}

}  // namespace

Result<Encoder> Encoder::create(const Shape& shape, const BlockOps& ops) {
  if (!is_known(shape) || shape.size.empty() || shape.size.width > kMaxSide || shape.size.height > kMaxSide)
    return fail(EINVAL, "FWHT codes pictures of 1x1 to 8192x8192 in its own raw formats");
  Encoder encoder;
  encoder.ops_ = &ops;
  auto reference = Picture::create(shape);
  if (!reference) return Unexpected(reference.error());
  encoder.reference_ = std::move(*reference);
  // A component may pass its limit by one block before it is stored raw instead.
  encoder.bytes_.resize(max_frame_bytes(shape) + kMaxBlockBytes);
  return encoder;
}

EncodedFrame Encoder::encode(const Picture& picture, const EncodeParameters& parameters) {
  const uint32_t gop = std::max(parameters.gop_size, 1u);
  if (parameters.force_key) in_gop_ = 0;
  const EncodeJob job = {.intra_dead_zone = parameters.intra_qp,
                         .inter_dead_zone = parameters.inter_qp,
                         .may_predict = in_gop_ != 0,
                         .update_reference = in_gop_ != gop - 1};
  FrameHeader header{.shape = picture.shape(), .colour = parameters.colour};
  uint8_t* at = bytes_.data() + kHeaderBytes;
  for (uint32_t i = 0; i < header.shape.components; ++i) {
    const CodedPlane coded = encode_plane(i, picture.plane(i), job, at);
    at += coded.bytes;
    header.stored_raw[i] = coded.raw;
    if (coded.predicted) header.key = false;
  }
  header.payload_bytes = static_cast<uint32_t>(at - bytes_.data() - kHeaderBytes);
  write_header(header, std::span(bytes_).first<kHeaderBytes>());
  // A frame in which nothing was predicted begins a group, wherever it was meant to be.
  if (header.key) in_gop_ = 0;
  if (++in_gop_ >= gop) in_gop_ = 0;
  return {.bytes = std::span(bytes_).first(kHeaderBytes + header.payload_bytes), .key = header.key};
}

Encoder::CodedPlane Encoder::encode_plane(uint32_t component, const Plane& source, EncodeJob job, uint8_t* out) const {
  const Size visible = visible_samples(reference_.shape(), component);
  const int64_t limit = static_cast<int64_t>(visible.width) * visible.height / 2 * 2 - kRawMargin;
  const Plane& reference = reference_.plane(component);
  job.source_stride = source.width;
  job.reference_stride = reference.width;

  CodedPlane plane;
  uint8_t* at = out;
  uint8_t* last = nullptr;  // where the last block stands, and its length
  size_t last_bytes = 0;
  for (uint32_t y = 0; y < source.height; y += kBlockSide) {
    for (uint32_t x = 0; x < source.width; x += kBlockSide) {
      job.source = source.data + static_cast<size_t>(y) * source.width + x;
      job.reference = reference.data + static_cast<size_t>(y) * reference.width + x;
      Block coefficients;
      const EncodeResult result = ops_->encode(job, coefficients);
      plane.predicted |= result.predicted;
      const size_t bytes = write_block(coefficients, result, at);
      if (is_repeated(last, last_bytes, at, bytes)) {
        add_repeat(last);
      } else {
        last = at;
        last_bytes = bytes;
        at += bytes;
      }
      if (at - out < limit) continue;
      // The reference stays as far as it got: vicodec's does, too.
      const size_t samples = static_cast<size_t>(source.width) * source.height;
      std::transform(source.data, source.data + samples, out, without_ff);
      return {.bytes = samples, .raw = true};
    }
  }
  plane.bytes = static_cast<size_t>(at - out);
  return plane;
}

}  // namespace softvpu::firmware::fwht
