// SPDX-License-Identifier: LGPL-2.1-or-later
// The firmware's endpoint over the kernel module (docs/kernel.md; <softvpu/fwdev.h>): what differs from the socket of the
// transport "process". Called through FirmwareEndpoint by softvpu-fw --device.
#include <softvpu/fwdev.h>

#include "base/raw_syscall.h"
#include "hfi/firmware_endpoint.h"

namespace softvpu::hfi {
namespace {

Result<UniqueFd> duplicate(int fd) {
  const int copy = raw::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return fail(-copy, "duplicating a session's descriptor");
  return UniqueFd(copy);
}

}  // namespace

Result<std::unique_ptr<FirmwareEndpoint>> FirmwareEndpoint::attach_session(UniqueFd session, uint32_t generation) {
  auto region = Region::adopt_session(session.get(), generation);
  if (!region) return Unexpected(region.error());
  auto command_doorbell = duplicate(session.get());
  if (!command_doorbell) return Unexpected(command_doorbell.error());
  auto message_doorbell = duplicate(session.get());
  if (!message_doorbell) return Unexpected(message_doorbell.error());
  auto self =
      make(std::move(session), std::move(*command_doorbell), std::move(*message_doorbell), std::move(*region), generation);
  if (self) (*self)->kernel_session_ = true;
  return self;
}

Result<BufferMemory> FirmwareEndpoint::ask_for_memory(Direction direction, BufferName buffer) {
  BufferMemory memory;
  memory.direction = direction;
  memory.buffer = buffer;
  memory.dma_buf = true;
  for (uint32_t plane = 0; plane < SVPU_MAX_PLANES; ++plane) {
    svpu_fw_buffer wire{};
    wire.direction = static_cast<uint32_t>(direction);
    wire.index = buffer.index;
    wire.generation = buffer.generation;
    wire.plane = plane;
    const int result = raw::ioctl(socket_.get(), SVPU_FW_GET_BUFFER, &wire);
    if (result == -ENOENT && plane > 0) break;  // no more planes
    if (result < 0) return fail(-result, "the kernel has no memory for buffer " + std::to_string(buffer.index));
    memory.fd[plane] = UniqueFd(wire.fd);
    memory.num_planes = plane + 1;
  }
  return memory;
}

}  // namespace softvpu::hfi
