// SPDX-License-Identifier: GPL-2.0-or-later
// VP8: its row of the codec table. RFC 6386 9.1.
#include "firmware/libav/codecs/codec_row.h"

namespace softvpu::firmware::libav {
namespace {

constexpr uint32_t kProfile = kCodecControls + 511;
constexpr uint64_t kProfiles = items(0, 3);  // 0 … 3

EntryPoint entry_point(Bytes frame) {
  const bool is_key_frame = !frame.empty() && (frame[0] & 1) == 0;
  return is_key_frame ? EntryPoint::kClean : EntryPoint::kNone;
}

}  // namespace

CodecRow vp8_codec() {
  return {
      .id = AV_CODEC_ID_VP8,
      .description = {.coded = kVp8,
                      .flags = kDynamicResolution,
                      .sizes = up_to(8192),
                      .min_output_buffers = 4,
                      .raw = {kNv12, kYuv420},
                      .controls = {supports(kProfile, kProfiles, 0)}},
      .block = 16,
      .reference_frames = 3,
      // libavcodec 59's threads race in VP8. By frames: one run in 250 of vp80-02-inter-1412, by
      // `ffmpeg -threads 3` as by us, has a wrong picture. By slices: it stops forever.
      .threads = false,
      .entry_point = entry_point,
  };
}

}  // namespace softvpu::firmware::libav
