// SPDX-License-Identifier: LGPL-2.1-or-later
// Definitions from capabilities. There is no V4L2_CID_MIN_BUFFERS_FOR_CAPTURE: v4l2-compliance 1.30
// refuses it on an encoder, and GStreamer takes its value for a delay (raspberrypi/linux#7313).
#include "v4l2/encoder/encoder_controls.h"

namespace softvpu::v4l2 {

std::vector<ControlDefinition> encoder_controls(const codec::Capabilities& capabilities) {
  std::vector<ControlDefinition> all = {{.id = V4L2_CID_MIN_BUFFERS_FOR_OUTPUT,
                                         .flags = V4L2_CTRL_FLAG_READ_ONLY | V4L2_CTRL_FLAG_VOLATILE,
                                         .minimum = 1,
                                         .maximum = VIDEO_MAX_FRAME,
                                         .default_value = 1}};
  for (const codec::CodecInfo& codec : capabilities.codecs) {
    if (codec.role != codec::Role::kEncoder) continue;
    for (const ControlInfo& control : codec.controls)
      if (const auto definition = definition_of(control)) all.push_back(*definition);
  }
  return all;
}

}  // namespace softvpu::v4l2
