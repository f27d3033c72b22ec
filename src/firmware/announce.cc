// SPDX-License-Identifier: GPL-2.0-or-later
// A spare worker's capabilities, before there is a region with rings: see announce.h.
#include "firmware/announce.h"

#include <poll.h>

#include <span>

#include "base/raw_syscall.h"
#include "firmware/catalog.h"
#include "firmware/worker.h"
#include "hfi/messages.h"
#include "hfi/packet.h"

namespace softvpu::firmware {
namespace {

constexpr int kLimitMs = 10'000;  // of one packet

bool say(int socket, hfi::msg::Body body) {
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

bool announce_capabilities(int socket) {
  if (!say(socket, ready_message(0))) return false;
  for (hfi::msg::Body& message : capability_messages(codec_catalog())) {
    if (!say(socket, std::move(message))) return false;
  }
  return true;
}

}  // namespace softvpu::firmware
