// SPDX-License-Identifier: LGPL-2.1-or-later
// The firmware's end of the transport "ivshmem": a slot of a guest's region (docs/hfi.md, Transports, ivshmem;
// <softvpu/ivshmem.h>). Used by the workers of softvpu-fw --ivshmem-socket.
#include "base/shared_memory.h"
#include "hfi/transport/transport.h"

namespace softvpu::hfi {
namespace {

// The heap is mapped already: a plane is a part of it. Its offset is a multiple of SVPU_PAGE (messages.h).
class HeapMemory final : public BufferMemory {
 public:
  explicit HeapMemory(std::shared_ptr<Mapping> heap) : heap_(std::move(heap)) {}

  Result<std::byte*> map(uint32_t /*index*/, const svpu_plane& plane, bool /*writable*/) override {
    const auto bytes = heap_->bytes();
    if (plane.offset > bytes.size() || plane.mapped_length > bytes.size() - plane.offset) {
      return fail(EINVAL, "a plane of " + std::to_string(plane.mapped_length) + " bytes at " + std::to_string(plane.offset) +
                              " in a heap of " + std::to_string(bytes.size()));
    }
    return bytes.data() + plane.offset;
  }
  std::optional<uint32_t> num_planes() const override { return std::nullopt; }

 private:
  const std::shared_ptr<Mapping> heap_;
};

class SlotTransport final : public Transport {
 public:
  SlotTransport(UniqueFd hangup, Mapping heap) : hangup_(std::move(hangup)), heap_(std::make_shared<Mapping>(std::move(heap))) {}
  int hangup_fd() const override { return hangup_.get(); }
  Result<std::unique_ptr<BufferMemory>> take_memory(Direction /*direction*/, BufferName /*buffer*/) override {
    return std::make_unique<HeapMemory>(heap_);
  }

 private:
  const UniqueFd hangup_;
  const std::shared_ptr<Mapping> heap_;
};

}  // namespace

Result<Attachment> attach_slot(SlotSession slot) {
  auto region = Region::adopt_session(slot.memory.get(), slot.generation, slot.region_offset);
  if (!region) return Unexpected(region.error());
  auto heap = Mapping::map(slot.memory.get(), slot.heap_offset, slot.heap_size, true);
  if (!heap) return Unexpected(heap.error());
  slot.memory.reset();
  return Attachment{.transport = std::make_unique<SlotTransport>(std::move(slot.hangup), std::move(*heap)),
                    .command_doorbell = std::move(slot.command_doorbell),
                    .message_doorbell = std::move(slot.message_doorbell),
                    .region = std::move(*region),
                    .generation = slot.generation};
}

}  // namespace softvpu::hfi
