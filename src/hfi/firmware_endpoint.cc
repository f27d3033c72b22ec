// SPDX-License-Identifier: LGPL-2.1-or-later
// The firmware's rings, doorbells and socket: see firmware_endpoint.h.
#include "hfi/firmware_endpoint.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "base/raw_syscall.h"

namespace softvpu::hfi {
namespace {

// Packets kept for MAP_BUFFER commands that haven't been read yet: a full house on both sides.
constexpr size_t kMaxPendingMemory = 2 * SVPU_MAX_BUFFERS;

constexpr short kHangup = POLLHUP | POLLRDHUP | POLLERR | POLLNVAL;

// Waits for events of `fds`, `timeout` at most (nullopt: no limit); all revents are 0 when it passed or a signal came. Returns 0,
// or -errno if it can't wait at all: the caller must not try again for ever.
int poll_for(std::span<pollfd> fds, std::optional<Duration> timeout) {
  constexpr Duration kLongest = std::chrono::hours(24);
  int timeout_ms = -1;
  if (timeout) {
    const Duration left = std::clamp(*timeout, Duration::zero(), kLongest);
    timeout_ms = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count());
  }
  for (pollfd& entry : fds) entry.revents = 0;
  const int result = raw::poll(fds.data(), fds.size(), timeout_ms);
  if (result > 0) return 0;
  for (pollfd& entry : fds) entry.revents = 0;
  return result == -EINTR ? 0 : result;
}

void add_one(int event_fd) {
  const uint64_t one = 1;
  raw::write(event_fd, &one, sizeof(one));
}

// False: it can't be cleared, so polling it would never wait.
bool clear(int event_fd) {
  uint64_t count = 0;
  const long result = raw::read(event_fd, &count, sizeof(count));
  return result >= 0 || result == -EAGAIN || result == -EINTR;
}

Result<UniqueFd> own_event() {
  const int fd = raw::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return fail(-fd, "eventfd");
  return UniqueFd(fd);
}

struct Hello {
  svpu_transport_hello wire{};
  Packet packet;
};

Result<Hello> receive_hello(int socket, Duration timeout) {
  const TimePoint end = system_clock().now() + timeout;
  while (true) {
    Hello hello;
    auto packet = receive_packet(socket, std::as_writable_bytes(std::span(&hello.wire, 1)));
    if (packet) {
      hello.packet = std::move(*packet);
      return hello;
    }
    if (packet.error().code != EAGAIN && packet.error().code != EINTR) return Unexpected(packet.error());
    const Duration left = end - system_clock().now();
    if (left <= Duration::zero()) return fail(ETIMEDOUT, "no hello packet from the host");
    pollfd wait{socket, POLLIN, 0};
    if (const int error = poll_for({&wait, 1}, left); error < 0) return fail(-error, "poll of the host's socket");
  }
}

}  // namespace

FirmwareEndpoint::~FirmwareEndpoint() = default;

Result<std::unique_ptr<FirmwareEndpoint>> FirmwareEndpoint::attach(UniqueFd socket, Duration timeout) {
  auto hello = receive_hello(socket.get(), timeout);
  if (!hello) return Unexpected(hello.error());
  const svpu_transport_hello& wire = hello->wire;
  // A hello of another major version may be shorter; of a later minor version, longer.
  if (hello->packet.size < offsetof(svpu_transport_hello, session) || wire.kind != SVPU_TRANSPORT_HELLO ||
      hello->packet.num_fds != 3)
    return fail(EPROTO, "the first packet isn't a hello with three descriptors");
  if (wire.abi_major != SVPU_ABI_MAJOR)
    return fail(EPROTONOSUPPORT, "the host speaks ABI " + std::to_string(wire.abi_major) + ", this firmware " +
                                     std::to_string(SVPU_ABI_MAJOR) + "; install matching versions");
  if (hello->packet.size < sizeof(wire)) return fail(EPROTO, "the hello packet is cut");
  if (wire.session != 0) return fail(EPROTO, "the first session of a process has the number 0");
  if (wire.region_size != SVPU_REGION_SIZE) return fail(EPROTO, "the hello packet states another region size");

  auto region = Region::adopt(std::move(hello->packet.fd[0]), wire.generation);
  if (!region) return Unexpected(region.error());
  return make(std::move(socket), std::move(hello->packet.fd[1]), std::move(hello->packet.fd[2]), std::move(*region),
              wire.generation);
}

