// SPDX-License-Identifier: GPL-2.0-or-later
// A worker's own account of itself: see announce.h.
#include "firmware/announce.h"

#include <poll.h>

#include <span>
#include <utility>

#include "base/raw_syscall.h"
#include "hfi/transport/packet.h"
#include "hfi/values.h"

namespace softvpu::firmware {
namespace {

constexpr int kLimitMs = 10'000;  // of one packet

bool send_message(int socket, hfi::msg::Body body) {
  const hfi::Entry entry = hfi::serialize(hfi::Message{0, std::move(body)});
  const auto bytes = std::as_bytes(std::span(entry.bytes)).first(entry.header().size);
  while (true) {
    const Status sent = hfi::send_packet(socket, bytes, {});
    if (sent) return true;
    if (sent.error().code != EAGAIN && sent.error().code != EINTR) return false;
    pollfd room{socket, POLLOUT, 0};
    if (raw::poll(&room, 1, kLimitMs) <= 0) return false;
  }
}

}  // namespace

hfi::msg::Ready ready_message(uint32_t jail) {
  return {.version = SOFTVPU_VERSION_NUMBER, .jail = jail, .name = firmware_name()};
}

std::vector<hfi::msg::Body> capability_messages(const Catalog& catalog) {
  std::vector<hfi::msg::Body> all;
  for (const CatalogEntry& entry : catalog.entries()) {
    for (hfi::msg::Body& message : hfi::messages_of(entry.info)) all.push_back(std::move(message));
  }
  all.emplace_back(hfi::msg::CapabilitiesEnd{});
  return all;
}

bool announce_capabilities(int socket) {
  if (!send_message(socket, ready_message(0))) return false;
  for (hfi::msg::Body& message : capability_messages(codec_catalog())) {
    if (!send_message(socket, std::move(message))) return false;
  }
  return true;
}

}  // namespace softvpu::firmware
