// SPDX-License-Identifier: LGPL-2.1-or-later
// The time between a session's failure and its worker's death: the worker may still write into the buffers, so they aren't given
// back yet. The firmware is the test; its link is dead when the test says so.
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>

#include "base/unique_fd.h"
#include "tests/hostile/firmware_bench.h"

namespace softvpu::hostile {
namespace {

namespace msg = hfi::msg;

// What kill() reaches, and when it is seen to be dead.
struct Fate {
  std::atomic<bool> killed{false};
  UniqueFd death{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  void die() {
    const uint64_t one = 1;
    EXPECT_EQ(::write(death.get(), &one, sizeof one), static_cast<ssize_t>(sizeof one));
  }
};

class LingeringLink final : public hfi::HostLink {
 public:
  LingeringLink(std::unique_ptr<hfi::HostLink> link, std::shared_ptr<Fate> fate)
      : link_(std::move(link)), fate_(std::move(fate)) {}
  SendOutcome send(const hfi::Command& command) override { return link_->send(command); }
  SendOutcome send_memory(hfi::Direction direction, hfi::BufferName buffer, std::span<const int> fds) override {
    return link_->send_memory(direction, buffer, fds);
  }
  Received receive() override { return link_->receive(); }
  bool prepare_sleep(bool for_space) override { return link_->prepare_sleep(for_space); }
  int doorbell_fd() const override { return link_->doorbell_fd(); }
  int hangup_fd() const override { return fate_->death.get(); }
  void kill() override { fate_->killed = true; }
  void reap() override {}
  std::string last_words() const override { return link_->last_words(); }
  bool next_debug_line(std::string& line) override { return link_->next_debug_line(line); }
  std::string description() const override { return "a firmware that lingers"; }
  Sent sent() const override { return link_->sent(); }
  std::optional<uint64_t> page_faults() const override { return std::nullopt; }

 private:
  std::unique_ptr<hfi::HostLink> link_;
  std::shared_ptr<Fate> fate_;
};

class ADyingFirmware : public FirmwareBench {
 protected:
  std::unique_ptr<hfi::HostLink> wrap(std::unique_ptr<hfi::HostLink> link) override {
    return std::make_unique<LingeringLink>(std::move(link), fate_);
  }
  // A buffer on each side, and then something that ends the session.
  void fail() {
    stream();
    queued_ = {queue(Direction::kInput, 0), queue(Direction::kOutput, 0)};
    say(msg::Drained{});  // unasked
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!fate_->killed && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(1ms);
    ASSERT_TRUE(fate_->killed);
  }
  // What came back of those: all, or none.
  size_t answers() {
    size_t n = 0;
    for (const Said& said : listener_->all()) n += said.kind == Said::kInput || said.kind == Said::kOutput;
    return n;
  }

  const std::shared_ptr<Fate> fate_ = std::make_shared<Fate>();
  std::vector<Cookie> queued_;
};

// Contract, 6: when the first buffer is returned nobody touches any of them any more.
TEST_F(ADyingFirmware, KeepsTheBuffersUntilItIsDead) {
  fail();
  std::this_thread::sleep_for(200ms);
  EXPECT_TRUE(listener_->all().empty()) << "given back while it may still write";
  // The owner doesn't know yet: what it asks for is accepted, and answered in the end.
  queued_.push_back(queue(Direction::kInput, 1, /*read=*/false));
  queued_.push_back(queue(Direction::kOutput, 1, /*read=*/false));
  EXPECT_TRUE(session_->drain());
  EXPECT_TRUE(session_->resume());
  EXPECT_TRUE(session_->return_output());
  EXPECT_TRUE(session_->flush(Direction::kInput, 7));
  fate_->die();
  ASSERT_TRUE(wait_count(Said::kFailed, 1));
  EXPECT_EQ(answers(), queued_.size());
  EXPECT_EQ(count(Said::kFlushed), 1u);
  EXPECT_EQ(listener_->all().back().kind, Said::kFailed);
  const Status after = session_->drain();
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().code, EIO);
}

TEST_F(ADyingFirmware, ThatNeverDiesKeepsThemForABoundedTime) {
  const auto begin = std::chrono::steady_clock::now();
  fail();
  ASSERT_TRUE(wait_count(Said::kFailed, 1));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 1900ms);
  EXPECT_EQ(answers(), queued_.size());
  fate_->die();
}

TEST_F(ADyingFirmware, IsNobodysAnyMoreWhenItsSessionIsClosed) {
  fail();
  session_.reset();
  fate_->die();
  std::this_thread::sleep_for(100ms);
  EXPECT_TRUE(listener_->all().empty()) << "an event after the end";
}

}  // namespace
}  // namespace softvpu::hostile
