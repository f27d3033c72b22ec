// SPDX-License-Identifier: LGPL-2.1-or-later
// The two ends of one single-producer single-consumer ring of <softvpu/hfi.h> (struct svpu_ring_index): private indices,
// copy-out-once, wake suppression. Used by HostPort and FirmwareEndpoint. Each end: one thread at a time.
//
// Trust: the peer may write anything anywhere in the shared region at any moment. Own index, sequence and geometry are
// private; the peer's index is loaded once per call, checked against what it said before, then used. core/ring.h decides,
// for the kernel module too; here are the loads and stores.
#pragma once

#include <cstdint>

#include <softvpu/hfi.h>

#include "core/ring.h"
#include "hfi/entry.h"

namespace softvpu::hfi {

enum class PushOutcome {
  kOk,
  kFull,     // nothing written; wait for space and try again
  kCorrupt,  // the peer moved its read index backwards or beyond what was written; stays so
};

enum class PopOutcome {
  kOk,
  kEmpty,
  kMalformed,  // one entry with an impossible size or a sequence gap; it was skipped, the ring goes on
  kCorrupt,    // the peer moved its write index backwards or beyond the slots; stays so
};

// Where one ring lies. The memory outlives the ends.
struct RingMemory {
  svpu_ring_index* index = nullptr;
  std::byte* slots = nullptr;
  uint32_t count = 0;  // slots, a power of two

  static RingMemory command(std::byte* region);
  static RingMemory message(std::byte* region);
  static RingMemory debug(std::byte* region);
};

class RingWriter {
 public:
  RingWriter() = default;
  explicit RingWriter(RingMemory memory) : ring_(memory) { svpu_ring_end_init(&end_, memory.count); }

  // Copies the entry in (with its sequence) and publishes it. The caller then asks take_reader_waiting().
  PushOutcome push(const Entry& entry);
  // True when the reader sleeps and this call was the one to clear its flag: ring the doorbell.
  bool take_reader_waiting();
  // Before sleeping for space: sets writer_waiting and looks again. True: still full, sleep. False: try again.
  bool prepare_wait_for_space();
  bool corrupt() const { return end_.broken; }

 private:
  RingMemory ring_;
  svpu_ring_end end_{};
};

class RingReader {
 public:
  RingReader() = default;
  explicit RingReader(RingMemory memory) : ring_(memory) { svpu_ring_end_init(&end_, memory.count); }

  // Copies the next entry out, once, and frees its slot. The caller then asks take_writer_waiting().
  PopOutcome pop(Entry& entry);
  // True when the writer sleeps for space and this call was the one to clear its flag: ring the doorbell.
  bool take_writer_waiting();
  // Before sleeping: sets reader_waiting and looks again. True: still empty, sleep. False: pop again.
  bool prepare_wait();
  // What was wrong with the last kMalformed / kCorrupt; static text.
  const char* complaint() const { return complaint_; }
  bool corrupt() const { return end_.broken; }

 private:
  bool accept(uint32_t write);

  RingMemory ring_;
  svpu_ring_end end_{};
  const char* complaint_ = "";
};

}  // namespace softvpu::hfi
