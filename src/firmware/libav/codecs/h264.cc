// SPDX-License-Identifier: GPL-2.0-or-later
// H.264: its row of the codec table. H.264 7.3 (syntax), Annex B (byte streams).
#include <algorithm>
#include <array>
#include <utility>

#include "firmware/libav/codecs/codec_row.h"
#include "firmware/libav/codecs/h264_sps.h"
#include "firmware/libav/codecs/nal_units.h"

extern "C" {
#include <libavcodec/avcodec.h>
}

namespace softvpu::firmware::libav {
namespace {

constexpr uint32_t kLevel = kCodecControls + 359;
constexpr uint32_t kProfile = kCodecControls + 363;
// Baseline, Constrained Baseline, Main, Extended, High; Stereo High, Multiview High (the base
// view); Constrained High.
constexpr uint64_t kProfiles = items(0, 4) | items(15, 17);
constexpr uint64_t kLevels = items(0, 19);  // 1.0 … 6.2

enum Type : uint8_t {
  kSlice = 1,
  kPartitionA = 2,
  kIdr = 5,
  kSei = 6,
  kSps = 7,
  kPps = 8,
  kAud = 9,
  kEndOfSequence = 10,
  kEndOfStream = 11,
  kFillerData = 12,
  kSpsExtension = 13,
  kSubsetSps = 15
};

constexpr size_t kMaxPps = 256;
constexpr size_t kMaxSps = 32;
constexpr size_t kMaxBeginBytes = 64;  // of a slice or a picture parameter set: more than is read of it

uint8_t type_of(Bytes unit) { return (unit[0] & 0x80) != 0 ? 0 : unit[0] & 0x1f; }

// H.264 7.4.1: nal_ref_idc isn't 0 in parameter sets. (It is where another codec's stream happens
// to look like some.)
bool is_reference(Bytes unit) { return (unit[0] & 0x60) != 0; }

// ---- the header ----

struct Pps {
  uint32_t id = 0;
  uint32_t sps = 0;
  bool is_reference = false;
};

// Everything of an IDR picture up to the slice data, which is nonsense.
void append_slice(std::vector<uint8_t>& out, const Pps& pps, const H264Sps& sps) {
  BitWriter slice;
  slice.ue(0);  // first_mb_in_slice
  slice.ue(7);  // slice_type: I, all of them
  slice.ue(pps.id);
  if (sps.separate_colour_planes) slice.u(0, 2);
  slice.u(0, sps.log2_max_frame_num);
  if (!sps.frame_mbs_only) slice.u(0, 1);  // field_pic_flag
  slice.ones(24);                          // ones are zeros in Exp-Golomb, and legal flags
  append_nal(out, std::array<uint8_t, 1>{0x65}, slice.bytes());
}

std::optional<HeaderPacket> header_packet(Bytes data) {
  HeaderPacket packet;
  std::array<std::optional<H264Sps>, kMaxSps> sets;
  std::array<bool, kMaxSps> set_is_reference{};
  std::vector<Pps> pictures;
  std::optional<Pps> used;
  UnitWalker walker(data);
  for (auto unit = walker.next(); unit && !used; unit = walker.next()) {
    if (unit->bytes.empty() || unit->bytes.size() > kMaxHeaderUnit) continue;
    const std::vector<uint8_t> begin = unescape(unit->bytes.subspan(1), 16);
    BitReader bits(begin);
    switch (type_of(unit->bytes)) {
      case kSps:
        if (!unit->complete) break;  // cropping and VUI are at its end
        if (const auto sps = parse_h264_sps(unit->bytes)) {
          sets[sps->id] = sps;
          set_is_reference[sps->id] = is_reference(unit->bytes);
          append_unit(packet.bytes, unit->bytes);
        }
        break;
      case kPps: {
        const Pps pps{bits.ue(), bits.ue(), is_reference(unit->bytes)};
        if (bits.bad() || pps.sps >= kMaxSps) break;
        pictures.push_back(pps);
        append_unit(packet.bytes, unit->bytes);
        break;
      }
      case kSlice:
      case kPartitionA:
      case kIdr: {
        bits.ue();
        bits.ue();
        const uint32_t pps = bits.ue();
        for (const Pps& known : pictures) {
          if (!bits.bad() && known.id == pps && sets[known.sps]) used = known;
        }
        break;
      }
      default:
        break;
    }
  }
  packet.used = used && used->is_reference && set_is_reference[used->sps];
  for (const Pps& known : pictures) {
    if (!used && sets[known.sps]) used = known;
  }
  if (!used) return std::nullopt;
  const H264Sps& sps = *sets[used->sps];
  packet.may_reorder = sps.max_reorder() > 0;
  packet.header_bytes = packet.bytes.size();
  append_slice(packet.bytes, *used, sps);
  return packet;
}

// ---- units ----

UnitKind kind_of(const Unit& unit) {
  constexpr size_t kMaxAud = 8;
  const bool reference = is_reference(unit.bytes);
  const auto header_if = [](bool plausible) { return plausible ? UnitKind::kHeader : UnitKind::kOther; };
  switch (type_of(unit.bytes)) {
    case kSps:
    case kPps:
    case kSpsExtension:
    case kSubsetSps:
      return header_if(reference);
    case kSei:
      return header_if(!reference && plausible_sei(unit.bytes.subspan(1), unit.complete));
    case kAud:
      return header_if(!reference && unit.bytes.size() <= kMaxAud);
    case kEndOfSequence:
    case kEndOfStream:
      return reference ? UnitKind::kFiller : UnitKind::kEndMark;
    case kFillerData:
      return UnitKind::kFiller;
    default:
      return UnitKind::kOther;
  }
}

EntryPoint entry_point(Bytes access_unit) {
  UnitWalker walker(access_unit);
  for (auto unit = walker.next(); unit; unit = walker.next()) {
    if (unit->bytes.empty()) continue;
    const uint8_t type = type_of(unit->bytes);
    if (type == kIdr) return EntryPoint::kClean;
    if (type == kSlice || type == kPartitionA) return EntryPoint::kNone;
  }
  return EntryPoint::kNone;
}

bool is_slice(Bytes unit) {
  const uint8_t type = unit[0] & 0x1f;
  return type >= kSlice && type <= kIdr;
}

std::optional<SetName> name_of(Bytes unit) {
  const std::vector<uint8_t> begin = unescape(unit.subspan(1), kNameLimit);
  BitReader bits(begin);
  switch (unit[0] & 0x1f) {
    case kSps:
      bits.skip(24);  // profile_idc, constraint flags, level_idc
      return set_name(0, bits, bits.ue());
    case kPps:
      return set_name(1, bits, bits.ue());
    default:
      return std::nullopt;
  }
}

std::vector<ParameterSet> parameter_sets(Bytes access_unit) { return sets_before_slice(access_unit, is_slice, name_of); }

// ---- sequences (H.264 7.3.2, 7.3.3) ----

class Reader final : public SequenceReader {
 public:
  std::optional<SequenceHeader> add(Bytes access_unit, std::optional<Field>& open_field) override {
    UnitWalker walker(access_unit);
    for (auto unit = walker.next(); unit; unit = walker.next()) {
      if (unit->bytes.empty()) continue;
      const uint8_t type = type_of(unit->bytes);
      if (type == kSlice || type == kPartitionA || type == kIdr) return take_slice(unit->bytes, open_field);
      if (type == kSps) {
        if (const auto sps = parse_h264_sps(unit->bytes)) sps_[sps->id] = sps;
      } else if (type == kPps) {
        const std::vector<uint8_t> begin = unescape(unit->bytes.subspan(1), kMaxBeginBytes);
        BitReader bits(begin);
        const uint32_t pps = bits.ue();
        const uint32_t sps = bits.ue();
        if (!bits.bad() && pps < kMaxPps && sps < kMaxSps) sps_of_pps_[pps] = sps;
      }
    }
    return std::nullopt;
  }

