// SPDX-License-Identifier: GPL-2.0-or-later
// A decoding session: which events a client gets, and when. Streams come from our own encoder.
#include "firmware/fwht/stream_decoder.h"

#include <gtest/gtest.h>
#include <linux/v4l2-controls.h>
#include <linux/videodev2.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "firmware/encode/encode_session.h"
#include "firmware/fwht/encoder.h"
#include "firmware/fwht/library.h"
#include "firmware/fwht/packing.h"
#include "firmware/fwht/picture_encoder.h"

namespace softvpu::firmware::fwht {
namespace {

using Bytes = std::vector<uint8_t>;

// What happened, in words, in order.
class Log final : public CodecEvents {
 public:
  void input_done(Cookie cookie, DoneStatus status) override { add("in" + number(cookie) + word(status)); }
  void output_done(const OutputDone& done) override {
    add("out" + number(done.cookie) + word(done.status) +
        (done.has_tag ? " t" + std::to_string(static_cast<uint64_t>(done.tag)) : "") +
        (done.type == FrameType::kKey ? " key" : ""));
    last = done;
  }
  void format_changed(const StreamFormat& changed, bool initial) override {
    format = changed;
    add((initial ? "format " : "new format ") + std::to_string(changed.visible.width) + "x" +
        std::to_string(changed.visible.height) + " " + to_string(changed.native));
  }
  void drained(DoneStatus status) override { add("drained" + word(status)); }
  void failed(const Error& error) override { add("failed: " + error.reason); }

  std::string take() { return std::exchange(text_, {}); }
  StreamFormat format;
  OutputDone last;

 private:
  static std::string number(Cookie cookie) { return std::to_string(static_cast<uint64_t>(cookie)); }
  static std::string word(DoneStatus status) {
    constexpr const char* kWords[] = {"", " error", " cancelled", " small"};
    return kWords[static_cast<int>(status)];
  }
  void add(const std::string& event) { text_ += (text_.empty() ? "" : ", ") + event; }
  std::string text_;
};

std::shared_ptr<MappedBuffer> memory_of(size_t bytes) {
  auto storage = std::make_shared<Bytes>(bytes);
  auto memory = std::make_shared<MappedBuffer>();
  memory->plane[0] = {reinterpret_cast<std::byte*>(storage->data()), bytes, bytes};
  memory->num_planes = 1;
  memory->owner = storage;
  return memory;
}

class ADecoder : public testing::Test {
 protected:
  // A stream of one picture size; every third frame is a key frame.
  static Bytes stream(FourCC raw, Size size, uint32_t frames, uint8_t first_level = 40) {
    const RawFormat& format = *find_raw_format(raw);
    auto encoder = Encoder::create(format.shape_of(size));
    Bytes out;
    for (uint32_t i = 0; i < frames; ++i) {
      auto picture = Picture::create(format.shape_of(size));
      for (uint32_t c = 0; c < format.components; ++c) {
        const Plane& plane = picture->plane(c);
        for (uint32_t n = 0; n < plane.width * plane.height; ++n)
          plane.data[n] = static_cast<uint8_t>(first_level + 4 * i + n / plane.width % 8 * 8 + n % 8);
      }
      const auto coded = encoder->encode(*picture, {.gop_size = 3, .intra_qp = 1, .inter_qp = 1}).bytes;
      out.insert(out.end(), coded.begin(), coded.end());
    }
    return out;
  }
  static size_t frame_bytes(const Bytes& stream, size_t at) {
    return kHeaderBytes + parse_header(std::span(stream).subspan(at).first<kHeaderBytes>())->payload_bytes;
  }

  void feed(const Bytes& bytes, uint64_t tag) {
    auto owner = std::make_shared<Bytes>(bytes);
    InputBuffer input{.cookie = Cookie{++cookie_}, .tag = Tag{tag}, .owner = owner};
    input.plane[0] = std::as_bytes(std::span(*owner));
    decoder_.queue_input(input);
  }
  void give_output(FourCC raw, Size size) {
    const FrameLayout layout = *layout_for(raw, size);
    decoder_.set_layout(layout);
    give_output(layout);
  }
  void give_output(const FrameLayout& layout) {
    memory_ = memory_of(layout.plane_size[0]);
    decoder_.queue_output({.cookie = Cookie{++cookie_}, .memory = memory_});
  }
  std::string run() {
    while (decoder_.step()) {
    }
    return log_.take();
  }

