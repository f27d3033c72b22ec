// SPDX-License-Identifier: LGPL-2.1-or-later
// The form of entries: sizes of every type, ranges of every field. One row per rule.
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

svpu_msg_codec codec() {
  svpu_msg_codec m{};
  m.coded = V4L2_PIX_FMT_H264;
  m.min_output_buffers = 2;
  m.min_width = m.min_height = 16;
  m.max_width = m.max_height = 4096;
  m.step_width = m.step_height = 1;
  return m;
}

svpu_msg_raw_format raw_format() {
  svpu_msg_raw_format m{};
  m.fourcc = V4L2_PIX_FMT_NV12;
  m.width_align = m.height_align = 16;
  m.stride_align = 1;
  m.tail_lines = 2;
  return m;
}

svpu_msg_control integer() {
  svpu_msg_control m{};
  m.id = V4L2_CID_MPEG_VIDEO_BITRATE;
  m.type = SVPU_CONTROL_INTEGER;
  m.minimum = 1;
  m.maximum = 100'000'000;
  m.default_value = 2'000'000;
  m.step = 1;
  return m;
}

svpu_msg_control menu() {
  svpu_msg_control m{};
  m.id = V4L2_CID_MPEG_VIDEO_H264_PROFILE;
  m.type = SVPU_CONTROL_MENU;
  m.maximum = m.default_value = 4;
  m.items = 0x1f;
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
          {"CODEC", slot_of(SVPU_MSG_CODEC, codec())},
          {"RAW_FORMAT", slot_of(SVPU_MSG_RAW_FORMAT, raw_format())},
          {"CONTROL", slot_of(SVPU_MSG_CONTROL, integer())},
          {"CAPABILITIES_END", slot_of(SVPU_MSG_CAPABILITIES_END, svpu_entry{})},
          {"CONFIGURED", slot_of(SVPU_MSG_CONFIGURED, svpu_msg_status{})},
          {"FORMAT_CHANGED", slot_of(SVPU_MSG_FORMAT_CHANGED, format())},
          {"INPUT_DONE", slot_of(SVPU_MSG_INPUT_DONE, svpu_msg_status{})},
          {"OUTPUT_DONE", slot_of(SVPU_MSG_OUTPUT_DONE, svpu_msg_output_done{})},
          {"DRAINED", slot_of(SVPU_MSG_DRAINED, svpu_msg_status{})},
          {"FLUSHED", slot_of(SVPU_MSG_FLUSHED, svpu_msg_flushed{})},
          {"PONG", slot_of(SVPU_MSG_PONG, svpu_entry{})},
          {"SESSION_ERROR", slot_of(SVPU_MSG_SESSION_ERROR, svpu_msg_error{})},
          {"SYSTEM_ERROR", slot_of(SVPU_MSG_SYSTEM_ERROR, svpu_msg_error{})},
          {"DEBUG_TEXT", slot_of(SVPU_MSG_DEBUG_TEXT, svpu_msg_text{})},
          {"UNMAPPED", slot_of(SVPU_MSG_UNMAPPED, unmapped())}};
}

svpu_cmd_configure configure() {
  svpu_cmd_configure c{};
  c.role = SVPU_DECODER;
  c.coded = V4L2_PIX_FMT_H264;
  return c;
}

svpu_cmd_map_buffer map_buffer() {
  svpu_cmd_map_buffer c{};
  c.direction = SVPU_OUTPUT;
  c.index = 63;
  c.generation = 9;
  c.num_planes = 2;
  c.plane[0] = {4096, 100, 4096};
  c.plane[1] = {0, 50, 50};
  return c;
}

svpu_cmd_buffer buffer() {
  svpu_cmd_buffer c{};
  c.direction = SVPU_OUTPUT;
  c.index = 5;
  c.generation = 6;
  return c;
}

svpu_cmd_set_layout set_layout() {
  svpu_cmd_set_layout c{};
  c.fourcc = V4L2_PIX_FMT_NV12;
  c.width = 64;
  c.height = 48;
  c.memory_planes = 1;
  c.components = 2;
  c.stride[0] = c.stride[1] = 64;
  c.offset[1] = 64 * 48;
  c.plane_size[0] = 64 * 72;
  return c;
}

