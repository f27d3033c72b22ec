// SPDX-License-Identifier: GPL-2.0-or-later
// Encodes pictures, byte for byte as vicodec does. Knows neither raw formats nor buffers; whoever
// has a client's frame unpacks it into a Picture first (packing.h).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "firmware/fwht/block.h"
#include "firmware/fwht/frame_header.h"
#include "firmware/fwht/picture.h"

namespace softvpu::firmware::fwht {

// Of one frame; they may change from frame to frame.
struct EncodeParameters {
  uint32_t gop_size = 10;  // V4L2_CID_MPEG_VIDEO_GOP_SIZE; 0 is taken for 1
  uint8_t intra_qp = 20;   // V4L2_CID_FWHT_I_FRAME_QP
  uint8_t inter_qp = 20;   // V4L2_CID_FWHT_P_FRAME_QP
  bool force_key = false;  // V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME
  Colour colour;           // as the header has it
};

struct EncodedFrame {
  std::span<const uint8_t> bytes;  // header and payload; valid until the next call
  bool key = false;
};

class Encoder {
 public:
  // Errors: EINVAL for a shape that FWHT can't code, ENOMEM.
  static Result<Encoder> create(const Shape& shape, const BlockOps& ops = block_ops());

  // `picture` has the encoder's shape. Samples past the visible ones are coded as they are.
  EncodedFrame encode(const Picture& picture, const EncodeParameters& parameters);
  // The next frame needs none before it.
  void restart() { in_gop_ = 0; }

  // No encoded frame of that shape is larger.
  static uint64_t max_frame_bytes(const Shape& shape) { return kHeaderBytes + max_payload_bytes(shape); }

 private:
  struct CodedPlane {
    size_t bytes = 0;
    bool predicted = false;  // some block is
    bool raw = false;
  };
  CodedPlane encode_plane(uint32_t component, const Plane& source, EncodeJob job, uint8_t* out) const;

  const BlockOps* ops_ = nullptr;
  Picture reference_;
  std::vector<uint8_t> bytes_;
  uint32_t in_gop_ = 0;  // frames since the last key frame, that one included
};

}  // namespace softvpu::firmware::fwht
