// SPDX-License-Identifier: LGPL-2.1-or-later
// Starts a worker process that the program around us never sees: no SIGCHLD, not reaped by its wait(-1). docs/adr/0001.
// Called by ProcessLink. Any thread; returns when the worker has executed its program.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace softvpu::vpu {

struct SpawnRequest {
  std::string path;                      // of the executable
  std::vector<std::string> arguments;    // argv, [0] included
  std::vector<std::string> environment;  // "NAME=value", nothing else is passed on
  int socket = -1;                       // becomes the worker's fd 3
  bool keep_stderr = false;              // fd 2 stays the program's; otherwise 0, 1 and 2 are /dev/null
  // The worker begins a pid namespace of its own, where that is available: it is number 1 there,
  // sees no other process, and takes with it whatever it might have made. Unless the program is
  // root's, that takes a user namespace, without anybody in it; the worker has CAP_SYS_ADMIN and
  // CAP_SETPCAP over it, for its jail to make the other namespaces.
  bool own_pid_namespace = false;
  // A descriptor of the executable where the path doesn't lead to it any more; the path is tried next.
  int executable = -1;
};

struct SpawnedWorker {
  int pid = -1;
  UniqueFd pidfd;  // readable once it died
};

// The worker gets fds 0 to 3 and no others, default signal handlers, an empty mask, a session of its own (no terminal signals),
// and an address space layout that is random also if the program's isn't (personality(2)). Errors: what clone(2), pidfd (EINVAL,
// ENOSYS before Linux 5.3), or execve(2) say, with the step in the reason.
Result<SpawnedWorker> spawn_worker(const SpawnRequest& request);

// If this process is the worker's parent (PID 1 of a container, a subreaper), takes its exit status away. Otherwise nothing.
void reap_worker(int pidfd);

}  // namespace softvpu::vpu
