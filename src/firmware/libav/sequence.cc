// SPDX-License-Identifier: GPL-2.0-or-later
// Parameter sets and the first slice of each access unit: see sequence.h.
#include "firmware/libav/sequence.h"

#include <algorithm>

#include "firmware/libav/start_codes.h"

namespace softvpu::firmware::libav {
namespace {

constexpr size_t kMaxSpsBytes = 4096;
constexpr size_t kMaxBeginBytes = 64;  // of a slice or a picture parameter set: more than is read of it

void skip_sub_layers(BitReader& bits, uint32_t sub_layers) {
  constexpr uint32_t kProfileBits = 88;
  if (sub_layers == 0) return;
  const uint32_t present = bits.u(16);  // two flags each for eight
  for (uint32_t i = 0; i < sub_layers; ++i) {
    if ((present >> (15 - 2 * i) & 1) != 0) bits.skip(kProfileBits);
    if ((present >> (14 - 2 * i) & 1) != 0) bits.skip(8);
  }
}

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

Sequences::Sequences(const CodecRow& row) : row_(row) { set(false, row.reference_frames); }

void Sequences::set(bool interlaced, uint32_t pictures_held) {
  // The one that the client shows, the next one to be delivered, and those that two threads are at.
  constexpr uint32_t kBeyondReferences = 4;
  constexpr uint32_t kMost = 32;  // what the HFI can say
  current_ = {.interlaced = interlaced, .min_output_buffers = std::min(pictures_held + kBeyondReferences, kMost)};
}

void Sequences::begin(Bytes parameter_sets, const SequenceInfo& info) {
  add(parameter_sets);
  current_ = info;
}

void Sequences::add(Bytes access_unit) {
  switch (row_.id) {
    case AV_CODEC_ID_H264:
      return add_h264(access_unit);
    case AV_CODEC_ID_HEVC:
      return add_hevc(access_unit);
    case AV_CODEC_ID_MPEG2VIDEO:
      if (const auto sequence = mpeg2_sequence(access_unit)) set(!sequence->progressive, row_.reference_frames);
      return;
    default:
      return;
  }
}

// ---- H.264 ----

void Sequences::add_h264(Bytes access_unit) {
  UnitWalker walker(access_unit);
  for (auto unit = walker.next(); unit; unit = walker.next()) {
    if (unit->bytes.empty() || (unit->bytes[0] & 0x80) != 0) continue;
    const uint8_t type = unit->bytes[0] & 0x1f;
    if (type == 1 || type == 2 || type == 5) return take_h264_slice(unit->bytes);
    if (type == 7) {
      if (const auto sps = parse_h264_sps(unit->bytes)) h264_sps_[sps->id] = sps;
    } else if (type == 8) {
      const std::vector<uint8_t> begin = unescape(unit->bytes.subspan(1), kMaxBeginBytes);
      BitReader bits(begin);
      const uint32_t pps = bits.ue();
      const uint32_t sps = bits.ue();
      if (!bits.bad() && pps < kH264Pps && sps < h264_sps_.size()) sps_of_pps_[pps] = sps;
    }
  }
}

void Sequences::take_h264_slice(Bytes unit) {
  const std::vector<uint8_t> begin = unescape(unit.subspan(1), kMaxBeginBytes);
  BitReader bits(begin);
  bits.ue();  // first_mb_in_slice
  bits.ue();  // slice_type
  const uint32_t pps = bits.ue();
  if (bits.bad() || pps >= kH264Pps || !sps_of_pps_[pps] || !h264_sps_[*sps_of_pps_[pps]]) return open_field_.reset();
  const H264Sps& sps = *h264_sps_[*sps_of_pps_[pps]];
  // Another sequence parameter set takes effect with an IDR picture (7.4.1.2.1).
  if ((unit[0] & 0x1f) == 5) {
    set(!sps.frame_mbs_only, std::max(sps.reference_frames, sps.max_reorder()));
    current_.states_range = sps.states_range;
    current_.states_colour = sps.states_colour;
  }
  if (sps.separate_colour_planes) bits.skip(2);
  bits.skip(sps.log2_max_frame_num);
  if (sps.frame_mbs_only || !bits.flag()) return open_field_.reset();
  const Field field = bits.flag() ? Field::kBottom : Field::kTop;
  if (open_field_ && *open_field_ != field) return open_field_.reset();
  open_field_ = field;
}

// ---- HEVC ----

std::optional<std::pair<uint32_t, Sequences::HevcSequence>> Sequences::parse_hevc_sps(Bytes unit) {
  const std::vector<uint8_t> payload = unescape(unit.subspan(2), kMaxSpsBytes);
  BitReader bits(payload);
  bits.skip(4);
  const uint32_t sub_layers = bits.u(3);
  bits.skip(1 + 8 + 32);
  const bool progressive_source = bits.flag();
  const bool interlaced_source = bits.flag();
  bits.skip(46 + 8);
  skip_sub_layers(bits, sub_layers);
  const uint32_t id = bits.ue();
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
  HevcSequence sequence;
  for (uint32_t i = each_layer ? 0 : sub_layers; i <= sub_layers; ++i) {
    bits.ue();
    sequence.reorder = bits.ue();
    bits.ue();
  }
  if (bits.bad() || id >= 16 || sequence.reorder > 16 || poc_bits > 16) return std::nullopt;
  // Where pictures are single fields each of them is delivered for itself: nothing is interleaved.
  sequence.interlaced = interlaced_source && !progressive_source && !pictures_are_fields(bits, poc_bits);
  return std::pair(id, sequence);
}

void Sequences::add_hevc(Bytes access_unit) {
  UnitWalker walker(access_unit);
  for (auto unit = walker.next(); unit; unit = walker.next()) {
    const Bytes bytes = unit->bytes;
    if (bytes.size() < 3 || (bytes[0] & 0x81) != 0 || (bytes[1] & 0xf8) != 0) continue;
    const uint8_t type = bytes[0] >> 1;
    if (type == 33) {
      if (const auto sps = parse_hevc_sps(bytes)) hevc_sps_[sps->first] = sps->second;
      continue;
    }
    const std::vector<uint8_t> begin = unescape(bytes.subspan(2), kMaxBeginBytes);
    BitReader bits(begin);
    if (type == 34) {
      const uint32_t pps = bits.ue();
      const uint32_t sps = bits.ue();
      if (!bits.bad() && pps < kHevcPps && sps < hevc_sps_.size()) sps_of_pps_[pps] = sps;
    } else if (type >= 16 && type <= 21) {  // with an IRAP picture alone (7.4.2.4.2)
      bits.skip(2);
      const uint32_t pps = bits.ue();
      if (bits.bad() || pps >= kHevcPps || !sps_of_pps_[pps] || !hevc_sps_[*sps_of_pps_[pps]]) return;
      const HevcSequence& sequence = *hevc_sps_[*sps_of_pps_[pps]];
      return set(sequence.interlaced, sequence.reorder + 1);
    } else if (type < 16) {
      return;
    }
  }
}

}  // namespace softvpu::firmware::libav
