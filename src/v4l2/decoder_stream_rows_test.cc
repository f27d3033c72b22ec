// SPDX-License-Identifier: LGPL-2.1-or-later
// Rows of the decoder's table: from the first header to the session's failure, without drains. D: dev-decoder.rst.
#include "v4l2/decoder_rows.h"

namespace softvpu::v4l2 {

using enum Action;

std::vector<Row> initialization_rows() {
  return {
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
  };
}

std::vector<Row> capture_setup_rows() {
  return {
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
  };
}

std::vector<Row> seek_rows() {
  return {
      {"D: Seek, step 1", decoding(), {Happening::kOutputStreamOff}, [](auto& s) { s.output_streaming = false; }, {kFlushInput}},
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
  };
}

std::vector<Row> resolution_change_rows() {
  return {
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
      {"an empty CAPTURE queue means nothing without a held change", decoding(), {Happening::kCaptureDoneEmpty}, kNothing, {}},
  };
}

std::vector<Row> failure_rows() {
  return {
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
      {"D: Decoding, last paragraph: EIO for STREAMON(CAPTURE)",
       with(opened(),
            [](auto& s) {
              s.phase = Phase::kFailed;
              s.output_streaming = true;
            }),
       {.what = Happening::kCaptureStreamOn, .fits = true},
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
      {"a failure between STREAMOFF and STREAMON(OUTPUT): a fresh session is due anyway",
       with(decoding(), [](auto& s) { s.output_streaming = false; }),
       {Happening::kSessionFailed},
       [](auto& s) {
         s.phase = Phase::kInitialization;
         s.session_open = s.header_known = false;
       },
       {kCloseSession, kFailQueues}},
  };
}

}  // namespace softvpu::v4l2
