// SPDX-License-Identifier: LGPL-2.1-or-later
// Takes every file of the machine out of a process's sight: an empty root directory. Called by enter_jail(). Thread: its
// caller's.
#pragma once

#include "base/result.h"

namespace softvpu::sandbox {

// The calling process must be in a mount namespace of its own and have CAP_SYS_ADMIN over it. Afterwards "/" is an empty file
// system that can't be written to, and nothing else is mounted. Errors: those of mount(2) and pivot_root(2).
Status enter_empty_root();

}  // namespace softvpu::sandbox
