// SPDX-License-Identifier: GPL-2.0-or-later
// How a server passes a session to the fresh image of this program that serves it (sandbox/child.h): the command line. Written
// and read by softvpu-fw alone. Descriptors are 3, 4, …
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hfi/transport/transport.h"

namespace softvpu::apps {

// Removes `--codecs LIST` from a command line, of a server or of a session's worker, and returns LIST; nullptr: it isn't there.
// Its text is checked by Catalog::limited_to().
const char* take_codecs(int& argc, char** argv);
// Of both below: an empty list of codecs is no limit.
// A session of the kernel module, as 3.
std::vector<std::string> device_session_arguments(uint32_t generation, const std::string& codecs);
// Without its --codecs, as take_codecs() leaves it. Nothing: not such a command line.
std::optional<uint32_t> parse_device_session(int argc, char** argv);

// A slot of a guest: memory, hangup, the two doorbells as 3 to 6. Only the numbers are of `slot`.
std::vector<std::string> slot_session_arguments(const hfi::SlotSession& slot, const std::string& codecs);
std::optional<hfi::SlotSession> parse_slot_session(int argc, char** argv);

}  // namespace softvpu::apps
