// SPDX-License-Identifier: LGPL-2.1-or-later
// QUERY_CAPABILITIES (docs/hfi.md, 2), synchronously: see capability_query.h.
#include "vpu/capability_query.h"

#include <poll.h>

#include <algorithm>

#include "base/raw_syscall.h"
#include "core/codec_list.h"
#include "hfi/transport/packet.h"
#include "vpu/convert.h"

namespace softvpu::vpu {
namespace {

// More than any firmware has to say, unknown types included.
constexpr size_t kMaxMessages = size_t{4} * SVPU_MAX_CODECS * (SVPU_MAX_RAW_FORMATS + SVPU_MAX_CONTROLS);

struct Query {
  codec::Capabilities capabilities;
  bool ready = false;
  bool complete = false;

  Status take(const hfi::Message& message) {
    if (std::holds_alternative<hfi::Unknown>(message.body)) return {};
    if (const auto* error = std::get_if<hfi::msg::SessionError>(&message.body)) return fail(EIO, error->text);
    if (const auto* error = std::get_if<hfi::msg::SystemError>(&message.body)) return fail(EIO, error->text);
    if (const auto* hello = std::get_if<hfi::msg::Ready>(&message.body)) {
      if (ready) return fail(EPROTO, "READY came twice");
      ready = true;
      capabilities.name = hello->name;
      capabilities.version = hello->version;
      return {};
    }
    if (!ready) return fail(EPROTO, std::string(hfi::name_of(message.body)) + " came before READY");
    const hfi::Entry entry = hfi::serialize(message);
    if (const char* wrong = svpu_codec_list_take(&list_, reinterpret_cast<const svpu_entry*>(entry.bytes)); wrong != nullptr)
      return fail(EPROTO, wrong);
    if (const auto* codec = std::get_if<hfi::msg::Codec>(&message.body)) return add(*codec);
    if (const auto* raw = std::get_if<hfi::msg::RawFormat>(&message.body)) return add(*raw);
    if (const auto* control = std::get_if<hfi::msg::Control>(&message.body)) return add(*control);
    complete = true;
    return {};
  }

 private:
  Status add(const hfi::msg::Codec& message) {
    codec::CodecInfo info = hfi::value_of(message);
    if (capabilities.find(info.role, info.coded) != nullptr) return fail(EPROTO, "a codec was listed twice");
    capabilities.codecs.push_back(std::move(info));
    return {};
  }

  Status add(const hfi::msg::RawFormat& message) {
    auto& raw = capabilities.codecs.back().raw;
    const auto fourcc = static_cast<FourCC>(message.fourcc);
    if (std::find(raw.begin(), raw.end(), fourcc) != raw.end()) return fail(EPROTO, "a raw format was listed twice");
    raw.push_back(fourcc);
    return {};
  }

  Status add(const hfi::msg::Control& message) {
    auto& controls = capabilities.codecs.back().controls;
    if (std::any_of(controls.begin(), controls.end(), [&](const ControlInfo& one) { return one.id == message.id; }))
      return fail(EPROTO, "a control was listed twice");
    controls.push_back(hfi::value_of(message));
    return {};
  }

  svpu_codec_list list_{};
};

}  // namespace

Result<codec::Capabilities> query_capabilities(hfi::HostLink& link, Duration limit) {
  const TimePoint end = system_clock().now() + limit;
  if (link.send(hfi::Command{0, hfi::cmd::QueryCapabilities{}}) != hfi::HostLink::SendOutcome::kOk)
    return fail(EIO, link.description() + " takes no commands");
  Query query;
  size_t messages = 0;
  bool dead = false;
  while (true) {
    const hfi::HostLink::Received received = link.receive();
    switch (received.outcome) {
      case hfi::HostLink::ReceiveOutcome::kMessage:
        if (Status taken = query.take(received.message); !taken) return Unexpected(taken.error());
        if (query.complete) return std::move(query.capabilities);
        if (++messages > kMaxMessages) return fail(EPROTO, "the firmware's answer has no end");
        continue;
      case hfi::HostLink::ReceiveOutcome::kMalformed:
      case hfi::HostLink::ReceiveOutcome::kCorrupt:
        return fail(EPROTO, received.complaint);
      case hfi::HostLink::ReceiveOutcome::kEmpty:
        break;
    }
    // Empty, and it had died before we looked: nothing can come any more.
    if (dead) {
      const std::string last = link.last_words();
      return fail(EIO, link.description() + " died before it said what it can do" + (last.empty() ? "" : ": " + last));
    }
    if (!link.prepare_sleep(false)) continue;
    const Duration left = end - system_clock().now();
    if (left <= Duration::zero()) return fail(ETIMEDOUT, link.description() + " didn't say what it can do in time");
    pollfd fds[] = {{link.doorbell_fd(), POLLIN, 0}, {link.hangup_fd(), POLLIN, 0}};
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(std::min<Duration>(left, std::chrono::hours(1)));
    const int woken = raw::poll(fds, 2, static_cast<int>(wait.count()));
    if (woken == -EINTR) continue;
    if (woken < 0) return fail(-woken, "poll of " + link.description());
    if ((fds[0].revents & POLLIN) != 0) {
      uint64_t count = 0;
      raw::read(link.doorbell_fd(), &count, sizeof(count));
    }
    dead = fds[1].revents != 0;
  }
}

Result<codec::Capabilities> receive_capabilities(int socket, Duration limit) {
  const TimePoint end = system_clock().now() + limit;
  Query query;
  size_t messages = 0;
  while (true) {
    hfi::Entry entry{};
    const auto packet = hfi::receive_packet(socket, std::as_writable_bytes(std::span(entry.bytes)));
    if (packet) {
      if (packet->size > sizeof(entry.bytes) || packet->size != entry.header().size)
        return fail(EPROTO, "a worker's packet isn't a message");
      const auto message = hfi::parse_message(entry);
      if (!message) return fail(EPROTO, message.error().reason);
      if (Status taken = query.take(*message); !taken) return Unexpected(taken.error());
      if (query.complete) return std::move(query.capabilities);
      if (++messages > kMaxMessages) return fail(EPROTO, "the firmware's answer has no end");
      continue;
    }
    if (packet.error().code != EAGAIN && packet.error().code != EINTR)
      return fail(EIO, "the worker ended before it said what it can do: " + packet.error().reason);
    const Duration left = end - system_clock().now();
    if (left <= Duration::zero()) return fail(ETIMEDOUT, "the worker didn't say what it can do in time");
    pollfd wait{socket, POLLIN, 0};
    const auto longest = std::chrono::ceil<std::chrono::milliseconds>(std::min<Duration>(left, std::chrono::hours(1)));
    const int woken = raw::poll(&wait, 1, static_cast<int>(longest.count()));
    if (woken < 0 && woken != -EINTR) return fail(-woken, "poll of a worker's socket");
  }
}

}  // namespace softvpu::vpu
