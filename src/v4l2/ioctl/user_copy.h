// SPDX-License-Identifier: LGPL-2.1-or-later
// Copies between the library and pointers that a client handed to ioctl(): of any quality, so a bad one answers EFAULT and never
// faults. Called by user_border.cc. Any thread; async-signal-safe.
#pragma once

#include <cstddef>
#include <cstdint>

namespace softvpu::v4l2 {

// 0 or EFAULT; on EFAULT some bytes may have been copied.
int copy_from_user(void* to, const void* user, size_t size);
int copy_to_user(void* user, const void* from, size_t size);

// Makes the pipes that copies go through, four of them: more threads at the same time, and the
// signal handlers on top of them, take turns. Called when a device is opened, before the program
// sandboxes itself. A forked child has none of them, and makes its own at its first copies
// (pipe2(2)); so does a thread that has waited in vain for a second.
void prepare_user_copy();

// The way taken where no pipe is available. Exposed for its test.
int copy_from_user_by_vm_call(void* to, const void* user, size_t size);
int copy_to_user_by_vm_call(void* user, const void* from, size_t size);

}  // namespace softvpu::v4l2
