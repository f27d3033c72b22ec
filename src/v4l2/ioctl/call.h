// SPDX-License-Identifier: LGPL-2.1-or-later
// An ioctl whose argument is in memory of ours: by FileHandle::call() for fronts that got it as a
// message, by user_border.h for those that have a client's pointer.
#pragma once

#include <cstddef>
#include <span>

#include "v4l2/ioctl/table.h"

namespace softvpu::v4l2 {

// FileHandle::call().
int call_ioctl(IoctlTarget& file, uint32_t request, void* argument, std::span<std::byte> array, bool nonblocking);

// ---- what both ways share

// The row of `request` in the file's table; nullptr: ENOTTY.
const IoctlRow* find_ioctl(const IoctlTarget& file, uint32_t request);

// An array that an argument points to, as the client has it.
struct NestedArray {
  void* user = nullptr;
  size_t bytes = 0;
};
// Of the copied argument; nothing in it is followed. Errors: EINVAL for more
// elements than there may be.
Result<NestedArray> nested_array(const IoctlRow& row, const void* argument);

// Runs the handler and logs what came of it. `array`: the copy of nested_array(), or
// nullptr where that is empty. Of `call`, what the caller knows of it.
int run_ioctl(IoctlTarget& file, const IoctlRow& row, void* argument, void* array, IoctlCall call);

// Returns the negative errno, after a line in the log that has the reason.
int refuse_ioctl(const IoctlRow& row, const Error& error);

}  // namespace softvpu::v4l2
