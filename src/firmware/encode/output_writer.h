// SPDX-License-Identifier: GPL-2.0-or-later
// Puts the parts of a frame into an output, one behind the other. Used by x264_encoder.cc and its like.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

namespace softvpu::firmware {

class OutputWriter {
 public:
  explicit OutputWriter(std::span<std::byte> output) : output_(output) {}

  // False: it doesn't fit, and nothing was written.
  bool put(std::span<const std::byte> bytes) {
    if (bytes.size() > output_.size() - written_) return false;
    std::ranges::copy(bytes, output_.begin() + static_cast<ptrdiff_t>(written_));
    written_ += bytes.size();
    return true;
  }
  size_t written() const { return written_; }

 private:
  std::span<std::byte> output_;
  size_t written_ = 0;
};

}  // namespace softvpu::firmware
