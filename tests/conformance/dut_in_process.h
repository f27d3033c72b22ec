// SPDX-License-Identifier: LGPL-2.1-or-later
// The devices that run inside the test program.
#pragma once

#include "tests/conformance/device_under_test.h"

namespace softvpu::conformance {

std::unique_ptr<DeviceUnderTest> make_in_process_multiplanar();
std::unique_ptr<DeviceUnderTest> make_in_process_singleplanar();

}  // namespace softvpu::conformance
