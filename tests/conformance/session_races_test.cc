// SPDX-License-Identifier: LGPL-2.1-or-later
// What a session may say at awkward moments, and what one must not get away with. In-process only, on a scripted session: the
// test decides the order of everything. Clauses: session.h (the contract), dev-decoder.rst.
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "tests/conformance/client.h"
#include "tests/conformance/scripted_device.h"

namespace softvpu::conformance {
namespace {

using codec::DoneStatus;
using codec::FrameType;

constexpr Size kSize{320, 240};

class AScriptedSession : public testing::Test {
 protected:
  // OUTPUT streams with `queued` buffers.
  void stream_output(uint32_t queued = 2) {
    client_.set_coded(kSize);
    ASSERT_EQ(client_.subscribe(V4L2_EVENT_SOURCE_CHANGE), 0);
    ASSERT_EQ(client_.subscribe(V4L2_EVENT_EOS), 0);
    client_.allocate(Side::kOutput, 4);
    for (uint32_t i = 0; i < queued; ++i) ASSERT_EQ(client_.qbuf_output(i, chunk_, i + 1), 0);
    ASSERT_EQ(client_.stream(Side::kOutput, true), 0);
  }
  void stream_capture(uint32_t buffers = 4) {
    client_.allocate(Side::kCapture, buffers);
    for (uint32_t i = 0; i < buffers; ++i) ASSERT_EQ(client_.qbuf_capture(i), 0);
    ASSERT_EQ(client_.stream(Side::kCapture, true), 0);
  }
  void decode() {
    stream_output();
    script().announce(codec::plain_stream(kSize), true);
    stream_capture();
    ASSERT_EQ(script().count("resume"), 1u);
    ASSERT_EQ(script().outputs.size(), 4u);
  }
  uint32_t event() {
    v4l2_event event{};
    return client_.dqevent(&event) == 0 ? event.type : 0;
  }
  codec::Script& script() { return device_.driver.script(); }

