// SPDX-License-Identifier: LGPL-2.1-or-later
// The program's end of the hand-over: a worker that is ready, from the `softvpu run` above this program. Used by VpuDriver.
// Threads: any.
#pragma once

#include <mutex>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "vpu/worker_handover.h"

namespace softvpu::vpu {

class WorkerSource {
 public:
  // `path`: of SpareWorkers' socket; empty: there is none.
  explicit WorkerSource(std::string path) : path_(std::move(path)) {}

  // Connects unless it is connected. When the first device is opened: later the program may have another root directory or user,
  // or a seccomp filter. Failure is silent: take() fails then.
  void connect();
  // A worker of the firmware that is the file `device`, `inode`. Waits for at most kHandoverLimitMs. Errors: any; then the caller
  // starts a worker itself.
  Result<ReadyWorker> take(uint64_t device, uint64_t inode);

 private:
  __attribute__((noinline)) void connect_locked();
  __attribute__((noinline)) Result<ReadyWorker> receive();

  const std::string path_;
  std::mutex mutex_;  // held from a request to its answer
  UniqueFd socket_;
};

// `softvpu run` answers in a millisecond, or starts a worker first, as the program would; it may be stopped.
inline constexpr int kHandoverLimitMs = 200;

}  // namespace softvpu::vpu
