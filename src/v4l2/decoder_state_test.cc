// SPDX-License-Identifier: LGPL-2.1-or-later
// The stateful decoder as a table: one row a transition, each citing its clause of dev-decoder.rst (D:) or another document. And
// a walk over every state that can be reached, for what must hold in all of them.
#include "v4l2/decoder_state.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <queue>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "v4l2/decoder_rows.h"

namespace softvpu::v4l2 {
namespace {

using enum Action;

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
  events.push_back({Happening::kInputQueued});
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
    EXPECT_TRUE(!state.drain_again || (state.drain_sent && (state.draining || state.stop_remembered)));
    EXPECT_TRUE(!state.stop_remembered || (state.output_streaming && !state.capture_streaming && !state.draining));
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
