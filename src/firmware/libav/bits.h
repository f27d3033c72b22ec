// SPDX-License-Identifier: GPL-2.0-or-later
// Bit strings of H.264 and HEVC headers (H.264, 7.2 and 9.1): reading raw byte sequence payloads,
// writing small ones. Used by the codecs' own files; slices are libavcodec's.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace softvpu::firmware::libav {

using Bytes = std::span<const uint8_t>;

// Reads past the end give zeros and make bad() true.
class BitReader {
 public:
  explicit BitReader(Bytes bytes) : bytes_(bytes) {}

  // The next `count` bits, 0..32, most significant first.
  uint32_t u(uint32_t count) {
    uint32_t value = 0;
    for (uint32_t i = 0; i < count; ++i) value = value << 1 | bit();
    return value;
  }
  bool flag() { return bit() != 0; }
  // Exp-Golomb, unsigned: at most 32 leading zeros, else bad().
  uint32_t ue() {
    uint32_t zeros = 0;
    while (bit() == 0) {
      if (++zeros > 31 || bad_) {
        bad_ = true;
        return 0;
      }
    }
    return (uint32_t{1} << zeros) - 1 + u(zeros);
  }
  int32_t se() {
    const uint32_t code = ue();
    const auto magnitude = static_cast<int32_t>((code + 1) / 2);
    return code % 2 == 1 ? magnitude : -magnitude;
  }
  void skip(uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) bit();
  }
  bool bad() const { return bad_; }

 private:
  uint32_t bit() {
    if (at_ / 8 >= bytes_.size()) {
      bad_ = true;
      return 0;
    }
    const uint32_t value = bytes_[at_ / 8] >> (7 - at_ % 8) & 1u;
    ++at_;
    return value;
  }

  Bytes bytes_;
  size_t at_ = 0;
  bool bad_ = false;
};

class BitWriter {
 public:
  void u(uint32_t value, uint32_t count) {
    for (uint32_t i = count; i > 0; --i) put(value >> (i - 1) & 1u);
  }
  void ue(uint32_t value) {
    uint32_t length = 0;
    while ((uint64_t{value} + 1) >> (length + 1) != 0) ++length;
    u(0, length);
    u(value + 1, length + 1);
  }
  // Fills the last byte and then `count` more with ones.
  void ones(uint32_t count) {
    while (used_ % 8 != 0) put(1);
    for (uint32_t i = 0; i < count * 8; ++i) put(1);
  }
  const std::vector<uint8_t>& bytes() const { return bytes_; }

 private:
  void put(uint32_t bit) {
    if (used_ % 8 == 0) bytes_.push_back(0);
    bytes_.back() = static_cast<uint8_t>(bytes_.back() | bit << (7 - used_ % 8));
    ++used_;
  }

  std::vector<uint8_t> bytes_;
  size_t used_ = 0;
};

// Removes emulation prevention bytes (00 00 03 -> 00 00) from at most `limit` bytes of a NAL unit.
std::vector<uint8_t> unescape(Bytes nal, size_t limit);
// Appends a NAL unit: start code, `header`, and the payload with emulation prevention.
void append_nal(std::vector<uint8_t>& out, Bytes header, Bytes payload);

}  // namespace softvpu::firmware::libav
