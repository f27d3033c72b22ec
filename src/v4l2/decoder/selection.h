// SPDX-License-Identifier: LGPL-2.1-or-later
// Selection rectangles of a decoder's CAPTURE queue; pure. Called by decoder_ioctls.cc. Clauses: dev-decoder.rst, Capture Setup,
// step 2; vidioc-g-selection.rst.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "media/geometry.h"

namespace softvpu::v4l2 {

// Errors: EINVAL for a target that a decoder doesn't have.
Result<Rect> decoder_selection(uint32_t target, Size coded, Rect visible);

// A decoder without scaler can't move its rectangles: they are what they are. Returns the rectangle in force.
// Errors: EINVAL for a target that is no active rectangle, or unknown flags; ERANGE when `flags` forbid the adjustment.
Result<Rect> adjust_decoder_selection(uint32_t target, uint32_t flags, Rect wanted, Size coded, Rect visible);

}  // namespace softvpu::v4l2
