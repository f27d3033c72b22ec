// SPDX-License-Identifier: GPL-2.0-or-later
// Which sequence each access unit belongs to, as far as a client must know: how many buffers it needs, whether its pictures are
// made of fields, and whether it states its colour. libavcodec reports none of that with a picture. H.264 7.3.2, 7.3.3; H.265
// 7.3.2, E.2.1; H.262 6.2.2. Called by the header search for the first header and by the decoder for each access unit, on its
// thread.
#pragma once

#include <array>
#include <optional>

#include "firmware/libav/codec_table.h"
#include "firmware/libav/headers.h"

namespace softvpu::firmware::libav {

struct SequenceInfo {
  bool interlaced = false;  // two interleaved fields per picture, or there may be
  uint32_t min_output_buffers = 2;
  // False: it says nothing of it, and what libavcodec says is of a sequence before.
  bool states_range = true;
  bool states_colour = true;
  friend bool operator==(const SequenceInfo&, const SequenceInfo&) = default;
};

class Sequences {
 public:
  explicit Sequences(const CodecRow& row);

  // Begins with what the header search found.
  void begin(Bytes parameter_sets, const SequenceInfo& info);
  // Takes the next access unit, in decoding order. Parameter sets are remembered over a seek, as the decoder does.
  void add(Bytes access_unit);
  // Of the last access unit; before the first one what the codec needs at most.
  const SequenceInfo& current() const { return current_; }
  // The last access unit was this field of an H.264 frame, and the other is still to come.
  enum class Field : uint8_t { kTop, kBottom };
  std::optional<Field> open_field() const { return open_field_; }
  // Goes on where open_field() was that, or at another place of the stream.
  void go_to(std::optional<Field> open_field) { open_field_ = open_field; }

 private:
  struct HevcSequence {
    uint32_t reorder = 0;
    bool interlaced = false;
  };
  static std::optional<std::pair<uint32_t, HevcSequence>> parse_hevc_sps(Bytes unit);
  void add_h264(Bytes access_unit);
  void add_hevc(Bytes access_unit);
  void take_h264_slice(Bytes unit);
  void set(bool interlaced, uint32_t pictures_held);

  static constexpr size_t kH264Pps = 256;
  static constexpr size_t kHevcPps = 64;

  const CodecRow& row_;
  SequenceInfo current_;
  std::optional<Field> open_field_;
  std::array<std::optional<H264Sps>, 32> h264_sps_;
  std::array<std::optional<HevcSequence>, 16> hevc_sps_;
  std::array<std::optional<uint32_t>, kH264Pps> sps_of_pps_;
};

}  // namespace softvpu::firmware::libav
