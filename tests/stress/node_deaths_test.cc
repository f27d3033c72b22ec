// SPDX-License-Identifier: LGPL-2.1-or-later
// What a V4L2 client sees when the worker of its session is killed or stopped, or when it walks away itself: every queued buffer
// comes back (dev-decoder.rst, Decoding: with V4L2_BUF_FLAG_ERROR), pollers and a blocked DQBUF wake, then EIO and POLLERR until
// STREAMOFF, and the next session on the same file or node works; nothing is left behind.
//
// The node is a VideoDevice in this process over real workers; with SOFTVPU_DUT it is a path, opened by libc's calls: under
// `softvpu run`, that is the whole product. SOFTVPU_ROUNDS says how many rounds.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "tests/conformance/client.h"
#include "tests/conformance/dut_in_process.h"
#include "tests/conformance/dut_node.h"
#include "tests/contract/encode.h"
#include "tests/stress/leaks.h"
#include "vpu/driver.h"

namespace softvpu::conformance {
namespace {

using namespace std::chrono_literals;
using tests::wait_until;
using Clock = std::chrono::steady_clock;

constexpr Size kSize{320, 240};
constexpr uint32_t kFrames = 40;
constexpr uint32_t kOutputs = 6;
constexpr int kPatienceMs = 20'000;

class WorkerDevice final : public DeviceUnderTest {
 public:
  explicit WorkerDevice(bool multiplanar) : multiplanar_(multiplanar) {
    v4l2::VideoDeviceConfig config;
    config.node.multiplanar = multiplanar;
    device_ = v4l2::make_codec_device(config, driver());
  }
  std::string name() const override { return "a VideoDevice over workers"; }
  std::unique_ptr<OpenFile> open() override { return open_in_process(*device_); }
  bool multiplanar() override { return multiplanar_; }
  uint32_t coded() override { return V4L2_PIX_FMT_H264; }
  Clip clip(Size size, uint32_t frames) override { return {size, tests::encode("libx264", size, frames), frames}; }

 private:
  static vpu::VpuDriver& driver() {
    static vpu::VpuDriver* const the_driver = [] {
      vpu::VpuConfig config;
      config.firmware = SOFTVPU_FW;
      config.limits = vpu::WatchdogLimits::from_ping(1s);
      return new vpu::VpuDriver(config);
    }();
    return *the_driver;
  }
  const bool multiplanar_;
  std::shared_ptr<v4l2::VideoDevice> device_;
};

std::unique_ptr<DeviceUnderTest> make_device(bool multiplanar) {
  if (getenv("SOFTVPU_DUT") != nullptr) return make_node();
  return std::make_unique<WorkerDevice>(multiplanar);
}

// One thread that is inside a call of the file until something happens.
class Sleeper {
 public:
  Sleeper(Client& client, std::function<void(Client&)> call)
      : thread_([this, &client, call = std::move(call)] {
          call(client);
          awake_ = true;
        }) {}
  ~Sleeper() { thread_.join(); }
  bool awake() const { return awake_; }
  bool wakes() const {
    return wait_until([this] { return awake(); });
  }

 private:
  std::atomic<bool> awake_{false};
  std::thread thread_;
};

class ANodeWhoseWorkersDie : public testing::Test {
 protected:
  enum class Way { kKill, kKillEarly, kKillStarved, kStop, kDrainThenKill, kDesert, kKillThenDesert };
  static constexpr unsigned kWays = 7;

  void SetUp() override {
    if (getenv("SOFTVPU_DUT") == nullptr && !tests::has_encoder("libx264"))
      GTEST_SKIP() << "libavcodec has no libx264 to make a stream with";
    clip_ = make_device(true)->clip(kSize, kFrames);
    ASSERT_EQ(clip_.chunks.size(), kFrames);
  }

  // STREAMON on OUTPUT, and whose process that started.
  int start(Player& player) {
    const std::lock_guard lock(starting_);
    const std::set<int> before = tests::watched_processes();
    player.start_output(kOutputs);
    return note_new_worker(before);
  }
  int note_new_worker(const std::set<int>& before) {
    std::set<int> now = tests::watched_processes();
    for (const int pid : before) now.erase(pid);
    EXPECT_EQ(now.size(), 1u) << "one session, one worker";
    if (now.empty()) return -1;
    workers_.insert(*now.begin());
    return *now.begin();
  }

