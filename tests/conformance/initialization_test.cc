// SPDX-License-Identifier: LGPL-2.1-or-later
// From the first bytes of a stream to decoded frames. Clauses: dev-decoder.rst "Initialization", "Capture Setup".
#include <signal.h>
#include <sys/time.h>

#include <cerrno>

#include "tests/conformance/client.h"

namespace softvpu::conformance {
namespace {

SOFTVPU_CONFORMANCE(DecoderInitialization);

// Initialization, step 4, important: queries after the event answer for the stream just parsed.
TEST_P(DecoderInitialization, TellsTheStreamsFormatByAnEvent) {
  Client client(device());
  Player player(client);
  player.start_output(4, {640, 480});  // another size than the stream's
  player.feed(clip(4, {320, 240}));
  ASSERT_TRUE(player.until_source_change());
  const PixFormat capture = client.g_fmt(Side::kCapture);
  EXPECT_EQ(capture.size, (Size{320, 240}));
  EXPECT_EQ(client.g_fmt(Side::kOutput).size, (Size{320, 240}));
  EXPECT_EQ(client.selection(V4L2_SEL_TGT_COMPOSE), (Rect{0, 0, 320, 240}));
  int32_t minimum = 0;
  ASSERT_EQ(client.control(V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, &minimum), 0);
  EXPECT_GE(minimum, 1);
  EXPECT_EQ(player.frames.size(), 0u) << "no frames in this phase";
}

// Initialization, step 1, last item: the event comes even when the client had set the very size.
TEST_P(DecoderInitialization, SendsTheEventEvenWhenNothingDiffers) {
  Client client(device());
  Player player(client);
  player.start_output(4, {320, 240});
  player.feed(clip(4, {320, 240}));
  EXPECT_TRUE(player.until_source_change());
}

// Initialization, step 4, first item: "It is not an error if the first buffer does not contain enough data".
TEST_P(DecoderInitialization, FindsAHeaderThatIsCutIntoPieces) {
  Client client(device());
  Player player(client);
  player.start_output(4);
  const Clip whole = clip(4);
  const auto& first = whole.chunks.front();
  const size_t piece = 3;
  size_t at = 0;
  for (; at < 24 && at < first.size(); at += piece)
    player.feed(std::vector<uint8_t>(first.begin() + static_cast<ptrdiff_t>(at),
                                     first.begin() + static_cast<ptrdiff_t>(std::min(at + piece, first.size()))));
  player.feed(std::vector<uint8_t>(first.begin() + static_cast<ptrdiff_t>(at), first.end()));
  for (size_t i = 1; i < whole.chunks.size(); ++i) player.feed(whole.chunks[i]);
  ASSERT_TRUE(player.until_source_change());
  player.start_capture();
  ASSERT_TRUE(player.until_fed());
  ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  ASSERT_TRUE(player.until_last());
  EXPECT_EQ(player.frames.size(), whole.frames);
}

// ffmpeg asks for the format after its first packet without waiting for the event: the answer is the stream's, as with drivers
// that wait for the header (s5p-mfc).
TEST_P(DecoderInitialization, AnswersForTheStreamRightAfterTheFirstBuffer) {
  Client client(device());
  client.set_coded();
  client.allocate(Side::kOutput, 4);
  const Clip stream = clip(4, {320, 240});
  const Size before = client.g_fmt(Side::kCapture).size;
  ASSERT_EQ(client.qbuf_output(0, stream.chunks[0], 1), 0);
  ASSERT_EQ(client.stream(Side::kOutput, true), 0);
  EXPECT_EQ(client.size_of_stream(before), (Size{320, 240}));
  EXPECT_EQ(client.selection(V4L2_SEL_TGT_CROP), (Rect{0, 0, 320, 240}));
}

// The same for a client that has a timer: its signals are nothing to the question.
TEST_P(DecoderInitialization, AnswersForTheStreamThoughSignalsCome) {
  Client client(device());
  client.set_coded();
  client.allocate(Side::kOutput, 4);
  const Clip stream = clip(4, {320, 240});
  const Size before_size = client.g_fmt(Side::kCapture).size;
  struct sigaction handler {};
  handler.sa_handler = [](int) {};
  handler.sa_flags = SA_RESTART;
  struct sigaction before {};
  ASSERT_EQ(::sigaction(SIGALRM, &handler, &before), 0);
  const itimerval often{{0, 500}, {0, 500}};
  ASSERT_EQ(::setitimer(ITIMER_REAL, &often, nullptr), 0);
  EXPECT_EQ(client.qbuf_output(0, stream.chunks[0], 1), 0);
  EXPECT_EQ(client.stream(Side::kOutput, true), 0);
  const Size size = client.size_of_stream(before_size);
  const itimerval never{};
  ASSERT_EQ(::setitimer(ITIMER_REAL, &never, nullptr), 0);
  ASSERT_EQ(::sigaction(SIGALRM, &before, nullptr), 0);
  EXPECT_EQ(size, (Size{320, 240}));
}

// Initialization, note after step 4: CAPTURE set up before the header, with the stream's own size: no restart is needed, and none
// is asked for (GStreamer would restart, and lose frames).
TEST_P(DecoderInitialization, GoesOnWhenCaptureWasSetUpEarlyForThisStream) {
  Client client(device());
  Player player(client);
  client.set_coded({320, 240});
  player.start_output(4, {320, 240});
  client.allocate(Side::kCapture, 12);
  player.queue_all_capture();
  ASSERT_EQ(client.stream(Side::kCapture, true), 0);
  const Clip stream = clip(6, {320, 240});
  player.feed(stream);
  ASSERT_TRUE(player.until_fed());
  ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  ASSERT_TRUE(player.until_last());
  EXPECT_EQ(player.frames.size(), stream.frames);
  EXPECT_EQ(player.source_changes, 0u);
  EXPECT_EQ(player.lasts, 1u) << "only that of the drain";
}

// … with another size: "a Dynamic Resolution Change will be triggered".
TEST_P(DecoderInitialization, ChangesResolutionWhenCaptureWasSetUpEarlyForAnother) {
  Client client(device());
  Player player(client);
  player.start_output(4, {160, 128});
  client.allocate(Side::kCapture, 12);
  player.queue_all_capture();
  ASSERT_EQ(client.stream(Side::kCapture, true), 0);
  const Clip stream = clip(6, {320, 240});
  player.feed(stream);
  ASSERT_TRUE(player.until_last());
  EXPECT_EQ(player.source_changes, 1u);
  EXPECT_EQ(player.frames.size(), 0u);
  EXPECT_EQ(client.dqbuf(Side::kCapture).error, -EPIPE);
  player.restart_capture();
  ASSERT_TRUE(player.until_fed());
  ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  ASSERT_TRUE(player.until_last());
  EXPECT_EQ(player.frames.size(), stream.frames);
}

// Capture Setup, step 2: which rectangles there are and how they relate.
TEST_P(DecoderInitialization, HasTheSelectionRectanglesOfADecoder) {
  Client client(device());
  Player player(client);
  player.start_output(4);
  player.feed(clip(2, {320, 240}));
  ASSERT_TRUE(player.until_source_change());
  const Rect crop = client.selection(V4L2_SEL_TGT_CROP);
  EXPECT_EQ(crop, client.selection(V4L2_SEL_TGT_CROP_DEFAULT));
  EXPECT_EQ(crop, client.selection(V4L2_SEL_TGT_COMPOSE_BOUNDS));
  EXPECT_EQ(crop, client.selection(V4L2_SEL_TGT_COMPOSE_DEFAULT));
  const Rect compose = client.selection(V4L2_SEL_TGT_COMPOSE);
  EXPECT_EQ(compose, client.selection(V4L2_SEL_TGT_COMPOSE_DEFAULT));
  const Rect coded = client.selection(V4L2_SEL_TGT_CROP_BOUNDS);
  const Rect padded = client.selection(V4L2_SEL_TGT_COMPOSE_PADDED);
  const PixFormat format = client.g_fmt(Side::kCapture);
  for (const Rect& rect : {compose, padded}) {
    EXPECT_LE(rect.width, format.size.width);
    EXPECT_LE(rect.height, format.size.height);
  }
  EXPECT_GE(coded.width, crop.width);
  int error = 0;
  (void)client.selection(V4L2_SEL_TGT_NATIVE_SIZE, &error);
  EXPECT_EQ(error, -EINVAL);
  v4l2_selection output{};
  output.type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
  EXPECT_EQ(client.ioctl(VIDIOC_G_SELECTION, &output), -EINVAL);
}

// Capture Setup, step 5: read-only without a scaler; the rectangle in force is returned. ffmpeg sets CROP with the coded size.
TEST_P(DecoderInitialization, AdjustsSelectionsToTheVisibleRectangle) {
  Client client(device());
  Player player(client);
  player.start_output(4);
  player.feed(clip(2, {320, 240}));
  ASSERT_TRUE(player.until_source_change());
  for (const uint32_t type : {uint32_t{V4L2_BUF_TYPE_VIDEO_CAPTURE}, uint32_t{V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE}})
    for (const uint32_t target : {uint32_t{V4L2_SEL_TGT_CROP}, uint32_t{V4L2_SEL_TGT_COMPOSE}}) {
      v4l2_selection selection{};
      selection.type = type;
      selection.target = target;
      selection.r = {3, 5, 7777, 1};
      ASSERT_EQ(client.ioctl(VIDIOC_S_SELECTION, &selection), 0);
      EXPECT_EQ(selection.type, type) << "both spellings are allowed since 4.13, and kept";
      EXPECT_EQ(selection.r.width, 320u);
      EXPECT_EQ(selection.r.height, 240u);
      selection.flags = V4L2_SEL_FLAG_LE;
      selection.r = {0, 0, 16, 16};
      EXPECT_EQ(client.ioctl(VIDIOC_S_SELECTION, &selection), -ERANGE) << "it can't shrink";
      selection.flags = 0x80;
      EXPECT_EQ(client.ioctl(VIDIOC_S_SELECTION, &selection), -EINVAL);
    }
  v4l2_selection bounds{};
  bounds.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  bounds.target = V4L2_SEL_TGT_CROP_BOUNDS;
  EXPECT_EQ(client.ioctl(VIDIOC_S_SELECTION, &bounds), -EINVAL);
  v4l2_cropcap cap{};
  cap.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  ASSERT_EQ(client.ioctl(VIDIOC_CROPCAP, &cap), 0);
  EXPECT_EQ(cap.defrect.width, 320u);
  EXPECT_EQ(cap.pixelaspect.numerator, 1u);
  EXPECT_EQ(cap.pixelaspect.denominator, 1u);
}

// Capture Setup, step 2; vidioc-cropcap.rst; pixfmt-v4l2.rst and buffer.rst, field: what a stream says of itself besides its
// size.
TEST_P(DecoderInitialization, ReportsPaddingAndFields) {
  const Clip stream = device().odd_clip(6);
  if (stream.chunks.empty()) GTEST_SKIP() << "no such stream";
  Client client(device());
  Player player(client);
  player.start_output(4);
  player.feed(stream);
  ASSERT_TRUE(player.until_source_change());
  EXPECT_EQ(client.selection(V4L2_SEL_TGT_CROP), (Rect{0, 0, 312, 232}));
  const Rect coded = client.selection(V4L2_SEL_TGT_CROP_BOUNDS);
  EXPECT_GE(coded.width, 320u);
  EXPECT_GE(coded.height, 240u);
  EXPECT_EQ(client.selection(V4L2_SEL_TGT_COMPOSE_PADDED), coded) << "whole blocks are written";
  v4l2_selection selection{};
  selection.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  selection.target = V4L2_SEL_TGT_COMPOSE;
  selection.flags = V4L2_SEL_FLAG_LE;
  selection.r = {8, 8, 312, 232};
  EXPECT_EQ(client.ioctl(VIDIOC_S_SELECTION, &selection), -ERANGE) << "as large, but elsewhere";
  v4l2_cropcap cap{};
  cap.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  ASSERT_EQ(client.ioctl(VIDIOC_CROPCAP, &cap), 0);
  EXPECT_EQ(cap.pixelaspect.numerator, cap.pixelaspect.denominator) << "of the node, not of the stream";
  EXPECT_EQ(client.g_fmt(Side::kCapture).field, uint32_t{V4L2_FIELD_INTERLACED});
  player.start_capture();
  ASSERT_TRUE(player.until_fed());
  ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
  ASSERT_TRUE(player.until_last());
  ASSERT_EQ(player.frames.size(), stream.frames);
  for (const Got& frame : player.frames) EXPECT_EQ(frame.field, uint32_t{V4L2_FIELD_INTERLACED});
}

// field-order.rst: drivers "must report the current field order"; v4l2-compliance wants the buffers' to be the format's, of LAST,
// too.
TEST_P(DecoderInitialization, ReportsOneFieldForFormatAndBuffers) {
  for (const Clip& stream : {clip(4), device().odd_clip(4)}) {
    if (stream.chunks.empty()) continue;
    Client client(device());
    Player player(client);
    player.start_output(4);
    player.feed(stream);
    ASSERT_TRUE(player.until_source_change());
    const uint32_t field = client.g_fmt(Side::kCapture).field;
    PixFormat tried = client.g_fmt(Side::kCapture);
    tried.field = V4L2_FIELD_ANY;
    ASSERT_EQ(client.try_fmt(Side::kCapture, &tried), 0);
    EXPECT_EQ(tried.field, field);
    EXPECT_EQ(client.g_fmt(Side::kOutput).field, uint32_t{V4L2_FIELD_NONE});
    player.start_capture();
    ASSERT_TRUE(player.until_fed());
    ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
    ASSERT_TRUE(player.until_last());
    ASSERT_EQ(player.frames.size(), stream.frames);
    for (const Got& frame : player.frames) EXPECT_EQ(frame.field, field);
    EXPECT_EQ(player.last.field, field);
  }
}

// vidioc-reqbufs.rst: "A larger number is also possible when the driver requires more buffers to function correctly."
TEST_P(DecoderInitialization, GivesCaptureTheBuffersThatTheStreamNeeds) {
  Client client(device());
  Player player(client);
  player.start_output(4);
  player.feed(clip(2));
  ASSERT_TRUE(player.until_source_change());
  int32_t least = 0;
  ASSERT_EQ(client.control(V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, &least), 0);
  ASSERT_GT(least, 1);
  uint32_t count = 1;
  ASSERT_EQ(client.reqbufs(Side::kCapture, &count), 0);
  EXPECT_GE(count, static_cast<uint32_t>(least));
}

// Capture Setup, step 4: another raw format is chosen, and the frames come in it; who chooses none gets the first
// (docs/adr/0009).
TEST_P(DecoderInitialization, DecodesIntoTheRawFormatThatTheClientChose) {
  v4l2_fmtdesc offered{};
  for (;; ++offered.index) {
    Client client(device());
    Player player(client);
    player.start_output(4);
    offered.type = client.type(Side::kCapture);
    if (client.ioctl(VIDIOC_ENUM_FMT, &offered) != 0) break;
    const Clip stream = clip(4);
    player.feed(stream);
    ASSERT_TRUE(player.until_source_change());
    PixFormat format = client.g_fmt(Side::kCapture);
    if (offered.index == 0) {
      EXPECT_EQ(static_cast<uint32_t>(format.pixelformat), offered.pixelformat);
    } else {
      format.pixelformat = static_cast<FourCC>(offered.pixelformat);
      ASSERT_EQ(client.s_fmt(Side::kCapture, &format), 0);
      ASSERT_EQ(static_cast<uint32_t>(format.pixelformat), offered.pixelformat);
    }
    player.start_capture();
    ASSERT_TRUE(player.until_fed());
    ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
    ASSERT_TRUE(player.until_last());
    ASSERT_EQ(player.frames.size(), stream.frames);
    EXPECT_EQ(player.frames[0].bytesused, format.planes[0].sizeimage);
    EXPECT_EQ(static_cast<uint32_t>(client.g_fmt(Side::kCapture).pixelformat), offered.pixelformat);
  }
  EXPECT_GE(offered.index, 2u);
}

// Initialization, step 4: OUTPUT buffers are returned in order; the one that holds the first frame only after Capture Setup.
TEST_P(DecoderInitialization, ReturnsOutputBuffersInOrder) {
  Client client(device());
  Player player(client);
  player.start_output(8);
  const Clip stream = clip(8);
  player.feed(stream);
  ASSERT_TRUE(player.until_source_change());
  player.start_capture();
  ASSERT_TRUE(player.until([&] { return player.inputs.size() == stream.frames; }));
  for (size_t i = 0; i < player.inputs.size(); ++i) {
    EXPECT_EQ(player.inputs[i].timestamp, i + 1);
    EXPECT_EQ(player.inputs[i].sequence, i);
    EXPECT_EQ(player.inputs[i].flags & V4L2_BUF_FLAG_ERROR, 0u);
  }
}

}  // namespace
}  // namespace softvpu::conformance
