// SPDX-License-Identifier: LGPL-2.1-or-later
// Rows of the decoder's table: drains, their ends, and what may cross them. D: dev-decoder.rst.
#include "v4l2/decoder_rows.h"

namespace softvpu::v4l2 {

using enum Action;

std::vector<Row> drain_rows() {
  return {
      {"D: Drain, step 1", decoding(), {Happening::kCommandStop}, [](auto& s) { s.draining = s.drain_sent = true; }, {kDrain}},
      {"D: Drain, step 1, before any header: with nothing to decode",
       with(waiting_for_header(), [](auto& s) { s.capture_streaming = true; }),
       {Happening::kCommandStop},
       [](auto& s) { s.draining = s.drain_sent = true; },
       {kDrain}},
      {"D: Drain, step 1, warning: stopped already, and CAPTURE doesn't stream",
       with(stopped(), [](auto& s) { s.capture_streaming = false; }),
       {Happening::kCommandStop},
       kNothing,
       {}},
      {"D: Drain, step 1, warning: OUTPUT doesn't stream: no drain, no error",
       with(decoding(), [](auto& s) { s.output_streaming = false; }),
       {Happening::kCommandStop},
       kNothing,
       {}},
      {"D: Drain, step 2: the last frame is decoded: EOS event, LAST",
       draining(),
       {Happening::kDrained},
       [](auto& s) {
         s.phase = Phase::kStopped;
         s.paused = s.last_wanted = true;
         s.drain_sent = false;
       },
       {kEventEos, kDeliverLast}},
      {"D: Drain, step 3: LAST is out: stopped",
       with(stopped(), [](auto& s) { s.draining = s.last_wanted = true; }),
       {Happening::kLastCompleted},
       [](auto& s) { s.draining = s.last_wanted = false; },
       {}},
      {"D: Drain, last note: STOP again", draining(), {Happening::kCommandStop}, kNothing, {}, EBUSY},
      {"D: Drain, last note: START in a drain",
       draining(),
       {.what = Happening::kCommandStart, .fits = true},
       kNothing,
       {},
       EBUSY},
      {"D: Drain, last note: a drain lasts until its LAST",
       with(stopped(), [](auto& s) { s.draining = s.last_wanted = true; }),
       {.what = Happening::kCommandStart, .fits = true},
       kNothing,
       {},
       EBUSY},
      {"vidioc-decoder-cmd.rst, STOP: when already stopped, does nothing", stopped(), {Happening::kCommandStop}, kNothing, {}},
      {"D: Drain, step 3, first item: START",
       stopped(),
       {.what = Happening::kCommandStart, .fits = true},
       [](auto& s) {
         s.phase = Phase::kDecoding;
         s.paused = false;
       },
       {kClearEpipe, kResume}},
      {"D: Drain, step 3, second item: STREAMOFF(CAPTURE) …",
       stopped(),
       {Happening::kCaptureStreamOff},
       [](auto& s) { s.capture_streaming = false; },
       {kFlushOutput}},
      {"D: Drain, step 3, second item: … and STREAMON(CAPTURE)",
       with(stopped(), [](auto& s) { s.capture_streaming = false; }),
       {.what = Happening::kCaptureStreamOn, .fits = true},
       [](auto& s) {
         s.phase = Phase::kDecoding;
         s.capture_streaming = true;
         s.paused = false;
       },
       {kClearEpipe, kResume}},
      {"D: Drain, step 3, third item: STREAMOFF(OUTPUT) …",
       stopped(),
       {Happening::kOutputStreamOff},
       [](auto& s) { s.output_streaming = false; },
       {kFlushInput}},
      {"D: Drain, step 3, third item: … and STREAMON(OUTPUT)",
       with(stopped(), [](auto& s) { s.output_streaming = false; }),
       {Happening::kOutputStreamOn},
       [](auto& s) {
         s.phase = Phase::kDecoding;
         s.output_streaming = true;
         s.paused = false;
       },
       {kClearEpipe, kResume}},
      {"D: Drain, step 3, without a header: back to Initialization",
       with(stopped(), [](auto& s) { s.header_known = false; }),
       {.what = Happening::kCommandStart, .fits = true},
       [](auto& s) {
         s.phase = Phase::kInitialization;
         s.paused = false;
       },
       {kClearEpipe, kResume}},
      {"v4l2_m2m_decoder_cmd(): START while decoding does nothing",
       decoding(),
       {.what = Happening::kCommandStart, .fits = true},
       kNothing,
       {}},
      {"D: Drain, step 1, warning, for START", opened(), {Happening::kCommandStart}, kNothing, {}},
  };
}

// docs/adr/0010.
std::vector<Row> early_stop_rows() {
  const auto remembered = [](DecoderState s) { return with(s, [](auto& t) { t.stop_remembered = t.drain_sent = true; }); };
  return {
      {"D: Drain, step 1, warning: CAPTURE doesn't stream: no error, no drain yet; all data is here",
       capture_setup(),
       {Happening::kCommandStop},
       [](auto& s) { s.stop_remembered = s.drain_sent = true; },
       {kDrain}},
      {"… nor before the header",
       waiting_for_header(),
       {Happening::kCommandStop},
       [](auto& s) { s.stop_remembered = s.drain_sent = true; },
       {kDrain}},
      {"… and again", remembered(capture_setup()), {Happening::kCommandStop}, kNothing, {}},
      {"… CAPTURE starts: the drain begins; it was sent already",
       remembered(capture_setup()),
       {.what = Happening::kCaptureStreamOn, .fits = true},
       [](auto& s) {
         s.phase = Phase::kDecoding;
         s.capture_streaming = s.draining = true;
         s.paused = s.stop_remembered = false;
       },
       {kClearEpipe, kResume}},
      {"… in buffers that don't suit: the change's LAST first",
       remembered(capture_setup()),
       {Happening::kCaptureStreamOn},
       [](auto& s) {
         s.capture_streaming = s.draining = s.last_wanted = true;
         s.stop_remembered = false;
       },
       {kDeliverLast}},
      {"… the session has answered before, without a header: once more",
       with(waiting_for_header(), [](auto& s) { s.stop_remembered = true; }),
       {.what = Happening::kCaptureStreamOn, .fits = true},
       [](auto& s) {
         s.capture_streaming = s.draining = s.drain_sent = true;
         s.stop_remembered = false;
       },
       {kDrain}},
      {"… that answer",
       remembered(waiting_for_header()),
       {Happening::kDrained},
       [](auto& s) { s.drain_sent = false; },
       {kResume}},
      {"… more is queued first: it wasn't the end",
       remembered(capture_setup()),
       {Happening::kInputQueued},
       [](auto& s) { s.stop_remembered = false; },
       {}},
      {"… the answer then is nothing to the client",
       with(decoding(), [](auto& s) { s.drain_sent = true; }),
       {Happening::kDrained},
       [](auto& s) { s.drain_sent = false; },
       {kResume}},
      {"… STOP for what was queued since",
       with(capture_setup(), [](auto& s) { s.drain_sent = true; }),
       {Happening::kCommandStop},
       [](auto& s) { s.stop_remembered = s.drain_again = true; },
       {}},
      {"… and still more",
       with(remembered(capture_setup()), [](auto& s) { s.drain_again = true; }),
       {Happening::kInputQueued},
       [](auto& s) { s.stop_remembered = s.drain_again = false; },
       {}},
      {"… CAPTURE starts: the first answer isn't the end",
       with(remembered(capture_setup()), [](auto& s) { s.drain_again = true; }),
       {.what = Happening::kCaptureStreamOn, .fits = true},
       [](auto& s) {
         s.phase = Phase::kDecoding;
         s.capture_streaming = s.draining = true;
         s.paused = s.stop_remembered = false;
       },
       {kClearEpipe, kResume}},
      {"… START takes it back",
       remembered(capture_setup()),
       {.what = Happening::kCommandStart, .fits = true},
       [](auto& s) { s.stop_remembered = false; },
       {}},
      {"… so does STREAMOFF(OUTPUT)",
       remembered(capture_setup()),
       {Happening::kOutputStreamOff},
       [](auto& s) { s.output_streaming = s.stop_remembered = s.drain_sent = false; },
       {kFlushInput}},
      {"queueing is nothing to a drain", draining(), {Happening::kInputQueued}, kNothing, {}},
  };
}

std::vector<Row> aborted_drain_rows() {
  return {
      {"D: Drain, note: STREAMOFF(CAPTURE) aborts",
       draining(),
       {Happening::kCaptureStreamOff},
       [](auto& s) { s.capture_streaming = s.draining = false; },
       {kFlushOutput}},
      {"… the session's late answer: decoding goes on",
       with(decoding(), [](auto& s) { s.drain_sent = true; }),
       {Happening::kDrained},
       [](auto& s) { s.drain_sent = false; },
       {kResume}},
      {"… STOP again before that answer: one drain() at a time",
       with(decoding(), [](auto& s) { s.drain_sent = true; }),
       {Happening::kCommandStop},
       [](auto& s) { s.draining = s.drain_again = true; },
       {}},
      {"… the answer to the aborted one: now the second",
       with(draining(), [](auto& s) { s.drain_again = true; }),
       {Happening::kDrained},
       [](auto& s) { s.drain_again = false; },
       {kResume, kDrain}},
      {"D: Drain, note: STREAMOFF(OUTPUT) aborts; v4l2_m2m_update_stop_streaming_state(): LAST at "
       "once",
       draining(),
       {Happening::kOutputStreamOff},
       [](auto& s) {
         s.phase = Phase::kStopped;
         s.output_streaming = s.drain_sent = false;
         s.last_wanted = true;
       },
       {kFlushInput, kEventEos, kDeliverLast}},
      {"… REQBUFS(OUTPUT, 0) before it could be delivered: the session can't give a buffer back for it any more",
       with(stopped(),
            [](auto& s) {
              s.output_streaming = s.paused = false;
              s.draining = s.last_wanted = true;
            }),
       {Happening::kOutputFreed},
       [](auto& s) {
         s.phase = Phase::kInitialization;
         s.session_open = s.header_known = s.draining = false;
       },
       {kCloseSession, kDeliverLast}},
      {"… then STREAMON(OUTPUT) resumes what was never paused",
       with(stopped(), [](auto& s) { s.output_streaming = s.paused = false; }),
       {Happening::kOutputStreamOn},
       [](auto& s) {
         s.phase = Phase::kDecoding;
         s.output_streaming = true;
       },
       {kClearEpipe}},
      {"… a drained() that crossed the flush, before STREAMON",
       with(stopped(), [](auto& s) { s.output_streaming = s.paused = false; }),
       {.what = Happening::kDrained, .stale = true},
       [](auto& s) { s.paused = true; },
       {}},
      {"… a drained() that crossed the flush, after STREAMON",
       decoding(),
       {.what = Happening::kDrained, .stale = true},
       kNothing,
       {kResume}},
      {"… it isn't taken for the answer to a new drain",
       draining(),
       {.what = Happening::kDrained, .stale = true},
       kNothing,
       {kResume}},
      {"… a change of format that crossed the flush: one LAST serves both",
       with(stopped(),
            [](auto& s) {
              s.output_streaming = s.paused = false;
              s.draining = s.last_wanted = true;
            }),
       {Happening::kFormatChanged},
       [](auto& s) {
         s.phase = Phase::kCaptureSetup;
         s.paused = true;
         s.draining = false;
       },
       {kApplyFormat, kEventSourceChange, kDeliverLast}},
  };
}

std::vector<Row> drain_and_change_rows() {
  return {
      {"D: Drain, step 2, first item: a change in the course of a drain",
       draining(),
       {Happening::kFormatChanged},
       [](auto& s) {
         s.phase = Phase::kCaptureSetup;
         s.paused = s.last_wanted = true;
       },
       {kApplyFormat, kEventSourceChange, kDeliverLast}},
      {"… its LAST doesn't end the drain",
       with(draining(),
            [](auto& s) {
              s.phase = Phase::kCaptureSetup;
              s.paused = s.last_wanted = true;
            }),
       {Happening::kLastCompleted},
       [](auto& s) { s.last_wanted = false; },
       {}},
      {"… STREAMOFF(CAPTURE) for the new buffers doesn't abort it",
       with(draining(),
            [](auto& s) {
              s.phase = Phase::kCaptureSetup;
              s.paused = true;
            }),
       {Happening::kCaptureStreamOff},
       [](auto& s) { s.capture_streaming = false; },
       {kFlushOutput}},
      {"… and it goes on with the new buffers",
       with(draining(),
            [](auto& s) {
              s.phase = Phase::kCaptureSetup;
              s.paused = true;
              s.capture_streaming = false;
            }),
       {.what = Happening::kCaptureStreamOn, .fits = true},
       [](auto& s) {
         s.phase = Phase::kDecoding;
         s.paused = false;
         s.capture_streaming = true;
       },
       {kClearEpipe, kResume}},
      {"… START is the answer to the change, not EBUSY",
       with(draining(),
            [](auto& s) {
              s.phase = Phase::kCaptureSetup;
              s.paused = true;
            }),
       {.what = Happening::kCommandStart, .fits = true},
       [](auto& s) {
         s.phase = Phase::kDecoding;
         s.paused = false;
       },
       {kClearEpipe, kResume}},
      {"… STOP while a change is pending: drains after it",
       changing(),
       {Happening::kCommandStop},
       [](auto& s) { s.draining = s.drain_sent = true; },
       {kDrain}},
      {"… STREAMOFF(OUTPUT) while the change is held back: announced now, because REQBUFS(OUTPUT, 0) forgets it",
       with(draining(), [](auto& s) { s.paused = s.change_held = true; }),
       {Happening::kOutputStreamOff},
       [](auto& s) {
         s.phase = Phase::kCaptureSetup;
         s.output_streaming = s.draining = s.drain_sent = s.change_held = false;
         s.last_wanted = true;
       },
       {kFlushInput, kApplyFormat, kEventSourceChange, kDeliverLast}},
      {"… REQBUFS(OUTPUT, 0) while the change's LAST is owed",
       with(changing(),
            [](auto& s) {
              s.output_streaming = false;
              s.last_wanted = true;
            }),
       {Happening::kOutputFreed},
       [](auto& s) {
         s.phase = Phase::kInitialization;
         s.session_open = s.header_known = s.paused = false;
       },
       {kCloseSession, kDeliverLast}},
      {"… STREAMOFF(OUTPUT) aborts it; the change's own LAST is enough",
       with(draining(),
            [](auto& s) {
              s.phase = Phase::kCaptureSetup;
              s.paused = s.last_wanted = true;
            }),
       {Happening::kOutputStreamOff},
       [](auto& s) { s.output_streaming = s.draining = s.drain_sent = false; },
       {kFlushInput}},
  };
}

}  // namespace softvpu::v4l2
