// SPDX-License-Identifier: GPL-2.0-or-later
// Clients that queue an access unit and wait for its picture, and streams that say where they end: what is decoded comes out
// without more input, where the stream doesn't reorder (dev-decoder.rst, Decoding; End of Stream).

#include "firmware/libav/headers.h"
#include "firmware/libav/start_codes.h"
#include "firmware/libav/testing/decoder_under_test.h"

namespace softvpu::firmware::testing {
namespace {

using libav::Bytes;
using libav::UnitWalker;

// Nothing is reordered.
Packets prompt_clip(const CodecUnderTest& codec, int frames = 16, int phase = 0) {
  ClipOptions options{.encoder = codec.encoder, .frames = frames, .gop = 12, .b_frames = 0, .more = {}, .phase = phase};
  if (codec.id == AV_CODEC_ID_MPEG2VIDEO) options.more = {{"flags", "+low_delay"}};
  if (codec.id == AV_CODEC_ID_HEVC) {
    options.more = {{"x265-params", "log-level=none:pools=1:frame-threads=1:repeat-headers=1:keyint=12:bframes=0"}};
  }
  return make_clip(options);
}

std::vector<Case> every_codec_and_thread_count() {
  std::vector<Case> cases;
  for (const CodecUnderTest& codec : kCodecs) {
    for (const uint32_t threads : {1u, 2u, 4u}) cases.push_back({codec, threads});
  }
  return cases;
}

class ADecoderWhoseClientWaits : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    codec_ = GetParam().codec;
    clip_ = prompt_clip(codec_);
    if (clip_.empty()) GTEST_SKIP() << "this libavcodec has no " << codec_.encoder;
  }
  Client::Options options(uint32_t outputs = 8) const {
    return {.coded = codec_.coded, .threads = GetParam().threads, .outputs = outputs};
  }
  void feed_and_wait(Client& client, const Packets& packets, size_t begin, size_t end) {
    const size_t before = client.pictures.size();
    for (size_t i = begin; i < end; ++i) {
      client.feed(packets[i], i);
      client.run();
      ASSERT_EQ(client.pictures.size(), before + i - begin + 1) << "no picture of access unit " << i;
      EXPECT_EQ(client.pictures.back().tag(), i);
    }
  }

  CodecUnderTest codec_{};
  Packets clip_;
};

TEST_P(ADecoderWhoseClientWaits, DeliversEachPictureBeforeTheNextAccessUnitComes) {
  for (const uint32_t outputs : {2u, 12u}) {
    Client client(options(outputs));
    feed_and_wait(client, clip_, 0, clip_.size());
    client.drain();
    expect_sound(client);
    EXPECT_EQ(client.damaged_drains + client.damaged_inputs, 0u);
    EXPECT_EQ(sums_of(client), plain_sums(codec_.id, clip_));
  }
}

// The queue was deep, and frame threads are full.
TEST_P(ADecoderWhoseClientWaits, CatchesUpWhenItsInputEnds) {
  Client client(options(12));
  for (size_t i = 0; i < 7; ++i) client.feed(clip_[i], i);
  client.run();
  EXPECT_EQ(client.pictures.size(), 7u);
  feed_and_wait(client, clip_, 7, 10);
  for (size_t i = 10; i < 14; ++i) client.feed(clip_[i], i);
  client.run();
  feed_and_wait(client, clip_, 14, clip_.size());
  client.drain();
  expect_sound(client);
  EXPECT_EQ(sums_of(client), plain_sums(codec_.id, clip_));
}

TEST_P(ADecoderWhoseClientWaits, DoesTheSameAfterASeekAndADrain) {
  Client client(options());
  feed_and_wait(client, clip_, 0, 5);
  client.seek();
  client.run();
  feed_and_wait(client, clip_, 0, 5);
  client.drain();
  client.resume_after_drain();
  feed_and_wait(client, clip_, 5, 9);
  expect_sound(client);
}

INSTANTIATE_TEST_SUITE_P(Of, ADecoderWhoseClientWaits, ::testing::ValuesIn(every_codec_and_thread_count()), name_of);

// ---- clients that cut access units ----

std::vector<Case> nal_streams() {
  std::vector<Case> cases;
  for (const CodecUnderTest& codec : kCodecs) {
    if (!codec.byte_stream) continue;
    for (const uint32_t threads : {1u, 3u}) cases.push_back({codec, threads});
  }
  return cases;
}

