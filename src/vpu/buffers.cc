// SPDX-License-Identifier: LGPL-2.1-or-later
// The host's books of buffers: see buffers.h. At most 64 are under way per side and generation, so lists are searched.
#include "vpu/buffers.h"

#include <softvpu/hfi.h>

#include <algorithm>

namespace softvpu::vpu {

using codec::BufferHandle;
using codec::Cookie;
using codec::Direction;
using codec::DoneStatus;

namespace {

constexpr uint64_t kMaxPlaneBytes = 0x7fffffff;

const char* name_of(Direction side) { return side == Direction::kInput ? "input" : "output"; }

std::string name_of(Direction side, BufferHandle buffer) {
  return std::string(name_of(side)) + " buffer " + std::to_string(buffer.index) + "/" + std::to_string(buffer.generation);
}

svpu_direction core_name(Direction side) { return side == Direction::kInput ? SVPU_INPUT : SVPU_OUTPUT; }

std::string number_of(Cookie cookie) { return std::to_string(static_cast<uint64_t>(cookie)); }

Status refused(const char* message, Cookie cookie, const char* why) {
  return fail(EPROTO, std::string(message) + " for cookie " + number_of(cookie) + ": " + why);
}

}  // namespace

const Buffers::Mapped* Buffers::find(Direction side, BufferHandle buffer) const {
  const auto& list = mapped_[static_cast<size_t>(side)];
  const auto found = std::find_if(list.begin(), list.end(), [&](const Mapped& one) { return one.handle == buffer; });
  return found == list.end() ? nullptr : &*found;
}

Status Buffers::map(Direction side, BufferHandle buffer, std::span<const codec::PlaneMemory> planes) {
  const std::string name = name_of(side, buffer);
  if (buffer.index >= SVPU_MAX_BUFFERS) return fail(EINVAL, name + ": the index isn't below 64");
  if (buffer.generation == 0) return fail(EINVAL, name + ": generation 0 names nothing");
  if (planes.empty() || planes.size() > kMaxPlanes) return fail(EINVAL, name + ": not 1 to 4 planes");
  for (const Mapped& other : mapped(side)) {
    if (other.handle.index == buffer.index) return fail(EINVAL, name + ": the index is mapped already");
  }
  Mapped entry;
  entry.handle = buffer;
  entry.num_planes = static_cast<uint32_t>(planes.size());
  for (size_t i = 0; i < planes.size(); ++i) {
    const codec::PlaneMemory& plane = planes[i];
    if (plane.fd < 0) return fail(EINVAL, name + ": no descriptor");
    if (plane.offset % SVPU_PAGE != 0) return fail(EINVAL, name + ": a plane isn't page aligned");
    if (plane.length == 0 || plane.length > kMaxPlaneBytes) return fail(EINVAL, name + ": a plane isn't 1 to 2^31-1 bytes long");
    if (plane.mapped_length < plane.length || plane.mapped_length > UINT32_MAX)
      return fail(EINVAL, name + ": less of a plane can be mapped than written");
    if (plane.offset > static_cast<uint64_t>(INT64_MAX) - UINT32_MAX) return fail(EINVAL, name + ": a plane's offset");
    entry.length[i] = static_cast<uint32_t>(plane.length);
  }
  mapped(side).push_back(entry);
  return {};
}

Status Buffers::unmap(Direction side, BufferHandle buffer) {
  auto& list = mapped(side);
  const auto found = std::find_if(list.begin(), list.end(), [&](const Mapped& one) { return one.handle == buffer; });
  if (found == list.end()) return fail(EINVAL, name_of(side, buffer) + " isn't mapped");
  if (holds(side, buffer)) return fail(EINVAL, name_of(side, buffer) + " is queued; flush first");
  list.erase(found);
  return {};
}

Status Buffers::end_unmap(Direction side, BufferHandle buffer) {
  if (find(side, buffer) != nullptr) return fail(EPROTO, "UNMAPPED for " + name_of(side, buffer) + ", which is mapped");
  if (unmaps_ == 0) return fail(EPROTO, "UNMAPPED for " + name_of(side, buffer) + ", which wasn't asked for");
  --unmaps_;
  return {};
}

Status Buffers::enter(Direction side, BufferHandle buffer, Cookie cookie) {
  const Mapped* memory = find(side, buffer);
  if (memory == nullptr) return fail(EINVAL, name_of(side, buffer) + " isn't mapped");
  if (cookie == Cookie{}) return fail(EINVAL, name_of(side, buffer) + ": cookie 0 names nothing");
  for (const auto& list : queued_) {
    for (const Queued& other : list) {
      if (other.cookie == cookie) return fail(EINVAL, "cookie " + number_of(cookie) + " is under way");
    }
  }
  if (holds(side, buffer)) return fail(EINVAL, name_of(side, buffer) + " is queued already");
  queued(side).push_back({buffer, cookie, svpu_requests_stamp(&requests_, core_name(side)), memory->num_planes, memory->length});
  return {};
}

Status Buffers::queue_input(const codec::InputChunk& chunk) {
  if (const Mapped* memory = find(Direction::kInput, chunk.buffer); memory != nullptr) {
    if (chunk.num_planes != memory->num_planes)
      return fail(EINVAL, name_of(Direction::kInput, chunk.buffer) + ": the chunk has another number of planes");
    for (uint32_t i = 0; i < chunk.num_planes; ++i)
      if (uint64_t{chunk.plane[i].offset} + chunk.plane[i].bytes > memory->length[i])
        return fail(EINVAL, name_of(Direction::kInput, chunk.buffer) + ": the chunk ends past the plane");
  }
  return enter(Direction::kInput, chunk.buffer, chunk.cookie);
}

Status Buffers::queue_output(BufferHandle buffer, Cookie cookie) { return enter(Direction::kOutput, buffer, cookie); }

Status Buffers::finish_input(Cookie cookie, DoneStatus status) {
  auto& list = queued(Direction::kInput);
  const auto found = std::find_if(list.begin(), list.end(), [&](const Queued& one) { return one.cookie == cookie; });
  if (found == list.end()) return fail(EPROTO, "INPUT_DONE for cookie " + number_of(cookie) + ", which isn't under way");
  const uint32_t wire = status == DoneStatus::kCancelled ? SVPU_CANCELLED : SVPU_OK;
  const char* wrong = svpu_requests_input_done(&requests_, &found->queueing, found == list.begin(), wire);
  if (wrong != nullptr) return refused("INPUT_DONE", cookie, wrong);
  list.erase(found);
  return {};
}

Status Buffers::finish_output(const codec::OutputDone& done) {
  auto& list = queued(Direction::kOutput);
  const auto found = std::find_if(list.begin(), list.end(), [&](const Queued& one) { return one.cookie == done.cookie; });
  if (found == list.end()) return fail(EPROTO, "OUTPUT_DONE for cookie " + number_of(done.cookie) + ", which isn't under way");
  for (uint32_t i = 0; i < kMaxPlanes; ++i) {
    if (done.bytes_used[i] > (i < found->num_planes ? found->length[i] : 0))
      return fail(EPROTO, "OUTPUT_DONE claims " + std::to_string(done.bytes_used[i]) + " bytes in plane " + std::to_string(i) +
                              ", more than there are");
  }
  const uint32_t wire = done.status == DoneStatus::kCancelled ? SVPU_CANCELLED : SVPU_OK;
  const char* wrong = svpu_requests_output_done(&requests_, &found->queueing, wire);
  if (wrong != nullptr) return refused("OUTPUT_DONE", done.cookie, wrong);
  list.erase(found);
  return {};
}

bool Buffers::holds(Direction side, BufferHandle buffer) const {
  const auto& list = queued_[static_cast<size_t>(side)];
  return std::any_of(list.begin(), list.end(), [&](const Queued& one) {
    // A flush that is under way will return it first.
    return one.handle == buffer && !svpu_requests_flush(&requests_, core_name(side), &one.queueing);
  });
}

void Buffers::begin_flush(Direction side, uint32_t generation) {
  svpu_requests_begin_flush(&requests_, core_name(side));
  flushes_.push_back({side, generation});
}

Status Buffers::end_flush(Direction side, uint32_t generation) {
  const auto found = std::find_if(flushes_.begin(), flushes_.end(), [&](const PendingFlush& one) { return one.side == side; });
  const std::string what = std::string("FLUSHED for the ") + name_of(side) + "s with generation " + std::to_string(generation);
  if (found == flushes_.end() || found->generation != generation)
    return fail(EPROTO, what + ", which isn't the oldest one asked for");
  const svpu_queueing* oldest = queued(side).empty() ? nullptr : &queued(side).front().queueing;
  if (const char* wrong = svpu_requests_end_flush(&requests_, core_name(side), oldest); wrong != nullptr)
    return fail(EPROTO, what + ": " + wrong);
  flushes_.erase(found);
  return {};
}

std::vector<Cookie> Buffers::take_all(Direction side) {
  std::vector<Cookie> cookies;
  for (const Queued& queueing : queued(side)) cookies.push_back(queueing.cookie);
  queued(side).clear();
  return cookies;
}

std::optional<Cookie> Buffers::take_output() {
  auto& list = queued(Direction::kOutput);
  if (list.empty()) return std::nullopt;
  const Cookie cookie = list.front().cookie;
  list.pop_front();
  return cookie;
}

std::vector<Buffers::PendingFlush> Buffers::take_flushes() { return std::exchange(flushes_, {}); }

}  // namespace softvpu::vpu