  const std::vector<uint8_t> chunk_ = std::vector<uint8_t>(64, 1);
  ScriptedDevice device_;
  Client client_{device_};
};

// DESIGN: lazy. Nothing is opened before streaming starts, and it gets what the client has set.
TEST_F(AScriptedSession, IsOpenedWhenOutputStreams) {
  client_.set_coded(kSize);
  client_.allocate(Side::kOutput, 2);
  EXPECT_TRUE(device_.driver.scripts().empty());
  ASSERT_EQ(client_.stream(Side::kOutput, true), 0);
  ASSERT_EQ(device_.driver.scripts().size(), 1u);
  EXPECT_TRUE(script().started);
  EXPECT_EQ(script().config.coded, kH264);
  EXPECT_EQ(script().config.size_hint, kSize);
}

// vidioc-streamon.rst: when STREAMON fails, queued buffers stay queued; the next attempt may work.
TEST_F(AScriptedSession, ThatCannotBeOpenedFailsStreamon) {
  client_.set_coded(kSize);
  client_.allocate(Side::kOutput, 2);
  ASSERT_EQ(client_.qbuf_output(0, chunk_), 0);
  device_.driver.refuse_sessions(EIO);
  EXPECT_EQ(client_.stream(Side::kOutput, true), -EIO);
  EXPECT_NE(client_.querybuf(Side::kOutput, 0).flags & V4L2_BUF_FLAG_QUEUED, 0u);
  EXPECT_EQ(client_.file().poll(POLLOUT, 0), POLLERR);
  device_.driver.refuse_sessions(0);
  EXPECT_EQ(client_.stream(Side::kOutput, true), 0);
  EXPECT_EQ(script().inputs.size(), 1u);
}

// Initialization: no CAPTURE buffer goes down before the stream is known and CAPTURE set up for it.
TEST_F(AScriptedSession, GetsNoOutputsBeforeTheHeader) {
  stream_output();
  stream_capture();
  EXPECT_TRUE(script().outputs.empty());
  script().announce(codec::plain_stream({640, 480}), true);
  EXPECT_TRUE(script().outputs.empty());
  EXPECT_EQ(script().count("resume"), 0u);
  EXPECT_TRUE(client_.dqbuf(Side::kCapture).last());
}

// Each buffer's memory is made known once, and forgotten when it is freed.
TEST_F(AScriptedSession, LearnsOfEachBufferOnce) {
  decode();
  EXPECT_EQ(script().mapped, 6u);
  script().deliver(1);
  const Got got = client_.dqbuf(Side::kCapture);
  ASSERT_EQ(got.error, 0);
  ASSERT_EQ(client_.qbuf_capture(got.index), 0);
  EXPECT_EQ(script().mapped, 6u);
  EXPECT_EQ(script().count("layout 320x240"), 1u);
  ASSERT_EQ(client_.stream(Side::kCapture, false), 0);
  client_.free(Side::kCapture);
  EXPECT_EQ(script().mapped, 2u);
}

// vidioc-streamon.rst: STREAMOFF finishes "any DMA in progress": the memory is the client's only
// after the session has released it.
TEST(AScriptedSessionThatIsSlow, HoldsStreamoffUntilItHasLetGo) {
  ScriptedDevice device(std::chrono::seconds(30));
  Client client(device);
  client.set_coded(kSize);
  client.allocate(Side::kOutput, 2);
  ASSERT_EQ(client.qbuf_output(0, std::vector<uint8_t>(64, 1), 1), 0);
  ASSERT_EQ(client.stream(Side::kOutput, true), 0);
  std::atomic<bool> back{false};
  std::thread stopper([&] {
    EXPECT_EQ(client.stream(Side::kOutput, false), 0);
    back = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_FALSE(back);
  EXPECT_EQ(client.querybuf(Side::kOutput, 0).flags & V4L2_BUF_FLAG_QUEUED,
            0u);  // takes the file's lock: it isn't held meanwhile
  device.driver.script().settle();
  stopper.join();
  ASSERT_EQ(client.stream(Side::kOutput, true), 0);
  ASSERT_EQ(client.qbuf_output(0, std::vector<uint8_t>(64, 1), 1), 0);
  std::thread again([&] { EXPECT_EQ(client.stream(Side::kOutput, false), 0); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  (void)client.querybuf(Side::kOutput, 0);
  device.driver.script().fail(EIO, "as the script wants it");  // a failure ends the wait, too
  again.join();
}

// The same, when it never does: STREAMOFF succeeds, and there is no session any more that could touch the memory.
TEST(AScriptedSessionThatHangs, HasFailedWhenStreamoffReturns) {
  for (const Side side : {Side::kOutput, Side::kCapture}) {
    const Side other = side == Side::kOutput ? Side::kCapture : Side::kOutput;
    ScriptedDevice device(std::chrono::milliseconds(100));
    Client client(device);
    client.set_coded(kSize);
    client.allocate(Side::kOutput, 2);
    ASSERT_EQ(client.qbuf_output(0, std::vector<uint8_t>(64, 1), 1), 0);
    ASSERT_EQ(client.stream(Side::kOutput, true), 0);
    device.driver.script().announce(codec::plain_stream(kSize), true);
    client.allocate(Side::kCapture, 2);
    ASSERT_EQ(client.qbuf_capture(0), 0);
    ASSERT_EQ(client.stream(Side::kCapture, true), 0);
    ASSERT_EQ(client.stream(side, false), 0);
    EXPECT_FALSE(device.driver.script().open) << "the session lives";
    EXPECT_EQ(client.dqbuf(other).error, -EIO);
    ASSERT_EQ(client.stream(other, false), 0);
    ASSERT_EQ(client.stream(Side::kOutput, true), 0);
    EXPECT_EQ(device.driver.scripts().size(), 2u) << "no fresh session";
    device.driver.script().settle();
  }
}

// Contract, 5: answers to buffers from before STREAMOFF mean nothing to those queued since, though the indices are the same.
TEST_F(AScriptedSession, MayAnswerBuffersThatAreTheClientsAgain) {
  decode();
  ASSERT_EQ(client_.stream(Side::kCapture, false), 0);
  for (uint32_t i = 0; i < 4; ++i) ASSERT_EQ(client_.qbuf_capture(i), 0);
  ASSERT_EQ(client_.stream(Side::kCapture, true), 0);
  EXPECT_EQ(script().outputs.size(), 4u);
  script().settle();  // the four from before
  EXPECT_EQ(client_.dqbuf(Side::kCapture).error, -EAGAIN);
  for (uint32_t i = 0; i < 4; ++i) EXPECT_NE(client_.querybuf(Side::kCapture, i).flags & V4L2_BUF_FLAG_QUEUED, 0u);
  script().deliver(1);
  EXPECT_TRUE(client_.dqbuf(Side::kCapture).frame());
}

// The same for inputs, with a seek.
TEST_F(AScriptedSession, MayAnswerInputsFromBeforeASeek) {
  decode();
  ASSERT_EQ(client_.stream(Side::kOutput, false), 0);
  ASSERT_EQ(client_.qbuf_output(0, chunk_, 9), 0);
  ASSERT_EQ(client_.stream(Side::kOutput, true), 0);
  script().settle();
  EXPECT_EQ(client_.dqbuf(Side::kOutput).error, -EAGAIN);
  script().finish_input();
  const Got got = client_.dqbuf(Side::kOutput);
  EXPECT_EQ(got.error, 0);
  EXPECT_EQ(got.timestamp, 9u);
}

// Seek: a frame from before it may still come, with its own timestamp.
TEST_F(AScriptedSession, MayDeliverAFrameFromBeforeASeek) {
  decode();
  const uint64_t old_tag = static_cast<uint64_t>(script().inputs.front().tag);
  ASSERT_EQ(client_.stream(Side::kOutput, false), 0);
  ASSERT_EQ(client_.stream(Side::kOutput, true), 0);
  script().deliver(old_tag);
  EXPECT_EQ(client_.dqbuf(Side::kCapture).timestamp, 1u);
}

// Decoding, on errors: what a drain lost without a buffer of its own to report it is reported by
// LAST, once.
TEST_F(AScriptedSession, FlagsLastWhenTheEndOfTheStreamWasLost) {
  decode();
  for (const DoneStatus status : {DoneStatus::kError, DoneStatus::kOk}) {
    ASSERT_EQ(client_.command(V4L2_DEC_CMD_STOP), 0);
    script().say_drained(status);
    script().settle();
    const Got last = client_.dqbuf(Side::kCapture);
    EXPECT_TRUE(last.last());
    EXPECT_EQ(last.bytesused, 0u);
    EXPECT_EQ((last.flags & V4L2_BUF_FLAG_ERROR) != 0, status == DoneStatus::kError);
    ASSERT_EQ(client_.command(V4L2_DEC_CMD_START), 0);
  }
}

// Contract, 4: drained() of a drain that STREAMOFF(OUTPUT) aborted, on its way while the next drain is begun.
TEST_F(AScriptedSession, MaySayDrainedLateWithoutEndingTheNextDrain) {
  decode();
  script().finish_inputs();
  ASSERT_EQ(client_.command(V4L2_DEC_CMD_STOP), 0);
  ASSERT_EQ(client_.stream(Side::kOutput, false), 0);
  ASSERT_EQ(client_.stream(Side::kOutput, true), 0);
  while (client_.dqbuf(Side::kOutput).error == 0) {
  }
  script().say_drained();  // it crossed the flush
  EXPECT_EQ(script().count("resume"), 2u);
  script().settle();
  while (event() != 0) {
  }
  EXPECT_EQ(client_.dqbuf(Side::kCapture).error, -EAGAIN) << "STREAMON(OUTPUT) ended the stop before a buffer for LAST was there";
  EXPECT_EQ(script().outputs.size(), 4u) << "what came back for it is lent again";
  ASSERT_EQ(client_.command(V4L2_DEC_CMD_STOP), 0);
  EXPECT_EQ(script().count("drain"), 2u);
  EXPECT_EQ(event(), 0u);
  script().say_drained();
  EXPECT_EQ(event(), uint32_t{V4L2_EVENT_EOS});
  script().settle();
  EXPECT_TRUE(client_.dqbuf(Side::kCapture).last());
}

// Drain: the LAST buffer is one the session gives back; when that crosses the next QBUF, only one is LAST.
TEST_F(AScriptedSession, GivesBackOneOutputForLast) {
  decode();
  script().finish_inputs();
  ASSERT_EQ(client_.command(V4L2_DEC_CMD_STOP), 0);
  script().deliver(1);
  script().say_drained();
  EXPECT_EQ(script().returns_asked, 1u);
  const Got frame = client_.dqbuf(Side::kCapture);
  EXPECT_TRUE(frame.frame());
  EXPECT_FALSE(frame.last());
  EXPECT_EQ(client_.dqbuf(Side::kCapture).error, -EAGAIN);
  ASSERT_EQ(client_.qbuf_capture(frame.index), 0);  // LAST is this one now
  script().settle();                                // and one comes back all the same
  EXPECT_TRUE(client_.dqbuf(Side::kCapture).last());
  EXPECT_EQ(client_.dqbuf(Side::kCapture).error, -EPIPE);
  ASSERT_EQ(client_.command(V4L2_DEC_CMD_START), 0);
  EXPECT_EQ(script().outputs.size(), 3u) << "what came back is lent again";
}

// A LAST that is dequeued after START doesn't stop the client again.
TEST_F(AScriptedSession, ForgetsALastThatWasOvertakenByStart) {
  decode();
  ASSERT_EQ(client_.command(V4L2_DEC_CMD_STOP), 0);
  script().say_drained();
  script().settle();
  ASSERT_EQ(client_.command(V4L2_DEC_CMD_START), 0);
  EXPECT_TRUE(client_.dqbuf(Side::kCapture).last());
  EXPECT_EQ(client_.dqbuf(Side::kCapture).error, -EAGAIN);
  script().deliver(1);
  EXPECT_TRUE(client_.dqbuf(Side::kCapture).frame());
}

// Queries wait for the header while inputs may bring it, and no longer.
TEST_F(AScriptedSession, LetsQueriesWaitForItsHeader) {
  stream_output();
  std::thread lower_half([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    script().announce(codec::plain_stream({640, 480}), true);
  });
  EXPECT_EQ(client_.g_fmt(Side::kCapture).size, (Size{640, 480}));
  lower_half.join();
}

TEST_F(AScriptedSession, EndsTheWaitWhenTheInputsHeldNoHeader) {
  stream_output();
  std::thread lower_half([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    script().finish_inputs();
  });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(client_.g_fmt(Side::kCapture).size, kSize) << "the placeholder";
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(900));
  lower_half.join();
}

TEST_F(AScriptedSession, KeepsQueriesWaitingForASecondAtMost) {
  stream_output();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(client_.g_fmt(Side::kCapture).size, kSize);
  const auto waited = std::chrono::steady_clock::now() - begin;
  EXPECT_GT(waited, std::chrono::milliseconds(800));
  EXPECT_LT(waited, std::chrono::milliseconds(5000));
}

// Decoding, last paragraph, between STREAMOFF and STREAMON of OUTPUT.
TEST_F(AScriptedSession, MayFailWhileOutputIsOff) {
  decode();
  ASSERT_EQ(client_.stream(Side::kOutput, false), 0);
  script().fail(EIO, "died");
  EXPECT_EQ(client_.dqbuf(Side::kCapture).error, -EIO);
  ASSERT_EQ(client_.stream(Side::kOutput, true), 0);
  EXPECT_EQ(device_.driver.scripts().size(), 2u);
  EXPECT_EQ(client_.dqbuf(Side::kCapture).error, -EIO) << "each queue has its own end of the error";
  ASSERT_EQ(client_.stream(Side::kCapture, false), 0);
}

// A LAST that was asked of the session, when REQBUFS(OUTPUT, 0) ends it before it has answered: it comes from the buffers that
// are queued; nobody queues another. The same for the LAST of a change that crossed STREAMOFF(OUTPUT).
TEST_F(AScriptedSession, LeavesTheLastThatItOwesToTheFile) {
  for (const bool change : {false, true}) {
    decode();
    EXPECT_EQ(event(), uint32_t{V4L2_EVENT_SOURCE_CHANGE});
    if (change) {
      ASSERT_EQ(client_.stream(Side::kOutput, false), 0);
      script().announce(codec::plain_stream({160, 128}), false);
      EXPECT_EQ(event(), uint32_t{V4L2_EVENT_SOURCE_CHANGE});
    } else {
      ASSERT_EQ(client_.command(V4L2_DEC_CMD_STOP), 0);
      ASSERT_EQ(client_.stream(Side::kOutput, false), 0);
      EXPECT_EQ(event(), uint32_t{V4L2_EVENT_EOS});
    }
    EXPECT_EQ(script().returns_asked, 1u);
    EXPECT_EQ(client_.dqbuf(Side::kCapture).error, -EAGAIN);
    client_.free(Side::kOutput);
    EXPECT_TRUE(client_.dqbuf(Side::kCapture).last()) << "change " << change;
    EXPECT_EQ(client_.dqbuf(Side::kCapture).error, -EPIPE);
    ASSERT_EQ(client_.stream(Side::kCapture, false), 0);
    client_.free(Side::kCapture);
  }
}

// A change that is held back for the frames before it, during a drain: its LAST is the one that the
// client waits for.
TEST_F(AScriptedSession, LeavesTheLastOfAHeldChangeToTheFile) {
  decode();
  script().finish_inputs();
  script().deliver(1);
  ASSERT_EQ(client_.command(V4L2_DEC_CMD_STOP), 0);
  script().announce(codec::plain_stream({160, 128}), false);
  EXPECT_EQ(event(), uint32_t{V4L2_EVENT_SOURCE_CHANGE});
  EXPECT_EQ(event(), 0u) << "the frame comes first";
  ASSERT_EQ(client_.stream(Side::kOutput, false), 0);
  client_.free(Side::kOutput);
  EXPECT_TRUE(client_.dqbuf(Side::kCapture).frame());
  EXPECT_TRUE(client_.dqbuf(Side::kCapture).last());
  EXPECT_EQ(client_.dqbuf(Side::kCapture).error, -EPIPE);
}

// A call that fails ends the session; but its buffers stay with it until it says that it touches them no more.
TEST_F(AScriptedSession, IsGivenUpForTheErrorOfACall) {
  decode();
  script().answer = ENOMEM;
  ASSERT_EQ(client_.qbuf_output(2, chunk_), 0);
  EXPECT_EQ(script().count("give_up"), 1u);
  EXPECT_EQ(script().given_up, "scripted");
  EXPECT_EQ(client_.dqbuf(Side::kOutput).error, -EAGAIN) << "the codec may still read them";
  EXPECT_EQ(client_.dqbuf(Side::kCapture).error, -EAGAIN) << "the codec may still write them";
  script().fail(EIO, script().given_up);
  EXPECT_EQ(client_.dqbuf(Side::kOutput).error, -EIO);
  EXPECT_FALSE(script().open);
  script().fail(EIO, "late");  // of a session that is gone: nobody hears it
}

TEST_F(AScriptedSession, OutlivesItsOwnFailureUntilAClientCalls) {
  decode();
  script().fail(EIO, "died");
  EXPECT_TRUE(script().open);
  (void)client_.dqbuf(Side::kCapture);
  EXPECT_FALSE(script().open);
}

// "A stream that isn't what was announced ends in an error, never in silence": no raw format holds it.
TEST_F(AScriptedSession, FailsWhenTheStreamFitsNoRawFormat) {
  stream_output();
  auto stream = codec::plain_stream(kSize);
  stream.native = FourCC::kNone;
  stream.bit_depth = 10;
  script().announce(stream, true);
  ASSERT_EQ(script().count("give_up"), 1u);
  script().fail(EIO, script().given_up);
  EXPECT_EQ(client_.dqbuf(Side::kOutput).error, -EIO);
}

// A lower half that lies: cookies nobody gave, answers twice, more bytes than there are, tags from nowhere.
TEST_F(AScriptedSession, GetsNowhereWithLies) {
  decode();
  const auto to = script().events.lock();
  ASSERT_NE(to, nullptr);
  to->input_done(codec::Cookie{0}, DoneStatus::kOk);
  to->input_done(codec::Cookie{~uint64_t{0}}, DoneStatus::kError);
  to->output_done({.cookie = codec::Cookie{12345}});
  EXPECT_EQ(client_.dqbuf(Side::kOutput).error, -EAGAIN);
  EXPECT_EQ(client_.dqbuf(Side::kCapture).error, -EAGAIN);
  const auto first = script().outputs.front();
  codec::OutputDone lie{.cookie = first.cookie, .tag = codec::Tag{~uint64_t{0}}, .has_tag = true};
  lie.bytes_used[0] = UINT32_MAX;
  to->output_done(lie);
  to->output_done(lie);
  const Got got = client_.dqbuf(Side::kCapture);
  EXPECT_NE(got.flags & V4L2_BUF_FLAG_ERROR, 0u);
  EXPECT_LE(got.bytesused, client_.g_fmt(Side::kCapture).planes[0].sizeimage);
  EXPECT_EQ(got.timestamp, 0u);
  EXPECT_EQ(client_.dqbuf(Side::kCapture).error, -EAGAIN) << "the second answer counts for nothing";
  to->flushed(codec::Direction::kInput, 99);
  to->drained(DoneStatus::kOk);  // nobody asked
  EXPECT_EQ(event(), uint32_t{V4L2_EVENT_SOURCE_CHANGE});
  EXPECT_EQ(event(), 0u);
  script().deliver(1);
}

// Frames and their kinds.
TEST_F(AScriptedSession, HasItsFramesMarked) {
  decode();
  script().deliver(1, FrameType::kKey);
  script().deliver(2, FrameType::kB, DoneStatus::kError);
  const Got key = client_.dqbuf(Side::kCapture);
  EXPECT_EQ(key.flags & (V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_ERROR), uint32_t{V4L2_BUF_FLAG_KEYFRAME});
  const Got damaged = client_.dqbuf(Side::kCapture);
  EXPECT_NE(damaged.flags & V4L2_BUF_FLAG_BFRAME, 0u);
  EXPECT_NE(damaged.flags & V4L2_BUF_FLAG_ERROR, 0u);
  EXPECT_GT(damaged.bytesused, 0u);
}

// Decoding -> Stopped -> another raw format -> Decoding: the new layout is sent before the first new buffer.
TEST_F(AScriptedSession, IsToldTheLayoutAgainWhenCaptureChanges) {
  decode();
  ASSERT_EQ(client_.stream(Side::kCapture, false), 0);
  client_.free(Side::kCapture);
  PixFormat format = client_.g_fmt(Side::kCapture);
  format.pixelformat = kNv12;
  ASSERT_EQ(client_.s_fmt(Side::kCapture, &format), 0);
  stream_capture();
  ASSERT_TRUE(script().layout);
  EXPECT_EQ(script().layout->fourcc, kNv12);
  EXPECT_EQ(script().outputs.size(), 4u);
  EXPECT_EQ(script().count("resume"), 1u) << "it wasn't paused";
}

// Capture Setup, step 6: after START the same buffers hold frames of the new layout, so the session
// must have them again.
TEST_F(AScriptedSession, GetsItsOutputsAgainWithTheNewLayout) {
  decode();
  script().announce(codec::plain_stream({160, 128}), false);
  script().settle();  // LAST
  EXPECT_TRUE(client_.dqbuf(Side::kCapture).last());
  EXPECT_EQ(script().outputs.size(), 3u);
  ASSERT_EQ(client_.command(V4L2_DEC_CMD_START), 0);
  const std::vector<std::string> tail(script().calls.end() - 6, script().calls.end());
  EXPECT_EQ(tail, (std::vector<std::string>{"flush output", "layout 160x128", "queue_output 1", "queue_output 2",
                                            "queue_output 3", "resume"}));
  script().settle();
  EXPECT_EQ(client_.dqbuf(Side::kCapture).error, -EAGAIN);
  script().deliver(1);
  EXPECT_EQ(client_.dqbuf(Side::kCapture).bytesused, client_.g_fmt(Side::kCapture).planes[0].sizeimage);
}

// func-close.rst: close ends the session and wakes whoever sleeps in the file.
TEST_F(AScriptedSession, EndsWithTheFile) {
  decode();
  client_.close();
  EXPECT_FALSE(script().open);
  EXPECT_TRUE(script().events.expired());
}

TEST(AClosedFile, AnswersEnodevAndWakesItsSleepers) {
  codec::ScriptedDriver driver;
  const auto device = v4l2::make_codec_device({}, driver);
  const auto file = *device->open();
  std::atomic<int> result{1};
  std::thread sleeper([&] {
    v4l2_event event{};
    result = file->ioctl(VIDIOC_DQEVENT, &event, false);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  file->release();
  sleeper.join();
  EXPECT_EQ(result, -ENODEV);
  v4l2_capability cap{};
  EXPECT_EQ(file->ioctl(VIDIOC_QUERYCAP, &cap, true), -ENODEV);
  EXPECT_FALSE(file->mmap(nullptr, 4096, 3, 1, 0));
  file->release();  // idempotent
}

// ffmpeg's drain polls again at once, for ever, where poll reports POLLERR, and calls nothing else; it ends where DQBUF returns
// EIO.
TEST(AFailedFile, TellsAClientThatOnlyPollsToDequeue) {
  codec::ScriptedDriver driver;
  const auto device = v4l2::make_codec_device({.node = {.multiplanar = false}}, driver);
  const auto file = *device->open();
  v4l2_requestbuffers request{.count = 2, .type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .memory = V4L2_MEMORY_MMAP};
  ASSERT_EQ(file->ioctl(VIDIOC_REQBUFS, &request, true), 0);
  int type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
  ASSERT_EQ(file->ioctl(VIDIOC_STREAMON, &type, true), 0);
  driver.script().fail(EIO, "died");
  // As the kernel module counts: who isn't told of the error, because it asks for events alone, has no part in it.
  for (int i = 0; i < 5000; ++i) ASSERT_TRUE(file->levels().error) << i;
  int polls = 0;
  for (; file->levels().error && polls < 10000; ++polls) file->error_reported();
  EXPECT_EQ(polls, 1000);
  EXPECT_TRUE(file->levels().out);
  EXPECT_FALSE(file->levels().in) << "CAPTURE doesn't stream";
  v4l2_buffer buffer{.type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .memory = V4L2_MEMORY_MMAP};
  EXPECT_EQ(file->ioctl(VIDIOC_DQBUF, &buffer, false), -EIO);
  ASSERT_EQ(file->ioctl(VIDIOC_STREAMOFF, &type, true), 0);
  EXPECT_TRUE(file->levels().error) << "nothing streams";
}

// fork(2): the child's copy of a file with a session is dead, one without goes on, and the parent's session doesn't notice.
TEST(AForkedFile, LeavesTheSessionToTheParent) {
  codec::ScriptedDriver driver;
  const auto device = v4l2::make_codec_device({.node = {.multiplanar = false}}, driver);
  const auto streaming = *device->open();
  const auto idle = *device->open();
  v4l2_requestbuffers request{.count = 2, .type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .memory = V4L2_MEMORY_MMAP};
  ASSERT_EQ(streaming->ioctl(VIDIOC_REQBUFS, &request, true), 0);
  int type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
  ASSERT_EQ(streaming->ioctl(VIDIOC_STREAMON, &type, true), 0);
  for (const auto& file : {streaming, idle}) file->before_fork();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  for (const auto& file : {streaming, idle}) file->after_fork(child == 0);
  v4l2_capability cap{};
  if (child == 0) {
    const bool right = streaming->ioctl(VIDIOC_QUERYCAP, &cap, true) == -ENODEV && idle->ioctl(VIDIOC_QUERYCAP, &cap, true) == 0;
    streaming->release();
    ::_exit(right && driver.script().open ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(streaming->ioctl(VIDIOC_QUERYCAP, &cap, true), 0);
  EXPECT_TRUE(driver.script().open);
  streaming->release();
  EXPECT_FALSE(driver.script().open);
}

TEST(ADeviceWithoutCodecs, CantBeOpened) {
  codec::ScriptedDriver driver(codec::Capabilities{});
  const auto device = v4l2::make_codec_device({}, driver);
  const auto file = device->open();
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, EIO);
  EXPECT_FALSE(file.error().reason.empty());
}

}  // namespace
}  // namespace softvpu::conformance