class ADecoderOfUnitsInPieces : public ADecoderWhoseClientWaits {
 protected:
  // Several slices per picture.
  Packets sliced_clip() const {
    ClipOptions options{.encoder = codec_.encoder, .frames = 16, .b_frames = 0, .more = {{"slices", "4"}}};
    if (codec_.id == AV_CODEC_ID_HEVC) {
      options.more = {{"x265-params", "log-level=none:pools=1:frame-threads=1:repeat-headers=1:keyint=12:bframes=0:slices=2"}};
    }
    return make_clip(options);
  }
  // Each NAL unit, or each slice of MPEG-2, in an input of its own.
  static Packets units_of(const Packets& packets) {
    Packets units;
    for (const auto& packet : packets) {
      UnitWalker walker{Bytes(packet)};
      size_t begin = 0;
      for (auto unit = walker.next(); unit; unit = walker.next()) {
        if (unit->start > begin)
          units.emplace_back(packet.begin() + static_cast<ptrdiff_t>(begin),
                             packet.begin() + static_cast<ptrdiff_t>(unit->start));
        begin = std::max(begin, unit->start);
      }
      units.emplace_back(packet.begin() + static_cast<ptrdiff_t>(begin), packet.end());
    }
    return units;
  }
};

TEST_P(ADecoderOfUnitsInPieces, DeliversNoPictureWithAPartMissing) {
  const Packets clip = sliced_clip();
  const auto expected = plain_sums(codec_.id, clip);
  Client by_unit(options());
  feed_all(by_unit, units_of(clip));
  by_unit.drain();
  expect_sound(by_unit);
  EXPECT_EQ(by_unit.damaged_inputs + by_unit.damaged_drains, 0u);
  EXPECT_EQ(sums_of(by_unit), expected);

  // The cut is anywhere in the first pictures.
  const std::vector<uint8_t> all = joined(clip);
  for (size_t cut = clip[0].size() / 2; cut < clip[0].size() + 3; cut += cut + 12 < clip[0].size() ? 97 : 1) {
    Client client(options());
    client.feed(std::span(all).first(cut), 1);
    client.run();
    client.feed(std::span(all).subspan(cut), 2);
    client.run();
    client.drain();
    expect_sound(client);
    ASSERT_EQ(sums_of(client), expected) << "cut at " << cut << " of " << clip[0].size();
  }
}

TEST_P(ADecoderOfUnitsInPieces, DeliversThePictureWhoseHeadersCameBefore) {
  const Packets units = units_of(clip_);
  size_t headers = 0;
  while (libav::without_picture(*libav::find_row(codec_.coded), units[headers])) ++headers;
  std::vector<uint8_t> config;
  for (size_t i = 0; i < headers; ++i) config.insert(config.end(), units[i].begin(), units[i].end());
  ASSERT_FALSE(config.empty());
  Client client(options());
  client.feed(config, 100);
  client.run();
  client.feed(std::span(clip_[0]).subspan(config.size()), 0);
  client.run();
  EXPECT_EQ(client.pictures.size(), 1u);
  feed_and_wait(client, clip_, 1, clip_.size());
  expect_sound(client);
}

// ---- end marks ----

