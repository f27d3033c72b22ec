// SPDX-License-Identifier: LGPL-2.1-or-later
// Where the front end meets the rest: a node of the tree becomes an open file of the upper half. Called by open_file.cc.
// Implemented by assembly.cc in the product and by a scripted device in the tests.
#pragma once

#include <memory>

#include "base/result.h"
#include "front/preload/virtual_tree.h"
#include "v4l2/file_handle.h"

namespace softvpu::preload {

// Opens the device behind `entry`; the device is made on first use. Any thread. Errors: those of
// VideoDevice::open().
Result<std::shared_ptr<v4l2::FileHandle>> open_node(const TreeEntry& entry);

// In a child without fork handlers: the devices are made afresh. The old ones are leaked, locked or not.
void abandon_devices();

}  // namespace softvpu::preload
