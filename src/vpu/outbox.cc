// SPDX-License-Identifier: LGPL-2.1-or-later
// The queue in front of the command ring: see outbox.h.
#include "vpu/outbox.h"

#include <algorithm>

#include "base/log.h"
#include "base/raw_syscall.h"
#include "base/reopen.h"
#include "vpu/convert.h"

namespace softvpu::vpu {

using hfi::HostLink;

namespace {

// A descriptor of `fd`'s memory that can't be written through, mapped for writing least of all: what the firmware gets of an
// input. Invalid where /proc isn't there, or may not be read: the memory has to do as it is then.
UniqueFd reopen_for_reading(int fd) {
  const int reading = reopen(fd, O_RDONLY | O_CLOEXEC);
  if (reading >= 0) return UniqueFd(reading);
  log_line(LogLevel::kError, "inputs are writable for the codec worker: /proc/self/fd/%d can't be opened (errno %d)", fd,
           -reading);
  return {};
}

}  // namespace

Status Outbox::push(const hfi::Command& command) {
  if (waiting_.size() >= kMaxCommands) return fail(ENOBUFS, "the firmware takes no commands: 4096 wait");
  Waiting entry;
  entry.command = command;
  waiting_.push_back(std::move(entry));
  return {};
}

Status Outbox::push_map(const hfi::cmd::MapBuffer& command, std::span<const codec::PlaneMemory> planes) {
  if (waiting_.size() >= kMaxCommands) return fail(ENOBUFS, "the firmware takes no commands: 4096 wait");
  Waiting entry;
  entry.command = {0, command};
  for (const codec::PlaneMemory& plane : planes) {
    const library_fds::Birth birth;
    UniqueFd memory;
    if (command.direction == hfi::Direction::kInput) memory = reopen_for_reading(plane.fd);
    if (!memory) {
      const int copy = raw::fcntl(plane.fd, F_DUPFD_CLOEXEC, 3);
      if (copy < 0) return fail(copy == -EBADF ? EINVAL : -copy, "duplicating a buffer's descriptor");
      memory = UniqueFd(copy);
    }
    entry.memory[entry.num_planes++] = raise_fd(std::move(memory));
  }
  waiting_.push_back(std::move(entry));
  return {};
}

Outbox::Outcome Outbox::pump(HostLink* link) {
  if (link == nullptr) return Outcome::kEmpty;
  while (!waiting_.empty()) {
    Waiting& next = waiting_.front();
    if (next.num_planes > 0) {
      const auto& map = std::get<hfi::cmd::MapBuffer>(next.command.body);
      int fds[kMaxPlanes];
      for (uint32_t i = 0; i < next.num_planes; ++i) fds[i] = next.memory[i].get();
      const auto sent = link->send_memory(map.direction, map.buffer, std::span<const int>(fds, next.num_planes));
      if (sent == HostLink::SendOutcome::kFull) return Outcome::kSocketFull;
      if (sent == HostLink::SendOutcome::kPeerGone) return Outcome::kPeerGone;
      next.num_planes = 0;
      for (UniqueFd& fd : next.memory) fd.reset();
    }
    const auto sent = link->send(next.command);
    if (sent == HostLink::SendOutcome::kFull) return Outcome::kRingFull;
    if (sent == HostLink::SendOutcome::kPeerGone) return Outcome::kPeerGone;
    waiting_.pop_front();
  }
  return Outcome::kEmpty;
}

void Outbox::drop_queueings(codec::Direction side) {
  std::erase_if(waiting_, [&](const Waiting& entry) {
    return side == codec::Direction::kInput ? std::holds_alternative<hfi::cmd::QueueInput>(entry.command.body)
                                            : std::holds_alternative<hfi::cmd::QueueOutput>(entry.command.body);
  });
}

void Outbox::drop_queueing(codec::Cookie cookie) {
  std::erase_if(waiting_, [&](const Waiting& entry) {
    return entry.command.cookie == static_cast<uint64_t>(cookie) &&
           (std::holds_alternative<hfi::cmd::QueueInput>(entry.command.body) ||
            std::holds_alternative<hfi::cmd::QueueOutput>(entry.command.body));
  });
}

void Outbox::drop_drains() {
  std::erase_if(waiting_, [](const Waiting& entry) { return std::holds_alternative<hfi::cmd::Drain>(entry.command.body); });
}

bool Outbox::drop_map(codec::Direction side, codec::BufferHandle buffer) {
  return std::erase_if(waiting_, [&](const Waiting& entry) {
           const auto* map = std::get_if<hfi::cmd::MapBuffer>(&entry.command.body);
           return map != nullptr && map->direction == side && map->buffer == to_wire(buffer);
         }) > 0;
}

void Outbox::push_front(const hfi::Command& command) {
  Waiting entry;
  entry.command = command;
  waiting_.push_front(std::move(entry));
}

}  // namespace softvpu::vpu
