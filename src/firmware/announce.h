// SPDX-License-Identifier: GPL-2.0-or-later
// What a spare worker says before anybody has asked: see announce.cc. Called by main() of softvpu-fw.
#pragma once

namespace softvpu::firmware {

// Sends READY and the answer to QUERY_CAPABILITIES over the transport's socket, a packet each (docs/hfi.md, Process). False: the
// host is gone, has shut this direction, or reads nothing.
bool announce_capabilities(int socket);

}  // namespace softvpu::firmware
