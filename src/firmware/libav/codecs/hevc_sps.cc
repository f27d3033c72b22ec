// SPDX-License-Identifier: GPL-2.0-or-later
// Parsing H.265 sequence parameter sets: see hevc_sps.h.
#include "firmware/libav/codecs/hevc_sps.h"

#include <algorithm>

namespace softvpu::firmware::libav {
namespace {

constexpr size_t kMaxSpsBytes = 4096;

// H.265 7.3.4
void skip_scaling_lists(BitReader& bits) {
  for (uint32_t size = 0; size < 4; ++size) {
    for (uint32_t matrix = 0; matrix < 6 && !bits.bad(); matrix += size == 3 ? 3 : 1) {
      if (!bits.flag()) {
        bits.ue();
        continue;
      }
      const uint32_t count = std::min(64u, 1u << (4 + 2 * size));
      if (size > 1) bits.se();
      for (uint32_t i = 0; i < count; ++i) bits.se();
    }
  }
}

// H.265 7.3.7. False: nonsense.
bool skip_reference_sets(BitReader& bits) {
  constexpr uint32_t kMostSets = 64;
  constexpr uint32_t kMostPictures = 16;
  const uint32_t count = bits.ue();
  if (count > kMostSets) return false;
  uint32_t pictures = 0;  // of the set before
  for (uint32_t i = 0; i < count && !bits.bad(); ++i) {
    if (i > 0 && bits.flag()) {
      bits.skip(1);
      bits.ue();
      uint32_t kept = 0;
      for (uint32_t j = 0; j <= pictures; ++j) {
        const bool used = bits.flag();
        if (used || bits.flag()) ++kept;
      }
      pictures = kept;
    } else {
      const uint32_t before = bits.ue();
      const uint32_t after = bits.ue();
      if (before > kMostPictures || after > kMostPictures) return false;
      pictures = before + after;
      for (uint32_t j = 0; j < pictures; ++j) {
        bits.ue();
        bits.skip(1);
      }
    }
    if (pictures > kMostPictures) return false;
  }
  return !bits.bad();
}

// From log2_min_luma_coding_block_size_minus3 to field_seq_flag.
bool pictures_are_fields(BitReader& bits, uint32_t poc_bits) {
  constexpr uint32_t kExtendedSar = 255;
  for (int i = 0; i < 6; ++i) bits.ue();
  if (bits.flag() && bits.flag()) skip_scaling_lists(bits);
  bits.skip(2);  // amp, sample_adaptive_offset
  if (bits.flag()) {
    bits.skip(8);
    bits.ue();
    bits.ue();
    bits.skip(1);
  }
  if (!skip_reference_sets(bits)) return false;
  if (bits.flag()) {
    const uint32_t long_term = bits.ue();
    for (uint32_t i = 0; i < long_term && !bits.bad(); ++i) bits.skip(poc_bits + 1);
  }
  bits.skip(2);  // temporal_mvp, strong_intra_smoothing
  if (!bits.flag()) return false;
  if (bits.flag() && bits.u(8) == kExtendedSar) bits.skip(32);
  if (bits.flag()) bits.skip(1);  // overscan
  if (bits.flag()) {              // video_signal_type
    bits.skip(4);
    if (bits.flag()) bits.skip(24);
  }
  if (bits.flag()) {  // chroma_loc_info
    bits.ue();
    bits.ue();
  }
  bits.skip(1);  // neutral_chroma_indication_flag
  return bits.flag() && !bits.bad();
}

}  // namespace

void skip_sub_layers(BitReader& bits, uint32_t sub_layers) {
  constexpr uint32_t kProfileBits = 88;
  if (sub_layers == 0) return;
  const uint32_t present = bits.u(16);  // two flags each for eight
  for (uint32_t i = 0; i < sub_layers; ++i) {
    if ((present >> (15 - 2 * i) & 1) != 0) bits.skip(kProfileBits);
    if ((present >> (14 - 2 * i) & 1) != 0) bits.skip(8);
  }
}

std::optional<HevcSps> parse_hevc_sps(Bytes nal) {
  const std::vector<uint8_t> payload = unescape(nal.subspan(2), kMaxSpsBytes);
  BitReader bits(payload);
  bits.skip(4);
  const uint32_t sub_layers = bits.u(3);
  bits.skip(1 + 8 + 32);
  const bool progressive_source = bits.flag();
  const bool interlaced_source = bits.flag();
  bits.skip(46 + 8);
  skip_sub_layers(bits, sub_layers);
  HevcSps sps{.id = bits.ue()};
  if (bits.ue() == 3) bits.skip(1);  // chroma_format_idc, separate_colour_plane_flag
  bits.ue();
  bits.ue();
  if (bits.flag()) {  // conformance_window_flag
    for (int i = 0; i < 4; ++i) bits.ue();
  }
  bits.ue();
  bits.ue();
  const uint32_t poc_bits = bits.ue() + 4;
  const bool each_layer = bits.flag();
  for (uint32_t i = each_layer ? 0 : sub_layers; i <= sub_layers; ++i) {
    bits.ue();
    sps.reorder = bits.ue();
    bits.ue();
  }
  if (bits.bad() || sps.id >= 16 || sps.reorder > 16 || poc_bits > 16) return std::nullopt;
  // Where pictures are single fields each of them is delivered by itself: nothing is interleaved.
  sps.interlaced = interlaced_source && !progressive_source && !pictures_are_fields(bits, poc_bits);
  return sps;
}

}  // namespace softvpu::firmware::libav
