// SPDX-License-Identifier: LGPL-2.1-or-later
// The libc functions behind ours (dlsym(RTLD_NEXT)), looked up one by one on first use. Called by the symbols_*.cc files.
// While a thread is inside the look-up itself (dlsym() may allocate, an allocator may map, mapping is interposed) get() is
// nullptr and the caller falls back to the bare system call.
#pragma once

#include <atomic>
#include <cerrno>

#include "base/raw_syscall.h"

namespace softvpu::preload {

void* look_up_next(const char* name);

// Constant-initialised; one per libc function. Any thread.
template <typename F>
class Next {
 public:
  constexpr explicit Next(const char* name) : name_(name) {}
  F* get() {
    F* found = found_.load(std::memory_order_acquire);
    if (found == nullptr) {
      found = reinterpret_cast<F*>(look_up_next(name_));
      if (found != nullptr) found_.store(found, std::memory_order_release);
    }
    return found;
  }

 private:
  const char* name_;
  std::atomic<F*> found_{nullptr};
};

// A raw answer (value or -errno) as libc gives it: -1 and errno.
inline long libc_answer(long raw) {
  if (raw >= 0 || raw < -4095) return raw;
  errno = static_cast<int>(-raw);
  return -1;
}
inline int libc_int(long raw) { return static_cast<int>(libc_answer(raw)); }

// Cancellation is off while one lives: our locks must not stay locked, and frames with references must not vanish. And the
// library's descriptors keep their numbers (library_fds.h).
// Both the state and the type are set: glibc up to 2.36 cancels a thread whose type is asynchronous even if it disabled
// cancellation between the decision to send the signal and the signal (it looks at the type alone then).
class NoCancel {
 public:
  NoCancel();
  ~NoCancel();
  NoCancel(const NoCancel&) = delete;
  NoCancel& operator=(const NoCancel&) = delete;

  // For the moment a blocking call sleeps: back to what this thread had outside of the outermost one, and off again.
  static void allow_for_sleep();
  static void forbid_after_sleep();
  // The thread ends in its sleep: what its cleanup handlers call starts afresh.
  static void abandon();

 private:
  int state_before_;
  int type_before_;
};

}  // namespace softvpu::preload
