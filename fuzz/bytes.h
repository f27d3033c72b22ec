// SPDX-License-Identifier: LGPL-2.1-or-later
// A fuzzer's input, read from its begin; past the end come zeros. For the targets in this folder.
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
