// SPDX-License-Identifier: LGPL-2.1-or-later
// The firmware's side of one session region over the transport "process": reads commands, sends messages, receives buffer
// memory, says last words. Used by src/firmware and, in-process, by tests. docs/hfi.md, "Process".
//
// Threads: next_command(), arm() and take_memory() belong to one thread at a time (the dispatcher, under the caller's lock where
// there are several), wait() and sleep() to one thread. send(), try_send(), ring_if_due(), debug(), nudge(), host_gone() and
// last_words() may be called from any.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "hfi/messages.h"
#include "hfi/packet.h"
#include "hfi/region.h"
#include "hfi/ring.h"

namespace softvpu::hfi {

// The descriptors of one buffer, one per plane, as sent ahead of its MAP_BUFFER command.
struct BufferMemory {
  Direction direction = Direction::kInput;
  BufferName buffer;
  uint32_t num_planes = 0;    // 1..SVPU_MAX_PLANES, as many as there are valid fds
  bool dma_buf = false;       // of the kernel module: not a memfd, can't shrink either
  std::span<std::byte> heap;  // of a slot: the planes are offsets in it, there are no descriptors; mapped as long as heap_owner
  std::shared_ptr<void> heap_owner;
  std::array<UniqueFd, SVPU_MAX_PLANES> fd;
};

// What the worker of one slot of a guest's region is given (<softvpu/ivshmem.h>).
struct SlotSession {
  UniqueFd memory;  // the whole region, to be mapped in part and closed
  uint64_t region_offset = 0;
  uint64_t heap_offset = 0;
  uint64_t heap_size = 0;
  uint32_t generation = 0;
  UniqueFd hangup;            // hangs up when the server is gone
  UniqueFd command_doorbell;  // both O_NONBLOCK
  UniqueFd message_doorbell;
};

class FirmwareEndpoint {
 public:
  // Takes the socket (fd 3 of an exec'd worker), waits up to `timeout` for the hello packet and its three descriptors, maps the
  // region and checks its header, then writes firmware_abi. Call before entering the jail: it makes an eventfd and maps.
  // Errors: ETIMEDOUT; ECONNRESET when the host is gone; EPROTO for a wrong hello or header; EPROTONOSUPPORT for another ABI
  // major.
  static Result<std::unique_ptr<FirmwareEndpoint>> attach(UniqueFd socket, Duration timeout);
  // The same over a session of the kernel module (<softvpu/fwdev.h>): one descriptor is region, doorbells and hang-up, and
  // take_memory() asks it for dma-bufs. It must be O_NONBLOCK. Errors: as attach(), and what mmap(2) says.
  static Result<std::unique_ptr<FirmwareEndpoint>> attach_session(UniqueFd session, uint32_t generation);
  // The same over a slot of a guest's region. Afterwards nothing but the slot can be reached: the memory's descriptor is closed.
  // Errors: as attach(), and what mmap(2) says.
  static Result<std::unique_ptr<FirmwareEndpoint>> attach_slot(SlotSession slot);
  ~FirmwareEndpoint();
  FirmwareEndpoint(const FirmwareEndpoint&) = delete;
  FirmwareEndpoint& operator=(const FirmwareEndpoint&) = delete;

  uint32_t generation() const { return generation_; }

  enum class ReadOutcome {
    kCommand,
    kEmpty,      // call wait()
    kMalformed,  // one entry was skipped; `complaint` says why. Answer with SESSION_ERROR, or go on.
    kCorrupt,    // the host broke the ring itself: nothing more can be read; end the process
  };
  struct Read {
    ReadOutcome outcome = ReadOutcome::kEmpty;
    Command command;
    std::string complaint;
  };
  // The next command: copied out once, parsed, every field in the range messages.h promises. Never blocks.
  // cmd::Unknown types are delivered as such, to be ignored.
  Read next_command();

