// SPDX-License-Identifier: GPL-2.0-or-later
// The little this room itself reads of coded headers, where libavcodec's interface doesn't tell: whether bytes may become a
// stream header, a packet that makes libavcodec say the stream's geometry, and where decoding may begin. H.264 7.3, H.265 7.3,
// H.262 6.2, RFC 6386 9.1, VP9 bitstream specification 6.2.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "firmware/libav/bits.h"
#include "media/geometry.h"

extern "C" {
#include <libavcodec/codec_id.h>
}

namespace softvpu::firmware::libav {

// What decides the output delay and the buffers of an H.264 stream (sequence parameter set and its VUI).
struct H264Sps {
  uint32_t profile = 0;
  bool constraint_set3 = false;
  uint32_t level = 0;
  uint32_t id = 0;
  bool separate_colour_planes = false;
  uint32_t log2_max_frame_num = 4;
  uint32_t poc_type = 0;
  uint32_t reference_frames = 0;
  uint32_t width_mbs = 0;
  uint32_t height_mbs = 0;  // of a frame
  bool frame_mbs_only = true;
  std::optional<uint32_t> reorder_frames;  // where the VUI restricts it
  bool states_range = false;               // video_full_range_flag
  bool states_colour = false;              // primaries, transfer, matrix

  // Frames that may have to wait for another that is shown earlier (H.264 C.4.5.3, A.3.1).
  uint32_t max_reorder() const;
};

// `nal` begins with the NAL header. nullopt: cut short, or nonsense.
std::optional<H264Sps> parse_h264_sps(Bytes nal);

// A packet for a throwaway decoder: the parameter sets of `data` and the begin of a picture that uses them. nullopt while a
// header is missing or incomplete. For frame-per-buffer codecs it is `data` itself.
struct HeaderPacket {
  std::vector<uint8_t> bytes;
  size_t header_bytes = 0;      // of them: parameter sets only; 0 where the codec has none
  std::optional<H264Sps> h264;  // the one in use
  bool used = false;            // by a picture of the stream (H.264, HEVC)
};
std::optional<HeaderPacket> header_packet(AVCodecID codec, Bytes data);

// Whether the bytes from `new_from` on may belong to a stream header of which the rest is still to come.
bool may_become_header(AVCodecID codec, Bytes data, size_t new_from);

// Whether an access unit is made of headers and delimiters only, as at the end of a stream that was cut before the next picture.
bool without_picture(AVCodecID codec, Bytes access_unit);

// Whether the bytes end in an end mark: end of sequence or of bitstream (H.264 7.4.2.5, H.265 7.4.2.4.4, H.262 6.2.2.3). A mark
// is the last unit of its access unit. No picture after it needs one before it, and none before it has to wait for one after.
bool ends_sequence(AVCodecID codec, Bytes bytes);
// Whether an access unit has end marks and nothing else.
bool only_end_marks(AVCodecID codec, Bytes access_unit);

// How well decoding can begin with an access unit.
enum class EntryPoint : uint8_t {
  kNone,
  kKey,    // a picture that needs no other; pictures after it may
  kClean,  // nothing from here on needs anything from before
};
EntryPoint entry_point(AVCodecID codec, Bytes access_unit);

// The H.262 sequence header and extension in an access unit; nullopt: there is none.
struct Mpeg2Sequence {
  Size size;
  bool progressive = true;
  uint8_t chroma = 1;  // 1: 4:2:0, 2: 4:2:2, 3: 4:4:4
  friend bool operator==(const Mpeg2Sequence&, const Mpeg2Sequence&) = default;
};
std::optional<Mpeg2Sequence> mpeg2_sequence(Bytes access_unit);

}  // namespace softvpu::firmware::libav
