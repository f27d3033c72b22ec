// SPDX-License-Identifier: GPL-2.0-or-later
// When the worker releases memory that the host unmaps, and says so: UNMAPPED (docs/hfi.md, the
// order of things, 4). The host keeps the memory and plays whoever would get it next.
#include <gtest/gtest.h>

#include "firmware/libav/testing/clip.h"
#include "firmware/testing/host.h"
#include "firmware/worker.h"

namespace softvpu::firmware::testing {
namespace {

namespace cmd = hfi::cmd;

constexpr uint32_t kOutputs = 8;
constexpr size_t kBefore = 10;  // access units before the client makes new buffers; all are in one group of pictures

class AWorkerThatDecodes : public ::testing::Test {
 protected:
  void begin() {
    pid_ = host_.spawn(SOFTVPU_FW);
    ASSERT_TRUE(host_.configure(kH264));
    ASSERT_TRUE(host_.map_inputs());
    ASSERT_TRUE(host_.feed(clip_[0], 0));
    ASSERT_TRUE(host_.wait_for([&] { return host_.format.has_value(); }));
    host_.set_up_outputs(kOutputs, kYuv420);
    for (size_t i = 1; i < kBefore; ++i) ASSERT_TRUE(host_.feed(clip_[i], i));
    ASSERT_TRUE(host_.wait_for([&] { return host_.pictures.size() == kBefore; }));
  }
  // STREAMOFF, REQBUFS(0), REQBUFS, STREAMON. What the worker doesn't refer to has been released by
  // the time of the PONG.
  void make_new_outputs() {
    ASSERT_TRUE(host_.send(cmd::Flush{hfi::Direction::kOutput, 1}));
    ASSERT_TRUE(host_.wait_for([&] { return host_.flushed.size() == 1; }));
    host_.new_outputs(kOutputs, kYuv420);
    ASSERT_TRUE(host_.send(cmd::Ping{}, 7));
    ASSERT_TRUE(host_.wait_for([&] { return host_.pongs.size() == 1; }));
  }
  // Returns the sums of all pictures.
  std::vector<std::string> decode_the_rest() {
    for (size_t i = kBefore; i < clip_.size(); ++i) EXPECT_TRUE(host_.feed(clip_[i], i));
    EXPECT_TRUE(host_.send(cmd::Drain{}));
    EXPECT_TRUE(host_.wait_for([&] { return host_.drains == 1; }));
    std::vector<std::string> sums;
    for (const Picture& picture : host_.pictures) sums.push_back(picture.md5);
    return sums;
  }
  std::vector<std::string> expected() const { return plain_sums(AV_CODEC_ID_H264, clip_); }
  void TearDown() override {
    host_.port().hang_up();
    if (pid_ > 0) waitpid(pid_, nullptr, 0);
  }

  const Packets clip_ = make_clip({.frames = 24, .gop = 100, .b_frames = 0});
  Host host_;
  pid_t pid_ = -1;
};

TEST_F(AWorkerThatDecodes, SaysUnmappedOnlyWhenNoPictureRefersToTheMemory) {
  begin();
  make_new_outputs();
  const size_t said = host_.unmapped.size();
  EXPECT_GT(said, 0u);
  EXPECT_LT(said, kOutputs) << "libavcodec holds no reference picture in the client's memory: this test tests nothing";
  EXPECT_EQ(host_.overwrite_retired(true), said);
  EXPECT_EQ(decode_the_rest(), expected());
  EXPECT_TRUE(host_.wait_for([&] { return host_.unmapped.size() == kOutputs; })) << host_.unmapped.size();
  std::vector<uint32_t> names;
  for (const hfi::msg::Unmapped& one : host_.unmapped) {
    EXPECT_EQ(one.direction, hfi::Direction::kOutput);
    EXPECT_EQ(one.buffer.generation, 1u);
    names.push_back(one.buffer.index);
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<uint32_t>{0, 1, 2, 3, 4, 5, 6, 7})) << "each once";
  EXPECT_TRUE(host_.complaints.empty());
}

// Why anybody waits for UNMAPPED.
TEST_F(AWorkerThatDecodes, ReadsItsReferencesFromMemoryThatItHasNotSaidUnmappedOf) {
  begin();
  make_new_outputs();
  EXPECT_GT(host_.overwrite_retired(false), 0u);
  const auto sums = decode_the_rest();
  EXPECT_EQ(sums.size(), clip_.size());
  EXPECT_NE(sums, expected());
}

TEST_F(AWorkerThatDecodes, LetsGoOfEverythingWithAFlushOfItsInputs) {
  begin();
  make_new_outputs();
  ASSERT_LT(host_.unmapped.size(), kOutputs);
  ASSERT_TRUE(host_.send(cmd::Flush{hfi::Direction::kInput, 2}));
  EXPECT_TRUE(host_.wait_for([&] { return host_.unmapped.size() == kOutputs; })) << host_.unmapped.size();
}

TEST_F(AWorkerThatDecodes, SaysUnmappedOfInputsAtOnce) {
  begin();
  for (uint32_t i = 0; i < Host::kInputs; ++i) ASSERT_TRUE(host_.send(cmd::UnmapBuffer{hfi::Direction::kInput, {i, 1}}));
  ASSERT_TRUE(host_.send(cmd::UnmapBuffer{hfi::Direction::kInput, {0, 1}})) << "twice, and 9 is none: not answered";
  ASSERT_TRUE(host_.send(cmd::UnmapBuffer{hfi::Direction::kInput, {9, 1}}));
  ASSERT_TRUE(host_.send(cmd::Ping{}, 7));
  ASSERT_TRUE(host_.wait_for([&] { return host_.pongs.size() == 1; }));
  EXPECT_EQ(host_.unmapped.size(), Host::kInputs);
}

// docs/hfi.md, Versions.
TEST_F(AWorkerThatDecodes, ServesAHostOfALaterMinorVersion) {
  host_.of_a_later_minor = true;
  begin();
  make_new_outputs();
  EXPECT_EQ(decode_the_rest(), expected());
  EXPECT_TRUE(host_.complaints.empty());
  EXPECT_FALSE(host_.session_error.has_value());
}

}  // namespace
}  // namespace softvpu::firmware::testing
