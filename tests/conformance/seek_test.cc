// SPDX-License-Identifier: LGPL-2.1-or-later
// Seeking by STREAMOFF and STREAMON of OUTPUT, in every state. Clauses: dev-decoder.rst "Seek".
#include <cerrno>
#include <random>

#include "tests/conformance/client.h"

namespace softvpu::conformance {
namespace {

class ASeek : public Conformance {
 protected:
  void seek(Client& client, Player& player) {
    ASSERT_EQ(client.stream(Side::kOutput, false), 0);
    for (uint32_t i = 0; i < client.count(Side::kOutput); ++i)
      EXPECT_EQ(client.querybuf(Side::kOutput, i).flags & (V4L2_BUF_FLAG_QUEUED | V4L2_BUF_FLAG_DONE), 0u)
          << "treated as returned";
    player.forget_input();
    ASSERT_EQ(client.stream(Side::kOutput, true), 0);
  }
  // Plays the clip to its end; every frame of it must come.
  void expect_plays(Client& client, Player& player, const Clip& stream) {
    const uint64_t first = player.next_timestamp();
    player.frames.clear();
    player.pictures.clear();
    player.look = true;
    player.feed(stream);
    ASSERT_TRUE(player.until_fed());
    ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
    ASSERT_TRUE(player.until_last());
    EXPECT_EQ(std::count_if(player.frames.begin(), player.frames.end(), [&](const Got& f) { return f.timestamp >= first; }),
              stream.frames);
    const auto expected = device().pictures(stream.size, stream.frames);
    if (expected.empty()) return;
    std::vector<uint64_t> shown;
    for (size_t i = 0; i < player.frames.size(); ++i)
      if (player.frames[i].timestamp >= first) shown.push_back(player.pictures[i]);
    EXPECT_EQ(shown, expected) << "pixels";
  }
};
INSTANTIATE_TEST_SUITE_P(Devices, ASeek, testing::ValuesIn(devices_under_test()), device_name);

// Steps 1 to 4, without touching CAPTURE.
TEST_P(ASeek, InTheMiddleOfAStream) {
  Client client(device());
  Player player(client);
  player.start_output();
  player.feed(clip(24));
  ASSERT_TRUE(player.until_source_change());
  player.start_capture();
  ASSERT_TRUE(player.until([&] { return player.frames.size() >= 4; }));
  seek(client, player);
  expect_plays(client, player, clip(6));
}

// State machine: only REQBUFS(OUTPUT, 0) leads from Seek to Initialization. Another number of
// buffers goes on with the stream: no second source change, and the earlier parameter sets remain
// valid.
TEST_P(ASeek, MayChangeTheNumberOfBuffers) {
  Client client(device());
  Player player(client);
  player.start_output(4);
  const Clip stream = clip(12);
  player.feed(stream);
  ASSERT_TRUE(player.until_source_change());
  player.start_capture();
  ASSERT_TRUE(player.until_fed());
  ASSERT_EQ(client.stream(Side::kOutput, false), 0);
  client.allocate(Side::kOutput, 7);
  player.forget_input();
  ASSERT_EQ(client.stream(Side::kOutput, true), 0);
  expect_plays(client, player, stream);
  EXPECT_EQ(player.source_changes, 1u);
  // And with 0 it is another stream.
  ASSERT_EQ(client.stream(Side::kOutput, false), 0);
  client.free(Side::kOutput);
  client.allocate(Side::kOutput, 4);
  player.forget_input();
  ASSERT_EQ(client.stream(Side::kCapture, false), 0);
  ASSERT_EQ(client.stream(Side::kOutput, true), 0);
  player.feed(stream);
  EXPECT_TRUE(player.until([&] { return player.source_changes == 2; }));
}

// The same while the client still sets up CAPTURE: the header of a new session would be announced again.
TEST_P(ASeek, MayChangeTheNumberOfBuffersBeforeCaptureIsSetUp) {
  Client client(device());
  Player player(client);
  player.start_output(4);
  const Clip stream = clip(12);
  player.feed(clip(3));
  ASSERT_TRUE(player.until_source_change());
  ASSERT_EQ(client.stream(Side::kOutput, false), 0);
  client.allocate(Side::kOutput, 7);
  player.forget_input();
  ASSERT_EQ(client.stream(Side::kOutput, true), 0);
  player.feed(clip(3));
  player.step();
  ASSERT_EQ(player.unfed(), 0u);
  (void)client.g_fmt(Side::kCapture);  // waits for a header, if there could be one
  player.start_capture();
  expect_plays(client, player, stream);
  EXPECT_EQ(player.source_changes, 1u);
}

TEST_P(ASeek, BeforeTheHeaderIsKnown) {
  Client client(device());
  Player player(client);
  player.start_output();
  player.feed(std::vector<uint8_t>(16, 0));  // nothing that begins a stream
  ASSERT_TRUE(player.until_fed());
  seek(client, player);
  const Clip stream = clip(5);
  player.feed(stream);
  ASSERT_TRUE(player.until_source_change());
  player.start_capture();
  ASSERT_TRUE(player.until([&] { return player.inputs.size() >= stream.frames; }));
  ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  ASSERT_TRUE(player.until_last());
  EXPECT_EQ(player.frames.size(), stream.frames);
}

TEST_P(ASeek, BeforeCaptureIsSetUp) {
  Client client(device());
  Player player(client);
  player.start_output();
  player.feed(clip(8));
  ASSERT_TRUE(player.until_source_change());
  seek(client, player);
  player.start_capture();
  expect_plays(client, player, clip(6));
}

// Last note: restarting CAPTURE, too, drops what was decoded and not dequeued.
TEST_P(ASeek, WithARestartOfCapture) {
  Client client(device());
  Player player(client);
  player.start_output();
  player.feed(clip(kPlenty));
  ASSERT_TRUE(player.until_source_change());
  player.start_capture();
  ASSERT_TRUE(player.until([&] { return player.frames.size() >= 2; }));
  ASSERT_EQ(client.stream(Side::kOutput, false), 0);
  ASSERT_EQ(client.stream(Side::kCapture, false), 0);
  player.forget_input();
  player.queue_all_capture();
  ASSERT_EQ(client.stream(Side::kCapture, true), 0);
  ASSERT_EQ(client.stream(Side::kOutput, true), 0);
  expect_plays(client, player, clip(6));
}

// Step 3, note: decoding need not begin at a resume point; nothing fatal comes of it.
TEST_P(ASeek, ToANonResumePoint) {
  Client client(device());
  Player player(client);
  player.start_output();
  const Clip stream = clip(kPlenty);
  player.feed(stream);
  ASSERT_TRUE(player.until_source_change());
  player.start_capture();
  ASSERT_TRUE(player.until([&] { return player.frames.size() >= 2; }));
  seek(client, player);
  for (size_t i = 5; i < 8; ++i) player.feed(stream.chunks[i]);
  ASSERT_TRUE(player.until_fed());
  expect_plays(client, player, clip(6));
}

// Important: the target may have another resolution.
TEST_P(ASeek, ToAnotherResolution) {
  Client client(device());
  Player player(client);
  player.start_output();
  player.feed(clip(kPlenty, {320, 240}));
  ASSERT_TRUE(player.until_source_change());
  player.start_capture();
  ASSERT_TRUE(player.until([&] { return player.frames.size() >= 2; }));
  seek(client, player);
  const uint64_t first = player.next_timestamp();
  const Clip target = clip(kPlenty, {480, 272});
  player.feed(target);
  ASSERT_TRUE(player.until_last());
  player.frames.clear();
  player.restart_capture();
  ASSERT_TRUE(player.until_fed());
  ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  ASSERT_TRUE(player.until_last());
  EXPECT_EQ(std::count_if(player.frames.begin(), player.frames.end(), [&](const Got& f) { return f.timestamp >= first; }),
            target.frames);
}

// State machine: REQBUFS(OUTPUT, 0) leads back to Initialization: the header is announced again.
TEST_P(ASeek, ThatFreesTheBuffersStartsOver) {
  Client client(device());
  Player player(client);
  player.start_output();
  player.feed(clip(4));
  ASSERT_TRUE(player.until_source_change());
  ASSERT_EQ(client.stream(Side::kOutput, false), 0);
  client.free(Side::kOutput);
  client.allocate(Side::kOutput, 4);
  player.forget_input();
  ASSERT_EQ(client.stream(Side::kOutput, true), 0);
  player.feed(clip(4));
  EXPECT_TRUE(player.until_source_change());
}

// vidioc-streamon.rst: at any moment; afterwards a clean start plays a whole clip. A fixed sequence of random moments.
TEST_P(ASeek, AtAnyMomentLeavesAUsableDecoder) {
  std::mt19937 random(20240607);
  Client client(device());
  Player player(client);
  player.start_output();
  for (int round = 0; round < 40; ++round) {
    SCOPED_TRACE(round);
    player.feed(clip(4 + random() % 5, random() % 3 == 0 ? Size{160, 128} : Size{320, 240}));
    const size_t turns = random() % 12;
    for (size_t i = 0; i < turns; ++i) {
      player.step();
      if (player.source_changes > 0 && client.count(Side::kCapture) == 0) player.try_start_capture();
      if (random() % 7 == 0) (void)client.command(V4L2_DEC_CMD_STOP);
      if (random() % 7 == 0) (void)client.command(V4L2_DEC_CMD_START);
    }
    if (random() % 2 == 0) {
      ASSERT_EQ(client.stream(Side::kOutput, false), 0);
      player.forget_input();
      ASSERT_EQ(client.stream(Side::kOutput, true), 0);
    }
    if (random() % 2 == 0 && client.count(Side::kCapture) > 0) {
      ASSERT_EQ(client.stream(Side::kCapture, false), 0);
      client.free(Side::kCapture);
    }
  }
  ASSERT_EQ(client.stream(Side::kOutput, false), 0);
  ASSERT_EQ(client.stream(Side::kCapture, false), 0);
  client.free(Side::kOutput);
  client.free(Side::kCapture);
  v4l2_event event{};
  while (client.dqevent(&event) == 0) {
  }
  client.allocate(Side::kOutput, 6);
  Player fresh(client);
  fresh.forget_input();
  ASSERT_EQ(client.stream(Side::kOutput, true), 0);
  const Clip stream = clip(6);
  fresh.feed(stream);
  ASSERT_TRUE(fresh.until_source_change());
  fresh.start_capture();
  ASSERT_TRUE(fresh.until_fed());
  ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  ASSERT_TRUE(fresh.until_last());
  EXPECT_EQ(fresh.frames.size(), stream.frames);
}

}  // namespace
}  // namespace softvpu::conformance
