// SPDX-License-Identifier: LGPL-2.1-or-later
// Every command and message survives its wire form; every field out of range is refused with a reason.
#include "hfi/messages.h"

#include <gtest/gtest.h>

#include <random>

namespace softvpu::hfi {
namespace {

cmd::MapBuffer good_map() {
  cmd::MapBuffer map;
  map.direction = Direction::kOutput;
  map.buffer = {63, 9};
  map.num_planes = 2;
  map.plane[0] = {4096, 100, 4096};
  map.plane[1] = {0, 50, 50};
  return map;
}

cmd::SetLayout good_layout() {
  cmd::SetLayout layout;
  layout.fourcc = 0x32315559;
  layout.width = 64;
  layout.height = 48;
  layout.memory_planes = 1;
  layout.components = 3;
  layout.stride = {128, 64, 64, 0};
  layout.offset = {0, 6144, 7680, 0};
  layout.plane_size = {9216, 0, 0, 0};
  return layout;
}

msg::Codec good_codec() {
  msg::Codec capability;
  capability.role = Role::kDecoder;
  capability.coded = 0x34363248;
  capability.flags = 3;
  capability.min_output_buffers = 2;
  capability.min_width = capability.min_height = 16;
  capability.max_width = capability.max_height = 4096;
  capability.step_width = capability.step_height = 1;
  capability.min_interval_num = 1;
  capability.min_interval_den = 240;
  capability.max_interval_num = 1001;
  capability.max_interval_den = 30;
  return capability;
}

msg::Control good_control() {
  return {.id = 0x9909cf,
          .type = SVPU_CONTROL_INTEGER,
          .flags = SVPU_CONTROL_READ_ONLY,
          .minimum = INT64_MIN,
          .maximum = INT64_MAX,
          .default_value = -1,
          .step = UINT64_MAX,
          .items = 1,
          .name = std::string(SVPU_CONTROL_NAME_BYTES, 'n')};
}

// Every field has a value of its own.
cmd::QueueInput good_input() {
  cmd::QueueInput input;
  input.buffer = {1, 2};
  input.num_planes = 3;
  input.field = SVPU_FIELD_BOTTOM_FIRST;
  input.tag = 4;
  input.output = 5;
  input.parameters_index = 6;
  input.parameters_generation = 7;
  input.parameters = {8, 9};
  input.plane = {{{10, 11}, {12, 13}, {14, 15}, {16, 17}}};
  return input;
}

msg::FormatChanged good_format() {
  msg::FormatChanged format;
  format.initial = true;
  format.coded_width = 1920;
  format.coded_height = 1088;
  format.visible_width = 1920;
  format.visible_height = 1080;
  format.bit_depth = 8;
  format.chroma = SVPU_CHROMA_420;
  format.min_output_buffers = 6;
  format.interval_num = 1001;
  format.interval_den = 30000;
  return format;
}

template <typename Body>
void expect_command_survives(const Body& body) {
  const Command command{77, body};
  const auto parsed = parse_command(serialize(command));
  ASSERT_TRUE(parsed) << name_of(command.body) << ": " << parsed.error().reason;
  EXPECT_EQ(*parsed, command) << name_of(command.body);
}

template <typename Body>
void expect_message_survives(const Body& body) {
  const Message message{78, body};
  const auto parsed = parse_message(serialize(message));
  ASSERT_TRUE(parsed) << name_of(message.body) << ": " << parsed.error().reason;
  EXPECT_EQ(*parsed, message) << name_of(message.body);
}

TEST(EveryCommand, SurvivesItsWireForm) {
  expect_command_survives(cmd::QueryCapabilities{});
  expect_command_survives(cmd::Configure{Role::kStatelessDecoder, 5, 65536, 1, 256, true, 1, 50});
  expect_command_survives(cmd::SetControl{1, INT64_MIN});
  expect_command_survives(cmd::SetInterval{1001, 30000});
  expect_command_survives(good_map());
  expect_command_survives(cmd::UnmapBuffer{Direction::kInput, {1, 2}});
  expect_command_survives(good_layout());
  expect_command_survives(coded_input({0, 1}, 64, INT32_MAX - 64, UINT64_MAX));
  expect_command_survives(good_input());
  expect_command_survives(cmd::MapBuffer{Direction::kParameters, {1, 2}, 1, {svpu_plane{0, 1, 1}}});
  expect_command_survives(cmd::QueueOutput{{5, 6}});
  expect_command_survives(cmd::Start{});
  expect_command_survives(cmd::Flush{Direction::kOutput, 0});
  expect_command_survives(cmd::Drain{});
  expect_command_survives(cmd::Resume{});
  expect_command_survives(cmd::ReturnOutput{});
  expect_command_survives(cmd::Ping{});
  expect_command_survives(cmd::Abort{});
  expect_command_survives(cmd::Crash{});
  expect_command_survives(Unknown{999});
}

TEST(EveryMessage, SurvivesItsWireForm) {
  expect_message_survives(msg::Ready{3, SVPU_JAIL_SECCOMP, "softvpu-fw"});
  expect_message_survives(good_codec());
  expect_message_survives(msg::RawFormat{1, 2, 4, 8, 16, 64});
  expect_message_survives(good_control());
  expect_message_survives(msg::CapabilitiesEnd{});
  expect_message_survives(msg::Configured{WireStatus::kUnsupported});
  expect_message_survives(good_format());
  expect_message_survives(msg::InputDone{WireStatus::kDataError});
  expect_message_survives(msg::OutputDone{WireStatus::kOk, true, 3, 2, 1234567890123, {1, 2, 3, 4}, true});
  expect_message_survives(msg::Drained{});
  expect_message_survives(msg::Drained{WireStatus::kDataError});
  expect_message_survives(msg::Flushed{Direction::kInput, UINT32_MAX});
  expect_message_survives(msg::Pong{});
  expect_message_survives(msg::SessionError{WireStatus::kNoMemory, "no memory for a frame of 4096x4096"});
  expect_message_survives(msg::SystemError{WireStatus::kInternal, std::string(SVPU_TEXT_BYTES, 'x')});
  expect_message_survives(msg::DebugText{"hello"});
  expect_message_survives(msg::Unmapped{Direction::kOutput, {63, UINT32_MAX}});
  expect_message_survives(Unknown{999});
}

Entry resized(Entry entry, int by) {
  svpu_entry header = entry.header();
  header.size = static_cast<uint16_t>(header.size + by);
  entry.set_header(header);
  return entry;
}

TEST(AnEntry, IsRefusedWhenItIsShorterThanItsType) {
  for (const Command& command : {Command{1, cmd::Configure{Role::kDecoder, 5}}, Command{1, cmd::Drain{}}, Command{1, good_map()},
                                 Command{1, good_layout()}}) {
    for (const int by : {-8, -1}) {
      const auto parsed = parse_command(resized(serialize(command), by));
      ASSERT_FALSE(parsed) << name_of(command.body);
      EXPECT_EQ(parsed.error().code, EBADMSG);
      EXPECT_NE(parsed.error().reason.find(name_of(command.body)), std::string::npos) << parsed.error().reason;
    }
  }
  EXPECT_FALSE(parse_message(resized(serialize(Message{1, msg::InputDone{}}), -8)));
}

// docs/hfi.md, Versions: what a later minor version appends is ignored.
TEST(AnEntry, ThatIsLongerThanItsTypeMeansTheSame) {
  for (const Command& command : {Command{1, cmd::Configure{Role::kDecoder, 5}}, Command{1, cmd::Drain{}}, Command{1, good_map()},
                                 Command{1, good_layout()}, Command{1, cmd::QueueOutput{{5, 6}}}}) {
    Entry longer = resized(serialize(command), 8);
    std::memset(longer.bytes + longer.header().size - 8, 0xff, 8);
    const auto parsed = parse_command(longer);
    ASSERT_TRUE(parsed) << parsed.error().reason;
    EXPECT_EQ(*parsed, command) << name_of(command.body);
  }
  for (const Message& message : {Message{1, good_format()}, Message{1, msg::InputDone{}}, Message{1, msg::Pong{}},
                                 Message{1, msg::Drained{WireStatus::kDataError}}}) {
    Entry longer = resized(serialize(message), 8);
    std::memset(longer.bytes + longer.header().size - 8, 0xff, 8);
    const auto parsed = parse_message(longer);
    ASSERT_TRUE(parsed) << parsed.error().reason;
    EXPECT_EQ(*parsed, message) << name_of(message.body);
  }
}

template <typename Body, typename Change>
void expect_command_refused(Body body, Change change, uint64_t cookie = 1) {
  change(body);
  const auto parsed = parse_command(serialize(Command{cookie, body}));
  ASSERT_FALSE(parsed) << name_of(cmd::Body(body));
  EXPECT_EQ(parsed.error().code, EBADMSG);
  EXPECT_FALSE(parsed.error().reason.empty());
}

template <typename Body, typename Change>
void expect_message_refused(Body body, Change change, uint64_t cookie = 1) {
  change(body);
  const auto parsed = parse_message(serialize(Message{cookie, body}));
  ASSERT_FALSE(parsed) << name_of(msg::Body(body));
  EXPECT_EQ(parsed.error().code, EBADMSG);
  EXPECT_FALSE(parsed.error().reason.empty());
}

TEST(AConfigureCommand, IsRefusedOutOfRange) {
  const cmd::Configure good{Role::kDecoder, 5};
  expect_command_refused(good, [](auto& c) { c.role = static_cast<Role>(4); });
  expect_command_refused(good, [](auto& c) { c.coded = 0; });
  expect_command_refused(good, [](auto& c) { c.width_hint = 65537; });
  expect_command_refused(good, [](auto& c) { c.height_hint = UINT32_MAX; });
  expect_command_refused(good, [](auto& c) { c.threads = 257; });
  expect_command_refused(good, [](auto& c) { c.interval_num = 1; });
}

TEST(AMapCommand, IsRefusedOutOfRange) {
  expect_command_refused(good_map(), [](auto& c) { c.direction = static_cast<Direction>(3); });
  expect_command_refused(good_map(), [](auto& c) { c.buffer.index = 64; });
  expect_command_refused(good_map(), [](auto& c) { c.buffer.generation = 0; });
  expect_command_refused(good_map(), [](auto& c) { c.num_planes = 0; });
  expect_command_refused(good_map(), [](auto& c) { c.num_planes = 5; });
  expect_command_refused(good_map(), [](auto& c) { c.plane[1].length = 0; });
  expect_command_refused(good_map(), [](auto& c) { c.plane[0].length = 0x80000000u; });
  expect_command_refused(good_map(), [](auto& c) { c.plane[0].mapped_length = c.plane[0].length - 1; });
  expect_command_refused(good_map(), [](auto& c) { c.plane[0].mapped_length = 0x80000000; });
  expect_command_refused(good_map(), [](auto& c) { c.plane[0].offset = 1; });
  expect_command_refused(good_map(), [](auto& c) { c.plane[0].offset = UINT64_MAX & ~uint64_t{4095}; });
}

TEST(ALayoutCommand, IsRefusedOutOfRange) {
  expect_command_refused(good_layout(), [](auto& c) { c.fourcc = 0; });
  expect_command_refused(good_layout(), [](auto& c) { c.width = 0; });
  expect_command_refused(good_layout(), [](auto& c) { c.height = 65537; });
  expect_command_refused(good_layout(), [](auto& c) { c.memory_planes = 5; });
  expect_command_refused(good_layout(), [](auto& c) { c.components = 0; });
  expect_command_refused(good_layout(), [](auto& c) { c.components = 9; });
  expect_command_refused(good_layout(), [](auto& c) { c.stride[2] = 0; });
  expect_command_refused(good_layout(), [](auto& c) { c.component_plane[1] = 1; });
  expect_command_refused(good_layout(), [](auto& c) { c.component_plane[1] = UINT32_MAX; });
  expect_command_refused(good_layout(), [](auto& c) { c.offset[2] = 9216; });
  expect_command_refused(good_layout(), [](auto& c) { c.plane_size[0] = 0; });
}

TEST(AQueueCommand, IsRefusedOutOfRange) {
  expect_command_refused(
      coded_input({0, 1}, 0, 5, 1), [](auto&) {}, /*cookie=*/0);
  // libavcodec's parsers count in int: no size above 2^31 may come near them.
  expect_command_refused(coded_input({0, 1}, 6, UINT32_MAX - 5, 1), [](auto&) {});
  expect_command_refused(coded_input({0, 1}, 0, 0x80000064, 1), [](auto&) {});
  expect_command_refused(coded_input({0, 1}, 0, INT32_MAX - 63, 1), [](auto&) {});
  expect_command_refused(coded_input({0, 1}, INT32_MAX, 1, 1), [](auto&) {});
  expect_command_refused(coded_input({0, 1}, UINT32_MAX, 1, 1), [](auto&) {});
  expect_command_refused(coded_input({64, 1}, 0, 5, 1), [](auto&) {});
  expect_command_refused(good_input(), [](auto& c) { c.num_planes = 0; });
  expect_command_refused(good_input(), [](auto& c) { c.num_planes = 5; });
  expect_command_refused(good_input(), [](auto& c) { c.plane[2].bytes = UINT32_MAX; });
  expect_command_refused(good_input(), [](auto& c) { c.field = 3; });
  expect_command_refused(good_input(), [](auto& c) { c.parameters_index = 64; });
  expect_command_refused(good_input(), [](auto& c) { c.parameters.offset = UINT32_MAX; });
  EXPECT_TRUE(parse_command(serialize(Command{1, coded_input({0, 1}, 0, 5, 1)})));
  expect_command_refused(
      cmd::QueueOutput{{0, 1}}, [](auto&) {}, /*cookie=*/0);
  expect_command_refused(cmd::QueueOutput{{0, 0}}, [](auto&) {});
  expect_command_refused(cmd::Flush{static_cast<Direction>(2), 1}, [](auto&) {});
  expect_command_refused(cmd::UnmapBuffer{static_cast<Direction>(7), {1, 1}}, [](auto&) {});
}

// core/message_check_test.cc has every field's range.
TEST(ACodecMessage, IsRefusedOutOfRange) {
  expect_message_refused(good_codec(), [](auto& m) { m.role = static_cast<Role>(99); });
  expect_message_refused(good_codec(), [](auto& m) { m.min_width = 4097; });
  expect_message_refused(good_codec(), [](auto& m) { m.max_interval_num = 0; });
  expect_message_refused(msg::RawFormat{1, 0, 3, 8, 16, 64}, [](auto&) {});
  expect_message_refused(good_control(), [](auto& m) { m.type = SVPU_CONTROL_MENU; });
}

TEST(AnEntry, IsDescribedWithItsFields) {
  EXPECT_EQ(describe(Message{7, msg::OutputDone{WireStatus::kDataError, true, 1, 0, 9, {100, 0, 3, 0}}}),
            "OUTPUT_DONE cookie=7 status=1 has_tag=1 frame_type=1 tag=9 bytes_used=100 bytes_used[2]=3");
  EXPECT_EQ(describe(Message{0, msg::SessionError{WireStatus::kOk, "no\nmemory"}}), "SESSION_ERROR text=\"no.memory\"");
  EXPECT_EQ(describe(Command{0, cmd::SetControl{5, -1}}), "SET_CONTROL id=5 value=-1");
  EXPECT_EQ(describe(Command{1, cmd::Ping{}}), "PING cookie=1");
  EXPECT_EQ(describe(Message{0, Unknown{99}}), "unknown message");
}

TEST(AFormatMessage, IsRefusedOutOfRange) {
  expect_message_refused(good_format(), [](auto& m) { m.coded_width = 0; });
  expect_message_refused(good_format(), [](auto& m) { m.coded_height = 65537; });
  expect_message_refused(good_format(), [](auto& m) { m.visible_left = -1; });
  expect_message_refused(good_format(), [](auto& m) { m.visible_left = 1; });
  expect_message_refused(good_format(), [](auto& m) { m.visible_top = INT32_MAX; });
  expect_message_refused(good_format(), [](auto& m) { m.visible_width = 0; });
  expect_message_refused(good_format(), [](auto& m) { m.visible_height = UINT32_MAX; });
  expect_message_refused(good_format(), [](auto& m) { m.bit_depth = 17; });
  expect_message_refused(good_format(), [](auto& m) { m.chroma = 4; });
  expect_message_refused(good_format(), [](auto& m) { m.min_output_buffers = 0; });
  expect_message_refused(good_format(), [](auto& m) { m.min_output_buffers = 33; });
  expect_message_refused(good_format(), [](auto& m) { m.pixel_aspect_den = 0; });
  expect_message_refused(good_format(), [](auto& m) { m.colorspace = 256; });
}

TEST(ADoneMessage, IsRefusedOutOfRange) {
  expect_message_refused(
      msg::InputDone{}, [](auto&) {}, /*cookie=*/0);
  expect_message_refused(msg::InputDone{static_cast<WireStatus>(3)}, [](auto&) {});
  expect_message_refused(msg::InputDone{static_cast<WireStatus>(22)}, [](auto&) {});
  expect_message_refused(
      msg::OutputDone{}, [](auto&) {}, /*cookie=*/0);
  expect_message_refused(msg::OutputDone{}, [](auto& m) { m.status = static_cast<WireStatus>(UINT32_MAX); });
  expect_message_refused(msg::OutputDone{}, [](auto& m) { m.frame_type = 4; });
  expect_message_refused(msg::OutputDone{}, [](auto& m) { m.field = 3; });
  expect_message_refused(msg::Flushed{}, [](auto& m) { m.direction = static_cast<Direction>(2); });
  expect_message_refused(msg::Configured{static_cast<WireStatus>(15)}, [](auto&) {});
  expect_message_refused(msg::SessionError{static_cast<WireStatus>(99), "x"}, [](auto&) {});
}

TEST(ATextFromThePeer, IsCutAndMadePrintable) {
  msg::SessionError error{WireStatus::kInternal, std::string("esc\x1b[31m\xff\n", 10)};
  auto parsed = parse_message(serialize(Message{0, error}));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(std::get<msg::SessionError>(parsed->body).text, "esc.[31m..");
  error.text = std::string(5000, 'y');
  parsed = parse_message(serialize(Message{0, error}));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(std::get<msg::SessionError>(parsed->body).text.size(), size_t{SVPU_TEXT_BYTES});
}

// Whatever the bytes, parsing answers; what it accepts comes out the same after another round.
TEST(RandomEntries, AreRefusedOrMeanTheSameAfterAnotherRound) {
  std::mt19937_64 random(1);
  int accepted = 0;
  for (int round = 0; round < 200'000; ++round) {
    Entry entry;
    for (size_t at = 0; at < SVPU_SLOT_SIZE; at += 8) {
      const uint64_t word = random() % 4 == 0 ? random() : random() % 8;
      std::memcpy(entry.bytes + at, &word, 8);
    }
    static constexpr uint16_t kSizes[] = {16, 24, 32, 48, 56, 64, 96, 104, 160, 216, 224, 256};
    svpu_entry header = entry.header();
    header.type = static_cast<uint16_t>(random() % 20);
    header.size = kSizes[random() % std::size(kSizes)];
    entry.set_header(header);
    if (const auto command = parse_command(entry)) {
      ++accepted;
      const auto again = parse_command(serialize(*command));
      ASSERT_TRUE(again) << name_of(command->body);
      ASSERT_EQ(*again, *command) << name_of(command->body);
    }
    if (const auto message = parse_message(entry)) {
      ++accepted;
      const auto again = parse_message(serialize(*message));
      ASSERT_TRUE(again) << name_of(message->body);
      ASSERT_EQ(*again, *message) << name_of(message->body);
    }
  }
  EXPECT_GT(accepted, 1000);
}

TEST(WireStatuses, MapToErrnoInOnePlace) {
  EXPECT_EQ(errno_of(WireStatus::kOk), 0);
  EXPECT_EQ(errno_of(WireStatus::kDataError), 0);
  EXPECT_EQ(errno_of(WireStatus::kUnsupported), EINVAL);
  EXPECT_EQ(errno_of(WireStatus::kNoMemory), ENOMEM);
  EXPECT_EQ(errno_of(WireStatus::kInternal), EIO);
}

}  // namespace
}  // namespace softvpu::hfi