Result<std::unique_ptr<FirmwareEndpoint>> FirmwareEndpoint::make(UniqueFd socket, UniqueFd command_doorbell,
                                                                 UniqueFd message_doorbell, Region region, uint32_t generation) {
  auto nudge = own_event();
  if (!nudge) return Unexpected(nudge.error());
  auto space = own_event();
  if (!space) return Unexpected(space.error());

  std::unique_ptr<FirmwareEndpoint> self(new FirmwareEndpoint);
  self->socket_ = std::move(socket);
  self->command_doorbell_ = std::move(command_doorbell);
  self->message_doorbell_ = std::move(message_doorbell);
  self->nudge_ = std::move(*nudge);
  self->space_ = std::move(*space);
  self->region_ = std::move(region);
  self->generation_ = generation;
  self->commands_ = RingReader(self->region_.commands());
  self->messages_ = RingWriter(self->region_.messages());
  self->debug_ = RingWriter(self->region_.debug());
  return self;
}

void FirmwareEndpoint::ring_host() { add_one(message_doorbell_.get()); }

FirmwareEndpoint::Read FirmwareEndpoint::next_command() {
  Read read;
  Entry entry;
  switch (commands_.pop(entry)) {
    case PopOutcome::kEmpty:
      return read;
    case PopOutcome::kCorrupt:
      read.outcome = ReadOutcome::kCorrupt;
      read.complaint = commands_.complaint();
      return read;
    case PopOutcome::kMalformed:
      read.outcome = ReadOutcome::kMalformed;
      read.complaint = commands_.complaint();
      break;
    case PopOutcome::kOk:
      if (auto command = parse_command(entry)) {
        read.outcome = ReadOutcome::kCommand;
        read.command = *command;
      } else {
        read.outcome = ReadOutcome::kMalformed;
        read.complaint = command.error().reason;
      }
      break;
  }
  if (commands_.take_writer_waiting()) ring_host();
  return read;
}

FirmwareEndpoint::SendOutcome FirmwareEndpoint::try_send(const Message& message) {
  const std::lock_guard lock(send_mutex_);
  switch (messages_.push(serialize(message))) {
    case PushOutcome::kFull:
      return SendOutcome::kFull;
    case PushOutcome::kCorrupt:
      return SendOutcome::kPeerGone;
    case PushOutcome::kOk:
      break;
  }
  ring_sleeping_host();
  return SendOutcome::kOk;
}

void FirmwareEndpoint::ring_sleeping_host() {
  bell_due_ = false;
  if (messages_.take_reader_waiting()) ring_host();
}

void FirmwareEndpoint::ring_if_due() {
  const std::lock_guard lock(send_mutex_);
  if (bell_due_) ring_sleeping_host();
}

FirmwareEndpoint::SendOutcome FirmwareEndpoint::send(const Message& message, Bell bell) {
  const Entry entry = serialize(message);
  const std::lock_guard lock(send_mutex_);
  while (true) {
    const PushOutcome outcome = messages_.push(entry);
    if (outcome == PushOutcome::kCorrupt) return SendOutcome::kPeerGone;
    if (outcome == PushOutcome::kOk) break;
    ring_sleeping_host();  // only it makes room
    if (!wait_for_space()) return SendOutcome::kPeerGone;
  }
  bell_due_ = true;
  if (bell == Bell::kNow) ring_sleeping_host();
  return SendOutcome::kOk;
}

bool FirmwareEndpoint::wait_for_space() {
  // The host rings one doorbell for "commands" and for "space". Whoever of the two sleepers takes the ring passes it on: wait()
  // to us by space_, we to wait() by nudge_. Set before writer_waiting, so that a ring caused by it finds this true.
  sender_waits_.store(true);
  bool alive = true;
  if (messages_.prepare_wait_for_space()) {
    pollfd fds[] = {
        {socket_.get(), POLLRDHUP, 0},
        {command_doorbell_.get(), POLLIN, 0},
        {space_.get(), POLLIN, 0},
    };
    if (poll_for(fds, std::nullopt) < 0) alive = false;
    if ((fds[0].revents & kHangup) != 0) alive = false;
    if ((fds[1].revents & POLLIN) != 0) {
      if (!clear(command_doorbell_.get())) alive = false;
      nudge();
    }
    if ((fds[2].revents & POLLIN) != 0 && !clear(space_.get())) alive = false;
  }
  sender_waits_.store(false);
  return alive;
}

FirmwareEndpoint::Wake FirmwareEndpoint::wait(std::optional<Duration> timeout) {
  const bool empty = arm();
  Wake wake = sleep(empty ? timeout : Duration::zero());
  if (!empty) wake.commands = true;
  if (!empty) wake.timeout = false;
  return wake;
}

bool FirmwareEndpoint::arm() { return commands_.prepare_wait(); }

