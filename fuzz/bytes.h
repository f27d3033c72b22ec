// SPDX-License-Identifier: LGPL-2.1-or-later
// A fuzzer's input, read from its begin; past the end come zeros. For the targets in this folder.
// Decisions are single bytes: a mutation of one leaves the following ones unchanged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace softvpu::fuzz {

class Bytes {
 public:
  Bytes(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  bool empty() const { return at_ >= size_; }
  uint8_t byte() { return empty() ? uint8_t{0} : data_[at_++]; }
  uint32_t word() { return byte() | uint32_t{byte()} << 8 | uint32_t{byte()} << 16 | uint32_t{byte()} << 24; }
  uint64_t long_word() { return word() | uint64_t{word()} << 32; }
  bool coin() { return (byte() & 1) != 0; }
  // One in `odds`, at most 256. Zeros say no, so that a short input is a plain one.
  bool rarely(uint32_t odds) { return byte() % odds == odds - 1; }
  // 0 to `end` - 1; `end` is 256 at most, and not 0.
  uint32_t below(uint32_t end) { return byte() % end; }
  // A number as a peer might send it: small, near a limit of its type, or any.
  uint32_t number() {
    switch (byte() % 8) {
      case 0:
        return word();
      case 1:
        return UINT32_MAX - byte();
      case 2:
        return 0x80000000u - 128u + byte();
      case 3:
        return uint32_t{byte()} << (byte() % 32);
      default:
        return byte();
    }
  }
  // At most `size` bytes. Returns how many there were.
  size_t take(void* to, size_t size) {
    const size_t count = size < size_ - at_ ? size : size_ - at_;
    std::memcpy(to, data_ + at_, count);
    at_ += count;
    return count;
  }

 private:
  const uint8_t* data_;
  size_t size_;
  size_t at_ = 0;
};

}  // namespace softvpu::fuzz
