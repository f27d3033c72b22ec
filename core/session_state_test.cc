// SPDX-License-Identifier: LGPL-2.1-or-later
// The host's state machine as a table; each row cites its rule in docs/hfi.md ("The order of things") or codec/session.h.
#include "core/session_state.h"

#include <gtest/gtest.h>

#include <ostream>
#include <vector>

// The struct is C's: GoogleTest compares and prints it by these.
bool operator==(const svpu_session_state& a, const svpu_session_state& b) {
  return a.phase == b.phase && a.ready == b.ready && a.queried == b.queried && a.changing_format == b.changing_format &&
         a.drained == b.drained && a.draining == b.draining && a.stale_drain == b.stale_drain &&
         a.input_flushes == b.input_flushes;
}
void PrintTo(const svpu_session_state& state, std::ostream* out) {
  *out << "phase " << state.phase << (state.ready ? " ready" : "") << (state.queried ? " queried" : "")
       << (state.changing_format ? " changing_format" : "") << (state.drained ? " drained" : "")
       << (state.draining ? " draining" : "") << (state.stale_drain ? " stale_drain" : "")
       << " input_flushes=" << state.input_flushes;
}

namespace softvpu {

namespace {

svpu_session_state idle() { return {}; }
svpu_session_state configured() { return {.phase = SVPU_SESSION_STARTING}; }
svpu_session_state ready() { return {.phase = SVPU_SESSION_STARTING, .ready = true}; }
svpu_session_state streaming() { return {.phase = SVPU_SESSION_RUNNING, .ready = true}; }
svpu_session_state with(svpu_session_state state, void (*change)(svpu_session_state&)) {
  change(state);
  return state;
}
svpu_session_state changing() {
  return with(streaming(), [](svpu_session_state& s) { s.changing_format = true; });
}
svpu_session_state drained() {
  return with(streaming(), [](svpu_session_state& s) { s.drained = true; });
}
svpu_session_state draining() {
  return with(streaming(), [](svpu_session_state& s) { s.draining = true; });
}
svpu_session_state draining_and_changing() {
  return with(streaming(), [](svpu_session_state& s) { s.draining = s.changing_format = true; });
}
svpu_session_state flushing() {
  return with(streaming(), [](svpu_session_state& s) { s.input_flushes = 1; });
}
svpu_session_state flushing_a_drain() {
  return with(flushing(), [](svpu_session_state& s) { s.stale_drain = true; });
}
svpu_session_state error() { return {.phase = SVPU_SESSION_FAILED, .ready = true}; }
svpu_session_state stopped() { return {.phase = SVPU_SESSION_CLOSED, .ready = true}; }

struct Step {
  svpu_session_state next;
  svpu_turn turn;
};
Step step(svpu_session_state state, svpu_session_trigger what) {
  const svpu_turn turn = svpu_session_step(&state, what);
  return {state, turn};
}

struct Row {
  const char* rule;
  svpu_session_state from;
  svpu_session_trigger what;
  svpu_turn turn;
  svpu_session_state to;
};

const std::vector<Row>& table() {
  static const std::vector<Row>* const rows = new std::vector<Row>{
      // Start-up.
      {"session.h start()", idle(), SVPU_HOST_STARTS, SVPU_TURN_ACCEPTED, configured()},
      {"session.h start(), twice", streaming(), SVPU_HOST_STARTS, SVPU_TURN_IGNORED, streaming()},
      {"1: READY first", configured(), SVPU_SAID_READY, SVPU_TURN_ACCEPTED, ready()},
      {"1: READY once", ready(), SVPU_SAID_READY, SVPU_TURN_OFFENCE, ready()},
      {"1: READY once", streaming(), SVPU_SAID_READY, SVPU_TURN_OFFENCE, streaming()},
      {"1: nothing before READY", configured(), SVPU_SAID_CONFIGURED, SVPU_TURN_OFFENCE, configured()},
      {"1: nothing before READY", configured(), SVPU_SAID_INPUT_DONE, SVPU_TURN_OFFENCE, configured()},
      {"3: CONFIGURED", ready(), SVPU_SAID_CONFIGURED, SVPU_TURN_ACCEPTED, streaming()},
      {"3: any status but OK ends the session",
       ready(),
       SVPU_SAID_REFUSED,
       SVPU_TURN_FAILS,
       {.phase = SVPU_SESSION_FAILED, .ready = true}},
      {"3: the only answer to CONFIGURE", streaming(), SVPU_SAID_CONFIGURED, SVPU_TURN_OFFENCE, streaming()},
      {"3: CONFIGURE is the first command", ready(), SVPU_SAID_FORMAT_CHANGED, SVPU_TURN_OFFENCE, ready()},
      {"3: CONFIGURE is the first command", ready(), SVPU_SAID_FRAME, SVPU_TURN_OFFENCE, ready()},
      {"verbs don't wait for it", configured(), SVPU_HOST_QUEUES, SVPU_TURN_ACCEPTED, configured()},
      {"verbs are remembered", idle(), SVPU_HOST_QUEUES, SVPU_TURN_ACCEPTED, idle()},
      {"no firmware, no message", idle(), SVPU_SAID_READY, SVPU_TURN_OFFENCE, idle()},
      {"2: nobody asked", streaming(), SVPU_SAID_CAPABILITY, SVPU_TURN_OFFENCE, streaming()},
      {"2: before CONFIGURE", ready(), SVPU_HOST_QUERIES, SVPU_TURN_ACCEPTED,
       with(ready(), [](svpu_session_state& s) { s.queried = true; })},
      {"2", with(ready(), [](svpu_session_state& s) { s.queried = true; }), SVPU_SAID_CAPABILITY, SVPU_TURN_ACCEPTED,
       with(ready(), [](svpu_session_state& s) { s.queried = true; })},
      {"1: nothing before READY", with(configured(), [](svpu_session_state& s) { s.queried = true; }), SVPU_SAID_CAPABILITY,
       SVPU_TURN_OFFENCE, with(configured(), [](svpu_session_state& s) { s.queried = true; })},
      {"Versions: what isn't known has its turn once the firmware is ready", ready(), SVPU_SAID_OTHER, SVPU_TURN_ACCEPTED,
       ready()},
      {"1: nothing before READY", configured(), SVPU_SAID_OTHER, SVPU_TURN_OFFENCE, configured()},
      // Buffers.
      {"5", streaming(), SVPU_SAID_INPUT_DONE, SVPU_TURN_ACCEPTED, streaming()},
      {"5", streaming(), SVPU_SAID_FRAME, SVPU_TURN_ACCEPTED, streaming()},
      {"10", streaming(), SVPU_SAID_OUTPUT_RETURNED, SVPU_TURN_ACCEPTED, streaming()},
      // Pause by a new format.
      {"6", streaming(), SVPU_SAID_FORMAT_CHANGED, SVPU_TURN_ACCEPTED, changing()},
      {"6: a pause", changing(), SVPU_SAID_FORMAT_CHANGED, SVPU_TURN_OFFENCE, changing()},
      {"6: no frame until RESUME", changing(), SVPU_SAID_FRAME, SVPU_TURN_OFFENCE, changing()},
      {"10: legal during a pause", changing(), SVPU_SAID_OUTPUT_RETURNED, SVPU_TURN_ACCEPTED, changing()},
      {"an input's answer may follow its header's", changing(), SVPU_SAID_INPUT_DONE, SVPU_TURN_ACCEPTED, changing()},
      {"8", changing(), SVPU_HOST_RESUMES, SVPU_TURN_ACCEPTED, streaming()},
      {"8: without a pause nothing", streaming(), SVPU_HOST_RESUMES, SVPU_TURN_IGNORED, streaming()},
      {"8: without a pause nothing", idle(), SVPU_HOST_RESUMES, SVPU_TURN_IGNORED, idle()},
      // Drain.
      {"7", streaming(), SVPU_HOST_DRAINS, SVPU_TURN_ACCEPTED, draining()},
      {"session.h, 4: no second one", draining(), SVPU_HOST_DRAINS, SVPU_TURN_INVALID, draining()},
      {"7", draining(), SVPU_SAID_FRAME, SVPU_TURN_ACCEPTED, draining()},
      {"7", draining(), SVPU_SAID_DRAINED, SVPU_TURN_ACCEPTED, drained()},
      {"7: nobody asked", streaming(), SVPU_SAID_DRAINED, SVPU_TURN_OFFENCE, streaming()},
      {"7: a pause", drained(), SVPU_SAID_DRAINED, SVPU_TURN_OFFENCE, drained()},
      {"7: a pause", drained(), SVPU_SAID_FRAME, SVPU_TURN_OFFENCE, drained()},
      {"7: a pause", drained(), SVPU_SAID_FORMAT_CHANGED, SVPU_TURN_OFFENCE, drained()},
      {"8", drained(), SVPU_HOST_RESUMES, SVPU_TURN_ACCEPTED, streaming()},
      {"a drain may be asked for during a pause", drained(), SVPU_HOST_DRAINS, SVPU_TURN_ACCEPTED,
       with(drained(), [](svpu_session_state& s) { s.draining = true; })},
      // Both at once.
      {"6 and 7 overlap", draining(), SVPU_SAID_FORMAT_CHANGED, SVPU_TURN_ACCEPTED, draining_and_changing()},
      {"6: not drained before RESUME", draining_and_changing(), SVPU_SAID_DRAINED, SVPU_TURN_OFFENCE, draining_and_changing()},
      {"8: the drain goes on", draining_and_changing(), SVPU_HOST_RESUMES, SVPU_TURN_ACCEPTED, draining()},
      // Flush.
      {"9", streaming(), SVPU_HOST_FLUSHES_INPUT, SVPU_TURN_ACCEPTED, flushing()},
      {"9", flushing(), SVPU_SAID_FLUSHED_INPUT, SVPU_TURN_ACCEPTED, streaming()},
      {"9: nobody asked", streaming(), SVPU_SAID_FLUSHED_INPUT, SVPU_TURN_OFFENCE, streaming()},
      {"9: outputs are counted by the buffers", streaming(), SVPU_HOST_FLUSHES_OUTPUT, SVPU_TURN_ACCEPTED, streaming()},
      {"8: a flush doesn't end a pause", changing(), SVPU_HOST_FLUSHES_INPUT, SVPU_TURN_ACCEPTED,
       with(changing(), [](svpu_session_state& s) { s.input_flushes = 1; })},
      {"8: a flush doesn't end a pause", drained(), SVPU_HOST_FLUSHES_INPUT, SVPU_TURN_ACCEPTED,
       with(drained(), [](svpu_session_state& s) { s.input_flushes = 1; })},
      {"9: cancels a drain", draining(), SVPU_HOST_FLUSHES_INPUT, SVPU_TURN_ACCEPTED, flushing_a_drain()},
      {"9: a DRAINED sent before it was read stays said", flushing_a_drain(), SVPU_SAID_DRAINED, SVPU_TURN_ACCEPTED,
       with(flushing(), [](svpu_session_state& s) { s.drained = true; })},
      {"9: or it never comes", flushing_a_drain(), SVPU_SAID_FLUSHED_INPUT, SVPU_TURN_ACCEPTED, streaming()},
      {"9: a new drain after the flush", flushing_a_drain(), SVPU_HOST_DRAINS, SVPU_TURN_ACCEPTED,
       with(flushing_a_drain(), [](svpu_session_state& s) { s.draining = true; })},
      {"9: a new drain isn't answered before that FLUSHED", with(flushing(), [](svpu_session_state& s) { s.draining = true; }),
       SVPU_SAID_DRAINED, SVPU_TURN_OFFENCE, with(flushing(), [](svpu_session_state& s) { s.draining = true; })},
      {"9: a new drain is answered after it", with(flushing(), [](svpu_session_state& s) { s.draining = true; }),
       SVPU_SAID_FLUSHED_INPUT, SVPU_TURN_ACCEPTED, draining()},
      {"9: frames of before may still come", flushing(), SVPU_SAID_FRAME, SVPU_TURN_ACCEPTED, flushing()},
      {"9: in idle the host answers itself", with(idle(), [](svpu_session_state& s) { s.draining = true; }),
       SVPU_HOST_FLUSHES_INPUT, SVPU_TURN_ACCEPTED, idle()},
      // The end.
      {"12", streaming(), SVPU_SAID_ERROR, SVPU_TURN_FAILS, error()},
      {"12", configured(), SVPU_SAID_ERROR, SVPU_TURN_FAILS, {.phase = SVPU_SESSION_FAILED}},
      {"death", streaming(), SVPU_PEER_DIED, SVPU_TURN_FAILS, error()},
      {"watchdog", streaming(), SVPU_PEER_GIVEN_UP, SVPU_TURN_FAILS, error()},
      {"session.h, 6: failed() once", error(), SVPU_PEER_DIED, SVPU_TURN_IGNORED, error()},
      {"session.h, 6: failed() once", error(), SVPU_SAID_ERROR, SVPU_TURN_IGNORED, error()},
      {"session.h, 6: EIO", error(), SVPU_HOST_QUEUES, SVPU_TURN_REFUSED, error()},
      {"session.h, 6: EIO", error(), SVPU_HOST_STARTS, SVPU_TURN_REFUSED, error()},
      {"session.h, 6: EIO", error(), SVPU_HOST_FLUSHES_INPUT, SVPU_TURN_REFUSED, error()},
      {"a dying firmware's words", error(), SVPU_SAID_FRAME, SVPU_TURN_IGNORED, error()},
      {"a dying firmware's words", error(), SVPU_SAID_READY, SVPU_TURN_IGNORED, error()},
      {"the owner is gone", streaming(), SVPU_HOST_CLOSES, SVPU_TURN_ACCEPTED, stopped()},
      {"the owner is gone", stopped(), SVPU_SAID_FRAME, SVPU_TURN_IGNORED, stopped()},
      {"the owner is gone", stopped(), SVPU_PEER_DIED, SVPU_TURN_IGNORED, stopped()},
  };
  return *rows;
}

TEST(TheHostsStateMachine, FollowsItsTable) {
  for (const Row& row : table()) {
    const Step got = step(row.from, row.what);
    EXPECT_EQ(got.turn, row.turn) << row.rule << ": " << svpu_session_trigger_name(row.what);
    EXPECT_EQ(got.next, row.to) << row.rule << ": " << svpu_session_trigger_name(row.what);
  }
}

// Every state that can be reached keeps these promises, whatever happens in it.
TEST(TheHostsStateMachine, KeepsItsPromisesInEveryReachableState) {
  std::vector<svpu_session_state> seen{svpu_session_state{}};
  for (size_t at = 0; at < seen.size(); ++at) {
    const svpu_session_state state = seen[at];
    for (uint8_t i = 0; i <= SVPU_PEER_GIVEN_UP; ++i) {
      const auto what = static_cast<svpu_session_trigger>(i);
      const Step got = step(state, what);
      // What isn't accepted changes nothing, except that it may end the session.
      if (got.turn != SVPU_TURN_ACCEPTED && got.turn != SVPU_TURN_FAILS) {
        EXPECT_EQ(got.next, state) << svpu_session_trigger_name(what);
      }
      if (got.turn == SVPU_TURN_FAILS) {
        EXPECT_EQ(got.next.phase, SVPU_SESSION_FAILED);
      }
      // A failure is reported once: only from a state that hasn't failed.
      if (got.turn == SVPU_TURN_FAILS) {
        EXPECT_NE(state.phase, SVPU_SESSION_FAILED);
      }
      // No way leads back from the end.
      if (state.phase == SVPU_SESSION_CLOSED) {
        EXPECT_EQ(got.next.phase, SVPU_SESSION_CLOSED);
      }
      if (state.phase == SVPU_SESSION_FAILED) {
        EXPECT_TRUE(got.next.phase == SVPU_SESSION_FAILED || got.next.phase == SVPU_SESSION_CLOSED);
      }
      // A stale drain belongs to an unanswered flush.
      if (got.next.stale_drain) {
        EXPECT_GT(got.next.input_flushes, 0u);
      }
      if (got.next.input_flushes > 3) continue;  // the counter itself has no end
      bool known = false;
      for (const svpu_session_state& other : seen) known = known || other == got.next;
      if (!known) seen.push_back(got.next);
    }
  }
  EXPECT_GT(seen.size(), 50u);
}

// Each type of entry is one trigger, by what it says.
TEST(AnEntry, IsWhatItSays) {
  union {
    svpu_entry entry;
    svpu_msg_status status;
    svpu_msg_output_done output;
    svpu_msg_flushed flushed;
    svpu_cmd_flush flush;
  } any{};
  const auto said = [&any](uint16_t type) {
    any.entry.type = type;
    return svpu_session_said(&any.entry);
  };
  any.status.status = SVPU_OK;
  EXPECT_EQ(said(SVPU_MSG_CONFIGURED), SVPU_SAID_CONFIGURED);
  any.status.status = SVPU_E_INVALID;
  EXPECT_EQ(said(SVPU_MSG_CONFIGURED), SVPU_SAID_REFUSED);
  any = {};
  any.output.status = SVPU_CANCELLED;
  EXPECT_EQ(said(SVPU_MSG_OUTPUT_DONE), SVPU_SAID_OUTPUT_RETURNED);
  any.output.status = SVPU_OK;
  EXPECT_EQ(said(SVPU_MSG_OUTPUT_DONE), SVPU_SAID_FRAME);
  any = {};
  any.flushed.direction = SVPU_INPUT;
  EXPECT_EQ(said(SVPU_MSG_FLUSHED), SVPU_SAID_FLUSHED_INPUT);
  any.flushed.direction = SVPU_OUTPUT;
  EXPECT_EQ(said(SVPU_MSG_FLUSHED), SVPU_SAID_FLUSHED_OUTPUT);
  EXPECT_EQ(said(SVPU_MSG_SYSTEM_ERROR), SVPU_SAID_ERROR);
  EXPECT_EQ(said(SVPU_MSG_CAPABILITIES_END), SVPU_SAID_CAPABILITY);
  EXPECT_EQ(said(0x7fff), SVPU_SAID_OTHER);
  any = {};
  any.entry.type = SVPU_CMD_FLUSH;
  any.flush.direction = SVPU_OUTPUT;
  EXPECT_EQ(svpu_session_wants(&any.entry), SVPU_HOST_FLUSHES_OUTPUT);
  any.entry.type = SVPU_CMD_QUEUE_INPUT;
  EXPECT_EQ(svpu_session_wants(&any.entry), SVPU_HOST_QUEUES);
}

}  // namespace
}  // namespace softvpu