 private:
  std::optional<SequenceHeader> take_slice(Bytes unit, std::optional<Field>& open_field) const {
    const std::optional<Field> before = std::exchange(open_field, std::nullopt);
    const std::vector<uint8_t> begin = unescape(unit.subspan(1), kMaxBeginBytes);
    BitReader bits(begin);
    bits.ue();  // first_mb_in_slice
    bits.ue();  // slice_type
    const uint32_t pps = bits.ue();
    if (bits.bad() || pps >= kMaxPps || !sps_of_pps_[pps] || !sps_[*sps_of_pps_[pps]]) return std::nullopt;
    const H264Sps& sps = *sps_[*sps_of_pps_[pps]];
    std::optional<SequenceHeader> sequence;
    // Another sequence parameter set takes effect with an IDR picture (7.4.1.2.1).
    if (type_of(unit) == kIdr) {
      sequence = SequenceHeader{.interlaced = !sps.frame_mbs_only,
                                .pictures_held = std::max(sps.reference_frames, sps.max_reorder()),
                                .states_range = sps.states_range,
                                .states_colour = sps.states_colour};
    }
    if (sps.separate_colour_planes) bits.skip(2);
    bits.skip(sps.log2_max_frame_num);
    if (sps.frame_mbs_only || !bits.flag()) return sequence;
    const Field field = bits.flag() ? Field::kBottom : Field::kTop;
    if (!before || *before == field) open_field = field;
    return sequence;
  }