  Log log_;
  StreamDecoder decoder_{log_};
  std::shared_ptr<MappedBuffer> memory_;
  uint64_t cookie_ = 0;
};

TEST_F(ADecoder, AnnouncesTheFormatAndWaitsThenDeliversFrameByFrame) {
  feed(stream(kYuv420, {34, 18}, 2), 7);
  EXPECT_EQ(run(), "format 34x18 YU12");
  EXPECT_EQ(log_.format.coded, (Size{48, 32}));
  EXPECT_EQ(log_.format.chroma, 1);
  give_output(kNv12, log_.format.coded);
  EXPECT_EQ(run(), "") << "until resume()";
  decoder_.resume();
  EXPECT_EQ(run(), "out2 t7 key, in1") << "the second frame is held, and waits for an output";
  EXPECT_EQ(log_.last.bytes_used[0], 48u * 32 * 3 / 2);
  give_output(kNv12, log_.format.coded);
  EXPECT_EQ(run(), "out3 t7");
}

TEST_F(ADecoder, GivesEachFrameTheTagOfTheInputItBeganIn) {
  const Bytes all = stream(kGrey, {64, 48}, 2);
  const size_t first = frame_bytes(all, 0);
  feed({all.begin(), all.begin() + 10}, 1);
  feed({all.begin() + 10, all.begin() + static_cast<ptrdiff_t>(first) + 1}, 2);
  feed({all.begin() + static_cast<ptrdiff_t>(first) + 1, all.end()}, 3);
  EXPECT_EQ(run(), "in1, format 64x48 GREY");
  for (int i = 0; i < 2; ++i) give_output(kGrey, {64, 48});
  decoder_.resume();
  EXPECT_EQ(run(), "out4 t1 key, in2, in3, out5 t2");
}

TEST_F(ADecoder, AnnouncesAnotherSizeOrOtherSamplesAnew) {
  Bytes all = stream(kYuv420, {16, 16}, 1);
  for (const auto& [raw, size] : {std::pair{kYuv420, Size{32, 16}}, {kNv16, Size{32, 16}}, {kRgb24, Size{32, 16}}}) {
    const Bytes next = stream(raw, size, 1);
    all.insert(all.end(), next.begin(), next.end());
  }
  feed(all, 1);
  EXPECT_EQ(run(), "format 16x16 YU12");
  give_output(kYuv420, {16, 16});
  decoder_.resume();
  EXPECT_EQ(run(), "out2 t1 key, new format 32x16 YU12");
  give_output(kYuv420, {32, 16});
  decoder_.resume();
  EXPECT_EQ(run(), "out3 t1 key, new format 32x16 422P");
  give_output(kYuyv, {32, 16});
  decoder_.resume();
  EXPECT_EQ(run(), "out4 t1 key, in1, new format 32x16 BGR3");
}

TEST_F(ADecoder, DrainsAfterTheLastFrameAndGoesOn) {
  const Bytes all = stream(kGrey, {64, 48}, 4);
  const size_t two = frame_bytes(all, 0) + frame_bytes(all, frame_bytes(all, 0));
  feed({all.begin(), all.begin() + static_cast<ptrdiff_t>(two)}, 1);
  decoder_.drain();
  feed({all.begin() + static_cast<ptrdiff_t>(two), all.end()}, 2);
  run();
  for (int i = 0; i < 4; ++i) give_output(kGrey, {64, 48});
  decoder_.resume();
  EXPECT_EQ(run(), "out3 t1 key, in1, out4 t1, drained");
  decoder_.resume();
  EXPECT_EQ(run(), "out5 t2, in2, out6 t2 key");
}

TEST_F(ADecoder, ReportsAFrameThatTheDrainCutsOff) {
  const Bytes all = stream(kGrey, {64, 48}, 1);
  feed({all.begin(), all.end() - 2}, 1);
  decoder_.drain();
  EXPECT_EQ(run(), "in1, drained error");
  decoder_.drain();
  decoder_.resume();
  EXPECT_EQ(run(), "drained") << "said once";
}

TEST_F(ADecoder, BlamesTheInputForBytesInNoFrame) {
  Bytes all(20, 0x55);
  feed(all, 1);
  const Bytes good = stream(kGrey, {64, 48}, 1);
  feed(good, 2);
  EXPECT_EQ(run(), "in1 error, in2, format 64x48 GREY");
}

TEST_F(ADecoder, DeliversTheLastGoodPictureForADamagedFrame) {
  Bytes all = stream(kGrey, {160, 96}, 2);
  const size_t second = frame_bytes(all, 0) + kHeaderBytes;
  all[second] |= 0x40;  // an impossible word
  feed(all, 1);
  run();
  give_output(kGrey, {160, 96});
  decoder_.resume();
  EXPECT_EQ(run(), "out2 t1 key, in1");
  const auto first = memory_;
  give_output(kGrey, {160, 96});
  EXPECT_EQ(run(), "out3 error t1");
  EXPECT_EQ(std::memcmp(first->plane[0].data, memory_->plane[0].data, size_t{160} * 96), 0);
  EXPECT_NE(static_cast<int>(memory_->plane[0].data[0]), 0);
}

TEST_F(ADecoder, BeginsWithAKeyFrameAfterASeek) {
  const Bytes all = stream(kGrey, {64, 48}, 6);
  const size_t first = frame_bytes(all, 0);
  feed({all.begin(), all.begin() + static_cast<ptrdiff_t>(first)}, 1);
  run();
  give_output(kGrey, {64, 48});
  decoder_.resume();
  run();
  feed({all.begin(), all.begin() + 3}, 2);
  decoder_.flush(Side::kInput);
  EXPECT_EQ(log_.take(), "in3 cancelled");
  feed({all.begin() + static_cast<ptrdiff_t>(first), all.end()}, 3);
  for (int i = 0; i < 4; ++i) give_output(kGrey, {64, 48});
  EXPECT_EQ(run(), "out5 t3 key, out6 t3, in4, out7 t3") << "frames 1 and 2 need frame 0";
}

TEST_F(ADecoder, GivesOutputsBackWhenAsked) {
  give_output(kGrey, {64, 48});
  give_output(kGrey, {64, 48});
  give_output(kGrey, {64, 48});
  decoder_.return_output();
  EXPECT_EQ(log_.take(), "out1 cancelled");
  decoder_.flush(Side::kOutput);
  EXPECT_EQ(log_.take(), "out2 cancelled, out3 cancelled");
  decoder_.return_output();
  EXPECT_EQ(log_.take(), "");
}

TEST_F(ADecoder, RefusesOutputsThatDontHoldThePicture) {
  feed(stream(kYuv420, {64, 32}, 3), 1);
  run();
  give_output(kYuv420, {32, 32});
  give_output(kRgb24, {64, 32});
  FrameLayout longer = *layout_for(kYuv420, {64, 32});
  longer.offset[2] += 1;
  decoder_.set_layout(longer);
  give_output(longer);
  decoder_.resume();
  EXPECT_EQ(run(), "out2 small t1 key, out3 small t1, in1, out4 small t1");
}

// The format that clients are sent, in V4L2's terms.
TEST(AnAnnouncedFormat, HasNoColourThatV4l2DoesntKnow) {
  FrameHeader header{
      .shape = {.size = {16, 16}},
      .colour = {V4L2_COLORSPACE_DCI_P3, V4L2_XFER_FUNC_SMPTE2084, V4L2_YCBCR_ENC_SMPTE240M, V4L2_QUANTIZATION_LIM_RANGE}};
  EXPECT_EQ(describe(header).colour, header.colour);
  header.colour = {V4L2_COLORSPACE_DCI_P3 + 1, V4L2_XFER_FUNC_SMPTE2084 + 1, V4L2_YCBCR_ENC_SMPTE240M + 1,
                   V4L2_QUANTIZATION_LIM_RANGE + 1};
  EXPECT_EQ(describe(header).colour, Colour{});
}

// ---- the encoder's session ----

TEST(AnEncodersEntry, HasTheControlsOfVicodec) {
  const CodecInfo info = PictureEncoder::info();
  ASSERT_EQ(info.controls.size(), 4u);
  EXPECT_EQ(info.controls[0].id, static_cast<uint32_t>(V4L2_CID_MPEG_VIDEO_GOP_SIZE));
  EXPECT_EQ(info.controls[0].default_value, 10);
  EXPECT_EQ(info.controls[1].id, static_cast<uint32_t>(V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME));
  EXPECT_EQ(info.controls[2].id, static_cast<uint32_t>(V4L2_CID_FWHT_I_FRAME_QP));
  EXPECT_EQ(info.controls[3].id, static_cast<uint32_t>(V4L2_CID_FWHT_P_FRAME_QP));
  EXPECT_EQ(info.controls[3].default_value, 20);
}

TEST(AnEncodingSession, MakesAFrameOfEachPictureAndTakesControls) {
  Log log;
  EncodeSession session(std::make_unique<PictureEncoder>(), log);
  const FrameLayout layout = *layout_for(kNv12, {64, 48});
  session.set_layout(layout);
  auto picture = std::make_shared<Bytes>(layout.plane_size[0], uint8_t{90});
  for (size_t n = 0; n < picture->size(); ++n) (*picture)[n] = static_cast<uint8_t>(n % 64 * 3);
  std::string kinds;
  for (uint64_t i = 1; i <= 8; ++i) {
    if (i == 4) session.set_control({V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, 0});
    if (i == 5) session.set_control({V4L2_CID_MPEG_VIDEO_GOP_SIZE, 1});
    InputBuffer input{.cookie = Cookie{i}, .tag = Tag{10 + i}, .owner = picture};
    input.plane[0] = std::as_bytes(std::span(*picture));
    session.queue_input(input);
    auto memory = memory_of(Encoder::max_frame_bytes(raw_formats()[0].shape_of({64, 48})));
    session.queue_output({.cookie = Cookie{100 + i}, .memory = memory});
    while (session.step()) {
    }
    kinds += log.last.type == FrameType::kKey ? 'K' : 'p';
    const auto* bytes = reinterpret_cast<const uint8_t*>(memory->plane[0].data);
    const auto header = parse_header(std::span<const uint8_t, kHeaderBytes>(bytes, kHeaderBytes));
    ASSERT_TRUE(header.has_value());
    EXPECT_EQ(kHeaderBytes + header->payload_bytes, log.last.bytes_used[0]);
    EXPECT_EQ(header->colour.colorspace, static_cast<uint32_t>(V4L2_COLORSPACE_REC709)) << "as vicodec's default";
  }
  EXPECT_EQ(kinds, "KppKpKKK") << "a group of one is over with the frame that it began in";
}

// vicodec codes whole blocks as they are in the buffer.
TEST(AnEncodingSession, CodesWhatTheBufferHasBesideThePicture) {
  const auto coded = [](Size room, uint8_t beside) {
    Log log;
    EncodeSession session(std::make_unique<PictureEncoder>(), log);
    const FrameLayout layout{.fourcc = kGrey,
                             .size = {9, 9},
                             .memory_planes = 1,
                             .components = 1,
                             .stride = {16},
                             .plane_size = {16 * 16},
                             .room = room};
    session.set_layout(layout);
    auto picture = std::make_shared<Bytes>(16 * 16, beside);
    for (size_t y = 0; y < 9; ++y) std::fill_n(picture->begin() + static_cast<ptrdiff_t>(16 * y), 9, uint8_t{90});
    InputBuffer input{.cookie = Cookie{1}, .tag = Tag{1}, .owner = picture};
    input.plane[0] = std::as_bytes(std::span(*picture));
    session.queue_input(input);
    auto memory = memory_of(4096);
    session.queue_output({.cookie = Cookie{2}, .memory = memory});
    while (session.step()) {
    }
    const auto* bytes = reinterpret_cast<const uint8_t*>(memory->plane[0].data);
    return Bytes(bytes, bytes + log.last.bytes_used[0]);
  };
  const Bytes alone = coded({}, 200);
  ASSERT_GT(alone.size(), size_t{kHeaderBytes});
  EXPECT_EQ(alone, coded({}, 10)) << "what isn't said to be there isn't read";
  const Bytes with_room = coded({16, 16}, 200);
  EXPECT_NE(with_room, alone);
  EXPECT_NE(with_room, coded({16, 16}, 10));
  EXPECT_EQ(coded({16, 16}, 90), alone) << "otherwise the last samples are repeated";
  const auto header = parse_header(std::span<const uint8_t, kHeaderBytes>(with_room.data(), kHeaderBytes));
  ASSERT_TRUE(header.has_value());
  EXPECT_EQ(header->shape.size, (Size{9, 9}));
}

}  // namespace
}  // namespace softvpu::firmware::fwht
