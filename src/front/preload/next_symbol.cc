// SPDX-License-Identifier: LGPL-2.1-or-later
// dlsym() behind a guard, and thread cancellation switched off around our own work. Called by every file that passes a call on.
#include "front/preload/next_symbol.h"

#include <dlfcn.h>
#include <pthread.h>

namespace softvpu::preload {
namespace {

// initial-exec: reading them must not allocate.
__attribute__((tls_model("initial-exec"))) thread_local bool looking_up = false;
__attribute__((tls_model("initial-exec"))) thread_local int depth = 0;
__attribute__((tls_model("initial-exec"))) thread_local int outer_cancel_state = PTHREAD_CANCEL_ENABLE;

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

NoCancel::NoCancel() : before_(PTHREAD_CANCEL_ENABLE) {
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_);
  if (depth++ == 0) outer_cancel_state = before_;
}

NoCancel::~NoCancel() {
  --depth;
  pthread_setcancelstate(before_, nullptr);
}

int NoCancel::outer_state() { return outer_cancel_state; }

}  // namespace softvpu::preload
