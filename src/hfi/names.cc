// SPDX-License-Identifier: LGPL-2.1-or-later
// Names of wire values for logs, and the map from wire statuses to errno. Called from wherever a message is printed.
#include <cerrno>

#include "hfi/messages.h"

namespace softvpu::hfi {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

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
  return std::visit(Overloaded{
                        [](const Unknown&) { return "unknown command"; },
                        [](const cmd::QueryCapabilities&) { return "QUERY_CAPABILITIES"; },
                        [](const cmd::Configure&) { return "CONFIGURE"; },
                        [](const cmd::SetControl&) { return "SET_CONTROL"; },
                        [](const cmd::MapBuffer&) { return "MAP_BUFFER"; },
                        [](const cmd::UnmapBuffer&) { return "UNMAP_BUFFER"; },
                        [](const cmd::SetLayout&) { return "SET_LAYOUT"; },
                        [](const cmd::QueueInput&) { return "QUEUE_INPUT"; },
                        [](const cmd::QueueOutput&) { return "QUEUE_OUTPUT"; },
                        [](const cmd::Start&) { return "START"; },
                        [](const cmd::Flush&) { return "FLUSH"; },
                        [](const cmd::Drain&) { return "DRAIN"; },
                        [](const cmd::Resume&) { return "RESUME"; },
                        [](const cmd::ReturnOutput&) { return "RETURN_OUTPUT"; },
                        [](const cmd::Ping&) { return "PING"; },
                        [](const cmd::Abort&) { return "ABORT"; },
                        [](const cmd::Crash&) { return "CRASH"; },
                    },
                    body);
}

const char* name_of(const msg::Body& body) {
  return std::visit(Overloaded{
                        [](const Unknown&) { return "unknown message"; },
                        [](const msg::Ready&) { return "READY"; },
                        [](const msg::Capability&) { return "CAPABILITY"; },
                        [](const msg::CapabilitiesEnd&) { return "CAPABILITIES_END"; },
                        [](const msg::Configured&) { return "CONFIGURED"; },
                        [](const msg::FormatChanged&) { return "FORMAT_CHANGED"; },
                        [](const msg::InputDone&) { return "INPUT_DONE"; },
                        [](const msg::OutputDone&) { return "OUTPUT_DONE"; },
                        [](const msg::Drained&) { return "DRAINED"; },
                        [](const msg::Flushed&) { return "FLUSHED"; },
                        [](const msg::Pong&) { return "PONG"; },
                        [](const msg::SessionError&) { return "SESSION_ERROR"; },
                        [](const msg::SystemError&) { return "SYSTEM_ERROR"; },
                        [](const msg::DebugText&) { return "DEBUG_TEXT"; },
                        [](const msg::Unmapped&) { return "UNMAPPED"; },
                    },
                    body);
}

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\0') break;
    out.push_back(c >= ' ' && c <= '~' ? c : '.');
  }
  return out;
}

}  // namespace softvpu::hfi
