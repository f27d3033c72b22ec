// SPDX-License-Identifier: LGPL-2.1-or-later
// Random walks over a decoder's interface, from fixed seeds: whatever a client does in between, a LAST buffer that was promised
// comes, for a CAPTURE buffer that is queued. Promised by dev-decoder.rst "Drain", step 2 and its note on STREAMOFF, and "Dynamic
// Resolution Change", step 2. SOFTVPU_WALKS=N in the environment walks N seeds instead of a few.
#include <poll.h>
#include <time.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "tests/conformance/client.h"
#include "tests/conformance/scripted_device.h"

namespace softvpu::conformance {
namespace {

constexpr uint32_t kSeeds = 12;
constexpr uint32_t kSteps = 150;
constexpr uint32_t kOutputs = 4;
constexpr uint32_t kCaptures = 8;
constexpr auto kEnough = std::chrono::seconds(4);    // of walks: a slow machine walks less
constexpr auto kPatience = std::chrono::seconds(3);  // times patience()
constexpr uint32_t kScriptedSeeds = 150;
constexpr uint32_t kManyTurns = 5000;  // of a scripted session; far more than it needs for anything

class AWalk {
 public:
  // `turn`: one turn of a session that does nothing by itself, or nothing.
  AWalk(DeviceUnderTest& device, const std::vector<std::vector<uint8_t>>& chunks, uint32_t seed, std::function<void()> turn = {})
      : client_(device), chunks_(chunks), random_(seed), turn_(std::move(turn)) {}

  // Walks; what it did is in trace().
  void run() {
    client_.set_coded({320, 240});
    ASSERT_EQ(client_.subscribe(V4L2_EVENT_SOURCE_CHANGE), 0);
    ASSERT_EQ(client_.subscribe(V4L2_EVENT_EOS), 0);
    start_output();
    for (uint32_t i = 0; i < kSteps && !testing::Test::HasFatalFailure(); ++i) step();
  }
  const std::string& trace() const { return trace_; }

 private:
  uint32_t roll(uint32_t sides) {
    random_ = random_ * 1664525 + 1013904223;
    return (random_ >> 16) % sides;
  }
  void note(const std::string& what) { trace_ += what + " "; }

  void pause(uint32_t microseconds) {
    if (turn_)
      turn_();
    else
      std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
  }

  void start_output() {
    if (client_.count(Side::kOutput) == 0) client_.allocate(Side::kOutput, kOutputs);
    output_queued_.assign(client_.count(Side::kOutput), false);
    ASSERT_EQ(client_.stream(Side::kOutput, true), 0);
    output_on_ = true;
    // Restarted after a drain, or without a session: decoding resumes, and what was owed is owed no more.
    if (ended_ || fresh_) owed_ = last_seen_ = ended_ = false;
    fresh_ = false;
    resumed();
    note("output-on");
  }

  void queue_captures() {
    for (uint32_t i = 0; i < capture_queued_.size(); ++i)
      if (!capture_queued_[i] && client_.qbuf_capture(i) == 0) capture_queued_[i] = true;
  }

  // An event that was queued before decoding was resumed is about what that has settled already: its LAST was taken, or given
  // up.
  void resumed() { clock_gettime(CLOCK_MONOTONIC, &resumed_); }
  bool is_news(const v4l2_event& event) const {
    const auto& [seconds, nanoseconds] = event.timestamp;
    return std::pair(seconds, nanoseconds) > std::pair(resumed_.tv_sec, resumed_.tv_nsec);
  }

  // Takes everything that is ready.
  void reap() {
    v4l2_event event{};
    while (client_.dqevent(&event) == 0) {
      const bool change = event.type == V4L2_EVENT_SOURCE_CHANGE;
      note(change ? "CHANGE" : "EOS");
      setup_due_ = setup_due_ || change;
      ended_ = ended_ || !change;
      if (capture_on_ && !last_seen_ && is_news(event)) owed_ = true;
    }
    while (output_on_) {
      const Got got = client_.dqbuf(Side::kOutput);
      if (got.error != 0) break;
      output_queued_[got.index] = false;
    }
    bool behind_last = false;  // one that was owed, so nothing comes after it
    while (capture_on_) {
      const Got got = client_.dqbuf(Side::kCapture);
      if (behind_last) {
        EXPECT_EQ(got.error, -EPIPE);
      }
      last_seen_ = got.error == -EPIPE;
      if (got.error != 0) break;
      capture_queued_[got.index] = false;
      if (!got.last()) continue;
      note("LAST");
      // If decoding was resumed while it waited to be dequeued, it is the end of nothing any more.
      behind_last = owed_;
      owed_ = false;
    }
  }

