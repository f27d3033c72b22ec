// SPDX-License-Identifier: GPL-2.0-or-later
// The firmware of guests on QEMU: an ivshmem server, a fresh image of this program per session. docs/kernel.md; docs/hfi.md.
// Called by softvpu-fw --ivshmem-socket.
#pragma once

#include <cstdint>
#include <string>

namespace softvpu::apps {

struct GuestOptions {
  const char* socket = nullptr;
  uint64_t region_mib = 4096;  // of each guest; sparse
  uint32_t sessions = 8;       // of each guest at a time
  std::string codecs;          // what sessions offer, a list that Catalog::limited_to() takes; empty: everything
};

// Until SIGTERM or SIGINT (0), or the socket can't be made (7, with a reason on stderr). Workers die with this process.
int serve_guests(const GuestOptions& options);

}  // namespace softvpu::apps
