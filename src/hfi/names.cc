// SPDX-License-Identifier: LGPL-2.1-or-later
// Names of wire values for logs, and the map from wire statuses to errno. Called from wherever a message is printed.
#include <cerrno>

#include "hfi/messages.h"

namespace softvpu::hfi {
namespace {

// The type of each alternative of a body, at its index; the first is Unknown.
constexpr uint16_t kCommandTypes[] = {
    0,
#define SVPU_ENTRY(name, Name, wire) SVPU_CMD_##name,
#include "core/entry_begin.h"

#include "core/entry_commands.h"
#include "core/entry_undef.h"
};
constexpr uint16_t kMessageTypes[] = {
    0,
#define SVPU_ENTRY(name, Name, wire) SVPU_MSG_##name,
#include "core/entry_begin.h"

#include "core/entry_messages.h"
#include "core/entry_undef.h"
};

using FieldOf = bool (*)(const void* slot, unsigned int n, svpu_field_value* value);

std::string described(const char* name, const Entry& entry, FieldOf field_of) {
  std::string text = name;
  if (entry.header().cookie != 0) text += " cookie=" + std::to_string(entry.header().cookie);
  svpu_field_value field;
  for (unsigned int n = 0; field_of(entry.bytes, n, &field); ++n) {
    if (field.text == nullptr && field.value == 0) continue;
    text += std::string(" ") + field.name + (field.element > 0 ? "[" + std::to_string(field.element) + "]" : "") + "=";
    if (field.text != nullptr) {
      text += "\"" + printable(std::string_view(field.text, field.text_bytes)) + "\"";
    } else {
      text += field.is_signed ? std::to_string(static_cast<int64_t>(field.value)) : std::to_string(field.value);
    }
  }
  return text;
}

}  // namespace

int errno_of(WireStatus status) {
  switch (status) {
    case WireStatus::kOk:
    case WireStatus::kDataError:
    case WireStatus::kCancelled:
      return 0;
    case WireStatus::kInvalid:
    case WireStatus::kUnsupported:
    case WireStatus::kTooSmall:
      return EINVAL;
    case WireStatus::kNoMemory:
      return ENOMEM;
    case WireStatus::kState:
    case WireStatus::kInternal:
      return EIO;
  }
  return EIO;
}

const char* to_string(WireStatus status) {
  switch (status) {
    case WireStatus::kOk:
      return "ok";
    case WireStatus::kDataError:
      return "damaged data";
    case WireStatus::kCancelled:
      return "cancelled";
    case WireStatus::kInvalid:
      return "invalid argument";
    case WireStatus::kUnsupported:
      return "unsupported";
    case WireStatus::kNoMemory:
      return "out of memory";
    case WireStatus::kTooSmall:
      return "buffer too small";
    case WireStatus::kState:
      return "wrong state";
    case WireStatus::kInternal:
      return "internal error";
  }
  return "unknown status";
}

const char* name_of(const cmd::Body& body) {
  const char* name = svpu_command_name(kCommandTypes[body.index()]);
  return name != nullptr ? name : "unknown command";
}

const char* name_of(const msg::Body& body) {
  const char* name = svpu_message_name(kMessageTypes[body.index()]);
  return name != nullptr ? name : "unknown message";
}

std::string describe(const Command& command) { return described(name_of(command.body), serialize(command), svpu_command_field); }
std::string describe(const Message& message) { return described(name_of(message.body), serialize(message), svpu_message_field); }

}  // namespace softvpu::hfi
