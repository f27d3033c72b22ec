// SPDX-License-Identifier: GPL-2.0-or-later
// FWHT as encode/encode_session.h wants an encoder: a client's picture in, a coded frame out,
// without latency. The codec itself is encoder.h.
#pragma once

#include <optional>

#include "firmware/encode/frame_encoder.h"
#include "firmware/fwht/encoder.h"
#include "firmware/fwht/raw_format.h"
#include "media/codec_info.h"

namespace softvpu::firmware::fwht {

class PictureEncoder final : public FrameEncoder {
 public:
  // `colour` is for the headers. Without a colour space they have vicodec's default.
  explicit PictureEncoder(const Colour& colour = {});

  // Its entry of the catalog: vicodec's controls with vicodec's ranges, and a key frame on demand.
  static CodecInfo info();

  Status begin(const FrameLayout& layout) override;
  void set_control(const ControlValue& control) override;
  Result<std::optional<CodedFrame>> encode(const RawPicture& picture, std::span<std::byte> output) override;

 private:
  const RawFormat* format_ = nullptr;
  std::optional<Encoder> encoder_;
  Picture picture_;
  EncodeParameters parameters_;
};

}  // namespace softvpu::firmware::fwht
