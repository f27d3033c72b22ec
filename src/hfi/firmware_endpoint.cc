// SPDX-License-Identifier: LGPL-2.1-or-later
// The firmware's rings and doorbells: see firmware_endpoint.h.
#include "hfi/firmware_endpoint.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <cstdarg>
#include <cstdio>

#include "base/raw_syscall.h"
#include "hfi/transport/poll.h"

namespace softvpu::hfi {
namespace {

constexpr short kHangup = POLLHUP | POLLRDHUP | POLLERR | POLLNVAL;

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

}  // namespace

FirmwareEndpoint::~FirmwareEndpoint() = default;

Result<std::unique_ptr<FirmwareEndpoint>> FirmwareEndpoint::over(Result<Attachment> attachment) {
  if (!attachment) return Unexpected(attachment.error());
  auto nudge = own_event();
  if (!nudge) return Unexpected(nudge.error());
  auto space = own_event();
  if (!space) return Unexpected(space.error());

  std::unique_ptr<FirmwareEndpoint> self(new FirmwareEndpoint);
  self->transport_ = std::move(attachment->transport);
  self->command_doorbell_ = std::move(attachment->command_doorbell);
  self->message_doorbell_ = std::move(attachment->message_doorbell);
  self->nudge_ = std::move(*nudge);
  self->space_ = std::move(*space);
  self->region_ = std::move(attachment->region);
  self->generation_ = attachment->generation;
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
        {transport_->hangup_fd(), POLLRDHUP, 0},
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
      {transport_->hangup_fd(), POLLRDHUP, 0},
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
  pollfd fd{transport_->hangup_fd(), POLLRDHUP, 0};
  return poll_for({&fd, 1}, Duration::zero()) < 0 || (fd.revents & kHangup) != 0;
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
