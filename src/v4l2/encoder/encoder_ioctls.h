// SPDX-License-Identifier: LGPL-2.1-or-later
// All ioctls of an encoder node, in one table: Encoder::ioctls(). Also for tests and fuzzers that go
// through them all.
#pragma once

#include "v4l2/ioctl/table.h"

namespace softvpu::v4l2 {

const IoctlTable& encoder_ioctls();

}  // namespace softvpu::v4l2
