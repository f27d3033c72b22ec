// SPDX-License-Identifier: LGPL-2.1-or-later
// The Waiter that a file uses when its front gave none: a futex wait that signals
// interrupt. Any thread.
#pragma once

#include "v4l2/file_handle.h"

namespace softvpu::v4l2 {

Waiter& futex_waiter();

// Wakes every sleeper on `futex` (see Waiter).
void wake_all(const uint32_t* futex);

}  // namespace softvpu::v4l2
