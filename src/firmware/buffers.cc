// SPDX-License-Identifier: GPL-2.0-or-later
// Mapping of the host's buffers: see buffers.h.
#include "firmware/buffers.h"

#include <sys/mman.h>

#include <utility>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace softvpu::firmware {
void populate(MappedBuffer& memory) {
  if (!std::exchange(memory.fresh, false)) return;
  // Kernels before 5.14 don't know it; then the pages come one by one.
  for (uint32_t i = 0; i < memory.num_planes; ++i)
    (void)madvise(memory.plane[i].data, memory.plane[i].mapped_length, MADV_POPULATE_WRITE);
}

// Of inputs only what is filled is ever read, and of many outputs a decoder may use few: nothing is fetched ahead of its use.
Status Buffers::map(const hfi::cmd::MapBuffer& command, std::shared_ptr<hfi::BufferMemory> memory) {
  Entry& entry = at(command.direction, command.buffer.index);
  const std::string name = "buffer " + std::to_string(command.buffer.index);
  if (entry.memory) return fail(EEXIST, name + " is mapped already; expected UNMAP_BUFFER first");
  if (memory->num_planes().value_or(command.num_planes) != command.num_planes)
    return fail(EINVAL, name + " came with another number of planes");
  const bool writable = command.direction == Side::kOutput;
  auto result = std::make_unique<MappedBuffer>();
  result->num_planes = command.num_planes;
  for (uint32_t i = 0; i < command.num_planes; ++i) {
    const svpu_plane& plane = command.plane[i];
    const auto data = memory->map(i, plane, writable);
    if (!data) return fail(data.error().code, name + ": " + data.error().reason);
    result->plane[i] = {*data, plane.length, plane.mapped_length};
  }
  if (const auto identity = memory->identity(); identity && writable) result->held = held_of(*identity);
  result->owner = std::move(memory);
  const auto end = [this, direction = command.direction, buffer = command.buffer](MappedBuffer* gone) {
    delete gone;
    on_release_(direction, buffer);
  };
  entry = {command.buffer.generation, std::shared_ptr<MappedBuffer>(result.release(), end)};
  return {};
}

std::shared_ptr<bool> Buffers::held_of(const hfi::BufferMemory::Identity& identity) {
  std::erase_if(known_, [](const Known& known) { return known.held.expired(); });
  for (const Known& known : known_) {
    auto held = known.held.lock();  // its owners release it on any thread
    if (held && known.identity == identity) return held;
  }
  auto held = std::make_shared<bool>(false);
  known_.push_back({identity, held});
  return held;
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
