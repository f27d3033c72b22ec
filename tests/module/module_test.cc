// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel module against a firmware that does nothing by itself: its list of codecs, and the recall of outputs that are with
// it when the layout changes, which are lent again without waiting for the answers (a wait of the module's would be seen).
// docs/hfi.md, 2, 6 and 9.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/videodev2.h>
#include <softvpu/hfi.h>

#include <cstring>
#include <functional>
#include <utility>
#include <vector>

#include "kernel_shim/device.h"

namespace {

using testing::ElementsAre;

constexpr unsigned kOutput = 0;  // enum svpu_q
constexpr unsigned kCapture = 1;
constexpr unsigned long kTimeout = 5000 / 4;  // svpu_timeout_ms of the shim, in its jiffies

struct Command {
  uint32_t type;
  uint64_t cookie;
};

// The module, and the firmware that the test plays.
class AModule : public testing::Test {
 protected:
  void SetUp() override {
    shim_begin({.lends = false, .bounces = false, .room = true, .multiplanar = true}, waited, this);
    shim_probe();
  }
  void TearDown() override { shim_end(); }

  static bool waited(void* self) {
    auto& module = *static_cast<AModule*>(self);
    ++module.waits_;
    if (!module.in_wait_) return false;
    module.waiting_ = true;
    std::exchange(module.in_wait_, nullptr)();
    module.waiting_ = false;
    return true;
  }
  static bool session_lives() { return shim_region() != nullptr; }

  // ---- the firmware ----

  static svpu_ring_index& index(uint32_t offset) {
    return *reinterpret_cast<svpu_ring_index*>(static_cast<char*>(shim_region()) + offset);
  }
  void attach() {
    if (shim_region() == region_) return;
    region_ = shim_region();
    read_ = write_ = 0;
  }
  std::vector<Command> commands() {
    attach();
    std::vector<Command> all;
    for (svpu_ring_index& ring = index(SVPU_COMMAND_INDEX_OFFSET); read_ != ring.write; ring.read = ++read_) {
      svpu_entry entry;
      std::memcpy(&entry, static_cast<char*>(region_) + SVPU_COMMAND_OFFSET + read_ % SVPU_COMMAND_SLOTS * SVPU_SLOT_SIZE,
                  sizeof entry);
      all.push_back({entry.type, entry.cookie});
    }
    return all;
  }
  template <typename Message>
  void say(Message message, uint32_t type, uint64_t cookie = 0) {
    attach();
    message.entry = {static_cast<svpu_u16>(type), sizeof message, write_, cookie};
    std::memcpy(static_cast<char*>(region_) + SVPU_MESSAGE_OFFSET + write_ % SVPU_MESSAGE_SLOTS * SVPU_SLOT_SIZE, &message,
                sizeof message);
    index(SVPU_MESSAGE_INDEX_OFFSET).write = ++write_;
    shim_ring();
    if (!waiting_) shim_work();
  }
  void say_ready() {
    attach();
    static_cast<svpu_header*>(region_)->firmware_abi = SVPU_ABI_MAJOR << 16 | SVPU_ABI_MINOR;
    say(svpu_msg_ready{}, SVPU_MSG_READY);
  }
  void say_status(uint32_t type) { say(svpu_msg_status{}, type); }
  void offer_a_codec() {
    say_ready();
    say_codec();
    say_raw_format();
    say_end();
  }
  void say_codec() {
    svpu_msg_codec codec{};
    codec.role = SVPU_DECODER;
    codec.coded = V4L2_PIX_FMT_H264;
    codec.min_output_buffers = 1;
    codec.min_width = codec.min_height = 16;
    codec.max_width = codec.max_height = 4096;
    codec.step_width = codec.step_height = 2;
    say(codec, SVPU_MSG_CODEC);
  }
  void say_raw_format() {
    svpu_msg_raw_format raw{};
    raw.fourcc = V4L2_PIX_FMT_NV12;
    raw.width_align = raw.height_align = 16;
    raw.stride_align = 1;
    say(raw, SVPU_MSG_RAW_FORMAT);
  }
  void say_control() {
    svpu_msg_control control{};
    control.id = V4L2_CID_MPEG_VIDEO_H264_PROFILE;
    control.type = SVPU_CONTROL_MENU;
    control.items = 1;
    say(control, SVPU_MSG_CONTROL);
  }
  void say_end() {
    struct {
      svpu_entry entry;
    } end{};
    say(end, SVPU_MSG_CAPABILITIES_END);
  }
  void announce(uint32_t side) {
    svpu_msg_format_changed format{};
    format.coded_width = format.coded_height = format.visible_width = format.visible_height = side;
    format.bit_depth = 8;
    format.chroma = SVPU_CHROMA_420;
    format.native = V4L2_PIX_FMT_NV12;
    format.min_output_buffers = 1;
    format.pixel_aspect_num = format.pixel_aspect_den = 1;
    say(format, SVPU_MSG_FORMAT_CHANGED);
  }
  void give_back(uint64_t cookie) {
    svpu_msg_output_done done{};
    done.status = SVPU_CANCELLED;
    say(done, SVPU_MSG_OUTPUT_DONE, cookie);
  }
  void say_flushed(uint32_t generation) {
    svpu_msg_flushed flushed{};
    flushed.direction = SVPU_OUTPUT;
    flushed.generation = generation;
    say(flushed, SVPU_MSG_FLUSHED);
  }

