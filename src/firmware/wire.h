// SPDX-License-Identifier: GPL-2.0-or-later
// This room's values as HFI messages and back; those of media are hfi/values.h's. Pure functions; called by the worker on either
// thread.
#pragma once

#include <string>

#include "firmware/catalog.h"
#include "hfi/messages.h"

namespace softvpu::firmware {

hfi::WireStatus to_wire(DoneStatus status);
hfi::msg::OutputDone to_wire(const OutputDone& done);

// Errors: EINVAL for a format that no decoder delivers, or components that reach past their planes.
Result<FrameLayout> layout_from_wire(const hfi::cmd::SetLayout& wire);

// For people: "libavcodec 59.37.100".
std::string firmware_name();

}  // namespace softvpu::firmware
