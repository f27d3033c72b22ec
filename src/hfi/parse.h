// SPDX-License-Identifier: LGPL-2.1-or-later
// Checks that the two parsers share. Private to src/hfi: included by parse_command.cc and parse_message.cc.
#pragma once

#include <string>

#include "core/message_check.h"
#include "hfi/messages.h"

namespace softvpu::hfi {

inline Unexpected malformed(const char* what, uint64_t got) {
  return fail(EBADMSG, std::string(what) + " (got " + std::to_string(got) + ")");
}

inline Unexpected malformed(const svpu_complaint& why) {
  return malformed((std::string(why.type) + ": " + why.what).c_str(), why.got);
}

}  // namespace softvpu::hfi
