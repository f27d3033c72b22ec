// SPDX-License-Identifier: LGPL-2.1-or-later
// Rows of the decoder's table: from the first header to the session's failure, without drains. D: dev-decoder.rst.
#include "core/testing/decoder_rows.h"

namespace softvpu {

std::vector<Row> initialization_rows() {
  return {
      {"D: Initialization, step 3: OUTPUT streams, the session starts",
       opened(),
       {SVPU_ON_OUTPUT_STREAMON},
       [](auto& s) { s.output_streaming = s.session_open = true; },
       {SVPU_DO_CLEAR_EPIPE, SVPU_DO_START_SESSION}},
      {"D: Initialization, step 4: the header is parsed, CAPTURE isn't set up",
       waiting_for_header(),
       {SVPU_ON_FORMAT_CHANGED},
       [](auto& s) {
         s.phase = SVPU_PHASE_CAPTURE_SETUP;
         s.header_known = s.paused = true;
       },
       {SVPU_DO_APPLY_FORMAT, SVPU_DO_EVENT_SOURCE_CHANGE}},
      {"D: Initialization, note after step 4: CAPTURE was set up early and suits: go on, "
       "nothing is announced",
       with(waiting_for_header(), [](auto& s) { s.capture_streaming = true; }),
       {.what = SVPU_ON_FORMAT_CHANGED, .fits = true},
       [](auto& s) {
         s.phase = SVPU_PHASE_DECODING;
         s.header_known = true;
       },
       {SVPU_DO_APPLY_FORMAT, SVPU_DO_RESUME}},
      {"D: Initialization, note after step 4: it doesn't suit: a Dynamic Resolution Change",
       with(waiting_for_header(), [](auto& s) { s.capture_streaming = true; }),
       {.what = SVPU_ON_FORMAT_CHANGED},
       [](auto& s) {
         s.phase = SVPU_PHASE_CAPTURE_SETUP;
         s.header_known = s.paused = s.last_wanted = true;
       },
       {SVPU_DO_APPLY_FORMAT, SVPU_DO_EVENT_SOURCE_CHANGE, SVPU_DO_DELIVER_LAST}},
      {"D: Initialization: CAPTURE may stream before the header",
       waiting_for_header(),
       {.what = SVPU_ON_CAPTURE_STREAMON, .fits = true},
       [](auto& s) { s.capture_streaming = true; },
       {}},
      {"D: State machine: STREAMOFF(OUTPUT) before the header is a seek",
       waiting_for_header(),
       {SVPU_ON_OUTPUT_STREAMOFF},
       [](auto& s) { s.output_streaming = false; },
       {SVPU_DO_FLUSH_INPUT}},
  };
}

std::vector<Row> capture_setup_rows() {
  return {
      {"D: Capture Setup, step 11: CAPTURE streams, decoding starts",
       capture_setup(),
       {.what = SVPU_ON_CAPTURE_STREAMON, .fits = true},
       [](auto& s) {
         s.phase = SVPU_PHASE_DECODING;
         s.capture_streaming = true;
         s.paused = false;
       },
       {SVPU_DO_CLEAR_EPIPE, SVPU_DO_RESUME}},
      {"D: Capture Setup, steps 6 and 7: old buffers don't fit: LAST announces it",
       capture_setup(),
       {SVPU_ON_CAPTURE_STREAMON},
       [](auto& s) { s.capture_streaming = s.last_wanted = true; },
       {SVPU_DO_DELIVER_LAST}},
      {"D: Capture Setup, step 6: START instead of a restart of CAPTURE",
       changing(),
       {.what = SVPU_ON_START, .fits = true},
       [](auto& s) {
         s.phase = SVPU_PHASE_DECODING;
         s.paused = false;
       },
       {SVPU_DO_CLEAR_EPIPE, SVPU_DO_RESUME}},
      {"D: Capture Setup, step 6: \"instantly\", LAST isn't waited for",
       with(changing(), [](auto& s) { s.last_wanted = true; }),
       {.what = SVPU_ON_START, .fits = true},
       [](auto& s) {
         s.phase = SVPU_PHASE_DECODING;
         s.paused = s.last_wanted = false;
       },
       {SVPU_DO_CANCEL_LAST, SVPU_DO_CLEAR_EPIPE, SVPU_DO_RESUME}},
      {"D: Capture Setup, step 6: START with buffers that are all too small",
       changing(),
       {SVPU_ON_START},
       kNothing,
       {},
       SVPU_REFUSED_UNFIT},
      {"D: Capture Setup, step 8: STREAMOFF(CAPTURE)",
       changing(),
       {SVPU_ON_CAPTURE_STREAMOFF},
       [](auto& s) { s.capture_streaming = false; },
       {SVPU_DO_FLUSH_OUTPUT}},
      {"D: Capture Setup, step 8: a LAST that is still owed goes with the queue",
       with(changing(), [](auto& s) { s.last_wanted = true; }),
       {SVPU_ON_CAPTURE_STREAMOFF},
       [](auto& s) { s.capture_streaming = s.last_wanted = false; },
       {SVPU_DO_FLUSH_OUTPUT}},
  };
}

std::vector<Row> seek_rows() {
  return {
      {"D: Seek, step 1",
       decoding(),
       {SVPU_ON_OUTPUT_STREAMOFF},
       [](auto& s) { s.output_streaming = false; },
       {SVPU_DO_FLUSH_INPUT}},
      {"D: Seek, step 2",
       with(decoding(), [](auto& s) { s.output_streaming = false; }),
       {SVPU_ON_OUTPUT_STREAMON},
       [](auto& s) { s.output_streaming = true; },
       {}},
      {"D: State machine: Seek -> Initialization by REQBUFS(OUTPUT, 0)",
       with(decoding(), [](auto& s) { s.output_streaming = false; }),
       {SVPU_ON_OUTPUT_FREED},
       [](auto& s) {
         s.phase = SVPU_PHASE_INITIALIZATION;
         s.session_open = s.header_known = false;
       },
       {SVPU_DO_CLOSE_SESSION}},
      {"D: Dynamic Resolution Change, note: STREAMOFF(OUTPUT) starts a seek; CAPTURE still has to "
       "follow the change",
       changing(),
       {SVPU_ON_OUTPUT_STREAMOFF},
       [](auto& s) { s.output_streaming = false; },
       {SVPU_DO_FLUSH_INPUT}},
      {"D: Seek, step 2, in Capture Setup: nothing is resumed before CAPTURE is ready",
       with(capture_setup(), [](auto& s) { s.output_streaming = false; }),
       {SVPU_ON_OUTPUT_STREAMON},
       [](auto& s) { s.output_streaming = true; },
       {}},
  };
}

std::vector<Row> resolution_change_rows() {
  return {
      {"D: Dynamic Resolution Change, steps 1 and 2",
       decoding(),
       {SVPU_ON_FORMAT_CHANGED},
       [](auto& s) {
         s.phase = SVPU_PHASE_CAPTURE_SETUP;
         s.paused = s.last_wanted = true;
       },
       {SVPU_DO_APPLY_FORMAT, SVPU_DO_EVENT_SOURCE_CHANGE, SVPU_DO_DELIVER_LAST}},
      {"D: Dynamic Resolution Change, step 1: even when the buffers suit, the client must resume",
       decoding(),
       {.what = SVPU_ON_FORMAT_CHANGED, .fits = true},
       [](auto& s) {
         s.phase = SVPU_PHASE_CAPTURE_SETUP;
         s.paused = s.last_wanted = true;
       },
       {SVPU_DO_APPLY_FORMAT, SVPU_DO_EVENT_SOURCE_CHANGE, SVPU_DO_DELIVER_LAST}},
      {"quirk (ffmpeg, GStreamer): frames of the old geometry are dequeued before the client is "
       "told",
       decoding(),
       {.what = SVPU_ON_FORMAT_CHANGED, .frames_waiting = true},
       [](auto& s) { s.paused = s.change_held = true; },
       {}},
      {"quirk, continued: now it is announced",
       with(decoding(), [](auto& s) { s.paused = s.change_held = true; }),
       {SVPU_ON_CAPTURE_DONE_EMPTY},
       [](auto& s) {
         s.phase = SVPU_PHASE_CAPTURE_SETUP;
         s.change_held = false;
         s.last_wanted = true;
       },
       {SVPU_DO_APPLY_FORMAT, SVPU_DO_EVENT_SOURCE_CHANGE, SVPU_DO_DELIVER_LAST}},
      {"quirk, continued: or CAPTURE is stopped, which drops those frames",
       with(decoding(), [](auto& s) { s.paused = s.change_held = true; }),
       {SVPU_ON_CAPTURE_STREAMOFF},
       [](auto& s) {
         s.phase = SVPU_PHASE_CAPTURE_SETUP;
         s.change_held = s.capture_streaming = false;
       },
       {SVPU_DO_FLUSH_OUTPUT, SVPU_DO_APPLY_FORMAT, SVPU_DO_EVENT_SOURCE_CHANGE}},
      {"D: Dynamic Resolution Change while CAPTURE is stopped",
       with(decoding(), [](auto& s) { s.capture_streaming = false; }),
       {SVPU_ON_FORMAT_CHANGED},
       [](auto& s) {
         s.phase = SVPU_PHASE_CAPTURE_SETUP;
         s.paused = true;
       },
       {SVPU_DO_APPLY_FORMAT, SVPU_DO_EVENT_SOURCE_CHANGE}},
      {"an empty CAPTURE queue means nothing without a held change", decoding(), {SVPU_ON_CAPTURE_DONE_EMPTY}, kNothing, {}},
  };
}

std::vector<Row> failure_rows() {
  return {
      {"D: Decoding, last paragraph: fatal failure",
       draining(),
       {SVPU_ON_SESSION_FAILED},
       [](auto& s) {
         s.phase = SVPU_PHASE_FAILED;
         s.session_open = s.header_known = s.draining = s.drain_sent = false;
       },
       {SVPU_DO_CLOSE_SESSION, SVPU_DO_FAIL_QUEUES}},
      {"D: Decoding, last paragraph: EIO for STOP",
       with(decoding(), [](auto& s) { s.phase = SVPU_PHASE_FAILED; }),
       {SVPU_ON_STOP},
       kNothing,
       {},
       SVPU_REFUSED_FAILED},
      {"D: Decoding, last paragraph: EIO for START",
       with(decoding(), [](auto& s) { s.phase = SVPU_PHASE_FAILED; }),
       {.what = SVPU_ON_START, .fits = true},
       kNothing,
       {},
       SVPU_REFUSED_FAILED},
      {"D: Decoding, last paragraph: EIO for STREAMON(CAPTURE)",
       with(opened(),
            [](auto& s) {
              s.phase = SVPU_PHASE_FAILED;
              s.output_streaming = true;
            }),
       {.what = SVPU_ON_CAPTURE_STREAMON, .fits = true},
       kNothing,
       {},
       SVPU_REFUSED_FAILED},
      {"D: Decoding, last paragraph: reinitialize by STREAMOFF …",
       with(opened(),
            [](auto& s) {
              s.phase = SVPU_PHASE_FAILED;
              s.output_streaming = s.capture_streaming = true;
            }),
       {SVPU_ON_OUTPUT_STREAMOFF},
       [](auto& s) {
         s.phase = SVPU_PHASE_INITIALIZATION;
         s.output_streaming = false;
       },
       {}},
      {"… and STREAMON: a fresh session",
       with(opened(), [](auto& s) { s.capture_streaming = true; }),
       {SVPU_ON_OUTPUT_STREAMON},
       [](auto& s) { s.output_streaming = s.session_open = true; },
       {SVPU_DO_CLEAR_EPIPE, SVPU_DO_START_SESSION}},
      {"a failure between STREAMOFF and STREAMON(OUTPUT): a fresh session is due anyway",
       with(decoding(), [](auto& s) { s.output_streaming = false; }),
       {SVPU_ON_SESSION_FAILED},
       [](auto& s) {
         s.phase = SVPU_PHASE_INITIALIZATION;
         s.session_open = s.header_known = false;
       },
       {SVPU_DO_CLOSE_SESSION, SVPU_DO_FAIL_QUEUES}},
  };
}

}  // namespace softvpu
