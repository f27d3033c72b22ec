// SPDX-License-Identifier: GPL-2.0-or-later
// The worker with a codec of role encoder, over a real region (docs/hfi.md, the order of things, 3, 5, 7, 9). The encoder copies.
#include <gtest/gtest.h>

#include <thread>

#include "firmware/testing/copy_encoder.h"
#include "firmware/testing/hfi_host.h"
#include "firmware/worker.h"
#include "hfi/values.h"

namespace softvpu::firmware::testing {
namespace {

using hfi::WireStatus;
namespace cmd = hfi::cmd;

constexpr Size kSize{6, 4};
constexpr size_t kSamples = 6 * 4 * 3 / 2;
constexpr uint32_t kPlaneBytes = 4096;

// NV12 whose luma and chroma lie in planes of their own, with lines of 8 and 10 bytes.
FrameLayout two_planes() {
  return {.fourcc = kNv12,
          .size = kSize,
          .memory_planes = 2,
          .components = 2,
          .stride = {8, 10},
          .offset = {0, 4},
          .component_plane = {0, 1},
          .plane_size = {32, 24}};
}
// What a picture in it reaches: to the end of its last lines.
constexpr uint32_t kNeeded[] = {32, 24};

class AWorkerThatEncodes : public ::testing::Test {
 protected:
  void SetUp() override {
    thread_ = std::thread([socket = host_.port().take_firmware_socket().release(), this] {
      auto endpoint = hfi::FirmwareEndpoint::attach(UniqueFd(socket), std::chrono::seconds(5));
      if (!endpoint) return;
      Worker worker(**endpoint, {.catalog = &copy_catalog()});
      if (worker.say_ready(0)) (void)worker.run();
    });
    ASSERT_TRUE(host_.wait_for([&] { return host_.ready.has_value(); }));
  }
  void TearDown() override {
    host_.port().hang_up();
    thread_.join();
    EXPECT_TRUE(host_.complaints.empty()) << host_.complaints[0];
  }

  void configure(FourCC coded = kCopy) {
    ASSERT_TRUE(host_.send(
        cmd::Configure{.role = Role::kEncoder, .coded = static_cast<uint32_t>(coded), .interval_num = 1, .interval_den = 30}));
    ASSERT_TRUE(host_.wait_for([&] { return host_.configured.has_value(); }));
    ASSERT_EQ(*host_.configured, WireStatus::kOk);
  }
  void map_input(uint32_t index, uint32_t planes = 2) {
    std::vector<HfiHost::Memory> memory;
    for (uint32_t i = 0; i < planes; ++i) memory.push_back(std::move(*HfiHost::make_memory(kPlaneBytes)));
    ASSERT_TRUE(host_.map(Side::kInput, {index, 1}, memory, kPlaneBytes));
    inputs_[index] = std::move(memory);
  }
  void queue_output(uint32_t index, uint64_t cookie, uint32_t length = kPlaneBytes) {
    if (!outputs_.contains(index)) {
      std::vector<HfiHost::Memory> memory;
      memory.push_back(std::move(*HfiHost::make_memory(kPlaneBytes)));
      ASSERT_TRUE(host_.map(Side::kOutput, {index, 1}, memory, length));
      outputs_[index] = std::move(memory);
    }
    ASSERT_TRUE(host_.send(cmd::QueueOutput{{index, 1}}, cookie));
  }
  static cmd::QueueInput picture(uint32_t index, uint64_t tag = 0) {
    cmd::QueueInput input{.buffer = {index, 1}, .num_planes = 2, .tag = tag};
    for (uint32_t i = 0; i < 2; ++i) input.plane[i] = {0, kNeeded[i]};
    return input;
  }
  // Configures, maps two inputs and starts; what most tests begin with.
  void begin(FourCC coded = kCopy) {
    configure(coded);
    map_input(0);
    map_input(1);
    ASSERT_TRUE(host_.send(hfi::command_of(two_planes())));
    ASSERT_TRUE(host_.send(cmd::Start{}));
  }

