// SPDX-License-Identifier: GPL-2.0-or-later
// Which sequence each access unit belongs to, as far as a client must know: how many buffers it
// needs, whether its pictures are made of fields, and whether it states its colour. libavcodec
// reports none of that with a picture. Called by the header search for the first header and by the
// decoder for each access unit, on its thread.
#pragma once

#include <memory>
#include <optional>

#include "firmware/libav/codecs/codec_row.h"

namespace softvpu::firmware::libav {

struct SequenceInfo {
  bool interlaced = false;  // two interleaved fields per picture, or there may be
  uint32_t min_output_buffers = 2;
  // False: the sequence states nothing, and what libavcodec reports is of a sequence before.
  bool states_range = true;
  bool states_colour = true;
  friend bool operator==(const SequenceInfo&, const SequenceInfo&) = default;
};

class Sequences {
 public:
  explicit Sequences(const CodecRow& row);

  // Begins with what the header search found.
  void begin(Bytes parameter_sets, const SequenceInfo& info);
  // Takes the next access unit, in decoding order. Parameter sets are remembered over a seek, as
  // the decoder does.
  void add(Bytes access_unit);
  // Of the last access unit; before the first one what the codec needs at most.
  const SequenceInfo& current() const { return current_; }
  // The field that the last access unit was, where the other one is still to come.
  std::optional<Field> open_field() const { return open_field_; }
  // Goes on where open_field() was that, or at another place of the stream.
  void go_to(std::optional<Field> open_field) { open_field_ = open_field; }

 private:
  std::unique_ptr<SequenceReader> reader_;  // nullptr: the codec's sequences don't differ
  SequenceInfo current_;
  std::optional<Field> open_field_;
};

}  // namespace softvpu::firmware::libav
