// SPDX-License-Identifier: LGPL-2.1-or-later
// The order of the answer to QUERY_CAPABILITIES, and how long its lists may be. One row per rule.
#include "core/codec_list.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace {

union Message {
  svpu_entry entry;
  svpu_msg_raw_format raw;
};

Message of_type(uint16_t type) {
  Message message{};
  message.raw.width_align = message.raw.height_align = message.raw.stride_align = 16;
  message.raw.tail_lines = 2;
  message.entry.type = type;
  return message;
}

// What the first message that is refused is refused for; nothing if all may come.
std::string judged(const std::vector<Message>& messages) {
  svpu_codec_list list{};
  for (const Message& message : messages) {
    const char* wrong = svpu_codec_list_take(&list, &message.entry);
    if (wrong != nullptr) return wrong;
  }
  return "";
}

const Message kCodec = of_type(SVPU_MSG_CODEC);
const Message kRaw = of_type(SVPU_MSG_RAW_FORMAT);
const Message kControl = of_type(SVPU_MSG_CONTROL);
const Message kEnd = of_type(SVPU_MSG_CAPABILITIES_END);

std::vector<Message> with(std::vector<Message> messages, const Message& message, size_t times) {
  messages.insert(messages.end(), times, message);
  return messages;
}

TEST(AListOfCodecs, MayBeEmptyOrFull) {
  EXPECT_EQ(judged({kEnd}), "");
  EXPECT_EQ(judged({kCodec, kRaw, kControl, kRaw, kCodec, kRaw, kEnd}), "");
  std::vector<Message> full;
  for (uint32_t i = 0; i < SVPU_MAX_CODECS; ++i) {
    full.push_back(kCodec);
    full = with(with(std::move(full), kRaw, SVPU_MAX_RAW_FORMATS), kControl, SVPU_MAX_CONTROLS);
  }
  EXPECT_EQ(judged(full), "");
  full.push_back(kEnd);
  EXPECT_EQ(judged(full), "");
  full.back() = kCodec;
  EXPECT_EQ(judged(full), "more than 64 codecs were listed");
}

TEST(AListOfCodecs, HasEachListBehindItsCodec) {
  EXPECT_EQ(judged({kRaw}), "a raw format was listed before any codec");
  EXPECT_EQ(judged({kControl}), "a control was listed before any codec");
  EXPECT_EQ(judged({kCodec, kEnd}), "a codec was listed without a raw format");
  EXPECT_EQ(judged({kCodec, kControl, kCodec}), "a codec was listed without a raw format");
  EXPECT_EQ(judged({kCodec, kRaw, of_type(SVPU_MSG_PONG)}), "it isn't an answer to QUERY_CAPABILITIES");
}

TEST(AListOfCodecs, HasAnEnd) {
  EXPECT_EQ(judged(with({kCodec}, kRaw, SVPU_MAX_RAW_FORMATS + 1)), "more than 64 raw formats were listed for a codec");
  EXPECT_EQ(judged(with({kCodec, kRaw}, kControl, SVPU_MAX_CONTROLS + 1)), "more than 128 controls were listed for a codec");
}

TEST(ARawFormat, NeedsNoMoreThanTheLayoutsGive) {
  for (uint32_t svpu_msg_raw_format::*field : {&svpu_msg_raw_format::width_align, &svpu_msg_raw_format::height_align,
                                               &svpu_msg_raw_format::stride_align, &svpu_msg_raw_format::tail_lines}) {
    Message wide = kRaw;
    wide.raw.*field *= 2;
    EXPECT_EQ(judged({kCodec, wide}), "a raw format needs another alignment than this host gives it");
  }
}

}  // namespace
