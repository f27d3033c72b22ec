// SPDX-License-Identifier: GPL-2.0-or-later
// Reading and writing frame headers: see frame_header.h.
#include "firmware/fwht/frame_header.h"

#include <algorithm>
#include <cerrno>
#include <string>

namespace softvpu::firmware::fwht {
namespace {

// V4L2_FWHT_FL_*. Interlacing (bits 0 to 3) is stated by no encoder and ignored by vicodec.
constexpr std::array<uint32_t, kMaxComponents> kStoredRaw = {1u << 4, 1u << 5, 1u << 6, 1u << 9};
constexpr uint32_t kFullHeight = 1u << 7;
constexpr uint32_t kFullWidth = 1u << 8;
constexpr uint32_t kKey = 1u << 10;
constexpr uint32_t kComponentsShift = 16;
constexpr uint32_t kComponentsMask = 7;
constexpr uint32_t kEncodingShift = 19;
constexpr uint32_t kEncodingMask = 3;

// Words of the header.
enum Word : uint8_t {
  kVersion = 2,
  kWidth,
  kHeight,
  kFlags,
  kColorspace,
  kTransfer,
  kMatrix,
  kQuantization,
  kPayload,
};

uint32_t load(std::span<const uint8_t, kHeaderBytes> bytes, Word word) {
  const uint8_t* at = bytes.data() + 4 * word;
  return static_cast<uint32_t>(at[0]) << 24 | static_cast<uint32_t>(at[1]) << 16 | static_cast<uint32_t>(at[2]) << 8 | at[3];
}

void store(std::span<uint8_t, kHeaderBytes> bytes, Word word, uint32_t value) {
  for (int i = 0; i < 4; ++i) bytes[4 * word + i] = static_cast<uint8_t>(value >> (24 - 8 * i));
}

uint32_t flags_of(const FrameHeader& header) {
  const Shape& shape = header.shape;
  uint32_t flags = (shape.components - 1u) << kComponentsShift | static_cast<uint32_t>(shape.encoding) << kEncodingShift;
  if (header.key) flags |= kKey;
  if (!shape.half_width) flags |= kFullWidth;
  if (!shape.half_height) flags |= kFullHeight;
  for (uint32_t i = 0; i < kMaxComponents; ++i) {
    if (header.stored_raw[i]) flags |= kStoredRaw[i];
  }
  return flags;
}

}  // namespace

Result<FrameHeader> parse_header(std::span<const uint8_t, kHeaderBytes> bytes) {
  if (!std::equal(kMagic.begin(), kMagic.end(), bytes.begin())) return fail(EBADMSG, "no FWHT frame begins here");
  FrameHeader header;
  header.version = load(bytes, kVersion);
  if (header.version == 0 || header.version > kNewestVersion)
    return fail(EOPNOTSUPP, "FWHT version " + std::to_string(header.version) + ", expected 1 to 3");
  const uint32_t flags = load(bytes, kFlags);
  Shape& shape = header.shape;
  shape.size = {load(bytes, kWidth), load(bytes, kHeight)};
  if (shape.size.empty() || shape.size.width > kMaxSide || shape.size.height > kMaxSide)
    return fail(EBADMSG, "an FWHT frame of " + std::to_string(shape.size.width) + "x" + std::to_string(shape.size.height) +
                             ", expected at most 8192x8192");
  shape.half_width = (flags & kFullWidth) == 0;
  shape.half_height = (flags & kFullHeight) == 0;
  // Version 1 knew nothing but Y'CbCr with three components.
  shape.components = header.version == 1 ? 3 : static_cast<uint8_t>(1 + (flags >> kComponentsShift & kComponentsMask));
  shape.encoding =
      header.version == 1 ? SampleEncoding::kYuv : static_cast<SampleEncoding>(flags >> kEncodingShift & kEncodingMask);
  if (!is_known(shape))
    return fail(EOPNOTSUPP, "an FWHT frame with flags " + std::to_string(flags) + ", which fit no raw format");
  header.key = (flags & kKey) != 0;
  for (uint32_t i = 0; i < kMaxComponents; ++i) header.stored_raw[i] = (flags & kStoredRaw[i]) != 0;
  header.colour = {load(bytes, kColorspace), load(bytes, kTransfer), load(bytes, kMatrix), load(bytes, kQuantization)};
  header.payload_bytes = load(bytes, kPayload);
  if (header.payload_bytes > max_payload_bytes(shape))
    return fail(EBADMSG, "an FWHT frame of " + std::to_string(header.payload_bytes) + " bytes, more than its samples have");
  return header;
}

void write_header(const FrameHeader& header, std::span<uint8_t, kHeaderBytes> out) {
  std::copy(kMagic.begin(), kMagic.end(), out.begin());
  store(out, kVersion, header.version);
  store(out, kWidth, header.shape.size.width);
  store(out, kHeight, header.shape.size.height);
  store(out, kFlags, flags_of(header));
  store(out, kColorspace, header.colour.colorspace);
  store(out, kTransfer, header.colour.xfer_func);
  store(out, kMatrix, header.colour.ycbcr_enc);
  store(out, kQuantization, header.colour.quantization);
  store(out, kPayload, header.payload_bytes);
}

}  // namespace softvpu::firmware::fwht
