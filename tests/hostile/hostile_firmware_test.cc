// SPDX-License-Identifier: LGPL-2.1-or-later
// A firmware that does what it must not, one violation per test: the session fails, each buffer
// comes back exactly once, nothing else happens. docs/hfi.md, "Whom to believe";
// docs/threat-model.md.
#include <random>
#include <thread>

#include "base/log.h"
#include "tests/hostile/firmware_bench.h"

namespace softvpu::hostile {
namespace {

using AHostileFirmware = FirmwareBench;

// --- Answers that nobody may give.

TEST_F(AHostileFirmware, AnsweringAnInputTwiceEndsTheSession) {
  stream();
  const Cookie first = queue(Direction::kInput, 0);
  const Cookie second = queue(Direction::kInput, 1);
  say(hfi::msg::InputDone{}, static_cast<uint64_t>(first));
  ASSERT_TRUE(wait_count(Said::kInput, 1));
  say(hfi::msg::InputDone{}, static_cast<uint64_t>(first));
  expect_violation({first, second});
}

TEST_F(AHostileFirmware, AnsweringAnOutputTwiceEndsTheSession) {
  stream();
  const Cookie first = queue(Direction::kOutput, 0);
  const Cookie second = queue(Direction::kOutput, 1);
  say(hfi::msg::OutputDone{}, static_cast<uint64_t>(first));
  say(hfi::msg::OutputDone{}, static_cast<uint64_t>(first));
  expect_violation({first, second});
}

TEST_F(AHostileFirmware, AnsweringAnUnknownCookieEndsTheSession) {
  stream();
  const Cookie mine = queue(Direction::kInput, 0);
  say(hfi::msg::InputDone{}, 0xdeadbeef);
  expect_violation({mine});
}

TEST_F(AHostileFirmware, AnsweringAnInputAsAnOutputEndsTheSession) {
  stream();
  const Cookie input = queue(Direction::kInput, 0);
  say(hfi::msg::OutputDone{}, static_cast<uint64_t>(input));
  expect_violation({input});
}

TEST_F(AHostileFirmware, ConsumingInputsOutOfOrderEndsTheSession) {
  stream();
  const Cookie first = queue(Direction::kInput, 0);
  const Cookie second = queue(Direction::kInput, 1);
  say(hfi::msg::InputDone{}, static_cast<uint64_t>(second));
  expect_violation({first, second});
}

TEST_F(AHostileFirmware, ClaimingMoreBytesThanTheBufferHasEndsTheSession) {
  stream();
  const Cookie output = queue(Direction::kOutput, 0);
  hfi::msg::OutputDone done;
  done.bytes_used = {4097, 0, 0, 0};
  say(done, static_cast<uint64_t>(output));
  expect_violation({output});
}

TEST_F(AHostileFirmware, ClaimingBytesInAPlaneThatIsNotThereEndsTheSession) {
  stream();
  const Cookie output = queue(Direction::kOutput, 0);
  hfi::msg::OutputDone done;
  done.bytes_used = {4096, 1, 0, 0};
  say(done, static_cast<uint64_t>(output));
  expect_violation({output});
}

TEST_F(AHostileFirmware, GivingBackAnOutputUnaskedEndsTheSession) {
  stream();
  const Cookie output = queue(Direction::kOutput, 0);
  say(hfi::msg::OutputDone{.status = hfi::WireStatus::kCancelled}, static_cast<uint64_t>(output));
  expect_violation({output});
}

TEST_F(AHostileFirmware, GivingBackMoreOutputsThanAskedForEndsTheSession) {
  stream();
  const Cookie first = queue(Direction::kOutput, 0);
  const Cookie second = queue(Direction::kOutput, 1);
  ASSERT_TRUE(session_->return_output());
  say(hfi::msg::OutputDone{.status = hfi::WireStatus::kCancelled}, static_cast<uint64_t>(first));
  ASSERT_TRUE(wait_count(Said::kOutput, 1));
  say(hfi::msg::OutputDone{.status = hfi::WireStatus::kCancelled}, static_cast<uint64_t>(second));
  expect_violation({first, second});
}

TEST_F(AHostileFirmware, GivingBackWhatAFlushAsksForIsRight) {
  stream();
  const Cookie first = queue(Direction::kOutput, 0);
  const Cookie second = queue(Direction::kOutput, 1);
  ASSERT_TRUE(session_->flush(Direction::kOutput, 3));
  for (const Cookie cookie : {second, first})
    say(hfi::msg::OutputDone{.status = hfi::WireStatus::kCancelled}, static_cast<uint64_t>(cookie));
  say(hfi::msg::Flushed{hfi::Direction::kOutput, 3});
  EXPECT_TRUE(wait_count(Said::kFlushed, 1));
  EXPECT_EQ(count(Said::kFailed), 0u);
}

TEST_F(AHostileFirmware, ClaimingBytesInACancelledBufferIsNotBelieved) {
  stream();
  const Cookie output = queue(Direction::kOutput, 0);
  ASSERT_TRUE(session_->return_output());
  hfi::msg::OutputDone done;
  done.status = hfi::WireStatus::kCancelled;
  done.bytes_used = {UINT32_MAX, 1, 2, 3};
  say(done, static_cast<uint64_t>(output));
  ASSERT_TRUE(wait_count(Said::kOutput, 1));
  EXPECT_EQ(listener_->all().back().output.bytes_used[0], 0u);
  EXPECT_EQ(count(Said::kFailed), 0u);
}

// --- Messages out of their place.

TEST_F(AHostileFirmware, SpeakingBeforeReadyEndsTheSession) {
  ASSERT_TRUE(session_->start());
  say(hfi::msg::Configured{});
  expect_violation();
}

TEST_F(AHostileFirmware, SayingReadyTwiceEndsTheSession) {
  stream();
  say(hfi::msg::Ready{1, 0, "again"});
  expect_violation();
}

TEST_F(AHostileFirmware, SayingConfiguredTwiceEndsTheSession) {
  stream();
  say(hfi::msg::Configured{});
  expect_violation();
}

TEST_F(AHostileFirmware, DeliveringAFrameInAPauseEndsTheSession) {
  stream();
  const Cookie output = queue(Direction::kOutput, 0);
  say(format());
  say(hfi::msg::OutputDone{}, static_cast<uint64_t>(output));
  expect_violation({output});
}

TEST_F(AHostileFirmware, AnnouncingAFormatInAPauseEndsTheSession) {
  stream();
  say(format());
  say(format());
  expect_violation();
}

TEST_F(AHostileFirmware, AnnouncingAFormatBeyondTheLimitsEndsTheSession) {
  stream();
  say(format(4096 + 64, 64));
  expect_violation();
}

TEST_F(AHostileFirmware, AnnouncingAForeignRawFormatEndsTheSession) {
  stream();
  auto foreign = format();
  foreign.native = 0x41424344;
  say(foreign);
  expect_violation();
}

TEST_F(AHostileFirmware, BeingDrainedUnaskedEndsTheSession) {
  stream();
  say(hfi::msg::Drained{});
  expect_violation();
}

TEST_F(AHostileFirmware, BeingDrainedTwiceEndsTheSession) {
  stream();
  ASSERT_TRUE(session_->drain());
  say(hfi::msg::Drained{});
  ASSERT_TRUE(wait_count(Said::kDrained, 1));
  ASSERT_TRUE(session_->resume());
  say(hfi::msg::Drained{});
  expect_violation();
}

TEST_F(AHostileFirmware, BeingFlushedUnaskedEndsTheSession) {
  stream();
  say(hfi::msg::Flushed{hfi::Direction::kOutput, 1});
  expect_violation();
}

TEST_F(AHostileFirmware, BeingFlushedWithAnotherNumberEndsTheSession) {
  stream();
  ASSERT_TRUE(session_->flush(Direction::kInput, 5));
  say(hfi::msg::Flushed{hfi::Direction::kInput, 6});
  expect_violation();
}

TEST_F(AHostileFirmware, BeingFlushedWithABufferMissingEndsTheSession) {
  stream();
  const Cookie input = queue(Direction::kInput, 0);
  ASSERT_TRUE(session_->flush(Direction::kInput, 5));
  say(hfi::msg::Flushed{hfi::Direction::kInput, 5});
  expect_violation({input});
}

TEST_F(AHostileFirmware, AnsweringAPingThatWasNotSentEndsTheSession) {
  stream();
  say(hfi::msg::Pong{}, 1);
  expect_violation();
}

TEST_F(AHostileFirmware, LettingGoOfABufferUnaskedEndsTheSession) {
  stream();
  const BufferHandle output = map(Direction::kOutput, 0);
  say(hfi::msg::Unmapped{hfi::Direction::kOutput, {output.index, output.generation + 1}});
  expect_violation();
}

TEST_F(AHostileFirmware, LettingGoOfABufferTwiceEndsTheSession) {
  stream();
  const BufferHandle output = map(Direction::kOutput, 0);
  ASSERT_TRUE(session_->unmap_buffer(Direction::kOutput, output));
  say(hfi::msg::Unmapped{hfi::Direction::kOutput, {output.index, output.generation}});
  say(hfi::msg::Unmapped{hfi::Direction::kOutput, {output.index, output.generation}});
  expect_violation();
}

TEST_F(AHostileFirmware, LettingGoOfABufferThatIsMappedEndsTheSession) {
  stream();
  const BufferHandle gone = map(Direction::kOutput, 0);
  const BufferHandle there = map(Direction::kOutput, 1);
  ASSERT_TRUE(session_->unmap_buffer(Direction::kOutput, gone));
  say(hfi::msg::Unmapped{hfi::Direction::kOutput, {there.index, there.generation}});
  expect_violation();
}

TEST_F(AHostileFirmware, OfferingCapabilitiesToASessionEndsIt) {
  stream();
  say(hfi::msg::CapabilitiesEnd{});
  expect_violation();
}

TEST_F(AHostileFirmware, PuttingDebugTextIntoTheMessagesEndsTheSession) {
  stream();
  say(hfi::msg::DebugText{"look at me"});
  expect_violation();
}

TEST_F(AHostileFirmware, RefusingTheConfigurationFailsTheSessionCleanly) {
  const Cookie input = queue(Direction::kInput, 0, /*read=*/false);
  ASSERT_TRUE(session_->start());
  say(hfi::msg::Ready{1, SVPU_JAIL_SECCOMP, "scripted"});
  say(hfi::msg::Configured{hfi::WireStatus::kUnsupported});
  expect_failed({input});
  EXPECT_EQ(driver_->statistics().protocol_violations.load(), 0u);
}

// --- Broken rings.

TEST_F(AHostileFirmware, MovingItsIndexBackwardsEndsTheSession) {
  stream();
  const Cookie input = queue(Direction::kInput, 0);
  const uint32_t write = __atomic_load_n(&firmware_->message_index().write, __ATOMIC_RELAXED);
  __atomic_store_n(&firmware_->message_index().write, write - 1, __ATOMIC_SEQ_CST);
  firmware_->raw_ring();
  expect_violation({input});
}

TEST_F(AHostileFirmware, MovingItsIndexBeyondTheSlotsEndsTheSession) {
  stream();
  const Cookie input = queue(Direction::kInput, 0);
  __atomic_store_n(&firmware_->message_index().write, 0x40000000u, __ATOMIC_SEQ_CST);
  firmware_->raw_ring();
  expect_violation({input});
}

TEST_F(AHostileFirmware, MovingItsReadIndexBackwardsEndsTheSession) {
  stream();
  const Cookie input = queue(Direction::kInput, 0);
  const BufferHandle handle = map(Direction::kOutput, 0);
  __atomic_store_n(&firmware_->command_index().read, 0xffff0000u, __ATOMIC_SEQ_CST);
  // The host looks at that index when its ring seems full.
  for (int i = 0; i < 600 && session_->set_control(0x990a6b, 1); ++i) {
  }
  expect_failed({input});
  EXPECT_FALSE(session_->queue_output(handle, Cookie{1000}));
}

TEST_F(AHostileFirmware, WritingAnEntryOfAnImpossibleSizeEndsTheSession) {
  stream();
  const Cookie input = queue(Direction::kInput, 0);
  hfi::Entry entry = hfi::serialize(hfi::Message{1, hfi::msg::InputDone{}});
  svpu_entry header = entry.header();
  header.size = 65535;
  entry.set_header(header);
  firmware_->raw_push(entry);
  expect_violation({input});
}

TEST_F(AHostileFirmware, LeavingAGapInTheSequenceEndsTheSession) {
  stream();
  const Cookie input = queue(Direction::kInput, 0);
  hfi::Entry entry = hfi::serialize(hfi::Message{static_cast<uint64_t>(input), hfi::msg::InputDone{}});
  svpu_entry header = entry.header();
  header.sequence = 999;
  entry.set_header(header);
  firmware_->raw_push(entry);
  expect_violation({input});
}

TEST_F(AHostileFirmware, LyingAboutAStatusEndsTheSession) {
  stream();
  const Cookie input = queue(Direction::kInput, 0);
  say(hfi::msg::InputDone{static_cast<hfi::WireStatus>(77)}, static_cast<uint64_t>(input));
  expect_violation({input});
}

// --- Floods.

// By a clock that the test moves.
class AFirmwareWithoutManners : public FirmwareBench {
 protected:
  static constexpr int kEmptyWakes = 10'000;  // in a second
  static constexpr int kUnasked = 1000;
  const Clock& clock() override { return clock_; }
  bool ring_alone();

