// SPDX-License-Identifier: LGPL-2.1-or-later
// Which system calls can fail, and how the kernel says so.
#pragma once

#include <array>
#include <span>

#include "tests/faults/tracee.h"

namespace softvpu::faults {

struct CallRow {
  long number;
  const char* name;
  std::array<int, 3> errors;  // 0: none more
  bool after = false;         // it happens nevertheless
};

// Sorted by what they are for.
std::span<const CallRow> call_table();
const CallRow* find_call(long number);

// False for a use of the call that can't fail, or not without a bug of ours: waking a futex, writing to an eventfd.
bool can_fail(pid_t tid, const CallInfo& call);

}  // namespace softvpu::faults
