// SPDX-License-Identifier: LGPL-2.1-or-later
// From what a firmware can do to what a run shows of it: --codecs, and a node for each role. Called by run_devices.cc.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "codec/capabilities.h"
#include "v4l2/node_spec.h"

namespace softvpu::cli {

// Removes the codecs that a --codecs list doesn't name. An empty list keeps all.
// Errors: EINVAL for a word that names no codec, ENOENT for a codec that the firmware has in no role.
Status limit_codecs(codec::Capabilities& capabilities, const std::string& codecs);

// A decoder as `node` describes it, and a node for each other role that there is a codec for; their numbers keep their usual
// distance to the decoder's.
std::vector<v4l2::NodeSpec> nodes_of(const v4l2::NodeSpec& node, const codec::Capabilities& capabilities);

}  // namespace softvpu::cli
