// SPDX-License-Identifier: LGPL-2.1-or-later
// The flags by which a CAPTURE buffer says what kind of frame it holds (buffer.rst, Buffer Flags). Called by roles.
#pragma once

#include <linux/videodev2.h>

#include <cstdint>

#include "codec/session.h"

namespace softvpu::v4l2 {

constexpr uint32_t frame_flags(codec::FrameType type) {
  switch (type) {
    case codec::FrameType::kKey:
      return V4L2_BUF_FLAG_KEYFRAME;
    case codec::FrameType::kP:
      return V4L2_BUF_FLAG_PFRAME;
    case codec::FrameType::kB:
      return V4L2_BUF_FLAG_BFRAME;
    case codec::FrameType::kUnknown:
      break;
  }
  return 0;
}

}  // namespace softvpu::v4l2
