// SPDX-License-Identifier: LGPL-2.1-or-later
// A stopped thread: which call it is in, and how that is made to fail. The part of the injector that knows the processor.
#pragma once

#include <sys/types.h>

#include <string>

#include "tests/faults/injector.h"

namespace softvpu::faults {

struct CallInfo {
  bool entering = false;
  long number = -1;
  long argument[6] = {};
};

CallInfo call_of(pid_t tid);
// At the entry: the kernel does nothing instead. brk(2), which has no error, is asked for where the heap ends.
void skip_call(pid_t tid, const CallInfo& call);
// At the exit: its result is -error. brk(2) has told where the heap ends, and gets back the register that was changed for that.
void fail_call(pid_t tid, const CallInfo& call, int error);

// `usual`: what the traced program itself is, whatever its name.
Who who_is(pid_t tid, Who usual);
std::string describe(pid_t tid, const CallInfo& call);

}  // namespace softvpu::faults
