// SPDX-License-Identifier: LGPL-2.1-or-later
// Which ioctls a node has. Looked up by ioctl_dispatch.cc. Clause: videodev.rst; flags as v4l2-ioctl.c has them.
#pragma once

#include <cstdint>
#include <span>

#include "v4l2/file/m2m_file.h"

namespace softvpu::v4l2 {

// Bits of IoctlRow::flags.
inline constexpr uint32_t kPriorityChecked = 1u << 0;  // refused while another file has a higher priority
inline constexpr uint32_t kAlwaysCopyOut = 1u << 1;    // the answer is valid on errors, too (error_idx)

struct IoctlRow {
  const char* name;
  uint32_t request;
  int (*handler)(M2mFile& file, void* arg, IoctlCall& call);
  uint32_t flags;
  uint32_t copy_in;  // bytes of the argument that are the client's; the rest starts as zero
};

// Sorted by request number.
std::span<const IoctlRow> ioctl_table();
// nullptr: ENOTTY.
const IoctlRow* find_ioctl(uint32_t request);

}  // namespace softvpu::v4l2
