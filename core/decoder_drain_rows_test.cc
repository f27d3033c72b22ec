// SPDX-License-Identifier: LGPL-2.1-or-later
// Rows of the decoder's table: drains, their ends, and what may cross them. D: dev-decoder.rst.
#include "core/testing/decoder_rows.h"

namespace softvpu {

std::vector<Row> drain_rows() {
  return {
      {"D: Drain, step 1", decoding(), {SVPU_ON_STOP}, [](auto& s) { s.draining = s.drain_sent = true; }, {SVPU_DO_DRAIN}},
      {"D: Drain, step 1, before any header: with nothing to decode",
       with(waiting_for_header(), [](auto& s) { s.capture_streaming = true; }),
       {SVPU_ON_STOP},
       [](auto& s) { s.draining = s.drain_sent = true; },
       {SVPU_DO_DRAIN}},
      {"D: Drain, step 1, warning: stopped already, and CAPTURE doesn't stream",
       with(stopped(), [](auto& s) { s.capture_streaming = false; }),
       {SVPU_ON_STOP},
       kNothing,
       {}},
      {"D: Drain, step 1, warning: OUTPUT doesn't stream: no drain, no error",
       with(decoding(), [](auto& s) { s.output_streaming = false; }),
       {SVPU_ON_STOP},
       kNothing,
       {}},
      {"D: Drain, step 2: the last frame is decoded: EOS event, LAST",
       draining(),
       {SVPU_ON_DRAINED},
       [](auto& s) {
         s.phase = SVPU_PHASE_STOPPED;
         s.paused = s.last_wanted = true;
         s.drain_sent = false;
       },
       {SVPU_DO_EVENT_EOS, SVPU_DO_DELIVER_LAST}},
      {"D: Drain, step 3: LAST is out: stopped",
       with(stopped(), [](auto& s) { s.draining = s.last_wanted = true; }),
       {SVPU_ON_LAST_COMPLETED},
       [](auto& s) { s.draining = s.last_wanted = false; },
       {}},
      {"D: Drain, last note: STOP again", draining(), {SVPU_ON_STOP}, kNothing, {}, SVPU_REFUSED_BUSY},
      {"D: Drain, last note: START in a drain",
       draining(),
       {.what = SVPU_ON_START, .fits = true},
       kNothing,
       {},
       SVPU_REFUSED_BUSY},
      {"D: Drain, last note: a drain lasts until its LAST",
       with(stopped(), [](auto& s) { s.draining = s.last_wanted = true; }),
       {.what = SVPU_ON_START, .fits = true},
       kNothing,
       {},
       SVPU_REFUSED_BUSY},
      {"vidioc-decoder-cmd.rst, STOP: when already stopped, does nothing", stopped(), {SVPU_ON_STOP}, kNothing, {}},
      {"D: Drain, step 3, first item: START",
       stopped(),
       {.what = SVPU_ON_START, .fits = true},
       [](auto& s) {
         s.phase = SVPU_PHASE_DECODING;
         s.paused = false;
       },
       {SVPU_DO_CLEAR_EPIPE, SVPU_DO_RESUME}},
      {"D: Drain, step 3, second item: STREAMOFF(CAPTURE) …",
       stopped(),
       {SVPU_ON_CAPTURE_STREAMOFF},
       [](auto& s) { s.capture_streaming = false; },
       {SVPU_DO_FLUSH_OUTPUT}},
      {"D: Drain, step 3, second item: … and STREAMON(CAPTURE)",
       with(stopped(), [](auto& s) { s.capture_streaming = false; }),
       {.what = SVPU_ON_CAPTURE_STREAMON, .fits = true},
       [](auto& s) {
         s.phase = SVPU_PHASE_DECODING;
         s.capture_streaming = true;
         s.paused = false;
       },
       {SVPU_DO_CLEAR_EPIPE, SVPU_DO_RESUME}},
      {"D: Drain, step 3, third item: STREAMOFF(OUTPUT) …",
       stopped(),
       {SVPU_ON_OUTPUT_STREAMOFF},
       [](auto& s) { s.output_streaming = false; },
       {SVPU_DO_FLUSH_INPUT}},
      {"D: Drain, step 3, third item: … and STREAMON(OUTPUT)",
       with(stopped(), [](auto& s) { s.output_streaming = false; }),
       {SVPU_ON_OUTPUT_STREAMON},
       [](auto& s) {
         s.phase = SVPU_PHASE_DECODING;
         s.output_streaming = true;
         s.paused = false;
       },
       {SVPU_DO_CLEAR_EPIPE, SVPU_DO_RESUME}},
      {"D: Drain, step 3, without a header: back to Initialization",
       with(stopped(), [](auto& s) { s.header_known = false; }),
       {.what = SVPU_ON_START, .fits = true},
       [](auto& s) {
         s.phase = SVPU_PHASE_INITIALIZATION;
         s.paused = false;
       },
       {SVPU_DO_CLEAR_EPIPE, SVPU_DO_RESUME}},
      {"v4l2_m2m_decoder_cmd(): START while decoding does nothing",
       decoding(),
       {.what = SVPU_ON_START, .fits = true},
       kNothing,
       {}},
      {"D: Drain, step 1, warning, for START", opened(), {SVPU_ON_START}, kNothing, {}},
  };
}

// docs/adr/0010.
std::vector<Row> early_stop_rows() {
  const auto remembered = [](svpu_decoder_state s) { return with(s, [](auto& t) { t.stop_remembered = t.drain_sent = true; }); };
  return {
      {"D: Drain, step 1, warning: CAPTURE doesn't stream: no error, no drain yet; all data is here",
       capture_setup(),
       {SVPU_ON_STOP},
       [](auto& s) { s.stop_remembered = s.drain_sent = true; },
       {SVPU_DO_DRAIN}},
      {"… nor before the header",
       waiting_for_header(),
       {SVPU_ON_STOP},
       [](auto& s) { s.stop_remembered = s.drain_sent = true; },
       {SVPU_DO_DRAIN}},
      {"… and again", remembered(capture_setup()), {SVPU_ON_STOP}, kNothing, {}},
      {"… CAPTURE starts: the drain begins; it was sent already",
       remembered(capture_setup()),
       {.what = SVPU_ON_CAPTURE_STREAMON, .fits = true},
       [](auto& s) {
         s.phase = SVPU_PHASE_DECODING;
         s.capture_streaming = s.draining = true;
         s.paused = s.stop_remembered = false;
       },
       {SVPU_DO_CLEAR_EPIPE, SVPU_DO_RESUME}},
      {"… in buffers that don't suit: the change's LAST first",
       remembered(capture_setup()),
       {SVPU_ON_CAPTURE_STREAMON},
       [](auto& s) {
         s.capture_streaming = s.draining = s.last_wanted = true;
         s.stop_remembered = false;
       },
       {SVPU_DO_DELIVER_LAST}},
      {"… the session has answered before, without a header: once more",
       with(waiting_for_header(), [](auto& s) { s.stop_remembered = true; }),
       {.what = SVPU_ON_CAPTURE_STREAMON, .fits = true},
       [](auto& s) {
         s.capture_streaming = s.draining = s.drain_sent = true;
         s.stop_remembered = false;
       },
       {SVPU_DO_DRAIN}},
      {"… that answer",
       remembered(waiting_for_header()),
       {SVPU_ON_DRAINED},
       [](auto& s) { s.drain_sent = false; },
       {SVPU_DO_RESUME}},
      {"… more is queued first: it wasn't the end",
       remembered(capture_setup()),
       {SVPU_ON_INPUT_QUEUED},
       [](auto& s) { s.stop_remembered = false; },
       {}},
      {"… the answer then is nothing to the client",
       with(decoding(), [](auto& s) { s.drain_sent = true; }),
       {SVPU_ON_DRAINED},
       [](auto& s) { s.drain_sent = false; },
       {SVPU_DO_RESUME}},
      {"… STOP for what was queued since",
       with(capture_setup(), [](auto& s) { s.drain_sent = true; }),
       {SVPU_ON_STOP},
       [](auto& s) { s.stop_remembered = s.drain_again = true; },
       {}},
      {"… and still more",
       with(remembered(capture_setup()), [](auto& s) { s.drain_again = true; }),
       {SVPU_ON_INPUT_QUEUED},
       [](auto& s) { s.stop_remembered = s.drain_again = false; },
       {}},
      {"… CAPTURE starts: the first answer isn't the end",
       with(remembered(capture_setup()), [](auto& s) { s.drain_again = true; }),
       {.what = SVPU_ON_CAPTURE_STREAMON, .fits = true},
       [](auto& s) {
         s.phase = SVPU_PHASE_DECODING;
         s.capture_streaming = s.draining = true;
         s.paused = s.stop_remembered = false;
       },
       {SVPU_DO_CLEAR_EPIPE, SVPU_DO_RESUME}},
      {"… START takes it back",
       remembered(capture_setup()),
       {.what = SVPU_ON_START, .fits = true},
       [](auto& s) { s.stop_remembered = false; },
       {}},
      {"… so does STREAMOFF(OUTPUT)",
       remembered(capture_setup()),
       {SVPU_ON_OUTPUT_STREAMOFF},
       [](auto& s) { s.output_streaming = s.stop_remembered = s.drain_sent = false; },
       {SVPU_DO_FLUSH_INPUT}},
      {"queueing is nothing to a drain", draining(), {SVPU_ON_INPUT_QUEUED}, kNothing, {}},
  };
}

std::vector<Row> aborted_drain_rows() {
  return {
      {"D: Drain, note: STREAMOFF(CAPTURE) aborts",
       draining(),
       {SVPU_ON_CAPTURE_STREAMOFF},
       [](auto& s) { s.capture_streaming = s.draining = false; },
       {SVPU_DO_FLUSH_OUTPUT}},
      {"… the session's late answer: decoding goes on",
       with(decoding(), [](auto& s) { s.drain_sent = true; }),
       {SVPU_ON_DRAINED},
       [](auto& s) { s.drain_sent = false; },
       {SVPU_DO_RESUME}},
      {"… STOP again before that answer: one drain() at a time",
       with(decoding(), [](auto& s) { s.drain_sent = true; }),
       {SVPU_ON_STOP},
       [](auto& s) { s.draining = s.drain_again = true; },
       {}},
      {"… the answer to the aborted one: now the second",
       with(draining(), [](auto& s) { s.drain_again = true; }),
       {SVPU_ON_DRAINED},
       [](auto& s) { s.drain_again = false; },
       {SVPU_DO_RESUME, SVPU_DO_DRAIN}},
      {"D: Drain, note: STREAMOFF(OUTPUT) aborts; v4l2_m2m_update_stop_streaming_state(): LAST at "
       "once",
       draining(),
       {SVPU_ON_OUTPUT_STREAMOFF},
       [](auto& s) {
         s.phase = SVPU_PHASE_STOPPED;
         s.output_streaming = s.drain_sent = false;
         s.last_wanted = true;
       },
       {SVPU_DO_FLUSH_INPUT, SVPU_DO_EVENT_EOS, SVPU_DO_DELIVER_LAST}},
      {"… REQBUFS(OUTPUT, 0) before it could be delivered: the session can't give a buffer back for it any more",
       with(stopped(),
            [](auto& s) {
              s.output_streaming = s.paused = false;
              s.draining = s.last_wanted = true;
            }),
       {SVPU_ON_OUTPUT_FREED},
       [](auto& s) {
         s.phase = SVPU_PHASE_INITIALIZATION;
         s.session_open = s.header_known = s.draining = false;
       },
       {SVPU_DO_CLOSE_SESSION, SVPU_DO_DELIVER_LAST}},
      {"… then STREAMON(OUTPUT) resumes what was never paused",
       with(stopped(), [](auto& s) { s.output_streaming = s.paused = false; }),
       {SVPU_ON_OUTPUT_STREAMON},
       [](auto& s) {
         s.phase = SVPU_PHASE_DECODING;
         s.output_streaming = true;
       },
       {SVPU_DO_CLEAR_EPIPE}},
      {"… a drained() that crossed the flush, before STREAMON",
       with(stopped(), [](auto& s) { s.output_streaming = s.paused = false; }),
       {.what = SVPU_ON_DRAINED, .stale = true},
       [](auto& s) { s.paused = true; },
       {}},
      {"… a drained() that crossed the flush, after STREAMON",
       decoding(),
       {.what = SVPU_ON_DRAINED, .stale = true},
       kNothing,
       {SVPU_DO_RESUME}},
      {"… it isn't taken for the answer to a new drain",
       draining(),
       {.what = SVPU_ON_DRAINED, .stale = true},
       kNothing,
       {SVPU_DO_RESUME}},
      {"… a change of format that crossed the flush: one LAST serves both",
       with(stopped(),
            [](auto& s) {
              s.output_streaming = s.paused = false;
              s.draining = s.last_wanted = true;
            }),
       {SVPU_ON_FORMAT_CHANGED},
       [](auto& s) {
         s.phase = SVPU_PHASE_CAPTURE_SETUP;
         s.paused = true;
         s.draining = false;
       },
       {SVPU_DO_APPLY_FORMAT, SVPU_DO_EVENT_SOURCE_CHANGE, SVPU_DO_DELIVER_LAST}},
  };
}

std::vector<Row> drain_and_change_rows() {
  return {
      {"D: Drain, step 2, first item: a change in the course of a drain",
       draining(),
       {SVPU_ON_FORMAT_CHANGED},
       [](auto& s) {
         s.phase = SVPU_PHASE_CAPTURE_SETUP;
         s.paused = s.last_wanted = true;
       },
       {SVPU_DO_APPLY_FORMAT, SVPU_DO_EVENT_SOURCE_CHANGE, SVPU_DO_DELIVER_LAST}},
      {"… its LAST doesn't end the drain",
       with(draining(),
            [](auto& s) {
              s.phase = SVPU_PHASE_CAPTURE_SETUP;
              s.paused = s.last_wanted = true;
            }),
       {SVPU_ON_LAST_COMPLETED},
       [](auto& s) { s.last_wanted = false; },
       {}},
      {"… STREAMOFF(CAPTURE) for the new buffers doesn't abort it",
       with(draining(),
            [](auto& s) {
              s.phase = SVPU_PHASE_CAPTURE_SETUP;
              s.paused = true;
            }),
       {SVPU_ON_CAPTURE_STREAMOFF},
       [](auto& s) { s.capture_streaming = false; },
       {SVPU_DO_FLUSH_OUTPUT}},
      {"… and it goes on with the new buffers",
       with(draining(),
            [](auto& s) {
              s.phase = SVPU_PHASE_CAPTURE_SETUP;
              s.paused = true;
              s.capture_streaming = false;
            }),
       {.what = SVPU_ON_CAPTURE_STREAMON, .fits = true},
       [](auto& s) {
         s.phase = SVPU_PHASE_DECODING;
         s.paused = false;
         s.capture_streaming = true;
       },
       {SVPU_DO_CLEAR_EPIPE, SVPU_DO_RESUME}},
      {"… START is the answer to the change, not EBUSY",
       with(draining(),
            [](auto& s) {
              s.phase = SVPU_PHASE_CAPTURE_SETUP;
              s.paused = true;
            }),
       {.what = SVPU_ON_START, .fits = true},
       [](auto& s) {
         s.phase = SVPU_PHASE_DECODING;
         s.paused = false;
       },
       {SVPU_DO_CLEAR_EPIPE, SVPU_DO_RESUME}},
      {"… STOP while a change is pending: drains after it",
       changing(),
       {SVPU_ON_STOP},
       [](auto& s) { s.draining = s.drain_sent = true; },
       {SVPU_DO_DRAIN}},
      {"… STREAMOFF(OUTPUT) while the change is held back: announced now, because REQBUFS(OUTPUT, 0) forgets it",
       with(draining(), [](auto& s) { s.paused = s.change_held = true; }),
       {SVPU_ON_OUTPUT_STREAMOFF},
       [](auto& s) {
         s.phase = SVPU_PHASE_CAPTURE_SETUP;
         s.output_streaming = s.draining = s.drain_sent = s.change_held = false;
         s.last_wanted = true;
       },
       {SVPU_DO_FLUSH_INPUT, SVPU_DO_APPLY_FORMAT, SVPU_DO_EVENT_SOURCE_CHANGE, SVPU_DO_DELIVER_LAST}},
      {"… REQBUFS(OUTPUT, 0) while the change's LAST is owed",
       with(changing(),
            [](auto& s) {
              s.output_streaming = false;
              s.last_wanted = true;
            }),
       {SVPU_ON_OUTPUT_FREED},
       [](auto& s) {
         s.phase = SVPU_PHASE_INITIALIZATION;
         s.session_open = s.header_known = s.paused = false;
       },
       {SVPU_DO_CLOSE_SESSION, SVPU_DO_DELIVER_LAST}},
      {"… STREAMOFF(OUTPUT) aborts it; the change's own LAST is enough",
       with(draining(),
            [](auto& s) {
              s.phase = SVPU_PHASE_CAPTURE_SETUP;
              s.paused = s.last_wanted = true;
            }),
       {SVPU_ON_OUTPUT_STREAMOFF},
       [](auto& s) { s.output_streaming = s.draining = s.drain_sent = false; },
       {SVPU_DO_FLUSH_INPUT}},
  };
}

}  // namespace softvpu
