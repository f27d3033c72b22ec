// SPDX-License-Identifier: LGPL-2.1-or-later
// What a driver has seen of its workers; for logs, `softvpu doctor` and tests. Counted with relaxed atomics: any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace softvpu::vpu {

struct Statistics {
  std::atomic<uint64_t> sessions_started{0};
  std::atomic<uint64_t> sessions_failed{0};
  std::atomic<uint64_t> protocol_violations{0};  // messages that the protocol didn't allow
  std::atomic<uint64_t> watchdog_kills{0};
};

}  // namespace softvpu::vpu