FirmwareEndpoint::Wake FirmwareEndpoint::sleep(std::optional<Duration> timeout) {
  Wake wake;
  pollfd fds[] = {
      {socket_.get(), POLLRDHUP, 0},
      {command_doorbell_.get(), POLLIN, 0},
      {nudge_.get(), POLLIN, 0},
  };
  bool can_wait = poll_for(fds, timeout) == 0;
  if ((fds[0].revents & kHangup) != 0) wake.hangup = true;
  if ((fds[1].revents & POLLIN) != 0) {
    can_wait &= clear(command_doorbell_.get());
    wake.commands = true;
    if (sender_waits_.load()) add_one(space_.get());
  }
  if ((fds[2].revents & POLLIN) != 0) {
    can_wait &= clear(nudge_.get());
    wake.nudged = true;
  }
  if (!can_wait) {
    // Neither the host's commands nor its end would be noticed.
    last_words("worker: it can't wait for its host: poll() or read() is refused, by a seccomp filter of the client?");
    wake.hangup = true;
  }
  wake.timeout = !wake.commands && !wake.hangup && !wake.nudged;
  return wake;
}

void FirmwareEndpoint::nudge() { add_one(nudge_.get()); }

bool FirmwareEndpoint::host_gone() const {
  pollfd fd{socket_.get(), POLLRDHUP, 0};
  return poll_for({&fd, 1}, Duration::zero()) < 0 || (fd.revents & kHangup) != 0;
}

bool FirmwareEndpoint::read_memory_packet() {
  svpu_transport_memory wire{};
  auto packet = receive_packet(socket_.get(), std::as_writable_bytes(std::span(&wire, 1)));
  if (packet) {
    accept_memory_packet(wire, std::move(*packet));
    return true;
  }
  if (packet.error().code != EPROTO) return false;  // none left, or hung up
  memory_complaint_ = packet.error().reason;
  return true;
}

void FirmwareEndpoint::accept_memory_packet(const svpu_transport_memory& wire, Packet packet) {
  if (packet.size < sizeof(wire) || wire.kind != SVPU_TRANSPORT_MEMORY || wire.direction > SVPU_PARAMETERS || wire.session != 0 ||
      wire.index >= SVPU_MAX_BUFFERS || wire.generation == 0 || wire.num_planes == 0 || wire.num_planes > SVPU_MAX_PLANES ||
      packet.num_fds != wire.num_planes) {
    memory_complaint_ = "a memory packet is malformed or doesn't have one descriptor per plane";
    return;
  }
  BufferMemory memory;
  memory.direction = static_cast<Direction>(wire.direction);
  memory.buffer = {wire.index, wire.generation};
  memory.num_planes = wire.num_planes;
  memory.fd = std::move(packet.fd);
  const auto same = std::find_if(pending_memory_.begin(), pending_memory_.end(), [&](const BufferMemory& other) {
    return other.direction == memory.direction && other.buffer == memory.buffer;
  });
  if (same != pending_memory_.end()) {
    *same = std::move(memory);
    return;
  }
  if (pending_memory_.size() == kMaxPendingMemory) pending_memory_.erase(pending_memory_.begin());
  pending_memory_.push_back(std::move(memory));
}

Result<BufferMemory> FirmwareEndpoint::take_memory(Direction direction, BufferName buffer) {
  if (kernel_session_) return ask_for_memory(direction, buffer);
  if (heap_) return slot_memory(direction, buffer);
  // Only as far as needed: packets come in the order of the MAP_BUFFER commands, so hardly any are ever kept.
  do {
    const auto found = std::find_if(pending_memory_.begin(), pending_memory_.end(), [&](const BufferMemory& other) {
      return other.direction == direction && other.buffer == buffer;
    });
    if (found == pending_memory_.end()) continue;
    BufferMemory memory = std::move(*found);
    pending_memory_.erase(found);
    return memory;
  } while (read_memory_packet());
  if (!memory_complaint_.empty()) return fail(EPROTO, std::exchange(memory_complaint_, {}));
  return fail(ENOENT, "no memory was sent for buffer " + std::to_string(buffer.index));
}

void FirmwareEndpoint::debug(const char* format, ...) {
  char line[SVPU_TEXT_BYTES + 1];
  va_list args;
  va_start(args, format);
  std::vsnprintf(line, sizeof(line), format, args);
  va_end(args);
  const std::lock_guard lock(debug_mutex_);
  (void)debug_.push(serialize(Message{0, msg::DebugText{line}}));  // full: dropped, as documented
}

void FirmwareEndpoint::last_words(std::string_view text) { region_.write_last_words(text); }

}  // namespace softvpu::hfi
