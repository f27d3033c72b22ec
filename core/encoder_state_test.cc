// SPDX-License-Identifier: LGPL-2.1-or-later
// The stateful encoder as a table (encoder_rows_test.cc), the questions to its state, and a walk over every state that can be
// reached, for what must hold in all of them.
#include "core/encoder_state.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <queue>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/testing/encoder_rows.h"

namespace softvpu::encoder_rows {
namespace {

const std::vector<Row>& rows() {
  static const auto& table = *[] {
    auto* all = new std::vector<Row>;
    for (const auto& section : {start_rows(), drain_rows(), restart_rows(), aborted_drain_rows(), reset_rows(), failure_rows()})
      all->insert(all->end(), section.begin(), section.end());
    return all;
  }();
  return table;
}

std::vector<svpu_encoder_action> actions_of(const svpu_encoder_transition& transition) {
  std::vector<svpu_encoder_action> actions;
  for (const svpu_encoder_action action : transition.actions)
    if (action != SVPU_ENCODER_DO_NOTHING) actions.push_back(action);
  return actions;
}

class TheEncoderTable : public testing::TestWithParam<size_t> {};

TEST_P(TheEncoderTable, Holds) {
  const Row& row = rows()[GetParam()];
  SCOPED_TRACE(row.clause);
  const svpu_encoder_transition transition = step(row.from, row.what);
  EXPECT_EQ(transition.verdict, row.verdict);
  EXPECT_EQ(actions_of(transition), row.actions);
  EXPECT_EQ(transition.next, with(row.from, row.change));
}

INSTANTIATE_TEST_SUITE_P(Rows, TheEncoderTable, testing::Range<size_t>(0, rows().size()));

TEST(AQueuedPicture, GoesToTheSessionWhileBothQueuesStream) {
  const auto passes = [](const svpu_encoder_state& state) { return svpu_encoder_passes_inputs(&state); };
  EXPECT_FALSE(passes(opened()));
  EXPECT_TRUE(passes(encoding()));
  EXPECT_TRUE(passes(draining())) << "the session reads none of what is behind a drain";
  EXPECT_FALSE(passes(with(encoding(), [](auto& s) { s.capture_streaming = false; }))) << "Reset";
  EXPECT_FALSE(passes(with(encoding(), [](auto& s) { s.output_streaming = false; })));
  EXPECT_FALSE(passes(stopped())) << "Drain, step 3: accepted, not processed";
  EXPECT_FALSE(passes(with(draining(), [](auto& s) { s.drain_again = true; }))) << "behind a STOP that waits";
  EXPECT_FALSE(passes(failed()));
}

TEST(ACodedBuffer, IsLentWhileItMayBeFilled) {
  const auto lent = [](const svpu_encoder_state& state) { return svpu_encoder_lends_outputs(&state); };
  EXPECT_FALSE(lent(opened()));
  EXPECT_TRUE(lent(encoding()));
  EXPECT_TRUE(lent(draining()));
  EXPECT_TRUE(lent(with(encoding(), [](auto& s) { s.output_streaming = false; }))) << "for what was read already";
  EXPECT_FALSE(lent(with(encoding(), [](auto& s) { s.capture_streaming = false; })));
  EXPECT_FALSE(lent(stopped()));
  EXPECT_FALSE(lent(owing_last())) << "the next one carries LAST";
  EXPECT_FALSE(lent(failed()));
}

TEST(AnEncoder, OwesLastWhileCaptureStreams) {
  const svpu_encoder_state owing = owing_last(), done = stopped();
  EXPECT_TRUE(svpu_encoder_owes_last(&owing));
  EXPECT_FALSE(svpu_encoder_owes_last(&done));
}

TEST(AnEncoder, HasNamesForWhatItDoes) {
  for (int action = SVPU_ENCODER_DO_NOTHING; action <= SVPU_ENCODER_DO_FAIL_QUEUES; ++action)
    EXPECT_STRNE(svpu_encoder_action_name(static_cast<svpu_encoder_action>(action)), "?");
  EXPECT_STREQ(svpu_encoder_action_name(static_cast<svpu_encoder_action>(-1)), "?");
}

// Every event that could come in a state: the client may do anything at any time, the session only what its contract allows.
std::vector<svpu_encoder_trigger> possible(const svpu_encoder_state& s) {
  std::vector<svpu_encoder_trigger> events{SVPU_ENCODER_ON_STOP, SVPU_ENCODER_ON_START};
  events.push_back(s.output_streaming ? SVPU_ENCODER_ON_OUTPUT_STREAMOFF : SVPU_ENCODER_ON_OUTPUT_STREAMON);
  events.push_back(s.capture_streaming ? SVPU_ENCODER_ON_CAPTURE_STREAMOFF : SVPU_ENCODER_ON_CAPTURE_STREAMON);
  if (!s.output_streaming) events.push_back(SVPU_ENCODER_ON_OUTPUT_FREED);
  if (s.last_wanted && s.capture_streaming) events.push_back(SVPU_ENCODER_ON_LAST_COMPLETED);
  if (s.session_open && !s.paused) {
    if (s.drain_sent) events.push_back(SVPU_ENCODER_ON_DRAINED);
    if (!s.output_streaming) events.push_back(SVPU_ENCODER_ON_STALE_DRAINED);
  }
  if (s.session_open) events.push_back(SVPU_ENCODER_ON_SESSION_FAILED);
  return events;
}

std::string text(const svpu_encoder_state& s) {
  std::ostringstream out;
  PrintTo(s, &out);
  return out.str();
}

std::vector<svpu_encoder_state> reachable() {
  std::vector<svpu_encoder_state> found;
  std::set<std::string> seen{text(opened())};
  std::queue<svpu_encoder_state> todo;
  todo.push(opened());
  while (!todo.empty()) {
    const svpu_encoder_state state = todo.front();
    todo.pop();
    found.push_back(state);
    for (const svpu_encoder_trigger what : possible(state)) {
      const svpu_encoder_state next = step(state, what).next;
      if (seen.insert(text(next)).second) todo.push(next);
    }
  }
  return found;
}

TEST(EveryReachableEncoderState, KeepsTheSessionsRules) {
  for (const svpu_encoder_state& state : reachable()) {
    SCOPED_TRACE(text(state));
    EXPECT_TRUE(!state.paused || state.session_open);
    EXPECT_TRUE(!state.drain_sent || state.session_open);
    EXPECT_TRUE(!state.drain_again || (state.drain_sent && state.draining));
    EXPECT_TRUE(!state.draining || (state.capture_streaming && state.session_open));
    EXPECT_TRUE(!state.last_wanted || state.capture_streaming);
    EXPECT_EQ(state.session_open, state.phase == SVPU_ENCODER_ENCODING || state.phase == SVPU_ENCODER_STOPPED);
    EXPECT_TRUE(state.phase != SVPU_ENCODER_FAILED || state.output_streaming || state.capture_streaming);
    // Where both queues stream and nothing is over, frames are encoded.
    EXPECT_TRUE(state.phase != SVPU_ENCODER_ENCODING || !state.output_streaming || !state.capture_streaming || !state.paused);
    for (const svpu_encoder_trigger what : possible(state)) {
      SCOPED_TRACE(static_cast<int>(what));
      const svpu_encoder_transition t = step(state, what);
      const auto actions = actions_of(t);
      const auto count = [&](svpu_encoder_action a) { return std::count(actions.begin(), actions.end(), a); };
      const bool closed = count(SVPU_ENCODER_DO_CLOSE_SESSION) > 0;
      const bool paused = state.paused || what == SVPU_ENCODER_ON_DRAINED || what == SVPU_ENCODER_ON_STALE_DRAINED;
      EXPECT_EQ(count(SVPU_ENCODER_DO_RESUME), !closed && paused && !t.next.paused ? 1 : 0);  // once for each pause
      EXPECT_LE(count(SVPU_ENCODER_DO_DRAIN), 1);
      EXPECT_TRUE(count(SVPU_ENCODER_DO_DRAIN) == 0 || !state.drain_sent || what == SVPU_ENCODER_ON_DRAINED);
      EXPECT_EQ(count(SVPU_ENCODER_DO_START_SESSION), !state.session_open && t.next.session_open ? 1 : 0);
      EXPECT_TRUE(count(SVPU_ENCODER_DO_DELIVER_LAST) == 0 || t.next.last_wanted);
      if (t.verdict != SVPU_ACCEPTED) {
        EXPECT_EQ(t.next, state);
        EXPECT_TRUE(actions.empty());
      }
      // A drain that ends where CAPTURE goes on streaming ends with a LAST, and the event behind it.
      if (state.draining && !t.next.draining && t.next.capture_streaming && what != SVPU_ENCODER_ON_SESSION_FAILED) {
        EXPECT_TRUE(what == SVPU_ENCODER_ON_LAST_COMPLETED || what == SVPU_ENCODER_ON_OUTPUT_STREAMON ||
                    (what == SVPU_ENCODER_ON_OUTPUT_FREED && t.next.last_wanted));
      }
      EXPECT_EQ(count(SVPU_ENCODER_DO_EVENT_EOS), what == SVPU_ENCODER_ON_LAST_COMPLETED ? 1 : 0);
    }
  }
}

// Restarting both queues leads back to encoding from everywhere.
TEST(EveryReachableEncoderState, HasAWayBackToEncoding) {
  for (svpu_encoder_state state : reachable()) {
    SCOPED_TRACE(text(state));
    const auto go = [&](svpu_encoder_trigger what) { state = step(state, what).next; };
    if (state.capture_streaming) go(SVPU_ENCODER_ON_CAPTURE_STREAMOFF);
    if (state.output_streaming) go(SVPU_ENCODER_ON_OUTPUT_STREAMOFF);
    go(SVPU_ENCODER_ON_OUTPUT_STREAMON);
    go(SVPU_ENCODER_ON_CAPTURE_STREAMON);
    EXPECT_EQ(state.phase, SVPU_ENCODER_ENCODING);
    EXPECT_FALSE(state.paused);
    EXPECT_FALSE(state.draining);
    EXPECT_FALSE(state.last_wanted);
  }
}

}  // namespace
}  // namespace softvpu::encoder_rows
