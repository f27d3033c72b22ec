// SPDX-License-Identifier: GPL-2.0-or-later
// Finding headers in byte streams and completing them to something libavcodec answers to: see headers.h.
#include "firmware/libav/headers.h"

#include <algorithm>
#include <array>

#include "firmware/libav/start_codes.h"

namespace softvpu::firmware::libav {
namespace {

constexpr size_t kMaxHeaderUnit = 65536;  // a longer "parameter set" isn't one

// ---- H.264 ----

enum H264Type : uint8_t {
  kSlice = 1,
  kPartitionA = 2,
  kIdr = 5,
  kSei = 6,
  kSps = 7,
  kPps = 8,
  kAud = 9,
  kEndOfSequence = 10,
  kEndOfStream = 11,
  kSpsExtension = 13,
  kSubsetSps = 15
};

uint8_t h264_type(Bytes unit) { return (unit[0] & 0x80) != 0 ? 0 : unit[0] & 0x1f; }

struct H264Pps {
  uint32_t id = 0;
  uint32_t sps = 0;
  bool is_reference = false;
};

// H.264 7.4.1: nal_ref_idc isn't 0 in parameter sets. (It is where another codec's stream happens to look like some.)
bool is_reference(Bytes unit) { return (unit[0] & 0x60) != 0; }

std::optional<HeaderPacket> h264_header(Bytes data) {
  HeaderPacket packet;
  std::array<std::optional<H264Sps>, 32> sets;
  std::array<bool, 32> set_is_reference{};
  std::vector<H264Pps> pictures;
  std::optional<H264Pps> used;
  UnitWalker walker(data);
  for (auto unit = walker.next(); unit && !used; unit = walker.next()) {
    if (unit->bytes.empty() || unit->bytes.size() > kMaxHeaderUnit) continue;
    const std::vector<uint8_t> begin = unescape(unit->bytes.subspan(1), 16);
    BitReader bits(begin);
    switch (h264_type(unit->bytes)) {
      case kSps:
        if (!unit->complete) break;  // cropping and VUI stand at its end
        if (const auto sps = parse_h264_sps(unit->bytes)) {
          sets[sps->id] = sps;
          set_is_reference[sps->id] = is_reference(unit->bytes);
          append_unit(packet.bytes, unit->bytes);
        }
        break;
      case kPps: {
        const H264Pps pps{bits.ue(), bits.ue(), is_reference(unit->bytes)};
        if (bits.bad() || pps.sps > 31) break;
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
        for (const H264Pps& known : pictures) {
          if (!bits.bad() && known.id == pps && sets[known.sps]) used = known;
        }
        break;
      }
      default:
        break;
    }
  }
  packet.used = used && used->is_reference && set_is_reference[used->sps];
  for (const H264Pps& known : pictures) {
    if (!used && sets[known.sps]) used = known;
  }
  if (!used) return std::nullopt;
  packet.h264 = sets[used->sps];
  packet.header_bytes = packet.bytes.size();

  BitWriter slice;  // of an IDR picture: everything up to the slice data, which is nonsense
  slice.ue(0);      // first_mb_in_slice
  slice.ue(7);      // slice_type: I, all of them
  slice.ue(used->id);
  if (packet.h264->separate_colour_planes) slice.u(0, 2);
  slice.u(0, packet.h264->log2_max_frame_num);
  if (!packet.h264->frame_mbs_only) slice.u(0, 1);  // field_pic_flag
  slice.ones(24);                                   // ones are zeros in Exp-Golomb, and legal flags
  append_nal(packet.bytes, std::array<uint8_t, 1>{0x65}, slice.bytes());
  return packet;
}

// A first SEI message that fits into its unit (H.264 7.3.2.3.1, H.265 7.3.5).
bool plausible_sei(Bytes payload, bool complete) {
  size_t at = 0;
  while (at < payload.size() && payload[at] == 0xff) ++at;
  size_t size = 0;
  for (++at; at < payload.size() && payload[at] == 0xff; ++at) size += 0xff;
  if (at >= payload.size()) return !complete;
  size += payload[at++];
  return !complete || at + size <= payload.size();
}

bool h264_header_unit(const Unit& unit) {
  constexpr size_t kMaxAud = 8;
  const bool reference = is_reference(unit.bytes);
  switch (h264_type(unit.bytes)) {
    case kSps:
    case kPps:
    case kSpsExtension:
    case kSubsetSps:
      return reference;
    case kSei:
      return !reference && plausible_sei(unit.bytes.subspan(1), unit.complete);
    case kAud:
      return !reference && unit.bytes.size() <= kMaxAud;
    default:
      return false;
  }
}

// ---- HEVC ----

// nuh_layer_id must be 0 and the temporal id present; 255 otherwise.
uint8_t hevc_type(Bytes unit) {
  if (unit.size() < 2 || (unit[0] & 0x81) != 0 || (unit[1] & 0xf8) != 0 || (unit[1] & 7) == 0) return 255;
  return unit[0] >> 1;
}

std::optional<HeaderPacket> hevc_header(Bytes data) {
  struct Pps {
    uint32_t id = 0;
    uint32_t extra_slice_bits = 0;
  };
  HeaderPacket packet;
  bool have_sps = false;
  std::vector<Pps> pictures;
  std::optional<Pps> used;
  UnitWalker walker(data);
  for (auto unit = walker.next(); unit && !used; unit = walker.next()) {
    if (unit->bytes.size() < 3 || unit->bytes.size() > kMaxHeaderUnit) continue;
    const std::vector<uint8_t> begin = unescape(unit->bytes.subspan(2), 16);
    BitReader bits(begin);
    const uint8_t type = hevc_type(unit->bytes);
    if (type == 32 || type == 33) {  // VPS, SPS
      if (!unit->complete) continue;
      have_sps = have_sps || type == 33;
      append_unit(packet.bytes, unit->bytes);
    } else if (type == 34) {  // PPS
      Pps pps{.id = bits.ue()};
      bits.ue();     // sps
      bits.skip(2);  // dependent_slice_segments_enabled_flag, output_flag_present_flag
      pps.extra_slice_bits = bits.u(3);
      if (bits.bad()) continue;
      pictures.push_back(pps);
      append_unit(packet.bytes, unit->bytes);
    } else if (type <= 9 || (type >= 16 && type <= 21)) {
      bits.skip(type >= 16 ? 2 : 1);
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

  BitWriter slice;  // of an IDR_W_RADL picture
  slice.u(3, 2);    // first_slice_segment_in_pic_flag, no_output_of_prior_pics_flag
  slice.ue(used->id);
  slice.u(0, used->extra_slice_bits);
  slice.ue(2);  // slice_type: I
  slice.ones(24);
  append_nal(packet.bytes, std::array<uint8_t, 2>{19 << 1, 1}, slice.bytes());
  return packet;
}

bool hevc_header_unit(const Unit& unit) {
  if (unit.bytes.size() < 2) return !unit.complete;  // the header itself is cut
  const uint8_t type = hevc_type(unit.bytes);
  if (type == 39 || type == 40) return plausible_sei(unit.bytes.subspan(2), unit.complete);
  return type >= 32 && type <= 35;
}

// ---- MPEG-2 ----

enum Mpeg2Code : uint8_t {
  kPicture = 0x00,
  kUserData = 0xb2,
  kSequence = 0xb3,
  kExtension = 0xb5,
  kSequenceEnd = 0xb7,
  kGroup = 0xb8
};

bool is_sequence_extension(Bytes unit) { return unit.size() >= 2 && unit[0] == kExtension && unit[1] >> 4 == 1; }
// A whole one.
bool is_display_extension(const Unit& unit) {
  constexpr size_t kMost = 64;
  return unit.complete && unit.bytes.size() >= 6 && unit.bytes.size() <= kMost && unit.bytes[0] == kExtension &&
         unit.bytes[1] >> 4 == 2;
}

std::optional<HeaderPacket> mpeg2_header(Bytes data) {
  HeaderPacket packet;
  UnitWalker walker(data);
  auto unit = walker.next();
  while (unit && (unit->bytes.size() < 9 || unit->bytes[0] != kSequence)) unit = walker.next();
  if (!unit || !unit->complete || unit->bytes.size() > kMaxHeaderUnit) return std::nullopt;
  append_unit(packet.bytes, unit->bytes);
  const auto extension = walker.next();  // H.262 6.1.1.6: it follows at once, or the stream is MPEG-1
  if (!extension || extension->bytes.size() < 2) return std::nullopt;
  const bool mpeg2 = is_sequence_extension(extension->bytes);
  if (mpeg2) {
    if (extension->bytes.size() < 7) return std::nullopt;
    append_unit(packet.bytes, extension->bytes.first(7));
  }
  packet.header_bytes = packet.bytes.size();
  // The colour, if it is there yet. It isn't kept: another sequence may say nothing of its own.
  if (const auto display = walker.next(); mpeg2 && display && is_display_extension(*display))
    append_unit(packet.bytes, display->bytes);
  // An I picture, a frame; its coding extension; a slice of nothing.
  constexpr uint8_t kPictureHeader[] = {0, 0, 1, 0x00, 0x00, 0x0f, 0xff, 0xf8};
  constexpr uint8_t kPictureExtension[] = {0, 0, 1, 0xb5, 0x8f, 0xff, 0xf3, 0xc1, 0x80};
  constexpr uint8_t kSliceOfNothing[] = {0, 0, 1, 0x01, 0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  packet.bytes.insert(packet.bytes.end(), std::begin(kPictureHeader), std::end(kPictureHeader));
  if (mpeg2) packet.bytes.insert(packet.bytes.end(), std::begin(kPictureExtension), std::end(kPictureExtension));
  packet.bytes.insert(packet.bytes.end(), std::begin(kSliceOfNothing), std::end(kSliceOfNothing));
  return packet;
}

bool mpeg2_header_unit(Bytes unit) {
  return unit[0] == kSequence || unit[0] == kExtension || unit[0] == kGroup || unit[0] == kUserData;
}

bool header_unit(AVCodecID codec, const Unit& unit) {
  switch (codec) {
    case AV_CODEC_ID_H264:
      return h264_header_unit(unit);
    case AV_CODEC_ID_HEVC:
      return hevc_header_unit(unit);
    default:
      return mpeg2_header_unit(unit.bytes);
  }
}

// forbidden_zero_bit is set: not a NAL unit, so another codec's stream.
bool alien_unit(AVCodecID codec, Bytes unit) { return codec != AV_CODEC_ID_MPEG2VIDEO && (unit[0] & 0x80) != 0; }

EntryPoint mpeg2_entry(Bytes data) {
  bool closed = false;
  UnitWalker walker(data);
  for (auto unit = walker.next(); unit; unit = walker.next()) {
    if (unit->bytes.empty()) continue;
    if (unit->bytes[0] == kGroup && unit->bytes.size() >= 5) closed = (unit->bytes[4] & 0x40) != 0;
    if (unit->bytes[0] == kPicture && unit->bytes.size() >= 3) {
      const bool intra = (unit->bytes[2] >> 3 & 7) == 1;
      return !intra ? EntryPoint::kNone : closed ? EntryPoint::kClean : EntryPoint::kKey;
    }
  }
  return EntryPoint::kNone;
}

EntryPoint h264_entry(Bytes data) {
  UnitWalker walker(data);
  for (auto unit = walker.next(); unit; unit = walker.next()) {
    if (unit->bytes.empty()) continue;
    const uint8_t type = h264_type(unit->bytes);
    if (type == kIdr) return EntryPoint::kClean;
    if (type == kSlice || type == kPartitionA) return EntryPoint::kNone;
  }
  return EntryPoint::kNone;
}

EntryPoint hevc_entry(Bytes data) {
  UnitWalker walker(data);
  for (auto unit = walker.next(); unit; unit = walker.next()) {
    const uint8_t type = hevc_type(unit->bytes);
    if (type >= 16 && type <= 20) return EntryPoint::kClean;  // BLA and IDR
    if (type == 21) return EntryPoint::kKey;                  // CRA
    if (type < 16) return EntryPoint::kNone;
  }
  return EntryPoint::kNone;
}

EntryPoint vp9_entry(Bytes data) {
  BitReader bits(data);
  if (bits.u(2) != 2) return EntryPoint::kNone;
  const uint32_t profile = bits.u(1) | bits.u(1) << 1;
  if (profile == 3) bits.skip(1);
  const bool shows_existing = bits.flag();
  const bool inter = bits.flag();
  return shows_existing || inter || bits.bad() ? EntryPoint::kNone : EntryPoint::kClean;
}

}  // namespace

std::optional<HeaderPacket> header_packet(AVCodecID codec, Bytes data) {
  switch (codec) {
    case AV_CODEC_ID_H264:
      return h264_header(data);
    case AV_CODEC_ID_HEVC:
      return hevc_header(data);
    case AV_CODEC_ID_MPEG2VIDEO:
      return mpeg2_header(data);
    default:
      return HeaderPacket{.bytes = {data.begin(), data.end()}};
  }
}

bool may_become_header(AVCodecID codec, Bytes data, size_t new_from) {
  bool may = !data.empty() && data.back() == 0;  // perhaps the begin of a start code
  UnitWalker walker(data);
  for (auto unit = walker.next(); unit; unit = walker.next()) {
    const auto end = static_cast<size_t>(unit->bytes.data() - data.data()) + unit->bytes.size();
    if (unit->complete && end <= new_from) continue;
    if (unit->bytes.empty()) {
      may = may || !unit->complete;
      continue;
    }
    if (alien_unit(codec, unit->bytes)) return false;
    may = may || (unit->bytes.size() <= kMaxHeaderUnit && header_unit(codec, *unit));
  }
  return may;
}

bool without_picture(AVCodecID codec, Bytes access_unit) {
  const auto ends_or_fills = [codec](Bytes unit) {
    if (codec == AV_CODEC_ID_H264) return h264_type(unit) >= 10 && h264_type(unit) <= 12;
    if (codec == AV_CODEC_ID_HEVC) return hevc_type(unit) >= 36 && hevc_type(unit) <= 38;
    return unit[0] == kSequenceEnd;
  };
  bool any = false;
  UnitWalker walker(access_unit);
  for (auto unit = walker.next(); unit; unit = walker.next()) {
    if (unit->bytes.empty()) continue;
    if (!header_unit(codec, *unit) && !ends_or_fills(unit->bytes)) return false;
    any = true;
  }
  return any;
}

bool ends_sequence(AVCodecID codec, Bytes bytes) {
  constexpr std::array<uint8_t, 4> kH264[] = {{0, 0, 1, kEndOfSequence}, {0, 0, 1, kEndOfStream}};
  constexpr std::array<uint8_t, 5> kHevc[] = {{0, 0, 1, 36 << 1, 1}, {0, 0, 1, 37 << 1, 1}};
  constexpr std::array<uint8_t, 4> kMpeg2[] = {{0, 0, 1, kSequenceEnd}};
  while (!bytes.empty() && bytes.back() == 0) bytes = bytes.first(bytes.size() - 1);
  const auto ends_in = [&](const auto& mark) {
    return bytes.size() >= mark.size() && std::equal(mark.rbegin(), mark.rend(), bytes.rbegin());
  };
  switch (codec) {
    case AV_CODEC_ID_H264:
      return std::any_of(std::begin(kH264), std::end(kH264), ends_in);
    case AV_CODEC_ID_HEVC:
      return std::any_of(std::begin(kHevc), std::end(kHevc), ends_in);
    case AV_CODEC_ID_MPEG2VIDEO:
      return std::any_of(std::begin(kMpeg2), std::end(kMpeg2), ends_in);
    default:
      return false;
  }
}

bool only_end_marks(AVCodecID codec, Bytes access_unit) {
  bool any = false;
  UnitWalker walker(access_unit);
  for (auto unit = walker.next(); unit; unit = walker.next()) {
    const Bytes bytes = unit->bytes;
    if (bytes.empty()) continue;
    const bool mark = codec == AV_CODEC_ID_H264   ? bytes[0] == kEndOfSequence || bytes[0] == kEndOfStream
                      : codec == AV_CODEC_ID_HEVC ? hevc_type(bytes) == 36 || hevc_type(bytes) == 37
                                                  : bytes[0] == kSequenceEnd;
    if (!mark) return false;
    any = true;
  }
  return any;
}

EntryPoint entry_point(AVCodecID codec, Bytes access_unit) {
  switch (codec) {
    case AV_CODEC_ID_H264:
      return h264_entry(access_unit);
    case AV_CODEC_ID_HEVC:
      return hevc_entry(access_unit);
    case AV_CODEC_ID_MPEG2VIDEO:
      return mpeg2_entry(access_unit);
    case AV_CODEC_ID_VP8:
      return !access_unit.empty() && (access_unit[0] & 1) == 0 ? EntryPoint::kClean : EntryPoint::kNone;
    case AV_CODEC_ID_VP9:
      return vp9_entry(access_unit);
    default:
      return EntryPoint::kNone;
  }
}

std::optional<Mpeg2Sequence> mpeg2_sequence(Bytes access_unit) {
  UnitWalker walker(access_unit);
  std::optional<Mpeg2Sequence> out;
  for (auto unit = walker.next(); unit; unit = walker.next()) {
    const Bytes bytes = unit->bytes;
    if (bytes.size() >= 4 && bytes[0] == kSequence) {
      out = Mpeg2Sequence{.size = {static_cast<uint32_t>(bytes[1]) << 4 | bytes[2] >> 4, (bytes[2] & 0x0fu) << 8 | bytes[3]}};
    } else if (out && is_sequence_extension(bytes) && bytes.size() >= 5) {
      out->progressive = (bytes[2] & 0x08) != 0;
      out->chroma = static_cast<uint8_t>(bytes[2] >> 1 & 3);
      out->size.width |= ((bytes[2] & 0x01u) << 1 | bytes[3] >> 7) << 12;
      out->size.height |= (bytes[3] >> 5 & 0x03u) << 12;
    } else if (!bytes.empty() && bytes[0] == kPicture) {
      break;
    }
  }
  return out;
}

}  // namespace softvpu::firmware::libav
