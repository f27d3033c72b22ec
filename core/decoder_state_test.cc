// SPDX-License-Identifier: LGPL-2.1-or-later
// The stateful decoder as a table: one row per transition, each citing its clause of
// dev-decoder.rst (D:) or another document. And a walk over every state that can be reached, for
// what must hold in all of them.
#include "core/decoder_state.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <queue>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/testing/decoder_rows.h"

namespace softvpu {
namespace {

const std::vector<Row>& rows() {
  static const auto& table = *[] {
    auto* all = new std::vector<Row>;
    for (const auto& section : {initialization_rows(), capture_setup_rows(), seek_rows(), resolution_change_rows(), drain_rows(),
                                early_stop_rows(), aborted_drain_rows(), drain_and_change_rows(), failure_rows()})
      all->insert(all->end(), section.begin(), section.end());
    return all;
  }();
  return table;
}

std::vector<svpu_decoder_action> actions_of(const svpu_decoder_transition& transition) {
  std::vector<svpu_decoder_action> actions;
  for (const svpu_decoder_action action : transition.actions)
    if (action != SVPU_DO_NOTHING) actions.push_back(action);
  return actions;
}

class TheDecoderTable : public testing::TestWithParam<size_t> {};

TEST_P(TheDecoderTable, Holds) {
  const Row& row = rows()[GetParam()];
  SCOPED_TRACE(row.clause);
  const svpu_decoder_transition transition = step(row.from, row.event);
  EXPECT_EQ(transition.verdict, row.verdict);
  EXPECT_EQ(actions_of(transition), row.actions);
  EXPECT_EQ(transition.next, with(row.from, row.change));
}

INSTANTIATE_TEST_SUITE_P(Rows, TheDecoderTable, testing::Range<size_t>(0, rows().size()));

// Every event that could come in a state: the client may do anything at any time, the session only what its contract allows.
std::vector<svpu_decoder_event> possible(const svpu_decoder_state& s) {
  std::vector<svpu_decoder_event> events;
  if (!s.output_streaming) events.push_back({SVPU_ON_OUTPUT_STREAMON});
  if (s.output_streaming) events.push_back({SVPU_ON_OUTPUT_STREAMOFF});
  if (!s.output_streaming) events.push_back({SVPU_ON_OUTPUT_FREED});
  if (s.capture_streaming) events.push_back({SVPU_ON_CAPTURE_STREAMOFF});
  if (s.capture_streaming) events.push_back({SVPU_ON_CAPTURE_DONE_EMPTY});
  if (s.last_wanted && s.capture_streaming) events.push_back({SVPU_ON_LAST_COMPLETED});
  events.push_back({SVPU_ON_INPUT_QUEUED});
  events.push_back({SVPU_ON_STOP});
  for (const bool fits : {false, true}) {
    if (!s.capture_streaming) events.push_back({.what = SVPU_ON_CAPTURE_STREAMON, .fits = fits});
    events.push_back({.what = SVPU_ON_START, .fits = fits});
    if (s.session_open && !s.paused)
      for (const bool waiting : {false, true})
        if (!waiting || s.capture_streaming)
          events.push_back({.what = SVPU_ON_FORMAT_CHANGED, .fits = fits && s.capture_streaming, .frames_waiting = waiting});
  }
  if (s.session_open && !s.paused && s.drain_sent) events.push_back({.what = SVPU_ON_DRAINED});
  if (s.session_open && !s.paused) events.push_back({.what = SVPU_ON_DRAINED, .stale = true});
  if (s.session_open) events.push_back({SVPU_ON_SESSION_FAILED});
  return events;
}

std::string text(const svpu_decoder_state& s) {
  std::ostringstream out;
  PrintTo(s, &out);
  return out.str();
}

std::vector<svpu_decoder_state> reachable() {
  std::vector<svpu_decoder_state> found;
  std::set<std::string> seen{text(opened())};
  std::queue<svpu_decoder_state> todo;
  todo.push(opened());
  while (!todo.empty()) {
    const svpu_decoder_state state = todo.front();
    todo.pop();
    found.push_back(state);
    for (const svpu_decoder_event& event : possible(state)) {
      const svpu_decoder_state next = step(state, event).next;
      if (seen.insert(text(next)).second) todo.push(next);
    }
  }
  return found;
}

TEST(EveryReachableDecoderState, KeepsTheSessionsRules) {
  for (const svpu_decoder_state& state : reachable()) {
    SCOPED_TRACE(text(state));
    EXPECT_TRUE(!state.paused || state.session_open);
    EXPECT_TRUE(!state.drain_sent || state.session_open);
    EXPECT_TRUE(!state.drain_again || (state.drain_sent && (state.draining || state.stop_remembered)));
    EXPECT_TRUE(!state.stop_remembered || (state.output_streaming && !state.capture_streaming && !state.draining));
    EXPECT_TRUE(!state.change_held || (state.paused && state.capture_streaming));
    EXPECT_TRUE(!state.last_wanted || state.capture_streaming);
    EXPECT_TRUE(state.phase != SVPU_PHASE_DECODING || state.header_known);
    EXPECT_TRUE(state.phase != SVPU_PHASE_CAPTURE_SETUP || state.paused);
    EXPECT_TRUE(state.phase != SVPU_PHASE_FAILED || !state.session_open);
    for (const svpu_decoder_event& event : possible(state)) {
      SCOPED_TRACE(static_cast<int>(event.what));
      const svpu_decoder_transition t = step(state, event);
      const auto actions = actions_of(t);
      const auto count = [&](svpu_decoder_action a) { return std::count(actions.begin(), actions.end(), a); };
      const bool closed = count(SVPU_DO_CLOSE_SESSION) > 0;
      const bool paused = state.paused || event.what == SVPU_ON_FORMAT_CHANGED || event.what == SVPU_ON_DRAINED;
      EXPECT_EQ(count(SVPU_DO_RESUME), !closed && paused && !t.next.paused ? 1 : 0);  // once for each pause
      EXPECT_LE(count(SVPU_DO_DRAIN), 1);
      EXPECT_TRUE(count(SVPU_DO_DRAIN) == 0 || !state.drain_sent || event.what == SVPU_ON_DRAINED);
      if (t.verdict != SVPU_ACCEPTED) {
        EXPECT_EQ(t.next, state);
        EXPECT_TRUE(actions.empty());
      }
      EXPECT_TRUE(count(SVPU_DO_DELIVER_LAST) == 0 || t.next.last_wanted);
      EXPECT_EQ(t.actions[SVPU_MAX_DECODER_ACTIONS - 1], SVPU_DO_NOTHING);  // none was cut off
    }
  }
}

// Nobody waits forever: where CAPTURE streams in a state that delivers nothing, a LAST is owed or
// was given, and the client has a way back to decoding that needs nothing but restarting the
// queues.
TEST(EveryReachableDecoderState, HasAWayBackToDecoding) {
  for (svpu_decoder_state state : reachable()) {
    SCOPED_TRACE(text(state));
    const auto go = [&](svpu_decoder_event event) { state = step(state, event).next; };
    if (state.capture_streaming) go({SVPU_ON_CAPTURE_STREAMOFF});
    if (state.output_streaming) go({SVPU_ON_OUTPUT_STREAMOFF});
    go({SVPU_ON_OUTPUT_STREAMON});
    go({.what = SVPU_ON_CAPTURE_STREAMON, .fits = true});
    if (state.phase == SVPU_PHASE_INITIALIZATION) go({.what = SVPU_ON_FORMAT_CHANGED, .fits = true});
    EXPECT_EQ(state.phase, SVPU_PHASE_DECODING);
    EXPECT_FALSE(state.paused);
    EXPECT_FALSE(state.draining);
  }
}

}  // namespace
}  // namespace softvpu
