// SPDX-License-Identifier: LGPL-2.1-or-later
// The stateful decoder as a table: one row a transition, each citing its clause of dev-decoder.rst (D:) or another document. And
// a walk over every state that can be reached, for what must hold in all of them.
#include "v4l2/decoder_state.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <ostream>
#include <queue>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace softvpu::v4l2 {

void PrintTo(const DecoderState& s, std::ostream* out) {
  *out << to_string(s.phase) << (s.output_streaming ? " +output" : "") << (s.capture_streaming ? " +capture" : "")
       << (s.session_open ? " +session" : "") << (s.header_known ? " +header" : "") << (s.paused ? " +paused" : "")
       << (s.draining ? " +draining" : "") << (s.last_wanted ? " +last_wanted" : "") << (s.change_held ? " +change_held" : "")
       << (s.drain_sent ? " +drain_sent" : "") << (s.drain_again ? " +drain_again" : "");
}

namespace {

using enum Action;
using Edit = std::function<void(DecoderState&)>;

// States that rows start from.
DecoderState opened() { return {}; }
DecoderState waiting_for_header() {
  DecoderState s;
  s.output_streaming = s.session_open = true;
  return s;
}
DecoderState capture_setup() {
  DecoderState s = waiting_for_header();
  s.phase = Phase::kCaptureSetup;
  s.header_known = s.paused = true;
  return s;
}
DecoderState decoding() {
  DecoderState s = waiting_for_header();
  s.phase = Phase::kDecoding;
  s.header_known = s.capture_streaming = true;
  return s;
}
DecoderState changing() {  // a mid-stream change, the client was told, its LAST is out
  DecoderState s = decoding();
  s.phase = Phase::kCaptureSetup;
  s.paused = true;
  return s;
}
DecoderState draining() {
  DecoderState s = decoding();
  s.draining = s.drain_sent = true;
  return s;
}
DecoderState stopped() {
  DecoderState s = decoding();
  s.phase = Phase::kStopped;
  s.paused = true;
  return s;
}
DecoderState with(DecoderState s, const Edit& edit) {
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

const Edit kNothing = [](DecoderState&) {};

const std::vector<Row>& rows() {
  static const auto& table = *new std::
                                 vector<Row>{
                                     // --- Initialization
                                     {"D: Initialization, step 3: OUTPUT streams, the session starts",
                                      opened(),
                                      {Happening::kOutputStreamOn},
                                      [](auto& s) { s.output_streaming = s.session_open = true; },
                                      {kClearEpipe, kStartSession}},
                                     {"D: Initialization, step 4: the header is parsed, CAPTURE isn't set up",
                                      waiting_for_header(),
                                      {Happening::kFormatChanged},
                                      [](auto& s) {
                                        s.phase = Phase::kCaptureSetup;
                                        s.header_known = s.paused = true;
                                      },
                                      {kApplyFormat, kEventSourceChange}},
                                     {"D: Initialization, note after step 4: CAPTURE was set up early and suits: go on, "
                                      "nothing is announced",
                                      with(waiting_for_header(), [](auto& s) { s.capture_streaming = true; }),
                                      {.what = Happening::kFormatChanged, .fits = true},
                                      [](auto& s) {
                                        s.phase = Phase::kDecoding;
                                        s.header_known = true;
                                      },
                                      {kApplyFormat, kResume}},
                                     {"D: Initialization, note after step 4: it doesn't suit: a Dynamic Resolution Change",
                                      with(waiting_for_header(), [](auto& s) { s.capture_streaming = true; }),
                                      {.what = Happening::kFormatChanged},
                                      [](auto& s) {
                                        s.phase = Phase::kCaptureSetup;
                                        s.header_known = s.paused = s.last_wanted = true;
                                      },
                                      {kApplyFormat, kEventSourceChange, kDeliverLast}},
                                     {"D: Initialization: CAPTURE may stream before the header",
                                      waiting_for_header(),
                                      {.what = Happening::kCaptureStreamOn, .fits = true},
                                      [](auto& s) { s.capture_streaming = true; },
                                      {}},
                                     {"D: State machine: STREAMOFF(OUTPUT) before the header is a seek",
                                      waiting_for_header(),
                                      {Happening::kOutputStreamOff},
                                      [](auto& s) { s.output_streaming = false; },
                                      {kFlushInput}},

                                     // --- Capture Setup
                                     {"D: Capture Setup, step 11: CAPTURE streams, decoding starts",
                                      capture_setup(),
                                      {.what = Happening::kCaptureStreamOn, .fits = true},
                                      [](auto& s) {
                                        s.phase = Phase::kDecoding;
                                        s.capture_streaming = true;
                                        s.paused = false;
                                      },
                                      {kClearEpipe, kResume}},
                                     {"D: Capture Setup, steps 6 and 7: old buffers don't suit: they are told so by LAST",
                                      capture_setup(),
                                      {Happening::kCaptureStreamOn},
                                      [](auto& s) { s.capture_streaming = s.last_wanted = true; },
                                      {kDeliverLast}},
                                     {"D: Capture Setup, step 6: START instead of a restart of CAPTURE",
                                      changing(),
                                      {.what = Happening::kCommandStart, .fits = true},
                                      [](auto& s) {
                                        s.phase = Phase::kDecoding;
                                        s.paused = false;
                                      },
                                      {kClearEpipe, kResume}},
                                     {"D: Capture Setup, step 6: \"instantly\", LAST isn't waited for",
                                      with(changing(), [](auto& s) { s.last_wanted = true; }),
                                      {.what = Happening::kCommandStart, .fits = true},
                                      [](auto& s) {
                                        s.phase = Phase::kDecoding;
                                        s.paused = s.last_wanted = false;
                                      },
                                      {kCancelLast, kClearEpipe, kResume}},
                                     {"D: Capture Setup, step 6: START with buffers that are all too small",
                                      changing(),
                                      {Happening::kCommandStart},
                                      kNothing,
                                      {},
                                      EINVAL},
                                     {"D: Capture Setup, step 8: STREAMOFF(CAPTURE)",
                                      changing(),
                                      {Happening::kCaptureStreamOff},
                                      [](auto& s) { s.capture_streaming = false; },
                                      {kFlushOutput}},
                                     {"D: Capture Setup, step 8: a LAST that is still owed goes with the queue",
                                      with(changing(), [](auto& s) { s.last_wanted = true; }),
                                      {Happening::kCaptureStreamOff},
                                      [](auto& s) { s.capture_streaming = s.last_wanted = false; },
                                      {kFlushOutput}},

                                     // --- Seek
                                     {"D: Seek, step 1",
                                      decoding(),
                                      {Happening::kOutputStreamOff},
                                      [](auto& s) { s.output_streaming = false; },
                                      {kFlushInput}},
                                     {"D: Seek, step 2",
                                      with(decoding(), [](auto& s) { s.output_streaming = false; }),
                                      {Happening::kOutputStreamOn},
                                      [](auto& s) { s.output_streaming = true; },
                                      {}},
                                     {"D: State machine: Seek -> Initialization by REQBUFS(OUTPUT, 0)",
                                      with(decoding(), [](auto& s) { s.output_streaming = false; }),
                                      {Happening::kOutputFreed},
                                      [](auto& s) {
                                        s.phase = Phase::kInitialization;
                                        s.session_open = s.header_known = false;
                                      },
                                      {kCloseSession}},
                                     {"D: Dynamic Resolution Change, note: STREAMOFF(OUTPUT) starts a seek; CAPTURE still has to "
                                      "follow the change",
                                      changing(),
                                      {Happening::kOutputStreamOff},
                                      [](auto& s) { s.output_streaming = false; },
                                      {kFlushInput}},
                                     {"D: Seek, step 2, in Capture Setup: nothing is resumed before CAPTURE is ready",
                                      with(capture_setup(), [](auto& s) { s.output_streaming = false; }),
                                      {Happening::kOutputStreamOn},
                                      [](auto& s) { s.output_streaming = true; },
                                      {}},

                                     // --- Dynamic Resolution Change
                                     {"D: Dynamic Resolution Change, steps 1 and 2",
                                      decoding(),
                                      {Happening::kFormatChanged},
                                      [](auto& s) {
                                        s.phase = Phase::kCaptureSetup;
                                        s.paused = s.last_wanted = true;
                                      },
                                      {kApplyFormat, kEventSourceChange, kDeliverLast}},
                                     {"D: Dynamic Resolution Change, step 1: even when the buffers suit, the client must resume",
                                      decoding(),
                                      {.what = Happening::kFormatChanged, .fits = true},
                                      [](auto& s) {
                                        s.phase = Phase::kCaptureSetup;
                                        s.paused = s.last_wanted = true;
                                      },
                                      {kApplyFormat, kEventSourceChange, kDeliverLast}},
                                     {"quirk (ffmpeg, GStreamer): frames of the old geometry are dequeued before the client is "
                                      "told",
                                      decoding(),
                                      {.what = Happening::kFormatChanged, .frames_waiting = true},
                                      [](auto& s) { s.paused = s.change_held = true; },
                                      {}},
                                     {"quirk, continued: now it is told",
                                      with(decoding(), [](auto& s) { s.paused = s.change_held = true; }),
                                      {Happening::kCaptureDoneEmpty},
                                      [](auto& s) {
                                        s.phase = Phase::kCaptureSetup;
                                        s.change_held = false;
                                        s.last_wanted = true;
                                      },
                                      {kApplyFormat, kEventSourceChange, kDeliverLast}},
                                     {"quirk, continued: or CAPTURE is stopped, which drops those frames",
                                      with(decoding(), [](auto& s) { s.paused = s.change_held = true; }),
                                      {Happening::kCaptureStreamOff},
                                      [](auto& s) {
                                        s.phase = Phase::kCaptureSetup;
                                        s.change_held = s.capture_streaming = false;
                                      },
                                      {kFlushOutput, kApplyFormat, kEventSourceChange}},
                                     {"D: Dynamic Resolution Change while CAPTURE is stopped",
                                      with(decoding(), [](auto& s) { s.capture_streaming = false; }),
                                      {Happening::kFormatChanged},
                                      [](auto& s) {
                                        s.phase = Phase::kCaptureSetup;
                                        s.paused = true;
                                      },
                                      {kApplyFormat, kEventSourceChange}},
                                     {"an empty CAPTURE queue means nothing without a held change",
                                      decoding(),
                                      {Happening::kCaptureDoneEmpty},
                                      kNothing,
                                      {}},

                                     // --- Drain
                                     {"D: Drain, step 1",
                                      decoding(),
                                      {Happening::kCommandStop},
                                      [](auto& s) { s.draining = s.drain_sent = true; },
                                      {kDrain}},
                                     {"D: Drain, step 1, before any header: with nothing to decode",
                                      with(waiting_for_header(), [](auto& s) { s.capture_streaming = true; }),
                                      {Happening::kCommandStop},
                                      [](auto& s) { s.draining = s.drain_sent = true; },
                                      {kDrain}},
                                     {"D: Drain, step 1, warning: CAPTURE doesn't stream: no drain, no error; all data is here",
                                      capture_setup(),
                                      {Happening::kCommandStop},
                                      [](auto& s) { s.drain_sent = true; },
                                      {kDrain}},
                                     {"… and again",
                                      with(capture_setup(), [](auto& s) { s.drain_sent = true; }),
                                      {Happening::kCommandStop},
                                      kNothing,
                                      {}},
                                     {"… nothing is said of it, decoding goes on",
                                      with(decoding(), [](auto& s) { s.drain_sent = true; }),
                                      {Happening::kDrained},
                                      [](auto& s) { s.drain_sent = false; },
                                      {kResume}},
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
                                     {"D: Drain, last note: STOP again",
                                      draining(),
                                      {Happening::kCommandStop},
                                      kNothing,
                                      {},
                                      EBUSY},
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
                                     {"vidioc-decoder-cmd.rst, STOP: when already stopped, does nothing",
                                      stopped(),
                                      {Happening::kCommandStop},
                                      kNothing,
                                      {}},
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

                                     // --- Aborted drains
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

                                     // --- Drain and change of resolution
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
                                     {"… STREAMOFF(OUTPUT) aborts it; the change's own LAST is enough",
                                      with(draining(),
                                           [](auto& s) {
                                             s.phase = Phase::kCaptureSetup;
                                             s.paused = s.last_wanted = true;
                                           }),
                                      {Happening::kOutputStreamOff},
                                      [](auto& s) { s.output_streaming = s.draining = s.drain_sent = false; },
                                      {kFlushInput}},

                                     // --- Failure
                                     {"D: Decoding, last paragraph: fatal failure",
                                      draining(),
                                      {Happening::kSessionFailed},
                                      [](auto& s) {
                                        s.phase = Phase::kFailed;
                                        s.session_open = s.header_known = s.draining = s.drain_sent = false;
                                      },
                                      {kCloseSession, kFailQueues}},
                                     {"D: Decoding, last paragraph: EIO for STOP",
                                      with(decoding(), [](auto& s) { s.phase = Phase::kFailed; }),
                                      {Happening::kCommandStop},
                                      kNothing,
                                      {},
                                      EIO},
                                     {"D: Decoding, last paragraph: EIO for START",
                                      with(decoding(), [](auto& s) { s.phase = Phase::kFailed; }),
                                      {.what = Happening::kCommandStart, .fits = true},
                                      kNothing,
                                      {},
                                      EIO},
                                     {"D: Decoding, last paragraph: reinitialize by STREAMOFF …",
                                      with(opened(),
                                           [](auto& s) {
                                             s.phase = Phase::kFailed;
                                             s.output_streaming = s.capture_streaming = true;
                                           }),
                                      {Happening::kOutputStreamOff},
                                      [](auto& s) {
                                        s.phase = Phase::kInitialization;
                                        s.output_streaming = false;
                                      },
                                      {}},
                                     {"… and STREAMON: a fresh session",
                                      with(opened(), [](auto& s) { s.capture_streaming = true; }),
                                      {Happening::kOutputStreamOn},
                                      [](auto& s) { s.output_streaming = s.session_open = true; },
                                      {kClearEpipe, kStartSession}},
                                     {"a failure between STREAMOFF and STREAMON(OUTPUT)",
                                      with(opened(), [](auto& s) { s.phase = Phase::kFailed; }),
                                      {Happening::kOutputStreamOn},
                                      [](auto& s) {
                                        s.phase = Phase::kInitialization;
                                        s.output_streaming = s.session_open = true;
                                      },
                                      {kClearEpipe, kStartSession}},
                                 };
  return table;
}

std::vector<Action> actions_of(const Transition& transition) {
  std::vector<Action> actions;
  for (const Action action : transition.actions)
    if (action != kNone) actions.push_back(action);
  return actions;
}

class TheDecoderTable : public testing::TestWithParam<size_t> {};

TEST_P(TheDecoderTable, Holds) {
  const Row& row = rows()[GetParam()];
  SCOPED_TRACE(row.clause);
  const Transition transition = decoder_transition(row.from, row.event);
  EXPECT_EQ(transition.error, row.error);
  EXPECT_EQ(actions_of(transition), row.actions);
  EXPECT_EQ(transition.next, with(row.from, row.change));
}

INSTANTIATE_TEST_SUITE_P(Rows, TheDecoderTable, testing::Range<size_t>(0, rows().size()));

// Every event that could come in a state: the client may do anything at any time, the session only what its contract allows.
std::vector<DecoderEvent> possible(const DecoderState& s) {
  std::vector<DecoderEvent> events;
  if (!s.output_streaming) events.push_back({Happening::kOutputStreamOn});
  if (s.output_streaming) events.push_back({Happening::kOutputStreamOff});
  if (!s.output_streaming) events.push_back({Happening::kOutputFreed});
  if (s.capture_streaming) events.push_back({Happening::kCaptureStreamOff});
  if (s.capture_streaming) events.push_back({Happening::kCaptureDoneEmpty});
  if (s.last_wanted && s.capture_streaming) events.push_back({Happening::kLastCompleted});
  events.push_back({Happening::kCommandStop});
  for (const bool fits : {false, true}) {
    if (!s.capture_streaming) events.push_back({.what = Happening::kCaptureStreamOn, .fits = fits});
    events.push_back({.what = Happening::kCommandStart, .fits = fits});
    if (s.session_open && !s.paused)
      for (const bool waiting : {false, true})
        if (!waiting || s.capture_streaming)
          events.push_back({.what = Happening::kFormatChanged, .fits = fits && s.capture_streaming, .frames_waiting = waiting});
  }
  if (s.session_open && !s.paused && s.drain_sent) events.push_back({.what = Happening::kDrained});
  if (s.session_open && !s.paused) events.push_back({.what = Happening::kDrained, .stale = true});
  if (s.session_open) events.push_back({Happening::kSessionFailed});
  return events;
}

std::string text(const DecoderState& s) {
  std::ostringstream out;
  PrintTo(s, &out);
  return out.str();
}

std::vector<DecoderState> reachable() {
  std::vector<DecoderState> found;
  std::set<std::string> seen{text({})};
  std::queue<DecoderState> todo;
  todo.push({});
  while (!todo.empty()) {
    const DecoderState state = todo.front();
    todo.pop();
    found.push_back(state);
    for (const DecoderEvent& event : possible(state)) {
      const DecoderState next = decoder_transition(state, event).next;
      if (seen.insert(text(next)).second) todo.push(next);
    }
  }
  return found;
}

TEST(EveryReachableDecoderState, KeepsTheSessionsRules) {
  for (const DecoderState& state : reachable()) {
    SCOPED_TRACE(text(state));
    EXPECT_TRUE(!state.paused || state.session_open);
    EXPECT_TRUE(!state.drain_sent || state.session_open);
    EXPECT_TRUE(!state.drain_again || (state.drain_sent && state.draining));
    EXPECT_TRUE(!state.change_held || (state.paused && state.capture_streaming));
    EXPECT_TRUE(!state.last_wanted || state.capture_streaming);
    EXPECT_TRUE(state.phase != Phase::kDecoding || state.header_known);
    EXPECT_TRUE(state.phase != Phase::kCaptureSetup || state.paused);
    EXPECT_TRUE(state.phase != Phase::kFailed || !state.session_open);
    for (const DecoderEvent& event : possible(state)) {
      SCOPED_TRACE(static_cast<int>(event.what));
      const Transition t = decoder_transition(state, event);
      const auto actions = actions_of(t);
      const auto count = [&](Action a) { return std::count(actions.begin(), actions.end(), a); };
      const bool closed = count(kCloseSession) > 0;
      const bool paused = state.paused || event.what == Happening::kFormatChanged || event.what == Happening::kDrained;
      EXPECT_EQ(count(kResume), !closed && paused && !t.next.paused ? 1 : 0);  // once for each pause
      EXPECT_LE(count(kDrain), 1);
      EXPECT_TRUE(count(kDrain) == 0 || !state.drain_sent || event.what == Happening::kDrained);
      if (t.error != 0) {
        EXPECT_EQ(t.next, state);
        EXPECT_TRUE(actions.empty());
      }
      EXPECT_TRUE(count(kDeliverLast) == 0 || t.next.last_wanted);
      EXPECT_EQ(t.actions.back(), kNone);  // none was cut off
    }
  }
}

// Nobody waits for ever: where CAPTURE streams in a state that delivers nothing, a LAST is owed or was given, and the client has
// a way back to decoding that needs nothing but restarting the queues.
TEST(EveryReachableDecoderState, HasAWayBackToDecoding) {
  for (DecoderState state : reachable()) {
    SCOPED_TRACE(text(state));
    const auto go = [&](DecoderEvent event) { state = decoder_transition(state, event).next; };
    if (state.capture_streaming) go({Happening::kCaptureStreamOff});
    if (state.output_streaming) go({Happening::kOutputStreamOff});
    go({Happening::kOutputStreamOn});
    go({.what = Happening::kCaptureStreamOn, .fits = true});
    if (state.phase == Phase::kInitialization) go({.what = Happening::kFormatChanged, .fits = true});
    EXPECT_EQ(state.phase, Phase::kDecoding);
    EXPECT_FALSE(state.paused);
    EXPECT_FALSE(state.draining);
  }
}

}  // namespace
}  // namespace softvpu::v4l2
