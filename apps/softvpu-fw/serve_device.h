// SPDX-License-Identifier: GPL-2.0-or-later
// The firmware of the kernel module: takes sessions from its node and gives each to a child process. docs/kernel.md;
// <softvpu/fwdev.h>. Called by softvpu-fw --device.
#pragma once

#include <cstdint>

#include "base/unique_fd.h"

namespace softvpu::apps {

// Runs in the child, which has nothing of the parent's but standard error; what it returns is the child's exit status.
using SessionWorker = int (*)(UniqueFd session, uint32_t generation);

// Until the module goes (0), or the node can't be opened or served (7, said on stderr). Workers die with this process.
int serve_device(const char* node, SessionWorker worker);

}  // namespace softvpu::apps
