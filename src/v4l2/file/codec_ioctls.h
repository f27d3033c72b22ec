// SPDX-License-Identifier: LGPL-2.1-or-later
// The ioctls that every codec node has, in parts for the IoctlTable of a role.
#pragma once

#include "v4l2/ioctl/table.h"

namespace softvpu::v4l2 {

IoctlRows codec_ioctls();    // capabilities, formats, events, priorities
IoctlRows control_ioctls();  // controls
IoctlRows buffer_ioctls();   // buffers and streaming

}  // namespace softvpu::v4l2