svpu_cmd_queue_input queue_input() {
  svpu_cmd_queue_input c{};
  c.generation = 1;
  c.num_planes = 1;
  c.plane[0].bytes = 100;
  return c;
}

svpu_cmd_set_control set_control() {
  svpu_cmd_set_control c{};
  c.id = V4L2_CID_MPEG_VIDEO_BITRATE;
  return c;
}

svpu_cmd_set_interval set_interval() {
  svpu_cmd_set_interval c{};
  c.interval_num = 1;
  c.interval_den = 25;
  return c;
}

std::vector<Good> good_commands() {
  return {{"QUERY_CAPABILITIES", slot_of(SVPU_CMD_QUERY_CAPABILITIES, svpu_entry{})},
          {"CONFIGURE", slot_of(SVPU_CMD_CONFIGURE, configure())},
          {"SET_CONTROL", slot_of(SVPU_CMD_SET_CONTROL, set_control())},
          {"SET_INTERVAL", slot_of(SVPU_CMD_SET_INTERVAL, set_interval())},
          {"MAP_BUFFER", slot_of(SVPU_CMD_MAP_BUFFER, map_buffer())},
          {"UNMAP_BUFFER", slot_of(SVPU_CMD_UNMAP_BUFFER, buffer())},
          {"SET_LAYOUT", slot_of(SVPU_CMD_SET_LAYOUT, set_layout())},
          {"QUEUE_INPUT", slot_of(SVPU_CMD_QUEUE_INPUT, queue_input())},
          {"QUEUE_OUTPUT", slot_of(SVPU_CMD_QUEUE_OUTPUT, buffer())},
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

TEST(EveryCommand, MayBeLongerButNotShorterThanItsType) { expect_the_rule_of_sizes(svpu_check_command, good_commands()); }

TEST(AnEntry, OfAnotherTypeIsUnknownWhateverItsSize) {
  svpu_complaint why;
  for (const uint16_t type : {0, 18, 999, 65535}) {
    EXPECT_EQ(svpu_check_message(slot_of(type, svpu_entry{}).bytes, &why), SVPU_FORM_UNKNOWN) << type;
    EXPECT_EQ(svpu_check_message(slot_of(type, svpu_entry{}, 0, 3).bytes, &why), SVPU_FORM_UNKNOWN) << type;
  }
  for (const uint16_t type : {0, 18, 999, 65535})
    EXPECT_EQ(svpu_check_command(slot_of(type, svpu_entry{}).bytes, &why), SVPU_FORM_UNKNOWN) << type;
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

Row codec_row(const char* what, const std::function<void(svpu_msg_codec&)>& change) {
  return row(SVPU_MSG_CODEC, codec(), what, change);
}

Row raw_row(const char* what, const std::function<void(svpu_msg_raw_format&)>& change) {
  return row(SVPU_MSG_RAW_FORMAT, raw_format(), what, change);
}

Row integer_row(const char* what, const std::function<void(svpu_msg_control&)>& change) {
  return row(SVPU_MSG_CONTROL, integer(), what, change);
}

Row menu_row(const char* what, const std::function<void(svpu_msg_control&)>& change) {
  return row(SVPU_MSG_CONTROL, menu(), what, change);
}

Row format_row(const char* what, const std::function<void(svpu_msg_format_changed&)>& change) {
  return row(SVPU_MSG_FORMAT_CHANGED, format(), what, change);
}

void expect_form(const std::vector<Row>& rows, svpu_form form, Check check = svpu_check_message) {
  for (const Row& row : rows) {
    svpu_complaint why{};
    EXPECT_EQ(check(row.slot.bytes, &why), form) << row.what << "; " << (why.what != nullptr ? why.what : "");
    EXPECT_EQ(why.what != nullptr, form == SVPU_FORM_MALFORMED) << row.what;
  }
}

TEST(ACodec, IsGoodAtTheEndsOfItsRanges) {
  expect_form({codec_row("role", [](auto& m) { m.role = SVPU_STATELESS_DECODER; }),
               codec_row("no buffers", [](auto& m) { m.min_output_buffers = 0; }),
               codec_row("32 buffers", [](auto& m) { m.min_output_buffers = VIDEO_MAX_FRAME; }),
               codec_row("one size", [](auto& m) { m.min_width = m.max_width = 65536; }),
               codec_row("step", [](auto& m) { m.step_width = m.step_height = 65536; }),
               codec_row("intervals",
                         [](auto& m) {
                           m.min_interval_num = m.max_interval_den = 1, m.min_interval_den = m.max_interval_num = UINT32_MAX;
                         }),
               codec_row("unknown flags", [](auto& m) { m.flags = UINT32_MAX; })},
              SVPU_FORM_GOOD);
}

TEST(ACodec, IsMalformedOutOfRange) {
  expect_form(
      {codec_row("role", [](auto& m) { m.role = 4; }), codec_row("no format", [](auto& m) { m.coded = 0; }),
       codec_row("33 buffers", [](auto& m) { m.min_output_buffers = 33; }),
       codec_row("no width", [](auto& m) { m.min_width = 0; }), codec_row("no height", [](auto& m) { m.min_height = 0; }),
       codec_row("min above max", [](auto& m) { m.min_width = 4097; }),
       codec_row("min above max", [](auto& m) { m.min_height = 4097; }),
       codec_row("too wide", [](auto& m) { m.max_width = 65537; }),
       codec_row("too high", [](auto& m) { m.max_height = UINT32_MAX; }), codec_row("no step", [](auto& m) { m.step_width = 0; }),
       codec_row("no step", [](auto& m) { m.step_height = 0; }), codec_row("step", [](auto& m) { m.step_height = 65537; }),
       codec_row("interval", [](auto& m) { m.min_interval_num = 1; }),
       codec_row("interval", [](auto& m) { m.max_interval_den = 1; })},
      SVPU_FORM_MALFORMED);
}

TEST(ARawFormat, IsGoodAtTheEndsOfItsRanges) {
  expect_form({raw_row("no alignment", [](auto& m) { m.width_align = m.height_align = m.stride_align = 1; }),
               raw_row("a page", [](auto& m) { m.width_align = m.height_align = m.stride_align = 4096; }),
               raw_row("no tail", [](auto& m) { m.tail_lines = 0; }), raw_row("tail", [](auto& m) { m.tail_lines = 64; }),
               raw_row("unknown flags", [](auto& m) { m.flags = UINT32_MAX; })},
              SVPU_FORM_GOOD);
}

TEST(ARawFormat, IsMalformedOutOfRange) {
  expect_form({raw_row("no format", [](auto& m) { m.fourcc = 0; }), raw_row("width", [](auto& m) { m.width_align = 0; }),
               raw_row("height", [](auto& m) { m.height_align = 8192; }), raw_row("stride", [](auto& m) { m.stride_align = 0; }),
               raw_row("not a power of two", [](auto& m) { m.width_align = 24; }),
               raw_row("not a power of two", [](auto& m) { m.height_align = 3; }),
               raw_row("not a power of two", [](auto& m) { m.stride_align = 4095; }),
               raw_row("tail", [](auto& m) { m.tail_lines = 65; })},
              SVPU_FORM_MALFORMED);
}

TEST(AControl, IsGoodAtTheEndsOfItsRanges) {
  expect_form(
      {integer_row("any number", [](auto& m) { m.minimum = INT64_MIN, m.maximum = INT64_MAX, m.step = UINT64_MAX; }),
       integer_row("one number", [](auto& m) { m.minimum = m.maximum = m.default_value; }),
       integer_row("boolean", [](auto& m) { m.type = SVPU_CONTROL_BOOLEAN, m.minimum = 0, m.maximum = m.default_value = 1; }),
       integer_row("button",
                   [](auto& m) { m.type = SVPU_CONTROL_BUTTON, m.minimum = m.maximum = m.default_value = 0, m.step = 0; }),
       menu_row("last item", [](auto& m) { m.minimum = m.maximum = m.default_value = 63, m.items = uint64_t{1} << 63; })},
      SVPU_FORM_GOOD);
}

TEST(AControl, IsMalformedOutOfRange) {
  expect_form(
      {integer_row("no id", [](auto& m) { m.id = 0; }), integer_row("type", [](auto& m) { m.type = 0; }),
       integer_row("type", [](auto& m) { m.type = 5; }), integer_row("range", [](auto& m) { m.minimum = 200'000'000; }),
       integer_row("default", [](auto& m) { m.default_value = 0; }),
       integer_row("default", [](auto& m) { m.default_value = INT64_MAX; }), integer_row("no step", [](auto& m) { m.step = 0; }),
       integer_row("boolean", [](auto& m) { m.type = SVPU_CONTROL_BOOLEAN; }),
       menu_row("item 64", [](auto& m) { m.maximum = 64; }), menu_row("item -1", [](auto& m) { m.minimum = -1; }),
       menu_row("unsupported item", [](auto& m) { m.items = 0xf; })},
      SVPU_FORM_MALFORMED);
}

// What the host doesn't believe the firmware, the firmware doesn't believe a guest's driver.
TEST(ACommand, IsMalformedOutOfRange) {
  const auto configured = [](const char* what, const std::function<void(svpu_cmd_configure&)>& change) {
    return row(SVPU_CMD_CONFIGURE, configure(), what, change);
  };
  const auto mapped = [](const char* what, const std::function<void(svpu_cmd_map_buffer&)>& change) {
    return row(SVPU_CMD_MAP_BUFFER, map_buffer(), what, change);
  };
  const auto laid_out = [](const char* what, const std::function<void(svpu_cmd_set_layout&)>& change) {
    return row(SVPU_CMD_SET_LAYOUT, set_layout(), what, change);
  };
  const auto queued = [](const char* what, const std::function<void(svpu_cmd_queue_input&)>& change) {
    return row(SVPU_CMD_QUEUE_INPUT, queue_input(), what, change);
  };
  expect_form({configured("role", [](auto& c) { c.role = 4; }),
               configured("no format", [](auto& c) { c.coded = 0; }),
               configured("hint", [](auto& c) { c.width_hint = 65537; }),
               configured("threads", [](auto& c) { c.threads = 257; }),
               configured("interval", [](auto& c) { c.interval_den = 1; }),
               configured("colour space", [](auto& c) { c.colorspace = 256; }),
               configured("transfer function", [](auto& c) { c.xfer_func = 256; }),
               configured("colour encoding", [](auto& c) { c.ycbcr_enc = 256; }),
               configured("quantization", [](auto& c) { c.quantization = 256; }),
               mapped("direction", [](auto& c) { c.direction = 3; }),
               mapped("index", [](auto& c) { c.index = 64; }),
               mapped("generation", [](auto& c) { c.generation = 0; }),
               mapped("planes", [](auto& c) { c.num_planes = 5; }),
               mapped("offset", [](auto& c) { c.plane[1].offset = 1; }),
               mapped("offset", [](auto& c) { c.plane[1].offset = UINT64_MAX & ~uint64_t{4095}; }),
               mapped("length", [](auto& c) { c.plane[1].length = 0; }),
               mapped("mapped length", [](auto& c) { c.plane[1].mapped_length = 49; }),
               laid_out("plane", [](auto& c) { c.component_plane[1] = 1; }),
               laid_out("offset", [](auto& c) { c.offset[1] = 64 * 72; }),
               laid_out("stride", [](auto& c) { c.stride[0] = 0; }),
               laid_out("size", [](auto& c) { c.plane_size[0] = 0x80000000u; }),
               queued("planes", [](auto& c) { c.num_planes = 0; }),
               queued("bytes", [](auto& c) { c.plane[0].bytes = 0x7fffffc0; }),
               queued("end", [](auto& c) { c.plane[0].offset = 0x7fffffff; }),
               queued("parameters", [](auto& c) { c.parameters_index = 64; }),
               {"no cookie", slot_of(SVPU_CMD_QUEUE_INPUT, queue_input(), 0)},
               {"no cookie", slot_of(SVPU_CMD_QUEUE_OUTPUT, buffer(), 0)},
               row<svpu_cmd_buffer>(SVPU_CMD_QUEUE_OUTPUT, buffer(), "an input", [](auto& c) { c.direction = SVPU_INPUT; }),
               row<svpu_cmd_flush>(SVPU_CMD_FLUSH, {}, "parameters", [](auto& c) { c.direction = SVPU_PARAMETERS; }),
               row<svpu_cmd_set_control>(SVPU_CMD_SET_CONTROL, set_control(), "no id", [](auto& c) { c.id = 0; }),
               row<svpu_cmd_set_interval>(SVPU_CMD_SET_INTERVAL, set_interval(), "0/25", [](auto& c) { c.interval_num = 0; }),
               row<svpu_cmd_set_interval>(SVPU_CMD_SET_INTERVAL, set_interval(), "1/0", [](auto& c) { c.interval_den = 0; })},
              SVPU_FORM_MALFORMED, svpu_check_command);
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
               format_row("interval", [](auto& m) { m.interval_num = 1; }),
               format_row("aspect", [](auto& m) { m.pixel_aspect_num = 0; }),
               format_row("aspect", [](auto& m) { m.pixel_aspect_den = 0; }),
               format_row("colour", [](auto& m) { m.colorspace = 256; }),
               format_row("colour", [](auto& m) { m.xfer_func = 256; }),
               format_row("colour", [](auto& m) { m.ycbcr_enc = 256; }),
               format_row("colour", [](auto& m) { m.quantization = 256; })},
              SVPU_FORM_MALFORMED);
}

TEST(EveryStatus, IsOneThatTheProtocolKnows) {
  for (const uint16_t type : {SVPU_MSG_CONFIGURED, SVPU_MSG_INPUT_DONE, SVPU_MSG_OUTPUT_DONE, SVPU_MSG_DRAINED,
                              SVPU_MSG_SESSION_ERROR, SVPU_MSG_SYSTEM_ERROR}) {
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
               row<svpu_msg_unmapped>(SVPU_MSG_UNMAPPED, unmapped(), "direction", [](auto& m) { m.direction = 3; }),
               row<svpu_msg_unmapped>(SVPU_MSG_UNMAPPED, unmapped(), "index", [](auto& m) { m.index = 64; }),
               row<svpu_msg_unmapped>(SVPU_MSG_UNMAPPED, unmapped(), "generation", [](auto& m) { m.generation = 0; })},
              SVPU_FORM_MALFORMED);
}

