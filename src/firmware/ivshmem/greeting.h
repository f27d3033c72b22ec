// SPDX-License-Identifier: GPL-2.0-or-later
// What an ivshmem server sends to a QEMU that has connected (QEMU, docs/specs/ivshmem-spec.txt, Client-Server protocol, version
// 0). Used by guest.cc.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "base/unique_fd.h"

namespace softvpu::firmware::ivshmem {

// Each QEMU has a region of its own, with two peers: the server and the guest.
inline constexpr uint32_t kServerPeer = 0;
inline constexpr uint32_t kGuestPeer = 1;

// The guest's number, the memory, the server's doorbells, then the guest's; one eventfd per vector.
// Never blocks. Errors: those of sendmsg(2); EAGAIN when the peer doesn't read.
Status greet(int socket, int memory, std::span<const UniqueFd> server_bells, std::span<const UniqueFd> guest_bells);

}  // namespace softvpu::firmware::ivshmem