  int waits_ = 0;
  std::function<void()> in_wait_;  // what the firmware does while the module waits for it, once
  bool waiting_ = false;
  void* region_ = nullptr;
  uint32_t read_ = 0, write_ = 0;
};

// A client whose firmware has two inputs.
class ADecoding : public AModule {
 protected:
  void SetUp() override {
    AModule::SetUp();
    offer_a_codec();
    ASSERT_TRUE(shim_open());
    shim_request(kOutput, 2);
    for (unsigned i = 0; i < 2; ++i) shim_queue(kOutput, i, 100, 0, i + 1, 0);
    shim_stream(kOutput, true);
    say_ready();
    say_status(SVPU_MSG_CONFIGURED);
    for (const Command& command : commands())
      if (command.type == SVPU_CMD_QUEUE_INPUT) inputs_.push_back(command.cookie);
    ASSERT_EQ(inputs_.size(), 2u);
  }
  void say_input_done(uint64_t cookie, uint32_t status) {
    svpu_msg_status done{};
    done.status = status;
    say(done, SVPU_MSG_INPUT_DONE, cookie);
  }
  std::vector<uint64_t> inputs_;  // cookies
};

// A client that decodes 64x64, with three outputs lent; then the stream becomes smaller, and LAST asks for one of them.
class AChange : public AModule {
 protected:
  void SetUp() override {
    AModule::SetUp();
    offer_a_codec();
    ASSERT_TRUE(shim_open());
    shim_request(kOutput, 1);
    shim_queue(kOutput, 0, 100, 0, 1, 0);
    shim_stream(kOutput, true);
    say_ready();
    say_status(SVPU_MSG_CONFIGURED);
    announce(64);
    shim_request(kCapture, 3);
    lend();
    lent_ = lent(commands());
    ASSERT_EQ(lent_.size(), 3u);
    announce(32);
    ASSERT_EQ(commands().back().type, SVPU_CMD_RETURN_OUTPUT);
  }
  static void lend() {
    for (unsigned i = 0; i < 3; ++i) shim_queue(kCapture, i, 0, 0, 0, 0);
    shim_stream(kCapture, true);
  }
  static std::vector<uint64_t> lent(const std::vector<Command>& commands) {
    std::vector<uint64_t> cookies;
    for (const Command& command : commands)
      if (command.type == SVPU_CMD_QUEUE_OUTPUT) cookies.push_back(command.cookie);
    return cookies;
  }
  std::vector<uint64_t> lent_;  // cookies, before
};

// LAST has taken one of the outputs back, and the client goes on with the same buffers.
class ARecall : public AChange {
 protected:
  void SetUp() override {
    AChange::SetUp();
    give_back(lent_[0]);
    shim_dequeue(kCapture);
    EXPECT_EQ(waits_, 0);
    shim_command(true);
    resumed_ = commands();
  }
  std::vector<Command> resumed_;  // what the client's START sent
};

// docs/hfi.md, "The order of things", 2. The firmware is left: what it says later has no reader.
TEST_F(AModule, TakesAFirmwaresListOfCodecs) {
  offer_a_codec();
  EXPECT_TRUE(shim_open());
}

TEST_F(AModule, RefusesAListThatNamesACodecTwice) {
  say_ready();
  for (int twice = 0; twice < 2; ++twice) {
    say_codec();
    if (session_lives()) say_raw_format();
  }
  EXPECT_FALSE(session_lives());
}

TEST_F(AModule, RefusesAListThatNamesARawFormatTwice) {
  say_ready();
  say_codec();
  say_raw_format();
  EXPECT_TRUE(session_lives());
  say_raw_format();
  EXPECT_FALSE(session_lives());
}

TEST_F(AModule, RefusesAListThatNamesAControlTwice) {
  say_ready();
  say_codec();
  say_raw_format();
  say_control();
  EXPECT_TRUE(session_lives());
  say_control();
  EXPECT_FALSE(session_lives());
}

TEST_F(AModule, RefusesACodecWithoutARawFormat) {
  say_ready();
  say_codec();
  say_end();
  EXPECT_FALSE(session_lives());
}

// A firmware that never answers is given up, and the next one is asked.
TEST_F(AModule, WaitsForAFirmwaresListNoLongerThanItsLimit) {
  say_ready();
  say_codec();
  shim_pass_time(2 * kTimeout - 1);
  EXPECT_TRUE(session_lives());
  shim_pass_time(2);
  EXPECT_FALSE(session_lives());
  EXPECT_FALSE(shim_open());
  shim_probe();
  offer_a_codec();
  EXPECT_TRUE(shim_open());
}

// The limit is that of the list, not of the silence before the next message.
TEST_F(AModule, WaitsForAFirmwaresListNoLongerWhenItSpeaksWithoutEnd) {
  say_ready();
  for (int rounds = 0; rounds < 9; ++rounds) {
    say_codec();
    if (session_lives()) say_raw_format();
    shim_pass_time(kTimeout / 4);
    if (!session_lives()) break;
  }
  EXPECT_FALSE(session_lives());
}

// The one that was given up late has left its timer: it isn't the next firmware's.
TEST_F(AModule, GivesEachFirmwareItsOwnTime) {
  shim_pass_time(2 * kTimeout - 1);
  shim_probe_cancel();
  shim_probe();
  shim_pass_time(2 * kTimeout - 1);
  offer_a_codec();
  EXPECT_TRUE(shim_open());
  shim_pass_time(2);
  EXPECT_TRUE(shim_is_open());
}

// docs/hfi.md, 3: what the client has set, ahead of the first input; what it hasn't is the firmware's own default.
TEST_F(AModule, TellsASessionThatBeginsWhatWasSet) {
  const auto told = [this](uint32_t flags, int32_t value) {
    offer_a_codec();
    EXPECT_TRUE(shim_open());
    shim_add_control(V4L2_CID_MPEG_VIDEO_DEC_DISPLAY_DELAY, flags, value, 4);
    shim_request(kOutput, 1);
    shim_queue(kOutput, 0, 100, 0, 1, 0);
    shim_stream(kOutput, true);
    std::vector<uint32_t> types;
    for (const Command& command : commands()) types.push_back(command.type);
    shim_close();
    shim_probe();
    return types;
  };
  EXPECT_THAT(told(0, 4), ElementsAre(SVPU_CMD_CONFIGURE, SVPU_CMD_START, SVPU_CMD_MAP_BUFFER, SVPU_CMD_QUEUE_INPUT));
  EXPECT_THAT(told(V4L2_CTRL_FLAG_READ_ONLY, 7),
              ElementsAre(SVPU_CMD_CONFIGURE, SVPU_CMD_START, SVPU_CMD_MAP_BUFFER, SVPU_CMD_QUEUE_INPUT));
  EXPECT_THAT(told(0, 7),
              ElementsAre(SVPU_CMD_CONFIGURE, SVPU_CMD_START, SVPU_CMD_SET_CONTROL, SVPU_CMD_MAP_BUFFER, SVPU_CMD_QUEUE_INPUT));
}

// docs/hfi.md, 5.
TEST_F(ADecoding, TakesInputsBackInOrder) {
  say_input_done(inputs_[0], SVPU_OK);
  say_input_done(inputs_[1], SVPU_DATA_ERROR);
  EXPECT_TRUE(session_lives());
}

TEST_F(ADecoding, EndsTheSessionOfAFirmwareThatReturnsInputsOutOfOrder) {
  say_input_done(inputs_[1], SVPU_OK);
  EXPECT_FALSE(session_lives());
}

TEST_F(ADecoding, EndsTheSessionOfAFirmwareThatReturnsAnInputUnusedUnasked) {
  say_input_done(inputs_[0], SVPU_CANCELLED);
  EXPECT_FALSE(session_lives());
}

TEST_F(ARecall, LendsTheBuffersAgainWithoutAWait) {
  std::vector<uint32_t> types;
  for (const Command& command : resumed_) types.push_back(command.type);
  EXPECT_THAT(types,
              ElementsAre(SVPU_CMD_FLUSH, SVPU_CMD_SET_LAYOUT, SVPU_CMD_QUEUE_OUTPUT, SVPU_CMD_QUEUE_OUTPUT, SVPU_CMD_RESUME));
  EXPECT_EQ(waits_, 0);
}

TEST_F(ARecall, TakesTheAnswersWhenTheyCome) {
  give_back(lent_[1]);
  give_back(lent_[2]);
  say_flushed(1);
  say(svpu_msg_output_done{}, SVPU_MSG_OUTPUT_DONE, resumed_[2].cookie);
  EXPECT_TRUE(session_lives());
}

TEST_F(ARecall, EndsTheSessionOfAFirmwareThatKeepsABuffer) {
  give_back(lent_[1]);
  say_flushed(1);
  EXPECT_FALSE(session_lives());
}

TEST_F(ARecall, EndsTheSessionOfAFirmwareThatAnswersTwice) {
  give_back(lent_[1]);
  EXPECT_TRUE(session_lives());
  give_back(lent_[1]);
  EXPECT_FALSE(session_lives());
}

TEST_F(ARecall, EndsTheSessionOfAFirmwareThatReturnsANewlyLentBufferUnasked) {
  give_back(resumed_[2].cookie);
  EXPECT_FALSE(session_lives());
}

// docs/hfi.md, 10: STREAMOFF's flush returned the output that LAST had asked for. Nothing is owed for it.
TEST_F(AChange, OwesNoOutputAfterAFlush) {
  in_wait_ = [this] {
    for (const uint64_t cookie : lent_) give_back(cookie);
    say_flushed(1);
  };
  shim_stream(kCapture, false);
  EXPECT_EQ(waits_, 1);
  (void)commands();
  lend();
  const std::vector<uint64_t> again = lent(commands());
  ASSERT_EQ(again.size(), 3u);
  EXPECT_TRUE(session_lives());
  give_back(again[0]);
  EXPECT_FALSE(session_lives());
}

TEST_F(ARecall, EndsTheSessionOfAFirmwareThatFlushesOutOfOrder) {
  give_back(lent_[1]);
  give_back(lent_[2]);
  say_flushed(2);
  EXPECT_FALSE(session_lives());
}

}  // namespace
