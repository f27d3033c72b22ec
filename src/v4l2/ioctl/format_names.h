// SPDX-License-Identifier: LGPL-2.1-or-later
// Names of pixel formats for VIDIOC_ENUM_FMT, as current kernels give them (v4l_fill_fmtdesc):
// clients and v4l2-compliance compare.
#pragma once

#include <string>

#include "media/fourcc.h"

namespace softvpu::v4l2 {

// At most 31 characters. A format without a row is named by its four characters.
std::string format_description(FourCC pixelformat);

}  // namespace softvpu::v4l2
