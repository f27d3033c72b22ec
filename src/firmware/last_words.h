// SPDX-License-Identifier: GPL-2.0-or-later
// What a dying worker still says: a handler for fatal signals that writes to the last-words page, which the host reads after the
// death.
#pragma once

#include <cstddef>
#include <memory>

#include "hfi/firmware_endpoint.h"

namespace softvpu::firmware {

// Handles SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS and SIGABRT: last words, then the death that the signal means. `endpoint`
// outlives the process. Sanitizer builds keep the sanitizer's own handlers except for SIGABRT. Once, from main().
void install_last_words(hfi::FirmwareEndpoint& endpoint);

// What the worker is doing, for the last words; the string is a literal. Any thread.
void set_activity(const char* activity);

// A signal stack for the thread that makes it, as long as it lives: a stack overflow can then say what it is.
class AlternateStack {
 public:
  AlternateStack();
  ~AlternateStack();
  AlternateStack(const AlternateStack&) = delete;
  AlternateStack& operator=(const AlternateStack&) = delete;

 private:
  std::unique_ptr<std::byte[]> memory_;
};

}  // namespace softvpu::firmware
