// SPDX-License-Identifier: LGPL-2.1-or-later
// FileHandle::ioctl(): an ioctl whose argument is a client's pointer, valid or not.
// Called by file/file_core.cc.
#pragma once

#include "v4l2/ioctl/table.h"

namespace softvpu::v4l2 {

// Copies the argument in, finds the handler, runs it under the file's lock, copies the answer out.
// 0 or a negative errno.
int user_ioctl(IoctlTarget& file, unsigned long request, void* user, bool nonblocking);

}  // namespace softvpu::v4l2
