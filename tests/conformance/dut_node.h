// SPDX-License-Identifier: LGPL-2.1-or-later
// A device node by its path, through plain libc calls.
#pragma once

#include "tests/conformance/device_under_test.h"

namespace softvpu::conformance {

// The node that the environment variable SOFTVPU_DUT names.
std::unique_ptr<DeviceUnderTest> make_node();

}  // namespace softvpu::conformance
