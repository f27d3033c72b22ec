// SPDX-License-Identifier: GPL-2.0-or-later
// One guest's sessions: see guest.h.
#include "firmware/ivshmem/guest.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "firmware/ivshmem/greeting.h"

namespace softvpu::firmware::ivshmem {
namespace {

// Of workers, in a second. The kernel takes namespaces down more slowly than it makes them.
constexpr uint32_t kMostStarts = 20;

// O_NONBLOCK is the open file's, QEMU's too: a full counter must not stop anybody.
Result<UniqueFd> make_bell() {
  UniqueFd fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd) return fail_errno("eventfd for a doorbell");
  return fd;
}

}  // namespace

Guest::Guest(UniqueFd socket, const Layout& layout, std::string name, const Clock& clock)
    : socket_(std::move(socket)), layout_(layout), name_(std::move(name)), clock_(clock) {}

Result<std::unique_ptr<Guest>> Guest::create(UniqueFd socket, const Layout& layout, const MakeSlotWorker& make_worker,
                                             std::string name, const Clock& clock) {
  std::unique_ptr<Guest> guest(new Guest(std::move(socket), layout, std::move(name), clock));
  auto memory = SharedMemory::create("softvpu-ivshmem", layout.region_size);
  if (!memory) return Unexpected(memory.error());
  guest->memory_ = std::move(*memory);
  auto mapping = Mapping::map(guest->memory_.fd(), 0, Control::kSize, true);
  if (!mapping) return Unexpected(mapping.error());
  // No worker gets at the control words, of this guest or another.
  if (madvise(mapping->data(), mapping->size(), MADV_DONTFORK) != 0) return fail_errno("madvise");
  guest->control_mapping_ = std::move(*mapping);
  guest->control_ = Control(guest->control_mapping_.data());
  guest->control_.write_header(layout);

  std::vector<UniqueFd> server_bells(layout.vectors());
  std::vector<UniqueFd> guest_bells(layout.vectors());
  for (uint32_t i = 0; i < layout.vectors(); ++i) {
    auto to_us = make_bell();
    if (!to_us) return Unexpected(to_us.error());
    auto to_guest = make_bell();
    if (!to_guest) return Unexpected(to_guest.error());
    server_bells[i] = std::move(*to_us);
    guest_bells[i] = std::move(*to_guest);
  }
  if (const auto said = greet(guest->socket_.get(), guest->memory_.fd(), server_bells, guest_bells); !said)
    return Unexpected(said.error());
  guest->server_bell_ = std::move(server_bells[0]);
  guest->guest_bell_ = std::move(guest_bells[0]);
  for (uint32_t i = 0; i < layout.num_slots; ++i) {
    auto slot = std::make_unique<Slot>();
    slot->command_doorbell = std::move(server_bells[i + 1]);
    slot->message_doorbell = std::move(guest_bells[i + 1]);
    slot->worker = make_worker();
    guest->slots_.push_back(std::move(slot));
  }
  return guest;
}

Guest::~Guest() {
  if (control_mapping_.size() == 0) return;
  for (const auto& slot : slots_) slot->worker->kill();
  control_.set_up(false);
  ring();
}

void Guest::collect(std::vector<pollfd>& fds) const {
  if (socket_) fds.push_back({socket_.get(), POLLIN | POLLRDHUP, 0});
  if (socket_) fds.push_back({server_bell_.get(), POLLIN, 0});
  for (const auto& slot : slots_) {
    if (slot->worker->running()) fds.push_back({slot->worker->pidfd(), POLLIN, 0});
  }
}

