// SPDX-License-Identifier: GPL-2.0-or-later
// When a host that sleeps is woken for frames while the codec goes on working (frame_bell.h; docs/hfi.md, Ring discipline).
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <deque>
#include <thread>

#include "firmware/testing/hfi_host.h"
#include "firmware/worker.h"

namespace softvpu::firmware::testing {
namespace {

using hfi::WireStatus;
namespace cmd = hfi::cmd;

constexpr FourCC kLong = make_fourcc('L', 'O', 'N', 'G');
constexpr uint32_t kBuffers = 12;
constexpr uint32_t kBytes = 4096;

// Of one test at a time.
std::atomic<bool> sleeps{false};    // the host, and the second frame may come
std::atomic<bool> works{false};     // the codec's long piece of work has begun
std::atomic<bool> released{false};  // and may end

void wait_for(const std::atomic<bool>& flag) {
  while (!flag && !released) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

// Two pieces of work report a frame each, the third is long.
class LongWork final : public Codec {
 public:
  explicit LongWork(CodecEvents& events) : events_(events) {}
  void set_layout(const FrameLayout& /*layout*/) override {}
  void queue_input(InputBuffer /*input*/) override {}
  void queue_output(OutputBuffer output) override { outputs_.push_back(std::move(output)); }
  void return_output() override {}
  void flush(Side /*side*/) override {}
  void drain() override {}
  void resume() override {}
  bool step() override {
    if (++steps_ > 3) return false;
    if (steps_ == 2) wait_for(sleeps);
    if (steps_ < 3) {
      events_.output_done({.cookie = outputs_.front().cookie});
      outputs_.pop_front();
      return true;
    }
    works = true;
    wait_for(released);
    return true;
  }

 private:
  CodecEvents& events_;
  std::deque<OutputBuffer> outputs_;
  int steps_ = 0;
};

const Catalog& catalog() {
  const auto entry = [](Role role) {
    const CodecInfo info{.role = role, .coded = kLong, .sizes = {{2, 2}, {256, 256}, {2, 2}}, .raw = {kNv12}};
    return CatalogEntry{info, +[](CodecConfig, CodecEvents& events) -> Result<std::unique_ptr<Codec>> {
                          return std::make_unique<LongWork>(events);
                        }};
  };
  static const Catalog& catalog = *new Catalog({entry(Role::kDecoder), entry(Role::kEncoder)});
  return catalog;
}

class AHostThatSleeps : public ::testing::Test {
 protected:
  void SetUp() override {
    sleeps = works = released = false;
    thread_ = std::thread([socket = host_.port().take_firmware_socket().release()] {
      auto endpoint = hfi::FirmwareEndpoint::attach(UniqueFd(socket), std::chrono::seconds(5));
      if (!endpoint) return;
      Worker worker(**endpoint, {.catalog = &catalog()});
      if (worker.say_ready(0)) (void)worker.run();
    });
    ASSERT_TRUE(host_.wait_for([&] { return host_.ready.has_value(); }));
  }
  void TearDown() override {
    released = true;
    host_.port().hang_up();
    thread_.join();
  }

  // A client whose queue of outputs is deep has taken the first frame, and sleeps when the second one comes.
  void begin(Role role) {
    ASSERT_TRUE(host_.send(cmd::Configure{.role = role, .coded = static_cast<uint32_t>(kLong)}));
    ASSERT_TRUE(host_.wait_for([&] { return host_.configured.has_value(); }));
    ASSERT_EQ(*host_.configured, WireStatus::kOk);
    for (uint32_t i = 0; i < kBuffers; ++i) {
      const auto memory = HfiHost::make_memory(kBytes);
      ASSERT_TRUE(memory);
      ASSERT_TRUE(host_.map(Side::kOutput, {i, 1}, {&*memory, 1}, kBytes));
      ASSERT_TRUE(host_.send(cmd::QueueOutput{{i, 1}}, i + 1));
    }
    ASSERT_TRUE(host_.send(cmd::Start{}));
    ASSERT_TRUE(host_.wait_for([&] { return std::holds_alternative<hfi::msg::OutputDone>(host_.messages.back().body); }));
    clear_bell();
    ASSERT_TRUE(host_.port().prepare_sleep(false));
    sleeps = true;
  }
  bool is_rung(int milliseconds) {
    pollfd bell{host_.port().doorbell_fd(), POLLIN, 0};
    return poll(&bell, 1, milliseconds) == 1;
  }
  void clear_bell() {
    if (!is_rung(0)) return;
    uint64_t count = 0;
    ASSERT_EQ(read(host_.port().doorbell_fd(), &count, sizeof(count)), 8);
  }

  HfiHost host_;
  std::thread thread_;
};

TEST_F(AHostThatSleeps, IsWokenForAFrameThoughTheNextOneTakesLong) {
  begin(Role::kDecoder);
  EXPECT_TRUE(is_rung(10'000)) << "not before the codec sleeps";
}

TEST_F(AHostThatSleeps, IsWokenForEachFrameOfAnEncoderAtOnce) {
  begin(Role::kEncoder);
  wait_for(works);
  EXPECT_TRUE(is_rung(0)) << "before the next picture is begun";
}

}  // namespace
}  // namespace softvpu::firmware::testing
