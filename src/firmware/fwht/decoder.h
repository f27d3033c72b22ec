// SPDX-License-Identifier: GPL-2.0-or-later
// Decodes frames, bit for bit as vicodec does, from payloads of any bytes. Knows no stream and no
// buffers: whoever calls it cuts the stream and packs the pictures.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "firmware/fwht/block.h"
#include "firmware/fwht/frame_header.h"
#include "firmware/fwht/picture.h"
#include "firmware/fwht/raw_format.h"

namespace softvpu::firmware::fwht {

class Decoder {
 public:
  // The reference of a first frame that isn't a key frame is black, or what 0 means.
  // Errors: ENOMEM.
  static Result<Decoder> create(const Shape& shape, const BlockOps& ops = block_ops());

  // Decodes a frame, whose header has this decoder's shape, into picture(). Errors: EBADMSG for a
  // damaged payload; picture() stays the frame before, and so does the reference.
  Status decode(const FrameHeader& header, std::span<const uint8_t> payload, const RawFormat& format);
  const Picture& picture() const { return current_; }

 private:
  const BlockOps* ops_ = nullptr;
  Picture current_;  // the reference of the next frame
  Picture next_;
};

}  // namespace softvpu::firmware::fwht
