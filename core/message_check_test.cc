// SPDX-License-Identifier: LGPL-2.1-or-later
// The form of entries: sizes of every type, ranges of every field of a message. One row per rule.
#include "core/message_check.h"

#include <gtest/gtest.h>
#include <linux/videodev2.h>

#include <cstring>
#include <functional>
#include <vector>

namespace {

struct Slot {
  alignas(8) unsigned char bytes[SVPU_SLOT_SIZE] = {};
};

template <typename T>
Slot slot_of(uint16_t type, T wire, uint64_t cookie = 1, uint16_t size = sizeof(T)) {
  Slot slot;
  std::memcpy(slot.bytes, &wire, sizeof(wire));
  const svpu_entry entry{.type = type, .size = size, .sequence = 0, .cookie = cookie};
  std::memcpy(slot.bytes, &entry, sizeof(entry));
  return slot;
}

svpu_msg_capability capability() {
  svpu_msg_capability m{};
  m.coded = V4L2_PIX_FMT_H264;
  m.min_output_buffers = 2;
  m.min_width = m.min_height = 16;
  m.max_width = m.max_height = 4096;
  m.step_width = m.step_height = 1;
  m.num_raw = 2;
  m.raw[0] = V4L2_PIX_FMT_NV12;
  m.raw[1] = V4L2_PIX_FMT_YUV420;
  m.num_menus = 1;
  m.menu[0] = {V4L2_CID_MPEG_VIDEO_H264_PROFILE, 4, 0x1f};
  return m;
}

svpu_msg_format_changed format() {
  svpu_msg_format_changed m{};
  m.coded_width = 1920;
  m.coded_height = 1088;
  m.visible_width = 1920;
  m.visible_height = 1080;
  m.bit_depth = 8;
  m.chroma = SVPU_CHROMA_420;
  m.native = V4L2_PIX_FMT_NV12;
  m.min_output_buffers = 6;
  m.pixel_aspect_num = m.pixel_aspect_den = 1;
  return m;
}

svpu_msg_unmapped unmapped() {
  svpu_msg_unmapped m{};
  m.direction = SVPU_OUTPUT;
  m.index = 63;
  m.generation = 9;
  return m;
}

// One good message of each type that there is.
struct Good {
  const char* type;
  Slot slot;
};

std::vector<Good> good_messages() {
  return {{"READY", slot_of(SVPU_MSG_READY, svpu_msg_ready{})},
          {"CAPABILITY", slot_of(SVPU_MSG_CAPABILITY, capability())},
          {"CAPABILITIES_END", slot_of(SVPU_MSG_CAPABILITIES_END, svpu_entry{})},
          {"CONFIGURED", slot_of(SVPU_MSG_CONFIGURED, svpu_msg_status{})},
          {"FORMAT_CHANGED", slot_of(SVPU_MSG_FORMAT_CHANGED, format())},
          {"INPUT_DONE", slot_of(SVPU_MSG_INPUT_DONE, svpu_msg_status{})},
          {"OUTPUT_DONE", slot_of(SVPU_MSG_OUTPUT_DONE, svpu_msg_output_done{})},
          {"DRAINED", slot_of(SVPU_MSG_DRAINED, svpu_entry{})},
          {"FLUSHED", slot_of(SVPU_MSG_FLUSHED, svpu_msg_flushed{})},
          {"PONG", slot_of(SVPU_MSG_PONG, svpu_entry{})},
          {"SESSION_ERROR", slot_of(SVPU_MSG_SESSION_ERROR, svpu_msg_error{})},
          {"SYSTEM_ERROR", slot_of(SVPU_MSG_SYSTEM_ERROR, svpu_msg_error{})},
          {"DEBUG_TEXT", slot_of(SVPU_MSG_DEBUG_TEXT, svpu_msg_text{})},
          {"UNMAPPED", slot_of(SVPU_MSG_UNMAPPED, unmapped())}};
}

std::vector<Good> good_commands() {
  return {{"QUERY_CAPABILITIES", slot_of(SVPU_CMD_QUERY_CAPABILITIES, svpu_entry{})},
          {"CONFIGURE", slot_of(SVPU_CMD_CONFIGURE, svpu_cmd_configure{})},
          {"SET_CONTROL", slot_of(SVPU_CMD_SET_CONTROL, svpu_cmd_set_control{})},
          {"MAP_BUFFER", slot_of(SVPU_CMD_MAP_BUFFER, svpu_cmd_map_buffer{})},
          {"UNMAP_BUFFER", slot_of(SVPU_CMD_UNMAP_BUFFER, svpu_cmd_buffer{})},
          {"SET_LAYOUT", slot_of(SVPU_CMD_SET_LAYOUT, svpu_cmd_set_layout{})},
          {"QUEUE_INPUT", slot_of(SVPU_CMD_QUEUE_INPUT, svpu_cmd_queue_input{})},
          {"QUEUE_OUTPUT", slot_of(SVPU_CMD_QUEUE_OUTPUT, svpu_cmd_buffer{})},
          {"START", slot_of(SVPU_CMD_START, svpu_entry{})},
          {"FLUSH", slot_of(SVPU_CMD_FLUSH, svpu_cmd_flush{})},
          {"DRAIN", slot_of(SVPU_CMD_DRAIN, svpu_entry{})},
          {"RESUME", slot_of(SVPU_CMD_RESUME, svpu_entry{})},
          {"RETURN_OUTPUT", slot_of(SVPU_CMD_RETURN_OUTPUT, svpu_entry{})},
          {"PING", slot_of(SVPU_CMD_PING, svpu_entry{})},
          {"ABORT", slot_of(SVPU_CMD_ABORT, svpu_entry{})},
          {"CRASH", slot_of(SVPU_CMD_CRASH, svpu_entry{})}};
}

using Check = svpu_form (*)(const void*, svpu_complaint*);

uint16_t size_of(const Slot& slot) {
  svpu_entry entry;
  std::memcpy(&entry, slot.bytes, sizeof(entry));
  return entry.size;
}

svpu_form form_at(Check check, Slot slot, int size, svpu_complaint* why) {
  svpu_entry entry;
  std::memcpy(&entry, slot.bytes, sizeof(entry));
  entry.size = static_cast<uint16_t>(size);
  std::memcpy(slot.bytes, &entry, sizeof(entry));
  return check(slot.bytes, why);
}

void expect_the_rule_of_sizes(Check check, const std::vector<Good>& all) {
  for (const Good& good : all) {
    svpu_complaint why{};
    const int least = size_of(good.slot);
    EXPECT_EQ(form_at(check, good.slot, least, &why), SVPU_FORM_GOOD) << good.type << ": " << why.what;
    EXPECT_EQ(form_at(check, good.slot, least - 1, &why), SVPU_FORM_MALFORMED) << good.type;
    EXPECT_STREQ(why.type, good.type);
    EXPECT_EQ(why.got, static_cast<uint64_t>(least) - 1);
    EXPECT_EQ(form_at(check, good.slot, 0, &why), SVPU_FORM_MALFORMED) << good.type;
    EXPECT_EQ(form_at(check, good.slot, least + 8, &why), SVPU_FORM_GOOD) << good.type << ": a later version's tail";
    EXPECT_EQ(form_at(check, good.slot, SVPU_SLOT_SIZE, &why), SVPU_FORM_GOOD) << good.type;
    EXPECT_EQ(form_at(check, good.slot, SVPU_SLOT_SIZE + 1, &why), SVPU_FORM_MALFORMED) << good.type;
  }
}

TEST(EveryMessage, MayBeLongerButNotShorterThanItsType) { expect_the_rule_of_sizes(svpu_check_message, good_messages()); }

TEST(EveryCommand, MayBeLongerButNotShorterThanItsType) { expect_the_rule_of_sizes(svpu_check_command_size, good_commands()); }

TEST(AnEntry, OfAnotherTypeIsUnknownWhateverItsSize) {
  svpu_complaint why;
  for (const uint16_t type : {0, 15, 999, 65535}) {
    EXPECT_EQ(svpu_check_message(slot_of(type, svpu_entry{}).bytes, &why), SVPU_FORM_UNKNOWN) << type;
    EXPECT_EQ(svpu_check_message(slot_of(type, svpu_entry{}, 0, 3).bytes, &why), SVPU_FORM_UNKNOWN) << type;
  }
  for (const uint16_t type : {0, 17, 999, 65535})
    EXPECT_EQ(svpu_check_command_size(slot_of(type, svpu_entry{}).bytes, &why), SVPU_FORM_UNKNOWN) << type;
}

TEST(ADrainedMessage, HasAWholeStatusOrNone) {
  svpu_complaint why;
  svpu_msg_status m{};
  m.status = SVPU_DATA_ERROR;
  const Slot slot = slot_of(SVPU_MSG_DRAINED, m);
  EXPECT_EQ(svpu_check_message(slot.bytes, &why), SVPU_FORM_GOOD);
  for (int size = 17; size < 24; ++size) EXPECT_EQ(form_at(svpu_check_message, slot, size, &why), SVPU_FORM_MALFORMED) << size;
  m.status = 3;
  EXPECT_EQ(svpu_check_message(slot_of(SVPU_MSG_DRAINED, m).bytes, &why), SVPU_FORM_MALFORMED);
}

// A message with one field changed.
struct Row {
  const char* what;
  Slot slot;
};

template <typename T>
Row row(uint16_t type, T wire, const char* what, const std::function<void(T&)>& change) {
  change(wire);
  return {what, slot_of(type, wire)};
}

Row capability_row(const char* what, const std::function<void(svpu_msg_capability&)>& change) {
  return row(SVPU_MSG_CAPABILITY, capability(), what, change);
}

Row format_row(const char* what, const std::function<void(svpu_msg_format_changed&)>& change) {
  return row(SVPU_MSG_FORMAT_CHANGED, format(), what, change);
}

void expect_form(const std::vector<Row>& rows, svpu_form form) {
  for (const Row& row : rows) {
    svpu_complaint why{};
    EXPECT_EQ(svpu_check_message(row.slot.bytes, &why), form) << row.what << "; " << (why.what != nullptr ? why.what : "");
    EXPECT_EQ(why.what != nullptr, form == SVPU_FORM_MALFORMED) << row.what;
  }
}

TEST(ACapability, IsGoodAtTheEndsOfItsRanges) {
  expect_form({capability_row("role", [](auto& m) { m.role = SVPU_CAPTURE; }),
               capability_row("no buffers", [](auto& m) { m.min_output_buffers = 0; }),
               capability_row("32 buffers", [](auto& m) { m.min_output_buffers = VIDEO_MAX_FRAME; }),
               capability_row("one size", [](auto& m) { m.min_width = m.max_width = 65536; }),
               capability_row("step", [](auto& m) { m.step_width = m.step_height = 65536; }),
               capability_row("one raw format", [](auto& m) { m.num_raw = 1, m.raw[1] = 0; }),
               capability_row("no menus",
                              [](auto& m) {
                                m.num_menus = 0, m.menu[0] = {0, -1, 0};
                              }),
               capability_row("last item",
                              [](auto& m) {
                                m.menu[0] = {1, 63, uint64_t{1} << 63};
                              }),
               capability_row("unknown flags", [](auto& m) { m.flags = UINT32_MAX; })},
              SVPU_FORM_GOOD);
}

TEST(ACapability, IsMalformedOutOfRange) {
  expect_form({capability_row("role", [](auto& m) { m.role = 3; }), capability_row("no format", [](auto& m) { m.coded = 0; }),
               capability_row("33 buffers", [](auto& m) { m.min_output_buffers = 33; }),
               capability_row("no width", [](auto& m) { m.min_width = 0; }),
               capability_row("no height", [](auto& m) { m.min_height = 0; }),
               capability_row("min above max", [](auto& m) { m.min_width = 4097; }),
               capability_row("min above max", [](auto& m) { m.min_height = 4097; }),
               capability_row("too wide", [](auto& m) { m.max_width = 65537; }),
               capability_row("too high", [](auto& m) { m.max_height = UINT32_MAX; }),
               capability_row("no step", [](auto& m) { m.step_width = 0; }),
               capability_row("no step", [](auto& m) { m.step_height = 0; }),
               capability_row("step", [](auto& m) { m.step_height = 65537; }),
               capability_row("no raw format", [](auto& m) { m.num_raw = 0; }),
               capability_row("9 raw formats", [](auto& m) { m.num_raw = 9; }),
               capability_row("empty raw format", [](auto& m) { m.raw[1] = 0; }),
               capability_row("5 menus", [](auto& m) { m.num_menus = 5; }),
               capability_row("item 64", [](auto& m) { m.menu[0].default_item = 64; }),
               capability_row("item -1", [](auto& m) { m.menu[0].default_item = -1; }),
               capability_row("unsupported item", [](auto& m) { m.menu[0].default_item = 5; })},
              SVPU_FORM_MALFORMED);
}

TEST(AFormatChange, IsGoodAtTheEndsOfItsRanges) {
  expect_form({format_row("largest", [](auto& m) { m.coded_width = m.coded_height = 65536; }),
               format_row("corner", [](auto& m) { m.visible_left = 1919, m.visible_width = 1; }),
               format_row("16 bits", [](auto& m) { m.bit_depth = 16, m.chroma = SVPU_CHROMA_444; }),
               format_row("no raw format fits", [](auto& m) { m.native = 0; }),
               format_row("32 buffers", [](auto& m) { m.min_output_buffers = 32; }),
               format_row("colour", [](auto& m) { m.colorspace = m.xfer_func = m.ycbcr_enc = m.quantization = 255; })},
              SVPU_FORM_GOOD);
}

TEST(AFormatChange, IsMalformedOutOfRange) {
  expect_form({format_row("no width", [](auto& m) { m.coded_width = 0; }),
               format_row("too wide", [](auto& m) { m.coded_width = 65537; }),
               format_row("no height", [](auto& m) { m.coded_height = 0; }),
               format_row("too high", [](auto& m) { m.coded_height = 1u << 30; }),
               format_row("left", [](auto& m) { m.visible_left = -1; }),
               format_row("right", [](auto& m) { m.visible_left = 1; }),
               format_row("bottom", [](auto& m) { m.visible_top = INT32_MAX; }),
               format_row("nothing visible", [](auto& m) { m.visible_width = 0; }),
               format_row("nothing visible", [](auto& m) { m.visible_height = 0; }),
               format_row("too much visible", [](auto& m) { m.visible_height = UINT32_MAX; }),
               format_row("0 bits", [](auto& m) { m.bit_depth = 0; }),
               format_row("17 bits", [](auto& m) { m.bit_depth = 17; }),
               format_row("chroma", [](auto& m) { m.chroma = 4; }),
               format_row("no buffers", [](auto& m) { m.min_output_buffers = 0; }),
               format_row("33 buffers", [](auto& m) { m.min_output_buffers = 33; }),
               format_row("aspect", [](auto& m) { m.pixel_aspect_num = 0; }),
               format_row("aspect", [](auto& m) { m.pixel_aspect_den = 0; }),
               format_row("colour", [](auto& m) { m.colorspace = 256; }),
               format_row("colour", [](auto& m) { m.xfer_func = 256; }),
               format_row("colour", [](auto& m) { m.ycbcr_enc = 256; }),
               format_row("colour", [](auto& m) { m.quantization = 256; })},
              SVPU_FORM_MALFORMED);
}

TEST(EveryStatus, IsOneThatTheProtocolKnows) {
  for (const uint16_t type :
       {SVPU_MSG_CONFIGURED, SVPU_MSG_INPUT_DONE, SVPU_MSG_OUTPUT_DONE, SVPU_MSG_SESSION_ERROR, SVPU_MSG_SYSTEM_ERROR}) {
    svpu_msg_error m{};
    svpu_complaint why;
    for (const uint32_t status : {SVPU_OK, SVPU_DATA_ERROR, SVPU_CANCELLED, SVPU_E_INVALID, SVPU_E_INTERNAL}) {
      m.status = status;
      EXPECT_EQ(svpu_check_message(slot_of(type, m).bytes, &why), SVPU_FORM_GOOD) << type << ", " << status;
    }
    for (const uint32_t status : {3u, 15u, 22u, UINT32_MAX}) {
      m.status = status;
      EXPECT_EQ(svpu_check_message(slot_of(type, m).bytes, &why), SVPU_FORM_MALFORMED) << type << ", " << status;
    }
  }
}

TEST(ADoneMessage, IsMalformedOutOfRange) {
  const svpu_msg_output_done done{};
  expect_form({row<svpu_msg_output_done>(SVPU_MSG_OUTPUT_DONE, done, "frame type", [](auto& m) { m.frame_type = 4; }),
               row<svpu_msg_output_done>(SVPU_MSG_OUTPUT_DONE, done, "field", [](auto& m) { m.field = 3; }),
               {"no cookie", slot_of(SVPU_MSG_OUTPUT_DONE, done, 0)},
               {"no cookie", slot_of(SVPU_MSG_INPUT_DONE, svpu_msg_status{}, 0)}},
              SVPU_FORM_MALFORMED);
}

TEST(AnAnswerThatNamesABuffer, IsMalformedOutOfRange) {
  expect_form({row<svpu_msg_flushed>(SVPU_MSG_FLUSHED, {}, "direction", [](auto& m) { m.direction = 2; }),
               row<svpu_msg_unmapped>(SVPU_MSG_UNMAPPED, unmapped(), "direction", [](auto& m) { m.direction = 2; }),
               row<svpu_msg_unmapped>(SVPU_MSG_UNMAPPED, unmapped(), "index", [](auto& m) { m.index = 64; }),
               row<svpu_msg_unmapped>(SVPU_MSG_UNMAPPED, unmapped(), "generation", [](auto& m) { m.generation = 0; })},
              SVPU_FORM_MALFORMED);
}

TEST(TheMostBuffers, AreAsManyAsV4L2Has) { EXPECT_EQ(SVPU_MAX_NEEDED_BUFFERS, VIDEO_MAX_FRAME); }

}  // namespace
