// SPDX-License-Identifier: GPL-2.0-or-later
// Start codes and emulation prevention: see start_codes.h and bits.h.
#include "firmware/libav/start_codes.h"

#include <algorithm>
#include <cstring>

namespace softvpu::firmware::libav {

size_t UnitWalker::find(size_t from) const {
  size_t at = from;
  while (at + 3 <= data_.size()) {
    // The 01 of a start code is the rarest byte to look for.
    const void* hit = std::memchr(data_.data() + at + 2, 1, data_.size() - at - 2);
    if (hit == nullptr) break;
    const auto one = static_cast<size_t>(static_cast<const uint8_t*>(hit) - data_.data());
    if (data_[one - 1] == 0 && data_[one - 2] == 0) return one + 1;
    at = one - 1;
  }
  return data_.size() + 1;
}

std::optional<Unit> UnitWalker::next() {
  if (next_ > data_.size()) return std::nullopt;
  const size_t begin = next_;
  next_ = find(begin);
  Unit unit;
  unit.start = begin - 3;
  if (unit.start > 0 && data_[unit.start - 1] == 0) --unit.start;
  unit.complete = next_ <= data_.size();
  const size_t end = unit.complete ? std::max(next_ - 3, begin) : data_.size();
  unit.bytes = data_.subspan(begin, end - begin);
  return unit;
}

void append_unit(std::vector<uint8_t>& out, Bytes unit) {
  constexpr uint8_t kStartCode[] = {0, 0, 0, 1};
  out.insert(out.end(), std::begin(kStartCode), std::end(kStartCode));
  out.insert(out.end(), unit.begin(), unit.end());
}

std::vector<uint8_t> unescape(Bytes nal, size_t limit) {
  std::vector<uint8_t> out;
  out.reserve(std::min(nal.size(), limit));
  size_t zeros = 0;
  for (size_t i = 0; i < std::min(nal.size(), limit); ++i) {
    if (zeros >= 2 && nal[i] == 3) {
      zeros = 0;
      continue;
    }
    zeros = nal[i] == 0 ? zeros + 1 : 0;
    out.push_back(nal[i]);
  }
  return out;
}

void append_nal(std::vector<uint8_t>& out, Bytes header, Bytes payload) {
  constexpr uint8_t kStartCode[] = {0, 0, 0, 1};
  out.insert(out.end(), std::begin(kStartCode), std::end(kStartCode));
  out.insert(out.end(), header.begin(), header.end());
  size_t zeros = 0;
  for (const uint8_t byte : payload) {
    if (zeros >= 2 && byte <= 3) {
      out.push_back(3);
      zeros = 0;
    }
    zeros = byte == 0 ? zeros + 1 : 0;
    out.push_back(byte);
  }
}

}  // namespace softvpu::firmware::libav
