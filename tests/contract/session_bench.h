// SPDX-License-Identifier: LGPL-2.1-or-later
// The owner of a session in the contract's tests (session_contract.h): a bench that a lower half brings, buffers, and what was
// said.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "base/shared_memory.h"
#include "codec/session.h"
#include "tests/contract/listener.h"

namespace softvpu::codec::contract {

// What a lower half brings to its tests.
class Bench {
 public:
  virtual ~Bench() = default;
  virtual Driver& driver() = 0;
  virtual FourCC coded() = 0;
  // `frames` pictures of `size` (multiples of 16), one chunk each, in decode order; the first begins with all that a decoder
  // needs.
  virtual std::vector<std::vector<uint8_t>> stream(Size size, uint32_t frames) = 0;
  // A chunk that ends a session for good; empty when nothing a stream holds can do that.
  virtual std::vector<uint8_t> fatal_chunk() { return {}; }
  // How long any one thing may take.
  virtual std::chrono::milliseconds patience() { return std::chrono::seconds(20); }
  // How long to watch that something does not happen.
  virtual std::chrono::milliseconds quiet() { return std::chrono::milliseconds(60); }
};

// A parameter of the tests. Its name is a part of the tests' names: letters and digits only.
struct MakeBench {
  const char* name;
  std::unique_ptr<Bench> (*make)();
};
inline void PrintTo(const MakeBench& bench, std::ostream* out) { *out << bench.name; }
inline std::string bench_name(const testing::TestParamInfo<MakeBench>& test) { return test.param.name; }

class SessionContract : public testing::TestWithParam<MakeBench> {
 protected:
  static constexpr Size kSmall{64, 64};
  static constexpr Size kLarge{128, 96};

  void SetUp() override {
    bench_ = GetParam().make();
    ASSERT_NE(bench_, nullptr);
    open();
  }
  void TearDown() override {
    EXPECT_FALSE(listener_->said_inside_a_call()) << "events never come from inside a Session call";
    session_.reset();
  }

  void open() {
    listener_ = std::make_shared<Listener>();
    auto opened = bench_->driver().open_session({.role = Role::kDecoder, .coded = bench_->coded(), .threads = 1}, listener_);
    ASSERT_TRUE(opened) << opened.error().reason;
    session_ = std::move(*opened);
    ASSERT_TRUE(call([&] { return session_->start(); }));
  }

  template <typename F>
  Status call(F body) {
    Listener::in_call() = true;
    Status status = body();
    Listener::in_call() = false;
    return status;
  }

  // --- Buffers
  struct Memory {
    BufferHandle handle;
    size_t length;
    SharedMemory memory;
    Mapping mapping;
  };
  Memory* add_buffer(Direction side, size_t length, size_t tail = 0) {
    auto shared = SharedMemory::create("contract", page_align(length + tail));
    auto mapping = shared->map();
    auto memory = std::make_unique<Memory>(
        Memory{{static_cast<uint32_t>(buffers_[side].size()), ++generation_}, length, std::move(*shared), std::move(*mapping)});
    const PlaneMemory plane{memory->memory.fd(), 0, length, memory->memory.size()};
    const Status mapped = call([&] { return session_->map_buffer(side, memory->handle, std::span(&plane, 1)); });
    EXPECT_TRUE(mapped) << mapped.error().reason;
    buffers_[side].push_back(std::move(memory));
    return buffers_[side].back().get();
  }

  // Queues the bytes in a buffer of their own; returns the cookie. The tag is the number of the chunk, from 1.
  Cookie feed(const std::vector<uint8_t>& bytes) {
    Memory* memory = add_buffer(Direction::kInput, std::max<size_t>(bytes.size(), 1));
    std::memcpy(memory->mapping.data(), bytes.data(), bytes.size());
    const Cookie cookie{++cookie_};
    const InputChunk chunk{
        .buffer = memory->handle, .cookie = cookie, .tag = Tag{++tag_}, .plane = {{{0, static_cast<uint32_t>(bytes.size())}}}};
    const Status queued = call([&] { return session_->queue_input(chunk); });
    EXPECT_TRUE(queued) << queued.error().reason;
    inputs_.push_back(cookie);
    return cookie;
  }
  void feed_all(const std::vector<std::vector<uint8_t>>& chunks) {
    for (const auto& chunk : chunks) feed(chunk);
  }

