// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel module against a firmware that does nothing by itself: its list of codecs, and the recall of outputs that are with
// it when the layout changes, which are lent again without waiting for the answers (a wait of the module's would be seen).
// docs/hfi.md, 2, 6 and 9.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/videodev2.h>
#include <softvpu/hfi.h>

#include <cstring>
#include <vector>

#include "kernel_shim/device.h"

namespace {

using testing::ElementsAre;

constexpr unsigned kOutput = 0;  // enum svpu_q
constexpr unsigned kCapture = 1;

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
    ++static_cast<AModule*>(self)->waits_;
    return false;
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
    shim_work();
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
  void* region_ = nullptr;
  uint32_t read_ = 0, write_ = 0;
};

class ARecall : public AModule {
 protected:
  // A client that decodes 64x64, with two outputs lent; then the stream becomes smaller, LAST has taken one of them back, and the
  // client goes on with the same buffers.
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
    for (unsigned i = 0; i < 3; ++i) shim_queue(kCapture, i, 0, 0, 0, 0);
    shim_stream(kCapture, true);
    for (const Command& command : commands())
      if (command.type == SVPU_CMD_QUEUE_OUTPUT) lent_.push_back(command.cookie);
    ASSERT_EQ(lent_.size(), 3u);
    announce(32);
    ASSERT_EQ(commands().back().type, SVPU_CMD_RETURN_OUTPUT);
    give_back(lent_[0]);
    shim_dequeue(kCapture);
    EXPECT_EQ(waits_, 0);
    shim_command(true);
    resumed_ = commands();
  }
  std::vector<uint64_t> lent_;    // cookies, before
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

TEST_F(ARecall, EndsTheSessionOfAFirmwareThatFlushesOutOfOrder) {
  give_back(lent_[1]);
  give_back(lent_[2]);
  say_flushed(2);
  EXPECT_FALSE(session_lives());
}

}  // namespace
