// SPDX-License-Identifier: GPL-2.0-or-later
// Worker processes of a guest's sessions: see slot_worker.h.
#include "firmware/ivshmem/slot_worker.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <span>

#include "hfi/transport/packet.h"
#include "sandbox/child.h"

namespace softvpu::firmware::ivshmem {
namespace {

constexpr int kFirstDescriptor = 3;
constexpr int kNoWorker = 125;  // exit status: it couldn't begin

// Moves the worker's descriptors to 3, 4, … and closes all others: the other guests' memory and sockets among them.
bool keep_only(std::span<int> kept) {
  const int beyond = kFirstDescriptor + static_cast<int>(kept.size());
  for (int& fd : kept) {
    fd = fcntl(fd, F_DUPFD_CLOEXEC, beyond);
    if (fd < 0) return false;
  }
  int target = kFirstDescriptor;
  for (int& fd : kept) {
    if (dup2(fd, target) < 0) return false;
    fd = target++;
  }
  return sandbox::close_from(beyond);
}

int be_worker(const SlotPlace& place, int hangup, const ServeSlot& serve) {
  std::array<int, 4> fds{place.memory, hangup, place.command_doorbell, place.message_doorbell};
  if (!keep_only(fds)) {
    dprintf(STDERR_FILENO, "softvpu: a worker can't be started: its descriptors: %s\n", strerrordesc_np(errno));
    return kNoWorker;
  }
  hfi::SlotSession slot;
  slot.memory = UniqueFd(fds[0]);
  slot.hangup = UniqueFd(fds[1]);
  slot.command_doorbell = UniqueFd(fds[2]);
  slot.message_doorbell = UniqueFd(fds[3]);
  slot.region_offset = place.region_offset;
  slot.heap_offset = place.heap_offset;
  slot.heap_size = place.heap_size;
  slot.generation = place.generation;
  return serve(std::move(slot));
}

}  // namespace

ForkedSlotWorker::~ForkedSlotWorker() {
  if (!running()) return;
  kill();
  wait_for_end();
}

Status ForkedSlotWorker::start(const SlotPlace& place) {
  UniqueFd ours;
  UniqueFd theirs;
  if (const auto made = hfi::make_packet_pair(ours, theirs); !made) return made;
  // It only reads.
  if (shutdown(ours.get(), SHUT_RD) != 0) return fail_errno("shutdown of a worker's socket");
  auto child = sandbox::start_child([&] { return be_worker(place, theirs.get(), serve_); });
  if (!child) return Unexpected(child.error());
  process_ = child->pid;
  pidfd_ = std::move(child->pidfd);
  hangup_ = std::move(ours);
  return {};
}

void ForkedSlotWorker::wait_for_end() {
  while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) continue;
  process_ = 0;
}

void ForkedSlotWorker::kill() {
  if (running()) (void)::kill(process_, SIGKILL);  // not reaped yet: the number is still its own
}

bool ForkedSlotWorker::reap() {
  if (!running() || waitpid(process_, nullptr, WNOHANG) != process_) return false;
  process_ = 0;
  pidfd_.reset();
  hangup_.reset();
  return true;
}

}  // namespace softvpu::firmware::ivshmem
