// SPDX-License-Identifier: GPL-2.0-or-later
// An encode session over a scripted encoder: which calls it gets, in which order, and what becomes of the
// buffers.
#include "firmware/encode/encode_session.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace softvpu::firmware {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint32_t kOne = 1, kTwo = 2;  // controls

std::string text_of(DoneStatus status) {
  switch (status) {
    case DoneStatus::kOk:
      return "";
    case DoneStatus::kError:
      return " error";
    case DoneStatus::kCancelled:
      return " cancelled";
    case DoneStatus::kTooSmall:
      return " too small";
  }
  return " ?";
}

class AnEncodeSession : public ::testing::Test, private CodecEvents {
 protected:
  // Does what the test says, and writes down what it was asked.
  class Scripted final : public FrameEncoder {
   public:
    explicit Scripted(AnEncodeSession& test) : test_(test) {}
    Status begin(const FrameLayout& layout) override {
      test_.note("begin " + std::to_string(layout.size.width));
      if (test_.refuses_to_begin) return fail(EOPNOTSUPP, "no");
      return {};
    }
    void set_control(const ControlValue& control) override {
      test_.note("set " + std::to_string(control.id) + "=" + std::to_string(control.value));
    }
    void set_interval(FrameInterval interval) override {
      test_.note("interval " + std::to_string(interval.numerator) + "/" + std::to_string(interval.denominator));
    }
    Result<std::optional<CodedFrame>> encode(const RawPicture& picture, std::span<std::byte> output) override {
      test_.note("encode " + std::to_string(picture.number));
      inside_.push_back(picture.number);
      if (test_.fails) return fail(EIO, "broken");
      if (inside_.size() <= test_.latency) return std::nullopt;
      return oldest(output);
    }
    Result<std::optional<CodedFrame>> finish(std::span<std::byte> output) override {
      if (inside_.empty() || test_.loses) return std::nullopt;
      return oldest(output);
    }

   private:
    CodedFrame oldest(std::span<std::byte> output) {
      const CodedFrame frame{
          .number = inside_.front() + test_.skewed, .bytes = output.size() + test_.excess, .status = test_.status};
      inside_.erase(inside_.begin());
      return frame;
    }
    AnEncodeSession& test_;
    std::vector<uint64_t> inside_;
  };

  void SetUp() override { session_.set_layout(layout(16)); }

  static FrameLayout layout(uint32_t width) {
    return {.fourcc = kNv12, .size = {width, 16}, .memory_planes = 1, .components = 2, .stride = {width, width}};
  }
  void input(uint64_t cookie) { session_.queue_input({.cookie = Cookie{cookie}, .tag = Tag{cookie + 1000}, .owner = owner_}); }
  void output(uint64_t cookie) {
    auto memory = std::make_shared<MappedBuffer>();
    memory->num_planes = 1;
    memory->plane[0] = {bytes_, sizeof(bytes_), sizeof(bytes_)};
    session_.queue_output({Cookie{cookie}, memory});
  }
  void run() {
    while (session_.step()) {
    }
  }
  void note(std::string line) { log.push_back(std::move(line)); }
  std::vector<std::string> take_log() { return std::exchange(log, {}); }

  std::vector<std::string> log;
  size_t latency = 0, excess = 0;
  uint64_t skewed = 0;
  DoneStatus status = DoneStatus::kOk;
  bool refuses_to_begin = false, fails = false, loses = false;
  std::shared_ptr<int> owner_ = std::make_shared<int>(0);  // of the inputs' memory
  EncodeSession session_{std::make_unique<Scripted>(*this), *this};

 private:
  void input_done(Cookie cookie, DoneStatus done) override {
    note("input " + std::to_string(static_cast<uint64_t>(cookie)) + text_of(done));
  }
  void output_done(const OutputDone& done) override {
    std::string line = "output " + std::to_string(static_cast<uint64_t>(done.cookie)) + text_of(done.status);
    if (done.has_tag) line += " of " + std::to_string(static_cast<uint64_t>(done.tag) - 1000);
    note(line + (done.status != DoneStatus::kOk && done.bytes_used[0] != 0 ? " with bytes" : ""));
  }
  void format_changed(const StreamFormat&, bool) override { note("format"); }
  void drained(DoneStatus) override { note("drained"); }
  void failed(const Error& error) override { note("failed: " + error.reason); }

  std::byte bytes_[64]{};
};

TEST_F(AnEncodeSession, EncodesWhenBothBuffersAreThere) {
  input(1);
  run();
  EXPECT_THAT(take_log(), IsEmpty());
  output(11);
  run();
  EXPECT_THAT(take_log(), ElementsAre("begin 16", "encode 0", "input 1", "output 11 of 1"));
  output(12);
  run();
  EXPECT_THAT(take_log(), IsEmpty());
  input(2);
  run();
  EXPECT_THAT(take_log(), ElementsAre("encode 1", "input 2", "output 12 of 2"));
}

TEST_F(AnEncodeSession, ReleasesTheInputsMemoryWithItsAnswer) {
  input(1);
  output(11);
  run();
  EXPECT_EQ(owner_.use_count(), 1);
}

