// SPDX-License-Identifier: LGPL-2.1-or-later
// The transitions of the stateful decoder, one function per happening. Pure: no clock, no lock, no memory. Tested as a table by
// decoder_state_test.cc. Clauses: dev-decoder.rst.
#include "v4l2/decoder_state.h"

#include <cerrno>

namespace softvpu::v4l2 {
namespace {

// Collects the actions of one transition in order.
class Builder {
 public:
  explicit Builder(const DecoderState& state) { result_.next = state; }
  DecoderState& next() { return result_.next; }
  void act(Action action) {
    if (count_ < kMaxActions) result_.actions[count_++] = action;
  }
  Transition done() const { return result_; }

 private:
  Transition result_;
  size_t count_ = 0;
};

Transition refuse(const DecoderState& state, int error) {
  Transition result;
  result.next = state;
  result.error = error;
  return result;
}

void resume(Builder& b) {
  if (!b.next().paused) return;
  b.next().paused = false;
  b.act(Action::kResume);
}

// Dynamic Resolution Change, steps 1 and 2; Initialization, step 4.
void announce(Builder& b) {
  b.next().change_held = false;
  b.next().header_known = true;
  b.next().phase = Phase::kCaptureSetup;
  b.act(Action::kApplyFormat);
  b.act(Action::kEventSourceChange);
}

void want_last(Builder& b) {
  b.next().last_wanted = true;
  b.act(Action::kDeliverLast);
}

void drop_last(Builder& b) {
  if (b.next().last_wanted) b.act(Action::kCancelLast);
  b.next().last_wanted = false;
}

// Back to decoding from Stopped or Capture Setup, by START or by a restart of a queue.
void restart(Builder& b) {
  drop_last(b);
  b.next().phase = b.next().header_known ? Phase::kDecoding : Phase::kInitialization;
  b.act(Action::kClearEpipe);
  resume(b);
}

// Nothing of a session survives.
void forget_session(DecoderState& s) {
  s.session_open = false;
  s.header_known = false;
  s.paused = false;
  s.drain_sent = false;
  s.drain_again = false;
  s.stop_remembered = false;
  s.change_held = false;
}

void forget_stop(DecoderState& s) {
  s.drain_again = s.drain_again && !s.stop_remembered;
  s.stop_remembered = false;
}

Transition output_stream_on(const DecoderState& state) {
  Builder b(state);
  b.next().output_streaming = true;
  if (!state.session_open) {  // Initialization, step 3; or a fresh start after a failure (Decoding, last paragraph)
    drop_last(b);
    b.next().phase = Phase::kInitialization;
    b.next().draining = false;
    b.next().session_open = true;
    b.act(Action::kClearEpipe);
    b.act(Action::kStartSession);
  } else if (state.phase == Phase::kStopped) {  // Drain, step 3: restarting OUTPUT resumes, as a seek
    b.next().draining = false;
    restart(b);
  }
  return b.done();
}

// Seek, step 1.
Transition output_stream_off(const DecoderState& state) {
  Builder b(state);
  b.next().output_streaming = false;
  if (state.session_open) b.act(Action::kFlushInput);
  b.next().drain_sent = false;  // the flush cancels it
  b.next().drain_again = false;
  b.next().stop_remembered = false;
  if (state.phase == Phase::kFailed) {
    b.next().phase = Phase::kInitialization;
    return b.done();
  }
  // Drain, note: STREAMOFF aborts it. A client that waits for LAST is given one, as v4l2_m2m_update_stop_streaming_state() does.
  // While a change of resolution is pending its own LAST is enough; one that is held back is announced for that, because
  // REQBUFS(OUTPUT, 0) would forget it.
  if (state.draining && state.phase != Phase::kStopped) {
    b.next().draining = false;
    if (state.change_held) {
      announce(b);
      want_last(b);
    } else if (state.phase != Phase::kCaptureSetup && state.capture_streaming) {
      b.next().phase = Phase::kStopped;
      b.next().draining = true;  // until that LAST
      b.act(Action::kEventEos);
      want_last(b);
    }
  }
  return b.done();
}

// State machine, Seek -> Initialization.
Transition output_freed(const DecoderState& state) {
  Builder b(state);
  forget_session(b.next());
  b.next().phase = Phase::kInitialization;
  b.next().draining = false;
  if (state.session_open) b.act(Action::kCloseSession);
  // A LAST that is owed stays owed while CAPTURE streams: somebody may be waiting for it, and the session can't give a buffer
  // back for it any more.
  if (state.last_wanted) b.act(Action::kDeliverLast);
  return b.done();
}

Transition capture_stream_on(const DecoderState& state, bool fits) {
  if (state.phase == Phase::kFailed) return refuse(state, EIO);  // Decoding, last paragraph
  Builder b(state);
  b.next().capture_streaming = true;
  switch (state.phase) {
    case Phase::kCaptureSetup:
      if (fits) {  // Capture Setup, steps 6 and 11
        restart(b);
      } else {  // buffers from before the change: Dynamic Resolution Change, as if they had been streaming
        want_last(b);
      }
      break;
    case Phase::kStopped:  // Drain, step 3, second item
      restart(b);
      break;
    default:
      break;
  }
  if (state.stop_remembered) {  // Drain, step 1: now it can be initiated
    b.next().stop_remembered = false;
    b.next().draining = true;
    if (!state.drain_sent) {
      b.next().drain_sent = true;
      b.act(Action::kDrain);
    }
  }
  return b.done();
}

// What is queued after a remembered STOP isn't the end of the stream: nobody may have to wait for a START that nobody sends.
Transition input_queued(const DecoderState& state) {
  Builder b(state);
  forget_stop(b.next());
  return b.done();
}

Transition capture_stream_off(const DecoderState& state) {
  Builder b(state);
  b.next().capture_streaming = false;
  b.next().last_wanted = false;
  if (state.session_open) b.act(Action::kFlushOutput);
  if (state.change_held) announce(b);  // the old frames are gone with the queue
  // Drain, note: STREAMOFF aborts it; but in the course of a resolution change it is part of the drain (Drain, step 2, first
  // item).
  if (b.next().phase != Phase::kCaptureSetup) b.next().draining = b.next().drain_again = false;
  return b.done();
}

// Drain, step 1, warning: no error, and no drain while a queue doesn't stream: no LAST, no EOS event. A STOP before CAPTURE
// streams is remembered (docs/adr/0010), and the session delivers at once what it would hold back to wait for more data.
Transition early_stop(const DecoderState& state) {
  if (!state.output_streaming || !state.session_open || state.phase == Phase::kStopped) return refuse(state, 0);
  if (state.draining || state.stop_remembered) return refuse(state, 0);  // draining: in the course of a resolution change
  Builder b(state);
  b.next().stop_remembered = true;
  if (state.drain_sent) {
    b.next().drain_again = true;
  } else {
    b.next().drain_sent = true;
    b.act(Action::kDrain);
  }
  return b.done();
}

// Drain, step 1.
Transition command_stop(const DecoderState& state) {
  if (state.phase == Phase::kFailed) return refuse(state, EIO);
  if (!state.output_streaming || !state.capture_streaming) return early_stop(state);
  if (state.draining) return refuse(state, EBUSY);              // Drain, last note
  if (state.phase == Phase::kStopped) return refuse(state, 0);  // vidioc-decoder-cmd.rst: when already stopped, does nothing
  Builder b(state);
  b.next().draining = true;
  if (state.drain_sent) {
    b.next().drain_again = true;
  } else {
    b.next().drain_sent = true;
    b.act(Action::kDrain);
  }
  return b.done();
}

Transition command_start(const DecoderState& state, bool fits) {
  if (state.phase == Phase::kFailed) return refuse(state, EIO);
  if (!state.output_streaming || !state.capture_streaming) {
    Builder b(state);
    forget_stop(b.next());
    return b.done();
  }
  if (state.phase == Phase::kCaptureSetup) {  // Capture Setup, step 6
    if (!fits) return refuse(state, EINVAL);  // no buffer can take a frame: the client must reallocate (steps 7 to 11)
    Builder b(state);
    restart(b);
    return b.done();
  }
  if (state.draining) return refuse(state, EBUSY);  // Drain, last note
  if (state.phase != Phase::kStopped) return refuse(state, 0);
  Builder b(state);
  restart(b);  // Drain, step 3, first item
  return b.done();
}

Transition format_changed(const DecoderState& state, const DecoderEvent& event) {
  Builder b(state);
  b.next().paused = true;
  if (state.phase == Phase::kInitialization) {
    if (state.capture_streaming && event.fits) {
      // CAPTURE was set up for this very format (Initialization, note after step 4): nothing changed, so nothing is announced, as
      // in vicodec. GStreamer would set up CAPTURE again and lose the frames that were done meanwhile.
      b.next().header_known = true;
      b.next().phase = Phase::kDecoding;
      b.act(Action::kApplyFormat);
      resume(b);
      return b.done();
    }
    announce(b);
    if (state.capture_streaming) want_last(b);  // the same note: a Dynamic Resolution Change
    return b.done();                            // Initialization, step 5
  }
  if (!state.capture_streaming) {
    announce(b);
    return b.done();
  }
  if (state.phase == Phase::kStopped) {  // it crossed the STREAMOFF(OUTPUT) that aborted a drain; one LAST serves both
    b.next().draining = false;
    announce(b);
    want_last(b);
    return b.done();
  }
  if (event.frames_waiting) {
    b.next().change_held = true;
    return b.done();
  }
  announce(b);
  want_last(b);  // Dynamic Resolution Change, step 2
  return b.done();
}

Transition capture_done_empty(const DecoderState& state) {
  if (!state.change_held) return refuse(state, 0);
  Builder b(state);
  announce(b);
  want_last(b);
  return b.done();
}

Transition drained(const DecoderState& state, bool stale) {
  Builder b(state);
  b.next().paused = true;
  if (stale) {                                      // of a drain that STREAMOFF(OUTPUT) aborted
    if (state.phase != Phase::kStopped) resume(b);  // Stopped: whatever restarts it will resume
    return b.done();
  }
  b.next().drain_sent = false;
  if (state.draining && !state.drain_again) {
    b.next().phase = Phase::kStopped;
    b.act(Action::kEventEos);  // Drain, step 2, note: when the last frame can be dequeued
    want_last(b);
    return b.done();
  }
  resume(b);  // aborted by STREAMOFF(CAPTURE), or of a STOP before CAPTURE streamed: decoding goes on
  if (state.drain_again) {
    b.next().drain_again = false;
    b.next().drain_sent = true;
    b.act(Action::kDrain);
  }
  return b.done();
}

Transition last_completed(const DecoderState& state) {
  Builder b(state);
  b.next().last_wanted = false;
  // v4l2_m2m_last_buffer_done(): stopped. The LAST of a resolution change leaves a drain going (Drain, step 2, first item).
  if (state.phase == Phase::kStopped) b.next().draining = false;
  return b.done();
}

// Decoding, last paragraph.
Transition session_failed(const DecoderState& state) {
  Builder b(state);
  forget_session(b.next());
  // The error lasts until STREAMOFF(OUTPUT): without OUTPUT streaming the next STREAMON starts a fresh session anyway.
  b.next().phase = state.output_streaming ? Phase::kFailed : Phase::kInitialization;
  b.next().draining = false;
  b.next().last_wanted = false;
  b.act(Action::kCloseSession);
  b.act(Action::kFailQueues);
  return b.done();
}

}  // namespace

Transition decoder_transition(const DecoderState& state, const DecoderEvent& event) {
  switch (event.what) {
    case Happening::kOutputStreamOn:
      return output_stream_on(state);
    case Happening::kOutputStreamOff:
      return output_stream_off(state);
    case Happening::kOutputFreed:
      return output_freed(state);
    case Happening::kCaptureStreamOn:
      return capture_stream_on(state, event.fits);
    case Happening::kCaptureStreamOff:
      return capture_stream_off(state);
    case Happening::kInputQueued:
      return input_queued(state);
    case Happening::kCommandStop:
      return command_stop(state);
    case Happening::kCommandStart:
      return command_start(state, event.fits);
    case Happening::kFormatChanged:
      return format_changed(state, event);
    case Happening::kCaptureDoneEmpty:
      return capture_done_empty(state);
    case Happening::kDrained:
      return drained(state, event.stale);
    case Happening::kLastCompleted:
      return last_completed(state);
    case Happening::kSessionFailed:
      return session_failed(state);
  }
  return refuse(state, EINVAL);
}

const char* to_string(Phase phase) {
  switch (phase) {
    case Phase::kInitialization:
      return "initialization";
    case Phase::kCaptureSetup:
      return "capture setup";
    case Phase::kDecoding:
      return "decoding";
    case Phase::kStopped:
      return "stopped";
    case Phase::kFailed:
      return "failed";
  }
  return "?";
}

const char* to_string(Action action) {
  switch (action) {
    case Action::kNone:
      return "none";
    case Action::kStartSession:
      return "start session";
    case Action::kCloseSession:
      return "close session";
    case Action::kFlushInput:
      return "flush input";
    case Action::kFlushOutput:
      return "flush output";
    case Action::kApplyFormat:
      return "apply format";
    case Action::kEventSourceChange:
      return "event source change";
    case Action::kEventEos:
      return "event eos";
    case Action::kDrain:
      return "drain";
    case Action::kResume:
      return "resume";
    case Action::kDeliverLast:
      return "deliver last";
    case Action::kCancelLast:
      return "cancel last";
    case Action::kClearEpipe:
      return "clear epipe";
    case Action::kFailQueues:
      return "fail queues";
  }
  return "?";
}

}  // namespace softvpu::v4l2
