// SPDX-License-Identifier: GPL-2.0-or-later
// The firmware of the kernel module: takes sessions from its node and gives each to a fresh image of this program.
// docs/kernel.md; <softvpu/fwdev.h>. Called by softvpu-fw --device.
#pragma once

#include <string>

namespace softvpu::apps {

// Until the module goes (0), or the node can't be opened or served (7, with a reason on stderr). Workers die with this process.
// `codecs`: what sessions offer, a list that Catalog::limited_to() takes; empty: everything.
int serve_device(const char* node, const std::string& codecs);

}  // namespace softvpu::apps