  // A LAST that is owed must come: the client only gives back what it took.
  void expect_last() {
    queue_captures();
    const auto limit = std::chrono::steady_clock::now() + kPatience * patience();
    for (uint32_t turns = 0; owed_; ++turns) {
      reap();
      if (!owed_) break;
      queue_captures();
      ASSERT_TRUE(turn_ ? turns < kManyTurns : std::chrono::steady_clock::now() < limit) << "a LAST was lost";
      if (turn_)
        turn_();
      else
        (void)client_.file().poll(POLLIN | POLLPRI, 20);
    }
  }

  void stop_capture() {
    ASSERT_EQ(client_.stream(Side::kCapture, false), 0);
    note("capture-off");
    capture_on_ = owed_ = last_seen_ = false;
    capture_queued_.assign(capture_queued_.size(), false);
  }

  void start_capture() {
    queue_captures();
    ASSERT_EQ(client_.stream(Side::kCapture, true), 0);
    resumed();
    note("capture-on");
    capture_on_ = true;
    ended_ = false;
    last_seen_ = false;
  }

  void set_up_capture() {
    if (capture_on_) stop_capture();
    client_.free(Side::kCapture);
    client_.allocate(Side::kCapture, kCaptures);
    capture_queued_.assign(client_.count(Side::kCapture), false);
    setup_due_ = false;
    start_capture();
  }

  void feed() {
    for (uint32_t i = 0; i < output_queued_.size() && output_on_; ++i) {
      if (output_queued_[i]) continue;
      const bool empty = roll(40) == 0;
      ASSERT_EQ(client_.qbuf_output(i, empty ? std::vector<uint8_t>{} : chunks_[next_chunk_], ++timestamp_), 0);
      if (!empty) next_chunk_ = (next_chunk_ + 1) % chunks_.size();
      output_queued_[i] = true;
      note(empty ? "empty" : "q");
      return;
    }
  }

  void stop_output() {
    ASSERT_EQ(client_.stream(Side::kOutput, false), 0);
    note("output-off");
    output_on_ = false;
    output_queued_.assign(output_queued_.size(), false);
    next_chunk_ = 0;
    if (roll(2) == 0) pause(roll(800));
    const uint32_t then = roll(4);
    if (then > 1) return;
    client_.free(Side::kOutput);  // REQBUFS(OUTPUT, 0): the end of the session
    note("output-freed");
    fresh_ = true;
    if (then == 0) client_.allocate(Side::kOutput, kOutputs);
  }

  void step() {
    if (turn_) turn_();
    reap();
    if (setup_due_ && (!capture_on_ || !owed_) && roll(3) != 0) return set_up_capture();
    switch (roll(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return feed();
      case 4:
        if (capture_on_ && !last_seen_) queue_captures();
        return;
      case 5:
        return pause(roll(1500));
      case 6:
        if (!output_on_) return start_output();
        return roll(3) == 0 ? stop_output() : void();
      case 7:
        if (!capture_on_ || setup_due_ || roll(2) == 0) return;
        stop_capture();
        reap();
        return setup_due_ ? void() : start_capture();
      case 8:
        if (client_.command(V4L2_DEC_CMD_START) == 0 && output_on_ && capture_on_ && !setup_due_) {
          resumed();
          note("START");
          owed_ = last_seen_ = ended_ = false;
        }
        return;
      case 9:
      case 10:
        return drain();
      default:
        return expect_last();
    }
  }

  void drain() {
    const bool drains = output_on_ && capture_on_ && !last_seen_ && !owed_ && !setup_due_;
    const int error = client_.command(V4L2_DEC_CMD_STOP);
    note("STOP" + std::to_string(error));
    ASSERT_TRUE(error == 0 || error == -EBUSY) << error;
    if (!drains || error != 0) return;
    // Between the check above and STOP a drain may have ended or a change may have come: both bring a LAST.
    owed_ = true;
    queue_captures();
    if (roll(2) == 0) stop_output();  // a drain that is aborted brings it all the same
    expect_last();
  }

  Client client_;
  const std::vector<std::vector<uint8_t>>& chunks_;
  uint32_t random_;
  const std::function<void()> turn_;
  std::string trace_;
  size_t next_chunk_ = 0;
  uint64_t timestamp_ = 0;
  std::vector<bool> output_queued_;
  std::vector<bool> capture_queued_;
  bool output_on_ = false;
  bool capture_on_ = false;
  bool fresh_ = false;      // the next STREAMON(OUTPUT) starts a session
  bool setup_due_ = false;  // a change was announced and not followed
  bool ended_ = false;      // an EOS event came
  timespec resumed_{};      // CLOCK_MONOTONIC, as an event's time
  bool owed_ = false;       // a LAST
  bool last_seen_ = false;  // and EPIPE since
};

// A lower half that keeps the contract of session.h in whatever order it allows: one random step a turn.
class AWhimsicalSession {
 public:
  AWhimsicalSession(ScriptedDevice& device, uint32_t seed) : device_(device), random_(seed * 7919) {}

