// SPDX-License-Identifier: GPL-2.0-or-later
// One row a codec: what the device says about it and what libavcodec needs to know. Adding a codec is adding a row
// (and, for a byte stream, what its headers look like: headers.h).
#pragma once

#include "firmware/catalog.h"

extern "C" {
#include <libavcodec/codec_id.h>
}

namespace softvpu::firmware::libav {

struct CodecRow {
  AVCodecID id = AV_CODEC_ID_NONE;
  DecoderDescription description;
  uint32_t block = 16;            // what the codec's pictures are padded to, in pixels
  uint32_t reference_frames = 2;  // at most, for codecs whose headers don't say
  bool threads = true;            // libavcodec's are right
  bool byte_stream() const { return (description.flags & kContinuousByteStream) != 0; }
};

std::span<const CodecRow> codec_rows();
// nullptr when the codec isn't known.
const CodecRow* find_row(FourCC coded);

}  // namespace softvpu::firmware::libav
