// SPDX-License-Identifier: LGPL-2.1-or-later
// Where in a client's life faults may happen: calls that fail and that only the injector understands. Used by the client and by
// injector.cc.
#pragma once

#include <sys/syscall.h>

#include "base/raw_syscall.h"

namespace softvpu::faults {

enum class Mark : long { kBegin = 1, kEnd = 2 };

constexpr long kMarkOption = 0x5f41554c;  // of prctl(2), which knows no such one

inline void mark(Mark which) { raw::call(SYS_prctl, kMarkOption, static_cast<long>(which)); }

}  // namespace softvpu::faults
