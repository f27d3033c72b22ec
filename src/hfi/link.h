// SPDX-License-Identifier: LGPL-2.1-or-later
// A host's connection to one firmware: sends commands and buffer memory, receives messages, and
// notices when the firmware dies. vpu's session is written against it; ProcessLink (src/vpu) is the
// worker process, LoopbackLink the scripted one of the tests.
//
// Threads: one at a time (the session's lock), except where said. No call blocks.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "hfi/messages.h"

namespace softvpu::hfi {

class HostLink {
 public:
  virtual ~HostLink() = default;

  enum class SendOutcome {
    kOk,
    kFull,      // nothing was sent; try again when the doorbell rings (or, for memory, a little later)
    kPeerGone,  // hung up, or the peer broke the ring: nothing can be sent any more
  };
  virtual SendOutcome send(const Command& command) = 0;
  // Sends the descriptors of a buffer, one per plane; before its MAP_BUFFER. They may be closed after the call.
  virtual SendOutcome send_memory(Direction direction, BufferName buffer, std::span<const int> fds) = 0;

  enum class ReceiveOutcome {
    kMessage,
    kEmpty,
    kMalformed,  // one entry made no sense and was skipped; `complaint` says why
    kCorrupt,    // the peer corrupted the ring; permanent
  };
  struct Received {
    ReceiveOutcome outcome = ReceiveOutcome::kEmpty;
    Message message;
    std::string complaint;
  };
  virtual Received receive() = 0;

  // Before sleeping on the doorbell. True: it will ring with the next message and, if `for_space`, when a command fits again.
  // False: something came meanwhile, look again.
  virtual bool prepare_sleep(bool for_space) = 0;
  // Watch with EPOLLIN | EPOLLET and never read: each ring is an edge. Valid as long as the link. Any thread.
  virtual int doorbell_fd() const = 0;

  // Readable (EPOLLIN) once the peer has died. Any thread.
  virtual int hangup_fd() const = 0;
  // Kills the peer at once, whatever it is doing. Idempotent. Does nothing in a fork()ed child of
  // the process that made the link.
  virtual void kill() = 0;
  // After hangup_fd() became readable: releases what the system still keeps for the peer (reaps its
  // zombie). Idempotent.
  virtual void reap() = 0;

  // What the peer wrote before it died, printable; empty if nothing.
  virtual std::string last_words() const = 0;
  // The next line of the debug ring. False: none.
  virtual bool next_debug_line(std::string& line) = 0;
  // For logs: "worker 1234".
  virtual std::string description() const = 0;

  // What this side has sent.
  struct Sent {
    uint64_t commands = 0;
    uint64_t doorbells = 0;  // rung, because the peer slept
  };
  virtual Sent sent() const = 0;
  // Page faults of the peer since it started; for logs. nullopt: it isn't a separate process, or
  // the number isn't available.
  virtual std::optional<uint64_t> page_faults() const = 0;
};

}  // namespace softvpu::hfi
