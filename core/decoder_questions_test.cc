// SPDX-License-Identifier: LGPL-2.1-or-later
// What both hosts ask the decoder's state: what becomes of a queued input, when CAPTURE buffers are lent. D: dev-decoder.rst.
#include <gtest/gtest.h>

#include <vector>

#include "core/testing/decoder_rows.h"

namespace softvpu {
namespace {

svpu_decoder_state capturing(svpu_decoder_state s) {
  s.capture_streaming = true;
  return s;
}

struct InputRow {
  const char* clause;
  svpu_decoder_state state;
  svpu_queued_input input;
  svpu_input_turn turn;
};

TEST(AQueuedInput, GoesToTheSessionInItsTurn) {
  const svpu_queued_input data{}, empty{.empty = true}, covered{.covered = true};
  const auto again = [](auto& s) { s.drain_again = s.draining = true; };
  const std::vector<InputRow> rows{
      {"D: Initialization, step 3: without a session nothing goes", opened(), data, SVPU_INPUT_WAITS},
      {"D: Seek, step 1: nor while OUTPUT doesn't stream", with(decoding(), [](auto& s) { s.output_streaming = false; }), data,
       SVPU_INPUT_WAITS},
      {"D: Initialization, step 3", waiting_for_header(), data, SVPU_INPUT_GOES},
      {"D: Capture Setup: the session holds it back itself", capture_setup(), data, SVPU_INPUT_GOES},
      {"D: Decoding", decoding(), data, SVPU_INPUT_GOES},
      {"D: Drain, step 3: accepted while stopped, the session holds it back", stopped(), data, SVPU_INPUT_GOES},
      {"D: Drain, introduction: what is queued after a second STOP waits", with(decoding(), again), data, SVPU_INPUT_WAITS},
      {"… and what was queued before it goes", with(decoding(), again), covered, SVPU_INPUT_GOES},
      {"an empty one is the older STOP (v4l2-mem2mem)", decoding(), empty, SVPU_INPUT_GOES_AND_STOPS},
      {"… also before a header, where CAPTURE streams", capturing(waiting_for_header()), empty, SVPU_INPUT_GOES_AND_STOPS},
      {"… but ahead of any header it says nothing", waiting_for_header(), empty, SVPU_INPUT_GOES},
      {"… unless those before it may bring one",
       waiting_for_header(),
       {.empty = true, .others_with_session = true},
       SVPU_INPUT_WAITS},
      {"… it waits for CAPTURE", capture_setup(), empty, SVPU_INPUT_WAITS},
      {"… and for START", draining(), empty, SVPU_INPUT_WAITS},
      {"… when stopped as well", stopped(), empty, SVPU_INPUT_WAITS},
      {"… ahead of a later STOP it says nothing more", draining(), {.empty = true, .covered = true}, SVPU_INPUT_GOES},
  };
  for (const InputRow& row : rows) {
    SCOPED_TRACE(row.clause);
    EXPECT_EQ(svpu_decoder_input_turn(&row.state, &row.input), row.turn);
  }
}

TEST(ACaptureBuffer, IsLentOnlyWhileDecoding) {
  const auto lent = [](const svpu_decoder_state& state) { return svpu_decoder_lends_outputs(&state); };
  EXPECT_TRUE(lent(decoding()));
  EXPECT_TRUE(lent(draining()));
  EXPECT_FALSE(lent(capturing(waiting_for_header()))) << "its geometry isn't known";
  EXPECT_FALSE(lent(capturing(capture_setup()))) << "nor that it suits the stream";
  EXPECT_FALSE(lent(stopped()));
  EXPECT_FALSE(lent(with(decoding(), [](auto& s) { s.change_held = s.paused = true; }))) << "of a geometry that is over";
  EXPECT_FALSE(lent(with(decoding(), [](auto& s) { s.last_wanted = true; }))) << "it is due as LAST";
  EXPECT_FALSE(lent(with(decoding(), [](auto& s) { s.capture_streaming = false; })));
}

TEST(ACaptureBuffer, OfTheOldSizeIsTakenUntilAChangeIsAnswered) {
  const auto taken = [](const svpu_decoder_state& state) { return svpu_decoder_takes_old_buffers(&state); };
  EXPECT_TRUE(taken(changing()));
  EXPECT_TRUE(taken(with(decoding(), [](auto& s) { s.change_held = s.paused = true; })));
  EXPECT_FALSE(taken(capture_setup())) << "CAPTURE was restarted or never streamed";
  EXPECT_FALSE(taken(decoding()));
}

TEST(AStop, IsPendingUntilItsLast) {
  const auto pending = [](const svpu_decoder_state& state) { return svpu_decoder_stop_is_pending(&state); };
  EXPECT_TRUE(pending(draining()));
  EXPECT_TRUE(pending(with(capture_setup(), [](auto& s) { s.stop_remembered = true; })));
  EXPECT_FALSE(pending(stopped()));
}

}  // namespace
}  // namespace softvpu