// QEMU never sends anything: a byte counts as a hang-up.
void Guest::notice_hangup() {
  char byte = 0;
  const ssize_t got = recv(socket_.get(), &byte, sizeof(byte), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  socket_.reset();
  for (const auto& slot : slots_) slot->worker->kill();
}

Guest::Due Guest::look() {
  if (socket_) notice_hangup();
  bool changed = false;
  Due due = Due::kNothing;
  if (socket_) {
    uint64_t count = 0;
    // A guest that was reset may have left anything in the header.
    if (read(server_bell_.get(), &count, sizeof(count)) > 0) control_.write_header(layout_);
    if (const uint32_t ping = control_.ping(); ping != pong_) {
      pong_ = ping;
      control_.set_pong(ping);
      changed = true;
    }
  }
  bool started = false;
  const uint32_t first = next_;
  for (uint32_t i = 0; i < slots_.size(); ++i) {
    const uint32_t index = (first + i) % static_cast<uint32_t>(slots_.size());
    Slot& slot = *slots_[index];
    changed |= end_workers(index);
    if (!socket_ || slot.worker->running()) continue;
    changed |= give_memory_back(index);
    const uint32_t wanted = control_.wanted(index);
    control_.set_serving(index, 0);
    if (wanted == slot.generation) continue;
    if (wanted == 0) {
      slot.generation = 0;
      control_.set_ended(index, 0);
      changed = true;
    } else if (started) {
      due = Due::kAtOnce;  // others' turn
    } else if (!take_start()) {
      if (due == Due::kNothing) due = Due::kSoon;
    } else {
      started = true;
      next_ = index + 1;
      changed |= start_worker(index, wanted);
    }
  }
  if (changed && socket_) ring();
  return due;
}

// A worker whose session isn't wanted any more is killed; one that has ended is reported as ended.
bool Guest::end_workers(uint32_t index) {
  Slot& slot = *slots_[index];
  if (!slot.worker->running()) return false;
  if (control_.wanted(index) != slot.generation) slot.worker->kill();
  if (!slot.worker->reap()) return false;
  control_.set_ended(index, slot.generation);
  control_.set_serving(index, 0);
  return true;
}

// No worker runs. Pages of a heap that isn't in use any more go back to the host; the guest would find zeros there.
bool Guest::give_memory_back(uint32_t index) {
  Slot& slot = *slots_[index];
  const bool held = control_.held(index) != 0;
  if (held == slot.kept) {
    control_.set_kept(index, held ? 1 : 0);
    return false;
  }
  if (!held) {
    (void)fallocate(memory_.fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(layout_.slot_offset(index)),
                    static_cast<off_t>(layout_.slot_size));
  }
  slot.kept = held;
  control_.set_kept(index, held ? 1 : 0);
  return true;
}

bool Guest::take_start() {
  const TimePoint now = clock_.now();
  if (now - second_began_ >= std::chrono::seconds(1)) {
    second_began_ = now;
    starts_ = 0;
  }
  return starts_++ < kMostStarts;
}

bool Guest::start_worker(uint32_t index, uint32_t generation) {
  Slot& slot = *slots_[index];
  const uint64_t at = layout_.slot_offset(index);
  slot.generation = generation;
  const SlotPlace place{.memory = memory_.fd(),
                        .region_offset = at,
                        .heap_offset = at + layout_.heap_offset,
                        .heap_size = layout_.heap_size(),
                        .generation = generation,
                        .command_doorbell = slot.command_doorbell.get(),
                        .message_doorbell = slot.message_doorbell.get()};
  // Out of processes: that session fails, the next may do.
  if (const auto begun = slot.worker->start(place); !begun) {
    error_ =
        "no worker for slot " + std::to_string(index) + ": " + begun.error().reason + ": " + std::strerror(begun.error().code);
    control_.set_ended(index, generation);
    return true;
  }
  control_.set_worker(index, static_cast<uint32_t>(slot.worker->process()));
  control_.set_serving(index, generation);
  return true;
}

bool Guest::over() const { return !socket_ && workers() == 0; }

uint32_t Guest::workers() const {
  return static_cast<uint32_t>(
      std::count_if(slots_.begin(), slots_.end(), [](const auto& slot) { return slot->worker->running(); }));
}

void Guest::ring() {
  const uint64_t one = 1;
  (void)!write(guest_bell_.get(), &one, sizeof(one));
}

}  // namespace softvpu::firmware::ivshmem
