// SPDX-License-Identifier: LGPL-2.1-or-later
// What the rows of the encoder's table are made of: states to start from, and what one row says. Included by encoder_*_test.cc.
#pragma once

#include <functional>
#include <ostream>
#include <vector>

#include "core/encoder_state.h"

// The structs are C's: GoogleTest compares and prints them by these.
inline bool operator==(const svpu_encoder_state& a, const svpu_encoder_state& b) {
  return a.phase == b.phase && a.output_streaming == b.output_streaming && a.capture_streaming == b.capture_streaming &&
         a.session_open == b.session_open && a.paused == b.paused && a.draining == b.draining && a.last_wanted == b.last_wanted &&
         a.drain_sent == b.drain_sent && a.drain_again == b.drain_again;
}
inline void PrintTo(const svpu_encoder_state& s, std::ostream* out) {
  *out << svpu_encoder_phase_name(&s) << (s.output_streaming ? " +output" : "") << (s.capture_streaming ? " +capture" : "")
       << (s.session_open ? " +session" : "") << (s.paused ? " +paused" : "") << (s.draining ? " +draining" : "")
       << (s.last_wanted ? " +last_wanted" : "") << (s.drain_sent ? " +drain_sent" : "")
       << (s.drain_again ? " +drain_again" : "");
}

namespace softvpu::encoder_rows {

using Edit = std::function<void(svpu_encoder_state&)>;

inline svpu_encoder_transition step(const svpu_encoder_state& state, svpu_encoder_trigger what) {
  svpu_encoder_transition result;
  svpu_encoder_step(&state, what, &result);
  return result;
}

// States that rows start from.
inline svpu_encoder_state opened() { return {}; }
inline svpu_encoder_state with(svpu_encoder_state s, const Edit& edit) {
  edit(s);
  return s;
}
inline svpu_encoder_state encoding() {
  return {.phase = SVPU_ENCODER_ENCODING, .output_streaming = true, .capture_streaming = true, .session_open = true};
}
inline svpu_encoder_state draining() {
  return with(encoding(), [](auto& s) { s.draining = s.drain_sent = true; });
}
// The session drained, and no CAPTURE buffer was there to carry LAST.
inline svpu_encoder_state owing_last() {
  return with(encoding(), [](auto& s) {
    s.phase = SVPU_ENCODER_STOPPED;
    s.paused = s.draining = s.last_wanted = true;
  });
}
inline svpu_encoder_state stopped() {
  return with(encoding(), [](auto& s) {
    s.phase = SVPU_ENCODER_STOPPED;
    s.paused = true;
  });
}
inline svpu_encoder_state failed() { return {.phase = SVPU_ENCODER_FAILED, .output_streaming = true, .capture_streaming = true}; }

struct Row {
  const char* clause;
  svpu_encoder_state from;
  svpu_encoder_trigger what;
  Edit change;  // of `from`
  std::vector<svpu_encoder_action> actions;
  svpu_verdict verdict = SVPU_ACCEPTED;
};

inline const Edit kNothing = [](svpu_encoder_state&) {};

// The table's sections, each in the order of the specification: encoder_rows_test.cc.
std::vector<Row> start_rows();
std::vector<Row> drain_rows();
std::vector<Row> restart_rows();
std::vector<Row> aborted_drain_rows();
std::vector<Row> reset_rows();
std::vector<Row> failure_rows();

}  // namespace softvpu::encoder_rows
