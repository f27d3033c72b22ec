// SPDX-License-Identifier: LGPL-2.1-or-later
// A driver whose firmware is the test itself: sessions over LoopbackLink, each with a real event loop, short limits and a
// listener.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <string>
#include <thread>

#include "base/raw_syscall.h"
#include "hfi/testing/loopback_link.h"
#include "tests/contract/listener.h"
#include "vpu/capability_query.h"
#include "vpu/driver.h"

namespace softvpu::hostile {

using namespace std::chrono_literals;
using codec::BufferHandle;
using codec::Cookie;
using codec::Direction;
using codec::DoneStatus;
using codec::Tag;
using codec::contract::Listener;
using codec::contract::Said;

inline constexpr auto kPatience = 20s;

inline codec::Capabilities small_capabilities() {
  codec::Capabilities capabilities;
  capabilities.name = "scripted";
  codec::CodecInfo info;
  info.coded = kH264;
  info.flags = codec::kContinuousByteStream | codec::kDynamicResolution;
  info.sizes = {{16, 16}, {4096, 4096}, {1, 1}};
  info.raw = {kYuv420, kNv12};
  info.controls = {menu_control(0x990a6b, 0x1f, 4)};
  capabilities.codecs.push_back(info);
  info.role = codec::Role::kEncoder;
  info.controls.clear();
  capabilities.codecs.push_back(info);
  return capabilities;
}

// The table in a file of its own, gone with the object.
class CapabilityFile {
 public:
  CapabilityFile() {
    char path[] = "/tmp/softvpu-caps-XXXXXX";
    const int fd = mkstemp(path);
    raw::close(fd);
    path_ = path;
    EXPECT_TRUE(vpu::save_capabilities(small_capabilities(), path_));
  }
  ~CapabilityFile() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class FirmwareBench : public testing::Test {
 protected:
  // Limits long enough not to interfere; tests of the watchdog choose their own.
  virtual vpu::WatchdogLimits limits() { return {10s, 20s, 40s, 40s}; }

  virtual const Clock& clock() { return system_clock(); }

  // For tests whose link is another one.
  virtual std::unique_ptr<hfi::HostLink> wrap(std::unique_ptr<hfi::HostLink> link) { return link; }

  void SetUp() override {
    vpu::VpuConfig config;
    config.capability_file = file_.path();
    config.loop = &loop_;
    config.limits = limits();
    config.clock = &clock();
    config.make_link = [this]() -> Result<std::unique_ptr<hfi::HostLink>> {
      auto pair = hfi::LoopbackLink::create(1);
      if (!pair) return Unexpected(pair.error());
      firmware_ = std::move(pair->firmware);
      return wrap(std::move(pair->link));
    };
    driver_ = std::make_unique<vpu::VpuDriver>(std::move(config));
    open();
  }
  void TearDown() override { session_.reset(); }

  void open(codec::Role role = codec::Role::kDecoder) {
    listener_ = std::make_shared<Listener>();
    auto opened = driver_->open_session({.role = role, .coded = kH264}, listener_);
    ASSERT_TRUE(opened) << opened.error().reason;
    session_ = std::move(*opened);
  }

  hfi::FirmwareEndpoint& firmware() { return firmware_->endpoint(); }
  void say(hfi::msg::Body body, uint64_t cookie = 0) {
    ASSERT_EQ(firmware().send({cookie, std::move(body)}), hfi::FirmwareEndpoint::SendOutcome::kOk);
  }
  // The next command; fails the test when none comes.
  hfi::Command next_command() {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < end) {
      auto read = firmware().next_command();
      if (read.outcome == hfi::FirmwareEndpoint::ReadOutcome::kCommand) return read.command;
      EXPECT_EQ(read.outcome, hfi::FirmwareEndpoint::ReadOutcome::kEmpty) << read.complaint;
      if (firmware().wait(100ms).hangup) break;
    }
    ADD_FAILURE() << "no command came";
    return {};
  }
  template <typename T>
  hfi::Command expect() {
    hfi::Command command = next_command();
    EXPECT_TRUE(std::holds_alternative<T>(command.body)) << hfi::name_of(command.body);
    return command;
  }

