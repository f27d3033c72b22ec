// SPDX-License-Identifier: LGPL-2.1-or-later
// Commands that the firmware has no room for yet (or that wait for a firmware to be started), in order, with the memory they
// name. Used by SessionCore under its lock. Never blocks; bounded.
#pragma once

#include <array>
#include <deque>
#include <span>

#include "base/unique_fd.h"
#include "codec/session.h"
#include "hfi/link.h"

namespace softvpu::vpu {

class Outbox {
 public:
  static constexpr size_t kMaxCommands = 4096;

  enum class Outcome {
    kEmpty,       // everything is sent
    kRingFull,    // the doorbell rings when there is room
    kSocketFull,  // nothing tells when there is room: try again a little later
    kPeerGone,
  };

  // Appends. Errors: ENOBUFS when kMaxCommands wait.
  Status push(const hfi::Command& command);
  // A MAP_BUFFER with its memory, duplicated here; of an input, for reading only. Errors: ENOBUFS, EMFILE.
  Status push_map(const hfi::cmd::MapBuffer& command, std::span<const codec::PlaneMemory> planes);
  // Sends as much as there is room for. `link` nullptr: nothing.
  Outcome pump(hfi::HostLink* link);

  // Drops what no firmware has seen: queueings of a side (for a flush before the start), one output's queueing, a mapping.
  void drop_queueings(codec::Direction side);
  void drop_queueing(codec::Cookie cookie);
  void drop_drains();
  bool drop_map(codec::Direction side, codec::BufferHandle buffer);
  void push_front(const hfi::Command& command);
  void clear() { waiting_.clear(); }
  bool empty() const { return waiting_.empty(); }

 private:
  struct Waiting {
    hfi::Command command;
    std::array<UniqueFd, kMaxPlanes> memory;  // of a MAP_BUFFER that isn't sent
    uint32_t num_planes = 0;                  // 0: none, or sent
  };
  std::deque<Waiting> waiting_;
};

}  // namespace softvpu::vpu
