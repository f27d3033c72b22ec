// SPDX-License-Identifier: LGPL-2.1-or-later
// The state of a session as its host sees it: one pure transition function. Called by SessionCore under its lock; tested as a
// table. The rules are docs/hfi.md, "The order of things"; the shape (phases plus sub-state bits that may overlap) is Iris's.
#pragma once

#include <cstdint>

namespace softvpu::vpu {

enum class Phase : uint8_t {
  kIdle,        // no firmware yet; verbs are remembered
  kConfigured,  // CONFIGURE and START are sent; READY or CONFIGURED is outstanding
  kStreaming,   // the firmware is configured
  kStopped,     // the owner let go of the session; nobody is told anything any more
  kError,       // failed() is said, or about to be; every verb answers EIO
};

struct HostState {
  Phase phase = Phase::kIdle;
  bool ready = false;  // READY arrived

  // Sub-states; they overlap.
  bool changing_format = false;  // FORMAT_CHANGED arrived, RESUME isn't sent: no frame may come
  bool drained = false;          // DRAINED arrived, RESUME isn't sent: no frame may come
  bool draining = false;         // DRAIN is sent, neither answered nor cancelled

  // A drain that an unanswered flush of the inputs cancels: its DRAINED may still come, before that FLUSHED.
  bool stale_drain = false;
  uint32_t input_flushes = 0;  // unanswered

  friend bool operator==(const HostState&, const HostState&) = default;
};

enum class Happening : uint8_t {
  // Verbs.
  kStart,
  kQueue,  // queue_input(), queue_output(), map, unmap, layout, control, return_output
  kDrain,
  kResume,
  kFlushInput,
  kFlushOutput,
  kClose,
  // Messages.
  kReady,
  kConfigured,  // with status OK
  kRefused,     // CONFIGURED with another status
  kFormatChanged,
  kInputDone,
  kFrame,           // OUTPUT_DONE with something in it
  kOutputReturned,  // OUTPUT_DONE, cancelled
  kDrained,
  kFlushedInput,
  kFlushedOutput,
  kUnmapped,
  kSessionError,  // SESSION_ERROR or SYSTEM_ERROR
  // The world.
  kPeerDied,
  kGivenUp,  // by the watchdog, or for a violation
};

enum class Verdict : uint8_t {
  kAccept,
  kIgnore,     // legal and without effect; nothing is sent
  kRefuse,     // a verb: answer EIO
  kInvalid,    // a verb: answer EINVAL
  kViolation,  // a message that the protocol doesn't allow now: give the firmware up
  kFail,       // the session is over: return everything, say failed()
};

struct Step {
  HostState next;
  Verdict verdict = Verdict::kAccept;
};

Step step(const HostState& state, Happening happening);

const char* to_string(Phase phase);
const char* to_string(Happening happening);

}  // namespace softvpu::vpu