TEST_F(AnEncodeSession, AppliesChangesBetweenThePicturesTheyStandBetween) {
  input(1);
  session_.set_control({kOne, 5});
  session_.set_interval({1, 25});
  session_.set_control({kTwo, 6});
  session_.set_control({kOne, 7});
  session_.set_interval({1, 50});
  input(2);
  output(11);
  output(12);
  run();
  EXPECT_THAT(take_log(), ElementsAre("begin 16", "encode 0", "input 1", "output 11 of 1", "set 2=6", "set 1=7", "interval 1/50",
                                      "encode 1", "input 2", "output 12 of 2"));
}

TEST_F(AnEncodeSession, DeliversWhatIsInsideBeforeAnotherSizeBegins) {
  latency = 5;
  input(1);
  input(2);
  session_.set_layout(layout(32));
  input(3);
  for (uint64_t i = 11; i < 14; ++i) output(i);
  run();
  EXPECT_THAT(take_log(), ElementsAre("begin 16", "encode 0", "input 1", "encode 1", "input 2", "output 11 of 1",
                                      "output 12 of 2", "begin 32", "encode 2", "input 3"));
}

TEST_F(AnEncodeSession, GoesOnWithAnotherStride) {
  input(1);
  FrameLayout wider = layout(16);
  wider.stride = {64, 64};
  session_.set_layout(wider);
  input(2);
  output(11);
  output(12);
  run();
  EXPECT_THAT(take_log(),
              ElementsAre("begin 16", "encode 0", "input 1", "output 11 of 1", "encode 1", "input 2", "output 12 of 2"));
}

TEST_F(AnEncodeSession, WaitsForOutputsWhileItDrains) {
  latency = 5;
  input(1);
  input(2);
  session_.drain();
  output(11);
  run();
  EXPECT_THAT(take_log(), ElementsAre("begin 16", "encode 0", "input 1", "encode 1", "input 2", "output 11 of 1"));
  output(12);
  run();
  EXPECT_THAT(take_log(), ElementsAre("output 12 of 2", "drained"));
  input(3);
  output(13);
  run();
  EXPECT_THAT(take_log(), IsEmpty()) << "it is stopped";
  session_.resume();
  run();
  EXPECT_THAT(take_log(), ElementsAre("encode 2", "input 3"));
}

TEST_F(AnEncodeSession, DrainsEvenWhenTheEncoderDropsItsFrames) {
  latency = 5;
  loses = true;
  input(1);
  output(11);
  session_.drain();
  run();
  EXPECT_THAT(take_log(), ElementsAre("begin 16", "encode 0", "input 1", "drained"));
}

TEST_F(AnEncodeSession, ForgetsADrainWithAFlushOfItsInputs) {
  input(1);
  session_.drain();
  session_.flush(Side::kInput);
  output(11);
  run();
  EXPECT_THAT(take_log(), ElementsAre("input 1 cancelled"));
}

TEST_F(AnEncodeSession, DropsWhatIsInsideWithAFlush) {
  latency = 5;
  input(1);
  output(11);
  run();
  session_.flush(Side::kInput);
  latency = 0;
  take_log();
  input(2);
  run();
  ASSERT_THAT(log, ::testing::Contains("begin 16"));
}

TEST_F(AnEncodeSession, BeginsAnewBehindALostFrame) {
  status = DoneStatus::kTooSmall;
  input(1);
  output(11);
  run();
  status = DoneStatus::kOk;
  input(2);
  output(12);
  run();
  EXPECT_THAT(take_log(), ElementsAre("begin 16", "encode 0", "input 1", "output 11 too small of 1", "begin 16", "encode 1",
                                      "input 2", "output 12 of 2"));
}

TEST_F(AnEncodeSession, FailsOnceAndAnswersNothingAfterIt) {
  fails = true;
  input(1);
  input(2);
  output(11);
  output(12);
  session_.drain();
  run();
  EXPECT_THAT(take_log(), ElementsAre("begin 16", "encode 0", "failed: broken"));
  input(3);
  output(13);
  session_.set_control({kOne, 1});
  session_.return_output();
  session_.flush(Side::kInput);
  session_.flush(Side::kOutput);
  run();
  EXPECT_THAT(take_log(), IsEmpty());
  EXPECT_EQ(owner_.use_count(), 1) << "it holds memory";
}

TEST_F(AnEncodeSession, FailsWhenTheEncoderCannotBegin) {
  refuses_to_begin = true;
  input(1);
  output(11);
  run();
  EXPECT_THAT(take_log(), ElementsAre("begin 16", "failed: no"));
}

TEST_F(AnEncodeSession, DoesNotTrustItsEncoder) {
  excess = 1;
  input(1);
  output(11);
  run();
  EXPECT_THAT(take_log(), ElementsAre("begin 16", "encode 0", "input 1", ::testing::StartsWith("failed")));
}

TEST_F(AnEncodeSession, DoesNotTrustItsEncodersNumbers) {
  skewed = 5;
  input(1);
  output(11);
  run();
  EXPECT_THAT(take_log(), ElementsAre("begin 16", "encode 0", "input 1", ::testing::StartsWith("failed")));
}

TEST_F(AnEncodeSession, ReturnsTheOldestOutput) {
  output(11);
  output(12);
  session_.return_output();
  EXPECT_THAT(take_log(), ElementsAre("output 11 cancelled"));
  session_.flush(Side::kOutput);
  EXPECT_THAT(take_log(), ElementsAre("output 12 cancelled"));
  session_.return_output();
  EXPECT_THAT(take_log(), IsEmpty());
}

}  // namespace
}  // namespace softvpu::firmware
