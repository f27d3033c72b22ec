// SPDX-License-Identifier: LGPL-2.1-or-later
// How a session reaches its firmware: the region, the doorbells, the host's end, and the memory of buffers. One file per
// transport: process.cc (a worker that its host started), device.cc (the kernel module), slot.cc (a guest's PCI device).
// FirmwareEndpoint owns one; src/firmware maps buffers by it. docs/hfi.md, Transports. Thread: the dispatcher.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "hfi/messages.h"
#include "hfi/region.h"

namespace softvpu::hfi {

// The memory of one buffer. What map() returned is valid as long as it lives.
class BufferMemory {
 public:
  virtual ~BufferMemory() = default;
  // Maps plane `index`, once, after checking that it is memory and as large as `plane` states. A client's own memfd may shrink
  // later: then this process, which serves this client alone, dies of SIGBUS. Errors: EINVAL, ENOMEM; EINVAL as well for a plane
  // that wasn't delivered.
  virtual Result<std::byte*> map(uint32_t index, const svpu_plane& plane, bool writable) = 0;
  // The planes that were delivered; nullopt: any number can be had.
  virtual std::optional<uint32_t> num_planes() const = 0;
  // The descriptor of a plane that wasn't mapped yet; -1: there is none.
  virtual int fd(uint32_t /*index*/) const { return -1; }
  // Which file plane 0 was mapped from; nullopt: no other buffer can lie there.
  struct Identity {
    dev_t device = 0;
    ino_t inode = 0;
    uint64_t offset = 0;
    friend bool operator==(const Identity&, const Identity&) = default;
  };
  virtual std::optional<Identity> identity() const { return std::nullopt; }
};

class Transport {
 public:
  virtual ~Transport() = default;
  // Hangs up (POLLHUP, POLLRDHUP) when the host is gone. Any thread.
  virtual int hangup_fd() const = 0;
  // FirmwareEndpoint::take_memory().
  virtual Result<std::unique_ptr<BufferMemory>> take_memory(Direction direction, BufferName buffer) = 0;
};

// All that a firmware's end of a session is made of.
struct Attachment {
  std::unique_ptr<Transport> transport;
  UniqueFd command_doorbell;  // host -> firmware: read clears it. Both O_NONBLOCK.
  UniqueFd message_doorbell;  // firmware -> host: a write rings it
  Region region;
  uint32_t generation = 0;
};

// Takes the socket (fd 3 of an exec'd worker), waits up to `timeout` for the hello packet and its three descriptors, maps the
// region and checks its header. Errors: ETIMEDOUT; ECONNRESET when the host is gone; EPROTO for a wrong hello or header;
// EPROTONOSUPPORT for another ABI major.
Result<Attachment> attach_process(UniqueFd socket, Duration timeout);

// A session of the kernel module (<softvpu/fwdev.h>): one descriptor is region, doorbells and hang-up, and is asked for dma-bufs.
// It must be O_NONBLOCK. Errors: as attach_process(), and what mmap(2) reports.
Result<Attachment> attach_device(UniqueFd session, uint32_t generation);

// What the worker of one slot of a guest's region is given (<softvpu/ivshmem.h>).
struct SlotSession {
  UniqueFd memory;  // the whole region, to be mapped in part and closed
  uint64_t region_offset = 0;
  uint64_t heap_offset = 0;
  uint64_t heap_size = 0;
  uint32_t generation = 0;
  UniqueFd hangup;            // hangs up when the server is gone
  UniqueFd command_doorbell;  // both O_NONBLOCK
  UniqueFd message_doorbell;
};

// Afterwards nothing but the slot can be reached: the memory's descriptor is closed. Errors: as attach_process(), and what
// mmap(2) reports.
Result<Attachment> attach_slot(SlotSession slot);

}  // namespace softvpu::hfi