  void turn() {
    if (device_.driver.scripts().empty() || !device_.driver.script().open) return;
    codec::Script& script = device_.driver.script();
    if (&script != script_) *this = AWhimsicalSession(device_, random_, &script);
    for (; seen_ < script.calls.size(); ++seen_) {
      if (script.calls[seen_] == "drain") drain_ = true;
      if (script.calls[seen_] == "resume") paused_ = false;
      if (script.calls[seen_] == "flush input") {
        flushed_ = true;
        stale_ = stale_ || drain_;
        drain_ = false;
      }
    }
    switch (roll(6)) {
      case 0:
        script.settle();
        if (flushed_) frames_ = 0;
        flushed_ = stale_ = false;
        return;
      case 1:
        if (paused_ || script.inputs.empty() || flushed_) return;
        if (!header_) return announce(script, true);
        script.finish_input();
        ++frames_;
        return;
      case 2:
      case 3:
        if (paused_ || frames_ == 0 || script.outputs.empty()) return;
        --frames_;
        return script.deliver(0);
      case 4:
        // The answer to a drain that a flush cancels may cross it.
        if (paused_ || !(stale_ || (drain_ && !flushed_ && script.inputs.empty() && frames_ == 0))) return;
        (stale_ ? stale_ : drain_) = false;
        paused_ = true;
        return script.say_drained();
      default:
        if (paused_ || !header_ || frames_ > 0 || roll(6) != 0) return;
        return announce(script, false);
    }
  }

 private:
  AWhimsicalSession(ScriptedDevice& device, uint32_t random, codec::Script* script)
      : device_(device), random_(random), script_(script) {}
  AWhimsicalSession& operator=(AWhimsicalSession&& other) noexcept {
    random_ = other.random_;
    script_ = other.script_;
    seen_ = frames_ = 0;
    header_ = paused_ = drain_ = stale_ = flushed_ = wide_ = false;
    return *this;
  }
  uint32_t roll(uint32_t sides) {
    random_ = random_ * 1664525 + 1013904223;
    return (random_ >> 16) % sides;
  }
  void announce(codec::Script& script, bool initial) {
    header_ = paused_ = true;
    wide_ = !wide_;
    script.announce(codec::plain_stream(wide_ ? Size{320, 240} : Size{160, 128}), initial);
  }

  ScriptedDevice& device_;
  uint32_t random_;
  codec::Script* script_ = nullptr;
  size_t seen_ = 0;    // calls
  size_t frames_ = 0;  // decoded, not delivered
  bool header_ = false;
  bool paused_ = false;
  bool drain_ = false;    // unanswered
  bool stale_ = false;    // the same, of one from before the flush
  bool flushed_ = false;  // the inputs, unanswered
  bool wide_ = false;
};

TEST(ARandomWalkOnAScriptedSession, LosesNoLast) {
  const std::vector<std::vector<uint8_t>> chunks(8, std::vector<uint8_t>(64, 1));
  const char* const more = std::getenv("SOFTVPU_WALKS");
  const uint32_t seeds = more != nullptr ? static_cast<uint32_t>(std::atoi(more)) : kScriptedSeeds;
  for (uint32_t seed = 1; seed <= seeds; ++seed) {
    ScriptedDevice device;
    AWhimsicalSession session(device, seed);
    AWalk walk(device, chunks, seed, [&session] { session.turn(); });
    walk.run();
    const std::string& trace = walk.trace();
    ASSERT_FALSE(testing::Test::HasFailure())
        << "seed " << seed << ": … " << trace.substr(trace.size() > 900 ? trace.size() - 900 : 0);
  }
}

SOFTVPU_CONFORMANCE(ARandomWalk);

TEST_P(ARandomWalk, LosesNoLast) {
  std::vector<std::vector<uint8_t>> chunks;
  for (const Size size : {Size{320, 240}, Size{160, 128}})
    for (const auto& chunk : clip(12, size).chunks) chunks.push_back(chunk);
  const char* const more = std::getenv("SOFTVPU_WALKS");
  const uint32_t seeds = more != nullptr ? static_cast<uint32_t>(std::atoi(more)) : kSeeds;
  const auto limit = std::chrono::steady_clock::now() + kEnough;
  for (uint32_t seed = 1; seed <= seeds; ++seed) {
    AWalk walk(device(), chunks, seed);
    walk.run();
    const std::string& trace = walk.trace();
    ASSERT_FALSE(HasFailure()) << "seed " << seed << ": … " << trace.substr(trace.size() > 600 ? trace.size() - 600 : 0);
    if (more == nullptr && std::chrono::steady_clock::now() > limit) break;
  }
}

}  // namespace
}  // namespace softvpu::conformance
