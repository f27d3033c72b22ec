// SPDX-License-Identifier: LGPL-2.1-or-later
// Memory for when malloc() has none: a call of the program that is under way can finish, and so can
// the helper thread. The next call that would begin something returns ENOMEM instead
// (open_file.cc). Called by operator new and delete (no_exceptions.cc).
//
// Threads: any. Takes no lock, so nothing of it is left behind by a fork().
#pragma once

#include <cstddef>

namespace softvpu::preload::memory_reserve {

// nullptr: nothing of that size is left. Aligned to 64 bytes.
void* allocate(size_t size);
// False: `memory` isn't of the reserve.
bool release(void* memory);
// So much of it is in use that nothing new should begin, and malloc() still has none.
bool is_low();

}  // namespace softvpu::preload::memory_reserve
