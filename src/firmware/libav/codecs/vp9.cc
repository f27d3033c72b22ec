// SPDX-License-Identifier: GPL-2.0-or-later
// VP9: its row of the codec table. VP9 bitstream specification 6.2.
#include "firmware/libav/codecs/codec_row.h"

namespace softvpu::firmware::libav {
namespace {

constexpr uint32_t kProfile = kCodecControls + 512;
constexpr uint64_t kProfiles = items(0, 0);  // 0: 8 bits 4:2:0

EntryPoint entry_point(Bytes frame) {
  BitReader bits(frame);
  if (bits.u(2) != 2) return EntryPoint::kNone;  // frame_marker
  const uint32_t profile = bits.u(1) | bits.u(1) << 1;
  if (profile == 3) bits.skip(1);
  const bool shows_existing = bits.flag();
  const bool inter = bits.flag();
  return shows_existing || inter || bits.bad() ? EntryPoint::kNone : EntryPoint::kClean;
}

constexpr uint8_t kShowsSlot0[] = {0x88};  // show_existing_frame

}  // namespace

CodecRow vp9_codec() {
  return {
      .id = AV_CODEC_ID_VP9,
      .description = {.coded = kVp9,
                      .flags = kDynamicResolution,
                      .sizes = up_to(8192),
                      .min_output_buffers = 4,
                      .raw = {kNv12, kYuv420},
                      .controls = {supports(kProfile, kProfiles, 0)}},
      .block = 8,
      .reference_frames = 8,
      .entry_point = entry_point,
      .packet_without_picture = kShowsSlot0,
      .packet_needs_key = true,  // which fills every slot
  };
}

}  // namespace softvpu::firmware::libav
