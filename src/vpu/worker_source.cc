// SPDX-License-Identifier: LGPL-2.1-or-later
// Asking for a worker: see worker_source.h. Runs on a program's thread, whose stack may be small.
#include "vpu/worker_source.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "base/clock.h"
#include "base/raw_syscall.h"
#include "hfi/transport/packet.h"

namespace softvpu::vpu {

void WorkerSource::connect() {
  const std::lock_guard lock(mutex_);
  if (!socket_ && !path_.empty()) connect_locked();
}

void WorkerSource::connect_locked() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof(address.sun_path)) return;
  std::memcpy(address.sun_path, path_.c_str(), path_.size());
  const library_fds::Birth birth;
  const long fd = raw::call(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return;
  UniqueFd socket = raise_fd(UniqueFd(static_cast<int>(fd)));
  // Doesn't wait for an accept(): EAGAIN when too many do already.
  if (raw::call(SYS_connect, socket.get(), raw::address(&address), sizeof(address)) < 0) return;
  socket_ = std::move(socket);
}

Result<ReadyWorker> WorkerSource::take(uint64_t device, uint64_t inode) {
  const std::lock_guard lock(mutex_);
  if (!socket_ && !path_.empty()) connect_locked();
  if (!socket_) return fail(ENOENT, "no workers are kept ready for this program");
  const WorkerRequest request{.device = device, .inode = inode};
  auto worker = [&]() -> Result<ReadyWorker> {
    if (Status sent = hfi::send_packet(socket_.get(), std::as_bytes(std::span(&request, 1)), {}); !sent)
      return Unexpected(sent.error());
    return receive();
  }();
  // A late answer isn't the next request's: it ends with the connection, and its worker with it.
  if (!worker && worker.error().code != ENODEV) socket_.reset();
  return worker;
}

Result<ReadyWorker> WorkerSource::receive() {
  const TimePoint end = system_clock().now() + std::chrono::milliseconds(kHandoverLimitMs);
  while (true) {
    WorkerAnswer answer;
    {
      const library_fds::Birth birth;  // the descriptors appear among the program's numbers
      auto packet = hfi::receive_packet(socket_.get(), std::as_writable_bytes(std::span(&answer, 1)));
      if (packet) {
        if (packet->size != sizeof(answer) || answer.version != kHandoverVersion)
          return fail(EPROTO, "softvpu run gave a worker in a way that this library doesn't know");
        if (packet->num_fds == 0) return fail(ENODEV, "softvpu run has no such worker");
        if (packet->num_fds != 2) return fail(EPROTO, "a worker comes with two descriptors");
        ReadyWorker worker;
        worker.socket = raise_fd(std::move(packet->fd[0]));
        worker.process.pidfd = raise_fd(std::move(packet->fd[1]));
        worker.process.pid = static_cast<int>(answer.pid);
        if (!worker.alive()) return fail(ESRCH, "the worker died before it was handed over");
        return worker;
      }
      if (packet.error().code != EAGAIN && packet.error().code != EINTR) return Unexpected(packet.error());
    }
    const Duration left = end - system_clock().now();
    if (left <= Duration::zero()) return fail(ETIMEDOUT, "softvpu run doesn't answer");
    pollfd wait{socket_.get(), POLLIN, 0};
    const int woken = raw::poll(&wait, 1, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count()));
    if (woken < 0 && woken != -EINTR) return fail(-woken, "poll of softvpu run's socket");
  }
}

}  // namespace softvpu::vpu
