// SPDX-License-Identifier: LGPL-2.1-or-later
// How a worker that `softvpu run` keeps ready gets to the program that wants it: packets over a Unix socket, and both ends' view
// of the worker. Both are of one build, so this is no ABI; a mixture is noticed and refused. Used by spare_workers.cc (softvpu
// run) and worker_source.cc (the program). docs/adr/0018.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "base/unique_fd.h"
#include "vpu/spawn.h"

namespace softvpu::vpu {

// Started, and given to nobody: whoever has `socket` may say hello over it (docs/hfi.md, Transports).
struct ReadyWorker {
  UniqueFd socket;
  SpawnedWorker process;

  bool alive() const;
  // Kills it, and waits for its end for a second at most.
  void end();
};

inline constexpr uint64_t kHandoverVersion = 0x3177'6b72'5570'5673;  // changes with these structs

// The program asks for a worker of the firmware that it would start itself.
struct WorkerRequest {
  uint64_t version = kHandoverVersion;
  uint64_t device = 0;  // of the file, stat(2)
  uint64_t inode = 0;
};

// The answer: with the descriptors of the worker's socket and process; or with none, then the program starts one itself.
struct WorkerAnswer {
  uint64_t version = kHandoverVersion;
  int64_t pid = 0;
};

}  // namespace softvpu::vpu
