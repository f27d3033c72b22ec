// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether the application's pointers can be read, asked of the kernel, which returns EFAULT where
// reading would be a SIGSEGV. Called where a libc call that only passes its arguments on would
// never look at them. Any thread; async-signal-safe. Another thread may unmap the memory meanwhile:
// that is the application's doing.
#pragma once

#include <cstddef>

namespace softvpu::preload {

// True when all of the bytes can be read.
bool can_read(const void* at, size_t size);

// Length of the string at `path`, if it can be read up to its NUL and is short enough for the kernel (PATH_MAX); otherwise -1,
// and the kernel refuses it, too. One system call, or two where it lies across pages.
long path_length(const char* path);

}  // namespace softvpu::preload
