// SPDX-License-Identifier: LGPL-2.1-or-later
// The firmware's endpoint over a slot of a guest's region (docs/hfi.md, ivshmem; <softvpu/ivshmem.h>): what differs from the
// socket of the transport "process". Called through FirmwareEndpoint by the workers of softvpu-fw --ivshmem-socket.
#include "hfi/firmware_endpoint.h"

namespace softvpu::hfi {

Result<std::unique_ptr<FirmwareEndpoint>> FirmwareEndpoint::attach_slot(SlotSession slot) {
  auto region = Region::adopt_session(slot.memory.get(), slot.generation, slot.region_offset);
  if (!region) return Unexpected(region.error());
  auto heap = Mapping::map(slot.memory.get(), slot.heap_offset, slot.heap_size, true);
  if (!heap) return Unexpected(heap.error());
  slot.memory.reset();
  auto self = make(std::move(slot.hangup), std::move(slot.command_doorbell), std::move(slot.message_doorbell), std::move(*region),
                   slot.generation);
  if (self) (*self)->heap_ = std::make_shared<Mapping>(std::move(*heap));
  return self;
}

BufferMemory FirmwareEndpoint::slot_memory(Direction direction, BufferName buffer) const {
  BufferMemory memory;
  memory.direction = direction;
  memory.buffer = buffer;
  memory.heap = heap_->bytes();
  memory.heap_owner = heap_;
  return memory;
}

}  // namespace softvpu::hfi
