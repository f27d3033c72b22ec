// SPDX-License-Identifier: LGPL-2.1-or-later
// Which buffers a session knows and which are under way: the host's own books, against which every message is checked.
// Used by SessionCore under its lock. Contract points 1, 2 and 5 of codec/session.h are kept here.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "codec/session.h"
#include "core/buffer_answers.h"

namespace softvpu::vpu {

class Buffers {
 public:
  // Checks planes (1..4, page aligned, 1..2^31-1 bytes, mapped >= length) and remembers their lengths.
  // Errors: EINVAL; also for an index that is mapped already or a generation of 0.
  Status map(codec::Direction side, codec::BufferHandle buffer, std::span<const codec::PlaneMemory> planes);
  // Errors: EINVAL for one that isn't mapped, or that is queued with no flush after its queueing.
  Status unmap(codec::Direction side, codec::BufferHandle buffer);

  // UNMAP_BUFFER was sent.
  void begin_unmap() { ++unmaps_; }
  // UNMAPPED. Errors: EPROTO for more of them than were asked for, or for a buffer that is mapped.
  Status end_unmap(codec::Direction side, codec::BufferHandle buffer);

  // Takes a queueing into the books. Errors: EINVAL for an unknown buffer, one that is queued already, cookie 0 or one that is
  // under way, an input chunk outside its plane.
  Status queue_input(const codec::InputChunk& chunk);
  Status queue_output(codec::BufferHandle buffer, codec::Cookie cookie);

  // RETURN_OUTPUT was sent.
  void begin_return() { svpu_requests_begin_return(&requests_); }

  // An answer of the firmware. Errors: EPROTO with the reason: not under way on that side, more bytes than the plane has, or
  // not to be returned now (core/buffer_answers.h).
  Status finish_input(codec::Cookie cookie, codec::DoneStatus status);
  Status finish_output(const codec::OutputDone& done);

  // From here on everything queued on `side` so far must come back before flushed() may.
  void begin_flush(codec::Direction side, uint32_t generation);
  // Errors: EPROTO when it isn't the oldest flush of that side, or buffers from before it are missing.
  Status end_flush(codec::Direction side, uint32_t generation);

  // Everything under way on a side, oldest first; it is no longer.
  std::vector<codec::Cookie> take_all(codec::Direction side);
  // The oldest output under way; it is no longer.
  std::optional<codec::Cookie> take_output();
  // Flushes that weren't answered, oldest first; forgotten.
  struct PendingFlush {
    codec::Direction side;
    uint32_t generation;
  };
  std::vector<PendingFlush> take_flushes();

  bool any_under_way() const { return !queued_[0].empty() || !queued_[1].empty() || !flushes_.empty(); }
  bool outputs_under_way() const { return !queued_[1].empty(); }
  size_t under_way(codec::Direction side) const { return queued_[static_cast<size_t>(side)].size(); }

 private:
  struct Mapped {
    codec::BufferHandle handle;
    uint32_t num_planes = 0;
    std::array<uint32_t, kMaxPlanes> length{};
  };
  struct Queued {
    codec::BufferHandle handle;
    codec::Cookie cookie{};
    svpu_queueing queueing{};
    uint32_t num_planes = 0;
    std::array<uint32_t, kMaxPlanes> length{};
  };

  std::vector<Mapped>& mapped(codec::Direction side) { return mapped_[static_cast<size_t>(side)]; }
  std::deque<Queued>& queued(codec::Direction side) { return queued_[static_cast<size_t>(side)]; }
  const Mapped* find(codec::Direction side, codec::BufferHandle buffer) const;
  // Whether one of the queue is this buffer's, with no flush behind it.
  bool holds(codec::Direction side, codec::BufferHandle buffer) const;
  Status enter(codec::Direction side, codec::BufferHandle buffer, codec::Cookie cookie);

  std::array<std::vector<Mapped>, 2> mapped_;
  std::array<std::deque<Queued>, 2> queued_;
  std::vector<PendingFlush> flushes_;
  svpu_requests requests_{};
  uint64_t unmaps_ = 0;  // without their UNMAPPED. Their names aren't kept: a firmware that never answers must cost nothing.
};

}  // namespace softvpu::vpu
