// SPDX-License-Identifier: LGPL-2.1-or-later
// Which answers to queued buffers may come, for both hosts. Each test cites its rule of docs/hfi.md, "The order of things".
#include "core/buffer_answers.h"

#include <gtest/gtest.h>

namespace softvpu {
namespace {

// Buffers as a host's books have them: one stamp per queueing.
class TheAnswers : public testing::Test {
 protected:
  svpu_queueing input() { return svpu_requests_stamp(&asked_, SVPU_INPUT); }
  svpu_queueing output() { return svpu_requests_stamp(&asked_, SVPU_OUTPUT); }
  void flush(svpu_direction side) { svpu_requests_begin_flush(&asked_, side); }
  void take_back() { svpu_requests_begin_return(&asked_); }
  bool flushed(svpu_direction side, const svpu_queueing* oldest = nullptr) {
    return svpu_requests_end_flush(&asked_, side, oldest) == nullptr;
  }
  bool input_done(const svpu_queueing& which, bool oldest, uint32_t status) {
    return svpu_requests_input_done(&asked_, &which, oldest, status) == nullptr;
  }
  bool output_done(const svpu_queueing& which, uint32_t status) {
    return svpu_requests_output_done(&asked_, &which, status) == nullptr;
  }
  svpu_requests asked_{};
};

// 5: "Inputs are consumed and answered in order".
TEST_F(TheAnswers, ReturnInputsInOrder) {
  const auto first = input();
  EXPECT_TRUE(input_done(first, true, SVPU_OK));
  EXPECT_FALSE(input_done(first, false, SVPU_OK));
  EXPECT_FALSE(input_done(first, false, SVPU_DATA_ERROR));
}

// 9: what a FLUSH returns unused comes in any order, what was finished doesn't.
TEST_F(TheAnswers, ReturnFlushedInputsInAnyOrder) {
  const auto before = input();
  flush(SVPU_INPUT);
  EXPECT_TRUE(input_done(before, false, SVPU_CANCELLED));
  EXPECT_FALSE(input_done(before, false, SVPU_OK));
  EXPECT_FALSE(input_done(input(), true, SVPU_CANCELLED)) << "queued behind the flush";
}

TEST_F(TheAnswers, ReturnNoInputUnusedUnasked) {
  const auto one = input();
  flush(SVPU_OUTPUT);
  EXPECT_FALSE(input_done(one, true, SVPU_CANCELLED));
}

// 9: a FLUSHED for each FLUSH of its side, when everything before it is back.
TEST_F(TheAnswers, EndAFlushThatWasAskedFor) {
  EXPECT_FALSE(flushed(SVPU_INPUT));
  flush(SVPU_INPUT);
  EXPECT_FALSE(flushed(SVPU_OUTPUT));
  EXPECT_TRUE(svpu_requests_is_flushing(&asked_, SVPU_INPUT));
  EXPECT_TRUE(flushed(SVPU_INPUT));
  EXPECT_FALSE(svpu_requests_is_flushing(&asked_, SVPU_INPUT));
  EXPECT_FALSE(flushed(SVPU_INPUT));
}

TEST_F(TheAnswers, KeepNothingOverAFlush) {
  const auto before = output();
  flush(SVPU_OUTPUT);
  const auto after = output();
  flush(SVPU_OUTPUT);
  svpu_requests twice = asked_;
  EXPECT_NE(svpu_requests_end_flush(&twice, SVPU_OUTPUT, &before), nullptr);
  EXPECT_TRUE(flushed(SVPU_OUTPUT, &after)) << "it belongs to the second flush";
  EXPECT_FALSE(flushed(SVPU_OUTPUT, &after));
}

// 10: one output for a RETURN_OUTPUT.
TEST_F(TheAnswers, ReturnOneOutputPerRequest) {
  const auto one = output(), two = output();
  EXPECT_FALSE(output_done(one, SVPU_CANCELLED));
  EXPECT_TRUE(output_done(one, SVPU_OK)) << "a frame needs no request";
  take_back();
  EXPECT_TRUE(output_done(one, SVPU_CANCELLED));
  EXPECT_FALSE(output_done(two, SVPU_CANCELLED));
  take_back();
  take_back();
  EXPECT_TRUE(output_done(one, SVPU_CANCELLED));
  EXPECT_TRUE(output_done(two, SVPU_CANCELLED));
  EXPECT_FALSE(output_done(two, SVPU_CANCELLED));
}

// 10: "If none is queued nothing is sent": that request stays unanswered, also later.
TEST_F(TheAnswers, ReturnNoOutputThatWasQueuedAfterTheRequest) {
  take_back();
  const auto later = output();
  EXPECT_FALSE(output_done(later, SVPU_CANCELLED));
  take_back();
  EXPECT_TRUE(output_done(later, SVPU_CANCELLED)) << "the second request's";
  EXPECT_FALSE(output_done(later, SVPU_CANCELLED)) << "the first request's";
}

// 9 and 10: the one output that a request returned was flushed as well; nothing is owed for it afterwards.
TEST_F(TheAnswers, OweNothingAfterARecall) {
  const auto one = output(), two = output();
  take_back();
  flush(SVPU_OUTPUT);
  const auto again = output();
  EXPECT_TRUE(output_done(one, SVPU_CANCELLED));
  EXPECT_TRUE(output_done(two, SVPU_CANCELLED));
  EXPECT_TRUE(flushed(SVPU_OUTPUT, &again));
  EXPECT_FALSE(output_done(again, SVPU_CANCELLED));
}

}  // namespace
}  // namespace softvpu
