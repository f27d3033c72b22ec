// SPDX-License-Identifier: LGPL-2.1-or-later
// The stateful decoder as one pure function: (state, what happened) -> (state, what to do). Called by m2m_file.* only, under its
// lock. Clauses: Documentation/userspace-api/media/v4l/dev-decoder.rst, cited by section and step; where it is silent,
// v4l2-mem2mem.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace softvpu::v4l2 {

enum class Phase : uint8_t {
  kInitialization,  // no header is known; inputs are consumed until one is
  kCaptureSetup,    // the client was told of a (new) stream format; the session is paused until CAPTURE suits it
  kDecoding,        // the session runs
  kStopped,         // a drain is over; inputs are accepted but not processed until START or a restart of a queue
  kFailed,          // the session is gone; EIO until STREAMOFF
};

struct DecoderState {
  Phase phase = Phase::kInitialization;
  bool output_streaming = false;
  bool capture_streaming = false;
  bool session_open = false;
  bool header_known = false;  // of this session
  // The session waits for resume(), which is said exactly once for each pause.
  bool paused = false;
  // V4L2_DEC_CMD_STOP was accepted and its LAST buffer was not completed yet.
  bool draining = false;
  // A CAPTURE buffer is to be completed with V4L2_BUF_FLAG_LAST as soon as there is one.
  bool last_wanted = false;
  // The session announced another geometry, and the client still has frames of the old one to dequeue: it is told after those,
  // because clients drop undequeued frames when they see the event (ffmpeg, GStreamer).
  bool change_held = false;
  // drain() was called and neither answered nor cancelled by a flush of the inputs.
  bool drain_sent = false;
  // STOP came while an abandoned drain was unanswered: drain() is due again after that answer, and inputs that are queued after
  // the STOP wait for it.
  bool drain_again = false;
  // STOP came before CAPTURE streamed: it becomes a drain when CAPTURE starts, unless something is queued to OUTPUT before
  // (docs/adr/0010).
  bool stop_remembered = false;
  friend bool operator==(const DecoderState&, const DecoderState&) = default;
};

enum class Happening : uint8_t {
  kOutputStreamOn,
  kOutputStreamOff,
  kOutputFreed,  // VIDIOC_REQBUFS(OUTPUT, 0), or a new OUTPUT format
  kCaptureStreamOn,
  kCaptureStreamOff,
  kInputQueued,  // VIDIOC_QBUF(OUTPUT)
  kCommandStop,
  kCommandStart,
  kFormatChanged,     // the session: the first header, or a new geometry is due
  kCaptureDoneEmpty,  // the client dequeued the last CAPTURE buffer that was done
  kDrained,           // the session
  kLastCompleted,     // a CAPTURE buffer was completed with V4L2_BUF_FLAG_LAST
  kSessionFailed,
};

struct DecoderEvent {
  Happening what;
  // kFormatChanged, kCaptureStreamOn: the CAPTURE buffers suit the stream. kCommandStart: at least one does.
  bool fits = false;
  // kFormatChanged: CAPTURE buffers are done and not dequeued.
  bool frames_waiting = false;
  // kDrained: a flush of the inputs is unanswered, so the answer belongs to a drain from before it.
  bool stale = false;
};

enum class Action : uint8_t {
  kNone = 0,
  kStartSession,  // open and start one; hand it the queued inputs
  kCloseSession,  // its CAPTURE buffers are queued again
  kFlushInput,
  kFlushOutput,
  kApplyFormat,        // the announced stream becomes what queries answer
  kEventSourceChange,  // V4L2_EVENT_SRC_CH_RESOLUTION
  kEventEos,
  kDrain,
  kResume,       // tell the layout, hand over the queued CAPTURE buffers, go on
  kDeliverLast,  // complete a CAPTURE buffer empty with V4L2_BUF_FLAG_LAST, the next one queued if there is none
  kCancelLast,   // no longer
  kClearEpipe,   // DQBUF(CAPTURE) waits again
  kFailQueues,   // as vb2_queue_error(): POLLERR and EIO until STREAMOFF gives the buffers back
};

inline constexpr size_t kMaxActions = 6;

struct Transition {
  DecoderState next;
  std::array<Action, kMaxActions> actions{};  // in order; kNone after the last
  int error = 0;                              // 0, or the errno of the ioctl; then nothing changes
};

Transition decoder_transition(const DecoderState& state, const DecoderEvent& event);

const char* to_string(Phase phase);
const char* to_string(Action action);

}  // namespace softvpu::v4l2
