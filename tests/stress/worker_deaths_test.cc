// SPDX-License-Identifier: LGPL-2.1-or-later
// Real sessions over real workers that are killed, stopped or deserted at random moments, a thousand times: each buffer comes
// back once, the next session works, and nothing is left behind: no descriptor, no process, no memory, no mapping. At the seam;
// what a V4L2 client sees of it is node_deaths_test.cc's.
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "base/shared_memory.h"
#include "tests/contract/encode.h"
#include "tests/contract/listener.h"
#include "tests/stress/leaks.h"
#include "vpu/driver.h"
#include "vpu/process_link.h"

namespace softvpu {
namespace {

using namespace std::chrono_literals;
using codec::BufferHandle;
using codec::Cookie;
using codec::Direction;
using codec::DoneStatus;
using codec::contract::Listener;
using codec::contract::Said;
using tests::dead;

constexpr Size kSize{320, 240};
constexpr uint32_t kFrames = 40;
constexpr auto kPatience = 60s;

// --- One client.

struct Memory {
  BufferHandle handle;
  SharedMemory memory;
};

// A client of one session: feeds the clip, takes frames, keeps the books of what it queued.
class Client {
 public:
  Client(codec::Driver& driver, const std::vector<std::vector<uint8_t>>& clip)
      : clip_(clip), listener_(std::make_shared<Listener>()) {
    auto opened = driver.open_session({.coded = kH264, .threads = 1}, listener_);
    EXPECT_TRUE(opened) << opened.error().reason;
    session_ = std::move(*opened);
  }
  bool start() {
    const Status started = session_->start();
    EXPECT_TRUE(started) << started.error().reason;
    if (!started) return false;
    for (uint32_t i = 0; i < 4; ++i) {
      inputs_.push_back(map(Direction::kInput, i, 128 * 1024));
      feed(inputs_.back());
    }
    return true;
  }
  // Works until everything is decoded, the session failed, or `limit` passed.
  void work(std::chrono::microseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!finished_ && !failed_) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
      if (left.count() <= 0) return;
      (void)listener_->wait(left, [&](const auto& all) { return all.size() > seen_; });
      const auto all = listener_->all();
      while (seen_ < all.size()) react(all[seen_++]);
    }
  }
  bool wait_failed() {
    return listener_->wait(std::chrono::duration_cast<std::chrono::milliseconds>(kPatience),
                           [](const auto& all) { return !all.empty() && all.back().kind == Said::kFailed; });
  }
  void close() { session_.reset(); }
  codec::Session& session() { return *session_; }

  bool finished() const { return finished_; }
  uint32_t frames() const { return frames_; }
  // Each queueing was answered exactly once, and nothing else.
  void expect_all_answered() const {
    std::multiset<Cookie> answered;
    for (const Said& said : listener_->all()) {
      if (said.kind == Said::kInput || said.kind == Said::kOutput) answered.insert(said.cookie);
    }
    EXPECT_EQ(answered, std::multiset<Cookie>(queued_.begin(), queued_.end()));
  }

 private:
  Memory* map(Direction side, uint32_t index, size_t bytes) {
    auto shared = SharedMemory::create("stress", page_align(bytes));
    EXPECT_TRUE(shared);
    memory_.push_back(std::make_unique<Memory>(Memory{{index, ++generation_}, std::move(*shared)}));
    Memory* memory = memory_.back().get();
    const codec::PlaneMemory plane{memory->memory.fd(), 0, bytes, memory->memory.size()};
    (void)session_->map_buffer(side, memory->handle, std::span(&plane, 1));  // EIO when it has failed
    return memory;
  }
  void feed(Memory* memory) {
    if (next_chunk_ == clip_.size()) {
      if (!draining_) draining_ = session_->drain().has_value();
      return;
    }
    const std::vector<uint8_t>& chunk = clip_[next_chunk_++];
    auto mapping = memory->memory.map();
    std::memcpy(mapping->data(), chunk.data(), chunk.size());
    const Cookie cookie{++cookie_};
    if (!session_->queue_input({memory->handle, cookie, codec::Tag{next_chunk_}, 0, static_cast<uint32_t>(chunk.size())})) return;
    queued_.push_back(cookie);
    by_cookie_[cookie] = memory;
  }
  void queue_output(Memory* memory) {
    const Cookie cookie{++cookie_};
    if (!session_->queue_output(memory->handle, cookie)) return;
    queued_.push_back(cookie);
    by_cookie_[cookie] = memory;
  }
  void react(const Said& said) {
    switch (said.kind) {
      case Said::kInput:
        if (said.status == DoneStatus::kOk) feed(by_cookie_.at(said.cookie));
        break;
      case Said::kOutput:
        if (said.status == DoneStatus::kOk) {
          ++frames_;
          queue_output(by_cookie_.at(said.cookie));
        }
        break;
      case Said::kFormat: {
        const auto layout = layout_for(kYuv420, said.format.coded);
        (void)session_->set_frame_layout(*layout);
        for (uint32_t i = 0; i < said.format.min_output_buffers + 2; ++i)
          queue_output(map(Direction::kOutput, i, layout->plane_size[0] + readable_tail(*layout)));
        (void)session_->resume();
        break;
      }
      case Said::kDrained:
        finished_ = true;
        break;
      case Said::kFailed:
        failed_ = true;
        break;
      case Said::kFlushed:
        break;
    }
  }

