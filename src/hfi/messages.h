// SPDX-License-Identifier: LGPL-2.1-or-later
// All commands and messages of <softvpu/hfi.h> as plain checked values, and the one place that parses and serialises them.
// Both sides use it: vpu (host) serialises commands and parses messages, the firmware the other way round. Any thread.
// Types and fields come from core/entry_commands.h and core/entry_messages.h, and so does what a parsed value guarantees.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include <softvpu/hfi.h>

#include "base/result.h"
#include "core/message_check.h"
#include "hfi/entry.h"
#include "media/codec_info.h"
#include "media/side.h"

inline bool operator==(const svpu_plane& a, const svpu_plane& b) {
  return a.offset == b.offset && a.length == b.length && a.mapped_length == b.mapped_length;
}
inline bool operator==(const svpu_chunk& a, const svpu_chunk& b) { return a.offset == b.offset && a.bytes == b.bytes; }

namespace softvpu::hfi {

using Direction = Side;
using softvpu::Role;

enum class WireStatus : uint32_t {
  kOk = SVPU_OK,
  kDataError = SVPU_DATA_ERROR,
  kCancelled = SVPU_CANCELLED,
  kInvalid = SVPU_E_INVALID,
  kUnsupported = SVPU_E_UNSUPPORTED,
  kNoMemory = SVPU_E_NO_MEMORY,
  kTooSmall = SVPU_E_TOO_SMALL,
  kState = SVPU_E_STATE,
  kInternal = SVPU_E_INTERNAL,
};

// The one map from a wire status to errno; 0 for kOk, kDataError and kCancelled.
int errno_of(WireStatus status);
const char* to_string(WireStatus status);

// Buffer index and generation. Parsed ones have index < SVPU_MAX_BUFFERS and generation != 0.
struct BufferName {
  uint32_t index = 0;
  uint32_t generation = 0;
  friend bool operator==(const BufferName&, const BufferName&) = default;
};

// An entry of a type this version doesn't know: skipped (a higher ABI minor may add some).
struct Unknown {
  uint16_t type = 0;
  friend bool operator==(const Unknown&, const Unknown&) = default;
};

// A type is a struct of its fields. Names of buffers are `buffer`, texts are printable, flags are booleans.
#define SVPU_ENTRY(name, Name, wire) \
  struct Name {                      \
    friend bool operator==(const Name&, const Name&) = default;
#define SVPU_U32(member, least, most, what) uint32_t member = (least);
#define SVPU_S32(member) int32_t member = 0;
#define SVPU_U64(member) uint64_t member = 0;
#define SVPU_S64(member) int64_t member = 0;
#define SVPU_ENUM(member, Type, most, what) Type member{};
#define SVPU_STATUS(member) WireStatus member = WireStatus::kOk;
#define SVPU_FLAG(member, name, bit) bool name = false;
#define SVPU_BUFFER(index, generation) BufferName buffer;
#define SVPU_TEXT(member) std::string member;
#define SVPU_STRUCT(member, type) type member{};
#define SVPU_ARRAY(member, type, count) std::array<type, (count)> member{};  // NOLINT(bugprone-macro-parentheses): a type
#define SVPU_ENTRY_END \
  }                    \
  ;
#include "core/entry_begin.h"

// Host -> firmware.
namespace cmd {
#include "core/entry_commands.h"
}  // namespace cmd

// Firmware -> host.
namespace msg {
#include "core/entry_messages.h"
}  // namespace msg

#include "core/entry_undef.h"

#define SVPU_ENTRY(name, Name, wire) , Name
#include "core/entry_begin.h"
namespace cmd {
using Body = std::variant<Unknown
#include "core/entry_commands.h"
                          >;
}  // namespace cmd
namespace msg {
using Body = std::variant<Unknown
#include "core/entry_messages.h"
                          >;
}  // namespace msg
#include "core/entry_undef.h"

struct Command {
  uint64_t cookie = 0;
  cmd::Body body;
  friend bool operator==(const Command&, const Command&) = default;
};

struct Message {
  uint64_t cookie = 0;
  msg::Body body;
  friend bool operator==(const Message&, const Message&) = default;
};

// An input of coded data: `bytes` from `offset` of its one plane.
cmd::QueueInput coded_input(BufferName buffer, uint32_t offset, uint32_t bytes, uint64_t tag);

// Errors: EBADMSG with the reason (wrong size for its type, an enum or count out of range, …).
Result<Command> parse_command(const Entry& entry);
Result<Message> parse_message(const Entry& entry);

// The entry with type, size and cookie; the ring writes the sequence. Texts are cut to what fits.
// Total: a value that parse would refuse is written as it is, so that tests can play a hostile peer.
Entry serialize(const Command& command);
Entry serialize(const Message& message);

// For logs: "QUEUE_INPUT", "OUTPUT_DONE"; and with cookie and fields, without those that are 0: "OUTPUT_DONE cookie=7 tag=3".
const char* name_of(const cmd::Body& body);
const char* name_of(const msg::Body& body);
std::string describe(const Command& command);
std::string describe(const Message& message);

// Keeps printable ASCII, everything else becomes '.'; ends at the first NUL. For texts from a peer.
std::string printable(std::string_view text);

}  // namespace softvpu::hfi
