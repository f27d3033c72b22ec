// SPDX-License-Identifier: LGPL-2.1-or-later
// The controls that a decoder has: how many CAPTURE buffers a stream wants, and which
// profiles and levels there are. Called by codec_device.cc. Clauses: dev-decoder.rst, Capture
// Setup; ext-ctrls-codec.rst.
#pragma once

#include <vector>

#include "codec/capabilities.h"
#include "v4l2/controls/controls.h"

namespace softvpu::v4l2 {

std::vector<ControlDefinition> decoder_controls(const codec::Capabilities& capabilities);

}  // namespace softvpu::v4l2
