// SPDX-License-Identifier: GPL-2.0-or-later
// Worker processes of a guest's sessions: see slot_worker.h.
#include "firmware/ivshmem/slot_worker.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <span>

#include "hfi/packet.h"

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
  return syscall(SYS_close_range, beyond, ~0U, 0) == 0;
}

[[noreturn]] void be_worker(const SlotPlace& place, int hangup, const ServeSlot& serve, pid_t server) {
  for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != server) _exit(0);
  std::array<int, 4> fds{place.memory, hangup, place.command_doorbell, place.message_doorbell};
  if (!keep_only(fds)) _exit(kNoWorker);
  hfi::SlotSession slot;
  slot.memory = UniqueFd(fds[0]);
  slot.hangup = UniqueFd(fds[1]);
  slot.command_doorbell = UniqueFd(fds[2]);
  slot.message_doorbell = UniqueFd(fds[3]);
  slot.region_offset = place.region_offset;
  slot.heap_offset = place.heap_offset;
  slot.heap_size = place.heap_size;
  slot.generation = place.generation;
  _exit(serve(std::move(slot)));
}

}  // namespace

SlotWorker::~SlotWorker() {
  if (!running()) return;
  kill();
  wait_for_end();
}

Status SlotWorker::start(const SlotPlace& place, const ServeSlot& serve) {
  UniqueFd ours;
  UniqueFd theirs;
  if (const auto made = hfi::make_packet_pair(ours, theirs); !made) return made;
  const pid_t server = getpid();
  const pid_t child = fork();
  if (child < 0) return fail_errno("fork");
  if (child == 0) be_worker(place, theirs.get(), serve, server);
  process_ = child;
  hangup_ = std::move(ours);
  pidfd_ = UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
  if (pidfd_) return {};
  const Error error{errno, "pidfd_open"};
  kill();
  wait_for_end();
  return Unexpected(error);
}

void SlotWorker::wait_for_end() {
  while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) continue;
  process_ = 0;
}

void SlotWorker::kill() {
  if (running()) (void)::kill(process_, SIGKILL);  // not reaped yet: the number is still its own
}

bool SlotWorker::reap() {
  if (!running() || waitpid(process_, nullptr, WNOHANG) != process_) return false;
  process_ = 0;
  pidfd_.reset();
  hangup_.reset();
  return true;
}

}  // namespace softvpu::firmware::ivshmem