  std::array<std::optional<H264Sps>, kMaxSps> sps_;
  std::array<std::optional<uint32_t>, kMaxPps> sps_of_pps_;
};

std::unique_ptr<SequenceReader> make_sequence_reader() { return std::make_unique<Reader>(); }

// ---- libavcodec ----

void tune(const Tuning& tuning, AVCodecContext& context) {
  // Cameras write 1920x1088, and their containers have 1920x1080: libavcodec crops to the size that
  // its caller knows, if that is in the same macroblocks and the stream itself doesn't crop. Every
  // player does so, hence the client's size is passed on.
  constexpr uint32_t kMacroblock = 16;
  const Size hint = tuning.size_hint;
  if (!hint.empty() && (hint.width % kMacroblock != 0 || hint.height % kMacroblock != 0)) {
    context.width = static_cast<int>(hint.width);
    context.height = static_cast<int>(hint.height);
  }
  // The ffmpeg program knows from a container how far pictures may be out of order. There is no
  // container here, so a stream that doesn't state it gets the delay that its level allows;
  // otherwise libavcodec would learn it from pictures that it has to drop.
  if (!tuning.probing && tuning.may_reorder) context.strict_std_compliance = FF_COMPLIANCE_STRICT;
}

constexpr uint8_t kEndOfSequenceUnit[] = {kEndOfSequence};
constexpr uint8_t kEndOfStreamUnit[] = {kEndOfStream};
constexpr Bytes kEndMarks[] = {kEndOfSequenceUnit, kEndOfStreamUnit};
constexpr uint8_t kDelimiter[] = {0, 0, 0, 1, kAud, 0xf0};  // 7.3.2.4

constexpr ByteStream kByteStream = {
    .nal_units = true,
    .header_packet = header_packet,
    .kind_of = kind_of,
    .end_marks = kEndMarks,
    .parameter_sets = parameter_sets,
    .make_sequence_reader = make_sequence_reader,
};

}  // namespace

CodecRow h264_codec() {
  return {
      .id = AV_CODEC_ID_H264,
      .description = {.coded = kH264,
                      .flags = kContinuousByteStream | kDynamicResolution,
                      .sizes = up_to(8192),
                      .min_output_buffers = 4,
                      .raw = {kNv12, kYuv420},
                      .controls = {supports(kProfile, kProfiles, 4), supports(kLevel, kLevels, 11)}},
      .block = 16,
      .reference_frames = 16,
      .entry_point = entry_point,
      .tune = tune,
      .packet_without_picture = kDelimiter,
      .stream = &kByteStream,
  };
}

}  // namespace softvpu::firmware::libav
