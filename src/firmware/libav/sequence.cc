// SPDX-License-Identifier: GPL-2.0-or-later
// What follows from a sequence's headers: see sequence.h.
#include "firmware/libav/sequence.h"

#include <algorithm>

namespace softvpu::firmware::libav {
namespace {

SequenceInfo info_of(const SequenceHeader& header) {
  // The one that the client shows, the next one to be delivered, and those that two threads are at.
  constexpr uint32_t kBeyondReferences = 4;
  constexpr uint32_t kMost = 32;  // what the HFI can carry
  return {.interlaced = header.interlaced,
          .min_output_buffers = std::min(header.pictures_held + kBeyondReferences, kMost),
          .states_range = header.states_range,
          .states_colour = header.states_colour};
}

}  // namespace

Sequences::Sequences(const CodecRow& row)
    : reader_(row.byte_stream() && row.stream->make_sequence_reader != nullptr ? row.stream->make_sequence_reader() : nullptr),
      current_(info_of({.pictures_held = row.reference_frames})) {}

void Sequences::begin(Bytes parameter_sets, const SequenceInfo& info) {
  add(parameter_sets);
  current_ = info;
}

void Sequences::add(Bytes access_unit) {
  if (!reader_) return;
  if (const auto header = reader_->add(access_unit, open_field_)) current_ = info_of(*header);
}

}  // namespace softvpu::firmware::libav