  // Plays for a while, as far as it comes.
  void play(Client& client, Player& player, std::chrono::microseconds limit) {
    const auto end = Clock::now() + limit;
    while (Clock::now() < end) {
      player.step();
      if (player.source_changes > 0 && client.count(Side::kCapture) == 0) player.start_capture();
      (void)client.file().poll(POLLIN | POLLOUT | POLLPRI, 1);
    }
  }

  // What was done before the failure comes out, once, until DQBUF answers EIO, as behind vb2_queue_error(). `must_fail`: buffers
  // that can't have been worked on any more.
  void expect_error(Client& client, Side side, const std::set<uint32_t>& must_fail) {
    std::set<uint32_t> inside;
    for (uint32_t i = 0; i < client.count(side); ++i) {
      if ((client.querybuf(side, i).flags & (V4L2_BUF_FLAG_QUEUED | V4L2_BUF_FLAG_DONE)) != 0) inside.insert(i);
    }
    const auto end = Clock::now() + std::chrono::milliseconds(kPatienceMs);
    int error = 0;
    while (error == 0 || error == -EAGAIN) {
      const Got got = client.dqbuf(side);
      error = got.error;
      if (error == -EAGAIN) {
        ASSERT_LT(Clock::now(), end) << "the device keeps " << inside.size() << " buffers of side " << static_cast<int>(side);
        const short ready = client.file().poll(side == Side::kOutput ? POLLOUT : POLLIN, kPatienceMs);
        ASSERT_NE(ready, 0) << "a poller sleeps on";
        if ((ready & POLLERR) != 0) std::this_thread::sleep_for(1ms);  // no buffer queued at all: that isn't the failure yet
      }
      if (error != 0) continue;
      EXPECT_EQ(inside.erase(got.index), 1u) << "buffer " << got.index << " came back twice";
      const bool flagged = (got.flags & V4L2_BUF_FLAG_ERROR) != 0;
      EXPECT_TRUE(flagged || must_fail.count(got.index) == 0) << "side " << static_cast<int>(side) << ", buffer " << got.index;
      EXPECT_TRUE(side == Side::kOutput || got.last() || flagged != (got.bytesused > 0)) << "neither a frame nor an error";
    }
    EXPECT_EQ(error, -EIO);
  }

  // STREAMOFF returns every buffer (vidioc-streamon.rst).
  void expect_all_back(Client& client, Side side) {
    EXPECT_EQ(client.stream(side, false), 0);
    for (uint32_t i = 0; i < client.count(side); ++i)
      EXPECT_EQ(client.querybuf(side, i).flags & (V4L2_BUF_FLAG_QUEUED | V4L2_BUF_FLAG_DONE), 0u) << "buffer " << i;
  }

  // From the failure on until STREAMOFF.
  void expect_failed(Client& client, const std::set<uint32_t>& outputs_must_fail, const std::set<uint32_t>& captures_must_fail) {
    const bool captures = client.count(Side::kCapture) != 0;
    expect_error(client, Side::kOutput, outputs_must_fail);
    if (captures) expect_error(client, Side::kCapture, captures_must_fail);
    EXPECT_NE(client.file().poll(POLLIN | POLLOUT, kPatienceMs) & POLLERR, 0);
    EXPECT_EQ(client.qbuf_output(0, clip_.chunks[0]), -EIO);
    EXPECT_EQ(client.dqbuf(Side::kOutput).error, -EIO);
    EXPECT_EQ(client.command(V4L2_DEC_CMD_STOP), -EIO);
    if (captures) {
      EXPECT_EQ(client.qbuf_capture(0), -EIO);
      EXPECT_EQ(client.dqbuf(Side::kCapture).error, -EIO);
      expect_all_back(client, Side::kCapture);
      client.free(Side::kCapture);
    }
    expect_all_back(client, Side::kOutput);
  }

