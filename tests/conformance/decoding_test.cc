// SPDX-License-Identifier: LGPL-2.1-or-later
// Frames: how many, in which order, with what attached. Clauses: dev-decoder.rst "Decoding", buffer.rst.
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "tests/conformance/client.h"

namespace softvpu::conformance {
namespace {

SOFTVPU_CONFORMANCE(Decoding);

void play(Client& client, Player& player, const Clip& stream, uint32_t capture_extra = 3) {
  player.start_output();
  player.feed(stream);
  ASSERT_TRUE(player.until_source_change());
  player.start_capture(capture_extra);
  ASSERT_TRUE(player.until_fed());
  ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  ASSERT_TRUE(player.until_last());
}

// Decoding, note: the timestamp of an OUTPUT buffer is that of the frame that came from it; each once; display order.
TEST_P(Decoding, DeliversEveryFrameWithItsTimestamp) {
  Client client(device());
  Player player(client);
  const Clip stream = clip(24);
  play(client, player, stream);
  std::set<uint64_t> timestamps;
  for (const Got& frame : player.frames) timestamps.insert(frame.timestamp);
  std::set<uint64_t> expected;
  for (uint64_t t = 1; t <= stream.frames; ++t) expected.insert(t);
  EXPECT_EQ(timestamps, expected);
  EXPECT_EQ(player.frames.size(), stream.frames);
}

// buffer.rst, sequence: set by the driver, counting from zero; flags; field.
TEST_P(Decoding, FillsInWhatBelongsToAFrame) {
  Client client(device());
  Player player(client);
  play(client, player, clip(6));
  for (size_t i = 0; i < player.frames.size(); ++i) {
    const Got& frame = player.frames[i];
    EXPECT_EQ(frame.sequence, i);
    EXPECT_EQ(frame.field, uint32_t{V4L2_FIELD_NONE});
    EXPECT_EQ(frame.bytesused, client.g_fmt(Side::kCapture).planes[0].sizeimage);
    EXPECT_EQ(frame.flags & V4L2_BUF_FLAG_TIMESTAMP_MASK, uint32_t{V4L2_BUF_FLAG_TIMESTAMP_COPY});
    EXPECT_EQ(frame.flags & (V4L2_BUF_FLAG_DONE | V4L2_BUF_FLAG_QUEUED | V4L2_BUF_FLAG_ERROR), 0u);
    const uint32_t kind = frame.flags & (V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_PFRAME | V4L2_BUF_FLAG_BFRAME);
    EXPECT_TRUE(kind == V4L2_BUF_FLAG_KEYFRAME || kind == V4L2_BUF_FLAG_PFRAME || kind == V4L2_BUF_FLAG_BFRAME);
  }
  EXPECT_NE(player.frames[0].flags & V4L2_BUF_FLAG_KEYFRAME, 0u);
}

// buffer.rst, TIMECODE and TSTAMP_SRC: carried from OUTPUT to CAPTURE with the timestamp.
TEST_P(Decoding, CarriesTimecodeAndTimestampSource) {
  Client client(device());
  Player player(client);
  player.start_output(4);
  const Clip stream = clip(2);
  ASSERT_EQ(client.qbuf_output(0, stream.chunks[0], 5, V4L2_BUF_FLAG_TIMECODE | V4L2_BUF_FLAG_TSTAMP_SRC_SOE), 0);
  ASSERT_EQ(client.qbuf_output(1, stream.chunks[1], 6, 0), 0);
  ASSERT_TRUE(player.until_source_change());
  player.start_capture();
  ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  ASSERT_TRUE(player.until_last());
  ASSERT_EQ(player.frames.size(), 2u);
  for (const Got& frame : player.frames) {
    const bool first = frame.timestamp == 5;
    EXPECT_EQ((frame.flags & V4L2_BUF_FLAG_TIMECODE) != 0, first);
    EXPECT_EQ(frame.flags & V4L2_BUF_FLAG_TSTAMP_SRC_MASK, first ? uint32_t{V4L2_BUF_FLAG_TSTAMP_SRC_SOE} : 0u);
    if (first) {
      EXPECT_EQ(frame.timecode.frames, 5);
    }
  }
}

// Decoding: the two queues are independent; a chunk may hold no frame, several, or a part of one (a continuous byte stream).
TEST_P(Decoding, TakesAByteStreamCutAnywhere) {
  Client client(device());
  Player player(client);
  const Clip stream = clip(6);
  Clip pieces{stream.size, {}, stream.frames};
  std::vector<uint8_t> whole;
  for (const auto& chunk : stream.chunks) whole.insert(whole.end(), chunk.begin(), chunk.end());
  const size_t piece = whole.size() / 23 + 1;
  for (size_t at = 0; at < whole.size(); at += piece)
    pieces.chunks.emplace_back(whole.begin() + static_cast<ptrdiff_t>(at),
                               whole.begin() + static_cast<ptrdiff_t>(std::min(at + piece, whole.size())));
  play(client, player, pieces);
  EXPECT_EQ(player.frames.size(), stream.frames);
}

// Decoding: everything in one buffer, one OUTPUT buffer, the fewest CAPTURE buffers.
TEST_P(Decoding, WorksWithTheFewestBuffers) {
  Client client(device());
  Player player(client);
  const Clip stream = clip(12);
  player.start_output(1);
  player.feed(stream);
  ASSERT_TRUE(player.until_source_change());
  player.start_capture(0);
  ASSERT_TRUE(player.until_fed());
  ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  ASSERT_TRUE(player.until_last());
  EXPECT_EQ(player.frames.size(), stream.frames);
}

// Decoding: CAPTURE buffers that aren't given back hold up the decoder, not the client; nothing is lost.
TEST_P(Decoding, WaitsForCaptureBuffers) {
  Client client(device());
  Player player(client);
  const Clip stream = clip(kPlenty);
  player.start_output(kPlenty);
  player.feed(stream);
  ASSERT_TRUE(player.until_source_change());
  player.requeue = false;
  player.start_capture(0);
  // However slow it is to begin, and to go on.
  ASSERT_TRUE(player.until([&] { return !player.frames.empty(); }));
  player.until_quiet();
  if (const Got late = client.dqbuf(Side::kCapture); late.error == 0) {
    player.frames.push_back(late);
  } else {
    EXPECT_EQ(late.error, -EAGAIN);
  }
  EXPECT_LE(player.frames.size(), client.count(Side::kCapture));
  player.requeue = true;
  for (const Got& frame : std::vector<Got>(player.frames)) ASSERT_EQ(client.qbuf_capture(frame.index), 0);
  ASSERT_TRUE(player.until_fed());
  ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  ASSERT_TRUE(player.until_last());
  EXPECT_EQ(player.frames.size(), stream.frames);
}

// Decoding, last part: damage is reported by V4L2_BUF_FLAG_ERROR, and decoding goes on.
TEST_P(Decoding, FlagsDamagedFrames) {
  const auto damaged = device().damaged_chunk();
  if (damaged.empty()) GTEST_SKIP() << "no chunk is known to be damaged for certain";
  Client client(device());
  Player player(client);
  Clip stream = clip(6);
  stream.chunks.insert(stream.chunks.begin() + 3, damaged);
  play(client, player, stream);
  EXPECT_EQ(player.frames.size(), stream.frames + 1);
  size_t errors = 0;
  for (const Got& frame : player.frames) errors += (frame.flags & V4L2_BUF_FLAG_ERROR) != 0 ? 1 : 0;
  EXPECT_EQ(errors, 1u);
}

// Decoding, last paragraph: a fatal failure, as vb2_queue_error() makes it: EIO and POLLERR at once, and nothing that looks like
// a frame. The buffers come back with STREAMOFF, and STREAMON starts afresh.
TEST_P(Decoding, FailsForGoodAndStartsAfresh) {
  const auto fatal = device().fatal_chunk();
  if (fatal.empty()) GTEST_SKIP() << "no stream ends a session for good";
  Client client(device());
  Player player(client);
  player.start_output(8);
  player.feed(clip(3));
  ASSERT_TRUE(player.until_source_change());
  player.start_capture();
  player.requeue = false;
  player.feed(fatal);
  player.feed(clip(2).chunks[1]);
  ASSERT_TRUE(player.until([&] { return player.unfed() <= 1; }));  // it may have failed before the last one
  Got got;
  while (got.error == 0) {
    got = client.await(Side::kCapture);
    EXPECT_TRUE(got.error != 0 || got.bytesused > 0) << "an empty buffer looks like a damaged frame";
  }
  EXPECT_EQ(got.error, -EIO);
  EXPECT_EQ(client.dqbuf(Side::kOutput).error, -EIO);
  EXPECT_EQ(client.file().poll(POLLIN | POLLOUT, 1000), POLLERR);
  EXPECT_EQ(client.qbuf_capture(0), -EIO);
  EXPECT_EQ(client.qbuf_output(0, fatal), -EIO);
  EXPECT_EQ(client.command(V4L2_DEC_CMD_START), -EIO);
  EXPECT_EQ(client.file().poll(POLLIN | POLLOUT, 1000), POLLERR);
  EXPECT_EQ(client.command(V4L2_DEC_CMD_STOP), -EIO);

  ASSERT_EQ(client.stream(Side::kCapture, false), 0);
  EXPECT_EQ(client.qbuf_capture(0), -EIO) << "until OUTPUT was stopped, too";
  ASSERT_EQ(client.stream(Side::kOutput, false), 0);
  EXPECT_EQ(client.qbuf_capture(0), 0);
  client.free(Side::kCapture);
  player.forget_input();
  player.frames.clear();
  player.requeue = true;
  ASSERT_EQ(client.stream(Side::kOutput, true), 0);
  const Clip again = clip(5);
  player.feed(again);
  ASSERT_TRUE(player.until_source_change());
  player.start_capture();
  ASSERT_TRUE(player.until_fed());
  ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  ASSERT_TRUE(player.until_last());
  EXPECT_EQ(player.frames.size(), again.frames);
}

// The same for a failure before any header: what waits is woken, whichever queue and call it waits with, and CAPTURE can't be
// started.
TEST_P(Decoding, FailsBeforeTheHeaderForEveryWaiter) {
  const auto fatal = device().fatal_chunk();
  if (fatal.empty()) GTEST_SKIP() << "no stream ends a session for good";
  for (const bool early : {false, true}) {
    Client client(device());
    Player player(client);
    player.start_output(4, {320, 240});
    client.allocate(Side::kCapture, 8);
    if (early) {
      player.queue_all_capture();
      ASSERT_EQ(client.stream(Side::kCapture, true), 0);
    }
    short ready = 0;
    for (int tries = 0; tries < 500 && ready != POLLERR; ++tries) {
      for (uint32_t i = 0; i < client.count(Side::kOutput); ++i) (void)client.qbuf_output(i, fatal, 1);
      ready = client.file().poll(early ? POLLIN : POLLOUT, 1000);
      (void)client.dqbuf(Side::kOutput);
    }
    ASSERT_EQ(ready, POLLERR) << "early " << early;
    client.file().set_nonblocking(false);
    EXPECT_EQ(client.dqbuf(Side::kOutput).error, -EIO);
    EXPECT_EQ(client.dqbuf(Side::kCapture).error, early ? -EIO : -EINVAL);
    if (!early) {
      EXPECT_EQ(client.qbuf_capture(0), -EIO);
      EXPECT_EQ(client.stream(Side::kCapture, true), -EIO);
    }
    EXPECT_EQ(client.command(V4L2_DEC_CMD_STOP), -EIO);
    EXPECT_EQ(player.source_changes, 0u);
    ASSERT_EQ(client.stream(Side::kOutput, false), 0);
    ASSERT_EQ(client.stream(Side::kCapture, false), 0);
    for (uint32_t i = 0; i < client.count(Side::kOutput); ++i)
      EXPECT_EQ(client.querybuf(Side::kOutput, i).flags & (V4L2_BUF_FLAG_QUEUED | V4L2_BUF_FLAG_DONE), 0u);
  }
}

// vb2_core_dqbuf() looks at the queue's error first: what was done isn't handed out any more.
TEST_P(Decoding, HandsOutNothingAfterAFailure) {
  const auto fatal = device().fatal_chunk();
  if (fatal.empty()) GTEST_SKIP() << "no stream ends a session for good";
  Client client(device());
  Player player(client);
  player.start_output(4);
  const Clip stream = clip(4);
  player.feed(stream);
  ASSERT_TRUE(player.until_source_change());
  player.start_capture();
  ASSERT_TRUE(player.until_fed());
  short ready = 0;
  for (int tries = 0; tries < 2000 && ready != POLLERR; ++tries) {
    for (uint32_t i = 0; i < client.count(Side::kOutput); ++i) (void)client.qbuf_output(i, fatal, 99);
    (void)client.dqbuf(Side::kOutput);  // frames stay done on CAPTURE
    ::poll(nullptr, 0, 1);
    ready = client.file().poll(POLLIN | POLLOUT, 1000);
  }
  EXPECT_EQ(ready, POLLERR);
  EXPECT_EQ(client.dqbuf(Side::kCapture).error, -EIO);
  EXPECT_EQ(client.dqbuf(Side::kOutput).error, -EIO);
}

// The same: STREAMOFF of a queue ends that queue's failure, whichever of them is started first afterwards.
TEST_P(Decoding, StartsAfreshWithCaptureFirst) {
  const auto fatal = device().fatal_chunk();
  if (fatal.empty()) GTEST_SKIP() << "no stream ends a session for good";
  Client client(device());
  Player player(client);
  player.start_output(4);
  player.feed(clip(2));
  ASSERT_TRUE(player.until_source_change());
  player.start_capture();
  player.requeue = false;
  player.feed(fatal);
  ASSERT_TRUE(player.until_fed());
  int error = 0;
  while (error == 0) error = client.await(Side::kCapture).error;
  ASSERT_EQ(error, -EIO);

  ASSERT_EQ(client.stream(Side::kCapture, false), 0);
  EXPECT_EQ(client.command(V4L2_DEC_CMD_STOP), -EIO) << "OUTPUT's failure isn't over";
  ASSERT_EQ(client.stream(Side::kOutput, false), 0);
  EXPECT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  ASSERT_EQ(client.stream(Side::kCapture, true), 0);
  player.requeue = true;
  for (uint32_t i = 0; i < client.count(Side::kCapture); ++i) ASSERT_EQ(client.qbuf_capture(i), 0);
  EXPECT_EQ(client.dqbuf(Side::kCapture).error, -EAGAIN);
  player.forget_input();
  player.frames.clear();
  ASSERT_EQ(client.stream(Side::kOutput, true), 0);
  const Clip again = clip(5);
  player.feed(again);
  ASSERT_TRUE(player.until_fed());
  ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  ASSERT_TRUE(player.until_last());
  EXPECT_EQ(player.frames.size(), again.frames);
}

// The same: a client may have a thread for each queue, so that neither may sleep until the other has done its part.
TEST_P(Decoding, WakesThePollerOfEitherQueueWhenItFailsForGood) {
  const auto fatal = device().fatal_chunk();
  if (fatal.empty()) GTEST_SKIP() << "no stream ends a session for good";
  for (const Side side : {Side::kOutput, Side::kCapture}) {
    const short ready = side == Side::kOutput ? POLLOUT : POLLIN;
    Client client(device());
    Player player(client);
    player.start_output(4);
    player.feed(clip(2));
    ASSERT_TRUE(player.until_source_change());
    player.start_capture();
    player.feed(fatal);
    ASSERT_TRUE(player.until_fed());
    Got got;
    while (got.error == 0) got = client.await(side);
    EXPECT_EQ(got.error, -EIO) << "side " << static_cast<int>(side);
    EXPECT_NE(client.file().poll(ready, 1000) & (ready | POLLERR), 0) << "side " << static_cast<int>(side);
  }
}

}  // namespace
}  // namespace softvpu::conformance
