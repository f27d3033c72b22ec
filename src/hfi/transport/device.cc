// SPDX-License-Identifier: LGPL-2.1-or-later
// The firmware's end of the transport "chardev": a session of the kernel module (docs/hfi.md, Transports, Chardev;
// <softvpu/fwdev.h>). Used by the workers of softvpu-fw --device.
#include <softvpu/fwdev.h>

#include <array>

#include "base/raw_syscall.h"
#include "base/shared_memory.h"
#include "hfi/transport/transport.h"

namespace softvpu::hfi {
namespace {

// One dma-buf per plane. Its size never changes; mapping more than there is fails.
class DmaBufMemory final : public BufferMemory {
 public:
  void add(UniqueFd fd) { fd_[num_planes_++] = std::move(fd); }

  Result<std::byte*> map(uint32_t index, const svpu_plane& plane, bool writable) override {
    if (index >= num_planes_) return fail(EINVAL, "the kernel has no plane " + std::to_string(index));
    auto mapping = Mapping::map(fd_[index].get(), plane.offset, plane.mapped_length, writable);
    if (!mapping) return Unexpected(mapping.error());
    fd_[index].reset();
    mapping_[index] = std::move(*mapping);
    return mapping_[index].data();
  }
  std::optional<uint32_t> num_planes() const override { return num_planes_; }
  int fd(uint32_t index) const override { return index < num_planes_ ? fd_[index].get() : -1; }

 private:
  uint32_t num_planes_ = 0;
  std::array<UniqueFd, SVPU_MAX_PLANES> fd_;
  std::array<Mapping, SVPU_MAX_PLANES> mapping_;
};

class DeviceTransport final : public Transport {
 public:
  explicit DeviceTransport(UniqueFd session) : session_(std::move(session)) {}
  int hangup_fd() const override { return session_.get(); }

  Result<std::unique_ptr<BufferMemory>> take_memory(Direction direction, BufferName buffer) override {
    auto memory = std::make_unique<DmaBufMemory>();
    for (uint32_t plane = 0; plane < SVPU_MAX_PLANES; ++plane) {
      svpu_fw_buffer wire{};
      wire.direction = static_cast<uint32_t>(direction);
      wire.index = buffer.index;
      wire.generation = buffer.generation;
      wire.plane = plane;
      const int result = raw::ioctl(session_.get(), SVPU_FW_GET_BUFFER, &wire);
      if (result == -ENOENT && plane > 0) break;  // no more planes
      if (result < 0) return fail(-result, "the kernel has no memory for buffer " + std::to_string(buffer.index));
      memory->add(UniqueFd(wire.fd));
    }
    return memory;
  }

 private:
  const UniqueFd session_;
};

Result<UniqueFd> duplicate(int fd) {
  const int copy = raw::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return fail(-copy, "duplicating a session's descriptor");
  return UniqueFd(copy);
}

}  // namespace

Result<Attachment> attach_device(UniqueFd session, uint32_t generation) {
  auto region = Region::adopt_session(session.get(), generation);
  if (!region) return Unexpected(region.error());
  auto command_doorbell = duplicate(session.get());
  if (!command_doorbell) return Unexpected(command_doorbell.error());
  auto message_doorbell = duplicate(session.get());
  if (!message_doorbell) return Unexpected(message_doorbell.error());
  return Attachment{.transport = std::make_unique<DeviceTransport>(std::move(session)),
                    .command_doorbell = std::move(*command_doorbell),
                    .message_doorbell = std::move(*message_doorbell),
                    .region = std::move(*region),
                    .generation = generation};
}

}  // namespace softvpu::hfi
