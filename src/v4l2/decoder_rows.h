// SPDX-License-Identifier: LGPL-2.1-or-later
// What the rows of the decoder's table are made of: states to start from, and what one row says. Included by decoder_*_test.cc.
#pragma once

#include <cerrno>
#include <functional>
#include <ostream>
#include <vector>

#include "v4l2/decoder_state.h"

namespace softvpu::v4l2 {

inline void PrintTo(const DecoderState& s, std::ostream* out) {
  *out << to_string(s.phase) << (s.output_streaming ? " +output" : "") << (s.capture_streaming ? " +capture" : "")
       << (s.session_open ? " +session" : "") << (s.header_known ? " +header" : "") << (s.paused ? " +paused" : "")
       << (s.draining ? " +draining" : "") << (s.last_wanted ? " +last_wanted" : "") << (s.change_held ? " +change_held" : "")
       << (s.drain_sent ? " +drain_sent" : "") << (s.drain_again ? " +drain_again" : "")
       << (s.stop_remembered ? " +stop_remembered" : "");
}

using Edit = std::function<void(DecoderState&)>;

// States that rows start from.
inline DecoderState opened() { return {}; }
inline DecoderState waiting_for_header() {
  DecoderState s;
  s.output_streaming = s.session_open = true;
  return s;
}
inline DecoderState capture_setup() {
  DecoderState s = waiting_for_header();
  s.phase = Phase::kCaptureSetup;
  s.header_known = s.paused = true;
  return s;
}
inline DecoderState decoding() {
  DecoderState s = waiting_for_header();
  s.phase = Phase::kDecoding;
  s.header_known = s.capture_streaming = true;
  return s;
}
inline DecoderState changing() {  // a mid-stream change, the client was told, its LAST is out
  DecoderState s = decoding();
  s.phase = Phase::kCaptureSetup;
  s.paused = true;
  return s;
}
inline DecoderState draining() {
  DecoderState s = decoding();
  s.draining = s.drain_sent = true;
  return s;
}
inline DecoderState stopped() {
  DecoderState s = decoding();
  s.phase = Phase::kStopped;
  s.paused = true;
  return s;
}
inline DecoderState with(DecoderState s, const Edit& edit) {
  edit(s);
  return s;
}

struct Row {
  const char* clause;
  DecoderState from;
  DecoderEvent event;
  Edit change;  // of `from`
  std::vector<Action> actions;
  int error = 0;
};

inline const Edit kNothing = [](DecoderState&) {};

// The table's sections, each in the order of the specification: decoder_stream_rows_test.cc, decoder_drain_rows_test.cc.
std::vector<Row> initialization_rows();
std::vector<Row> capture_setup_rows();
std::vector<Row> seek_rows();
std::vector<Row> resolution_change_rows();
std::vector<Row> drain_rows();
std::vector<Row> early_stop_rows();
std::vector<Row> aborted_drain_rows();
std::vector<Row> drain_and_change_rows();
std::vector<Row> failure_rows();

}  // namespace softvpu::v4l2
