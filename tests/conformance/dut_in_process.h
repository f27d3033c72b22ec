// SPDX-License-Identifier: LGPL-2.1-or-later
// The devices that run inside the test program.
#pragma once

#include "tests/conformance/device_under_test.h"
#include "v4l2/video_device.h"

namespace softvpu::conformance {

// One open of any device of this process; nullptr when it can't be opened.
std::unique_ptr<OpenFile> open_in_process(v4l2::VideoDevice& device);

std::unique_ptr<DeviceUnderTest> make_in_process_multiplanar();
std::unique_ptr<DeviceUnderTest> make_in_process_singleplanar();

}  // namespace softvpu::conformance
