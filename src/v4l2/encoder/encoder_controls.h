// SPDX-License-Identifier: LGPL-2.1-or-later
// The controls that an encoder has: how many OUTPUT buffers it wants, and those of its codecs.
// Called by codec_device.cc. Clauses: dev-encoder.rst, Querying Capabilities, steps 5 and 6.
#pragma once

#include <vector>

#include "codec/capabilities.h"
#include "v4l2/controls/controls.h"

namespace softvpu::v4l2 {

std::vector<ControlDefinition> encoder_controls(const codec::Capabilities& capabilities);

}  // namespace softvpu::v4l2
