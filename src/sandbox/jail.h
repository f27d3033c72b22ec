// SPDX-License-Identifier: LGPL-2.1-or-later
// The jail of a codec worker: entered once, after its libraries are loaded and before the first byte of a stream. Called by the
// worker's main(). What it keeps out is docs/threat-model.md. Thread: the main thread, best while it is the only one.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace softvpu::sandbox {

struct JailConfig {
  // Of private memory (RLIMIT_DATA): heap, stacks, frame pools; buffers shared by the host don't count. 0: no limit. Not applied
  // in sanitizer builds, whose shadow memory is larger than any limit.
  uint64_t memory_limit_bytes = uint64_t{4} << 30;
  uint32_t max_descriptors = 2048;
  // Threads of the process. Applied only in a user namespace of its own: elsewhere the kernel counts all of the user's.
  uint32_t max_threads = 512;
  // Processor time of the process over its whole life; the kernel kills it then. 0: no limit.
  std::chrono::seconds cpu_limit{0};
  bool namespaces = true;  // best effort; false: don't try
  // An ioctl request that stays allowed (the kernel module's SVPU_FW_GET_BUFFER). 0: none.
  uint32_t allowed_ioctl = 0;
};

// What was achieved beyond the parts that must succeed.
struct JailReport {
  bool seccomp = false;  // always true in a report: enter_jail() fails otherwise
  bool landlock = false;
  bool user_namespace = false;
  bool network_namespace = false;
  bool ipc_namespace = false;
  bool memory_limit = false;
  std::string missing;  // for the log: "no user namespace (EPERM), …"; empty when nothing is
};

// After it returns the process can't open files or sockets, start processes, map executable memory or gain privileges; threads,
// clocks, private memory and the descriptors it has or receives go on working. Errors: what prctl(2), setrlimit(2) or seccomp(2)
// say; the caller must then end and not read a stream.
Result<JailReport> enter_jail(const JailConfig& config);

}  // namespace softvpu::sandbox
