// SPDX-License-Identifier: GPL-2.0-or-later
// The codecs of this firmware, one line per codec; each is described in its own file. The menus
// list what libavcodec decodes of what the raw formats can carry (8 bits, 4:2:0); their numbers are
// V4L2's control ids and menu items (V4L2 reference, "Codec Control Reference"), checked in
// table_test.cc.
#include "firmware/libav/codecs/codec_row.h"

namespace softvpu::firmware::libav {

CodecRow h264_codec();
CodecRow hevc_codec();
CodecRow mpeg2_codec();
CodecRow vp8_codec();
CodecRow vp9_codec();

std::span<const CodecRow> codec_rows() {
  static const std::vector<CodecRow>& rows = *new std::vector<CodecRow>{
      h264_codec(), hevc_codec(), mpeg2_codec(), vp8_codec(), vp9_codec(),
  };
  return rows;
}

const CodecRow* find_row(FourCC coded) {
  for (const CodecRow& row : codec_rows()) {
    if (row.description.coded == coded) return &row;
  }
  return nullptr;
}

}  // namespace softvpu::firmware::libav
