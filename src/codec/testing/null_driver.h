// SPDX-License-Identifier: LGPL-2.1-or-later
// A lower half without a codec: "decodes" a record format of its own in a thread of the process. It needs no firmware and keeps
// the contract of session.h, so the upper half, fuzzers and examples can run on it. The worker is the real one.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "codec/session.h"

namespace softvpu::codec {

// Streams for the null codec, whatever coded format it is configured for. Records may be cut anywhere; bytes between them are
// skipped.
std::vector<uint8_t> null_header(const StreamFormat& format, uint8_t reorder_depth = 0);
std::vector<uint8_t> null_frame(FrameType type, uint8_t seed);  // every byte of the picture's first line becomes `seed`
std::vector<uint8_t> null_damaged_frame(uint8_t seed);          // comes out with DoneStatus::kError
std::vector<uint8_t> null_fatal();                              // the session fails

class NullDriver final : public Driver {
 public:
  // kByHand: sessions have no threads; what they have to say comes when step() is called, by the thread that calls the verbs.
  enum class Threads { kOnePerSession, kByHand };
  explicit NullDriver(Threads threads = Threads::kOnePerSession);
  Result<Capabilities> capabilities() override { return capabilities_; }
  Result<std::unique_ptr<Session>> open_session(const SessionConfig& config, std::weak_ptr<SessionEvents> events) override;
  // kByHand: the next event of the oldest session that has one. False: nothing is due.
  bool step();

  // Of the sessions without threads that were started: who they are, and how they take a step.
  using Steps = std::vector<std::pair<const Session*, std::function<bool()>>>;

 private:
  const Capabilities capabilities_;
  const std::shared_ptr<Steps> steps_;  // null: they have threads
};

}  // namespace softvpu::codec
