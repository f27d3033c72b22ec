// SPDX-License-Identifier: LGPL-2.1-or-later
// The plain futex wait. Called by file_core.cc with no lock held.
#include "v4l2/file/waiter.h"

#include <cerrno>
#include <climits>

#include "base/on_first_use.h"
#include "base/raw_syscall.h"

namespace softvpu::v4l2 {
namespace {

class FutexWaiter final : public Waiter {
 public:
  int wait(const uint32_t* futex, uint32_t seen, int64_t timeout_ns) override {
    timespec limit{.tv_sec = timeout_ns / 1'000'000'000, .tv_nsec = timeout_ns % 1'000'000'000};
    const int result = raw::futex_wait(futex, seen, timeout_ns < 0 ? nullptr : &limit);
    return result == -EINTR ? EINTR : result == -ETIMEDOUT ? ETIMEDOUT : 0;
  }
};

}  // namespace

Waiter& futex_waiter() {
  static OnFirstUse<FutexWaiter> waiter;
  return waiter.get();
}

void wake_all(const uint32_t* futex) { raw::futex_wake(futex, INT_MAX); }

}  // namespace softvpu::v4l2
