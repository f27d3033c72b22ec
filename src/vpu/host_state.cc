// SPDX-License-Identifier: LGPL-2.1-or-later
// The transitions of host_state.h. Pure: no clock, no lock, no memory.
#include "vpu/host_state.h"

namespace softvpu::vpu {
namespace {

Step verb(const HostState& state, Happening happening) {
  HostState next = state;
  switch (happening) {
    case Happening::kStart:
      if (state.phase != Phase::kIdle) return {state, Verdict::kIgnore};
      next.phase = Phase::kConfigured;
      return {next};
    case Happening::kDrain:
      if (state.draining) return {state, Verdict::kInvalid};  // session.h, 4: one at a time
      next.draining = true;
      return {next};
    case Happening::kResume:
      next.changing_format = false;
      next.drained = false;
      if (next == state) return {state, Verdict::kIgnore};  // docs/hfi.md, 8
      return {next};
    case Happening::kFlushInput:
      if (state.phase == Phase::kIdle) {  // answered by the host itself
        next.draining = false;
        return {next};
      }
      next.stale_drain = state.stale_drain || state.draining;
      next.draining = false;
      ++next.input_flushes;
      return {next};
    default:
      return {next};
  }
}

Step message(const HostState& state, Happening happening) {
  // Nothing may come before READY, READY only once; and nothing at all before there is a firmware.
  if (state.phase == Phase::kIdle) return {state, Verdict::kViolation};
  HostState next = state;
  if (happening == Happening::kReady) {
    if (state.ready) return {state, Verdict::kViolation};
    next.ready = true;
    return {next};
  }
  if (!state.ready) return {state, Verdict::kViolation};
  if (happening == Happening::kConfigured || happening == Happening::kRefused) {
    if (state.phase != Phase::kConfigured) return {state, Verdict::kViolation};
    next.phase = happening == Happening::kConfigured ? Phase::kStreaming : Phase::kError;
    return {next, happening == Happening::kConfigured ? Verdict::kAccept : Verdict::kFail};
  }
  if (state.phase == Phase::kConfigured) return {state, Verdict::kViolation};  // CONFIGURED is the answer to the first command

  const bool paused = state.changing_format || state.drained;
  switch (happening) {
    case Happening::kFormatChanged:
      if (paused) return {state, Verdict::kViolation};
      next.changing_format = true;
      return {next};
    case Happening::kFrame:
      return {state, paused ? Verdict::kViolation : Verdict::kAccept};
    case Happening::kDrained:
      if (paused) return {state, Verdict::kViolation};
      if (state.input_flushes > 0) {  // only a drain from before the flush can have been read
        if (!state.stale_drain) return {state, Verdict::kViolation};
        next.stale_drain = false;
      } else {
        if (!state.draining) return {state, Verdict::kViolation};
        next.draining = false;
      }
      next.drained = true;
      return {next};
    case Happening::kFlushedInput:
      if (state.input_flushes == 0) return {state, Verdict::kViolation};
      if (--next.input_flushes == 0) next.stale_drain = false;
      return {next};
    default:
      return {state};
  }
}

}  // namespace

Step step(const HostState& state, Happening happening) {
  HostState over = state;
  switch (happening) {
    case Happening::kClose:
      over.phase = Phase::kStopped;
      return {over};
    case Happening::kSessionError:
    case Happening::kPeerDied:
    case Happening::kGivenUp:
      if (state.phase == Phase::kStopped || state.phase == Phase::kError) return {state, Verdict::kIgnore};
      over.phase = Phase::kError;
      return {over, Verdict::kFail};
    default:
      break;
  }
  const bool is_verb = happening < Happening::kReady;
  if (state.phase == Phase::kStopped || state.phase == Phase::kError)
    return {state, is_verb ? Verdict::kRefuse : Verdict::kIgnore};  // what a dying firmware still says doesn't matter
  return is_verb ? verb(state, happening) : message(state, happening);
}

const char* to_string(Phase phase) {
  switch (phase) {
    case Phase::kIdle:
      return "idle";
    case Phase::kConfigured:
      return "configured";
    case Phase::kStreaming:
      return "streaming";
    case Phase::kStopped:
      return "stopped";
    case Phase::kError:
      return "error";
  }
  return "?";
}

const char* to_string(Happening happening) {
  switch (happening) {
    case Happening::kStart:
      return "start";
    case Happening::kQueue:
      return "queue";
    case Happening::kDrain:
      return "drain";
    case Happening::kResume:
      return "resume";
    case Happening::kFlushInput:
      return "flush of the inputs";
    case Happening::kFlushOutput:
      return "flush of the outputs";
    case Happening::kClose:
      return "close";
    case Happening::kReady:
      return "READY";
    case Happening::kConfigured:
      return "CONFIGURED";
    case Happening::kRefused:
      return "CONFIGURED with an error";
    case Happening::kFormatChanged:
      return "FORMAT_CHANGED";
    case Happening::kInputDone:
      return "INPUT_DONE";
    case Happening::kFrame:
      return "OUTPUT_DONE with a frame";
    case Happening::kOutputReturned:
      return "OUTPUT_DONE, cancelled";
    case Happening::kDrained:
      return "DRAINED";
    case Happening::kFlushedInput:
      return "FLUSHED inputs";
    case Happening::kFlushedOutput:
      return "FLUSHED outputs";
    case Happening::kUnmapped:
      return "UNMAPPED";
    case Happening::kSessionError:
      return "an error message";
    case Happening::kPeerDied:
      return "the worker's death";
    case Happening::kGivenUp:
      return "giving up";
  }
  return "?";
}

}  // namespace softvpu::vpu
