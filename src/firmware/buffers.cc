// SPDX-License-Identifier: GPL-2.0-or-later
// Mapping of the host's buffers: see buffers.h.
#include "firmware/buffers.h"

#include <sys/mman.h>

#include <utility>

#include "base/shared_memory.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace softvpu::firmware {
namespace {

struct Mappings {
  std::array<Mapping, SVPU_MAX_PLANES> plane;
};

Result<Mapping> map_memfd(UniqueFd fd, const svpu_plane& plane, bool writable) {
  const auto adopted = SharedMemory::adopt(std::move(fd), plane.offset + plane.mapped_length);
  if (!adopted) return Unexpected(adopted.error());
  return Mapping::map(adopted->fd(), plane.offset, plane.mapped_length, writable);
}

// Of the kernel module. A dma-buf's size never changes; mapping more than there is fails.
Result<Mapping> map_dma_buf(const UniqueFd& fd, const svpu_plane& plane, bool writable) {
  return Mapping::map(fd.get(), plane.offset, plane.mapped_length, writable);
}

// A slot's heap is mapped already: a plane is a part of it. Its offset is a multiple of SVPU_PAGE (messages.h).
Result<std::byte*> find_in_heap(std::span<std::byte> heap, const svpu_plane& plane) {
  if (plane.offset > heap.size() || plane.mapped_length > heap.size() - plane.offset) {
    return fail(EINVAL, "a plane of " + std::to_string(plane.mapped_length) + " bytes at " + std::to_string(plane.offset) +
                            " in a heap of " + std::to_string(heap.size()));
  }
  return heap.data() + plane.offset;
}

}  // namespace

void populate(MappedBuffer& memory) {
  if (!std::exchange(memory.fresh, false)) return;
  // Kernels before 5.14 don't know it; then the pages come one by one.
  for (uint32_t i = 0; i < memory.num_planes; ++i)
    (void)madvise(memory.plane[i].data, memory.plane[i].mapped_length, MADV_POPULATE_WRITE);
}

// Of inputs only what is filled is ever read, and of many outputs a decoder may use few: nothing is fetched ahead of its use.
Status Buffers::map(const hfi::cmd::MapBuffer& command, hfi::BufferMemory memory) {
  Entry& entry = at(command.direction, command.buffer.index);
  const std::string name = "buffer " + std::to_string(command.buffer.index);
  if (entry.memory) return fail(EEXIST, name + " is mapped already; expected UNMAP_BUFFER first");
  if (memory.heap.empty() && memory.num_planes != command.num_planes)
    return fail(EINVAL, name + " came with another number of planes");
  const bool writable = command.direction == Side::kOutput;
  auto mappings = std::make_shared<Mappings>();
  auto result = std::make_unique<MappedBuffer>();
  result->num_planes = command.num_planes;
  for (uint32_t i = 0; i < command.num_planes; ++i) {
    const svpu_plane& plane = command.plane[i];
    if (!memory.heap.empty()) {
      const auto at = find_in_heap(memory.heap, plane);
      if (!at) return fail(at.error().code, name + ": " + at.error().reason);
      result->plane[i] = {*at, plane.length, plane.mapped_length};
      continue;
    }
    auto mapping =
        memory.dma_buf ? map_dma_buf(memory.fd[i], plane, writable) : map_memfd(std::move(memory.fd[i]), plane, writable);
    if (!mapping) return fail(mapping.error().code, name + ": " + mapping.error().reason);
    result->plane[i] = {mapping->data(), plane.length, plane.mapped_length};
    mappings->plane[i] = std::move(*mapping);
  }
  if (memory.heap.empty()) {
    result->owner = std::move(mappings);
  } else {
    result->owner = std::move(memory.heap_owner);
  }
  const auto end = [this, direction = command.direction, buffer = command.buffer](MappedBuffer* gone) {
    delete gone;
    let_go_(direction, buffer);
  };
  entry = {command.buffer.generation, std::shared_ptr<MappedBuffer>(result.release(), end)};
  return {};
}

bool Buffers::unmap(Side direction, hfi::BufferName name) {
  Entry& entry = at(direction, name.index);
  if (!entry.memory || entry.generation != name.generation) return false;
  entry = {};
  return true;
}

std::shared_ptr<MappedBuffer> Buffers::find(Side direction, hfi::BufferName name) const {
  const Entry& entry = at(direction, name.index);
  return entry.generation == name.generation ? entry.memory : nullptr;
}

}  // namespace softvpu::firmware
