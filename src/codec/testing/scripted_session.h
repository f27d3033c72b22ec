// SPDX-License-Identifier: LGPL-2.1-or-later
// A lower half that does only what its test says: calls are recorded, events happen when the test makes them happen. For the
// upper half's tests. Not thread-safe: the test's thread plays both sides.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codec/session.h"

namespace softvpu::codec {

// What became of one session; outlives it.
struct Script {
  SessionConfig config;
  std::weak_ptr<SessionEvents> events;
  bool open = true;  // the Session object lives
  bool started = false;
  std::vector<std::string> calls;  // in order, "queue_input 3 100" (index, bytes), "flush input", "resume", …
  struct Queued {
    BufferHandle buffer;
    Cookie cookie{};
    Tag tag{};
    InputChunk chunk;  // of an input
  };
  std::deque<Queued> inputs;
  std::deque<Queued> outputs;
  std::deque<Queued> cancelled_inputs;  // flushed and not answered
  std::deque<Queued> cancelled_outputs;
  std::vector<std::pair<Direction, uint32_t>> flushes;  // unanswered
  std::optional<FrameLayout> layout;
  std::vector<std::pair<uint32_t, int64_t>> controls;  // ids and values, in order
  size_t mapped = 0;                                   // buffers known
  uint32_t returns_asked = 0;                          // unanswered return_output()
  std::string given_up;                                // the reason of give_up(), to be answered by fail()
  int answer = 0;                                      // errno of every call from now on; 0: they succeed

  size_t count(const std::string& call) const;

  // --- What the lower half does. Each takes the oldest buffer queued on its side.
  void finish_input(DoneStatus status = DoneStatus::kOk);
  void finish_inputs() {
    while (!inputs.empty()) finish_input();
  }
  // A frame that came from `tag` (0: none).
  void deliver(uint64_t tag, FrameType type = FrameType::kKey, DoneStatus status = DoneStatus::kOk);
  // An encoder's output, of that many bytes.
  void deliver_coded(Tag tag, uint32_t bytes, FrameType type = FrameType::kKey, DoneStatus status = DoneStatus::kOk);
  void announce(const StreamFormat& format, bool initial);
  void say_drained(DoneStatus status = DoneStatus::kOk);
  // Answers flushes and return_output() calls.
  void settle();
  void fail(int error, const std::string& reason);
};

// A progressive 8-bit 4:2:0 stream of that picture size, coded in blocks of 16.
StreamFormat plain_stream(Size visible, uint32_t min_output_buffers = 2);
// Decoders of H.264 and VP8 with YU12 and NV12, like the real worker's but small.
Capabilities scripted_capabilities();

class ScriptedDriver final : public Driver {
 public:
  explicit ScriptedDriver(Capabilities capabilities = scripted_capabilities()) : capabilities_(std::move(capabilities)) {}
  Result<Capabilities> capabilities() override;
  Result<std::unique_ptr<Session>> open_session(const SessionConfig& config, std::weak_ptr<SessionEvents> events) override;

  // The session opened last. There must have been one.
  Script& script() { return *scripts_.back(); }
  const std::vector<std::shared_ptr<Script>>& scripts() const { return scripts_; }
  void refuse_sessions(int error) { refusal_ = error; }

 private:
  Capabilities capabilities_;
  std::vector<std::shared_ptr<Script>> scripts_;
  int refusal_ = 0;
};

}  // namespace softvpu::codec
