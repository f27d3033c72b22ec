// SPDX-License-Identifier: LGPL-2.1-or-later
// Worker processes of a server that serves others' sessions: made here, as fresh images of the server's own program. Called by
// softvpu-fw --device and --ivshmem-socket; a session of the transport "process" has its own way (docs/adr/0001).
// Thread: the server's only one.
#pragma once

#include <sys/types.h>

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace softvpu::sandbox {

struct Child {
  pid_t pid = -1;
  UniqueFd pidfd;  // readable once it has ended
};

// As fork(), but the child begins a pid namespace of its own where that is available
// (SpawnRequest::own_pid_namespace of vpu/spawn.h), dies when the caller does, and has default
// signal handlers and an empty mask. It runs `body` and ends with what that returns. Errors:
// EAGAIN, ENOMEM, EMFILE.
Result<Child> start_child(const std::function<int()>& body);

// Closes every descriptor from `first` on, also where there is no close_range(2) (Linux before 5.9, or a seccomp filter). For a
// child. False, with errno: it can't find out which there are.
bool close_from(int first);

// Executes the program that runs, with `arguments` (argv, [0] included), no environment, /dev/null as 0 to 2, `kept` as 3, 4, …
// and no other descriptor, in a session of its own, in "/". Returns only if that fails, with an exit status, and a line on
// standard error if that is still there. For a child.
int execute_own_program(const std::vector<std::string>& arguments, std::span<const int> kept);

}  // namespace softvpu::sandbox
