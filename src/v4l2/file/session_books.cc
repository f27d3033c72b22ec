// SPDX-License-Identifier: LGPL-2.1-or-later
// What the file remembers of its session. The lower half knows inputs and outputs: direction_of().
#include "v4l2/file/session_books.h"

#include <array>
#include <span>
#include <utility>

namespace softvpu::v4l2 {

Status SessionBooks::open(codec::Driver& driver, const codec::SessionConfig& config, std::shared_ptr<SessionLink> link) {
  auto session = driver.open_session(config, link);
  if (!session) return Unexpected(session.error());
  session_ = std::move(*session);
  link_ = std::move(link);
  output_flush_pending_ = capture_flush_pending_ = 0;
  return {};
}

std::unique_ptr<codec::Session> SessionBooks::close() {
  link_.reset();
  output_flush_pending_ = capture_flush_pending_ = 0;
  return_asked_ = false;
  return std::move(session_);
}

Status SessionBooks::map(Side side, Buffer& buffer) {
  if (buffer.known_to_session) return {};
  std::array<codec::PlaneMemory, kMaxPlanes> planes{};
  for (size_t i = 0; i < buffer.planes.size(); ++i) planes[i] = buffer.planes[i]->for_session();
  const std::span used(planes.data(), buffer.planes.size());
  if (auto status = session_->map_buffer(direction_of(side), buffer.handle, used); !status) return status;
  buffer.known_to_session = true;
  return {};
}

void SessionBooks::unmap(Side side, Buffer& buffer) {
  if (session_ && buffer.known_to_session) (void)session_->unmap_buffer(direction_of(side), buffer.handle);
  buffer.known_to_session = false;
}

void SessionBooks::unmap(const BufferQueue& queue) {
  for (const auto& buffer : queue.buffers()) unmap(queue.side(), *buffer);
}

Status SessionBooks::flush(Side side) {
  (side == Side::kOutput ? output_flush_pending_ : capture_flush_pending_) = ++flush_generation_;
  return session_ ? session_->flush(direction_of(side), flush_generation_) : Status{};
}

Status SessionBooks::recall(Side side) { return session_->flush(direction_of(side), ++flush_generation_); }

void SessionBooks::flushed(codec::Direction side, uint32_t generation) {
  uint32_t& pending = side == codec::Direction::kInput ? output_flush_pending_ : capture_flush_pending_;
  if (generation == pending) pending = 0;
}

Buffer* SessionBooks::find_last(BufferQueue& capture) {
  if (Buffer* buffer = capture.next_queued()) return buffer;
  if (session_ && capture.with_session() > 0 && !return_asked_) {
    return_asked_ = true;
    if (auto status = session_->return_output(); !status) give_up(status.error());
  }
  return nullptr;
}

void SessionBooks::give_up(const Error& error) {
  if (session_) session_->give_up(error.reason);
}

}  // namespace softvpu::v4l2
