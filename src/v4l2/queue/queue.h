// SPDX-License-Identifier: LGPL-2.1-or-later
// One buffer queue of an open file: its buffers, where each of them is, and what QUERYBUF, QBUF and
// DQBUF show of it. Called under the file's lock. Model: videobuf2; clauses: vidioc-qbuf.rst,
// vidioc-reqbufs.rst, buffer.rst.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <variant>
#include <vector>

#include "v4l2/ioctl/border.h"
#include "v4l2/queue/mmap_memory.h"

namespace softvpu::v4l2 {

// Where a buffer is: in exactly one place.
struct Dequeued {  // the client's; `prepared`: VIDIOC_PREPARE_BUF took what QBUF would take
  bool prepared = false;
};
struct Queued {};  // ours, waiting for the session
struct WithSession {
  codec::Cookie cookie{};
};
struct Done {
  bool error = false;
};
using Place = std::variant<Dequeued, Queued, WithSession, Done>;

struct Buffer {
  codec::BufferHandle handle;    // its index, and a generation for each memory that was attached to it
  std::vector<PlaneSize> least;  // what each plane must have (vb2's min_length)
  Planes planes;
  Place place;
  bool known_to_session = false;  // map_buffer() was called
  bool arms_epipe = false;        // dequeuing it makes DQBUF return EPIPE from then on (V4L2_BUF_FLAG_LAST)
  // What the client sees of it.
  uint32_t flags = 0;  // without those that `place` decides
  uint32_t field = V4L2_FIELD_ANY;
  uint32_t sequence = 0;
  timeval timestamp{};
  v4l2_timecode timecode{};
  std::array<uint32_t, VIDEO_MAX_PLANES> bytesused{};
  std::array<uint32_t, VIDEO_MAX_PLANES> data_offset{};

  template <typename P>
  bool is() const {
    return std::holds_alternative<P>(place);
  }
  // Each plane has at least the wanted length.
  bool holds(std::span<const PlaneSize> wanted) const;
};

class BufferQueue {
 public:
  BufferQueue(Side side, uint32_t offset_base) : side_(side), offsets_(offset_base) {}

  Side side() const { return side_; }
  uint32_t count() const { return static_cast<uint32_t>(buffers_.size()); }
  bool streaming() const { return streaming_; }
  bool failed() const { return failed_; }
  bool last_dequeued() const { return last_dequeued_; }
  size_t queued() const { return queued_.size(); }
  size_t done() const { return done_.size(); }
  size_t with_session() const { return with_session_; }
  // Nothing is on vb2's queued_list: no buffer is queued, with the session, or done.
  bool idle() const { return queued_.empty() && done_.empty() && with_session_ == 0; }

  std::span<const std::unique_ptr<Buffer>> buffers() const { return buffers_; }
  // nullptr: there is none; indices may have gaps (VIDIOC_REMOVE_BUFS).
  Buffer* find(uint32_t index);

  // V4L2_MEMORY_* of the buffers, all of one type; 0 when there are none.
  uint32_t memory() const { return memory_; }

  // For an OUTPUT queue whose buffers are always full: from now on a plane without bytesused is
  // taken for a full one (buffer.rst, bytesused).
  void take_empty_for_full() { empty_is_full_ = true; }

  // Where add() puts `count` buffers: at the first gap that has room for all of them, or for as
  // many as there is room for anywhere, as videobuf2 does. A count of 0: there is no room.
  struct Range {
    uint32_t first = 0;
    uint32_t count = 0;
  };
  Range room_for(uint32_t count) const;
  // Adds up to `count` buffers of `memory`, which is memory() if there are any; returns how many
  // there was memory for. Errors: ENOMEM when there was for none.
  Result<uint32_t> add(uint32_t count, std::span<const PlaneSize> planes, uint32_t memory = V4L2_MEMORY_MMAP);
  // Frees all of them; mappings keep the memory (V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS).
  void free_all();
  // VIDIOC_REMOVE_BUFS: frees those from `first` on, all of which are there and dequeued.
  void free_some(uint32_t first, uint32_t count);
  // The buffer has that memory from now on: for the session it is another buffer,
  // which it doesn't know.
  void attach(Buffer& buffer, Planes planes);
  // nullptr when no plane has this mmap offset; what the client has brought has none.
  PlaneMemory* plane_at(uint64_t offset);

  // What a client sees of the buffer now.
  BufferView view(const Buffer& buffer) const;
  // Checks and takes the client's view, as vb2 does it for QBUF and PREPARE_BUF. Errors: EINVAL.
  Status take(Buffer& buffer, const BufferView& from);
  // QBUF after take(): timestamp and timecode are taken at last, as in vb2.
  void enqueue(Buffer& buffer, const BufferView& from);

  // The next one that waits for the session, or nullptr; `suits` chooses.
  template <typename Suits>
  Buffer* next_queued(Suits suits) {
    for (const uint32_t index : queued_)
      if (Buffer* buffer = find(index); suits(*buffer)) return buffer;
    return nullptr;
  }
  Buffer* next_queued() { return queued_.empty() ? nullptr : find(queued_.front()); }

  void give_to_session(Buffer& buffer, codec::Cookie cookie);  // from Queued
  Buffer* with_session(codec::Cookie cookie);                  // nullptr: not one of ours any more
  void take_back(Buffer& buffer);                              // WithSession -> Queued, first in line
  void complete(Buffer& buffer, bool error);                   // Queued or WithSession -> Done
  // Likewise, empty and marked V4L2_BUF_FLAG_LAST: after it DQBUF returns EPIPE.
  void complete_last(Buffer& buffer, uint32_t field, bool error);
  Buffer* next_done() { return done_.empty() ? nullptr : find(done_.front()); }
  void dequeue(Buffer& buffer);  // the next done -> Dequeued

  void start_streaming();
  // STREAMOFF: every buffer is the client's again, whatever state it was in.
  void cancel();
  // Those the session has wait again, in their old order; it was told, and its late answers name
  // cookies that no buffer has.
  void recall();
  // The session is gone: recall(), and it knows none of them.
  void session_closed();
  // vb2_queue_error(): session_closed(), and nothing can be queued or dequeued until cancel().
  void set_failed();
  void set_last_dequeued(bool value) { last_dequeued_ = value; }
  // DQBUF waits again, also after a LAST buffer that is still to be dequeued.
  void forget_last();

  uint32_t next_sequence() { return sequence_++; }

 private:
  Result<Planes> make_planes(std::span<const PlaneSize> sizes);
  void leave_place(Buffer& buffer);

  Side side_;
  OffsetAllocator offsets_;
  uint32_t memory_ = 0;
  std::vector<std::unique_ptr<Buffer>> buffers_;  // by rising index
  std::deque<uint32_t> queued_;
  std::deque<uint32_t> done_;
  size_t with_session_ = 0;
  uint32_t next_generation_ = 1;
  uint32_t sequence_ = 0;
  bool streaming_ = false;
  bool failed_ = false;
  bool last_dequeued_ = false;
  bool empty_is_full_ = false;
};

}  // namespace softvpu::v4l2
