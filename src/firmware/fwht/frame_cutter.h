// SPDX-License-Identifier: GPL-2.0-or-later
// Cuts a byte stream into frames, wherever the inputs that it comes in begin and end. Used by
// stream_decoder.cc. A frame is found by its header's magic; what isn't part of a frame is dropped.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "firmware/fwht/frame_header.h"
#include "media/done.h"

namespace softvpu::firmware::fwht {

class FrameCutter {
 public:
  // Takes bytes up to the end of a frame, and returns how many. `tag` names the input they are in.
  // Not called while has_frame().
  size_t take(std::span<const uint8_t> bytes, Tag tag);

  bool has_frame() const { return header_ && payload_.size() == header_->payload_bytes; }
  const FrameHeader& header() const { return *header_; }
  std::span<const uint8_t> payload() const { return payload_; }
  // Of the input that the frame began in.
  Tag tag() const { return tag_; }
  // On to the next frame; this one may be unfinished.
  void drop_frame();

  // A part of a frame is held.
  bool holds_bytes() const { return header_.has_value() || !start_.empty(); }
  // Bytes that are in no frame were dropped since the last time. Clears it.
  bool take_loss() { return std::exchange(lost_, false); }
  // As after construction.
  void reset();

 private:
  size_t take_header(std::span<const uint8_t> bytes, Tag tag);
  void drop_to_magic(size_t at_least);

  std::vector<uint8_t> start_;  // of a header: its magic, or as much of it as there is
  std::optional<FrameHeader> header_;
  std::vector<uint8_t> payload_;
  Tag tag_{};
  bool lost_ = false;
};

}  // namespace softvpu::firmware::fwht
