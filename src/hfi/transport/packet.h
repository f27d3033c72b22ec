// SPDX-License-Identifier: LGPL-2.1-or-later
// One SOCK_SEQPACKET packet with descriptors (SCM_RIGHTS, unix(7)), sent or received without ever blocking and without libc's
// interposable names. Used by HostPort and FirmwareEndpoint.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include <softvpu/hfi.h>

#include "base/result.h"
#include "base/unique_fd.h"

namespace softvpu::hfi {

struct Packet {
  size_t size = 0;  // of the packet as it was sent; larger than the buffer: it was cut
  size_t num_fds = 0;
  std::array<UniqueFd, SVPU_MAX_PLANES> fd;
};

// A connected pair, both ends CLOEXEC. Errors: EMFILE, ENFILE, ENOMEM.
Status make_packet_pair(UniqueFd& a, UniqueFd& b);

// Errors: EAGAIN when the peer's queue is full or too many descriptors are under way; EPIPE/ECONNRESET when the peer is gone.
Status send_packet(int socket, std::span<const std::byte> data, std::span<const int> fds);

// Errors: EAGAIN when there is none; ECONNRESET when the peer is gone; EPROTO when a packet carried more descriptors than
// SVPU_MAX_PLANES (all of them are closed).
Result<Packet> receive_packet(int socket, std::span<std::byte> data);

}  // namespace softvpu::hfi
