// SPDX-License-Identifier: GPL-2.0-or-later
// One QEMU that has connected: its region, doorbells, and the workers of its slots. The guest is taken to be hostile: of the
// region only the control words are read, each once, and any value of them is legal. docs/hfi.md, ivshmem. Used by server.cc.
// Thread: the server's.
#pragma once

#include <poll.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/shared_memory.h"
#include "base/unique_fd.h"
#include "firmware/ivshmem/layout.h"
#include "firmware/ivshmem/slot_worker.h"

namespace softvpu::firmware::ivshmem {

class Guest {
 public:
  // Makes the region and greets QEMU over `socket`. `clock` outlives the guest. Errors: ENOMEM, EMFILE, and those of greet().
  static Result<std::unique_ptr<Guest>> create(UniqueFd socket, const Layout& layout, const MakeSlotWorker& make_worker,
                                               std::string name, const Clock& clock = system_clock());
  // Tells the guest that the server is gone, kills its workers and waits for their end.
  ~Guest();
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  const std::string& name() const { return name_; }
  // What to wait for.
  void collect(std::vector<pollfd>& fds) const;
  enum class Due { kNothing, kSoon, kAtOnce };
  // Looks at everything and does what is due, never waiting, at most one new worker per call. Returns when to call again if
  // nothing happens on the descriptors: kSoon, in some ten milliseconds.
  Due look();
  // QEMU has hung up and no worker is left.
  bool over() const;
  uint32_t workers() const;
  // What the last look() couldn't do, for the log; empty: nothing.
  std::string take_error() { return std::exchange(error_, {}); }

 private:
  struct Slot {
    UniqueFd command_doorbell;  // the guest's to the worker
    UniqueFd message_doorbell;  // the worker's to the guest
    std::unique_ptr<SlotWorker> worker;
    uint32_t generation = 0;  // the session that runs, or was the last one to be started
    bool kept = false;        // as in the control word
  };

  Guest(UniqueFd socket, const Layout& layout, std::string name, const Clock& clock);
  void notice_hangup();
  // These return true when a control word of the host's has changed.
  bool end_workers(uint32_t index);
  bool give_memory_back(uint32_t index);
  // True: the guest may have another worker now. The number per second is limited; otherwise it
  // could keep the host busy with forks.
  bool take_start();
  bool start_worker(uint32_t index, uint32_t generation);
  void ring();

  UniqueFd socket_;  // invalid: QEMU is gone
  const Layout layout_;
  const std::string name_;
  const Clock& clock_;
  SharedMemory memory_;
  Mapping control_mapping_;
  Control control_;
  UniqueFd server_bell_;  // vector 0, the guest's to us
  UniqueFd guest_bell_;   // vector 0, ours to the guest
  std::vector<std::unique_ptr<Slot>> slots_;
  uint32_t pong_ = 0;
  uint32_t next_ = 0;    // slot to begin with: every slot gets its turn to start a worker
  uint32_t starts_ = 0;  // within the second that began_ begins
  TimePoint second_began_;
  std::string error_;
};

}  // namespace softvpu::firmware::ivshmem