  template <typename Body>
  std::vector<std::pair<uint64_t, Body>> all() const {
    std::vector<std::pair<uint64_t, Body>> found;
    for (const hfi::Message& message : host_.messages) {
      if (const auto* body = std::get_if<Body>(&message.body)) found.emplace_back(message.cookie, *body);
    }
    return found;
  }
  auto inputs_done() const { return all<hfi::msg::InputDone>(); }
  auto outputs_done() const { return all<hfi::msg::OutputDone>(); }
  bool wait_for_outputs(size_t count) {
    return host_.wait_for([&] { return outputs_done().size() >= count || host_.over(); }) && outputs_done().size() == count;
  }
  bool wait_for_inputs(size_t count) {
    return host_.wait_for([&] { return inputs_done().size() >= count || host_.over(); }) && inputs_done().size() == count;
  }
  const uint8_t* output(uint32_t index) const { return reinterpret_cast<const uint8_t*>(outputs_.at(index)[0].mapping.data()); }

  HfiHost host_;
  std::map<uint32_t, std::vector<HfiHost::Memory>> inputs_, outputs_;
  std::thread thread_;
};

TEST_F(AWorkerThatEncodes, ListsWhatItsCatalogHas) {
  ASSERT_TRUE(host_.send(cmd::QueryCapabilities{}));
  ASSERT_TRUE(host_.wait_for([&] { return host_.capabilities_end; }));
  ASSERT_EQ(host_.capabilities.size(), 2u);
  EXPECT_EQ(host_.capabilities[0].codec.role, Role::kEncoder);
  EXPECT_EQ(host_.capabilities[0].codec.coded, static_cast<uint32_t>(kCopy));
  EXPECT_EQ(host_.capabilities[0].controls.size(), 3u);
}

TEST_F(AWorkerThatEncodes, ReadsEachPlaneFromItsOffset) {
  begin();
  constexpr uint32_t kOffset[] = {64, 100};
  std::vector<uint8_t> expected{'K', 0};
  for (uint32_t y = 0; y < 4; ++y) {
    for (uint32_t x = 0; x < 6; ++x) {
      inputs_[0][0].mapping.data()[kOffset[0] + y * 8 + x] = std::byte(10 * y + x);
      expected.push_back(static_cast<uint8_t>(10 * y + x));
    }
  }
  for (uint32_t y = 0; y < 2; ++y) {
    for (uint32_t x = 0; x < 6; ++x) {
      inputs_[0][1].mapping.data()[kOffset[1] + 4 + y * 10 + x] = std::byte(100 + 10 * y + x);
      expected.push_back(static_cast<uint8_t>(100 + 10 * y + x));
    }
  }
  queue_output(0, 200);
  cmd::QueueInput input = picture(0, 77);
  input.plane[0].offset = kOffset[0];
  input.plane[1].offset = kOffset[1];
  input.field = SVPU_FIELD_BOTTOM_FIRST;
  ASSERT_TRUE(host_.send(input, 100));
  ASSERT_TRUE(wait_for_outputs(1));
  const auto [cookie, done] = outputs_done()[0];
  EXPECT_EQ(cookie, 200u);
  EXPECT_EQ(done.status, WireStatus::kOk);
  EXPECT_TRUE(done.has_tag);
  EXPECT_EQ(done.tag, 77u);
  EXPECT_EQ(done.frame_type, uint32_t{SVPU_FRAME_KEY});
  EXPECT_EQ(done.field, uint32_t{SVPU_FIELD_BOTTOM_FIRST});
  ASSERT_EQ(done.bytes_used[0], expected.size());
  EXPECT_EQ(std::vector<uint8_t>(output(0), output(0) + expected.size()), expected);
}

// mediamtx and rpicam-vid take an input back without waiting when its output has come.
TEST_F(AWorkerThatEncodes, GivesTheInputBackBeforeItsOutput) {
  begin();
  queue_output(0, 200);
  ASSERT_TRUE(host_.send(picture(0), 100));
  ASSERT_TRUE(wait_for_outputs(1));
  const auto& last = host_.messages.back();
  const auto& before = host_.messages[host_.messages.size() - 2];
  EXPECT_EQ(last.cookie, 200u);
  EXPECT_EQ(before, (hfi::Message{100, hfi::msg::InputDone{WireStatus::kOk}}));
}

TEST_F(AWorkerThatEncodes, LatchesAControlWithTheNextInput) {
  begin();
  map_input(2);
  ASSERT_TRUE(host_.send(picture(0), 100));
  ASSERT_TRUE(host_.send(cmd::SetControl{kQuality, 7}));
  ASSERT_TRUE(host_.send(picture(1), 101));
  ASSERT_TRUE(host_.send(cmd::SetControl{kForceKey, 0}));
  ASSERT_TRUE(host_.send(picture(2), 102));
  for (uint32_t i = 0; i < 3; ++i) queue_output(i, 200 + i);
  ASSERT_TRUE(wait_for_outputs(3));
  const std::vector<std::string> got{{output(0), output(0) + 2}, {output(1), output(1) + 2}, {output(2), output(2) + 2}};
  EXPECT_EQ(got, (std::vector<std::string>{{'K', 0}, {'P', 7}, {'K', 7}}));
}

TEST_F(AWorkerThatEncodes, LatchesTheFrameIntervalWithTheNextInput) {
  begin();
  ASSERT_TRUE(host_.send(picture(0), 100));
  ASSERT_TRUE(host_.send(cmd::SetInterval{1, 50}));
  ASSERT_TRUE(host_.send(picture(1), 101));
  for (uint32_t i = 0; i < 2; ++i) queue_output(i, 200 + i);
  ASSERT_TRUE(wait_for_outputs(2));
  EXPECT_EQ(output(0)[1], 0);
  EXPECT_EQ(output(1)[1], 50);
}

TEST_F(AWorkerThatEncodes, IgnoresControlsThatItDoesNotHaveOrThatDoNotTakeTheValue) {
  begin();
  for (const auto& [id, value] :
       {std::pair{kQuality, int64_t{52}}, {kQuality, int64_t{-1}}, {kReadOnly, int64_t{5}}, {0x5555u, int64_t{5}}}) {
    ASSERT_TRUE(host_.send(cmd::SetControl{id, value}));
  }
  queue_output(0, 200);
  ASSERT_TRUE(host_.send(picture(0), 100));
  ASSERT_TRUE(wait_for_outputs(1));
  EXPECT_EQ(output(0)[1], 0);
  EXPECT_FALSE(host_.over());
  std::string line, lines;
  while (host_.port().next_debug_line(line)) lines += line + "\n";
  EXPECT_NE(lines.find("0x00005555"), std::string::npos) << lines;
}

TEST_F(AWorkerThatEncodes, TakesNoPictureBeforeItsLayout) {
  configure();
  map_input(0);
  ASSERT_TRUE(host_.send(cmd::Start{}));
  ASSERT_TRUE(host_.send(picture(0), 100));
  ASSERT_TRUE(wait_for_inputs(1));
  EXPECT_EQ(inputs_done()[0].second.status, WireStatus::kState);
  // The session goes on.
  ASSERT_TRUE(host_.send(hfi::command_of(two_planes())));
  queue_output(0, 200);
  ASSERT_TRUE(host_.send(picture(0), 101));
  ASSERT_TRUE(wait_for_outputs(1));
}

struct Hostile {
  const char* name;
  void (*change)(cmd::QueueInput& input);
  WireStatus status;
};
void PrintTo(const Hostile& one, std::ostream* out) { *out << one.name; }

class AHostileInput : public AWorkerThatEncodes, public ::testing::WithParamInterface<Hostile> {};
INSTANTIATE_TEST_SUITE_P(
    With, AHostileInput,
    ::testing::Values(
        Hostile{"OnePlane", [](auto& i) { i.num_planes = 1; }, WireStatus::kInvalid},
        Hostile{"ThreePlanes", [](auto& i) { i.num_planes = 3; }, WireStatus::kInvalid},
        Hostile{"FourPlanes", [](auto& i) { i.num_planes = 4; }, WireStatus::kInvalid},
        Hostile{"AnUnknownBuffer", [](auto& i) { i.buffer.index = 9; }, WireStatus::kInvalid},
        Hostile{"AnOldGeneration", [](auto& i) { i.buffer.generation = 99; }, WireStatus::kInvalid},
        Hostile{"FirstPlanePastItsEnd", [](auto& i) { i.plane[0].offset = kPlaneBytes - kNeeded[0] + 1; }, WireStatus::kTooSmall},
        Hostile{"LastPlanePastItsEnd", [](auto& i) { i.plane[1].offset = kPlaneBytes - kNeeded[1] + 1; }, WireStatus::kTooSmall},
        Hostile{"AnOffsetThatWrapsAround",
                [](auto& i) {
                  i.plane[1] = {0x7fffffff, 0};
                },
                WireStatus::kTooSmall},
        Hostile{"MoreBytesThanThereAre", [](auto& i) { i.plane[0].bytes = kPlaneBytes + 1; }, WireStatus::kTooSmall}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_P(AHostileInput, IsAnsweredAndTheSessionGoesOn) {
  begin();
  queue_output(0, 200);
  cmd::QueueInput input = picture(0);
  GetParam().change(input);
  ASSERT_TRUE(host_.send(input, 100));
  ASSERT_TRUE(wait_for_inputs(1));
  EXPECT_EQ(inputs_done()[0], (std::pair{uint64_t{100}, hfi::msg::InputDone{GetParam().status}}));
  // Up to the last byte of both planes.
  input = picture(0);
  for (uint32_t i = 0; i < 2; ++i) input.plane[i].offset = kPlaneBytes - kNeeded[i];
  ASSERT_TRUE(host_.send(input, 101));
  ASSERT_TRUE(wait_for_outputs(1));
  EXPECT_EQ(outputs_done()[0].second.bytes_used[0], 2 + kSamples);
}

TEST_F(AWorkerThatEncodes, RefusesParametersAndBoundOutputs) {
  begin();
  cmd::QueueInput input = picture(0);
  input.output = 200;
  ASSERT_TRUE(host_.send(input, 100));
  ASSERT_TRUE(host_.wait_for([&] { return host_.over(); }));
  EXPECT_EQ(host_.session_error->status, WireStatus::kUnsupported);
}

// A buffer with fewer planes than the layout has.
TEST_F(AWorkerThatEncodes, RefusesAPictureWithoutMemoryOfItsSecondPlane) {
  begin();
  map_input(5, 1);
  ASSERT_TRUE(host_.send(picture(5), 100));
  ASSERT_TRUE(wait_for_inputs(1));
  EXPECT_EQ(inputs_done()[0].second.status, WireStatus::kInvalid);
}

struct BadLayout {
  const char* name;
  void (*change)(FrameLayout& layout);
  const char* reason;
};
void PrintTo(const BadLayout& one, std::ostream* out) { *out << one.name; }

class ABadLayout : public AWorkerThatEncodes, public ::testing::WithParamInterface<BadLayout> {};
INSTANTIATE_TEST_SUITE_P(
    Of, ABadLayout,
    ::testing::Values(BadLayout{"AFormatWithOtherComponents", [](auto& l) { l.fourcc = kYuv420; }, "components"},
                      BadLayout{"AnUnknownFormat", [](auto& l) { l.fourcc = kH264; }, "H264"},
                      BadLayout{"TooLargeASize",
                                [](auto& l) {
                                  l.size = {258, 4};
                                  l.stride = {258, 258};
                                  l.plane_size = {4096, 4096};
                                },
                                "258x4"},
                      BadLayout{"AnOddSize", [](auto& l) { l.size.width = 5; }, "5x4"},
                      BadLayout{"LinesThatOverlap", [](auto& l) { l.stride[1] = 5; }, "stride"},
                      BadLayout{"AComponentPastItsPlane", [](auto& l) { l.plane_size[1] = 23; }, "past its plane"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_P(ABadLayout, EndsTheSession) {
  configure();
  FrameLayout layout = two_planes();
  GetParam().change(layout);
  ASSERT_TRUE(host_.send(hfi::command_of(layout)));
  ASSERT_TRUE(host_.wait_for([&] { return host_.over(); }));
  EXPECT_EQ(host_.session_error->status, WireStatus::kInvalid);
  EXPECT_NE(host_.session_error->text.find(GetParam().reason), std::string::npos) << host_.session_error->text;
}

TEST_F(AWorkerThatEncodes, SaysThatAnOutputIsTooSmallAndBeginsWithAKeyFrame) {
  begin();
  map_input(2);
  queue_output(0, 200);
  queue_output(1, 201, static_cast<uint32_t>(2 + kSamples - 1));
  queue_output(2, 202, static_cast<uint32_t>(2 + kSamples));
  for (uint32_t i = 0; i < 3; ++i) ASSERT_TRUE(host_.send(picture(i, i), 100 + i));
  ASSERT_TRUE(wait_for_outputs(3));
  const auto done = outputs_done();
  EXPECT_EQ(done[0].second.status, WireStatus::kOk);
  EXPECT_EQ(done[1].second.status, WireStatus::kTooSmall);
  EXPECT_EQ(done[1].second.bytes_used[0], 0u);
  EXPECT_EQ(done[1].second.tag, 1u);
  EXPECT_EQ(done[2].second.status, WireStatus::kOk);
  EXPECT_EQ(done[2].second.frame_type, uint32_t{SVPU_FRAME_KEY}) << "the frame before it is lost";
}

TEST_F(AWorkerThatEncodes, BeginsAnewAfterAFlushOfItsOutputs) {
  begin();
  queue_output(0, 200);
  ASSERT_TRUE(host_.send(picture(0), 100));
  ASSERT_TRUE(wait_for_outputs(1));
  queue_output(1, 201);
  ASSERT_TRUE(host_.send(cmd::Flush{Side::kOutput, 3}));
  ASSERT_TRUE(host_.wait_for([&] { return host_.flushed.size() == 1; }));
  EXPECT_EQ(outputs_done().back(), (std::pair{uint64_t{201}, hfi::msg::OutputDone{.status = WireStatus::kCancelled}}));
  queue_output(1, 202);
  ASSERT_TRUE(host_.send(picture(1), 101));
  ASSERT_TRUE(wait_for_outputs(3));
  EXPECT_EQ(output(1)[0], 'K');
}

TEST_F(AWorkerThatEncodes, KeepsControlsOverAFlushOfItsInputs) {
  begin();
  queue_output(0, 200);
  ASSERT_TRUE(host_.send(picture(0), 100));
  ASSERT_TRUE(wait_for_outputs(1));
  ASSERT_TRUE(host_.send(picture(0), 101));
  ASSERT_TRUE(host_.send(cmd::SetControl{kQuality, 9}));
  ASSERT_TRUE(host_.send(picture(1), 102));
  ASSERT_TRUE(host_.send(cmd::Flush{Side::kInput, 4}));
  ASSERT_TRUE(host_.wait_for([&] { return host_.flushed.size() == 1; }));
  ASSERT_EQ(inputs_done().size(), 3u);
  EXPECT_EQ(inputs_done()[1].second.status, WireStatus::kCancelled);
  EXPECT_EQ(inputs_done()[2].second.status, WireStatus::kCancelled);
  queue_output(1, 201);
  ASSERT_TRUE(host_.send(picture(1), 103));
  ASSERT_TRUE(wait_for_outputs(2));
  EXPECT_EQ(std::string(output(1), output(1) + 2), (std::string{'P', 9})) << "the stream goes on";
}

TEST_F(AWorkerThatEncodes, HandsOutEveryFrameBeforeDrained) {
  begin(kLate);
  map_input(2);
  for (uint32_t i = 0; i < 3; ++i) {
    queue_output(i, 200 + i);
    ASSERT_TRUE(host_.send(picture(i, i), 100 + i));
  }
  ASSERT_TRUE(wait_for_inputs(3));
  ASSERT_TRUE(wait_for_outputs(1)) << "two stay inside";
  ASSERT_TRUE(host_.send(cmd::Drain{}));
  ASSERT_TRUE(host_.wait_for([&] { return host_.drains == 1; }));
  ASSERT_EQ(outputs_done().size(), 3u);
  for (uint64_t i = 0; i < 3; ++i) EXPECT_EQ(outputs_done()[i].second.tag, i);
  EXPECT_TRUE(std::holds_alternative<hfi::msg::Drained>(host_.messages.back().body));
  // A pause: nothing is consumed until RESUME.
  queue_output(0, 210);
  ASSERT_TRUE(host_.send(picture(0), 110));
  ASSERT_TRUE(host_.ping(1));
  EXPECT_EQ(inputs_done().size(), 3u);
  ASSERT_TRUE(host_.send(cmd::Resume{}));
  ASSERT_TRUE(wait_for_inputs(4));
}

TEST_F(AWorkerThatEncodes, DrainsAtOnceWhenNothingIsInside) {
  begin();
  ASSERT_TRUE(host_.send(cmd::Drain{}));
  ASSERT_TRUE(host_.wait_for([&] { return host_.drains == 1; }));
}

TEST_F(AWorkerThatEncodes, GivesAnOutputBackWhenAsked) {
  begin();
  queue_output(0, 200);
  ASSERT_TRUE(host_.send(cmd::ReturnOutput{}));
  ASSERT_TRUE(wait_for_outputs(1));
  EXPECT_EQ(outputs_done()[0].second.status, WireStatus::kCancelled);
}

TEST_F(AWorkerThatEncodes, IsNoDecoder) {
  ASSERT_TRUE(host_.send(cmd::Configure{.coded = static_cast<uint32_t>(kCopy)}));
  ASSERT_TRUE(host_.wait_for([&] { return host_.configured.has_value(); }));
  EXPECT_EQ(*host_.configured, WireStatus::kUnsupported);
}

}  // namespace
}  // namespace softvpu::firmware::testing
