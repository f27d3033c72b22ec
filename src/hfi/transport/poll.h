// SPDX-License-Identifier: LGPL-2.1-or-later
// poll(2) without libc's interposable name and with a Duration. Used by FirmwareEndpoint and by the transport "process". Any
// thread.
#pragma once

#include <poll.h>

#include <optional>
#include <span>

#include "base/clock.h"

namespace softvpu::hfi {

// Waits for events of `fds`, `timeout` at most (nullopt: no limit); all revents are 0 when it passed or a signal came. Returns 0,
// or -errno if it can't wait at all: the caller must not try again for ever.
int poll_for(std::span<pollfd> fds, std::optional<Duration> timeout);

}  // namespace softvpu::hfi
