// SPDX-License-Identifier: LGPL-2.1-or-later
// The host's state machine as a table; each row cites its rule in docs/hfi.md ("The order of things") or codec/session.h.
#include "vpu/host_state.h"

#include <gtest/gtest.h>

#include <ostream>
#include <vector>

namespace softvpu::vpu {

void PrintTo(const HostState& state, std::ostream* out) {
  *out << to_string(state.phase) << (state.ready ? " ready" : "") << (state.changing_format ? " changing_format" : "")
       << (state.drained ? " drained" : "") << (state.draining ? " draining" : "") << (state.stale_drain ? " stale_drain" : "")
       << " input_flushes=" << state.input_flushes;
}

namespace {

using H = Happening;
using V = Verdict;

HostState idle() { return {}; }
HostState configured() { return {.phase = Phase::kConfigured}; }
HostState ready() { return {.phase = Phase::kConfigured, .ready = true}; }
HostState streaming() { return {.phase = Phase::kStreaming, .ready = true}; }
HostState with(HostState state, void (*change)(HostState&)) {
  change(state);
  return state;
}
HostState changing() {
  return with(streaming(), [](HostState& s) { s.changing_format = true; });
}
HostState drained() {
  return with(streaming(), [](HostState& s) { s.drained = true; });
}
HostState draining() {
  return with(streaming(), [](HostState& s) { s.draining = true; });
}
HostState draining_and_changing() {
  return with(streaming(), [](HostState& s) { s.draining = s.changing_format = true; });
}
HostState flushing() {
  return with(streaming(), [](HostState& s) { s.input_flushes = 1; });
}
HostState flushing_a_drain() {
  return with(flushing(), [](HostState& s) { s.stale_drain = true; });
}
HostState error() { return {.phase = Phase::kError, .ready = true}; }
HostState stopped() { return {.phase = Phase::kStopped, .ready = true}; }

struct Row {
  const char* rule;
  HostState from;
  H happening;
  V verdict;
  HostState to;
};

const std::vector<Row>& table() {
  static const std::vector<Row>* const rows = new std::vector<Row>{
      // Start-up.
      {"session.h start()", idle(), H::kStart, V::kAccept, configured()},
      {"session.h start(), twice", streaming(), H::kStart, V::kIgnore, streaming()},
      {"1: READY first", configured(), H::kReady, V::kAccept, ready()},
      {"1: READY once", ready(), H::kReady, V::kViolation, ready()},
      {"1: READY once", streaming(), H::kReady, V::kViolation, streaming()},
      {"1: nothing before READY", configured(), H::kConfigured, V::kViolation, configured()},
      {"1: nothing before READY", configured(), H::kInputDone, V::kViolation, configured()},
      {"3: CONFIGURED", ready(), H::kConfigured, V::kAccept, streaming()},
      {"3: any status but OK ends the session", ready(), H::kRefused, V::kFail, {.phase = Phase::kError, .ready = true}},
      {"3: the only answer to CONFIGURE", streaming(), H::kConfigured, V::kViolation, streaming()},
      {"3: CONFIGURE is the first command", ready(), H::kFormatChanged, V::kViolation, ready()},
      {"3: CONFIGURE is the first command", ready(), H::kFrame, V::kViolation, ready()},
      {"verbs don't wait for it", configured(), H::kQueue, V::kAccept, configured()},
      {"verbs are remembered", idle(), H::kQueue, V::kAccept, idle()},
      {"no firmware, no message", idle(), H::kReady, V::kViolation, idle()},
      // Buffers.
      {"5", streaming(), H::kInputDone, V::kAccept, streaming()},
      {"5", streaming(), H::kFrame, V::kAccept, streaming()},
      {"10", streaming(), H::kOutputReturned, V::kAccept, streaming()},
      // Pause by a new format.
      {"6", streaming(), H::kFormatChanged, V::kAccept, changing()},
      {"6: a pause", changing(), H::kFormatChanged, V::kViolation, changing()},
      {"6: no frame until RESUME", changing(), H::kFrame, V::kViolation, changing()},
      {"10: legal during a pause", changing(), H::kOutputReturned, V::kAccept, changing()},
      {"an input's answer may follow its header's", changing(), H::kInputDone, V::kAccept, changing()},
      {"8", changing(), H::kResume, V::kAccept, streaming()},
      {"8: without a pause nothing", streaming(), H::kResume, V::kIgnore, streaming()},
      {"8: without a pause nothing", idle(), H::kResume, V::kIgnore, idle()},
      // Drain.
      {"7", streaming(), H::kDrain, V::kAccept, draining()},
      {"session.h, 4: no second one", draining(), H::kDrain, V::kInvalid, draining()},
      {"7", draining(), H::kFrame, V::kAccept, draining()},
      {"7", draining(), H::kDrained, V::kAccept, drained()},
      {"7: nobody asked", streaming(), H::kDrained, V::kViolation, streaming()},
      {"7: a pause", drained(), H::kDrained, V::kViolation, drained()},
      {"7: a pause", drained(), H::kFrame, V::kViolation, drained()},
      {"7: a pause", drained(), H::kFormatChanged, V::kViolation, drained()},
      {"8", drained(), H::kResume, V::kAccept, streaming()},
      {"a drain may be asked for during a pause", drained(), H::kDrain, V::kAccept,
       with(drained(), [](HostState& s) { s.draining = true; })},
      // Both at once.
      {"6 and 7 overlap", draining(), H::kFormatChanged, V::kAccept, draining_and_changing()},
      {"6: not drained before RESUME", draining_and_changing(), H::kDrained, V::kViolation, draining_and_changing()},
      {"8: the drain goes on", draining_and_changing(), H::kResume, V::kAccept, draining()},
      // Flush.
      {"9", streaming(), H::kFlushInput, V::kAccept, flushing()},
      {"9", flushing(), H::kFlushedInput, V::kAccept, streaming()},
      {"9: nobody asked", streaming(), H::kFlushedInput, V::kViolation, streaming()},
      {"9: outputs are counted by the buffers", streaming(), H::kFlushOutput, V::kAccept, streaming()},
      {"8: a flush doesn't end a pause", changing(), H::kFlushInput, V::kAccept,
       with(changing(), [](HostState& s) { s.input_flushes = 1; })},
      {"8: a flush doesn't end a pause", drained(), H::kFlushInput, V::kAccept,
       with(drained(), [](HostState& s) { s.input_flushes = 1; })},
      {"9: cancels a drain", draining(), H::kFlushInput, V::kAccept, flushing_a_drain()},
      {"9: a DRAINED sent before it was read stays said", flushing_a_drain(), H::kDrained, V::kAccept,
       with(flushing(), [](HostState& s) { s.drained = true; })},
      {"9: or it never comes", flushing_a_drain(), H::kFlushedInput, V::kAccept, streaming()},
      {"9: a new drain after the flush", flushing_a_drain(), H::kDrain, V::kAccept,
       with(flushing_a_drain(), [](HostState& s) { s.draining = true; })},
      {"9: a new drain isn't answered before that FLUSHED", with(flushing(), [](HostState& s) { s.draining = true; }),
       H::kDrained, V::kViolation, with(flushing(), [](HostState& s) { s.draining = true; })},
      {"9: a new drain is answered after it", with(flushing(), [](HostState& s) { s.draining = true; }), H::kFlushedInput,
       V::kAccept, draining()},
      {"9: frames of before may still come", flushing(), H::kFrame, V::kAccept, flushing()},
      {"9: in idle the host answers itself", with(idle(), [](HostState& s) { s.draining = true; }), H::kFlushInput, V::kAccept,
       idle()},
      // The end.
      {"12", streaming(), H::kSessionError, V::kFail, error()},
      {"12", configured(), H::kSessionError, V::kFail, {.phase = Phase::kError}},
      {"death", streaming(), H::kPeerDied, V::kFail, error()},
      {"watchdog", streaming(), H::kGivenUp, V::kFail, error()},
      {"session.h, 6: failed() once", error(), H::kPeerDied, V::kIgnore, error()},
      {"session.h, 6: failed() once", error(), H::kSessionError, V::kIgnore, error()},
      {"session.h, 6: EIO", error(), H::kQueue, V::kRefuse, error()},
      {"session.h, 6: EIO", error(), H::kStart, V::kRefuse, error()},
      {"session.h, 6: EIO", error(), H::kFlushInput, V::kRefuse, error()},
      {"a dying firmware's words", error(), H::kFrame, V::kIgnore, error()},
      {"a dying firmware's words", error(), H::kReady, V::kIgnore, error()},
      {"the owner is gone", streaming(), H::kClose, V::kAccept, stopped()},
      {"the owner is gone", stopped(), H::kFrame, V::kIgnore, stopped()},
      {"the owner is gone", stopped(), H::kPeerDied, V::kIgnore, stopped()},
  };
  return *rows;
}

TEST(TheHostsStateMachine, FollowsItsTable) {
  for (const Row& row : table()) {
    const Step got = step(row.from, row.happening);
    EXPECT_EQ(got.verdict, row.verdict) << row.rule << ": " << to_string(row.happening);
    EXPECT_EQ(got.next, row.to) << row.rule << ": " << to_string(row.happening);
  }
}

// Every state that can be reached keeps these promises, whatever happens in it.
TEST(TheHostsStateMachine, KeepsItsPromisesInEveryReachableState) {
  std::vector<HostState> seen{HostState{}};
  for (size_t at = 0; at < seen.size(); ++at) {
    const HostState state = seen[at];
    for (uint8_t i = 0; i <= static_cast<uint8_t>(H::kGivenUp); ++i) {
      const H happening = static_cast<H>(i);
      const Step got = step(state, happening);
      // What isn't accepted changes nothing, except that it may end the session.
      if (got.verdict != V::kAccept && got.verdict != V::kFail) {
        EXPECT_EQ(got.next, state) << to_string(happening);
      }
      if (got.verdict == V::kFail) {
        EXPECT_EQ(got.next.phase, Phase::kError);
      }
      // Failing is said once: only from a state that hasn't failed.
      if (got.verdict == V::kFail) {
        EXPECT_NE(state.phase, Phase::kError);
      }
      // No way leads back from the end.
      if (state.phase == Phase::kStopped) {
        EXPECT_EQ(got.next.phase, Phase::kStopped);
      }
      if (state.phase == Phase::kError) {
        EXPECT_TRUE(got.next.phase == Phase::kError || got.next.phase == Phase::kStopped);
      }
      // A stale drain belongs to an unanswered flush.
      if (got.next.stale_drain) {
        EXPECT_GT(got.next.input_flushes, 0u);
      }
      if (got.next.input_flushes > 3) continue;  // the counter itself has no end
      bool known = false;
      for (const HostState& other : seen) known = known || other == got.next;
      if (!known) seen.push_back(got.next);
    }
  }
  EXPECT_GT(seen.size(), 50u);
}

}  // namespace
}  // namespace softvpu::vpu
