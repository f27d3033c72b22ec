// SPDX-License-Identifier: LGPL-2.1-or-later
// The watchdog against a clock that is moved by hand.
#include "vpu/watchdog.h"

#include <gtest/gtest.h>

namespace softvpu::vpu {
namespace {

using namespace std::chrono_literals;
using Decision = Watchdog::Decision;

class AWatchdog : public testing::Test {
 protected:
  TimePoint now() const { return clock_.now(); }
  void pass(Duration time) { clock_.advance(time); }
  Decision check() { return dog_.check(clock_.now()); }
  // Moves to the moment it asked for.
  Decision check_when_due() {
    const auto at = dog_.check_at();
    if (!at) return Decision::kWait;
    if (*at > now()) pass(*at - now());
    return check();
  }
  ManualClock clock_;
  Watchdog dog_{WatchdogLimits{2s, 10s, 30s}};
};

TEST_F(AWatchdog, HasNothingToWatchWhileNothingIsUnderWay) {
  dog_.ready(now());
  EXPECT_FALSE(dog_.check_at());
  pass(1h);
  EXPECT_EQ(check(), Decision::kWait);
}

TEST_F(AWatchdog, PingsASilentWorkerAndGivesUpWithoutAnAnswer) {
  dog_.ready(now());
  dog_.set_busy(true, now());
  const TimePoint start = now();
  EXPECT_EQ(check_when_due(), Decision::kPing);
  EXPECT_EQ(now() - start, 2s);
  EXPECT_EQ(check_when_due(), Decision::kGiveUp);
  EXPECT_EQ(now() - start, 12s);
  EXPECT_STREQ(dog_.reason(), "a ping was not answered");
}

TEST_F(AWatchdog, WaitsForEverForABusyWorkerThatAnswersPings) {
  dog_.ready(now());
  dog_.set_busy(true, now());
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(check_when_due(), Decision::kPing);
    pass(9s);
    dog_.heard(now());
  }
}

TEST_F(AWatchdog, LeavesAWorkerAloneThatLivesAndHasNothingToDo) {
  dog_.ready(now());
  dog_.set_busy(true, now());
  dog_.set_able(false);
  dog_.commanded();
  ASSERT_EQ(check_when_due(), Decision::kPing);
  dog_.heard(now());
  dog_.ponged();
  EXPECT_FALSE(dog_.check_at()) << "a session at rest wakes nobody";
  dog_.commanded();
  EXPECT_EQ(check_when_due(), Decision::kPing) << "until the next command";
  EXPECT_EQ(check_when_due(), Decision::kGiveUp);
}

TEST_F(AWatchdog, DoesNotTakeAnAnswerFromBeforeTheLastCommandForAProof) {
  dog_.ready(now());
  dog_.set_busy(true, now());
  dog_.set_able(false);
  ASSERT_EQ(check_when_due(), Decision::kPing);
  dog_.commanded();
  dog_.heard(now());
  dog_.ponged();
  EXPECT_EQ(check_when_due(), Decision::kPing);
}

TEST_F(AWatchdog, WatchesAWorkerThatHasNothingToDoForItsAnswers) {
  dog_.ready(now());
  dog_.set_busy(true, now());
  dog_.set_able(false);
  ASSERT_EQ(check_when_due(), Decision::kPing);
  dog_.heard(now());
  dog_.ponged();
  dog_.expect_flushed(now());
  EXPECT_TRUE(dog_.check_at());
}

TEST_F(AWatchdog, DoesNotPingWhileMessagesCome) {
  dog_.ready(now());
  dog_.set_busy(true, now());
  for (int i = 0; i < 100; ++i) {
    pass(1500ms);
    ASSERT_EQ(check(), Decision::kWait);
    dog_.heard(now());
  }
}

TEST_F(AWatchdog, GivesUpOnACommandThatIsNeverAnsweredDespitePongs) {
  dog_.ready(now());
  dog_.expect_answer(now());
  const TimePoint start = now();
  Decision decision = Decision::kWait;
  while ((decision = check_when_due()) == Decision::kPing) dog_.heard(now());
  EXPECT_EQ(decision, Decision::kGiveUp);
  EXPECT_EQ(now() - start, 30s);
  EXPECT_STREQ(dog_.reason(), "a command that must be answered was not");
}

TEST_F(AWatchdog, IsLessPatientWithAFlush) {
  dog_.expect_answer(now());  // READY, still to come: whoever waits for the flush doesn't wait for that
  dog_.expect_flushed(now());
  const TimePoint start = now();
  EXPECT_EQ(check_when_due(), Decision::kGiveUp);
  EXPECT_EQ(now() - start, 5s);
}

TEST_F(AWatchdog, ForgetsWhatWasAnswered) {
  dog_.ready(now());
  dog_.expect_answer(now());
  pass(1s);
  dog_.answered();
  EXPECT_FALSE(dog_.check_at());
  dog_.answered();  // one too many changes nothing
  EXPECT_FALSE(dog_.check_at());
}

TEST_F(AWatchdog, DoesNotPingAWorkerThatIsStillStarting) {
  dog_.set_busy(true, now());
  dog_.expect_answer(now());
  const TimePoint start = now();
  EXPECT_EQ(check_when_due(), Decision::kGiveUp);
  EXPECT_EQ(now() - start, 30s);
  EXPECT_STREQ(dog_.reason(), "the worker never got ready");
}

TEST_F(AWatchdog, StartsCountingWhenSomethingGetsUnderWay) {
  dog_.ready(now());
  pass(1h);
  dog_.set_busy(true, now());
  EXPECT_EQ(check(), Decision::kWait);
  pass(1s);
  EXPECT_EQ(check(), Decision::kWait);
}

TEST_F(AWatchdog, ForgivesWhenItWasItselfAsleep) {
  dog_.ready(now());
  dog_.set_busy(true, now());
  EXPECT_EQ(check_when_due(), Decision::kPing);
  pass(1h);  // a laptop's lid, a debugger, SIGSTOP
  EXPECT_EQ(check(), Decision::kWait);
  EXPECT_EQ(check_when_due(), Decision::kGiveUp);  // but only once
}

TEST_F(AWatchdog, TakesItsLimitsFromOneNumber) {
  const WatchdogLimits slow = WatchdogLimits::from_ping(60s);
  EXPECT_EQ(slow.command, 2s);
  EXPECT_EQ(slow.answer, 180s);
  EXPECT_EQ(slow.flush, 30s);
  EXPECT_EQ(WatchdogLimits::from_ping(10s).flush, 5s);
  const WatchdogLimits fast = WatchdogLimits::from_ping(100ms);
  EXPECT_EQ(fast.command, 100ms);
  EXPECT_EQ(fast.answer, 300ms);
  EXPECT_EQ(fast.flush, 300ms);
}

}  // namespace
}  // namespace softvpu::vpu
