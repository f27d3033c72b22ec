// SPDX-License-Identifier: LGPL-2.1-or-later
// Guarded dlsym(), and disabling thread cancellation around our own work. Called by every file that
// passes a call on.
#include "front/preload/next_symbol.h"

#include <dlfcn.h>
#include <pthread.h>

#include "base/library_fds.h"

namespace softvpu::preload {
namespace {

// initial-exec: reading them must not allocate.
__attribute__((tls_model("initial-exec"))) thread_local bool looking_up = false;
__attribute__((tls_model("initial-exec"))) thread_local int depth = 0;
__attribute__((tls_model("initial-exec"))) thread_local int outer_state = PTHREAD_CANCEL_ENABLE;
__attribute__((tls_model("initial-exec"))) thread_local int outer_type = PTHREAD_CANCEL_DEFERRED;

}  // namespace

void* look_up_next(const char* name) {
  if (looking_up) return nullptr;
  looking_up = true;
  const int saved = errno;
  void* found = dlsym(RTLD_NEXT, name);
  errno = saved;
  looking_up = false;
  return found;
}

NoCancel::NoCancel() : state_before_(PTHREAD_CANCEL_ENABLE), type_before_(PTHREAD_CANCEL_DEFERRED) {
  pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type_before_);
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state_before_);
  if (depth++ == 0) {
    outer_state = state_before_;
    outer_type = type_before_;
  }
  library_fds::enter();
}

NoCancel::~NoCancel() {
  library_fds::leave();
  --depth;
  pthread_setcanceltype(type_before_, nullptr);
  pthread_setcancelstate(state_before_, nullptr);  // a pending cancellation takes effect here if the cancel type is asynchronous
}

// A handler that runs inside of another of our calls leaves that one inside.
void NoCancel::allow_for_sleep() {
  library_fds::leave();
  pthread_setcanceltype(outer_type, nullptr);
  pthread_setcancelstate(outer_state, nullptr);
}

void NoCancel::forbid_after_sleep() {
  pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, nullptr);
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);
  library_fds::enter();
}

void NoCancel::abandon() { depth = 0; }

}  // namespace softvpu::preload
