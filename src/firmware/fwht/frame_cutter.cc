// SPDX-License-Identifier: GPL-2.0-or-later
// Finding frames: see frame_cutter.h.
#include "firmware/fwht/frame_cutter.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace softvpu::firmware::fwht {
namespace {

// Whether a header may begin with these bytes.
bool may_begin(std::span<const uint8_t> bytes) {
  const size_t count = std::min(bytes.size(), kMagic.size());
  return std::equal(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(count), kMagic.begin());
}

}  // namespace

size_t FrameCutter::take(std::span<const uint8_t> bytes, Tag tag) {
  size_t taken = 0;
  if (!header_) taken = take_header(bytes, tag);
  if (!header_) return taken;
  // It grows as its bytes come: what a header announces may never be there.
  const size_t more = std::min<size_t>(bytes.size() - taken, header_->payload_bytes - payload_.size());
  payload_.insert(payload_.end(), bytes.begin() + static_cast<ptrdiff_t>(taken),
                  bytes.begin() + static_cast<ptrdiff_t>(taken + more));
  return taken + more;
}

size_t FrameCutter::take_header(std::span<const uint8_t> bytes, Tag tag) {
  size_t taken = 0;
  while (taken < bytes.size()) {
    if (start_.empty()) {
      const auto* found = static_cast<const uint8_t*>(std::memchr(bytes.data() + taken, kMagic[0], bytes.size() - taken));
      const size_t skipped = (found == nullptr ? bytes.data() + bytes.size() : found) - (bytes.data() + taken);
      if (skipped > 0) lost_ = true;
      taken += skipped;
      if (found == nullptr) break;
      tag_ = tag;
    }
    start_.push_back(bytes[taken++]);
    if (!may_begin(start_)) {
      drop_to_magic(1);
      if (start_.size() <= taken) tag_ = tag;  // what is left began in this input
    } else if (start_.size() == kHeaderBytes) {
      const auto header = parse_header(std::span<const uint8_t, kHeaderBytes>(start_.data(), kHeaderBytes));
      if (header) {
        header_ = *header;
        start_.clear();
        return taken;
      }
      drop_to_magic(1);
      if (start_.size() <= taken) tag_ = tag;
    }
  }
  return taken;
}

void FrameCutter::drop_to_magic(size_t at_least) {
  lost_ = true;
  size_t dropped = at_least;
  while (dropped < start_.size() && !may_begin(std::span(start_).subspan(dropped))) ++dropped;
  start_.erase(start_.begin(), start_.begin() + static_cast<ptrdiff_t>(dropped));
}

void FrameCutter::drop_frame() {
  header_.reset();
  payload_.clear();
}

void FrameCutter::reset() {
  drop_frame();
  start_.clear();
  lost_ = false;
}

}  // namespace softvpu::firmware::fwht