  // A whole stream on a file that has nothing streaming.
  void expect_good(Client& client, Player& player) {
    player.feed(clip_);
    ASSERT_TRUE(player.until_source_change());
    player.start_capture();
    ASSERT_TRUE(player.until_fed());
    ASSERT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
    ASSERT_TRUE(player.until_last());
    EXPECT_EQ(player.frames.size(), kFrames);
    for (const Got& frame : player.frames) EXPECT_EQ(frame.flags & V4L2_BUF_FLAG_ERROR, 0u);
  }
  void expect_restart(Client& client) {
    Player player(client);
    player.forget_input();
    {
      const std::lock_guard lock(starting_);
      const std::set<int> before = tests::watched_processes();
      ASSERT_EQ(client.stream(Side::kOutput, true), 0);
      note_new_worker(before);
    }
    expect_good(client, player);
  }
  void expect_good_node(DeviceUnderTest& device) {
    Client client(device);
    Player player(client);
    start(player);
    expect_good(client, player);
  }

  // Feeds half of the stream and takes what comes of it: the device has nothing to do, and all CAPTURE buffers.
  void starve(Player& player) {
    Clip half = clip_;
    half.chunks.resize(kFrames / 2);
    player.feed(half);
    ASSERT_TRUE(player.until_source_change());
    player.start_capture();
    ASSERT_TRUE(player.until_fed());
    player.until_quiet();
    ASSERT_GT(player.frames.size(), 0u);
  }

  void kill_starved(Client& client, Player& player, int pid, bool blocking) {
    starve(player);
    if (HasFatalFailure()) return;
    std::set<uint32_t> all;
    for (uint32_t i = 0; i < client.count(Side::kCapture); ++i) all.insert(i);
    if (blocking) {
      Got got;
      client.file().set_nonblocking(false);
      {
        Sleeper sleeper(client, [&got](Client& c) { got = c.dqbuf(Side::kCapture); });
        std::this_thread::sleep_for(20ms);
        EXPECT_FALSE(sleeper.awake());
        kill(pid, SIGKILL);
        EXPECT_TRUE(sleeper.wakes());
      }
      client.file().set_nonblocking(true);
      EXPECT_EQ(got.error, -EIO);
    } else {
      short ready = 0;
      Sleeper sleeper(client, [&ready](Client& c) { ready = c.file().poll(POLLIN, kPatienceMs); });
      std::this_thread::sleep_for(20ms);
      EXPECT_FALSE(sleeper.awake());
      kill(pid, SIGKILL);
      EXPECT_TRUE(sleeper.wakes());
      EXPECT_NE(ready & POLLERR, 0);
    }
    expect_failed(client, {}, all);
  }

  // After the worker can't work any more: a buffer more on each side. Those that are taken must come back flagged.
  void queue_in_vain(Client& client, std::set<uint32_t>* outputs, std::set<uint32_t>* captures) {
    const auto try_one = [&](Side side, std::set<uint32_t>* queued) {
      for (uint32_t i = 0; i < client.count(side); ++i) {
        if ((client.querybuf(side, i).flags & (V4L2_BUF_FLAG_QUEUED | V4L2_BUF_FLAG_DONE)) != 0) continue;
        const int result = side == Side::kOutput ? client.qbuf_output(i, clip_.chunks[0]) : client.qbuf_capture(i);
        EXPECT_TRUE(result == 0 || result == -EIO) << result;
        if (result == 0) queued->insert(i);
        return;
      }
    };
    try_one(Side::kOutput, outputs);
    try_one(Side::kCapture, captures);
  }

