// SPDX-License-Identifier: GPL-2.0-or-later
// Command lines of session workers: see session_arguments.h.
#include "softvpu-fw/session_arguments.h"

#include <charconv>
#include <cstring>

namespace softvpu::apps {
namespace {

constexpr const char* kDeviceSession = "--session-of-device";
constexpr const char* kSlotSession = "--session-of-guest";
constexpr int kFirstDescriptor = 3;

template <typename Number>
bool parse(const char* text, Number& value) {
  const char* end = text + std::strlen(text);
  const auto parsed = std::from_chars(text, end, value);
  return parsed.ec == std::errc() && parsed.ptr == end;
}

}  // namespace

std::vector<std::string> device_session_arguments(uint32_t generation) {
  return {"softvpu-fw", kDeviceSession, std::to_string(generation)};
}

std::optional<uint32_t> parse_device_session(int argc, char** argv) {
  uint32_t generation = 0;
  if (argc != 3 || std::strcmp(argv[1], kDeviceSession) != 0 || !parse(argv[2], generation)) return std::nullopt;
  return generation;
}

std::vector<std::string> slot_session_arguments(const hfi::SlotSession& slot) {
  return {"softvpu-fw",
          kSlotSession,
          std::to_string(slot.generation),
          std::to_string(slot.region_offset),
          std::to_string(slot.heap_offset),
          std::to_string(slot.heap_size)};
}

std::optional<hfi::SlotSession> parse_slot_session(int argc, char** argv) {
  hfi::SlotSession slot;
  if (argc != 6 || std::strcmp(argv[1], kSlotSession) != 0 || !parse(argv[2], slot.generation) ||
      !parse(argv[3], slot.region_offset) || !parse(argv[4], slot.heap_offset) || !parse(argv[5], slot.heap_size))
    return std::nullopt;
  slot.memory = UniqueFd(kFirstDescriptor);
  slot.hangup = UniqueFd(kFirstDescriptor + 1);
  slot.command_doorbell = UniqueFd(kFirstDescriptor + 2);
  slot.message_doorbell = UniqueFd(kFirstDescriptor + 3);
  return slot;
}

}  // namespace softvpu::apps
