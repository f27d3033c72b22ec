// SPDX-License-Identifier: LGPL-2.1-or-later
// The moves of buffers between their places, and the checks of QBUF. Behaviour of
// videobuf2; see queue.h.
#include "v4l2/queue/queue.h"

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace softvpu::v4l2 {
namespace {

// Decided by us whatever the client says (videobuf2's V4L2_BUFFER_MASK_FLAGS).
constexpr uint32_t kOurFlags = V4L2_BUF_FLAG_MAPPED | V4L2_BUF_FLAG_QUEUED | V4L2_BUF_FLAG_DONE | V4L2_BUF_FLAG_ERROR |
                               V4L2_BUF_FLAG_PREPARED | V4L2_BUF_FLAG_IN_REQUEST | V4L2_BUF_FLAG_REQUEST_FD |
                               V4L2_BUF_FLAG_TIMESTAMP_MASK;
// Cache hints have no meaning here; the capability isn't offered, so the flags are cleared
// (buffer.rst, NO_CACHE_*).
constexpr uint32_t kCacheHints = V4L2_BUF_FLAG_NO_CACHE_INVALIDATE | V4L2_BUF_FLAG_NO_CACHE_CLEAN;
// The client's on OUTPUT, ours on CAPTURE.
constexpr uint32_t kFrameFlags = V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_PFRAME | V4L2_BUF_FLAG_BFRAME | V4L2_BUF_FLAG_TIMECODE |
                                 V4L2_BUF_FLAG_M2M_HOLD_CAPTURE_BUF;

}  // namespace

bool Buffer::holds(std::span<const PlaneSize> wanted) const {
  if (wanted.size() != planes.size()) return false;
  for (size_t i = 0; i < wanted.size(); ++i)
    if (planes[i]->length() < wanted[i].length) return false;
  return true;
}

Buffer* BufferQueue::find(uint32_t index) {
  const auto found = std::find_if(buffers_.begin(), buffers_.end(), [&](const auto& b) { return b->handle.index == index; });
  return found != buffers_.end() ? found->get() : nullptr;
}

BufferQueue::Range BufferQueue::room_for(uint32_t count) const {
  Range best;
  uint32_t first = 0;
  const auto consider = [&](uint32_t end) {
    if (end - first > best.count && best.count < count) best = {first, std::min(end - first, count)};
  };
  for (const auto& buffer : buffers_) {
    consider(buffer->handle.index);
    first = buffer->handle.index + 1;
  }
  consider(VIDEO_MAX_FRAME);
  return best;
}

Result<uint32_t> BufferQueue::add(uint32_t count, std::span<const PlaneSize> planes, uint32_t memory) {
  const Range room = room_for(count);
  if (room.count == 0) return fail(ENOMEM, "the queue has as many buffers as there may be");
  const auto place = std::find_if(buffers_.begin(), buffers_.end(), [&](const auto& b) { return b->handle.index > room.first; });
  std::vector<std::unique_ptr<Buffer>> added;
  memory_ = memory;
  while (added.size() < room.count) {
    auto made = make_planes(planes);
    if (!made && added.empty()) {  // vidioc-reqbufs.rst: fewer is no error, none is
      if (buffers_.empty()) memory_ = 0;
      return fail(ENOMEM, made.error().reason);
    }
    if (!made) break;
    auto buffer = std::make_unique<Buffer>();
    buffer->handle.index = room.first + static_cast<uint32_t>(added.size());
    buffer->least.assign(planes.begin(), planes.end());
    attach(*buffer, std::move(*made));
    added.push_back(std::move(buffer));
  }
  const auto number = static_cast<uint32_t>(added.size());
  buffers_.insert(place, std::make_move_iterator(added.begin()), std::make_move_iterator(added.end()));
  return number;
}

Result<Planes> BufferQueue::make_planes(std::span<const PlaneSize> sizes) {
  Planes planes;
  for (const PlaneSize& size : sizes) {
    if (memory_ != V4L2_MEMORY_MMAP) {
      planes.push_back(std::make_unique<VacantPlane>(size.length));
      continue;
    }
    const auto in_use = [&](uint32_t offset) { return plane_at(offset) != nullptr; };
    auto plane = MmapPlane::allocate(size, offsets_.next(in_use));
    if (!plane) return Unexpected(plane.error());
    planes.push_back(std::move(*plane));
  }
  return planes;
}

void BufferQueue::attach(Buffer& buffer, Planes planes) {
  buffer.planes = std::move(planes);
  buffer.handle.generation = next_generation_++;
  buffer.known_to_session = false;
}

void BufferQueue::free_all() {
  cancel();
  buffers_.clear();
  memory_ = 0;
}

void BufferQueue::free_some(uint32_t first, uint32_t count) {
  std::erase_if(buffers_, [&](const auto& b) { return b->handle.index >= first && b->handle.index - first < count; });
  if (buffers_.empty()) memory_ = 0;
}

PlaneMemory* BufferQueue::plane_at(uint64_t offset) {
  if (memory_ != V4L2_MEMORY_MMAP) return nullptr;
  for (const auto& buffer : buffers_)
    for (const auto& plane : buffer->planes)
      if (plane->name() == offset) return plane.get();
  return nullptr;
}

BufferView BufferQueue::view(const Buffer& buffer) const {
  BufferView view;
  view.index = buffer.handle.index;
  view.memory = memory();
  view.flags = (buffer.flags & ~kOurFlags) | V4L2_BUF_FLAG_TIMESTAMP_COPY;
  view.field = buffer.field;
  view.sequence = buffer.sequence;
  view.timestamp = buffer.timestamp;
  view.timecode = buffer.timecode;
  view.num_planes = static_cast<uint32_t>(buffer.planes.size());
  bool mapped = false;
  for (uint32_t i = 0; i < view.num_planes; ++i) {
    const PlaneMemory& plane = *buffer.planes[i];
    view.planes[i] = {buffer.bytesused[i], plane.length(), buffer.data_offset[i], plane.name()};
    mapped = mapped || plane.mapped();
  }
  if (mapped) view.flags |= V4L2_BUF_FLAG_MAPPED;
  if (buffer.is<Queued>() || buffer.is<WithSession>()) view.flags |= V4L2_BUF_FLAG_QUEUED;
  if (const auto* done = std::get_if<Done>(&buffer.place)) {
    view.flags |= V4L2_BUF_FLAG_DONE;
    if (done->error) view.flags |= V4L2_BUF_FLAG_ERROR;
  }
  if (const auto* dequeued = std::get_if<Dequeued>(&buffer.place); dequeued != nullptr && dequeued->prepared)
    view.flags |= V4L2_BUF_FLAG_PREPARED;
  return view;
}

Status BufferQueue::take(Buffer& buffer, const BufferView& from) {
  if (side_ == Side::kOutput) {
    for (uint32_t i = 0; i < buffer.planes.size(); ++i) {
      const uint32_t length = buffer.planes[i]->length();
      const uint32_t used = from.planes[i].bytesused != 0 ? from.planes[i].bytesused : length;
      if (used > length) return fail(EINVAL, "bytesused is beyond the plane");
      if (from.planes[i].data_offset != 0 && from.planes[i].data_offset >= used)
        return fail(EINVAL, "data_offset leaves no data");
    }
    // An OUTPUT buffer is one field or the other, never "one of them" (v4l2_field); numbers past
    // the enumeration are nothing.
    if (from.field == V4L2_FIELD_ALTERNATE || from.field > V4L2_FIELD_INTERLACED_BT)
      return fail(EINVAL, "not a field of a buffer");
    for (uint32_t i = 0; i < buffer.planes.size(); ++i) {
      // An empty buffer stays empty, and the role knows what that means: videobuf2's
      // allow_zero_bytesused, as codec drivers have it. buffer.rst has 0 stand for the whole
      // buffer, but a coded buffer is never full of what its client meant. A picture is.
      const bool full = from.planes[i].bytesused == 0 && empty_is_full_;
      buffer.bytesused[i] = full ? buffer.planes[i]->length() : from.planes[i].bytesused;
      buffer.data_offset[i] = buffer.bytesused[i] != 0 ? from.planes[i].data_offset : 0;
    }
    buffer.field = from.field == V4L2_FIELD_ANY ? uint32_t{V4L2_FIELD_NONE} : from.field;
    buffer.flags = from.flags & ~(kOurFlags | kCacheHints | V4L2_BUF_FLAG_TIMECODE | V4L2_BUF_FLAG_M2M_HOLD_CAPTURE_BUF);
  } else {
    buffer.bytesused.fill(0);
    buffer.data_offset.fill(0);
    buffer.flags = from.flags & ~(kOurFlags | kCacheHints | kFrameFlags | V4L2_BUF_FLAG_TSTAMP_SRC_MASK | V4L2_BUF_FLAG_LAST);
  }
  buffer.sequence = 0;
  buffer.arms_epipe = false;
  return {};
}

void BufferQueue::enqueue(Buffer& buffer, const BufferView& from) {
  if (side_ == Side::kOutput) {
    buffer.timestamp = from.timestamp;
    buffer.flags |= from.flags & V4L2_BUF_FLAG_TIMECODE;
    if ((from.flags & V4L2_BUF_FLAG_TIMECODE) != 0) buffer.timecode = from.timecode;
  }
  buffer.place = Queued{};
  queued_.push_back(buffer.handle.index);
}

void BufferQueue::leave_place(Buffer& buffer) {
  const uint32_t index = buffer.handle.index;
  if (buffer.is<Queued>()) {
    queued_.erase(std::find(queued_.begin(), queued_.end(), index));
  } else if (buffer.is<Done>()) {
    done_.erase(std::find(done_.begin(), done_.end(), index));
  } else if (buffer.is<WithSession>()) {
    --with_session_;
  }
}

void BufferQueue::give_to_session(Buffer& buffer, codec::Cookie cookie) {
  leave_place(buffer);
  buffer.place = WithSession{cookie};
  ++with_session_;
}

Buffer* BufferQueue::with_session(codec::Cookie cookie) {
  for (const auto& buffer : buffers_)
    if (const auto* there = std::get_if<WithSession>(&buffer->place); there != nullptr && there->cookie == cookie)
      return buffer.get();
  return nullptr;
}

void BufferQueue::take_back(Buffer& buffer) {
  leave_place(buffer);
  buffer.place = Queued{};
  queued_.push_front(buffer.handle.index);
}

void BufferQueue::complete(Buffer& buffer, bool error) {
  leave_place(buffer);
  buffer.place = Done{error};
  done_.push_back(buffer.handle.index);
}

void BufferQueue::complete_last(Buffer& buffer, uint32_t field, bool error) {
  buffer.bytesused.fill(0);
  buffer.field = field;
  buffer.flags |= V4L2_BUF_FLAG_LAST;
  buffer.arms_epipe = true;
  buffer.timestamp = {};
  buffer.sequence = next_sequence();
  complete(buffer, error);
}

void BufferQueue::dequeue(Buffer& buffer) {
  leave_place(buffer);
  buffer.place = Dequeued{};
}

void BufferQueue::start_streaming() {
  streaming_ = true;
  sequence_ = 0;
}

void BufferQueue::cancel() {
  queued_.clear();
  done_.clear();
  with_session_ = 0;
  for (const auto& buffer : buffers_) {
    buffer->place = Dequeued{};
    buffer->arms_epipe = false;
  }
  streaming_ = false;
  failed_ = false;
  last_dequeued_ = false;
}

void BufferQueue::recall() {
  std::vector<std::pair<codec::Cookie, uint32_t>> theirs;  // cookies rise with the order of queueing
  for (const auto& buffer : buffers_)
    if (const auto* there = std::get_if<WithSession>(&buffer->place)) theirs.emplace_back(there->cookie, buffer->handle.index);
  std::sort(theirs.begin(), theirs.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const auto& entry : theirs) take_back(*find(entry.second));
}

void BufferQueue::session_closed() {
  recall();
  for (const auto& buffer : buffers_) buffer->known_to_session = false;
}

void BufferQueue::set_failed() {
  session_closed();
  failed_ = true;
}

void BufferQueue::forget_last() {
  last_dequeued_ = false;
  for (const auto& buffer : buffers_) buffer->arms_epipe = false;
}

}  // namespace softvpu::v4l2
