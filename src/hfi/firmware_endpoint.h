// SPDX-License-Identifier: LGPL-2.1-or-later
// The firmware's end of one session, over any transport (transport/): reads commands, sends messages, takes the memory of
// buffers, leaves last words. Used by src/firmware and, in-process, by tests.
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
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "hfi/messages.h"
#include "hfi/region.h"
#include "hfi/ring.h"
#include "hfi/transport/transport.h"

namespace softvpu::hfi {

class FirmwareEndpoint {
 public:
  // Takes what a transport's attach_…() returned, its errors included, and writes firmware_abi. Call before entering the jail: it
  // makes two eventfds. Errors: EMFILE, ENFILE as well.
  static Result<std::unique_ptr<FirmwareEndpoint>> over(Result<Attachment> attachment);
  // Over a process's socket: attach_process().
  static Result<std::unique_ptr<FirmwareEndpoint>> attach(UniqueFd socket, Duration timeout) {
    return over(attach_process(std::move(socket), timeout));
  }
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
  // True when the transport hung up, or can't be polled. Never blocks.
  bool host_gone() const;

  // The memory of `buffer`; never waits. Over a process it is what was sent for it: each packet can be taken once; a second
  // packet for the same name replaces a first that wasn't taken; packets that nobody takes are forgotten after 128 others. Over
  // the kernel module it is asked for now; over a slot it is its heap. Errors: ENOENT when none was sent; EPROTO when a packet
  // was wrong (no other was lost by it); what the kernel module answers.
  Result<std::unique_ptr<BufferMemory>> take_memory(Direction direction, BufferName buffer) {
    return transport_->take_memory(direction, buffer);
  }

  // One line for the host's log; dropped when the debug ring is full. Never wakes the host, never blocks.
  void debug(const char* format, ...) __attribute__((format(printf, 2, 3)));
  // Text that the host reads after the worker's death; the last call counts, cut to SVPU_PAGE - 1 bytes. Async-signal-safe.
  void last_words(std::string_view text);

 private:
  FirmwareEndpoint() = default;
  void ring_host();
  void ring_sleeping_host();  // send_mutex_ held
  // Sleeps until the ring may have room. False: the host is gone.
  bool wait_for_space();

  std::unique_ptr<Transport> transport_;
  UniqueFd command_doorbell_;  // host -> us
  UniqueFd message_doorbell_;  // us -> host
  UniqueFd nudge_;             // own: ends wait()
  UniqueFd space_;             // own: wait() passes doorbells on to a sender that waits for space
  Region region_;
  uint32_t generation_ = 0;

  RingReader commands_;  // dispatcher thread

  std::mutex send_mutex_;  // guards the next two; held while waiting for space (the order of sends)
  RingWriter messages_;
  bool bell_due_ = false;
  std::atomic<bool> sender_waits_{false};  // set by send(), read by wait()
  std::mutex debug_mutex_;                 // guards debug_
  RingWriter debug_;
};

}  // namespace softvpu::hfi
