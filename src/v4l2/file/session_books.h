// SPDX-License-Identifier: LGPL-2.1-or-later
// The session of an open file, and the books about it that no role keeps: which buffers it knows,
// cookies, flushes that are unanswered. Owned by CodecFile; called under its lock.
#pragma once

#include <memory>
#include <string>

#include "codec/session.h"
#include "v4l2/file/session_link.h"
#include "v4l2/ioctl/border.h"
#include "v4l2/queue/queue.h"

namespace softvpu::v4l2 {

class SessionBooks {
 public:
  explicit operator bool() const { return session_ != nullptr; }
  codec::Session* operator->() const { return session_.get(); }
  codec::Session& operator*() const { return *session_; }

  // A session that isn't started yet. Errors: the driver's.
  Status open(codec::Driver& driver, const codec::SessionConfig& config, std::shared_ptr<SessionLink> link);
  // There is none any more; events that are under way end in the link.
  std::unique_ptr<codec::Session> close();
  // The session that `link` belongs to is this one.
  bool is_of(const SessionLink* link) const { return link != nullptr && link == link_.get(); }
  const SessionLink* link() const { return link_.get(); }

  codec::Cookie next_cookie() { return codec::Cookie{next_cookie_++}; }
  // Makes the buffer's memory known, if it isn't. Errors: the session's.
  Status map(Side side, Buffer& buffer);
  // The session forgets the buffer, or all buffers of the queue.
  void unmap(Side side, Buffer& buffer);
  void unmap(const BufferQueue& queue);

  // STREAMOFF's: is_flushing() until it is answered. Errors: the session's.
  Status flush(Side side);
  // Of a queue that streams on: nobody waits for the answer.
  Status recall(Side side);
  bool is_flushing(Side side) const { return pending(side) != 0; }
  // SessionEvents::flushed().
  void flushed(codec::Direction side, uint32_t generation);

  // The CAPTURE buffer that a drain or a change of format ends with: the next one that waits. nullptr: there is none, and the
  // session was asked, once after each want_last(), to return one that it has.
  void want_last() { return_asked_ = false; }
  Buffer* find_last(BufferQueue& capture);

  // Not session_failed(): buffers may only go back when the codec touches them no more,
  // which failed() reports.
  void give_up(const Error& error);

 private:
  static codec::Direction direction_of(Side side) {
    return side == Side::kOutput ? codec::Direction::kInput : codec::Direction::kOutput;
  }
  const uint32_t& pending(Side side) const { return side == Side::kOutput ? output_flush_pending_ : capture_flush_pending_; }

  std::unique_ptr<codec::Session> session_;
  std::shared_ptr<SessionLink> link_;  // of session_
  uint64_t next_cookie_ = 1;
  uint32_t flush_generation_ = 0;
  // Generation of the unanswered flush that STREAMOFF of the side asked for, 0: none.
  uint32_t output_flush_pending_ = 0;
  uint32_t capture_flush_pending_ = 0;
  bool return_asked_ = false;  // return_output() was called for the LAST buffer that is wanted
};

}  // namespace softvpu::v4l2
