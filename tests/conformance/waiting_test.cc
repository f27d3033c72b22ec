// SPDX-License-Identifier: LGPL-2.1-or-later
// poll(2), blocking calls and what ends them, events, and several clients at once. Clauses: func-poll.rst, vidioc-qbuf.rst,
// vidioc-dqevent.rst, vidioc-subscribe-event.rst, func-close.rst; poll as v4l2_m2m_poll().
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "tests/conformance/client.h"

namespace softvpu::conformance {
namespace {

SOFTVPU_CONFORMANCE(AWaitingClient);

constexpr short kAll = POLLIN | POLLOUT | POLLPRI;

// func-poll.rst: POLLERR before STREAMON, and for a streaming queue nothing was queued to.
TEST_P(AWaitingClient, IsToldWhenNothingCanHappen) {
  Client client(device());
  EXPECT_EQ(client.file().poll(kAll, 0), POLLERR);
  client.set_coded({320, 240});
  client.allocate(Side::kOutput, 2);
  EXPECT_EQ(client.file().poll(kAll, 0), POLLERR);
  ASSERT_EQ(client.stream(Side::kOutput, true), 0);
  EXPECT_EQ(client.file().poll(kAll, 0), POLLERR) << "nothing is queued";
  ASSERT_EQ(client.qbuf_output(0, std::vector<uint8_t>(8, 0)), 0);
  const short ready = client.file().poll(POLLOUT, 5000);
  EXPECT_EQ(ready, POLLOUT) << "eight bytes that begin nothing are consumed";
  EXPECT_EQ(client.dqbuf(Side::kOutput).error, 0);
  EXPECT_EQ(client.file().poll(kAll, 0), POLLERR);
  client.allocate(Side::kCapture, 2);
  ASSERT_EQ(client.stream(Side::kCapture, true), 0);
  EXPECT_EQ(client.file().poll(kAll, 0), POLLERR);
  ASSERT_EQ(client.qbuf_capture(0), 0);
  EXPECT_EQ(client.file().poll(kAll, 50), 0) << "one queue with a queued buffer is enough to wait for";
}

// func-poll.rst: POLLPRI while an event is pending, and only then.
TEST_P(AWaitingClient, SeesEventsByPollpri) {
  Client client(device());
  Player player(client);
  player.start_output();
  const Clip stream = clip(2);
  ASSERT_EQ(client.qbuf_output(0, stream.chunks[0]), 0);
  ASSERT_EQ(client.file().poll(POLLPRI, 5000) & POLLPRI, POLLPRI);
  v4l2_event event{};
  ASSERT_EQ(client.dqevent(&event), 0);
  EXPECT_EQ(event.type, uint32_t{V4L2_EVENT_SOURCE_CHANGE});
  EXPECT_EQ(event.u.src_change.changes, uint32_t{V4L2_EVENT_SRC_CH_RESOLUTION});
  EXPECT_EQ(event.pending, 0u);
  EXPECT_GT(event.timestamp.tv_sec, 0);
  EXPECT_EQ(client.file().poll(POLLPRI, 0) & POLLPRI, 0);
  EXPECT_EQ(client.dqevent(&event), -ENOENT);
}

// vidioc-subscribe-event.rst: unknown events are refused; SEND_INITIAL tells a control's value; V4L2_EVENT_ALL ends all.
TEST_P(AWaitingClient, SubscribesToWhatADecoderHas) {
  Client client(device());
  EXPECT_EQ(client.subscribe(V4L2_EVENT_VSYNC), -EINVAL);
  EXPECT_EQ(client.subscribe(V4L2_EVENT_ALL), -EINVAL);
  EXPECT_EQ(client.subscribe(V4L2_EVENT_CTRL, 0x123), -EINVAL);
  EXPECT_EQ(client.subscribe(V4L2_EVENT_EOS), 0);
  EXPECT_EQ(client.subscribe(V4L2_EVENT_EOS), 0) << "twice is no error";
  ASSERT_EQ(client.subscribe(V4L2_EVENT_CTRL, V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, V4L2_EVENT_SUB_FL_SEND_INITIAL), 0);
  EXPECT_EQ(client.file().poll(POLLPRI, 1000) & POLLPRI, POLLPRI);
  v4l2_event event{};
  ASSERT_EQ(client.dqevent(&event), 0);
  EXPECT_EQ(event.type, uint32_t{V4L2_EVENT_CTRL});
  EXPECT_EQ(event.id, uint32_t{V4L2_CID_MIN_BUFFERS_FOR_CAPTURE});
  EXPECT_GE(event.u.ctrl.value, 1);
  ASSERT_EQ(client.subscribe(V4L2_EVENT_CTRL, V4L2_CID_USER_CLASS, V4L2_EVENT_SUB_FL_SEND_INITIAL), 0);
  EXPECT_EQ(client.dqevent(&event), -ENOENT) << "a class has no value";
  v4l2_event_subscription all{};
  all.type = V4L2_EVENT_ALL;
  EXPECT_EQ(client.ioctl(VIDIOC_UNSUBSCRIBE_EVENT, &all), 0);
}

// Runs `body` in a thread while this one does `meanwhile` once the other surely sleeps.
template <typename Body, typename Meanwhile>
int in_thread(Body body, Meanwhile meanwhile) {
  std::atomic<int> result{1};
  std::thread thread([&] { result = body(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(80));
  EXPECT_EQ(result.load(), 1) << "it didn't wait";
  meanwhile();
  thread.join();
  return result;
}

// vidioc-qbuf.rst: DQBUF blocks by default until there is a buffer.
TEST_P(AWaitingClient, SleepsInDqbufUntilAFrameComes) {
  Client client(device());
  Player player(client);
  player.start_output();
  const Clip stream = clip(8);
  ASSERT_EQ(client.qbuf_output(0, stream.chunks[0], 1), 0);
  ASSERT_TRUE(player.until_source_change());
  player.start_capture();
  std::atomic<bool> is_frame{false};
  client.file().set_nonblocking(false);
  const int error = in_thread(
      [&] {
        Got got;
        v4l2_plane planes[VIDEO_MAX_PLANES]{};
        v4l2_buffer buffer{};
        buffer.type = client.type(Side::kCapture);
        buffer.memory = V4L2_MEMORY_MMAP;
        if (client.multiplanar()) {
          buffer.m.planes = planes;
          buffer.length = VIDEO_MAX_PLANES;
        }
        const int result = client.ioctl(VIDIOC_DQBUF, &buffer);
        is_frame = (client.multiplanar() ? planes[0].bytesused : buffer.bytesused) > 0;
        return result;
      },
      [&] {
        for (uint32_t i = 1; i < 6; ++i) ASSERT_EQ(client.qbuf_output(i, stream.chunks[i], i + 1), 0);
        ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
      });
  EXPECT_EQ(error, 0);
  EXPECT_TRUE(is_frame);
}

int blocking_dqbuf(Client& client, Side side) {
  v4l2_plane planes[VIDEO_MAX_PLANES]{};
  v4l2_buffer buffer{};
  buffer.type = client.type(side);
  buffer.memory = V4L2_MEMORY_MMAP;
  if (client.multiplanar()) {
    buffer.m.planes = planes;
    buffer.length = VIDEO_MAX_PLANES;
  }
  return client.ioctl(VIDIOC_DQBUF, &buffer);
}

void stream_both(Client& client) {
  client.set_coded({320, 240});
  for (const Side side : {Side::kOutput, Side::kCapture}) {
    client.allocate(side, 3);
    ASSERT_EQ(client.stream(side, true), 0);
  }
  ASSERT_EQ(client.qbuf_capture(0), 0);
  client.file().set_nonblocking(false);
}

// videobuf2: STREAMOFF by another thread ends the wait with EINVAL.
TEST_P(AWaitingClient, IsWokenByStreamoff) {
  Client client(device());
  stream_both(client);
  for (const Side side : {Side::kCapture, Side::kOutput})
    EXPECT_EQ(in_thread([&] { return blocking_dqbuf(client, side); }, [&] { ASSERT_EQ(client.stream(side, false), 0); }),
              -EINVAL);
}

// gen-errors.rst, EINTR: a signal handler ran (and SA_RESTART was not asked for).
TEST_P(AWaitingClient, IsInterruptedBySignals) {
  Client client(device());
  stream_both(client);
  struct sigaction act {};
  act.sa_handler = [](int) {};
  ASSERT_EQ(::sigaction(SIGUSR1, &act, nullptr), 0);
  std::atomic<int> result{1};
  std::thread thread([&] { result = blocking_dqbuf(client, Side::kCapture); });
  std::this_thread::sleep_for(std::chrono::milliseconds(80));
  ::pthread_kill(thread.native_handle(), SIGUSR1);
  thread.join();
  EXPECT_EQ(result, -EINTR);
}

// v4l2-compliance cancels a thread that sleeps in DQBUF, asynchronously; the file stays usable.
TEST_P(AWaitingClient, MayBeCancelled) {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "sanitizers don't follow asynchronous cancellation";
#endif
  Client client(device());
  stream_both(client);
  struct Argument {
    Client* client;
  } argument{&client};
  pthread_t thread{};
  ASSERT_EQ(::pthread_create(
                &thread, nullptr,
                [](void* arg) -> void* {
                  ::pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, nullptr);
                  (void)blocking_dqbuf(*static_cast<Argument*>(arg)->client, Side::kCapture);
                  return nullptr;
                },
                &argument),
            0);
  std::this_thread::sleep_for(std::chrono::milliseconds(80));
  ASSERT_EQ(::pthread_cancel(thread), 0);
  void* result = nullptr;
  ASSERT_EQ(::pthread_join(thread, &result), 0);
  EXPECT_EQ(result, PTHREAD_CANCELED);
  client.file().set_nonblocking(true);
  EXPECT_EQ(client.dqbuf(Side::kCapture).error, -EAGAIN);
  EXPECT_EQ(client.stream(Side::kCapture, false), 0);
}

// vidioc-dqevent.rst: DQEVENT blocks, too.
TEST_P(AWaitingClient, SleepsInDqeventUntilAnEventComes) {
  Client client(device());
  Player player(client);
  player.start_output();
  const Clip stream = clip(2);
  client.file().set_nonblocking(false);
  std::atomic<uint32_t> type{0};
  EXPECT_EQ(in_thread(
                [&] {
                  v4l2_event event{};
                  const int result = client.dqevent(&event);
                  type = event.type;
                  return result;
                },
                [&] { ASSERT_EQ(client.qbuf_output(0, stream.chunks[0]), 0); }),
            0);
  EXPECT_EQ(type, uint32_t{V4L2_EVENT_SOURCE_CHANGE});
}

// func-close.rst: close at any moment, without STREAMOFF, frees everything.
TEST_P(AWaitingClient, MayCloseAtAnyMoment) {
  for (int moment = 0; moment < 8; ++moment) {
    SCOPED_TRACE(moment);
    Client client(device());
    Player player(client);
    if (moment >= 1) player.start_output();
    if (moment >= 2) player.feed(clip(kPlenty));
    if (moment >= 3) player.step();
    if (moment >= 4) {
      ASSERT_TRUE(player.until_source_change());
    }
    if (moment >= 5) player.start_capture();
    if (moment >= 6) {
      ASSERT_TRUE(player.until([&] { return player.frames.size() >= 2; }));
    }
    if (moment >= 7) {
      ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
    }
    client.close();
  }
}

// dev-mem2mem.rst: opened many times, each open with a context of its own. Eight sizes at once; each client gets its own
// pictures.
TEST_P(AWaitingClient, DecodesEightStreamsAtOnce) {
  constexpr uint32_t kFrames = 48;
  struct Session {
    Clip stream;
    std::vector<uint64_t> expected;
    std::vector<uint64_t> pictures;
    size_t frames = 0;
  };
  std::vector<Session> sessions(8);
  for (uint32_t i = 0; i < sessions.size(); ++i) {
    const Size size{160 + 32 * i, 128 + 16 * i};
    sessions[i].stream = clip(kFrames, size);
    sessions[i].expected = device().pictures(size, kFrames);
  }
  std::vector<std::thread> threads;
  for (Session& session : sessions)
    threads.emplace_back([&] {
      Client client(device());
      Player player(client);
      player.look = !session.expected.empty();
      player.start_output();
      player.feed(session.stream);
      if (!player.until_source_change()) return;
      player.start_capture();
      if (!player.until_fed() || client.command(V4L2_DEC_CMD_STOP) != 0 || !player.until_last()) return;
      session.frames = player.frames.size();
      session.pictures = player.pictures;
    });
  for (auto& thread : threads) thread.join();
  for (const Session& session : sessions) {
    EXPECT_EQ(session.frames, kFrames) << session.stream.size.width;
    EXPECT_EQ(session.pictures, session.expected) << session.stream.size.width;
  }
}

// Two threads of one client: one feeds OUTPUT, one takes CAPTURE, both blocking.
TEST_P(AWaitingClient, MayFeedAndTakeInTwoThreads) {
  Client client(device());
  Player player(client);
  player.start_output(4);
  const Clip stream = clip(24);
  ASSERT_EQ(client.qbuf_output(0, stream.chunks[0], 1), 0);
  ASSERT_TRUE(player.until_source_change());
  player.start_capture();
  client.file().set_nonblocking(false);
  std::thread feeder([&] {
    // Its own planes: the client's calls share theirs.
    std::vector<uint32_t> unused = {1, 2, 3};
    for (size_t i = 1; i < stream.chunks.size(); ++i) {
      v4l2_plane planes[VIDEO_MAX_PLANES]{};
      v4l2_buffer buffer{};
      buffer.type = client.type(Side::kOutput);
      buffer.memory = V4L2_MEMORY_MMAP;
      const auto with_planes = [&] {
        if (!client.multiplanar()) return;
        buffer.m.planes = planes;
        buffer.length = VIDEO_MAX_PLANES;
      };
      with_planes();
      if (unused.empty()) {
        if (client.ioctl(VIDIOC_DQBUF, &buffer) != 0) return;
        unused.push_back(buffer.index);
        with_planes();
      }
      buffer.index = unused.back();
      unused.pop_back();
      std::copy(stream.chunks[i].begin(), stream.chunks[i].end(), client.memory(Side::kOutput, buffer.index));
      (client.multiplanar() ? planes[0].bytesused : buffer.bytesused) = static_cast<uint32_t>(stream.chunks[i].size());
      buffer.flags = 0;
      if (client.ioctl(VIDIOC_QBUF, &buffer) != 0) return;
    }
    (void)client.command(V4L2_DEC_CMD_STOP);
  });
  uint32_t frames = 0;
  for (;;) {
    const Got got = client.dqbuf(Side::kCapture);
    if (got.error != 0) break;
    frames += got.bytesused > 0 ? 1 : 0;
    if (got.last()) break;
    if (client.qbuf_capture(got.index) != 0) break;
  }
  feeder.join();
  EXPECT_EQ(frames, stream.frames);
}

}  // namespace
}  // namespace softvpu::conformance
