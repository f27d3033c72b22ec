// SPDX-License-Identifier: GPL-2.0-or-later
// Command lines of session workers: see session_arguments.h.
#include "softvpu-fw/session_arguments.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace softvpu::apps {
namespace {

constexpr const char* kDeviceSession = "--session-of-device";
constexpr const char* kSlotSession = "--session-of-guest";
constexpr const char* kCodecs = "--codecs";
constexpr int kFirstDescriptor = 3;

template <typename Number>
bool parse(const char* text, Number& value) {
  const char* end = text + std::strlen(text);
  const auto parsed = std::from_chars(text, end, value);
  return parsed.ec == std::errc() && parsed.ptr == end;
}

std::vector<std::string> limited(std::vector<std::string> arguments, const std::string& codecs) {
  if (!codecs.empty()) arguments.insert(arguments.end(), {kCodecs, codecs});
  return arguments;
}

}  // namespace

const char* take_codecs(int& argc, char** argv) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], kCodecs) != 0) continue;
    const char* list = argv[i + 1];
    std::copy(argv + i + 2, argv + argc + 1, argv + i);  // with the null pointer at the end
    argc -= 2;
    return list;
  }
  return nullptr;
}

std::vector<std::string> device_session_arguments(uint32_t generation, const std::string& codecs) {
  return limited({"softvpu-fw", kDeviceSession, std::to_string(generation)}, codecs);
}

std::optional<uint32_t> parse_device_session(int argc, char** argv) {
  uint32_t generation = 0;
  if (argc != 3 || std::strcmp(argv[1], kDeviceSession) != 0 || !parse(argv[2], generation)) return std::nullopt;
  return generation;
}

std::vector<std::string> slot_session_arguments(const hfi::SlotSession& slot, const std::string& codecs) {
  return limited({"softvpu-fw", kSlotSession, std::to_string(slot.generation), std::to_string(slot.region_offset),
                  std::to_string(slot.heap_offset), std::to_string(slot.heap_size)},
                 codecs);
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
