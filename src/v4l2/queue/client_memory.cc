// SPDX-License-Identifier: LGPL-2.1-or-later
// One attachment of all planes of a buffer: see client_memory.h.
#include "v4l2/queue/client_memory.h"

#include <cerrno>

#include "v4l2/queue/imported_memory.h"
#include "v4l2/queue/user_memory.h"

namespace softvpu::v4l2 {
namespace {

Result<std::unique_ptr<PlaneMemory>> attach(uint32_t memory, Side side, const PlaneView& from, PlaneSize wanted) {
  return memory == V4L2_MEMORY_USERPTR ? UserPlane::attach(side, from.m, from.length, wanted)
                                       : ImportedPlane::attach(side, from.m, from.length, wanted);
}

// vb2's __verify_length(), before anything is attached. The length of a single-planar DMABUF buffer
// isn't the client's there.
Status check_payload(const BufferQueue& queue, const Buffer& buffer, const BufferView& from) {
  if (queue.side() == Side::kCapture) return {};
  for (uint32_t i = 0; i < buffer.planes.size(); ++i) {
    const bool theirs = from.planes[i].length != 0 || from.multiplanar || queue.memory() == V4L2_MEMORY_USERPTR;
    if (from.planes[i].bytesused > (theirs ? from.planes[i].length : buffer.planes[i]->length()))
      return fail(EINVAL, "bytesused is beyond the plane");
  }
  return {};
}

}  // namespace

Result<std::optional<Planes>> bring_memory(const BufferQueue& queue, const Buffer& buffer, const BufferView& from) {
  if (queue.memory() == V4L2_MEMORY_MMAP) return std::nullopt;
  if (auto fits = check_payload(queue, buffer, from); !fits) return Unexpected(fits.error());
  bool same = true;
  for (uint32_t i = 0; i < buffer.planes.size(); ++i)
    same = buffer.planes[i]->still_is(from.planes[i].m, from.planes[i].length) && same;
  if (same) return std::nullopt;
  Planes planes;
  for (uint32_t i = 0; i < buffer.planes.size(); ++i) {
    auto plane = attach(queue.memory(), queue.side(), from.planes[i], buffer.least[i]);
    if (!plane) return Unexpected(plane.error());
    planes.push_back(std::move(*plane));
  }
  return planes;
}

Status pass_to_codec(const Buffer& buffer) {
  for (uint32_t i = 0; i < buffer.planes.size(); ++i)
    if (auto passed = buffer.planes[i]->to_codec(buffer.bytesused[i]); !passed) return passed;
  return {};
}

Status pass_to_client(const Buffer& buffer) {
  for (uint32_t i = 0; i < buffer.planes.size(); ++i)
    if (auto passed = buffer.planes[i]->to_client(buffer.bytesused[i]); !passed) return passed;
  return {};
}

}  // namespace softvpu::v4l2
