// SPDX-License-Identifier: GPL-2.0-or-later
// The decoder engine and what streams are: changes of size on the way, sizes and formats that aren't decoded, cropping
// (dev-decoder.rst, Dynamic Resolution Change).

#include "firmware/libav/testing/decoder_under_test.h"

namespace softvpu::firmware::testing {
namespace {

TEST_P(ADecoder, AnnouncesAnotherSizeWhenItsFirstPictureIsDue) {
  const Packets other = make_clip({.encoder = codec_.encoder, .width = 96, .height = 80, .frames = 10});
  const Packets third = make_clip({.encoder = codec_.encoder, .width = 320, .height = 192, .frames = 10, .phase = 9});
  const Packets all = clip_ + other + third;
  for (const uint32_t outputs : {2u, 9u}) {
    Client client(options(outputs));
    feed_all(client, all);
    client.drain();
    expect_sound(client);
    ASSERT_EQ(client.formats.size(), 3u);
    EXPECT_EQ(client.formats[1].visible.size(), (Size{96, 80}));
    EXPECT_EQ(client.formats[2].visible.size(), (Size{320, 192}));
    EXPECT_EQ(sums_of(client), plain_sums(codec_.id, clip_) + plain_sums(codec_.id, other) + plain_sums(codec_.id, third));
    for (size_t i = 0; i < 30; ++i)
      EXPECT_EQ(client.pictures[i].size, (Size{256, 144})) << "an old picture after the announcement";
  }
}

TEST_P(ADecoder, HoldsPicturesOfAnotherSizeBackUntilResume) {
  const Packets other = make_clip({.encoder = codec_.encoder, .width = 96, .height = 80, .frames = 10});
  Client client(options());
  feed_all(client, clip_);
  client.hold_resume = true;
  feed_all(client, other, 100);
  client.drain();
  EXPECT_EQ(client.pictures.size(), 30u);
  EXPECT_EQ(client.drains, 0u);
  client.hold_resume = false;
  client.run();
  EXPECT_EQ(client.pictures.size(), 40u);
  EXPECT_EQ(client.drains, 1u);
  expect_sound(client);
}

// codec/session.h, 3: a pause ends by resume() only, not by a flush.
TEST_P(ADecoder, StaysPausedThroughASeek) {
  const Packets other = make_clip({.encoder = codec_.encoder, .width = 96, .height = 80, .frames = 10});
  Client client(options());
  feed_all(client, clip_);
  client.hold_resume = true;
  feed_all(client, other, 100);
  client.drain();
  ASSERT_EQ(client.formats.size(), 2u);
  client.decoder().flush(Side::kInput);
  client.pictures.clear();
  feed_all(client, other, 200);
  EXPECT_TRUE(client.pictures.empty());
  client.set_up();
  client.hold_resume = false;
  client.drain();
  expect_sound(client);
  EXPECT_EQ(client.formats.size(), 2u);
  EXPECT_EQ(sums_of(client), plain_sums(codec_.id, other));
}

TEST_P(ADecoder, TakesALateResumeForTheInterruptedFormat) {
  const Packets other = make_clip({.encoder = codec_.encoder, .width = 96, .height = 80, .frames = 10});
  Client client(options());
  feed_all(client, clip_);
  client.hold_resume = true;
  feed_all(client, other, 100);
  client.drain();
  ASSERT_EQ(client.formats.size(), 2u);
  client.decoder().flush(Side::kInput);
  client.set_up();  // the client acts on the announcement after the seek
  client.hold_resume = false;
  client.pictures.clear();
  feed_all(client, other, 200);
  client.drain();
  expect_sound(client);
  EXPECT_EQ(client.formats.size(), 2u);
  EXPECT_EQ(sums_of(client), plain_sums(codec_.id, other));
}

TEST_P(ADecoder, SaysTooSmallForOutputsThatDontHoldThePicture) {
  Client client(options(4));
  client.keep_setup = true;  // a client that ignores the change of size
  feed_all(client, clip_);
  feed_all(client, make_clip({.encoder = codec_.encoder, .width = 320, .height = 192, .frames = 5}), 100);
  client.drain();
  EXPECT_TRUE(client.complaints.empty());
  EXPECT_EQ(client.pictures.size(), 30u);
  EXPECT_EQ(client.empty_outputs, 5u);
  EXPECT_EQ(client.drains, 1u);
}

struct Unfit {
  const char* name;
  const char* encoder;
  FourCC coded;
  AVPixelFormat format;
};
void PrintTo(const Unfit& unfit, std::ostream* out) { *out << unfit.name; }

class AStreamOfAnotherFormat : public ::testing::TestWithParam<Unfit> {};
INSTANTIATE_TEST_SUITE_P(Of, AStreamOfAnotherFormat,
                         ::testing::Values(Unfit{"H264In422", "libx264", kH264, AV_PIX_FMT_YUV422P},
                                           Unfit{"H264In444", "libx264", kH264, AV_PIX_FMT_YUV444P},
                                           Unfit{"H264In10Bits", "libx264", kH264, AV_PIX_FMT_YUV420P10LE},
                                           Unfit{"HevcInGrey", "libx265", kHevc, AV_PIX_FMT_GRAY8},
                                           Unfit{"HevcIn444", "libx265", kHevc, AV_PIX_FMT_YUV444P},
                                           Unfit{"Mpeg2In422", "mpeg2video", kMpeg2, AV_PIX_FMT_YUV422P},
                                           Unfit{"Vp9In444", "libvpx-vp9", kVp9, AV_PIX_FMT_YUV444P}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(AStreamOfAnotherFormat, EndsTheSessionWithAReason) {
  const Packets clip = make_clip({.encoder = GetParam().encoder, .frames = 5, .format = GetParam().format});
  if (clip.empty()) GTEST_SKIP() << GetParam().encoder << " doesn't encode it";
  Client client({.coded = GetParam().coded});
  client.feed(clip[0], 1);
  client.feed(clip[1], 2);
  client.run();
  ASSERT_EQ(client.errors.size(), 1u);
  EXPECT_EQ(client.errors[0].code, EOPNOTSUPP);
  EXPECT_NE(client.errors[0].reason.find("this device decodes 8-bit 4:2:0 only"), std::string::npos) << client.errors[0].reason;
  client.feed(clip[2], 3);
  client.run();
  EXPECT_EQ(client.errors.size(), 1u);
  EXPECT_TRUE(client.complaints.empty()) << client.complaints[0];
}

TEST_P(AStreamOfAnotherFormat, EndsTheSessionAlsoInTheMiddle) {
  const Packets good = make_clip({.encoder = GetParam().encoder, .frames = 6});
  const Packets bad = make_clip({.encoder = GetParam().encoder, .frames = 6, .format = GetParam().format});
  if (bad.empty() || good.empty()) GTEST_SKIP() << GetParam().encoder << " doesn't encode it";
  Client client({.coded = GetParam().coded, .outputs = 4});
  feed_all(client, good + bad);
  client.drain();
  ASSERT_EQ(client.errors.size(), 1u);
  EXPECT_EQ(client.pictures.size(), 6u);
  EXPECT_EQ(client.empty_outputs, 0u) << "it looks like a damaged frame";
  EXPECT_TRUE(client.complaints.empty()) << client.complaints[0];
}

TEST(ACroppedStream, IsDeliveredAtTheOrigin) {
  const Packets clip = make_clip({.frames = 8});
  Packets cropped = filtered(clip, AV_CODEC_ID_H264, "h264_metadata", "crop_left", "32");
  cropped = filtered(cropped, AV_CODEC_ID_H264, "h264_metadata", "crop_top", "18");
  ASSERT_EQ(cropped.size(), clip.size());
  for (const FourCC raw : {kYuv420, kNv12}) {
    for (const uint32_t outputs : {2u, 6u}) {
      Client client({.coded = kH264, .outputs = outputs, .raw = raw});
      feed_all(client, cropped);
      client.drain();
      expect_sound(client);
      EXPECT_EQ(client.info.visible, (Rect{0, 0, 224, 126}));
      EXPECT_EQ(client.info.coded, (Size{256, 144}));
      EXPECT_EQ(sums_of(client), plain_sums(AV_CODEC_ID_H264, cropped));
    }
  }
}

TEST(AStreamThatIsTooLarge, EndsTheSessionWithAReason) {
  const Packets clip = make_clip({.encoder = "mpeg2video", .width = 4112, .height = 32, .frames = 1});
  ASSERT_FALSE(clip.empty());
  Client client({.coded = kMpeg2});
  client.feed(clip[0], 1);
  client.run();
  ASSERT_EQ(client.errors.size(), 1u);
  EXPECT_NE(client.errors[0].reason.find("4096"), std::string::npos) << client.errors[0].reason;
}

}  // namespace
}  // namespace softvpu::firmware::testing
