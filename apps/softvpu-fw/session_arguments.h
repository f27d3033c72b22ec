// SPDX-License-Identifier: GPL-2.0-or-later
// How a server tells the fresh image of this program which session it serves (sandbox/child.h): the command line. Written and
// read by softvpu-fw alone. Descriptors are 3, 4, …
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hfi/transport/transport.h"

namespace softvpu::apps {

// A session of the kernel module, as 3.
std::vector<std::string> device_session_arguments(uint32_t generation);
// Nothing: not such a command line.
std::optional<uint32_t> parse_device_session(int argc, char** argv);

// A slot of a guest: memory, hangup, the two doorbells as 3 to 6. Only the numbers are of `slot`.
std::vector<std::string> slot_session_arguments(const hfi::SlotSession& slot);
std::optional<hfi::SlotSession> parse_slot_session(int argc, char** argv);

}  // namespace softvpu::apps
