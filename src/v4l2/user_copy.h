// SPDX-License-Identifier: LGPL-2.1-or-later
// Copies between the library and pointers that a client handed to ioctl(): of any quality, so a bad one answers EFAULT and never
// faults. Called by ioctl_dispatch.cc and handlers with nested pointers. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace softvpu::v4l2 {

// 0 or EFAULT; on EFAULT some bytes may have been copied.
int copy_from_user(void* to, const void* user, size_t size);
int copy_to_user(void* user, const void* from, size_t size);

// The way taken where process_vm_readv(2) is forbidden (some container profiles). Exposed for its test.
int copy_from_user_by_pipe(void* to, const void* user, size_t size);
int copy_to_user_by_pipe(void* user, const void* from, size_t size);

}  // namespace softvpu::v4l2
