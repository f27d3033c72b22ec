// SPDX-License-Identifier: LGPL-2.1-or-later
// Allocation of one plane. Fresh pages are touched first by the worker, not here: it is
// faster there and lazy here.
#include "v4l2/queue/mmap_memory.h"

namespace softvpu::v4l2 {

Result<std::unique_ptr<PlaneMemory>> MmapPlane::allocate(PlaneSize size, uint32_t offset) {
  if (size.length == 0) return fail(EINVAL, "a plane without bytes");
  const uint32_t length = size.length + size.slack;
  auto memory = SharedMemory::create("softvpu-buffer", page_align(size_t{length} + size.tail));
  if (!memory) return Unexpected(memory.error());
  std::unique_ptr<MmapPlane> plane(new MmapPlane);
  plane->memory_ = std::move(*memory);
  plane->length_ = length;
  plane->offset_ = offset;
  return plane;
}

}  // namespace softvpu::v4l2
