// SPDX-License-Identifier: LGPL-2.1-or-later
// What one side describes the other one has: every member survives the wire, with a value of its own.
#include "hfi/values.h"

#include <gtest/gtest.h>

namespace softvpu::hfi {
namespace {

// As it arrives.
template <typename Body>
Body sent(const Body& body, uint64_t cookie = 0) {
  const auto parsed = parse_message(serialize(Message{cookie, body}));
  EXPECT_TRUE(parsed) << name_of(msg::Body(body)) << ": " << (parsed ? "" : parsed.error().reason);
  return parsed ? std::get<Body>(parsed->body) : Body{};
}

CodecInfo an_encoder() {
  CodecInfo codec;
  codec.role = Role::kEncoder;
  codec.coded = kH264;
  codec.flags = kDynamicResolution | kWholeBlocks;
  codec.sizes = {{16, 32}, {1920, 1088}, {2, 4}};
  codec.min_output_buffers = 5;
  codec.min_interval = {1, 240};
  codec.max_interval = {1001, 30};
  codec.raw = {kNv12, kYuv420};
  codec.controls = {menu_control(0x990a6b, 0x1f, 4),
                    {.id = 0x9909cf, .minimum = -1, .maximum = 100, .default_value = 20, .step = 3, .name = "Video Bitrate"},
                    {.id = 0x9909d0, .type = ControlType::kBoolean, .read_only = true, .maximum = 1, .default_value = 1}};
  return codec;
}

TEST(ACodec, ArrivesAsItWasDescribed) {
  const CodecInfo codec = an_encoder();
  const auto messages = messages_of(codec);
  ASSERT_EQ(messages.size(), 1 + codec.raw.size() + codec.controls.size());
  CodecInfo arrived = value_of(sent(std::get<msg::Codec>(messages[0])));
  for (const msg::Body& body : messages) {
    if (const auto* raw = std::get_if<msg::RawFormat>(&body)) arrived.raw.push_back(static_cast<FourCC>(sent(*raw).fourcc));
    if (const auto* control = std::get_if<msg::Control>(&body)) arrived.controls.push_back(value_of(sent(*control)));
  }
  EXPECT_EQ(arrived, codec);
}

TEST(ACodec, HasNoFlagsThatNobodyKnows) {
  msg::Codec message = std::get<msg::Codec>(messages_of(an_encoder())[0]);
  message.flags = UINT32_MAX;
  EXPECT_EQ(value_of(message).flags, kKnownCodecFlags);
}

TEST(AStreamFormat, ArrivesAsItWasDescribed) {
  StreamFormat format;
  format.coded = {1920, 1088};
  format.visible = {1, 2, 1900, 1070};
  format.bit_depth = 10;
  format.chroma = 2;
  format.interlaced = true;
  format.colour = {3, 4, 5, 6};
  format.min_output_buffers = 7;
  format.pixel_aspect_num = 8;
  format.pixel_aspect_den = 9;
  format.native = kNv12;
  for (const bool initial : {false, true}) {
    const msg::FormatChanged message = sent(message_of(format, initial));
    EXPECT_EQ(message.initial, initial);
    EXPECT_EQ(value_of(message), format);
  }
}

TEST(ALayout, ArrivesAsItWasDescribed) {
  for (const FourCC fourcc : {kNv12, kYuv420}) {
    const auto layout = layout_for(fourcc, {100, 60});
    ASSERT_TRUE(layout);
    const auto parsed = parse_command(serialize(Command{0, command_of(*layout)}));
    ASSERT_TRUE(parsed) << parsed.error().reason;
    EXPECT_EQ(value_of(std::get<cmd::SetLayout>(parsed->body)), *layout);
  }
}

TEST(ADoneOutput, ArrivesAsItWas) {
  const OutputDone done{.cookie = Cookie{9},
                        .status = DoneStatus::kError,
                        .tag = Tag{77},
                        .has_tag = true,
                        .type = FrameType::kB,
                        .field = FrameField::kInterlacedBottomFirst,
                        .bytes_used = {1, 2, 3, 4},
                        .in_place = true};
  const OutputDone arrived = value_of(Cookie{9}, sent(message_of(done), 9));
  EXPECT_EQ(arrived, done);
}

// Whatever else its message has: nothing of it may count.
TEST(ACancelledOutput, HasNothingButItsCookie) {
  const msg::OutputDone message{.status = WireStatus::kCancelled, .has_tag = true, .tag = 5, .bytes_used = {1}, .in_place = true};
  EXPECT_EQ(value_of(Cookie{9}, message), (OutputDone{.cookie = Cookie{9}, .status = DoneStatus::kCancelled}));
}

TEST(ADoneStatus, SurvivesTheWire) {
  for (const DoneStatus status : {DoneStatus::kOk, DoneStatus::kError, DoneStatus::kCancelled, DoneStatus::kTooSmall})
    EXPECT_EQ(status_of(status_of(status)), status);
  for (const WireStatus status :
       {WireStatus::kInvalid, WireStatus::kUnsupported, WireStatus::kNoMemory, WireStatus::kInternal, WireStatus::kState})
    EXPECT_TRUE(is_error(status_of(status)));
  EXPECT_TRUE(is_error(DoneStatus::kTooSmall));
  EXPECT_FALSE(is_error(DoneStatus::kCancelled));
}

}  // namespace
}  // namespace softvpu::hfi
