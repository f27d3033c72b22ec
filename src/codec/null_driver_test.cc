// SPDX-License-Identifier: LGPL-2.1-or-later
// The null codec passes the contract that every lower half passes, and does what its record format says.
#include "codec/testing/null_driver.h"

#include "tests/contract/session_contract.h"

namespace softvpu::codec::contract {
namespace {

StreamFormat stream_of(Size size) {
  StreamFormat format;
  format.coded = size;
  format.visible = {0, 0, size.width, size.height};
  format.min_output_buffers = 2;
  format.native = kYuv420;
  return format;
}

class NullBench : public Bench {
 public:
  explicit NullBench(uint8_t reorder_depth = 0) : reorder_depth_(reorder_depth) {}
  Driver& driver() override { return driver_; }
  FourCC coded() override { return kH264; }
  std::vector<std::vector<uint8_t>> stream(Size size, uint32_t frames) override {
    std::vector<std::vector<uint8_t>> chunks;
    for (uint32_t i = 0; i < frames; ++i) {
      auto chunk = i == 0 ? null_header(stream_of(size), reorder_depth_) : std::vector<uint8_t>{};
      const auto frame = null_frame(i == 0 ? FrameType::kKey : FrameType::kP, static_cast<uint8_t>(i));
      chunk.insert(chunk.end(), frame.begin(), frame.end());
      chunks.push_back(std::move(chunk));
    }
    return chunks;
  }
  std::vector<uint8_t> fatal_chunk() override { return null_fatal(); }

 private:
  NullDriver driver_;
  const uint8_t reorder_depth_;
};

std::unique_ptr<Bench> make_null_bench() { return std::make_unique<NullBench>(); }
std::unique_ptr<Bench> make_reordering_bench() { return std::make_unique<NullBench>(2); }

constexpr MakeBench kInOrder{"InOrder", &make_null_bench};
constexpr MakeBench kReordering{"Reordering", &make_reordering_bench};

INSTANTIATE_TEST_SUITE_P(Null, SessionContract, testing::Values(kInOrder, kReordering), bench_name);

class ANullSession : public SessionContract {};
INSTANTIATE_TEST_SUITE_P(Null, ANullSession, testing::Values(kInOrder), bench_name);

TEST_P(ANullSession, PaintsTheSeedIntoTheFrame) {
  feed(null_header(stream_of(kSmall)));
  feed(null_frame(FrameType::kKey, 0x5a));
  ASSERT_TRUE(wait_count(Said::kFormat, 1));
  go_on();
  ASSERT_TRUE(wait([](const auto& said) { return frames(said) == 1; }));
  const Said frame = last_frame();
  EXPECT_EQ(frame.output.type, FrameType::kKey);
  EXPECT_EQ(std::to_integer<int>(outputs_.at(frame.cookie)->mapping.data()[0]), 0x5a);
}

TEST_P(ANullSession, MarksDamagedFrames) {
  feed(null_header(stream_of(kSmall)));
  feed(null_damaged_frame(1));
  ASSERT_TRUE(wait_count(Said::kFormat, 1));
  go_on();
  ASSERT_TRUE(wait([](const auto& said) { return frames(said) == 1; }));
  EXPECT_EQ(last_frame().status, DoneStatus::kError);
}

TEST_P(ANullSession, SkipsWhatIsNoRecord) {
  feed({'N', 'N', 'U', 'L', 'L', '?', 'N', 'U', 0, 1, 2});
  feed(null_header(stream_of(kSmall)));
  EXPECT_TRUE(wait_count(Said::kFormat, 1));
}

}  // namespace
}  // namespace softvpu::codec::contract
