// SPDX-License-Identifier: GPL-2.0-or-later
// What a worker says of itself: READY, and the answer to QUERY_CAPABILITIES (docs/hfi.md, The order of things). Called by Worker
// and, for a spare worker that is asked before it has a session, by main() of softvpu-fw.
#pragma once

#include <cstdint>
#include <vector>

#include "firmware/catalog.h"
#include "hfi/messages.h"

namespace softvpu::firmware {

// `jail` is its SVPU_JAIL_* bits.
hfi::msg::Ready ready_message(uint32_t jail);
std::vector<hfi::msg::Body> capability_messages(const Catalog& catalog);

// Sends both over the transport's socket, a packet per message (docs/hfi.md, Process). False: the host is gone, or doesn't read.
bool announce_capabilities(int socket);

}  // namespace softvpu::firmware
