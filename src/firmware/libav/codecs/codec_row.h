// SPDX-License-Identifier: GPL-2.0-or-later
// What one codec is to this room: values and functions, filled in by the codec's own file here.
// Everything outside this folder asks a row and never which codec it is (tools/check-layers refuses
// AV_CODEC_ID_ elsewhere). To add a codec, write its file and add its line to table.cc.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "firmware/libav/codecs/sequence_reader.h"
#include "firmware/libav/start_codes.h"
#include "media/codec_info.h"

extern "C" {
#include <libavcodec/codec_id.h>
struct AVCodecContext;
}

namespace softvpu::firmware::libav {

// How well decoding can begin with an access unit.
enum class EntryPoint : uint8_t {
  kNone,
  kKey,    // a picture that needs no other; pictures after it may
  kClean,  // nothing from here on needs anything from before
};

// A packet for a throwaway decoder: the parameter sets of a stream and the beginning of a picture
// that uses them. For frame-per-buffer codecs it is the frame itself.
struct HeaderPacket {
  std::vector<uint8_t> bytes;
  size_t header_bytes = 0;  // of them: parameter sets only; 0 where the codec has none
  bool used = false;        // by a picture of the stream, as far as can be seen
  bool may_reorder = true;  // pictures may be shown in another order than they are coded in
};

// What a unit between start codes is to an access unit.
enum class UnitKind : uint8_t {
  kOther,    // a part of a picture, or unknown
  kHeader,   // may come before the first picture of a stream
  kEndMark,  // end of sequence or of bitstream: the last unit of its access unit
  kFiller,   // means nothing
};

inline constexpr size_t kMaxHeaderUnit = 65536;  // a longer unit is no header

// A set of parameters with its start code. A new set of one kind makes libavcodec forget those of
// higher kinds that refer to it; a set replaces the one with the same kind and id.
struct ParameterSet {
  uint32_t kind = 0;
  uint32_t id = 0;
  std::vector<uint8_t> bytes;
};

// Sequences that differ in this are decoded by a decoder of their own.
struct SequenceFormat {
  Size size;
  bool progressive = true;
  uint8_t chroma = 1;  // 1: 4:2:0, 2: 4:2:2, 3: 4:4:4
  friend bool operator==(const SequenceFormat&, const SequenceFormat&) = default;
};

// What a codec knows of its byte streams, which are units between start codes (00 00 01). Functions
// may be given any bytes, but never an empty unit.
struct ByteStream {
  // The units are NAL units (H.264 B.1.1, H.265 B.2.2): their first bit is 0, a zero before an
  // access unit's first start code belongs to it (zero_byte), and zeros after a unit don't belong
  // to it.
  bool nal_units = false;

  // The header of a stream that begins with `data`. nullopt while it is missing or incomplete.
  std::optional<HeaderPacket> (*header_packet)(Bytes data) = nullptr;

  UnitKind (*kind_of)(const Unit& unit) = nullptr;
  // The end marks as they are in a stream, without start code.
  std::span<const Bytes> end_marks;
  // The first picture after an end mark begins again: pictures in front of it in output order
  // aren't decoded. A decoder that has just been opened does that by itself.
  bool begins_anew_after_end_mark = false;

  // The parameter sets at the beginning of an access unit, in the order in which they come.
  std::vector<ParameterSet> (*parameter_sets)(Bytes access_unit) = nullptr;
  bool one_parameter_set = false;  // a new one replaces all before it

  // nullptr: its sequences don't differ in what a client must know.
  std::unique_ptr<SequenceReader> (*make_sequence_reader)() = nullptr;
  // Set where libavcodec spoils pictures when another sequence begins in the middle of a stream.
  // Returns nullopt when no sequence begins with the access unit.
  std::optional<SequenceFormat> (*sequence_format)(Bytes access_unit) = nullptr;

  // libavcodec continues beyond the end of a slice that was cut off, and doesn't report it.
  bool hides_cut_slices = false;
};

// What is known when a libavcodec context is set up.
struct Tuning {
  bool probing = false;     // a throwaway decoder, for a HeaderPacket
  Size size_hint;           // as the client's container has it; empty when unknown
  bool may_reorder = true;  // see HeaderPacket
};

// A menu that says which profiles or levels are decoded; nobody sets it.
inline ControlInfo supports(uint32_t id, uint64_t items, int64_t default_item) {
  ControlInfo control = menu_control(id, items, default_item);
  control.read_only = true;
  return control;
}

struct CodecRow {
  AVCodecID id = AV_CODEC_ID_NONE;
  CodecInfo description;
  uint32_t block = 16;             // what the codec's pictures are padded to, in pixels
  uint32_t interlaced_blocks = 1;  // pictures that may hold fields are padded to a multiple of this many rows of blocks
  uint32_t reference_frames = 2;   // at most, for codecs whose headers don't state it
  bool threads = true;             // libavcodec's are right

  EntryPoint (*entry_point)(Bytes access_unit) = nullptr;
  // Sets what this codec's contexts need beside what all of them get. nullptr: nothing.
  void (*tune)(const Tuning& tuning, AVCodecContext& context) = nullptr;
  // A packet that libavcodec's decoder takes, that leaves the state of the stream as it is, and of
  // which no picture is wanted. Empty: the codec has none.
  Bytes packet_without_picture;
  bool packet_needs_key = false;  // and it is one only once a clean entry point was decoded

  const ByteStream* stream = nullptr;  // nullptr: a frame per buffer
  bool byte_stream() const { return stream != nullptr; }
};

std::span<const CodecRow> codec_rows();
// nullptr when the codec isn't known.
const CodecRow* find_row(FourCC coded);

// For descriptions: the bits of menu items `first` to `last`; sizes without a minimum, because
// pictures smaller than a block are coded in a whole one.
constexpr uint64_t items(uint32_t first, uint32_t last) { return ((uint64_t{2} << last) - 1) & ~((uint64_t{1} << first) - 1); }
constexpr SizeRange up_to(uint32_t side) { return {.min = {1, 1}, .max = {side, side}, .step = {1, 1}}; }
inline constexpr uint32_t kCodecControls = 0x00990900;  // V4L2_CID_CODEC_BASE

}  // namespace softvpu::firmware::libav