TEST_P(ADecoderOfUnitsInPieces, DeliversEverythingAtAnEndMarkAndGoesOn) {
  const Packets mpeg2 = {{0, 0, 1, 0xb7}};
  const Packets h264 = {{0, 0, 1, 10}, {0, 0, 0, 1, 11}, {0, 0, 1, 10, 0, 0, 1, 11}, {0, 0, 0, 1, 10, 0, 0}};
  const Packets hevc = {{0, 0, 1, 36 << 1, 1}, {0, 0, 0, 1, 37 << 1, 1}, {0, 0, 1, 36 << 1, 1, 0, 0, 1, 37 << 1, 1}};
  // With pictures that wait for others.
  const Packets clip = make_clip({.encoder = codec_.encoder, .frames = 9, .b_frames = 2});
  const auto expected = plain_sums(codec_.id, clip);
  for (const auto& mark : codec_.id == AV_CODEC_ID_H264 ? h264 : codec_.id == AV_CODEC_ID_HEVC ? hevc : mpeg2) {
    for (const bool apart : {false, true}) {
      Client client(options(12));
      for (int part = 1; part <= 2; ++part) {
        Packets marked = clip;
        if (apart) {
          marked.push_back(mark);
        } else {
          marked.back().insert(marked.back().end(), mark.begin(), mark.end());
        }
        feed_all(client, marked);
        EXPECT_EQ(client.pictures.size(), static_cast<size_t>(part) * clip.size()) << "part " << part;
      }
      EXPECT_EQ(client.drains, 0u) << "an end mark is no pause";
      client.drain();
      expect_sound(client);
      EXPECT_EQ(client.damaged_inputs + client.damaged_drains, 0u);
      EXPECT_EQ(sums_of(client), expected + expected);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Of, ADecoderOfUnitsInPieces, ::testing::ValuesIn(nal_streams()), name_of);

TEST(AnHevcDecoder, ShowsNoLeadingPicturesBehindAnEndMark) {
  const char* params =
      "log-level=none:pools=1:frame-threads=1:repeat-headers=1:keyint=8:min-keyint=8:scenecut=0:bframes=3:open-gop=1";
  const Packets clip = make_clip({.encoder = "libx265", .frames = 24, .more = {{"x265-params", params}}});
  if (clip.empty()) GTEST_SKIP() << "this libavcodec has no libx265";
  size_t cra = 1;
  while (cra < clip.size() && libav::find_row(kHevc)->entry_point(clip[cra]) == libav::EntryPoint::kNone) ++cra;
  ASSERT_LT(cra, clip.size());
  const Packets before(clip.begin(), clip.begin() + static_cast<ptrdiff_t>(cra));
  const Packets behind(clip.begin() + static_cast<ptrdiff_t>(cra), clip.end());
  const auto expected = plain_sums(AV_CODEC_ID_HEVC, before) + plain_sums(AV_CODEC_ID_HEVC, behind);
  ASSERT_LT(expected.size(), clip.size()) << "no RASL pictures";
  const Packets marks = {{0, 0, 1, 36 << 1, 1}, {0, 0, 1, 36 << 1, 1, 0, 0, 1, 37 << 1, 1}, {0, 0, 1, 36 << 1, 1, 0}};
  for (const uint32_t threads : {1u, 3u}) {
    for (const auto& mark : marks) {
      Packets appended = before;
      appended.back().insert(appended.back().end(), mark.begin(), mark.end());
      for (const Packets& marked : {appended, before + Packets{mark}}) {
        Client client({.coded = kHevc, .threads = threads, .outputs = 12});
        feed_all(client, marked + behind);
        client.drain();
        expect_sound(client);
        EXPECT_EQ(sums_of(client), expected);
      }
    }
  }
}

// ---- a stream longer than what is kept of it ----

TEST(ADecoderThatKeptNothing, LosesNoMoreThanThePictureThatWasCut) {
  const Packets clip = make_clip({.width = 64, .height = 64, .frames = 4130, .gop = 100000, .b_frames = 0});
  if (clip.empty()) GTEST_SKIP() << "this libavcodec has no libx264";
  constexpr size_t kCut = 4110;
  static_assert(kCut > libav::History::kMaxUnits);
  for (const uint32_t threads : {1u, 3u}) {
    Client client({.coded = kH264, .threads = threads, .outputs = 8, .sums = false});
    for (size_t i = 0; i < clip.size(); ++i) {
      const size_t first = i == kCut ? clip[i].size() / 2 : clip[i].size();
      client.feed(std::span(clip[i]).first(first), i);
      client.run();
      if (i < kCut) {
        ASSERT_EQ(client.pictures.size(), i + 1);
      }
      if (i == kCut) client.feed(std::span(clip[i]).subspan(first), i);
      client.run();
    }
    client.drain();
    expect_sound(client);
    EXPECT_EQ(client.pictures.size(), clip.size());
    size_t damaged = client.damaged_inputs;
    for (const Picture& picture : client.pictures) damaged += picture.done.status == DoneStatus::kError ? 1 : 0;
    EXPECT_GE(damaged, 1u) << "a part is missing and nothing says so";
    EXPECT_LE(damaged, 2u);
  }
}

// ---- what a change of sequence announces ----

TEST(AStreamWhoseSequenceChanges, AnnouncesTheBuffersThatItNeeds) {
  const Packets few = make_clip({.frames = 6, .b_frames = 0, .more = {{"x264-params", "scenecut=0:ref=1"}}});
  const Packets many = make_clip({.frames = 6, .b_frames = 0, .more = {{"x264-params", "scenecut=0:ref=12"}}});
  if (few.empty()) GTEST_SKIP() << "this libavcodec has no libx264";
  Client client({.coded = kH264, .threads = 1, .outputs = 0});
  feed_all(client, few + many + few);
  client.drain();
  expect_sound(client);
  ASSERT_GE(client.formats.size(), 2u);
  EXPECT_GT(client.formats[1].min_output_buffers, client.formats[0].min_output_buffers);
  EXPECT_EQ(client.formats[1].visible, client.formats[0].visible);
  Client alone({.coded = kH264, .threads = 1, .outputs = 0});
  feed_all(alone, many);
  EXPECT_EQ(client.formats[1].min_output_buffers, alone.formats.at(0).min_output_buffers);
  EXPECT_EQ(sums_of(client),
            plain_sums(AV_CODEC_ID_H264, few) + plain_sums(AV_CODEC_ID_H264, many) + plain_sums(AV_CODEC_ID_H264, few));
}

class AColouredSequence : public ::testing::TestWithParam<CodecUnderTest> {};

TEST_P(AColouredSequence, SaysNothingOfTheNextOne) {
  const CodecUnderTest codec = GetParam();
  const Packets coloured = make_clip(
      {.encoder = codec.encoder,
       .frames = 4,
       .b_frames = 0,
       .more = {{"color_primaries", "bt470bg"}, {"color_trc", "smpte170m"}, {"colorspace", "bt470bg"}, {"color_range", "pc"}}});
  const Packets plain = make_clip({.encoder = codec.encoder, .width = 320, .height = 240, .frames = 4, .b_frames = 0});
  if (coloured.empty()) GTEST_SKIP() << "this libavcodec has no " << codec.encoder;
  for (const uint32_t threads : {1u, 3u}) {
    Client client({.coded = codec.coded, .threads = threads, .outputs = 12});
    feed_all(client, coloured + plain + coloured);
    client.drain();
    expect_sound(client);
    ASSERT_EQ(client.formats.size(), 3u);
    // MPEG-2 can't say full range.
    const bool says_range = codec.coded != kMpeg2;
    const Colour expected = colour_from_cicp(AVCOL_PRI_BT470BG, AVCOL_TRC_SMPTE170M, AVCOL_SPC_BT470BG, says_range);
    EXPECT_EQ(client.formats[0].colour, expected);
    EXPECT_EQ(client.formats[1].colour, Colour{});
    EXPECT_EQ(client.formats[2].colour, expected);
    EXPECT_EQ(sums_of(client), plain_sums(codec.id, coloured) + plain_sums(codec.id, plain) + plain_sums(codec.id, coloured));
  }
}

INSTANTIATE_TEST_SUITE_P(Of, AColouredSequence, ::testing::Values(kCodecs[0], kCodecs[1], kCodecs[4]),
                         [](const auto& test) { return std::string(test.param.name); });

class AnInterlacedStream : public ::testing::TestWithParam<CodecUnderTest> {};

TEST_P(AnInterlacedStream, SaysSoForTheWholeSequence) {
  const CodecUnderTest codec = GetParam();
  const Packets fields = make_clip({.encoder = codec.encoder, .frames = 6, .b_frames = 0, .more = {{"flags", "+ildct+ilme"}}});
  const Packets frames = make_clip({.encoder = codec.encoder, .frames = 6, .b_frames = 0});
  if (fields.empty()) GTEST_SKIP() << "this libavcodec has no " << codec.encoder;
  Client client({.coded = codec.coded, .threads = 1, .outputs = 12});
  feed_all(client, fields + frames + fields);
  client.drain();
  expect_sound(client);
  ASSERT_EQ(client.formats.size(), 3u) << "a change of the field order alone is a change of format";
  EXPECT_TRUE(client.formats[0].interlaced);
  EXPECT_FALSE(client.formats[1].interlaced);
  EXPECT_TRUE(client.formats[2].interlaced);
  ASSERT_EQ(client.pictures.size(), fields.size() * 2 + frames.size());
  for (size_t i = fields.size(); i < fields.size() + frames.size(); ++i) {
    EXPECT_EQ(client.pictures[i].done.field, FrameField::kProgressive);
  }
}

INSTANTIATE_TEST_SUITE_P(Of, AnInterlacedStream, ::testing::Values(kCodecs[0], kCodecs[4]),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace softvpu::firmware::testing
