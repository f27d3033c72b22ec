// SPDX-License-Identifier: LGPL-2.1-or-later
// A stream that changes its size. Clauses: dev-decoder.rst "Dynamic Resolution Change", "Capture Setup" steps 6 to 11, "Drain"
// step 2.
#include <cerrno>

#include "tests/conformance/client.h"

namespace softvpu::conformance {
namespace {

constexpr Size kFirst{320, 240};
constexpr Size kSecond{480, 272};
constexpr Size kSmaller{160, 128};

class AResolutionChange : public Conformance {
 protected:
  void begin(Client& client, Player& player, const Clip& first, const Clip& second, uint32_t buffers = 8) {
    (void)client;
    player.start_output(buffers);
    player.feed(first);
    player.feed(second);
    ASSERT_TRUE(player.until_source_change());
    player.start_capture();
  }
  void end(Client& client, Player& player) {
    ASSERT_TRUE(player.until_fed());
    ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
    ASSERT_TRUE(player.until_last());
  }
};
INSTANTIATE_TEST_SUITE_P(Devices, AResolutionChange, testing::ValuesIn(devices_under_test()), device_name);

// field-order.rst, dev-decoder.rst: a change in what queries answer is announced, even if the buffers would still do.
TEST_P(AResolutionChange, OfTheFieldAloneIsAnnounced) {
  const auto parts = device().field_parts();
  if (parts.empty()) GTEST_SKIP() << "no such stream";
  Client client(device());
  Player player(client);
  begin(client, player, parts[0], parts[1]);
  EXPECT_EQ(client.g_fmt(Side::kCapture).field, uint32_t{V4L2_FIELD_INTERLACED});
  ASSERT_TRUE(player.until_last());
  EXPECT_EQ(player.frames.size(), parts[0].frames);
  EXPECT_EQ(player.source_changes, 2u);
  EXPECT_EQ(client.g_fmt(Side::kCapture).field, uint32_t{V4L2_FIELD_NONE});
  player.restart_capture();
  end(client, player);
  EXPECT_EQ(player.frames.size(), parts[0].frames + parts[1].frames);
  for (size_t i = 0; i < player.frames.size(); ++i)
    EXPECT_EQ(player.frames[i].field == V4L2_FIELD_INTERLACED, i < parts[0].frames) << i;
}

// dev-decoder.rst, Initialization, step 1: what a stream, or a part of it, doesn't say of its colour is as the client set it on
// OUTPUT; what another part, or another stream, said doesn't count.
TEST_P(AResolutionChange, ForgetsTheColourOfWhatWasBefore) {
  const auto parts = device().colour_parts();
  if (parts.empty()) GTEST_SKIP() << "no such stream";
  Client client(device());
  Player player(client);
  client.set_coded({320, 240});
  PixFormat format = client.g_fmt(Side::kOutput);
  format.colour = {V4L2_COLORSPACE_SMPTE170M, 0, 0, 0};
  ASSERT_EQ(client.s_fmt(Side::kOutput, &format), 0);
  ASSERT_EQ(client.subscribe(V4L2_EVENT_SOURCE_CHANGE), 0);
  ASSERT_EQ(client.subscribe(V4L2_EVENT_EOS), 0);
  client.allocate(Side::kOutput, 8);
  player.forget_input();
  ASSERT_EQ(client.stream(Side::kOutput, true), 0);
  player.feed(parts[0]);
  ASSERT_TRUE(player.until_source_change());
  for (const Side side : {Side::kOutput, Side::kCapture})
    EXPECT_EQ(client.g_fmt(side).colour.colorspace, uint32_t{V4L2_COLORSPACE_BT2020});
  player.start_capture();
  end(client, player);
  // Another stream in the same file.
  ASSERT_EQ(client.stream(Side::kCapture, false), 0);
  ASSERT_EQ(client.stream(Side::kOutput, false), 0);
  client.free(Side::kCapture);
  client.free(Side::kOutput);
  client.allocate(Side::kOutput, 8);
  player.forget_input();
  ASSERT_EQ(client.stream(Side::kOutput, true), 0);
  player.feed(parts[1]);
  ASSERT_TRUE(player.until_source_change());
  for (const Side side : {Side::kOutput, Side::kCapture})
    EXPECT_EQ(client.g_fmt(side).colour.colorspace, uint32_t{V4L2_COLORSPACE_SMPTE170M});
}

// Steps 1 and 2: event, all frames from before it, LAST, EPIPE; queries answer for the new size. Then Capture Setup.
TEST_P(AResolutionChange, DeliversWhatWasBeforeItThenTheNewSize) {
  Client client(device());
  Player player(client);
  const Clip first = clip(6, kFirst);
  const Clip second = clip(kPlenty, kSecond);
  begin(client, player, first, second);
  ASSERT_TRUE(player.until_last());
  EXPECT_EQ(player.frames.size(), first.frames);
  EXPECT_EQ(player.source_changes, 2u) << "the event is there when LAST is";
  EXPECT_EQ(client.dqbuf(Side::kCapture).error, -EPIPE);
  EXPECT_EQ(client.g_fmt(Side::kCapture).size, (Size{480, 272}));
  EXPECT_EQ(client.selection(V4L2_SEL_TGT_COMPOSE), (Rect{0, 0, kSecond.width, kSecond.height}));
  player.restart_capture();
  end(client, player);
  EXPECT_EQ(player.frames.size(), first.frames + second.frames);
  EXPECT_EQ(player.ends, 1u);
}

// Clients drop what they have not dequeued when they see the event (ffmpeg, GStreamer): it doesn't come before the old frames are
// out.
TEST_P(AResolutionChange, IsNotToldBeforeTheOldFramesAreDequeued) {
  Client client(device());
  Player player(client);
  const Clip first = clip(4, kFirst);
  begin(client, player, first, clip(kPlenty, kSecond), first.frames + kPlenty);
  v4l2_event event{};
  size_t dequeued = 0;
  while (dequeued < first.frames) {
    const Got got = client.await(Side::kCapture);
    ASSERT_EQ(got.error, 0);
    ASSERT_FALSE(got.last());
    ++dequeued;
    // The event may come with the last of them, never earlier.
    if (client.dqevent(&event) == 0) {
      EXPECT_EQ(dequeued, first.frames);
    }
    (void)client.qbuf_capture(got.index);
    while (client.dqbuf(Side::kOutput).error == 0) {
    }
  }
  EXPECT_TRUE(client.await(Side::kCapture).last());
}

// Capture Setup, step 6: buffers that are large enough may stay: START instead of a restart.
TEST_P(AResolutionChange, GoesOnWithTheSameBuffersAfterStart) {
  Client client(device());
  Player player(client);
  const Clip first = clip(6, kFirst);
  const Clip second = clip(kPlenty, kSmaller);
  begin(client, player, first, second);
  ASSERT_TRUE(player.until_last());
  EXPECT_EQ(client.g_fmt(Side::kCapture).size, (Size{160, 128}));
  ASSERT_EQ(client.command(V4L2_DEC_CMD_START), 0);
  player.epipe = false;
  for (uint32_t i = 0; i < client.count(Side::kCapture); ++i) (void)client.qbuf_capture(i);
  end(client, player);
  EXPECT_EQ(player.frames.size(), first.frames + second.frames);
  EXPECT_EQ(player.frames.back().bytesused, client.g_fmt(Side::kCapture).planes[0].sizeimage);
}

// Capture Setup, step 6: with buffers that are all too small it is refused, not left hanging; QBUF of them is EINVAL
// (buffer.rst).
TEST_P(AResolutionChange, RefusesStartWhenNoBufferIsLargeEnough) {
  Client client(device());
  Player player(client);
  begin(client, player, clip(4, kFirst), clip(kPlenty, kSecond));
  ASSERT_TRUE(player.until_last());
  EXPECT_EQ(client.command(V4L2_DEC_CMD_START), -EINVAL);
  ASSERT_EQ(client.stream(Side::kCapture, false), 0);
  EXPECT_EQ(client.qbuf_capture(0), -EINVAL);
}

// Capture Setup, step 10, CREATE_BUFS: larger buffers from the beginning accommodate the change.
TEST_P(AResolutionChange, IsAccommodatedByLargerBuffers) {
  Client client(device());
  Player player(client);
  client.set_coded(kSecond);
  const PixFormat largest = client.g_fmt(Side::kCapture);  // step 10, note: queried before the stream is parsed
  const Clip first = clip(6, kFirst);
  const Clip second = clip(kPlenty, kSecond);
  player.start_output(8);
  player.feed(first);
  player.feed(second);
  ASSERT_TRUE(player.until_source_change());
  uint32_t count = 10;
  ASSERT_EQ(client.create_bufs(Side::kCapture, &count, largest), 0);
  client.map_from(Side::kCapture, 0);
  player.queue_all_capture();
  ASSERT_EQ(client.stream(Side::kCapture, true), 0);
  ASSERT_TRUE(player.until_last());
  ASSERT_EQ(client.command(V4L2_DEC_CMD_START), 0);
  player.epipe = false;
  for (uint32_t i = 0; i < client.count(Side::kCapture); ++i) (void)client.qbuf_capture(i);
  end(client, player);
  EXPECT_EQ(player.frames.size(), first.frames + second.frames);
}

// Note: OUTPUT operates on during the sequence; STREAMOFF(OUTPUT) aborts it into a seek.
TEST_P(AResolutionChange, MayBeLeftByASeek) {
  Client client(device());
  Player player(client);
  begin(client, player, clip(4, kFirst), clip(kPlenty, kSecond));
  ASSERT_TRUE(player.until_last());
  ASSERT_EQ(client.stream(Side::kOutput, false), 0);
  player.forget_input();
  ASSERT_EQ(client.stream(Side::kOutput, true), 0);
  player.restart_capture();
  player.frames.clear();
  const uint64_t after = player.next_timestamp();
  const Clip target = clip(4, kSecond);
  player.feed(target);
  end(client, player);
  EXPECT_EQ(std::count_if(player.frames.begin(), player.frames.end(), [&](const Got& f) { return f.timestamp >= after; }),
            target.frames);
}

// Drain, step 2, first item: a change during a drain is handled first, then the drain goes on.
TEST_P(AResolutionChange, MayComeInTheCourseOfADrain) {
  Client client(device());
  Player player(client);
  const Clip first = clip(4, kFirst);
  const Clip second = clip(4, kSecond);
  player.start_output(8);
  player.feed(first);
  player.feed(second);
  ASSERT_TRUE(player.until_source_change());
  player.requeue = false;
  player.start_capture(0);
  ASSERT_TRUE(player.until_fed());
  ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  player.requeue = true;
  for (uint32_t i = 0; i < client.count(Side::kCapture); ++i) (void)client.qbuf_capture(i);
  ASSERT_TRUE(player.until_last());
  EXPECT_EQ(player.source_changes, 2u);
  EXPECT_EQ(player.ends, 0u);
  EXPECT_EQ(player.frames.size(), first.frames);
  player.restart_capture();
  ASSERT_TRUE(player.until_last());
  EXPECT_EQ(player.frames.size(), first.frames + second.frames);
  EXPECT_EQ(player.ends, 1u);
}

// Many of them, there and back.
TEST_P(AResolutionChange, MayComeAgainAndAgain) {
  Client client(device());
  Player player(client);
  const Clip one = clip(kPlenty, kFirst);
  const Clip two = clip(kPlenty, kSecond);
  begin(client, player, one, two);
  for (size_t round = 1; round <= 13; ++round) {
    if (round <= 12) player.feed(round % 2 == 0 ? two : one);
    ASSERT_TRUE(player.until_last()) << round;
    ASSERT_EQ(player.frames.size(), round * kPlenty);
    player.restart_capture();
  }
  end(client, player);
  EXPECT_EQ(player.lasts, 14u);
  EXPECT_EQ(player.frames.size(), 14 * kPlenty);
}

}  // namespace
}  // namespace softvpu::conformance
