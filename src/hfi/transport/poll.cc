// SPDX-License-Identifier: LGPL-2.1-or-later
// See poll.h.
#include "hfi/transport/poll.h"

#include <algorithm>

#include "base/raw_syscall.h"

namespace softvpu::hfi {

int poll_for(std::span<pollfd> fds, std::optional<Duration> timeout) {
  constexpr Duration kLongest = std::chrono::hours(24);
  int timeout_ms = -1;
  if (timeout) {
    const Duration left = std::clamp(*timeout, Duration::zero(), kLongest);
    timeout_ms = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count());
  }
  for (pollfd& entry : fds) entry.revents = 0;
  const int result = raw::poll(fds.data(), fds.size(), timeout_ms);
  if (result > 0) return 0;
  for (pollfd& entry : fds) entry.revents = 0;
  return result == -EINTR ? 0 : result;
}

}  // namespace softvpu::hfi
