// SPDX-License-Identifier: GPL-2.0-or-later
// One worker process of one slot: started by fork, ended by SIGKILL or by itself, reaped. Used by guest.cc. Thread: the server's.
#pragma once

#include <sys/types.h>

#include <functional>

#include "hfi/firmware_endpoint.h"

namespace softvpu::firmware::ivshmem {

// Runs in the child, which has standard error and what it is given, no other descriptor; what it returns is its exit status.
using ServeSlot = std::function<int(hfi::SlotSession)>;

// Where a worker works. The descriptors stay the caller's.
struct SlotPlace {
  int memory = -1;
  uint64_t region_offset = 0;
  uint64_t heap_offset = 0;
  uint64_t heap_size = 0;
  uint32_t generation = 0;
  int command_doorbell = -1;
  int message_doorbell = -1;
};

class SlotWorker {
 public:
  SlotWorker() = default;
  // Kills and reaps what still runs.
  ~SlotWorker();
  SlotWorker(const SlotWorker&) = delete;
  SlotWorker& operator=(const SlotWorker&) = delete;

  // Errors: EAGAIN, ENOMEM, EMFILE.
  Status start(const SlotPlace& place, const ServeSlot& serve);
  bool running() const { return process_ > 0; }
  pid_t process() const { return process_; }
  // Readable when the process has ended; -1 while none runs.
  int pidfd() const { return pidfd_.get(); }
  void kill();
  // True: it has ended and is reaped. Never waits.
  bool reap();

 private:
  void wait_for_end();

  pid_t process_ = 0;
  UniqueFd pidfd_;
  UniqueFd hangup_;  // our end: the worker hears of our death by it
};

}  // namespace softvpu::firmware::ivshmem
