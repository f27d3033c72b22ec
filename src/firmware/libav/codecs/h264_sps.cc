// SPDX-License-Identifier: GPL-2.0-or-later
// Parsing H.264 sequence parameter sets: see h264_sps.h.
#include "firmware/libav/codecs/h264_sps.h"

#include <algorithm>

namespace softvpu::firmware::libav {
namespace {

constexpr size_t kMaxSpsBytes = 4096;

bool has_chroma_info(uint32_t profile) {
  constexpr uint32_t kProfiles[] = {44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244};
  return std::find(std::begin(kProfiles), std::end(kProfiles), profile) != std::end(kProfiles);
}

void skip_scaling_list(BitReader& bits, uint32_t size) {
  int32_t last = 8;
  int32_t next = 8;
  for (uint32_t i = 0; i < size && !bits.bad(); ++i) {
    if (next != 0) next = (last + bits.se()) & 0xff;
    if (next != 0) last = next;
  }
}

void read_chroma_info(BitReader& bits, H264Sps& sps) {
  const uint32_t chroma_format = bits.ue();
  if (chroma_format == 3) sps.separate_colour_planes = bits.flag();
  bits.ue();     // bit_depth_luma_minus8
  bits.ue();     // bit_depth_chroma_minus8
  bits.skip(1);  // qpprime_y_zero_transform_bypass_flag
  if (!bits.flag()) return;
  for (uint32_t i = 0; i < (chroma_format == 3 ? 12u : 8u); ++i) {
    if (bits.flag()) skip_scaling_list(bits, i < 6 ? 16 : 64);
  }
}

void skip_hrd(BitReader& bits) {
  const uint32_t count = bits.ue() + 1;
  bits.skip(8);  // scales
  for (uint32_t i = 0; i < count && !bits.bad(); ++i) {
    bits.ue();
    bits.ue();
    bits.skip(1);
  }
  bits.skip(20);  // lengths
}

void read_vui(BitReader& bits, H264Sps& sps) {
  constexpr uint32_t kExtendedSar = 255;
  if (bits.flag() && bits.u(8) == kExtendedSar) bits.skip(32);
  if (bits.flag()) bits.skip(1);   // overscan
  sps.states_range = bits.flag();  // video_signal_type
  if (sps.states_range) {
    bits.skip(4);
    sps.states_colour = bits.flag();
    if (sps.states_colour) bits.skip(24);
  }
  if (bits.flag()) {  // chroma_loc_info
    bits.ue();
    bits.ue();
  }
  if (bits.flag()) bits.skip(65);  // timing_info
  const bool nal_hrd = bits.flag();
  if (nal_hrd) skip_hrd(bits);
  const bool vcl_hrd = bits.flag();
  if (vcl_hrd) skip_hrd(bits);
  if (nal_hrd || vcl_hrd) bits.skip(1);  // low_delay_hrd_flag
  bits.skip(1);                          // pic_struct_present_flag
  if (!bits.flag()) return;              // bitstream_restriction_flag
  bits.skip(1);
  for (int i = 0; i < 4; ++i) bits.ue();
  const uint32_t reorder = bits.ue();
  if (!bits.bad()) sps.reorder_frames = reorder;
}

// MaxDpbMbs of Table A-1.
uint32_t max_dpb_mbs(uint32_t level) {
  constexpr struct {
    uint32_t level, mbs;
  } kTable[] = {
      {10, 396},    {11, 900},    {12, 2376},   {13, 2376},   {20, 2376},   {21, 4752},  {22, 8100},
      {30, 8100},   {31, 18000},  {32, 20480},  {40, 32768},  {41, 32768},  {42, 34816}, {50, 110400},
      {51, 184320}, {52, 184320}, {60, 696320}, {61, 696320}, {62, 696320},
  };
  for (const auto& row : kTable) {
    if (row.level == level) return row.mbs;
  }
  return level == 9 ? 396 : 696320;
}

}  // namespace

uint32_t H264Sps::max_reorder() const {
  constexpr uint32_t kMaxDpbFrames = 16;
  if (reorder_frames) return std::min(*reorder_frames, kMaxDpbFrames);
  if (poc_type == 2) return 0;  // output order is decoding order (8.2.1.3)
  const bool intra_capable =
      profile == 44 || profile == 86 || profile == 100 || profile == 110 || profile == 122 || profile == 244;
  if (intra_capable && constraint_set3) return 0;
  const uint32_t mbs = width_mbs * height_mbs;
  return mbs == 0 ? kMaxDpbFrames : std::min(max_dpb_mbs(level) / mbs, kMaxDpbFrames);
}

std::optional<H264Sps> parse_h264_sps(Bytes nal) {
  const std::vector<uint8_t> payload = unescape(nal, kMaxSpsBytes);
  BitReader bits(payload);
  H264Sps sps;
  bits.skip(8);
  sps.profile = bits.u(8);
  bits.skip(3);
  sps.constraint_set3 = bits.flag();
  bits.skip(4);
  sps.level = bits.u(8);
  sps.id = bits.ue();
  if (has_chroma_info(sps.profile)) read_chroma_info(bits, sps);
  sps.log2_max_frame_num = bits.ue() + 4;
  sps.poc_type = bits.ue();
  if (sps.poc_type == 0) {
    bits.ue();
  } else if (sps.poc_type == 1) {
    bits.skip(1);
    bits.se();
    bits.se();
    const uint32_t cycle = bits.ue();
    for (uint32_t i = 0; i < cycle && !bits.bad(); ++i) bits.se();
  }
  sps.reference_frames = bits.ue();
  bits.skip(1);
  sps.width_mbs = bits.ue() + 1;
  sps.height_mbs = bits.ue() + 1;
  sps.frame_mbs_only = bits.flag();
  if (!sps.frame_mbs_only) {
    sps.height_mbs *= 2;
    bits.skip(1);
  }
  bits.skip(1);       // direct_8x8_inference_flag
  if (bits.flag()) {  // frame_cropping_flag
    for (int i = 0; i < 4; ++i) bits.ue();
  }
  if (bits.bad() || sps.id > 31 || sps.log2_max_frame_num > 16 || sps.poc_type > 2 || sps.reference_frames > 16 ||
      sps.width_mbs > 4096 || sps.height_mbs > 4096) {
    return std::nullopt;
  }
  if (bits.flag()) read_vui(bits, sps);
  return sps;
}

}  // namespace softvpu::firmware::libav
