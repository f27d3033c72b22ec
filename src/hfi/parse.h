// SPDX-License-Identifier: LGPL-2.1-or-later
// Checks that the two parsers share. Private to src/hfi: included by parse_command.cc and parse_message.cc.
#pragma once

#include <string>

#include "hfi/messages.h"

namespace softvpu::hfi {

inline constexpr uint32_t kMaxPixels = 65536;      // per side
inline constexpr uint32_t kMaxBytes = 0x7fffffff;  // of one plane: V4L2 counts them in 32 bits, layouts in 31
inline constexpr uint32_t kMaxCodecThreads = 256;
inline constexpr uint32_t kMaxNeededBuffers = SVPU_MAX_BUFFERS / 2;

inline Unexpected malformed(const char* what, uint64_t got) {
  return fail(EBADMSG, std::string(what) + " (got " + std::to_string(got) + ")");
}

// True when the entry is exactly a T: types have one size per ABI major.
template <typename T>
bool has_size_of(const svpu_entry& header) {
  return header.size == sizeof(T);
}

inline bool valid_direction(uint32_t value) { return value == SVPU_INPUT || value == SVPU_OUTPUT; }
inline bool valid_role(uint32_t value) { return value <= SVPU_CAPTURE; }
inline bool valid_name(const BufferName& name) { return name.index < SVPU_MAX_BUFFERS && name.generation != 0; }
inline bool valid_status(uint32_t value) {
  return value <= SVPU_CANCELLED || (value >= SVPU_E_INVALID && value <= SVPU_E_INTERNAL);
}

}  // namespace softvpu::hfi
