// SPDX-License-Identifier: GPL-2.0-or-later
// HEVC: its row of the codec table. H.265 7.3 (syntax), Annex B (byte streams).
#include <array>

#include "firmware/libav/codecs/codec_row.h"
#include "firmware/libav/codecs/hevc_sps.h"
#include "firmware/libav/codecs/nal_units.h"

namespace softvpu::firmware::libav {
namespace {

constexpr uint32_t kProfile = kCodecControls + 615;
constexpr uint32_t kLevel = kCodecControls + 616;
constexpr uint64_t kProfiles = items(0, 1);  // Main, Main Still Picture
constexpr uint64_t kLevels = items(0, 12);   // 1 … 6.2

enum Type : uint8_t {
  kRaslR = 9,
  kBlaWLp = 16,  // the first of the pictures that are random access points (IRAP)
  kIdrWRadl = 19,
  kIdrNLp = 20,
  kCra = 21,
  kFirstNotSlice = 32,
  kVps = 32,
  kSps = 33,
  kPps = 34,
  kAud = 35,
  kEndOfSequence = 36,
  kEndOfBitstream = 37,
  kFillerData = 38,
  kPrefixSei = 39,
  kSuffixSei = 40,
  kNone = 255
};

constexpr size_t kMaxPps = 64;
constexpr size_t kMaxSps = 16;
constexpr size_t kMaxBeginBytes = 64;  // of a slice or a picture parameter set: more than is read of it

// nuh_layer_id must be 0 and the temporal id present; kNone otherwise.
uint8_t type_of(Bytes unit) {
  if (unit.size() < 2 || (unit[0] & 0x81) != 0 || (unit[1] & 0xf8) != 0 || (unit[1] & 7) == 0) return kNone;
  return unit[0] >> 1;
}

// ---- the header ----

struct Pps {
  uint32_t id = 0;
  uint32_t extra_slice_bits = 0;
};

// Everything of an IDR_W_RADL picture up to the slice data, which is nonsense.
void append_slice(std::vector<uint8_t>& out, const Pps& pps) {
  BitWriter slice;
  slice.u(3, 2);  // first_slice_segment_in_pic_flag, no_output_of_prior_pics_flag
  slice.ue(pps.id);
  slice.u(0, pps.extra_slice_bits);
  slice.ue(2);  // slice_type: I
  slice.ones(24);
  append_nal(out, std::array<uint8_t, 2>{kIdrWRadl << 1, 1}, slice.bytes());
}

std::optional<HeaderPacket> header_packet(Bytes data) {
  HeaderPacket packet;
  bool have_sps = false;
  std::vector<Pps> pictures;
  std::optional<Pps> used;
  UnitWalker walker(data);
  for (auto unit = walker.next(); unit && !used; unit = walker.next()) {
    if (unit->bytes.size() < 3 || unit->bytes.size() > kMaxHeaderUnit) continue;
    const std::vector<uint8_t> begin = unescape(unit->bytes.subspan(2), 16);
    BitReader bits(begin);
    const uint8_t type = type_of(unit->bytes);
    if (type == kVps || type == kSps) {
      if (!unit->complete) continue;
      have_sps = have_sps || type == kSps;
      append_unit(packet.bytes, unit->bytes);
    } else if (type == kPps) {
      Pps pps{.id = bits.ue()};
      bits.ue();     // sps
      bits.skip(2);  // dependent_slice_segments_enabled_flag, output_flag_present_flag
      pps.extra_slice_bits = bits.u(3);
      if (bits.bad()) continue;
      pictures.push_back(pps);
      append_unit(packet.bytes, unit->bytes);
    } else if (type <= kRaslR || (type >= kBlaWLp && type <= kCra)) {
      bits.skip(type >= kBlaWLp ? 2 : 1);
      const uint32_t id = bits.ue();
      for (const Pps& known : pictures) {
        if (!bits.bad() && known.id == id) used = known;
      }
    }
  }
  if (!have_sps || pictures.empty()) return std::nullopt;
  packet.used = used.has_value();
  if (!used) used = pictures.front();
  packet.header_bytes = packet.bytes.size();
  append_slice(packet.bytes, *used);
  return packet;
}

// ---- units ----

UnitKind kind_of(const Unit& unit) {
  if (unit.bytes.size() < 2 && !unit.complete) return UnitKind::kHeader;  // its own header is cut
  switch (type_of(unit.bytes)) {
    case kVps:
    case kSps:
    case kPps:
    case kAud:
      return UnitKind::kHeader;
    case kPrefixSei:
    case kSuffixSei:
      return plausible_sei(unit.bytes.subspan(2), unit.complete) ? UnitKind::kHeader : UnitKind::kOther;
    case kEndOfSequence:
    case kEndOfBitstream:
      return UnitKind::kEndMark;
    case kFillerData:
      return UnitKind::kFiller;
    default:
      return UnitKind::kOther;
  }
}

EntryPoint entry_point(Bytes access_unit) {
  UnitWalker walker(access_unit);
  for (auto unit = walker.next(); unit; unit = walker.next()) {
    const uint8_t type = type_of(unit->bytes);
    if (type >= kBlaWLp && type <= kIdrNLp) return EntryPoint::kClean;  // BLA and IDR
    if (type == kCra) return EntryPoint::kKey;
    if (type < kBlaWLp) return EntryPoint::kNone;
  }
  return EntryPoint::kNone;
}

bool is_slice(Bytes unit) { return (unit[0] >> 1 & 0x3f) < kFirstNotSlice; }

std::optional<SetName> name_of(Bytes unit) {
  constexpr uint32_t kGeneralBits = 96;  // of profile_tier_level()
  if (unit.size() < 3) return std::nullopt;
  const std::vector<uint8_t> begin = unescape(unit.subspan(2), kNameLimit);
  BitReader bits(begin);
  switch (unit[0] >> 1 & 0x3f) {
    case kVps:
      return set_name(0, bits, bits.u(4));
    case kSps: {
      bits.skip(4);
      const uint32_t sub_layers = bits.u(3);
      bits.skip(1 + kGeneralBits);
      skip_sub_layers(bits, sub_layers);
      return set_name(1, bits, bits.ue());
    }
    case kPps:
      return set_name(2, bits, bits.ue());
    default:
      return std::nullopt;
  }
}

std::vector<ParameterSet> parameter_sets(Bytes access_unit) { return sets_before_slice(access_unit, is_slice, name_of); }

// ---- sequences (H.265 7.3.2, E.2.1) ----

class Reader final : public SequenceReader {
 public:
  std::optional<SequenceHeader> add(Bytes access_unit, std::optional<Field>&) override {
    UnitWalker walker(access_unit);
    for (auto unit = walker.next(); unit; unit = walker.next()) {
      const Bytes bytes = unit->bytes;
      if (bytes.size() < 3 || (bytes[0] & 0x81) != 0 || (bytes[1] & 0xf8) != 0) continue;
      const uint8_t type = bytes[0] >> 1;
      if (type == kSps) {
        if (const auto sps = parse_hevc_sps(bytes)) sps_[sps->id] = sps;
      } else if (type == kPps) {
        take_pps(bytes);
      } else if (type >= kBlaWLp && type <= kCra) {  // with an IRAP picture alone (7.4.2.4.2)
        return sequence_of(bytes);
      } else if (type < kBlaWLp) {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

 private:
  void take_pps(Bytes unit) {
    const std::vector<uint8_t> begin = unescape(unit.subspan(2), kMaxBeginBytes);
    BitReader bits(begin);
    const uint32_t pps = bits.ue();
    const uint32_t sps = bits.ue();
    if (!bits.bad() && pps < kMaxPps && sps < kMaxSps) sps_of_pps_[pps] = sps;
  }

  std::optional<SequenceHeader> sequence_of(Bytes slice) const {
    const std::vector<uint8_t> begin = unescape(slice.subspan(2), kMaxBeginBytes);
    BitReader bits(begin);
    bits.skip(2);
    const uint32_t pps = bits.ue();
    if (bits.bad() || pps >= kMaxPps || !sps_of_pps_[pps] || !sps_[*sps_of_pps_[pps]]) return std::nullopt;
    const HevcSps& sps = *sps_[*sps_of_pps_[pps]];
    return SequenceHeader{.interlaced = sps.interlaced, .pictures_held = sps.reorder + 1};
  }

  std::array<std::optional<HevcSps>, kMaxSps> sps_;
  std::array<std::optional<uint32_t>, kMaxPps> sps_of_pps_;
};

std::unique_ptr<SequenceReader> make_sequence_reader() { return std::make_unique<Reader>(); }

constexpr uint8_t kEndOfSequenceUnit[] = {kEndOfSequence << 1, 1};
constexpr uint8_t kEndOfBitstreamUnit[] = {kEndOfBitstream << 1, 1};
constexpr Bytes kEndMarks[] = {kEndOfSequenceUnit, kEndOfBitstreamUnit};
constexpr uint8_t kDelimiter[] = {0, 0, 0, 1, kAud << 1, 1, 0x50};  // 7.3.2.5

constexpr ByteStream kByteStream = {
    .nal_units = true,
    .header_packet = header_packet,
    .kind_of = kind_of,
    .end_marks = kEndMarks,
    .begins_anew_after_end_mark = true,  // RASL pictures (8.1.3)
    .parameter_sets = parameter_sets,
    .make_sequence_reader = make_sequence_reader,
    .hides_cut_slices = true,
};

}  // namespace

CodecRow hevc_codec() {
  return {
      .id = AV_CODEC_ID_HEVC,
      .description = {.coded = kHevc,
                      .flags = kContinuousByteStream | kDynamicResolution,
                      .sizes = up_to(8192),
                      .min_output_buffers = 4,
                      .raw = {kNv12, kYuv420},
                      .controls = {supports(kProfile, kProfiles, 0), supports(kLevel, kLevels, 6)}},
      .block = 8,
      .reference_frames = 6,
      .entry_point = entry_point,
      .packet_without_picture = kDelimiter,
      .stream = &kByteStream,
  };
}

}  // namespace softvpu::firmware::libav
