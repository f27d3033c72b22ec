// SPDX-License-Identifier: LGPL-2.1-or-later
// The rows of the encoder's table, section by section. E: dev-encoder.rst.
#include "core/testing/encoder_rows.h"

namespace softvpu::encoder_rows {

std::vector<Row> start_rows() {
  return {
      {"E: Initialization, step 8: one queue alone starts nothing",
       opened(),
       SVPU_ENCODER_ON_OUTPUT_STREAMON,
       [](auto& s) { s.output_streaming = true; },
       {}},
      {"E: Initialization, step 8: CAPTURE first",
       opened(),
       SVPU_ENCODER_ON_CAPTURE_STREAMON,
       [](auto& s) { s.capture_streaming = true; },
       {}},
      {"E: Initialization, step 8: encoding starts when both stream",
       with(opened(), [](auto& s) { s.output_streaming = true; }),
       SVPU_ENCODER_ON_CAPTURE_STREAMON,
       [](auto& s) { s = encoding(); },
       {SVPU_ENCODER_DO_CLEAR_EPIPE, SVPU_ENCODER_DO_START_SESSION}},
      {"E: Initialization, step 8: in any order",
       with(opened(), [](auto& s) { s.capture_streaming = true; }),
       SVPU_ENCODER_ON_OUTPUT_STREAMON,
       [](auto& s) { s = encoding(); },
       {SVPU_ENCODER_DO_CLEAR_EPIPE, SVPU_ENCODER_DO_START_SESSION}},
      {"a LAST of a stream that is over is no longer owed",
       with(opened(), [](auto& s) { s.capture_streaming = s.last_wanted = true; }),
       SVPU_ENCODER_ON_OUTPUT_STREAMON,
       [](auto& s) { s = encoding(); },
       {SVPU_ENCODER_DO_CANCEL_LAST, SVPU_ENCODER_DO_CLEAR_EPIPE, SVPU_ENCODER_DO_START_SESSION}},
      {"vidioc-streamon.rst: it fails, and the file is as before",
       encoding(),
       SVPU_ENCODER_ON_SESSION_REFUSED,
       [](auto& s) {
         s.phase = SVPU_ENCODER_INITIALIZATION;
         s.session_open = false;
       },
       {SVPU_ENCODER_DO_CLOSE_SESSION}},
      {"E: State machine, Reset -> Initialization",
       with(encoding(), [](auto& s) { s.output_streaming = s.capture_streaming = false; }),
       SVPU_ENCODER_ON_OUTPUT_FREED,
       [](auto& s) {
         s.phase = SVPU_ENCODER_INITIALIZATION;
         s.session_open = false;
       },
       {SVPU_ENCODER_DO_CLOSE_SESSION}},
      {"… with a LAST that somebody still waits for",
       with(owing_last(), [](auto& s) { s.output_streaming = false; }),
       SVPU_ENCODER_ON_OUTPUT_FREED,
       [](auto& s) {
         s.phase = SVPU_ENCODER_INITIALIZATION;
         s.session_open = s.paused = s.draining = false;
       },
       {SVPU_ENCODER_DO_CLOSE_SESSION, SVPU_ENCODER_DO_DELIVER_LAST}},
  };
}

std::vector<Row> drain_rows() {
  return {
      {"E: Drain, step 1",
       encoding(),
       SVPU_ENCODER_ON_STOP,
       [](auto& s) { s.draining = s.drain_sent = true; },
       {SVPU_ENCODER_DO_DRAIN}},
      {"E: Drain, step 1, warning: OUTPUT doesn't stream: no drain, no error",
       with(encoding(), [](auto& s) { s.output_streaming = false; }),
       SVPU_ENCODER_ON_STOP,
       kNothing,
       {}},
      {"E: Drain, step 1, warning: nor CAPTURE",
       with(encoding(), [](auto& s) { s.capture_streaming = false; }),
       SVPU_ENCODER_ON_STOP,
       kNothing,
       {}},
      {"E: Drain, step 1, warning: nor anything", opened(), SVPU_ENCODER_ON_STOP, kNothing, {}},
      {"E: Drain, step 2: the last frame is encoded: LAST",
       draining(),
       SVPU_ENCODER_ON_DRAINED,
       [](auto& s) {
         s.phase = SVPU_ENCODER_STOPPED;
         s.paused = s.last_wanted = true;
         s.drain_sent = false;
       },
       {SVPU_ENCODER_DO_DELIVER_LAST}},
      {"E: Drain, step 2, note: the event when all frames are ready; behind the buffer, for FFmpeg",
       owing_last(),
       SVPU_ENCODER_ON_LAST_COMPLETED,
       [](auto& s) { s.draining = s.last_wanted = false; },
       {SVPU_ENCODER_DO_EVENT_EOS}},
      {"E: Drain, note: STOP again", draining(), SVPU_ENCODER_ON_STOP, kNothing, {}, SVPU_REFUSED_BUSY},
      {"E: Drain, note: START in a drain", draining(), SVPU_ENCODER_ON_START, kNothing, {}, SVPU_REFUSED_BUSY},
      {"E: Drain, note: a drain lasts until its LAST", owing_last(), SVPU_ENCODER_ON_START, kNothing, {}, SVPU_REFUSED_BUSY},
      {"v4l2_update_last_buf_state(): when already stopped, does nothing", stopped(), SVPU_ENCODER_ON_STOP, kNothing, {}},
  };
}

std::vector<Row> restart_rows() {
  const auto going = [](auto& s) {
    s.phase = SVPU_ENCODER_ENCODING;
    s.paused = s.draining = s.last_wanted = false;
  };
  return {
      {"E: Drain, step 3, first item: START, with all the state from before",
       stopped(),
       SVPU_ENCODER_ON_START,
       going,
       {SVPU_ENCODER_DO_CLEAR_EPIPE, SVPU_ENCODER_DO_RESUME}},
      {"START without a drain does nothing", encoding(), SVPU_ENCODER_ON_START, kNothing, {}},
      {"START while a queue doesn't stream: its restart will do",
       with(stopped(), [](auto& s) { s.capture_streaming = false; }),
       SVPU_ENCODER_ON_START,
       kNothing,
       {}},
      {"E: Drain, step 3, second item: STREAMOFF(CAPTURE) resets",
       stopped(),
       SVPU_ENCODER_ON_CAPTURE_STREAMOFF,
       [](auto& s) { s.capture_streaming = false; },
       {SVPU_ENCODER_DO_FLUSH_OUTPUT}},
      {"E: Drain, step 3, second item: STREAMON(CAPTURE) resumes",
       with(stopped(), [](auto& s) { s.capture_streaming = false; }),
       SVPU_ENCODER_ON_CAPTURE_STREAMON,
       [&](auto& s) {
         s.capture_streaming = true;
         going(s);
       },
       {SVPU_ENCODER_DO_CLEAR_EPIPE, SVPU_ENCODER_DO_RESUME}},
      {"E: Drain, step 3, third item: STREAMOFF(OUTPUT) discards what is queued",
       stopped(),
       SVPU_ENCODER_ON_OUTPUT_STREAMOFF,
       [](auto& s) { s.output_streaming = false; },
       {SVPU_ENCODER_DO_FLUSH_INPUT}},
      {"E: Drain, step 3, third item: STREAMON(OUTPUT) resumes",
       with(stopped(), [](auto& s) { s.output_streaming = false; }),
       SVPU_ENCODER_ON_OUTPUT_STREAMON,
       [&](auto& s) {
         s.output_streaming = true;
         going(s);
       },
       {SVPU_ENCODER_DO_CLEAR_EPIPE, SVPU_ENCODER_DO_RESUME}},
      {"… both were off: it resumes when both stream again",
       with(stopped(), [](auto& s) { s.output_streaming = s.capture_streaming = false; }),
       SVPU_ENCODER_ON_OUTPUT_STREAMON,
       [](auto& s) { s.output_streaming = true; },
       {}},
      {"… and a LAST that is owed isn't wanted any more",
       with(owing_last(), [](auto& s) { s.output_streaming = false; }),
       SVPU_ENCODER_ON_OUTPUT_STREAMON,
       [&](auto& s) {
         s.output_streaming = true;
         going(s);
       },
       {SVPU_ENCODER_DO_CANCEL_LAST, SVPU_ENCODER_DO_CLEAR_EPIPE, SVPU_ENCODER_DO_RESUME}},
      {"E: State machine, Stopped -> Encoding: without a drain there is nothing to resume",
       with(encoding(), [](auto& s) { s.output_streaming = false; }),
       SVPU_ENCODER_ON_OUTPUT_STREAMON,
       [](auto& s) { s.output_streaming = true; },
       {}},
  };
}

std::vector<Row> aborted_drain_rows() {
  const auto again = [](auto& s) { s.draining = s.drain_sent = s.drain_again = true; };
  return {
      {"E: Drain, note, third case: STREAMOFF(CAPTURE) cancels it; the session still owes its answer",
       draining(),
       SVPU_ENCODER_ON_CAPTURE_STREAMOFF,
       [](auto& s) { s.capture_streaming = s.draining = false; },
       {SVPU_ENCODER_DO_FLUSH_OUTPUT}},
      {"… which means nothing any more: encoding goes on",
       with(draining(), [](auto& s) { s.draining = false; }),
       SVPU_ENCODER_ON_DRAINED,
       [](auto& s) { s.drain_sent = false; },
       {SVPU_ENCODER_DO_RESUME}},
      {"… a STOP before that answer waits for it",
       with(draining(), [](auto& s) { s.draining = false; }),
       SVPU_ENCODER_ON_STOP,
       again,
       {}},
      {"… and drains then",
       with(encoding(), again),
       SVPU_ENCODER_ON_DRAINED,
       [](auto& s) { s.drain_again = false; },
       {SVPU_ENCODER_DO_RESUME, SVPU_ENCODER_DO_DRAIN}},
      {"E: Drain, note, third case, with LAST owed",
       owing_last(),
       SVPU_ENCODER_ON_CAPTURE_STREAMOFF,
       [](auto& s) { s.capture_streaming = s.draining = s.last_wanted = false; },
       {SVPU_ENCODER_DO_FLUSH_OUTPUT}},
      {"E: Drain, note, fourth case: STREAMOFF(OUTPUT) completes it immediately",
       draining(),
       SVPU_ENCODER_ON_OUTPUT_STREAMOFF,
       [](auto& s) {
         s.phase = SVPU_ENCODER_STOPPED;
         s.output_streaming = s.drain_sent = false;
         s.last_wanted = true;
       },
       {SVPU_ENCODER_DO_FLUSH_INPUT, SVPU_ENCODER_DO_DELIVER_LAST}},
      {"… the session's answer may have crossed it: what restarts it will resume",
       with(owing_last(), [](auto& s) { s.output_streaming = s.paused = false; }),
       SVPU_ENCODER_ON_STALE_DRAINED,
       [](auto& s) { s.paused = true; },
       {}},
      {"… or it was restarted meanwhile", encoding(), SVPU_ENCODER_ON_STALE_DRAINED, kNothing, {SVPU_ENCODER_DO_RESUME}},
      {"E: Drain, note, fourth case: it is complete already",
       owing_last(),
       SVPU_ENCODER_ON_OUTPUT_STREAMOFF,
       [](auto& s) { s.output_streaming = false; },
       {SVPU_ENCODER_DO_FLUSH_INPUT}},
  };
}

std::vector<Row> reset_rows() {
  return {
      {"E: State machine, Encoding -> Reset",
       encoding(),
       SVPU_ENCODER_ON_CAPTURE_STREAMOFF,
       [](auto& s) { s.capture_streaming = false; },
       {SVPU_ENCODER_DO_FLUSH_OUTPUT}},
      {"E: State machine, Reset -> Encoding",
       with(encoding(), [](auto& s) { s.capture_streaming = false; }),
       SVPU_ENCODER_ON_CAPTURE_STREAMON,
       [](auto& s) { s.capture_streaming = true; },
       {}},
      {"E: State machine, Encoding -> Stopped: the encoder keeps its state",
       encoding(),
       SVPU_ENCODER_ON_OUTPUT_STREAMOFF,
       [](auto& s) { s.output_streaming = false; },
       {SVPU_ENCODER_DO_FLUSH_INPUT}},
      {"without a session there is nothing to flush",
       with(opened(), [](auto& s) { s.capture_streaming = true; }),
       SVPU_ENCODER_ON_CAPTURE_STREAMOFF,
       [](auto& s) { s.capture_streaming = false; },
       {}},
  };
}

std::vector<Row> failure_rows() {
  const auto dead = [](auto& s) {
    s.phase = SVPU_ENCODER_FAILED;
    s.session_open = s.paused = s.draining = s.last_wanted = s.drain_sent = s.drain_again = false;
  };
  return {
      {"E: Encoding, last paragraph: a fatal failure",
       draining(),
       SVPU_ENCODER_ON_SESSION_FAILED,
       dead,
       {SVPU_ENCODER_DO_CLOSE_SESSION, SVPU_ENCODER_DO_FAIL_QUEUES}},
      {"… with LAST owed: EIO takes its place",
       owing_last(),
       SVPU_ENCODER_ON_SESSION_FAILED,
       dead,
       {SVPU_ENCODER_DO_CLOSE_SESSION, SVPU_ENCODER_DO_FAIL_QUEUES}},
      {"… while nothing streams: the next STREAMON starts afresh",
       with(encoding(), [](auto& s) { s.output_streaming = s.capture_streaming = false; }),
       SVPU_ENCODER_ON_SESSION_FAILED,
       [](auto& s) {
         s.phase = SVPU_ENCODER_INITIALIZATION;
         s.session_open = false;
       },
       {SVPU_ENCODER_DO_CLOSE_SESSION, SVPU_ENCODER_DO_FAIL_QUEUES}},
      {"E: Encoding, last paragraph: EIO for STOP", failed(), SVPU_ENCODER_ON_STOP, kNothing, {}, SVPU_REFUSED_FAILED},
      {"E: Encoding, last paragraph: EIO for START", failed(), SVPU_ENCODER_ON_START, kNothing, {}, SVPU_REFUSED_FAILED},
      {"E: Encoding, last paragraph: one queue stopped isn't enough",
       failed(),
       SVPU_ENCODER_ON_OUTPUT_STREAMOFF,
       [](auto& s) { s.output_streaming = false; },
       {}},
      {"… STREAMON(OUTPUT): EIO",
       with(failed(), [](auto& s) { s.output_streaming = false; }),
       SVPU_ENCODER_ON_OUTPUT_STREAMON,
       kNothing,
       {},
       SVPU_REFUSED_FAILED},
      {"… STREAMON(CAPTURE): EIO",
       with(failed(), [](auto& s) { s.capture_streaming = false; }),
       SVPU_ENCODER_ON_CAPTURE_STREAMON,
       kNothing,
       {},
       SVPU_REFUSED_FAILED},
      {"… nor are freed buffers",
       with(failed(), [](auto& s) { s.output_streaming = false; }),
       SVPU_ENCODER_ON_OUTPUT_FREED,
       kNothing,
       {}},
      {"E: Encoding, last paragraph: both are, CAPTURE last",
       with(failed(), [](auto& s) { s.output_streaming = false; }),
       SVPU_ENCODER_ON_CAPTURE_STREAMOFF,
       [](auto& s) { s = opened(); },
       {}},
      {"E: Encoding, last paragraph: both are, OUTPUT last",
       with(failed(), [](auto& s) { s.capture_streaming = false; }),
       SVPU_ENCODER_ON_OUTPUT_STREAMOFF,
       [](auto& s) { s = opened(); },
       {}},
  };
}

}  // namespace softvpu::encoder_rows