  // start(), READY, CONFIGURED, START: streaming.
  void stream() {
    ASSERT_TRUE(session_->start());
    say(hfi::msg::Ready{1, SVPU_JAIL_SECCOMP, "scripted"});
    expect<hfi::cmd::Configure>();
    say(hfi::msg::Configured{});
    while (!std::holds_alternative<hfi::cmd::Start>(next_command().body)) {
    }
    wait_until_read();
  }
  // Until the host has read all that was said.
  void wait_until_read() {
    const svpu_ring_index& index = firmware_->message_index();
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (__atomic_load_n(&index.read, __ATOMIC_ACQUIRE) != __atomic_load_n(&index.write, __ATOMIC_ACQUIRE)) {
      ASSERT_LT(std::chrono::steady_clock::now(), end);
      std::this_thread::sleep_for(1ms);
    }
  }

  BufferHandle map(Direction side, uint32_t index, uint32_t length = 4096) {
    auto memory = SharedMemory::create("hostile", page_align(length));
    const codec::PlaneMemory plane{memory->fd(), 0, length, memory->size()};
    const BufferHandle handle{index, ++generation_};
    EXPECT_TRUE(session_->map_buffer(side, handle, std::span(&plane, 1)));
    return handle;
  }
  // Maps a buffer, queues it; the firmware has read both commands if it is running.
  Cookie queue(Direction side, uint32_t index, bool read = true) {
    const BufferHandle handle = map(side, index);
    const Cookie cookie = queue(side, handle);
    if (read) {
      expect<hfi::cmd::MapBuffer>();
      next_command();
    }
    return cookie;
  }
  Cookie queue(Direction side, BufferHandle handle) {
    const Cookie cookie{++cookie_};
    if (side == Direction::kInput) {
      EXPECT_TRUE(session_->queue_input({handle, cookie, Tag{cookie_}, 0, 100}));
    } else {
      EXPECT_TRUE(session_->queue_output(handle, cookie));
    }
    return cookie;
  }

  static hfi::msg::FormatChanged format(uint32_t width = 64, uint32_t height = 64) {
    hfi::msg::FormatChanged message;
    message.initial = true;
    message.coded_width = message.visible_width = width;
    message.coded_height = message.visible_height = height;
    message.bit_depth = 8;
    message.chroma = SVPU_CHROMA_420;
    message.native = static_cast<uint32_t>(kYuv420);
    message.min_output_buffers = 2;
    return message;
  }

  size_t count(Said::Kind kind) {
    size_t n = 0;
    for (const Said& said : listener_->all()) n += said.kind == kind;
    return n;
  }
  bool wait_count(Said::Kind kind, size_t n) {
    return listener_->wait(std::chrono::duration_cast<std::chrono::milliseconds>(kPatience), [&](const auto& all) {
      size_t found = 0;
      for (const Said& said : all) found += said.kind == kind;
      return found >= n;
    });
  }
  // The session failed: once, last, with each of `queued` answered exactly once, and every call
  // returns EIO.
  void expect_failed(const std::vector<Cookie>& queued = {}) {
    ASSERT_TRUE(wait_count(Said::kFailed, 1));
    EXPECT_TRUE(firmware().wait(kPatience).hangup) << "the firmware wasn't killed";
    const auto all = listener_->all();
    EXPECT_EQ(all.back().kind, Said::kFailed);
    EXPECT_EQ(count(Said::kFailed), 1u);
    for (const Cookie cookie : queued) {
      size_t answers = 0;
      for (const Said& said : all) answers += (said.kind == Said::kInput || said.kind == Said::kOutput) && said.cookie == cookie;
      EXPECT_EQ(answers, 1u) << "cookie " << static_cast<uint64_t>(cookie);
    }
    const Status after = session_->drain();
    ASSERT_FALSE(after);
    EXPECT_EQ(after.error().code, EIO);
  }
  void expect_violation(const std::vector<Cookie>& queued = {}) {
    expect_failed(queued);
    EXPECT_EQ(driver_->statistics().protocol_violations.load(), 1u);
  }

  CapabilityFile file_;
  std::unique_ptr<hfi::LoopbackFirmware> firmware_;  // of the session started last
  EventLoop loop_;
  std::unique_ptr<vpu::VpuDriver> driver_;
  std::shared_ptr<Listener> listener_;
  std::unique_ptr<codec::Session> session_;
  uint64_t cookie_ = 0;
  uint32_t generation_ = 0;
};

}  // namespace softvpu::hostile
