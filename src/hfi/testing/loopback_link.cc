// SPDX-License-Identifier: LGPL-2.1-or-later
// The scripted firmware's link: see loopback_link.h.
#include "hfi/testing/loopback_link.h"

#include <sys/eventfd.h>

#include "base/raw_syscall.h"

namespace softvpu::hfi {

LoopbackFirmware::LoopbackFirmware(std::unique_ptr<FirmwareEndpoint> endpoint, Region region, UniqueFd doorbell, UniqueFd death)
    : endpoint_(std::move(endpoint)), region_(std::move(region)), doorbell_(std::move(doorbell)), death_(std::move(death)) {}

void LoopbackFirmware::raw_push(const Entry& entry) {
  const RingMemory ring = region_.messages();
  const uint32_t write = __atomic_load_n(&ring.index->write, __ATOMIC_RELAXED);
  std::byte* slot = ring.slots + size_t{write & (ring.count - 1)} * SVPU_SLOT_SIZE;
  for (size_t at = 0; at < SVPU_SLOT_SIZE; at += sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, entry.bytes + at, sizeof(word));
    __atomic_store_n(reinterpret_cast<uint64_t*>(slot + at), word, __ATOMIC_RELAXED);
  }
  __atomic_store_n(&ring.index->write, write + 1, __ATOMIC_SEQ_CST);
  raw_ring();
}

void LoopbackFirmware::raw_ring() const {
  const uint64_t one = 1;
  raw::write(doorbell_.get(), &one, sizeof(one));
}

void LoopbackFirmware::die() {
  const uint64_t one = 1;
  raw::write(death_.get(), &one, sizeof(one));
}

LoopbackLink::LoopbackLink(std::unique_ptr<HostPort> port, UniqueFd death) : port_(std::move(port)), death_(std::move(death)) {}

Result<LoopbackLink::Pair> LoopbackLink::create(uint32_t generation) {
  auto port = HostPort::create(generation);
  if (!port) return Unexpected(port.error());
  const int event = raw::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event < 0) return fail(-event, "eventfd");
  UniqueFd death(event);
  auto firmware_death = death.duplicate();
  if (!firmware_death) return Unexpected(firmware_death.error());
  UniqueFd socket = (*port)->take_firmware_socket();
  auto endpoint = FirmwareEndpoint::attach(std::move(socket), std::chrono::seconds(5));
  if (!endpoint) return Unexpected(endpoint.error());

  const int region_fd = raw::fcntl((*port)->region().fd(), F_DUPFD_CLOEXEC, 3);
  if (region_fd < 0) return fail(-region_fd, "duplicating the region");
  auto region = Region::adopt(UniqueFd(region_fd), generation);
  if (!region) return Unexpected(region.error());
  const int doorbell = raw::fcntl((*port)->doorbell_fd(), F_DUPFD_CLOEXEC, 3);
  if (doorbell < 0) return fail(-doorbell, "duplicating a doorbell");

  Pair pair;
  pair.link.reset(new LoopbackLink(std::move(*port), std::move(death)));
  pair.firmware = std::make_unique<LoopbackFirmware>(std::move(*endpoint), std::move(*region), UniqueFd(doorbell),
                                                     std::move(*firmware_death));
  return pair;
}

void LoopbackLink::kill() {
  port_->hang_up();
  const uint64_t one = 1;
  raw::write(death_.get(), &one, sizeof(one));
}

}  // namespace softvpu::hfi
