// SPDX-License-Identifier: LGPL-2.1-or-later
// A link whose firmware is played by the test in the same process, over the same region, rings and socket as a worker's.
// The test may be a good firmware (FirmwareEndpoint) or a bad one (raw entries, scribbled indices, silence).
#pragma once

#include <memory>

#include "hfi/firmware_endpoint.h"
#include "hfi/host_port.h"
#include "hfi/link.h"

namespace softvpu::hfi {

// The firmware's end of a LoopbackLink. Threads: as FirmwareEndpoint; the raw_* calls from one thread.
class LoopbackFirmware {
 public:
  LoopbackFirmware(std::unique_ptr<FirmwareEndpoint> endpoint, Region region, UniqueFd doorbell, UniqueFd death);

  FirmwareEndpoint& endpoint() { return *endpoint_; }

  // Bypass every rule. The message ring's own indices and slots as the host sees them; what is written here the host must
  // survive.
  std::byte* region() const { return region_.data(); }
  svpu_ring_index& message_index() const { return *region_.messages().index; }
  svpu_ring_index& command_index() const { return *region_.commands().index; }
  // Writes any bytes as the next message, with the header the entry has, behind what endpoint() sent.
  // Don't use endpoint().send() afterwards: its private index doesn't know.
  void raw_push(const Entry& entry);
  // Wakes the host.
  void raw_ring() const;
  // Dies: the host's hangup_fd() becomes readable.
  void die();
  // The host has killed this firmware.
  bool killed() const { return endpoint_->host_gone(); }

 private:
  std::unique_ptr<FirmwareEndpoint> endpoint_;
  Region region_;
  UniqueFd doorbell_;
  UniqueFd death_;
};

class LoopbackLink final : public HostLink {
 public:
  struct Pair {
    std::unique_ptr<LoopbackLink> link;
    std::unique_ptr<LoopbackFirmware> firmware;
  };
  // Errors: EMFILE, ENFILE, ENOMEM.
  static Result<Pair> create(uint32_t generation);

  SendOutcome send(const Command& command) override { return port_->send(command); }
  SendOutcome send_memory(Direction direction, BufferName buffer, std::span<const int> fds) override {
    return port_->send_memory(direction, buffer, fds);
  }
  Received receive() override { return port_->receive(); }
  bool prepare_sleep(bool for_space) override { return port_->prepare_sleep(for_space); }
  int doorbell_fd() const override { return port_->doorbell_fd(); }
  int hangup_fd() const override { return death_.get(); }
  // The scripted firmware sees its socket hang up; the host sees it die.
  void kill() override;
  void reap() override {}
  std::string last_words() const override { return port_->region().read_last_words(); }
  bool next_debug_line(std::string& line) override { return port_->next_debug_line(line); }
  std::string description() const override { return "scripted firmware"; }
  Sent sent() const override { return port_->sent(); }
  std::optional<uint64_t> page_faults() const override { return std::nullopt; }

 private:
  LoopbackLink(std::unique_ptr<HostPort> port, UniqueFd death);
  std::unique_ptr<HostPort> port_;
  UniqueFd death_;  // an eventfd: readable means dead
};

}  // namespace softvpu::hfi