  void bad_round(std::mt19937& random, Way way) {
    const auto device = make_device(random() % 2 == 0);
    Client client(*device);
    Player player(client);
    const int pid = start(player);
    ASSERT_GT(pid, 0);
    const auto a_while = std::chrono::microseconds(random() % 2 == 0 ? random() % 60'000 : random() % 3'000);
    std::set<uint32_t> outputs, captures;
    switch (way) {
      case Way::kKillStarved:
        kill_starved(client, player, pid, random() % 2 == 0);
        break;
      case Way::kKillEarly:
        kill(pid, SIGKILL);
        ASSERT_TRUE(wait_until([pid] { return tests::dead(pid); }));
        queue_in_vain(client, &outputs, &captures);
        expect_failed(client, outputs, captures);
        break;
      case Way::kKill:
      case Way::kDrainThenKill:
        player.feed(clip_);
        play(client, player, a_while);
        if (way == Way::kDrainThenKill) {
          EXPECT_EQ(client.command(V4L2_DEC_CMD_STOP), 0);
        }
        kill(pid, SIGKILL);
        ASSERT_TRUE(wait_until([pid] { return tests::dead(pid); }));
        if (way == Way::kKill) queue_in_vain(client, &outputs, &captures);
        expect_failed(client, outputs, captures);
        break;
      case Way::kStop: {
        player.feed(clip_);
        play(client, player, a_while);
        kill(pid, SIGSTOP);
        ASSERT_TRUE(wait_until([pid] { return tests::process_state(pid) == 'T'; }));
        player.step();
        queue_in_vain(client, &outputs, &captures);
        short ready = 0;
        // Another poller, who takes no buffers and waits for the end.
        Sleeper sleeper(client, [&ready](Client& c) {
          do {
            ready = c.file().poll(POLLIN | POLLOUT, kPatienceMs);
            std::this_thread::sleep_for(1ms);
          } while (ready != 0 && (ready & POLLERR) == 0);
        });
        expect_failed(client, outputs, captures);
        EXPECT_TRUE(sleeper.wakes());
        EXPECT_NE(ready & POLLERR, 0);
        break;
      }
      case Way::kDesert:
      case Way::kKillThenDesert:
        player.feed(clip_);
        play(client, player, a_while);
        if (way == Way::kKillThenDesert) kill(pid, SIGKILL);
        client.close();
        break;
    }
    if (HasFailure()) {
      ADD_FAILURE() << "way " << static_cast<int>(way);
      return;
    }
    if (way != Way::kDesert && way != Way::kKillThenDesert && random() % 4 == 0) expect_restart(client);
    client.close();
    if (random() % 8 == 0) expect_good_node(*device);
  }

  void run(int count, unsigned seed) {
    tests::run_rounds(count, seed, [this](std::mt19937& random, int client, int round) {
      bad_round(random, static_cast<Way>(static_cast<unsigned>(round / 4 + client) % kWays));
    });
    EXPECT_TRUE(wait_until([this] {
      std::erase_if(workers_, tests::dead);
      return workers_.empty();
    })) << workers_.size()
        << " workers live on";
    std::this_thread::sleep_for(100ms);  // the loop closes the last links
  }

  Clip clip_;
  std::mutex starting_;    // from before a STREAMON until its worker is known; guards workers_
  std::set<int> workers_;  // that were alive when last looked at
};

TEST_F(ANodeWhoseWorkersDie, GivesEveryBufferBackAndGoesOn) {
  const int total = tests::rounds(400);
  tests::expect_no_leak(total, std::max(total / 5, 28), [this](int count, unsigned seed) { run(count, seed); });
}

// vidioc-streamon.rst: after STREAMOFF the buffers are the client's. A worker that doesn't release
// them has been killed by then.
TEST_F(ANodeWhoseWorkersDie, IsDeadWhenStreamoffReturns) {
  for (const Side side : {Side::kOutput, Side::kCapture}) {
    const auto device = make_device(true);
    Client client(*device);
    Player player(client);
    const int pid = start(player);
    ASSERT_GT(pid, 0);
    player.feed(clip_);
    ASSERT_TRUE(player.until_source_change());
    player.start_capture();
    ASSERT_TRUE(player.until([&] { return !player.frames.empty(); }));
    kill(pid, SIGSTOP);
    ASSERT_TRUE(wait_until([pid] { return tests::process_state(pid) == 'T'; }));
    const auto begin = Clock::now();
    ASSERT_EQ(client.stream(side, false), 0);
    EXPECT_TRUE(tests::dead(pid)) << "side " << static_cast<int>(side) << ": it lives, in state " << tests::process_state(pid);
    EXPECT_LT(Clock::now() - begin, 10s);
    // Scribble over what is ours again; it stays as it is.
    const uint32_t bytes = client.g_fmt(side).planes[0].sizeimage;
    if (side == Side::kOutput) std::fill_n(client.memory(side, 0), bytes, uint8_t{0x5a});
    const auto sums = [&] {
      std::vector<uint64_t> all;
      for (uint32_t i = 0; i < client.count(side); ++i) all.push_back(hash_of(client.memory(side, i), bytes));
      return all;
    };
    const auto before = sums();
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ(sums(), before);
    const Side other = side == Side::kOutput ? Side::kCapture : Side::kOutput;
    expect_error(client, other, {});
    expect_all_back(client, other);
    client.free(Side::kCapture);
    ASSERT_EQ(client.stream(Side::kOutput, false), 0);
    expect_restart(client);
  }
}

}  // namespace
}  // namespace softvpu::conformance
