// SPDX-License-Identifier: LGPL-2.1-or-later
// The host's rings, doorbells and socket: see host_port.h.
#include "hfi/host_port.h"

#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/raw_syscall.h"
#include "hfi/transport/packet.h"

namespace softvpu::hfi {
namespace {

// Not inlined, and neither is say_hello(): create() runs on a caller's stack, of which there may be little.
__attribute__((noinline)) Status make_doorbell(UniqueFd& doorbell) {
  const library_fds::Birth birth;
  const int fd = raw::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return fail(-fd, "eventfd for a doorbell");
  doorbell = raise_fd(UniqueFd(fd));
  return {};
}

__attribute__((noinline)) Status say_hello(int socket, uint32_t generation, std::span<const int> fds) {
  svpu_transport_hello hello{};
  hello.kind = SVPU_TRANSPORT_HELLO;
  hello.region_size = SVPU_REGION_SIZE;
  hello.abi_major = SVPU_ABI_MAJOR;
  hello.generation = generation;
  return send_packet(socket, std::as_bytes(std::span(&hello, 1)), fds);
}

HostLink::SendOutcome outcome_of(const Status& sent) {
  if (sent) return HostLink::SendOutcome::kOk;
  return sent.error().code == EAGAIN ? HostLink::SendOutcome::kFull : HostLink::SendOutcome::kPeerGone;
}

}  // namespace

Result<std::unique_ptr<HostPort>> HostPort::create(uint32_t generation) { return create_on({}, generation); }

Result<std::unique_ptr<HostPort>> HostPort::create_on(UniqueFd socket, uint32_t generation) {
  auto region = Region::create(generation);
  if (!region) return Unexpected(region.error());
  return create_around(std::move(*region), std::move(socket), generation);
}

// Not a part of create(): its frame isn't there while the region is made.
Result<std::unique_ptr<HostPort>> HostPort::create_around(Region region, UniqueFd socket, uint32_t generation) {
  std::unique_ptr<HostPort> port(new HostPort);
  port->region_ = std::move(region);
  if (socket) {
    port->socket_ = std::move(socket);
  } else if (Status made = make_packet_pair(port->socket_, port->firmware_socket_); !made) {
    return Unexpected(made.error());
  }
  // Packets go one way. A firmware that writes to its socket gets EPIPE, and can't fill a queue that nobody reads. A program
  // whose seccomp filter refuses it does without: then the queue holds what one socket may (net.core.wmem_max).
  raw::call(SYS_shutdown, port->socket_.get(), SHUT_RD);
  if (Status made = make_doorbell(port->command_doorbell_); !made) return Unexpected(made.error());
  if (Status made = make_doorbell(port->message_doorbell_); !made) return Unexpected(made.error());
  port->commands_ = RingWriter(port->region_.commands());
  port->messages_ = RingReader(port->region_.messages());
  port->debug_ = RingReader(port->region_.debug());

  const int fds[] = {port->region_.fd(), port->command_doorbell_.get(), port->message_doorbell_.get()};
  if (Status sent = say_hello(port->socket_.get(), generation, fds); !sent) return Unexpected(sent.error());
  return port;
}

void HostPort::hang_up() {
  if (!socket_) return;
  // Also where a fork()ed child of this process holds a copy.
  raw::call(SYS_shutdown, socket_.get(), SHUT_RDWR);
  socket_.reset();
}

void HostPort::ring_firmware() {
  ++sent_.doorbells;
  const uint64_t one = 1;
  // EAGAIN: the counter is full, so it is readable already.
  raw::write(command_doorbell_.get(), &one, sizeof(one));
}

HostLink::SendOutcome HostPort::send(const Entry& entry) {
  switch (commands_.push(entry)) {
    case PushOutcome::kFull:
      return HostLink::SendOutcome::kFull;
    case PushOutcome::kCorrupt:
      return HostLink::SendOutcome::kPeerGone;
    case PushOutcome::kOk:
      break;
  }
  ++sent_.commands;
  if (commands_.take_reader_waiting()) ring_firmware();
  return HostLink::SendOutcome::kOk;
}

HostLink::SendOutcome HostPort::send_memory(Direction direction, BufferName buffer, std::span<const int> fds) {
  if (!socket_) return HostLink::SendOutcome::kPeerGone;
  svpu_transport_memory packet{};
  packet.kind = SVPU_TRANSPORT_MEMORY;
  packet.direction = static_cast<uint32_t>(direction);
  packet.index = buffer.index;
  packet.generation = buffer.generation;
  packet.num_planes = static_cast<uint32_t>(fds.size());
  return outcome_of(send_packet(socket_.get(), std::as_bytes(std::span(&packet, 1)), fds));
}

HostLink::Received HostPort::receive() {
  HostLink::Received received;
  Entry entry;
  switch (messages_.pop(entry)) {
    case PopOutcome::kEmpty:
      return received;
    case PopOutcome::kCorrupt:
      received.outcome = HostLink::ReceiveOutcome::kCorrupt;
      received.complaint = messages_.complaint();
      return received;
    case PopOutcome::kMalformed:
      received.outcome = HostLink::ReceiveOutcome::kMalformed;
      received.complaint = messages_.complaint();
      break;
    case PopOutcome::kOk:
      if (auto message = parse_message(entry)) {
        received.outcome = HostLink::ReceiveOutcome::kMessage;
        received.message = std::move(*message);
      } else {
        received.outcome = HostLink::ReceiveOutcome::kMalformed;
        received.complaint = message.error().reason;
      }
      break;
  }
  if (messages_.take_writer_waiting()) ring_firmware();
  return received;
}

bool HostPort::prepare_sleep(bool for_space) {
  const bool no_message = messages_.prepare_wait();
  const bool no_space = !for_space || commands_.prepare_wait_for_space();
  return no_message && no_space;
}

bool HostPort::next_debug_line(std::string& line) {
  Entry entry;
  // Bounded: the peer may write nonsense as fast as we read it.
  for (uint32_t tries = 0; tries < SVPU_DEBUG_SLOTS; ++tries) {
    const PopOutcome outcome = debug_.pop(entry);
    if (outcome == PopOutcome::kEmpty || outcome == PopOutcome::kCorrupt) return false;
    if (outcome == PopOutcome::kMalformed) continue;
    auto message = parse_message(entry);
    if (!message) continue;
    if (auto* text = std::get_if<msg::DebugText>(&message->body)) {
      line = std::move(text->text);
      return true;
    }
  }
  return false;
}

}  // namespace softvpu::hfi
