// SPDX-License-Identifier: LGPL-2.1-or-later
// What the rows of the decoder's table are made of: states to start from, and what one row says. Included by decoder_*_test.cc.
#pragma once

#include <functional>
#include <ostream>
#include <vector>

#include "core/decoder_state.h"

// The structs are C's: GoogleTest compares and prints them by these.
inline bool operator==(const svpu_decoder_state& a, const svpu_decoder_state& b) {
  return a.phase == b.phase && a.output_streaming == b.output_streaming && a.capture_streaming == b.capture_streaming &&
         a.session_open == b.session_open && a.header_known == b.header_known && a.paused == b.paused &&
         a.draining == b.draining && a.last_wanted == b.last_wanted && a.change_held == b.change_held &&
         a.drain_sent == b.drain_sent && a.drain_again == b.drain_again && a.stop_remembered == b.stop_remembered;
}
inline void PrintTo(const svpu_decoder_state& s, std::ostream* out) {
  *out << svpu_decoder_phase_name(&s) << (s.output_streaming ? " +output" : "") << (s.capture_streaming ? " +capture" : "")
       << (s.session_open ? " +session" : "") << (s.header_known ? " +header" : "") << (s.paused ? " +paused" : "")
       << (s.draining ? " +draining" : "") << (s.last_wanted ? " +last_wanted" : "") << (s.change_held ? " +change_held" : "")
       << (s.drain_sent ? " +drain_sent" : "") << (s.drain_again ? " +drain_again" : "")
       << (s.stop_remembered ? " +stop_remembered" : "");
}

namespace softvpu {

using Edit = std::function<void(svpu_decoder_state&)>;

inline svpu_decoder_transition step(const svpu_decoder_state& state, const svpu_decoder_event& event) {
  svpu_decoder_transition result;
  svpu_decoder_step(&state, &event, &result);
  return result;
}

// States that rows start from.
inline svpu_decoder_state opened() { return {}; }
inline svpu_decoder_state waiting_for_header() {
  svpu_decoder_state s{};
  s.output_streaming = s.session_open = true;
  return s;
}
inline svpu_decoder_state capture_setup() {
  svpu_decoder_state s = waiting_for_header();
  s.phase = SVPU_PHASE_CAPTURE_SETUP;
  s.header_known = s.paused = true;
  return s;
}
inline svpu_decoder_state decoding() {
  svpu_decoder_state s = waiting_for_header();
  s.phase = SVPU_PHASE_DECODING;
  s.header_known = s.capture_streaming = true;
  return s;
}
inline svpu_decoder_state changing() {  // a mid-stream change, the client was told, its LAST is out
  svpu_decoder_state s = decoding();
  s.phase = SVPU_PHASE_CAPTURE_SETUP;
  s.paused = true;
  return s;
}
inline svpu_decoder_state draining() {
  svpu_decoder_state s = decoding();
  s.draining = s.drain_sent = true;
  return s;
}
inline svpu_decoder_state stopped() {
  svpu_decoder_state s = decoding();
  s.phase = SVPU_PHASE_STOPPED;
  s.paused = true;
  return s;
}
inline svpu_decoder_state with(svpu_decoder_state s, const Edit& edit) {
  edit(s);
  return s;
}

struct Row {
  const char* clause;
  svpu_decoder_state from;
  svpu_decoder_event event;
  Edit change;  // of `from`
  std::vector<svpu_decoder_action> actions;
  svpu_verdict verdict = SVPU_ACCEPTED;
};

inline const Edit kNothing = [](svpu_decoder_state&) {};

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

}  // namespace softvpu
