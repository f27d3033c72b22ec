// SPDX-License-Identifier: LGPL-2.1-or-later
// Definitions from capabilities. A decoder's menus only list what it supports: the stream decides.
#include "v4l2/decoder/decoder_controls.h"

namespace softvpu::v4l2 {

std::vector<ControlDefinition> decoder_controls(const codec::Capabilities& capabilities) {
  std::vector<ControlDefinition> all = {{.id = V4L2_CID_MIN_BUFFERS_FOR_CAPTURE,
                                         .flags = V4L2_CTRL_FLAG_READ_ONLY | V4L2_CTRL_FLAG_VOLATILE,
                                         .minimum = 1,
                                         .maximum = VIDEO_MAX_FRAME,
                                         .default_value = 1}};
  for (const codec::CodecInfo& codec : capabilities.codecs) {
    if (codec.role != codec::Role::kDecoder) continue;
    for (const ControlInfo& control : codec.controls) {
      const uint32_t flags = control.type == ControlType::kMenu ? V4L2_CTRL_FLAG_READ_ONLY : 0;
      if (const auto definition = definition_of(control, flags)) all.push_back(*definition);
    }
  }
  return all;
}

}  // namespace softvpu::v4l2
