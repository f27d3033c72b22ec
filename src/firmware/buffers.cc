// SPDX-License-Identifier: GPL-2.0-or-later
// Mapping of the host's buffers: see buffers.h.
#include "firmware/buffers.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include "base/raw_syscall.h"
#include "base/shared_memory.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

namespace softvpu::firmware {
namespace {

struct Mappings {
  std::array<Mapping, SVPU_MAX_PLANES> plane;
};

// A buffer of our host's, or what its client has brought: a memfd, with seals or without, or a dma-buf, an inode without a type.
Result<Mapping> map_memory(const UniqueFd& fd, const svpu_plane& plane, bool writable, Buffers::Identity& identity) {
  struct stat status {};
  if (const int error = raw::fstat(fd.get(), &status); error < 0) return fail(-error, "fstat of a buffer's memory");
  const bool memfd = S_ISREG(status.st_mode) && raw::fcntl(fd.get(), F_GET_SEALS) >= 0;
  if (!memfd && (status.st_mode & S_IFMT) != 0) return fail(EINVAL, "a buffer's memory is neither a memfd nor a dma-buf");
  // Up to the end of the page in which it ends.
  if (status.st_size <= 0 || page_align(static_cast<size_t>(status.st_size)) < plane.offset + plane.mapped_length) {
    return fail(EINVAL, "a buffer's memory has " + std::to_string(status.st_size) + " bytes, expected at least " +
                            std::to_string(plane.offset + plane.mapped_length));
  }
  identity = {status.st_dev, status.st_ino, plane.offset};
  return Mapping::map(fd.get(), plane.offset, plane.mapped_length, writable);
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

Status Buffers::map(const hfi::cmd::MapBuffer& command, hfi::BufferMemory memory) {
  Entry& entry = at(command.direction, command.buffer.index);
  const std::string name = "buffer " + std::to_string(command.buffer.index);
  if (entry.memory) return fail(EEXIST, name + " is mapped already; expected UNMAP_BUFFER first");
  if (memory.heap.empty() && memory.num_planes != command.num_planes)
    return fail(EINVAL, name + " came with another number of planes");
  const bool writable = command.direction == hfi::Direction::kOutput;
  auto mappings = std::make_shared<Mappings>();
  auto result = std::make_unique<OutputMemory>();
  result->num_planes = command.num_planes;
  for (uint32_t i = 0; i < command.num_planes; ++i) {
    const svpu_plane& plane = command.plane[i];
    if (!memory.heap.empty()) {
      const auto at = find_in_heap(memory.heap, plane);
      if (!at) return fail(at.error().code, name + ": " + at.error().reason);
      (void)madvise(*at, plane.mapped_length, MADV_POPULATE_WRITE);
      result->plane[i] = {*at, plane.length, plane.mapped_length};
      continue;
    }
    Identity identity;
    auto mapping =
        memory.dma_buf ? map_dma_buf(memory.fd[i], plane, writable) : map_memory(memory.fd[i], plane, writable, identity);
    if (!mapping) return fail(mapping.error().code, name + ": " + mapping.error().reason);
    // Kernels before 5.14 don't know it; then the pages come one by one.
    (void)madvise(mapping->data(), mapping->size(), writable ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
    result->plane[i] = {mapping->data(), plane.length, plane.mapped_length};
    mappings->plane[i] = std::move(*mapping);
    if (i == 0 && writable && identity.inode != 0) result->held = held_of(identity);
  }
  if (memory.heap.empty()) {
    result->owner = std::move(mappings);
  } else {
    result->owner = std::move(memory.heap_owner);
  }
  const auto end = [this, direction = command.direction, buffer = command.buffer](OutputMemory* gone) {
    delete gone;
    let_go_(direction, buffer);
  };
  entry = {command.buffer.generation, std::shared_ptr<OutputMemory>(result.release(), end)};
  return {};
}

std::shared_ptr<bool> Buffers::held_of(const Identity& identity) {
  std::erase_if(known_, [](const Known& known) { return known.held.expired(); });
  for (const Known& known : known_) {
    auto held = known.held.lock();  // its owners release it on any thread
    if (held && known.identity == identity) return held;
  }
  auto held = std::make_shared<bool>(false);
  known_.push_back({identity, held});
  return held;
}

bool Buffers::unmap(hfi::Direction direction, hfi::BufferName name) {
  Entry& entry = at(direction, name.index);
  if (!entry.memory || entry.generation != name.generation) return false;
  entry = {};
  return true;
}

std::shared_ptr<OutputMemory> Buffers::find(hfi::Direction direction, hfi::BufferName name) const {
  const Entry& entry = at(direction, name.index);
  return entry.generation == name.generation ? entry.memory : nullptr;
}

}  // namespace softvpu::firmware