  ManualClock clock_;
};

TEST_F(AHostileFirmware, FloodingWithUnknownMessagesEndsTheSession) {
  stream();
  const Cookie input = queue(Direction::kInput, 0);
  auto outcome = hfi::FirmwareEndpoint::SendOutcome::kOk;
  for (int i = 0; i < 100'000 && outcome == hfi::FirmwareEndpoint::SendOutcome::kOk; ++i)
    outcome = firmware().send({0, hfi::Unknown{4711}});
  EXPECT_EQ(outcome, hfi::FirmwareEndpoint::SendOutcome::kPeerGone);
  expect_violation({input});
}

TEST_F(AHostileFirmware, RingingForNothingEndsTheSession) {
  stream();
  const Cookie input = queue(Direction::kInput, 0);
  std::thread ringer([this] {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!firmware_->killed() && std::chrono::steady_clock::now() < end) firmware_->raw_ring();
  });
  ASSERT_TRUE(wait_count(Said::kFailed, 1));
  ringer.join();
  expect_violation({input});
}

// A doorbell as early as the host can notice it as one of its own: when it sleeps again. False: the session is over.
bool AFirmwareWithoutManners::ring_alone() {
  svpu_ring_index& index = firmware_->message_index();
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (__atomic_load_n(&index.reader_waiting, __ATOMIC_ACQUIRE) == 0) {
    if (firmware_->killed() || std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  __atomic_store_n(&index.reader_waiting, 0u, __ATOMIC_RELEASE);
  firmware_->raw_ring();
  return true;
}

// Limits are rates: nothing that the firmware sends between its doorbells starts the count again,
// only time does.
TEST_F(AFirmwareWithoutManners, RingingForNothingEndsTheSessionWhateverItSaysInBetween) {
  stream();
  const Cookie input = queue(Direction::kInput, 0);
  int rings = 0;
  while (rings < 3 * kEmptyWakes && ring_alone()) {
    if (++rings % (kEmptyWakes / 10) == 0 && !firmware_->killed()) (void)firmware().try_send({0, hfi::Unknown{4711}});
  }
  EXPECT_LE(rings, kEmptyWakes + 100);
  expect_violation({input});
}

TEST_F(AFirmwareWithoutManners, MayRingForNothingNowAndThenForEver) {
  stream();
  const Cookie input = queue(Direction::kInput, 0);
  for (int second = 0; second < 4; ++second) {
    for (int i = 0; i < kEmptyWakes / 2; ++i) ASSERT_TRUE(ring_alone());
    clock_.advance(1s);
  }
  say(hfi::msg::InputDone{}, static_cast<uint64_t>(input));
  EXPECT_TRUE(wait_count(Said::kInput, 1));
  EXPECT_EQ(count(Said::kFailed), 0u);
}

TEST_F(AFirmwareWithoutManners, SayingAThousandUnknownThingsInASecondIsTheMost) {
  stream();
  for (int i = 0; i < kUnasked; ++i) say(hfi::Unknown{4711});
  wait_until_read();
  EXPECT_EQ(count(Said::kFailed), 0u);
  say(hfi::Unknown{4711});
  expect_violation();
}

TEST_F(AFirmwareWithoutManners, MaySayUnknownThingsForEver) {
  stream();
  for (int second = 0; second < 3; ++second) {
    for (int i = 0; i < kUnasked; ++i) say(hfi::Unknown{4711});
    wait_until_read();
    clock_.advance(1s);
  }
  EXPECT_EQ(count(Said::kFailed), 0u);
}

// Each pause ends by the client's side alone where its buffers fit.
TEST_F(AFirmwareWithoutManners, ChangingTheFormatWithoutEndEndsTheSession) {
  stream();
  for (size_t i = 1; i <= kUnasked; ++i) {
    say(format(64, i % 2 == 0 ? 64 : 48));
    ASSERT_TRUE(wait_count(Said::kFormat, i));
    ASSERT_TRUE(session_->resume());
    expect<hfi::cmd::Resume>();
  }
  say(format());
  expect_violation();
}

// CTest runs this one with SOFTVPU_DEBUG=2, too.
TEST_F(AFirmwareWithoutManners, FillsTwoHundredLinesOfTheLogInASecondAtMost) {
  stream();
  const Cookie input = queue(Direction::kInput, 0);
  testing::internal::CaptureStderr();
  for (int batch = 0; batch < 20; ++batch) {
    for (int i = 0; i < 50; ++i) firmware().debug("%d bottles of beer on the wall", i);
    say(hfi::Unknown{4711});
    wait_until_read();
  }
  clock_.advance(1s);
  firmware().debug("no more bottles of beer on the wall");
  say(hfi::msg::InputDone{}, static_cast<uint64_t>(input));
  EXPECT_TRUE(wait_count(Said::kInput, 1));
  const std::string log = testing::internal::GetCapturedStderr();
  size_t lines = 0;
  for (size_t at = 0; (at = log.find("bottles of beer", at)) != std::string::npos; ++at) ++lines;
  if (!log_enabled(LogLevel::kInfo)) {
    EXPECT_EQ(lines, 0u);
    return;
  }
  EXPECT_GT(lines, 200u) << log;
  EXPECT_LE(lines, 400u);  // a second's lines, and the next one's
  EXPECT_NE(log.find("lines were left out"), std::string::npos) << log;
}

TEST_F(AHostileFirmware, FloodingTheDebugRingDisturbsNobody) {
  stream();
  const Cookie input = queue(Direction::kInput, 0);
  for (int i = 0; i < 10'000; ++i) firmware().debug("%d bottles of beer on the wall", i);
  say(hfi::msg::InputDone{}, static_cast<uint64_t>(input));
  EXPECT_TRUE(wait_count(Said::kInput, 1));
  EXPECT_EQ(count(Said::kFailed), 0u);
}

// --- Silence.

class ASilentFirmware : public FirmwareBench {
 protected:
  vpu::WatchdogLimits limits() override { return {30ms, 100ms, 400ms, 400ms}; }
  void expect_watchdog(const std::vector<Cookie>& queued = {}) {
    expect_failed(queued);
    EXPECT_EQ(driver_->statistics().watchdog_kills.load(), 1u);
  }
  // Answers pings until `end`, or until it is killed.
  void pong_until(std::chrono::steady_clock::time_point end) {
    while (std::chrono::steady_clock::now() < end) {
      const auto read = firmware().next_command();
      if (read.outcome == hfi::FirmwareEndpoint::ReadOutcome::kCommand) {
        if (std::holds_alternative<hfi::cmd::Ping>(read.command.body)) say(hfi::msg::Pong{}, read.command.cookie);
        continue;
      }
      if (firmware().wait(5ms).hangup) return;
    }
  }
};

TEST_F(ASilentFirmware, ThatNeverGetsReadyIsKilled) {
  const Cookie input = queue(Direction::kInput, 0, /*read=*/false);
  ASSERT_TRUE(session_->start());
  expect_watchdog({input});
}

TEST_F(ASilentFirmware, ThatHoldsBuffersAndAnswersNoPingIsKilled) {
  stream();
  const Cookie input = queue(Direction::kInput, 0);
  const Cookie output = queue(Direction::kOutput, 0);
  expect_watchdog({input, output});
  const auto all = listener_->all();
  for (const Said& said : all) {
    if (said.kind == Said::kInput || said.kind == Said::kOutput) {
      EXPECT_EQ(said.status, DoneStatus::kCancelled);  // session.h: nothing was made of them
    }
  }
}

TEST_F(ASilentFirmware, ThatNeverAnswersAFlushIsKilledAlthoughItAnswersPings) {
  stream();
  const Cookie input = queue(Direction::kInput, 0);
  ASSERT_TRUE(session_->flush(Direction::kInput, 3));
  pong_until(std::chrono::steady_clock::now() + kPatience);
  expect_watchdog({input});
  EXPECT_EQ(count(Said::kFlushed), 1u);  // nobody waits for it for ever
}

TEST_F(ASilentFirmware, ThatKeepsAnInputWhileItAnswersPingsIsLeftInPeace) {
  stream();
  const Cookie input = queue(Direction::kInput, 0);
  pong_until(std::chrono::steady_clock::now() + 800ms);  // twice the longest limit
  EXPECT_EQ(count(Said::kFailed), 0u);
  say(hfi::msg::InputDone{}, static_cast<uint64_t>(input));
  EXPECT_TRUE(wait_count(Said::kInput, 1));
}

TEST_F(ASilentFirmware, ThatHasNothingToDoIsNotAsked) {
  stream();
  std::this_thread::sleep_for(500ms);
  EXPECT_EQ(firmware().next_command().outcome, hfi::FirmwareEndpoint::ReadOutcome::kEmpty);
  EXPECT_EQ(count(Said::kFailed), 0u);
}

// A paused session, whose client may take hours: it has both kinds of buffers, and nothing to do.
TEST_F(ASilentFirmware, ThatWaitsForResumeIsAskedOnceAndThenLeftInPeace) {
  stream();
  queue(Direction::kInput, 0);
  queue(Direction::kOutput, 0);
  say(format());
  size_t pings = 0;
  const auto end = std::chrono::steady_clock::now() + 800ms;  // more than twenty of the shortest limit
  while (std::chrono::steady_clock::now() < end) {
    const auto read = firmware().next_command();
    if (read.outcome != hfi::FirmwareEndpoint::ReadOutcome::kCommand) {
      (void)firmware().wait(5ms);
    } else if (std::holds_alternative<hfi::cmd::Ping>(read.command.body)) {
      ++pings;
      say(hfi::msg::Pong{}, read.command.cookie);
    }
  }
  EXPECT_LE(pings, 2u) << "one may have been sent before the last command";
  EXPECT_EQ(count(Said::kFailed), 0u);
}

TEST_F(ASilentFirmware, ThatTakesNoCommandsNeverBlocksTheCaller) {
  stream();
  const auto start = std::chrono::steady_clock::now();
  Status status;
  while (status && std::chrono::steady_clock::now() - start < 10s) status = session_->set_control(0x990a6b, 1);
  ASSERT_FALSE(status);  // bounded: the session ends instead
  EXPECT_EQ(status.error().code, EIO);
  expect_failed();
}

// --- Death.

TEST_F(AHostileFirmware, DyingReturnsEverything) {
  stream();
  const Cookie input = queue(Direction::kInput, 0);
  const Cookie output = queue(Direction::kOutput, 0);
  firmware().last_words("segmentation fault in slice 3\x1b[2J");
  firmware_->die();
  expect_failed({input, output});
}

TEST_F(AHostileFirmware, DyingRightAfterItsAnswersLosesNone) {
  stream();
  std::vector<Cookie> inputs;
  for (uint32_t i = 0; i < 32; ++i) inputs.push_back(queue(Direction::kInput, i));
  for (uint32_t i = 0; i < 16; ++i) say(hfi::msg::InputDone{}, static_cast<uint64_t>(inputs[i]));
  firmware_->die();
  expect_failed(inputs);
  size_t good = 0;
  for (const Said& said : listener_->all()) good += said.kind == Said::kInput && said.status == DoneStatus::kOk;
  EXPECT_EQ(good, 16u);
}

TEST_F(AHostileFirmware, DyingLeavesTheNextSessionAlone) {
  for (int round = 0; round < 20; ++round) {
    stream();
    const Cookie input = queue(Direction::kInput, 0);
    firmware_->die();
    expect_failed({input});
    session_.reset();
    open();
  }
  stream();
  const Cookie input = queue(Direction::kInput, 0);
  say(hfi::msg::InputDone{}, static_cast<uint64_t>(input));
  EXPECT_TRUE(wait_count(Said::kInput, 1));
}

// --- Everything at once: the firmware owns the region and writes whatever it likes, wherever it likes, while a client works.
// Nothing may crash, hang, or answer a buffer twice; the session may live or fail.
TEST_F(AHostileFirmware, ScribblingOverTheRegionHarmsOnlyItself) {
  for (uint32_t seed = 0; seed < 30; ++seed) {
    stream();
    std::atomic<bool> stop{false};
    std::thread scribbler([this, &stop, seed] {
      std::mt19937 random(seed);
      auto* words = reinterpret_cast<uint64_t*>(firmware_->region());
      // From the first ring's indices on: changes to the header no longer matter.
      const size_t first = SVPU_COMMAND_INDEX_OFFSET / 8;
      while (!stop) {
        for (int i = 0; i < 64; ++i) {
          const uint32_t choice = random() % 16;
          const uint64_t value = choice < 8 ? random() % 64 : random();
          size_t at = first + random() % (SVPU_REGION_SIZE / 8 - first);
          if (choice == 0) at = SVPU_MESSAGE_INDEX_OFFSET / 8;
          if (choice == 1) at = (SVPU_COMMAND_INDEX_OFFSET + 64) / 8;
          if (choice > 4) at = SVPU_MESSAGE_OFFSET / 8 + random() % (SVPU_MESSAGE_SLOTS * SVPU_SLOT_SIZE / 8);
          __atomic_store_n(words + at, value, __ATOMIC_RELAXED);
        }
        firmware_->raw_ring();
      }
    });
    std::vector<Cookie> queued;
    for (uint32_t i = 0; i < 32; ++i) {
      const Direction side = i % 2 == 0 ? Direction::kInput : Direction::kOutput;
      auto memory = SharedMemory::create("hostile", 4096);
      const codec::PlaneMemory plane{memory->fd(), 0, 4096, 4096};
      const BufferHandle handle{i / 2, ++generation_};
      if (!session_->map_buffer(side, handle, std::span(&plane, 1))) break;
      const Cookie cookie{++cookie_};
      const Status status = side == Direction::kInput ? session_->queue_input({handle, cookie, Tag{1}, 0, 100})
                                                      : session_->queue_output(handle, cookie);
      if (!status) break;
      queued.push_back(cookie);
    }
    (void)listener_->wait(20ms, [](const auto& all) { return !all.empty() && all.back().kind == Said::kFailed; });
    stop = true;
    scribbler.join();
    firmware_->die();
    ASSERT_TRUE(wait_count(Said::kFailed, 1)) << "seed " << seed;
    const auto all = listener_->all();
    for (const Cookie cookie : queued) {
      size_t answers = 0;
      for (const Said& said : all) answers += (said.kind == Said::kInput || said.kind == Said::kOutput) && said.cookie == cookie;
      EXPECT_EQ(answers, 1u) << "seed " << seed;
    }
    session_.reset();
    open();
  }
}

}  // namespace
}  // namespace softvpu::hostile
