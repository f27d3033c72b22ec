// SPDX-License-Identifier: LGPL-2.1-or-later
// Draining by command, its end and its ways out. Clauses: dev-decoder.rst "Drain", vidioc-decoder-cmd.rst.
#include <poll.h>

#include <cerrno>

#include "tests/conformance/client.h"

namespace softvpu::conformance {
namespace {

class ADrain : public Conformance {
 protected:
  // Decoding, with everything of the clip queued.
  void begin(Client& client, Player& player, const Clip& stream, uint32_t outputs = 8) {
    player.start_output(outputs);
    player.feed(stream);
    ASSERT_TRUE(player.until_source_change());
    player.start_capture();
    ASSERT_TRUE(player.until_fed());
    (void)client;
  }
  void begin_and_drain(Client& client, Player& player, const Clip& stream) {
    begin(client, player, stream);
    ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
    ASSERT_TRUE(player.until_last());
  }
  std::vector<uint32_t> coded_formats() {
    Client client(device());
    std::vector<uint32_t> all;
    v4l2_fmtdesc desc{};
    desc.type = client.type(Side::kOutput);
    for (; client.ioctl(VIDIOC_ENUM_FMT, &desc) == 0; ++desc.index) all.push_back(desc.pixelformat);
    return all;
  }
};
INSTANTIATE_TEST_SUITE_P(Devices, ADrain, testing::ValuesIn(devices_under_test()), device_name);

// Drain, step 2: all frames, then exactly one LAST, then EPIPE, which poll reports as readable; and the EOS event.
TEST_P(ADrain, EndsWithLastThenEpipe) {
  Client client(device());
  Player player(client);
  const Clip stream = clip(8);
  begin_and_drain(client, player, stream);
  EXPECT_EQ(player.frames.size(), stream.frames);
  EXPECT_EQ(client.dqbuf(Side::kCapture).error, -EPIPE);
  EXPECT_EQ(client.dqbuf(Side::kCapture).error, -EPIPE);
  EXPECT_NE(client.file().poll(POLLIN, 1000) & POLLIN, 0);
  client.file().set_nonblocking(false);
  EXPECT_EQ(client.dqbuf(Side::kCapture).error, -EPIPE) << "it doesn't block any more";
  client.file().set_nonblocking(true);
  EXPECT_TRUE(player.until([&] { return player.ends == 1; }));
  EXPECT_EQ(player.lasts, 1u);
}

// Drain, step 2: the OUTPUT buffers queued before it are all returned.
TEST_P(ADrain, ReturnsTheInputsQueuedBeforeIt) {
  Client client(device());
  Player player(client);
  const Clip stream = clip(8);
  begin_and_drain(client, player, stream);
  EXPECT_TRUE(player.until([&] { return player.inputs.size() == stream.frames; }));
}

// Drain with nothing to drain: LAST comes all the same, on an empty buffer.
TEST_P(ADrain, WithNothingQueuedDeliversAnEmptyLast) {
  Client client(device());
  Player player(client);
  player.start_output(4, {320, 240});
  client.allocate(Side::kCapture, 12);
  player.queue_all_capture();
  ASSERT_EQ(client.stream(Side::kCapture, true), 0);
  ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  const Got got = client.await(Side::kCapture);
  ASSERT_EQ(got.error, 0);
  EXPECT_TRUE(got.last());
  EXPECT_EQ(got.bytesused, 0u);
  EXPECT_EQ(client.dqbuf(Side::kCapture).error, -EPIPE);
}

// v4l2_m2m_qbuf(): with no CAPTURE buffer available, the next one queued becomes the LAST.
TEST_P(ADrain, TakesTheNextCaptureBufferForLast) {
  Client client(device());
  Player player(client);
  begin_and_drain(client, player, clip(4));
  ASSERT_EQ(client.command(V4L2_DEC_CMD_START), 0);
  // Take every buffer out of the queue: restart it without queueing any.
  ASSERT_EQ(client.stream(Side::kCapture, false), 0);
  ASSERT_EQ(client.stream(Side::kCapture, true), 0);
  ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  EXPECT_EQ(client.dqbuf(Side::kCapture).error, -EAGAIN);
  ASSERT_EQ(client.qbuf_capture(0), 0);
  const Got got = client.await(Side::kCapture);
  ASSERT_EQ(got.error, 0);
  EXPECT_TRUE(got.last());
}

// Drain, last note: EBUSY for START and STOP while it is in progress.
TEST_P(ADrain, RefusesCommandsWhileInProgress) {
  Client client(device());
  Player player(client);
  player.requeue = false;
  player.start_output(24);
  const Clip stream = clip(24);
  player.feed(stream);
  ASSERT_TRUE(player.until_source_change());
  player.start_capture(0);  // far fewer than frames: it can't end while none is given back
  ASSERT_TRUE(player.until_fed());
  ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  EXPECT_EQ(client.command(V4L2_DEC_CMD_STOP), -EBUSY);
  EXPECT_EQ(client.command(V4L2_DEC_CMD_START), -EBUSY);
  player.until_quiet();
  player.requeue = true;
  for (const Got& frame : std::vector<Got>(player.frames)) ASSERT_EQ(client.qbuf_capture(frame.index), 0);
  ASSERT_TRUE(player.until_last());
  EXPECT_EQ(player.frames.size(), stream.frames);
  EXPECT_EQ(client.command(V4L2_DEC_CMD_STOP), 0) << "already stopped: does nothing";
  EXPECT_EQ(client.command(V4L2_DEC_CMD_START), 0);
}

// Drain, step 3: accepts, but does not process, new OUTPUT buffers until START.
TEST_P(ADrain, HoldsNewInputsUntilStart) {
  Client client(device());
  Player player(client);
  const Clip stream = clip(4);
  begin_and_drain(client, player, stream);
  ASSERT_TRUE(player.until([&] { return player.inputs.size() == stream.frames; }));
  player.feed(clip(4));
  EXPECT_FALSE(player.until([&, limit = std::chrono::steady_clock::now() + std::chrono::milliseconds(150)] {
    return player.inputs.size() > stream.frames || std::chrono::steady_clock::now() > limit;
  }) && player.inputs.size() > stream.frames);
  ASSERT_EQ(client.command(V4L2_DEC_CMD_START), 0);
  player.epipe = false;
  for (uint32_t i = 0; i < client.count(Side::kCapture); ++i) (void)client.qbuf_capture(i);  // LAST's buffer, too
  ASSERT_TRUE(player.until([&] { return player.inputs.size() == 2 * stream.frames; }));
  ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  ASSERT_TRUE(player.until_last());
  EXPECT_EQ(player.frames.size(), 2 * stream.frames);
  EXPECT_EQ(player.source_changes, 1u) << "the decoder isn't reset";
}

// Drain, step 3, second item.
TEST_P(ADrain, GoesOnAfterARestartOfCapture) {
  Client client(device());
  Player player(client);
  const Clip stream = clip(4);
  begin_and_drain(client, player, stream);
  ASSERT_EQ(client.stream(Side::kCapture, false), 0);
  player.queue_all_capture();
  ASSERT_EQ(client.stream(Side::kCapture, true), 0);
  player.epipe = false;
  player.feed(clip(4));
  ASSERT_TRUE(player.until_fed());
  ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  ASSERT_TRUE(player.until_last());
  EXPECT_EQ(player.frames.size(), 2 * stream.frames);
}

// Drain, step 3, third item.
TEST_P(ADrain, GoesOnAfterARestartOfOutput) {
  Client client(device());
  Player player(client);
  const Clip stream = clip(4);
  begin_and_drain(client, player, stream);
  ASSERT_EQ(client.stream(Side::kOutput, false), 0);
  player.forget_input();
  ASSERT_EQ(client.stream(Side::kOutput, true), 0);
  player.epipe = false;
  for (uint32_t i = 0; i < client.count(Side::kCapture); ++i) (void)client.qbuf_capture(i);
  player.feed(clip(4));
  ASSERT_TRUE(player.until_fed());
  ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  ASSERT_TRUE(player.until_last());
  EXPECT_EQ(player.frames.size(), 2 * stream.frames);
}

// Drain, note: STREAMOFF on CAPTURE aborts it; decoding goes on after STREAMON, without a LAST of the aborted one.
TEST_P(ADrain, IsAbortedByStreamoffOfCapture) {
  Client client(device());
  Player player(client);
  begin(client, player, clip(8));
  ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  ASSERT_EQ(client.stream(Side::kCapture, false), 0);
  const size_t lasts = player.lasts;
  player.queue_all_capture();
  ASSERT_EQ(client.stream(Side::kCapture, true), 0);
  player.feed(clip(4));
  ASSERT_TRUE(player.until([&] { return player.inputs.size() == 12; }));
  EXPECT_EQ(player.lasts, lasts);
  ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  ASSERT_TRUE(player.until_last());
  EXPECT_EQ(player.lasts, lasts + 1);
}

// Drain, note: STREAMOFF on OUTPUT aborts it; a client that waits for LAST gets one, and a seek goes on.
TEST_P(ADrain, IsAbortedByStreamoffOfOutput) {
  Client client(device());
  Player player(client);
  begin(client, player, clip(8));
  ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  ASSERT_EQ(client.stream(Side::kOutput, false), 0);
  ASSERT_TRUE(player.until_last());
  player.forget_input();
  ASSERT_EQ(client.stream(Side::kOutput, true), 0);
  player.epipe = false;
  for (uint32_t i = 0; i < client.count(Side::kCapture); ++i) (void)client.qbuf_capture(i);
  player.frames.clear();
  const uint64_t after = player.next_timestamp();
  const Clip stream = clip(5);
  player.feed(stream);
  ASSERT_TRUE(player.until_fed());
  ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  ASSERT_TRUE(player.until_last());
  EXPECT_EQ(std::count_if(player.frames.begin(), player.frames.end(), [&](const Got& f) { return f.timestamp >= after; }),
            stream.frames);
}

// Drain, step 1, warning: with a queue that doesn't stream the command succeeds and starts nothing by itself. While CAPTURE isn't
// set up yet it is remembered (docs/adr/0010), for clients that send it once and early: v4l2-ctl, NXP's mxc_v4l2_vpu_test.
TEST_P(ADrain, BeginsWithCaptureAfterAnEarlyStop) {
  Client client(device());
  Player player(client);
  EXPECT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  EXPECT_EQ(client.command(V4L2_DEC_CMD_START), 0);
  player.start_output(8);
  const Clip stream = clip(8);
  for (uint32_t i = 0; i < stream.frames; ++i) ASSERT_EQ(client.qbuf_output(i, stream.chunks[i], i + 1), 0);
  EXPECT_EQ(client.command(V4L2_DEC_CMD_STOP), 0) << "before the header, maybe";
  ASSERT_TRUE(player.until_source_change());
  EXPECT_EQ(client.command(V4L2_DEC_CMD_STOP), 0) << "again";
  EXPECT_EQ(player.ends, 0u);
  player.start_capture();
  ASSERT_TRUE(player.until_last());
  ASSERT_TRUE(player.until([&] { return player.ends == 1; }));
  EXPECT_EQ(player.frames.size(), stream.frames);
  EXPECT_EQ(client.dqbuf(Side::kCapture).error, -EPIPE);
  EXPECT_EQ(client.command(V4L2_DEC_CMD_START), 0);
}

// The same with nothing, or no stream, in the queued data: the drain ends all the same once CAPTURE streams.
TEST_P(ADrain, BeginsWithCaptureAfterAnEarlyStopWithoutAHeader) {
  for (const bool noise : {false, true}) {
    Client client(device());
    Player player(client);
    player.start_output(4, {320, 240});
    if (noise) {
      ASSERT_EQ(client.qbuf_output(0, std::vector<uint8_t>(64, 0x5a), 1), 0);
    }
    ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
    player.until_quiet();
    client.allocate(Side::kCapture, 8);
    player.queue_all_capture();
    ASSERT_EQ(client.stream(Side::kCapture, true), 0);
    EXPECT_TRUE(player.until_last());
    EXPECT_TRUE(player.until([&] { return player.ends == 1; }));
    EXPECT_TRUE(player.frames.empty());
  }
}

// The same: what is queued after it takes it back, because a client that goes on sends no START; and so do START and STREAMOFF.
TEST_P(ADrain, IsNotBegunByAnEarlyStopThatWasTakenBack) {
  const Clip stream = clip(4);
  for (const int way : {0, 1, 2}) {
    Client client(device());
    Player player(client);
    player.start_output(12);
    player.feed(stream);
    ASSERT_TRUE(player.until_fed());
    ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
    if (way == 1) {
      ASSERT_EQ(client.command(V4L2_DEC_CMD_START), 0);
    }
    if (way == 2) {
      ASSERT_EQ(client.stream(Side::kOutput, false), 0);
      player.forget_input();
      ASSERT_EQ(client.stream(Side::kOutput, true), 0);
    }
    if (way != 1) {
      player.feed(stream);
      ASSERT_TRUE(player.until_fed());
    }
    ASSERT_TRUE(player.until([&] { return player.source_changes > 0; })) << way;
    player.start_capture();
    const size_t inputs = way == 0 ? 2 * stream.frames : stream.frames;
    ASSERT_TRUE(player.until([&] { return player.inputs.size() >= inputs; })) << way;
    player.until_quiet();
    EXPECT_EQ(player.lasts + player.ends, 0u) << way;
    ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0) << way;
    ASSERT_TRUE(player.until_last()) << way;
    EXPECT_EQ(player.frames.size(), inputs) << way;
  }
}

// Drain, introduction and step 3: "the decoder should have processed all OUTPUT buffers queued before", and accepts, but doesn't
// process, what is queued after. Also when the session still owes the answer to an earlier drain: one that STREAMOFF(CAPTURE)
// aborted, or one of an early STOP that was taken back.
TEST_P(ADrain, CoversOnlyWhatWasQueuedBeforeIt) {
  const Clip stream = clip(12);
  for (const bool early : {false, true}) {
    Client client(device());
    Player player(client);
    player.requeue = false;
    player.start_output(40);
    player.feed(stream);
    if (early) {
      ASSERT_TRUE(player.until_fed());
      ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
      player.feed(stream.chunks[0]);  // takes it back
      ASSERT_TRUE(player.until_fed());
    }
    ASSERT_TRUE(player.until([&] { return player.source_changes > 0; }));
    player.start_capture(0);  // fewer buffers than frames: the drain waits
    ASSERT_TRUE(player.until_fed());
    if (!early) {
      ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
      player.until_quiet();
      ASSERT_EQ(client.stream(Side::kCapture, false), 0);
      player.queue_all_capture();
      ASSERT_EQ(client.stream(Side::kCapture, true), 0);
    }
    const size_t before = player.lasts;
    ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
    const uint64_t after = player.next_timestamp();
    player.feed(stream);
    player.step();  // LAST may come here already
    player.requeue = true;
    for (const Got& frame : std::vector<Got>(player.frames)) (void)client.qbuf_capture(frame.index);
    ASSERT_TRUE(player.until([&] { return player.lasts > before; })) << "early " << early;
    for (const Got& frame : player.frames) EXPECT_LT(frame.timestamp, after) << "early " << early;
    ASSERT_EQ(client.command(V4L2_DEC_CMD_START), 0);
    for (uint32_t i = 0; i < client.count(Side::kCapture); ++i) (void)client.qbuf_capture(i);
    player.epipe = false;
    ASSERT_TRUE(player.until_fed());
    ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
    ASSERT_TRUE(player.until_last());
    EXPECT_EQ(std::count_if(player.frames.begin(), player.frames.end(), [&](const Got& f) { return f.timestamp >= after; }),
              stream.frames);
  }
}

// Drain, note, and v4l2_m2m_update_stop_streaming_state(): STREAMOFF(OUTPUT) aborts a drain, and somebody may wait for its LAST.
// State machine, Seek -> Initialization: REQBUFS(OUTPUT, 0) ends the session; the CAPTURE buffers are still queued, and none more
// will be.
TEST_P(ADrain, KeepsItsLastWhenOutputIsFreed) {
  const Clip stream = clip(12);
  for (int round = 0; round < 8; ++round) {
    Client client(device());
    Player player(client);
    begin(client, player, stream);
    ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
    ASSERT_EQ(client.stream(Side::kOutput, false), 0);
    client.free(Side::kOutput);
    Got got;
    std::vector<uint32_t> held;
    while (got.error == 0 && !got.last()) {
      got = client.await(Side::kCapture);
      if (got.error == 0 && !got.last()) held.push_back(got.index);
      if (held.size() < client.count(Side::kCapture)) continue;
      // Frames have taken every buffer: there is none for the LAST one.
      for (const uint32_t index : held) ASSERT_EQ(client.qbuf_capture(index), 0);
      held.clear();
    }
    ASSERT_EQ(got.error, 0) << "round " << round;
  }
}

// videobuf2, allow_zero_bytesused: an empty OUTPUT buffer is the older way to say STOP, and the same sequence follows. It is part
// of the stream: also one that was queued before CAPTURE streamed drains.
TEST_P(ADrain, MayBeAskedForByAnEmptyBuffer) {
  Client client(device());
  Player player(client);
  const Clip stream = clip(5);
  player.start_output();
  player.feed(stream);
  player.feed(std::vector<uint8_t>{});
  ASSERT_TRUE(player.until_source_change());
  player.start_capture();
  for (size_t round = 1; round <= 3; ++round) {
    ASSERT_TRUE(player.until([&] { return player.lasts == round && player.ends == round; })) << "round " << round;
    EXPECT_EQ(player.frames.size(), round * stream.frames);
    EXPECT_EQ(client.dqbuf(Side::kCapture).error, -EPIPE);
    ASSERT_EQ(client.command(V4L2_DEC_CMD_START), 0);
    for (uint32_t i = 0; i < client.count(Side::kCapture); ++i) (void)client.qbuf_capture(i);
    player.epipe = false;
    if (round == 3) break;
    player.feed(stream);
    player.feed(std::vector<uint8_t>{});
  }
  EXPECT_TRUE(player.until([&] { return player.inputs.size() == 3 * (stream.frames + 1); })) << "the empty ones come back, too";
}

// Drain, step 3: during one, and after it, an empty buffer waits as all inputs do; START processes
// it.
TEST_P(ADrain, MayBeAskedForBehindAnother) {
  Client client(device());
  Player player(client);
  const Clip stream = clip(4);
  begin_and_drain(client, player, stream);
  player.feed(stream);
  player.feed(std::vector<uint8_t>{});
  ASSERT_TRUE(player.until_fed());
  EXPECT_EQ(player.lasts, 1u);
  ASSERT_EQ(client.command(V4L2_DEC_CMD_START), 0);
  for (uint32_t i = 0; i < client.count(Side::kCapture); ++i) (void)client.qbuf_capture(i);
  player.epipe = false;
  ASSERT_TRUE(player.until_last());
  EXPECT_EQ(player.frames.size(), 2 * stream.frames);
  // STREAMOFF drops one that waits.
  player.feed(std::vector<uint8_t>{});
  ASSERT_TRUE(player.until_fed());
  ASSERT_EQ(client.stream(Side::kOutput, false), 0);
  player.forget_input();
  ASSERT_EQ(client.stream(Side::kOutput, true), 0);
  player.restart_capture();
  player.feed(stream);
  ASSERT_TRUE(player.until([&] { return player.inputs.size() == 3 * stream.frames + 1; }));
  EXPECT_EQ(player.lasts, 2u);
}

// Initialization, step 4: buffers are processed until the header is found. An empty one before it
// has nothing to drain, and those after it may be what brings the header.
TEST_P(ADrain, IsNotAskedForByAnEmptyBufferAheadOfTheHeader) {
  Client client(device());
  Player player(client);
  const Clip stream = clip(5);
  player.start_output();
  player.feed(std::vector<uint8_t>{});
  player.feed(std::vector<uint8_t>{});
  player.feed(stream);
  ASSERT_TRUE(player.until_source_change());
  player.start_capture();
  ASSERT_TRUE(player.until_fed());
  EXPECT_EQ(player.lasts + player.ends, 0u);
  ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  ASSERT_TRUE(player.until_last());
  EXPECT_EQ(player.frames.size(), stream.frames);
  EXPECT_TRUE(player.until([&] { return player.inputs.size() == stream.frames + 2; })) << "the empty ones come back, too";
}

// Decoding, on errors: a stream that isn't one doesn't end in silence. What could have become a header is returned unflagged,
// because more might have followed (Initialization, step 4, note); when nothing does, LAST says it.
TEST_P(ADrain, OfNoStreamAtAllIsFlagged) {
  std::vector<uint8_t> noise(5000);
  uint32_t random = 1;
  for (uint8_t& byte : noise) byte = static_cast<uint8_t>((random = random * 1664525 + 1013904223) >> 24);
  std::vector<uint8_t> begin = clip(5).chunks[0];
  begin.resize(3);
  const std::vector<uint8_t> start_code = {0, 0, 1};
  const std::vector<uint8_t> three = {0x12, 0x34, 0x56};
  for (const uint32_t coded : coded_formats()) {
    for (const auto& stream : {begin, start_code, three, noise}) {
      Client client(device());
      client.choose_coded(coded);
      Player player(client);
      player.start_output(4, {320, 240});
      client.allocate(Side::kCapture, 12);
      player.queue_all_capture();
      ASSERT_EQ(client.stream(Side::kCapture, true), 0);
      player.feed(stream);
      ASSERT_TRUE(player.until_fed());
      ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
      ASSERT_TRUE(player.until([&] { return player.lasts == 1 && player.ends == 1 && player.inputs.size() == 1; }));
      EXPECT_TRUE(player.frames.empty());
      const bool input = (player.inputs[0].flags & V4L2_BUF_FLAG_ERROR) != 0;
      EXPECT_TRUE(input || player.flagged == 1) << stream.size() << " bytes, format " << std::hex << coded;
    }
  }
}

// vidioc-decoder-cmd.rst: EINVAL for another command; TRY_ does nothing; flags are not accepted and come back as 0.
TEST_P(ADrain, KnowsTwoCommands) {
  Client client(device());
  for (const unsigned long request :
       {static_cast<unsigned long>(VIDIOC_DECODER_CMD), static_cast<unsigned long>(VIDIOC_TRY_DECODER_CMD)}) {
    for (uint32_t cmd = 0; cmd < 8; ++cmd) {
      v4l2_decoder_cmd command{};
      command.cmd = cmd;
      command.flags = 0xffffffff;
      const bool known = cmd == V4L2_DEC_CMD_START || cmd == V4L2_DEC_CMD_STOP;
      EXPECT_EQ(client.ioctl(request, &command), known ? 0 : -EINVAL) << cmd;
      if (known) {
        EXPECT_EQ(command.flags, 0u);
      }
    }
  }
}

// Again and again, as a player that loops a clip does it.
TEST_P(ADrain, MayBeRepeated) {
  Client client(device());
  Player player(client);
  const Clip stream = clip(4);
  begin_and_drain(client, player, stream);
  for (size_t round = 2; round <= 10; ++round) {
    ASSERT_EQ(client.command(V4L2_DEC_CMD_START), 0);
    for (uint32_t i = 0; i < client.count(Side::kCapture); ++i) (void)client.qbuf_capture(i);
    player.feed(stream);
    ASSERT_TRUE(player.until_fed());
    ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
    ASSERT_TRUE(player.until_last()) << round;
    ASSERT_EQ(player.frames.size(), round * stream.frames);
  }
}

}  // namespace
}  // namespace softvpu::conformance
