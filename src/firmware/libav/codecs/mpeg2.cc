// SPDX-License-Identifier: GPL-2.0-or-later
// MPEG-2 (and MPEG-1, which libavcodec's decoder takes as well): its row of the codec table. H.262
// 6.2.
#include <iterator>

#include "firmware/libav/codecs/codec_row.h"

extern "C" {
#include <libavcodec/avcodec.h>
}

namespace softvpu::firmware::libav {
namespace {

constexpr uint32_t kLevel = kCodecControls + 270;
constexpr uint32_t kProfile = kCodecControls + 271;
constexpr uint64_t kProfiles = items(0, 1) | items(4, 4);  // Simple, Main, High (4:2:0)
constexpr uint64_t kLevels = items(0, 3);                  // Low, Main, High 1440, High

constexpr uint32_t kReferenceFrames = 2;

enum Code : uint8_t {
  kPicture = 0x00,
  kUserData = 0xb2,
  kSequence = 0xb3,
  kExtension = 0xb5,
  kSequenceEnd = 0xb7,
  kGroup = 0xb8
};

// ---- the header ----

bool is_sequence_extension(Bytes unit) { return unit.size() >= 2 && unit[0] == kExtension && unit[1] >> 4 == 1; }
// A whole one.
bool is_display_extension(const Unit& unit) {
  constexpr size_t kMost = 64;
  return unit.complete && unit.bytes.size() >= 6 && unit.bytes.size() <= kMost && unit.bytes[0] == kExtension &&
         unit.bytes[1] >> 4 == 2;
}

// An I picture, a frame; its coding extension; a slice of nothing.
void append_picture(std::vector<uint8_t>& out, bool mpeg2) {
  constexpr uint8_t kPictureHeader[] = {0, 0, 1, kPicture, 0x00, 0x0f, 0xff, 0xf8};
  constexpr uint8_t kPictureExtension[] = {0, 0, 1, kExtension, 0x8f, 0xff, 0xf3, 0xc1, 0x80};
  constexpr uint8_t kSliceOfNothing[] = {0, 0, 1, 0x01, 0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  out.insert(out.end(), std::begin(kPictureHeader), std::end(kPictureHeader));
  if (mpeg2) out.insert(out.end(), std::begin(kPictureExtension), std::end(kPictureExtension));
  out.insert(out.end(), std::begin(kSliceOfNothing), std::end(kSliceOfNothing));
}

std::optional<HeaderPacket> header_packet(Bytes data) {
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
  // The colour, if it is there yet. It isn't kept: another sequence may state none of its own.
  if (const auto display = walker.next(); mpeg2 && display && is_display_extension(*display))
    append_unit(packet.bytes, display->bytes);
  append_picture(packet.bytes, mpeg2);
  return packet;
}

// ---- units ----

UnitKind kind_of(const Unit& unit) {
  switch (unit.bytes[0]) {
    case kSequence:
    case kExtension:
    case kGroup:
    case kUserData:
      return UnitKind::kHeader;
    case kSequenceEnd:
      return UnitKind::kEndMark;
    default:
      return UnitKind::kOther;
  }
}

EntryPoint entry_point(Bytes access_unit) {
  bool closed = false;
  UnitWalker walker(access_unit);
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

// The sequence header and what belongs to it, up to the group or picture, as one set.
std::vector<ParameterSet> parameter_sets(Bytes access_unit) {
  std::vector<uint8_t> sequence;
  UnitWalker walker(access_unit);
  for (auto unit = walker.next(); unit; unit = walker.next()) {
    if (unit->bytes.empty()) continue;
    const bool wanted = unit->bytes[0] == kSequence || (unit->bytes[0] == kExtension && !sequence.empty());
    if (!wanted || sequence.size() + unit->bytes.size() > kMaxHeaderUnit) break;
    append_unit(sequence, unit->bytes);
  }
  std::vector<ParameterSet> out;
  if (!sequence.empty()) out.push_back({.bytes = std::move(sequence)});
  return out;
}

// ---- sequences (H.262 6.2.2) ----

// The sequence header and its extension in an access unit.
std::optional<SequenceFormat> sequence_format(Bytes access_unit) {
  UnitWalker walker(access_unit);
  std::optional<SequenceFormat> out;
  for (auto unit = walker.next(); unit; unit = walker.next()) {
    const Bytes bytes = unit->bytes;
    if (bytes.size() >= 4 && bytes[0] == kSequence) {
      out = SequenceFormat{.size = {static_cast<uint32_t>(bytes[1]) << 4 | bytes[2] >> 4, (bytes[2] & 0x0fu) << 8 | bytes[3]}};
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

class Reader final : public SequenceReader {
 public:
  std::optional<SequenceHeader> add(Bytes access_unit, std::optional<Field>&) override {
    const auto format = sequence_format(access_unit);
    if (!format) return std::nullopt;
    return SequenceHeader{.interlaced = !format->progressive, .pictures_held = kReferenceFrames};
  }
};

std::unique_ptr<SequenceReader> make_sequence_reader() { return std::make_unique<Reader>(); }

// ---- libavcodec ----

void tune(const Tuning& tuning, AVCodecContext& context) {
  // A large picture of a few bytes, as the made-up one, is refused otherwise.
  if (tuning.probing) context.flags2 |= AV_CODEC_FLAG2_CHUNKS;
}

constexpr uint8_t kSequenceEndUnit[] = {kSequenceEnd};
constexpr Bytes kEndMarks[] = {kSequenceEndUnit};

// libavcodec drops the last picture of a sequence when one of another size begins (the
// specification delivers it), and goes on with the old format when only the chroma changes: hence
// .sequence_format.
constexpr ByteStream kByteStream = {
    .header_packet = header_packet,
    .kind_of = kind_of,
    .end_marks = kEndMarks,
    .parameter_sets = parameter_sets,
    .one_parameter_set = true,
    .make_sequence_reader = make_sequence_reader,
    .sequence_format = sequence_format,
};

}  // namespace

CodecRow mpeg2_codec() {
  return {
      .id = AV_CODEC_ID_MPEG2VIDEO,
      .description = {.coded = kMpeg2,
                      .flags = kContinuousByteStream | kDynamicResolution,
                      .sizes = up_to(4096),
                      .min_output_buffers = 4,
                      .raw = {kNv12, kYuv420},
                      .controls = {supports(kProfile, kProfiles, 1), supports(kLevel, kLevels, 1)}},
      .block = 16,
      .interlaced_blocks = 2,  // H.262 6.3.3: an even number of macroblock rows
      .reference_frames = kReferenceFrames,
      .entry_point = entry_point,
      .tune = tune,
      .stream = &kByteStream,
  };
}

}  // namespace softvpu::firmware::libav