  const std::vector<std::vector<uint8_t>>& clip_;
  std::shared_ptr<Listener> listener_;
  std::unique_ptr<codec::Session> session_;
  std::vector<std::unique_ptr<Memory>> memory_;
  std::vector<Memory*> inputs_;
  std::vector<Cookie> queued_;
  std::map<Cookie, Memory*> by_cookie_;
  size_t next_chunk_ = 0;
  size_t seen_ = 0;
  uint64_t cookie_ = 0;
  uint32_t generation_ = 0;
  uint32_t frames_ = 0;
  bool draining_ = false;
  bool finished_ = false;
  bool failed_ = false;
};

class AThousandSessions : public testing::Test {
 protected:
  void SetUp() override {
    if (!tests::has_encoder("libx264")) GTEST_SKIP() << "libavcodec has no libx264 to make a stream with";
    clip_ = tests::encode("libx264", kSize, kFrames);
    ASSERT_EQ(clip_.size(), kFrames);
    ASSERT_TRUE(patient_.capabilities()) << patient_.capabilities().error().reason;
    ASSERT_TRUE(hasty_.capabilities());
  }

  vpu::VpuConfig config(vpu::WatchdogLimits limits) {
    vpu::VpuConfig config;
    config.loop = &loop_;
    config.limits = limits;
    config.make_link = [this]() -> Result<std::unique_ptr<hfi::HostLink>> {
      auto link = vpu::ProcessLink::start(SOFTVPU_FW);
      if (link) {
        const std::lock_guard lock(mutex_);
        last_pid() = static_cast<vpu::ProcessLink&>(**link).pid();
        pids_.push_back(last_pid());
      }
      return link;
    };
    return config;
  }

  // Of the worker that this thread started last.
  static int& last_pid() {
    static thread_local int pid = 0;
    return pid;
  }

  // One whole decode; the clip's every frame.
  void expect_a_good_session() {
    Client client(patient_, clip_);
    ASSERT_TRUE(client.start());
    client.work(kPatience);
    EXPECT_TRUE(client.finished());
    EXPECT_EQ(client.frames(), kFrames);
  }

  // One session that ends in one of several bad ways, at a random moment.
  void bad_round(std::mt19937& random) {
    enum Way { kKill, kStop, kDesert, kKillThenDesert, kFlushThenKill, kWays };
    const Way way = static_cast<Way>(random() % kWays);
    Client client(way == kStop ? hasty_ : patient_, clip_);
    ASSERT_TRUE(client.start());
    const int pid = last_pid();
    client.work(std::chrono::microseconds(random() % 2 == 0 ? random() % 40'000 : random() % 2'000));
    switch (way) {
      case kKill:
        kill(pid, SIGKILL);
        break;
      case kStop:
        kill(pid, SIGSTOP);
        // A session from which nothing is wanted isn't watched: something is wanted of each of these.
        (void)client.session().flush(Direction::kInput, 1);
        break;
      case kDesert:
        break;
      case kKillThenDesert:
        kill(pid, SIGKILL);
        break;
      case kFlushThenKill:
        (void)client.session().flush(random() % 2 == 0 ? Direction::kInput : Direction::kOutput, 1);
        (void)client.session().drain();
        kill(pid, SIGKILL);
        break;
      case kWays:
        break;
    }
    if (way != kDesert && way != kKillThenDesert) {
      client.work(std::chrono::microseconds(random() % 1000));
      ASSERT_TRUE(client.wait_failed()) << "way " << way;
      client.expect_all_answered();
      const Status after = client.session().start();
      ASSERT_FALSE(after);
      EXPECT_EQ(after.error().code, EIO);
    }
    client.close();
  }

  bool all_dead() {
    return tests::wait_until([this] {
      const std::lock_guard lock(mutex_);
      std::erase_if(pids_, dead);
      return pids_.empty();
    });
  }

  std::vector<std::vector<uint8_t>> clip_;
  std::mutex mutex_;  // guards pids_
  std::vector<int> pids_;
  EventLoop loop_;
  vpu::VpuDriver patient_{config({})};
  vpu::VpuDriver hasty_{config({10ms, 40ms, 1s})};
};

TEST_F(AThousandSessions, WhoseWorkersDieAtRandomMomentsLeaveNothingBehind) {
  const int total = tests::rounds(1000);
  tests::expect_no_leak(total, total / 10, [this](int count, unsigned seed) {
    tests::run_rounds(count, seed, [this](std::mt19937& random, int, int round) {
      bad_round(random);
      if (round % 50 == 0) expect_a_good_session();
    });
    EXPECT_TRUE(all_dead()) << "workers live on";
    std::this_thread::sleep_for(100ms);  // the loop closes the last links
  });
  expect_a_good_session();
}

TEST_F(AThousandSessions, EightAtOnceDontDisturbEachOther) {
  std::vector<std::thread> clients;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([this, &good, i] {
      for (int round = 0; round < 3; ++round) {
        Client client(patient_, clip_);
        if (!client.start()) return;
        if (i % 4 == 3) {  // two of the eight desert theirs
          client.work(5ms);
          continue;
        }
        client.work(kPatience);
        if (client.finished() && client.frames() == kFrames) good.fetch_add(1);
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good.load(), 18);
  EXPECT_TRUE(all_dead());
}

}  // namespace
}  // namespace softvpu