// The whole of a struct is in its list: every word but the entry and what is reserved is shown.
TEST(EveryField, IsListed) {
  const auto words_of = [](const Slot& slot, auto field_of) {
    size_t words = 0;
    svpu_field_value field;
    for (unsigned n = 0; field_of(slot.bytes, n, &field); ++n) ++words;
    return words;
  };
  EXPECT_EQ(words_of(slot_of(SVPU_MSG_FORMAT_CHANGED, format()), svpu_message_field), 20u);
  EXPECT_EQ(words_of(slot_of(SVPU_MSG_OUTPUT_DONE, svpu_msg_output_done{}), svpu_message_field), 10u);
  EXPECT_EQ(words_of(slot_of(SVPU_CMD_QUEUE_INPUT, queue_input()), svpu_command_field), 18u);
  EXPECT_EQ(words_of(slot_of(SVPU_CMD_PING, svpu_entry{}), svpu_command_field), 0u);
}

TEST(ControlTypes, HaveV4L2sNumbers) {
  EXPECT_EQ(int{SVPU_CONTROL_INTEGER}, int{V4L2_CTRL_TYPE_INTEGER});
  EXPECT_EQ(int{SVPU_CONTROL_BOOLEAN}, int{V4L2_CTRL_TYPE_BOOLEAN});
  EXPECT_EQ(int{SVPU_CONTROL_MENU}, int{V4L2_CTRL_TYPE_MENU});
  EXPECT_EQ(int{SVPU_CONTROL_BUTTON}, int{V4L2_CTRL_TYPE_BUTTON});
}

TEST(TheMostBuffers, AreAsManyAsV4L2Has) { EXPECT_EQ(SVPU_MAX_NEEDED_BUFFERS, VIDEO_MAX_FRAME); }

}  // namespace