  enum class SendOutcome {
    kOk,
    kFull,      // try_send() only: the host hasn't read; nothing was sent
    kPeerGone,  // the host hung up or broke the ring's indices: end the process
  };
  // Sends without waiting.
  SendOutcome try_send(const Message& message);
  // Whether the host is woken for a message, if it sleeps: now, or with the next one that is for now, or by ring_if_due().
  enum class Bell { kNow, kLater };
  // Sends; sleeps while the ring is full. The host's reading or its hang-up ends the wait. Messages of several threads keep
  // the order of their sends.
  SendOutcome send(const Message& message, Bell bell = Bell::kNow);
  // Wakes the host for what was sent with kLater. Before a thread that sends so goes to sleep.
  void ring_if_due();

  struct Wake {
    bool commands = false;  // next_command() may have something
    bool hangup = false;    // the host is gone, or it can't be waited for: end the process
    bool nudged = false;    // nudge() was called
    bool timeout = false;   // none of these within `timeout`
  };
  // Sleeps until there is a command, a hang-up, a nudge, or `timeout` (nullopt: no limit) passed. arm() and sleep() in one.
  Wake wait(std::optional<Duration> timeout);
  // Asks the host to ring for its next command. False: there is one already.
  bool arm();
  // Sleeps as wait() does, but commands end it only after an arm().
  Wake sleep(std::optional<Duration> timeout);
  // Ends the current or next wait(). Async-signal-safe.
  void nudge();
  // True when the socket hung up, or can't be polled. Never blocks.
  bool host_gone() const;

  // The memory sent for `buffer` (taken off the socket, never waits). Each packet can be taken once; a second packet for the same
  // name replaces a first that wasn't taken; packets that nobody takes are forgotten after 128 others. Over the
  // kernel module: asked for now; over a slot: its heap. Errors: ENOENT when none was sent; EPROTO when a packet was wrong (no
  // other was lost by it).
  Result<BufferMemory> take_memory(Direction direction, BufferName buffer);

  // One line for the host's log; dropped when the debug ring is full. Never wakes the host, never blocks.
  void debug(const char* format, ...) __attribute__((format(printf, 2, 3)));
  // Text that the host reads after the worker's death; the last call counts, cut to SVPU_PAGE - 1 bytes. Async-signal-safe.
  void last_words(std::string_view text);

 private:
  FirmwareEndpoint() = default;
  static Result<std::unique_ptr<FirmwareEndpoint>> make(UniqueFd socket, UniqueFd command_doorbell, UniqueFd message_doorbell,
                                                        Region region, uint32_t generation);
  Result<BufferMemory> ask_for_memory(Direction direction, BufferName buffer);
  BufferMemory slot_memory(Direction direction, BufferName buffer) const;
  // Takes the next packet off the socket. False: there is none.
  bool read_memory_packet();
  void accept_memory_packet(const svpu_transport_memory& wire, Packet packet);
  void ring_host();
  void ring_sleeping_host();  // send_mutex_ held
  // Sleeps until the ring may have room. False: the host is gone.
  bool wait_for_space();

  UniqueFd socket_;
  UniqueFd command_doorbell_;  // host -> us
  UniqueFd message_doorbell_;  // us -> host
  UniqueFd nudge_;             // own: ends wait()
  UniqueFd space_;             // own: wait() passes doorbells on to a sender that waits for space
  Region region_;
  uint32_t generation_ = 0;
  bool kernel_session_ = false;    // socket_ is a session descriptor
  std::shared_ptr<Mapping> heap_;  // of a slot

  RingReader commands_;                       // dispatcher thread
  std::vector<BufferMemory> pending_memory_;  // dispatcher thread; at most two rounds of SVPU_MAX_BUFFERS
  std::string memory_complaint_;              // dispatcher thread

  std::mutex send_mutex_;  // guards the next two; held while waiting for space (the order of sends)
  RingWriter messages_;
  bool bell_due_ = false;
  std::atomic<bool> sender_waits_{false};  // set by send(), read by wait()
  std::mutex debug_mutex_;                 // guards debug_
  RingWriter debug_;
};

}  // namespace softvpu::hfi
