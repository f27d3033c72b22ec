// SPDX-License-Identifier: GPL-2.0-or-later
// One worker process of one slot: started (sandbox/child.h), ended by SIGKILL or by itself, reaped. Used by guest.cc. Thread: the
// server's.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>

#include "hfi/transport/transport.h"

namespace softvpu::firmware::ivshmem {

// Runs in the child, which has the server's 0 to 2 and from 3 on what it is given, in the order of SlotSession's members, and no
// other descriptor; what it returns is its exit status.
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

// Ended and reaped by its own end.
class SlotWorker {
 public:
  virtual ~SlotWorker() = default;
  // Errors: EAGAIN, ENOMEM, EMFILE.
  virtual Status start(const SlotPlace& place) = 0;
  virtual bool running() const = 0;
  virtual pid_t process() const = 0;
  // Readable when the process has ended; -1 while none runs.
  virtual int pidfd() const = 0;
  virtual void kill() = 0;
  // True: it has ended and is reaped. Never waits.
  virtual bool reap() = 0;
};

using MakeSlotWorker = std::function<std::unique_ptr<SlotWorker>()>;

class ForkedSlotWorker final : public SlotWorker {
 public:
  // `serve` outlives it.
  explicit ForkedSlotWorker(const ServeSlot& serve) : serve_(serve) {}
  // Kills and reaps what still runs.
  ~ForkedSlotWorker() override;
  ForkedSlotWorker(const ForkedSlotWorker&) = delete;
  ForkedSlotWorker& operator=(const ForkedSlotWorker&) = delete;

  Status start(const SlotPlace& place) override;
  bool running() const override { return process_ > 0; }
  pid_t process() const override { return process_; }
  int pidfd() const override { return pidfd_.get(); }
  void kill() override;
  bool reap() override;

 private:
  void wait_for_end();

  const ServeSlot& serve_;
  pid_t process_ = 0;
  UniqueFd pidfd_;
  UniqueFd hangup_;  // our end: the worker notices our death by it
};

}  // namespace softvpu::firmware::ivshmem
