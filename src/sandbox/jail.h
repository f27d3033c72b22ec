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
  // Of private memory (RLIMIT_DATA): heap, stacks, frame pools; buffers shared by the host don't count. 0: no limit. Neither this
  // nor the next is applied in sanitizer builds, whose shadow memory is larger than any limit.
  uint64_t memory_limit_bytes = uint64_t{4} << 30;
  // Of addresses, the host's buffers and the libraries included (RLIMIT_AS). It bounds what no other limit counts: page tables, a
  // 512th of it. 0: no limit.
  uint64_t address_limit_bytes = uint64_t{64} << 30;
  uint32_t max_descriptors = 2048;
  // Threads of the process (RLIMIT_NPROC). Applied only where it counts this process alone, and not where the kernel ignores it;
  // see JailReport::thread_limit.
  uint32_t max_threads = 512;
  // Processor time of the process over its whole life; the kernel kills it then. 0: no limit.
  std::chrono::seconds cpu_limit{0};
  // RLIMIT_CPU's soft limit stays the process's to move, below cpu_limit: a watchdog of itself (firmware/processor_lease.h).
  bool moves_cpu_limit = false;
  bool namespaces = true;  // best effort; false: don't try
  // A network namespace besides. The kernel takes these down slowly, one after the other; seccomp refuses sockets without it.
  bool network_namespace = true;
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
  bool mount_namespace = false;
  bool pid_namespace = false;  // a process gets one only when it is made: by whoever started this one
  bool empty_root = false;     // the root directory is an empty file system that can't be written to
  bool no_bounding_set = false;
  bool own_user = false;      // it was root, and is now a user that nobody else is
  bool thread_limit = false;  // max_threads binds
  bool memory_limit = false;
  bool oom_first = false;  // the out-of-memory killer prefers it
  std::string missing;     // for the log: "no user namespace (EPERM), …"; empty when nothing is
};

// After it returns the process can't open files or sockets, start processes, map executable memory or gain privileges; threads,
// clocks, private memory and the descriptors it has or receives go on working. A process that was root has another user id.
// Errors: those of prctl(2), setrlimit(2) or seccomp(2); the caller must then end and not read a stream.
Result<JailReport> enter_jail(const JailConfig& config);

}  // namespace softvpu::sandbox
