// SPDX-License-Identifier: LGPL-2.1-or-later
// The contract of src/codec/session.h as tests: every lower half passes them. A lower half includes this header in one test file,
// derives a Bench, and instantiates:
//   INSTANTIATE_TEST_SUITE_P(Null, SessionContract, testing::Values(MakeBench{"InOrder", &make_null_bench}), bench_name);
// Numbers in brackets are those of the contract's list.
#pragma once

#include "tests/contract/session_bench.h"

namespace softvpu::codec::contract {

// [3]
TEST_P(SessionContract, AnnouncesTheStreamBeforeItsFirstFrame) {
  begin(kSmall, 4);
  ASSERT_TRUE(call([&] { return session_->drain(); }));
  ASSERT_TRUE(recycle_until([](const auto& said) { return count(said, Said::kDrained) == 1; }));
  const auto said = listener_->all();
  const auto format = std::find_if(said.begin(), said.end(), [](const Said& s) { return s.kind == Said::kFormat; });
  const auto frame = std::find_if(said.begin(), said.end(), is_frame);
  ASSERT_NE(frame, said.end());
  EXPECT_LT(format - said.begin(), frame - said.begin());
  EXPECT_TRUE(format->initial);
  EXPECT_EQ(format->format.coded, kSmall);
  EXPECT_EQ(format->format.visible, (Rect{0, 0, kSmall.width, kSmall.height}));
  EXPECT_GE(format->format.min_output_buffers, 1u);
}

// [3]
TEST_P(SessionContract, HoldsOutputsBackUntilResumed) {
  feed_all(bench_->stream(kSmall, 4));
  ASSERT_TRUE(wait_count(Said::kFormat, 1));
  set_layout(*last_format());
  add_outputs(4);
  EXPECT_TRUE(stays(Said::kOutput, 0));
  ASSERT_TRUE(call([&] { return session_->resume(); }));
  EXPECT_TRUE(wait_count(Said::kOutput, 1));
}

// [1], [2]
TEST_P(SessionContract, AnswersEachInputOnceAndInOrder) {
  begin(kSmall, 8);
  ASSERT_TRUE(call([&] { return session_->drain(); }));
  ASSERT_TRUE(recycle_until([](const auto& said) { return count(said, Said::kDrained) == 1; }));
  std::vector<Cookie> answered;
  for (const Said& s : listener_->all())
    if (s.kind == Said::kInput) {
      answered.push_back(s.cookie);
      EXPECT_EQ(s.status, DoneStatus::kOk);
    }
  EXPECT_EQ(answered, inputs_);
}

// [1], [2]
TEST_P(SessionContract, DeliversEveryFrameOnceWithTheTagOfItsInput) {
  constexpr uint32_t kFrames = 8;
  begin(kSmall, kFrames);
  ASSERT_TRUE(call([&] { return session_->drain(); }));
  ASSERT_TRUE(recycle_until([](const auto& said) { return count(said, Said::kDrained) == 1; }));
  std::multiset<uint64_t> tags;
  std::set<Cookie> cookies;
  for (const Said& s : listener_->all()) {
    if (!is_frame(s)) continue;
    EXPECT_TRUE(s.output.has_tag);
    tags.insert(static_cast<uint64_t>(s.output.tag));
    EXPECT_TRUE(outputs_.contains(s.cookie)) << "a cookie that was never queued";
    EXPECT_TRUE(cookies.insert(s.cookie).second) << "one queueing, two answers";
    EXPECT_EQ(s.output.bytes_used[0], layout_.plane_size[0]);
  }
  std::multiset<uint64_t> expected;
  for (uint64_t tag = 1; tag <= kFrames; ++tag) expected.insert(tag);
  EXPECT_EQ(tags, expected);
}

// Brief of the seam: few buffers never deadlock.
TEST_P(SessionContract, NeedsNoMoreOutputsThanItAskedFor) {
  begin(kSmall, 12, 0);
  ASSERT_TRUE(call([&] { return session_->drain(); }));
  ASSERT_TRUE(recycle_until([](const auto& said) { return count(said, Said::kDrained) == 1; }));
  EXPECT_EQ(frames(listener_->all()), 12u);
}

// kContinuousByteStream
TEST_P(SessionContract, TakesAByteStreamCutAnywhere) {
  const auto capabilities = bench_->driver().capabilities();
  ASSERT_TRUE(capabilities);
  const CodecInfo* codec = capabilities->find(Role::kDecoder, bench_->coded());
  ASSERT_NE(codec, nullptr);
  if ((codec->flags & kContinuousByteStream) == 0) GTEST_SKIP() << "this codec takes whole frames";
  std::vector<uint8_t> whole;
  for (const auto& chunk : bench_->stream(kSmall, 3)) whole.insert(whole.end(), chunk.begin(), chunk.end());
  const size_t piece = std::max<size_t>(whole.size() / 40, 1);
  for (size_t at = 0; at < whole.size(); at += piece)
    feed(
        {whole.begin() + static_cast<ptrdiff_t>(at), whole.begin() + static_cast<ptrdiff_t>(std::min(at + piece, whole.size()))});
  ASSERT_TRUE(wait_count(Said::kFormat, 1));
  go_on();
  ASSERT_TRUE(call([&] { return session_->drain(); }));
  ASSERT_TRUE(recycle_until([](const auto& said) { return count(said, Said::kDrained) == 1; }));
  EXPECT_EQ(frames(listener_->all()), 3u);
  EXPECT_EQ(count(Said::kInput), inputs_.size());
}

// [4]
TEST_P(SessionContract, SaysDrainedAfterTheLastFrame) {
  begin(kSmall, 5);
  ASSERT_TRUE(call([&] { return session_->drain(); }));
  ASSERT_TRUE(recycle_until([](const auto& said) { return count(said, Said::kDrained) == 1; }));
  const auto said = listener_->all();
  EXPECT_EQ(frames(said), 5u);
  EXPECT_EQ(count(said, Said::kInput), 5u);
  EXPECT_EQ(said.back().kind, Said::kDrained);
}

// [4]
TEST_P(SessionContract, DrainsWithNothingQueued) {
  ASSERT_TRUE(call([&] { return session_->drain(); }));
  EXPECT_TRUE(wait_count(Said::kDrained, 1));
}

// [4] What is no stream doesn't pass in silence; nothing at all is no damage.
TEST_P(SessionContract, SaysWhatIsNoStream) {
  std::vector<uint8_t> noise(3000);
  for (size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<uint8_t>(i * i * 7 + i / 5 + 1);
  const std::vector<std::vector<uint8_t>> streams = {{}, {0x12, 0x34, 0x56}, {0, 0, 1}, {0}, noise};
  for (const auto& stream : streams) {
    session_.reset();
    open();
    if (!stream.empty()) feed(stream);
    ASSERT_TRUE(call([&] { return session_->drain(); }));
    ASSERT_TRUE(wait_count(Said::kDrained, 1));
    const auto all = listener_->all();
    const bool said = std::any_of(all.begin(), all.end(), [](const Said& s) {
      return (s.kind == Said::kInput || s.kind == Said::kDrained) && s.status == DoneStatus::kError;
    });
    EXPECT_EQ(said, !stream.empty()) << stream.size() << " bytes";
  }
}

// [4]
TEST_P(SessionContract, ConsumesNothingBetweenDrainedAndResume) {
  begin(kSmall, 3, 8);
  ASSERT_TRUE(call([&] { return session_->drain(); }));
  ASSERT_TRUE(wait_count(Said::kDrained, 1));
  feed_all(bench_->stream(kSmall, 3));
  EXPECT_TRUE(stays(Said::kInput, 3));
  ASSERT_TRUE(call([&] { return session_->resume(); }));
  EXPECT_TRUE(wait_count(Said::kInput, 6));
}

// [4]
TEST_P(SessionContract, DecodesOnAfterADrain) {
  begin(kSmall, 4);
  for (size_t round = 1; round <= 3; ++round) {
    ASSERT_TRUE(call([&] { return session_->drain(); }));
    ASSERT_TRUE(wait_count(Said::kDrained, round));
    EXPECT_EQ(frames(listener_->all()), 4 * round);
    if (round == 3) break;
    add_outputs(4);
    feed_all(bench_->stream(kSmall, 4));
    ASSERT_TRUE(call([&] { return session_->resume(); }));
  }
  EXPECT_EQ(count(Said::kFormat), 1u) << "the same geometry isn't announced again";
}

// return_output()
TEST_P(SessionContract, GivesOneOutputBackWhenAsked) {
  begin(kSmall, 2, 6);
  ASSERT_TRUE(call([&] { return session_->drain(); }));
  ASSERT_TRUE(wait_count(Said::kDrained, 1));
  const size_t before = count(Said::kOutput);
  ASSERT_TRUE(call([&] { return session_->return_output(); }));
  ASSERT_TRUE(wait_count(Said::kOutput, before + 1));
  const Said given = listener_->all().back();
  EXPECT_EQ(given.status, DoneStatus::kCancelled);
  EXPECT_EQ(given.output.bytes_used[0], 0u);
  EXPECT_TRUE(stays(Said::kOutput, before + 1));
}

// return_output()
TEST_P(SessionContract, DoesNothingWhenAskedForAnOutputItHasnt) {
  ASSERT_TRUE(call([&] { return session_->return_output(); }));
  EXPECT_TRUE(stays(Said::kOutput, 0));
  ASSERT_TRUE(call([&] { return session_->drain(); }));  // it still works
  EXPECT_TRUE(wait_count(Said::kDrained, 1));
}

// give_up() [6]
TEST_P(SessionContract, ReturnsEverythingAndFailsWhenItIsGivenUp) {
  feed_all(bench_->stream(kSmall, 6));
  ASSERT_TRUE(wait_count(Said::kFormat, 1));  // paused: inputs are still queued
  session_->give_up("no memory");
  session_->give_up("no memory, again");
  ASSERT_TRUE(wait_count(Said::kFailed, 1));
  EXPECT_TRUE(stays(Said::kFailed, 1));
  const auto said = listener_->all();
  EXPECT_EQ(count(said, Said::kInput), inputs_.size());
  EXPECT_EQ(said.back().kind, Said::kFailed);
  EXPECT_FALSE(call([&] { return session_->drain(); }));
}

// [5]
TEST_P(SessionContract, ReturnsEveryInputThenSaysFlushed) {
  feed_all(bench_->stream(kSmall, 6));
  ASSERT_TRUE(wait_count(Said::kFormat, 1));  // paused: inputs are still queued
  ASSERT_TRUE(call([&] { return session_->flush(Direction::kInput, 77); }));
  ASSERT_TRUE(wait_count(Said::kFlushed, 1));
  const auto said = listener_->all();
  EXPECT_EQ(count(said, Said::kInput), inputs_.size());
  EXPECT_EQ(said.back().kind, Said::kFlushed);
  EXPECT_EQ(said.back().generation, 77u);
  EXPECT_EQ(said.back().side, Direction::kInput);
}

// [5]
TEST_P(SessionContract, ReturnsEveryOutputThenSaysFlushed) {
  begin(kSmall, 2, 4);
  ASSERT_TRUE(wait_count(Said::kInput, 2));
  ASSERT_TRUE(call([&] { return session_->flush(Direction::kOutput, 78); }));
  ASSERT_TRUE(wait_count(Said::kFlushed, 1));
  const auto said = listener_->all();
  std::set<Cookie> back;
  for (const Said& s : said)
    if (s.kind == Said::kOutput) back.insert(s.cookie);
  EXPECT_EQ(back.size(), outputs_.size());
  EXPECT_EQ(said.back().generation, 78u);
}

// [5]
TEST_P(SessionContract, DecodesOnAfterAFlushOfTheInputs) {
  begin(kSmall, 6);
  ASSERT_TRUE(call([&] { return session_->flush(Direction::kInput, 1); }));
  const size_t fed_before = inputs_.size();
  feed_all(bench_->stream(kSmall, 4));  // a seek: the new position begins with a header
  ASSERT_TRUE(call([&] { return session_->drain(); }));
  ASSERT_TRUE(recycle_until([](const auto& said) { return count(said, Said::kDrained) == 1; }));
  std::set<uint64_t> tags;
  for (const Said& s : listener_->all())
    if (is_frame(s)) tags.insert(static_cast<uint64_t>(s.output.tag));
  for (uint64_t tag = fed_before + 1; tag <= inputs_.size(); ++tag) EXPECT_TRUE(tags.contains(tag)) << "frame of input " << tag;
}

// [5]: outputs may be stopped and given again in the middle of a stream; frames that were not out yet come later.
TEST_P(SessionContract, DecodesOnAfterAFlushOfTheOutputs) {
  feed_all(bench_->stream(kSmall, 6));
  ASSERT_TRUE(wait_count(Said::kFormat, 1));
  set_layout(*last_format());
  ASSERT_TRUE(call([&] { return session_->resume(); }));  // without any output: nothing can come out
  ASSERT_TRUE(call([&] { return session_->flush(Direction::kOutput, 1); }));
  ASSERT_TRUE(wait_count(Said::kFlushed, 1));
  add_outputs(last_format()->min_output_buffers + 3);
  ASSERT_TRUE(call([&] { return session_->drain(); }));
  ASSERT_TRUE(recycle_until([](const auto& said) { return count(said, Said::kDrained) == 1; }));
  EXPECT_EQ(frames(listener_->all()), 6u);
}

// [3]: a flush doesn't end a pause.
TEST_P(SessionContract, StaysPausedThroughAFlush) {
  feed_all(bench_->stream(kSmall, 3));
  ASSERT_TRUE(wait_count(Said::kFormat, 1));
  ASSERT_TRUE(call([&] { return session_->flush(Direction::kInput, 1); }));
  ASSERT_TRUE(wait_count(Said::kFlushed, 1));
  set_layout(*last_format());
  add_outputs(6);
  feed_all(bench_->stream(kSmall, 3));
  EXPECT_TRUE(stays(Said::kOutput, 0));
  ASSERT_TRUE(call([&] { return session_->resume(); }));
  ASSERT_TRUE(call([&] { return session_->drain(); }));
  ASSERT_TRUE(recycle_until([](const auto& said) { return count(said, Said::kDrained) == 1; }));
  EXPECT_EQ(frames(listener_->all()), 3u);
}

// [4]: a flush of the inputs cancels a drain.
TEST_P(SessionContract, SaysNoDrainedForADrainThatWasFlushed) {
  begin(kSmall, 4);
  ASSERT_TRUE(call([&] { return session_->drain(); }));
  ASSERT_TRUE(call([&] { return session_->flush(Direction::kInput, 1); }));
  ASSERT_TRUE(wait_count(Said::kFlushed, 1));
  const auto said = listener_->all();
  const size_t before = count(said, Said::kDrained);  // 0, or 1 when it was faster than the flush
  EXPECT_LE(before, 1u);
  EXPECT_TRUE(stays(Said::kDrained, before));
  if (before == 1) {
    ASSERT_TRUE(call([&] { return session_->resume(); }));
  }
  add_outputs(4);
  feed_all(bench_->stream(kSmall, 2));
  ASSERT_TRUE(call([&] { return session_->drain(); }));
  EXPECT_TRUE(recycle_until([&](const auto& s) { return count(s, Said::kDrained) == before + 1; }));
}

// [3]
TEST_P(SessionContract, AnnouncesANewGeometryAfterEveryFrameOfTheOld) {
  begin(kSmall, 4);
  feed_all(bench_->stream(kLarge, 4));
  ASSERT_TRUE(recycle_until([](const auto& said) { return count(said, Said::kFormat) == 2; }));
  const auto said = listener_->all();
  EXPECT_EQ(frames(said), 4u) << "frames of the old geometry before the announcement";
  EXPECT_EQ(last_format()->coded, kLarge);
  ASSERT_TRUE(call([&] { return session_->flush(Direction::kOutput, 9); }));
  ASSERT_TRUE(wait_count(Said::kFlushed, 1));
  go_on();
  ASSERT_TRUE(call([&] { return session_->drain(); }));
  ASSERT_TRUE(recycle_until([](const auto& s) { return count(s, Said::kDrained) == 1; }));
  EXPECT_EQ(frames(listener_->all()), 8u);
}

// [3], [4]: a change during a drain comes first.
TEST_P(SessionContract, AnnouncesANewGeometryInTheCourseOfADrain) {
  begin(kSmall, 3);
  feed_all(bench_->stream(kLarge, 3));
  ASSERT_TRUE(call([&] { return session_->drain(); }));
  ASSERT_TRUE(recycle_until([](const auto& said) { return count(said, Said::kFormat) == 2; }));
  EXPECT_EQ(count(Said::kDrained), 0u);
  ASSERT_TRUE(call([&] { return session_->flush(Direction::kOutput, 9); }));
  ASSERT_TRUE(wait_count(Said::kFlushed, 1));
  go_on();
  ASSERT_TRUE(recycle_until([](const auto& said) { return count(said, Said::kDrained) == 1; }));
  EXPECT_EQ(frames(listener_->all()), 6u);
}

// [1]
TEST_P(SessionContract, SaysNothingOnceDestroyed) {
  begin(kSmall, 8);
  session_.reset();
  const size_t before = listener_->all().size();
  EXPECT_FALSE(listener_->wait(bench_->quiet(), [&](const auto& said) { return said.size() > before; }));
}

TEST_P(SessionContract, MayBeDestroyedAtAnyMoment) {
  const auto chunks = bench_->stream(kSmall, 4);
  for (int round = 0; round < 6; ++round) {
    if (round > 0) {
      buffers_.clear();
      open();
    }
    for (const auto& chunk : chunks) feed(chunk);
    if (round >= 1) {
      ASSERT_TRUE(wait_count(Said::kFormat, 1));
    }
    if (round >= 2) go_on();
    if (round >= 3) {
      ASSERT_TRUE(call([&] { return session_->drain(); }));
    }
    if (round >= 4) {
      ASSERT_TRUE(wait_count(Said::kOutput, 1));
    }
    if (round >= 5) {
      ASSERT_TRUE(wait_count(Said::kDrained, 1));
    }
    session_.reset();
  }
}

TEST_P(SessionContract, RunsBesideAnotherSession) {
  begin(kSmall, 4);
  const auto listener = std::make_shared<Listener>();
  auto other = bench_->driver().open_session({.role = Role::kDecoder, .coded = bench_->coded(), .threads = 1}, listener);
  ASSERT_TRUE(other);
  ASSERT_TRUE((*other)->start());
  ASSERT_TRUE((*other)->drain());
  EXPECT_TRUE(listener->wait(bench_->patience(), [](const auto& said) { return count(said, Said::kDrained) == 1; }));
  EXPECT_EQ(count(Said::kDrained), 0u);
  other->reset();
  ASSERT_TRUE(call([&] { return session_->drain(); }));
  ASSERT_TRUE(recycle_until([](const auto& said) { return count(said, Said::kDrained) == 1; }));
  EXPECT_EQ(frames(listener_->all()), 4u);
}

TEST_P(SessionContract, RefusesBuffersItDoesNotKnow) {
  EXPECT_FALSE(call([&] { return session_->queue_input({.buffer = {5, 1}, .cookie = Cookie{1}, .plane = {{{0, 1}}}}); }));
  EXPECT_FALSE(call([&] { return session_->queue_output({5, 1}, Cookie{1}); }));
  EXPECT_FALSE(call([&] { return session_->unmap_buffer(Direction::kInput, {5, 1}); }));
  Memory* known = add_buffer(Direction::kInput, 64);
  const BufferHandle stale{known->handle.index, known->handle.generation + 1};
  EXPECT_FALSE(call([&] { return session_->queue_input({.buffer = stale, .cookie = Cookie{2}, .plane = {{{0, 1}}}}); }));
  EXPECT_TRUE(call([&] { return session_->unmap_buffer(Direction::kInput, known->handle); }));
  EXPECT_FALSE(call([&] { return session_->queue_input({.buffer = known->handle, .cookie = Cookie{3}, .plane = {{{0, 1}}}}); }));
}

TEST_P(SessionContract, RefusesMoreBytesThanTheBufferHas) {
  Memory* memory = add_buffer(Direction::kInput, 64);
  EXPECT_FALSE(call([&] {
    return session_->queue_input({.buffer = memory->handle, .cookie = Cookie{1}, .plane = {{{60, 5}}}});
  }));
  EXPECT_FALSE(call([&] {
    return session_->queue_input({.buffer = memory->handle, .cookie = Cookie{2}, .plane = {{{8, UINT32_MAX}}}});
  }));
}

TEST_P(SessionContract, RefusesACodecItHasNot) {
  auto opened = bench_->driver().open_session({.role = Role::kDecoder, .coded = make_fourcc('n', 'o', 'n', 'e')}, listener_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, EINVAL);
}

// [6]
TEST_P(SessionContract, ReturnsEverythingThenFailsOnce) {
  const auto fatal = bench_->fatal_chunk();
  if (fatal.empty()) GTEST_SKIP() << "no stream ends a session of this lower half";
  feed_all(bench_->stream(kSmall, 3));
  ASSERT_TRUE(wait_count(Said::kFormat, 1));  // paused, so that all of it is queued when it fails
  feed(fatal);
  feed_all(bench_->stream(kSmall, 2));
  go_on(6);
  ASSERT_TRUE(wait_count(Said::kFailed, 1));
  const auto said = listener_->all();
  EXPECT_EQ(said.back().kind, Said::kFailed);
  EXPECT_EQ(count(said, Said::kInput), inputs_.size());
  EXPECT_EQ(count(said, Said::kOutput), outputs_.size());
  EXPECT_TRUE(stays(Said::kFailed, 1));
  const Status after = call([&] { return session_->drain(); });
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().code, EIO);
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SessionContract);

}  // namespace softvpu::codec::contract
