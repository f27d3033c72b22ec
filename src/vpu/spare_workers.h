// SPDX-License-Identifier: LGPL-2.1-or-later
// A worker that is ready before anybody wants it: started, with its libraries loaded, waiting for its first hello. `softvpu run`
// keeps one for the programs below it, hands it over when one of them starts a session, and starts the next one when the
// processor is likely to be free. A worker's start costs 50 ms and more, most of it the dynamic linker's. docs/adr/0018.
//
// Threads: create(), capabilities(), listen(), serve() and end() belong to the caller's, one after the other; from serve() to
// end() all else happens on the object's own loop.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "codec/session.h"
#include "vpu/process_link.h"
#include "vpu/worker_handover.h"

namespace softvpu::vpu {

// Starts `firmware` as a worker that waits for its hello; returns when it executes. One that announces reports its capabilities
// over the socket before that, for receive_capabilities(): its socket must be read. Errors: those of spawn_worker().
Result<ReadyWorker> start_spare(const Firmware& firmware, bool announces);

class SpareWorkers {
 public:
  // Starts the first worker. Errors: those of spawn_worker().
  static Result<std::unique_ptr<SpareWorkers>> create(Firmware firmware);
  // As end().
  ~SpareWorkers();
  SpareWorkers(const SpareWorkers&) = delete;
  SpareWorkers& operator=(const SpareWorkers&) = delete;

  // What the first worker says of itself; once, before serve(). Errors: as query_capabilities(); the worker is gone then.
  Result<codec::Capabilities> capabilities(Duration limit);

  // Makes the socket `path`, which only this user can connect to. Errors: ENAMETOOLONG for a path that isn't one for a socket
  // (unix(7)); what socket(2) and bind(2) say.
  Status listen(const std::string& path);

  // From now on programs are answered, after listen(). Before it they wait, a program starts its own worker after
  // kHandoverLimitMs. Errors: those of EventLoop::start().
  Status serve();
  // No worker that this object started and didn't hand over lives after it.
  void end();

  // Pauses before another worker is started. A program that ends one session often begins the next at once, and the processor is
  // better used for that; while a session goes on, its first seconds are what a person waits for.
  struct Pauses {
    Duration after_sessions = std::chrono::milliseconds(100);
    Duration during_sessions = std::chrono::seconds(3);
  };
  void set_pauses(const Pauses& pauses) { pauses_ = pauses; }

  // The process that is kept now; -1: none is. For tests; before serve(), or from a function posted to loop().
  int spare_pid() const { return spare_ ? spare_->process.pid : -1; }
  EventLoop& loop() { return loop_; }

 private:
  struct Program {
    UniqueFd socket;
    EventLoop::WatchId watch = 0;
  };
  struct Lent {
    UniqueFd pidfd;
    EventLoop::WatchId watch = 0;
  };

  explicit SpareWorkers(Firmware firmware) : firmware_(std::move(firmware)) {}
  void accept_programs();
  void stop_listening();
  void on_program(std::list<Program>::iterator program);
  void forget(std::list<Program>::iterator program);
  // False: the program is to be forgotten.
  bool answer(int socket, const WorkerRequest& request);
  void note_lent(UniqueFd pidfd);
  void on_lent_end(std::list<Lent>::iterator lent);
  void refill_after(Duration pause);
  void refill();

  const Firmware firmware_;
  UniqueFd listener_;
  EventLoop::WatchId listener_watch_ = 0;
  Pauses pauses_;
  std::optional<ReadyWorker> spare_;
  std::list<Program> programs_;
  std::list<Lent> lent_;  // to learn of their end
  std::optional<EventLoop::TimerId> refill_;
  bool serving_ = false;
  EventLoop loop_;  // last: ends first
};

}  // namespace softvpu::vpu
