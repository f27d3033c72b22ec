// SPDX-License-Identifier: LGPL-2.1-or-later
// The host's side of one session region over the transport "process": what ProcessLink and LoopbackLink have in common.
// Makes region, doorbells and socket; says hello. Threads: one at a time.
#pragma once

#include <memory>

#include "base/unique_fd.h"
#include "hfi/link.h"
#include "hfi/region.h"
#include "hfi/ring.h"

namespace softvpu::hfi {

class HostPort {
 public:
  // Everything of a new region, the hello packet already waiting in the firmware's end of the socket.
  // `generation` isn't 0. Errors: EMFILE, ENFILE, ENOMEM.
  static Result<std::unique_ptr<HostPort>> create(uint32_t generation);

  // The same over the socket of a firmware that runs already and waits for its hello.
  static Result<std::unique_ptr<HostPort>> create_on(UniqueFd socket, uint32_t generation);

  // The firmware's end, once; to become fd 3 of the worker.
  UniqueFd take_firmware_socket() { return std::move(firmware_socket_); }

  HostLink::SendOutcome send(const Command& command) { return send(serialize(command)); }
  HostLink::SendOutcome send(const Entry& entry);
  HostLink::SendOutcome send_memory(Direction direction, BufferName buffer, std::span<const int> fds);
  HostLink::Received receive();
  bool prepare_sleep(bool for_space);
  bool next_debug_line(std::string& line);

  HostLink::Sent sent() const { return sent_; }

  int doorbell_fd() const { return message_doorbell_.get(); }
  const Region& region() const { return region_; }
  // Closes the host's end: a firmware that lives ends by that.
  void hang_up();

 private:
  __attribute__((noinline)) static Result<std::unique_ptr<HostPort>> create_around(Region region, UniqueFd socket,
                                                                                   uint32_t generation);
  HostPort() = default;
  void ring_firmware();

  Region region_;
  UniqueFd socket_;
  UniqueFd firmware_socket_;
  UniqueFd command_doorbell_;  // us -> firmware
  UniqueFd message_doorbell_;  // firmware -> us
  RingWriter commands_;
  RingReader messages_;
  RingReader debug_;
  HostLink::Sent sent_;
};

}  // namespace softvpu::hfi
