// SPDX-License-Identifier: GPL-2.0-or-later
// The decoder engine over seeks and drains (dev-decoder.rst, Seek; Drain).

#include <algorithm>

#include "firmware/libav/headers.h"
#include "firmware/libav/start_codes.h"
#include "firmware/libav/testing/decoder_under_test.h"

namespace softvpu::firmware::testing {
namespace {

TEST_P(ADecoder, StartsAnewAfterASeek) {
  Client client(options(6));
  const Packets half(clip_.begin(), clip_.begin() + 9);
  feed_all(client, half);
  client.hold_outputs = true;  // so that inputs pile up
  for (size_t i = 9; i < clip_.size(); ++i) client.feed(clip_[i], 100 + i);
  client.run();
  client.hold_outputs = false;
  client.seek();
  EXPECT_EQ(client.open_inputs(), 0u);
  client.pictures.clear();
  client.run();
  EXPECT_TRUE(client.pictures.empty()) << "a picture from before the seek";
  feed_all(client, clip_, 500);
  client.drain();
  expect_sound(client);
  EXPECT_EQ(sums_of(client), plain_sums(codec_.id, clip_));
  EXPECT_EQ(client.formats.size(), 1u) << "the same format was announced again";
  for (const Picture& picture : client.pictures) EXPECT_GE(picture.tag(), 500u);
}

TEST_P(ADecoder, GoesOnAfterADrainWithAllItsState) {
  const auto expected = plain_sums(codec_.id, clip_);
  for (const size_t cut : {1u, 5u, 12u, 13u, 17u, 29u}) {
    Client client(options(5));
    feed_all(client, Packets(clip_.begin(), clip_.begin() + static_cast<ptrdiff_t>(cut)));
    client.drain();
    EXPECT_EQ(client.drains, 1u);
    EXPECT_EQ(client.pictures.size(), cut) << "a drain delivers everything";
    client.resume_after_drain();
    feed_all(client, Packets(clip_.begin() + static_cast<ptrdiff_t>(cut), clip_.end()), 1000);
    client.drain();
    expect_sound(client);
    auto got = sums_of(client);
    auto wanted = expected;
    std::sort(got.begin(), got.end());  // a drain between a B picture and its reference changes the order, no more
    std::sort(wanted.begin(), wanted.end());
    EXPECT_EQ(got, wanted) << "drained after " << cut;
  }
}

TEST_P(ADecoder, ConsumesNothingBetweenDrainedAndResume) {
  Client client(options());
  feed_all(client, clip_);
  client.drain();
  client.feed(clip_[0], 77);
  client.run();
  EXPECT_EQ(client.open_inputs(), 1u);
  EXPECT_EQ(client.pictures.size(), 30u);
  client.resume_after_drain();
  client.run();
  client.drain();
  EXPECT_EQ(client.pictures.size(), 31u);
  EXPECT_EQ(client.drains, 2u);
}

TEST_P(ADecoder, AnswersDrainsWithNothingInside) {
  Client client(options());
  client.drain();
  EXPECT_EQ(client.drains, 1u);
  client.resume_after_drain();
  client.drain();
  EXPECT_EQ(client.drains, 2u);
  client.resume_after_drain();
  feed_all(client, clip_);
  client.drain();
  EXPECT_EQ(client.drains, 3u);
  EXPECT_EQ(sums_of(client), plain_sums(codec_.id, clip_));
}

TEST_P(ADecoder, ForgetsADrainAtASeek) {
  Client client(options());
  feed_all(client, clip_);
  client.hold_outputs = true;
  client.decoder().drain();
  client.seek();
  client.hold_outputs = false;
  client.run();
  EXPECT_EQ(client.drains, 0u);
  client.pictures.clear();
  feed_all(client, clip_);
  client.drain();
  EXPECT_EQ(client.drains, 1u);
  EXPECT_EQ(sums_of(client), plain_sums(codec_.id, clip_));
}

// ---- what a decoder must forget at a seek, and what not ----

// Where decoding can begin, but for the first.
std::vector<size_t> later_entries(FourCC codec, const Packets& clip) {
  std::vector<size_t> out;
  for (size_t i = 1; i < clip.size(); ++i) {
    if (libav::find_row(codec)->entry_point(clip[i]) != libav::EntryPoint::kNone) out.push_back(i);
  }
  return out;
}

Packets from(const Packets& clip, size_t first) { return {clip.begin() + static_cast<ptrdiff_t>(first), clip.end()}; }

TEST_P(ADecoder, ForgetsDamageAtASeek) {
  // Without arithmetic coding H.264's damage is seen in the middle of a macroblock: what was read of it waited for the next one.
  ClipOptions made{.encoder = codec_.encoder, .frames = 16, .gop = 8, .b_frames = codec_.id == AV_CODEC_ID_MPEG2VIDEO ? 0 : 2};
  if (codec_.id == AV_CODEC_ID_H264) made.more = {{"x264-params", "scenecut=0:cabac=0"}, {"b", "2000000"}};
  clip_ = make_clip(made);
  const std::vector<size_t> entries = later_entries(codec_.coded, clip_);
  ASSERT_FALSE(entries.empty());
  const Packets after = from(clip_, entries[0]);
  const auto expected = plain_sums(codec_.id, after);
  for (size_t victim = 0; victim < entries[0]; ++victim) {
    for (const size_t eighths : {1u, 3u, 5u, 7u}) {
      Packets before(clip_.begin(), clip_.begin() + static_cast<ptrdiff_t>(entries[0]));
      before[victim].resize(std::max<size_t>(before[victim].size() * eighths / 8, 1));
      for (const bool at_once : {true, false}) {  // the seek comes right after the damage, or somewhat later
        Client client(options(6));
        const size_t until = at_once ? std::min(victim + 2, before.size()) : before.size();
        for (size_t i = 0; i < until; ++i) client.feed(before[i], i + 1);
        client.run();
        if (client.formats.empty()) continue;  // the damage was in the header
        client.seek();
        client.run();
        client.pictures.clear();
        feed_all(client, after, 500);
        client.drain();
        ASSERT_TRUE(client.complaints.empty()) << client.complaints[0];
        ASSERT_TRUE(client.errors.empty()) << client.errors[0].reason;
        ASSERT_EQ(sums_of(client), expected) << "unit " << victim << " of " << entries[0] << " cut to " << eighths << "/8, "
                                             << (at_once ? "seek at once" : "seek later");
      }
    }
  }
}

// The access unit without parameter sets, or without its sequence header.
std::vector<uint8_t> without_sets(AVCodecID codec, const std::vector<uint8_t>& unit) {
  std::vector<uint8_t> out;
  libav::UnitWalker walker(unit);
  bool begun = codec != AV_CODEC_ID_MPEG2VIDEO;
  for (auto part = walker.next(); part; part = walker.next()) {
    const uint8_t first = part->bytes[0];
    if (codec == AV_CODEC_ID_H264 && ((first & 0x1f) == 7 || (first & 0x1f) == 8)) continue;
    if (codec == AV_CODEC_ID_HEVC && first >> 1 >= 32 && first >> 1 <= 34) continue;
    begun = begun || first == 0xb8 || first == 0;  // MPEG-2: from the group or picture on
    if (!begun) continue;
    out.insert(out.end(), {0, 0, 0, 1});
    out.insert(out.end(), part->bytes.begin(), part->bytes.end());
  }
  return out;
}

TEST_P(ADecoder, KnowsTheNewestParameterSetsAfterASeekAndADrain) {
  if (!codec_.byte_stream) GTEST_SKIP() << codec_.name << " has none";
  // The same size with other parameter sets: a decoder that knew the first ones only would read nonsense. (MPEG-2 has nothing of
  // the kind that its encoder could be asked for.)
  const std::vector<std::pair<const char*, const char*>> other =
      codec_.id == AV_CODEC_ID_H264
          ? std::vector<std::pair<const char*, const char*>>{{"x264-params", "scenecut=0:cabac=0:8x8dct=0"}}
      : codec_.id == AV_CODEC_ID_HEVC
          ? std::vector<std::pair<const char*, const char*>>{{"x265-params",
                                                              "log-level=none:pools=1:frame-threads=1:repeat-headers=1:keyint="
                                                              "12:ctu=16:sao=0:no-signhide=1"}}
          : std::vector<std::pair<const char*, const char*>>{};
  const Packets second = make_clip({.encoder = codec_.encoder, .more = other, .phase = 5});
  const std::vector<size_t> entries = later_entries(codec_.coded, second);
  ASSERT_FALSE(entries.empty());
  Packets bare = from(second, entries[0]);
  bare[0] = without_sets(codec_.id, bare[0]);
  ASSERT_LT(bare[0].size(), second[entries[0]].size());
  const auto all = plain_sums(codec_.id, second);
  const auto from_there = plain_sums(codec_.id, from(second, entries[0]));
  for (const bool seek : {true, false}) {
    Client client(options(6));
    feed_all(client, clip_);
    feed_all(client, Packets(second.begin(), second.begin() + static_cast<ptrdiff_t>(entries[0])), 100);
    if (seek) {
      client.seek();
    } else {
      client.drain();
      client.resume_after_drain();
    }
    client.pictures.clear();
    feed_all(client, bare, 500);
    client.drain();
    expect_sound(client);
    // After a drain nothing is missing: also the pictures in front of the key picture that refer to those before it.
    const auto expected = seek ? from_there : decltype(all)(all.end() - static_cast<ptrdiff_t>(bare.size()), all.end());
    EXPECT_EQ(sums_of(client), expected) << (seek ? "seek" : "drain");
  }
}

}  // namespace
}  // namespace softvpu::firmware::testing