  void set_layout(const StreamFormat& format) {
    layout_ = *layout_for(format.native != FourCC::kNone ? format.native : kYuv420, format.coded);
    ASSERT_TRUE(call([&] { return session_->set_frame_layout(layout_); }));
  }
  void queue_output(Memory* memory) {
    const Cookie cookie{++cookie_};
    const Status queued = call([&] { return session_->queue_output(memory->handle, cookie); });
    EXPECT_TRUE(queued) << queued.error().reason;
    outputs_[cookie] = memory;
  }
  void add_outputs(uint32_t count) {
    for (uint32_t i = 0; i < count; ++i)
      queue_output(add_buffer(Direction::kOutput, layout_.plane_size[0], readable_tail(layout_)));
  }

  // --- Waiting
  bool wait(const std::function<bool(const std::vector<Said>&)>& enough) { return listener_->wait(bench_->patience(), enough); }
  static size_t count(const std::vector<Said>& said, Said::Kind kind) {
    return static_cast<size_t>(std::count_if(said.begin(), said.end(), [kind](const Said& s) { return s.kind == kind; }));
  }
  size_t count(Said::Kind kind) { return count(listener_->all(), kind); }
  bool wait_count(Said::Kind kind, size_t n) {
    return wait([&](const auto& said) { return count(said, kind) >= n; });
  }
  // No more than `n` events of `kind` arrive for a while.
  bool stays(Said::Kind kind, size_t n) {
    return !listener_->wait(bench_->quiet(), [&](const auto& said) { return count(said, kind) > n; });
  }
  static bool is_frame(const Said& s) { return s.kind == Said::kOutput && s.status != DoneStatus::kCancelled; }
  static size_t frames(const std::vector<Said>& said) {
    return static_cast<size_t>(std::count_if(said.begin(), said.end(), is_frame));
  }
  // There must be one.
  Said last_frame() {
    const auto said = listener_->all();
    return *std::find_if(said.rbegin(), said.rend(), is_frame);
  }
  std::optional<StreamFormat> last_format() {
    std::optional<StreamFormat> format;
    for (const Said& s : listener_->all())
      if (s.kind == Said::kFormat) format = s.format;
    return format;
  }

  // Feeds a stream, waits for its header, queues outputs, resumes.
  void begin(Size size, uint32_t frame_count, uint32_t extra_outputs = 3) {
    feed_all(bench_->stream(size, frame_count));
    ASSERT_TRUE(wait_count(Said::kFormat, 1));
    go_on(extra_outputs);
  }
  void go_on(uint32_t extra_outputs = 3) {
    const auto format = last_format();
    ASSERT_TRUE(format);
    set_layout(*format);
    add_outputs(format->min_output_buffers + extra_outputs);
    ASSERT_TRUE(call([&] { return session_->resume(); }));
  }
  // Requeues each output as its frame comes, until `done(said)`; those from before a change of geometry are retired.
  bool recycle_until(const std::function<bool(const std::vector<Said>&)>& done) {
    for (;;) {
      if (!wait([&](const auto& said) { return said.size() > recycled_ || done(said); })) return false;
      const auto said = listener_->all();
      if (done(said)) return true;
      for (; recycled_ < said.size(); ++recycled_) {
        if (!is_frame(said[recycled_])) continue;
        Memory* memory = outputs_.at(said[recycled_].cookie);
        if (memory->length >= layout_.plane_size[0]) queue_output(memory);
      }
    }
  }

  std::unique_ptr<Bench> bench_;
  std::shared_ptr<Listener> listener_;
  std::unique_ptr<Session> session_;
  std::map<Direction, std::vector<std::unique_ptr<Memory>>> buffers_;
  std::vector<Cookie> inputs_;
  std::map<Cookie, Memory*> outputs_;
  FrameLayout layout_;
  size_t recycled_ = 0;  // events that recycle_until() has seen
  uint64_t cookie_ = 0;
  uint64_t tag_ = 0;
  uint32_t generation_ = 0;
};

}  // namespace softvpu::codec::contract
