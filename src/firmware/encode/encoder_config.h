// SPDX-License-Identifier: GPL-2.0-or-later
// What an encoder that calls a library is made with, of CodecConfig. Used by x264_encoder.h and its like.
#pragma once

#include <cstdint>

#include "media/codec_info.h"
#include "media/colour.h"

namespace softvpu::firmware {

struct EncoderConfig {
  uint32_t threads = 0;    // 0: chosen by the encoder
  FrameInterval interval;  // 0/0: unknown
  Colour colour;           // of the pictures, for the headers
};

}  // namespace softvpu::firmware
