// SPDX-License-Identifier: GPL-2.0-or-later
// An ivshmem server that is a VPU: takes QEMUs in from a unix socket and serves each guest's sessions by processes. docs/hfi.md,
// ivshmem. Called by softvpu-fw --ivshmem-socket. Threads: one, and the process must have no other while it forks.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "firmware/ivshmem/guest.h"

namespace softvpu::firmware::ivshmem {

class Server {
 public:
  using Log = std::function<void(const std::string&)>;

  Server(const Layout& layout, ServeSlot serve, Log log);
  // Guests are notified, workers killed, the socket's name is removed.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Makes the socket, for the own user only. A name that a dead server left is taken over. Errors: EADDRINUSE when a server
  // listens there; those of bind(2).
  Status listen(const std::string& path);
  // A QEMU that is connected already. Errors: as Guest::create(); EUSERS with kMostGuests.
  Status adopt(UniqueFd socket);
  // Waits for something to do, for `timeout_ms` at most (-1: no limit) and until `stop_fd` is readable (-1: none), and does it.
  // False: stopped.
  bool step(int timeout_ms, int stop_fd = -1);

  size_t guests() const { return guests_.size(); }
  uint32_t workers() const;

  static constexpr size_t kMostGuests = 16;

 private:
  void accept_guest();

  const Layout layout_;
  const ServeSlot serve_;
  const MakeSlotWorker make_worker_;
  const Log log_;
  std::string path_;
  UniqueFd listener_;
  std::vector<std::unique_ptr<Guest>> guests_;
  uint64_t taken_in_ = 0;
  TimePoint accept_again_at_;              // no guest is accepted before
  Guest::Due due_ = Guest::Due::kNothing;  // of the guest that has most to do
};

}  // namespace softvpu::firmware::ivshmem
