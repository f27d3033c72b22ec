// SPDX-License-Identifier: GPL-2.0-or-later
// Where the pictures of a session's raw side lie: SET_LAYOUT as a checked layout, and an encoder's QUEUE_INPUT as a picture in
// mapped memory (docs/hfi.md, the order of things, 3 and 5). Pure functions; called by the worker's control thread.
#pragma once

#include "firmware/codec.h"
#include "hfi/messages.h"

namespace softvpu::firmware {

// For a session of `role`: an encoder reads samples, a decoder may write whole lines. Errors: EINVAL for a format that this
// program doesn't know, or components that reach past their planes.
Result<FrameLayout> layout_from_wire(const hfi::cmd::SetLayout& wire, Role role);

// What an encoder needs beside that. Errors: EINVAL for a format or a size that `codec` doesn't take, or lines that overlap.
Status check_picture(const FrameLayout& layout, const CodecInfo& codec);

// Fills in the planes of `input` with a picture of `layout`, which passed check_picture(), in `memory`. Returns kOk, or what the
// input is answered with: kInvalid for a wrong number of planes, kTooSmall where the memory ends before the picture does.
hfi::WireStatus find_picture(const FrameLayout& layout, const hfi::cmd::QueueInput& command, const MappedBuffer& memory,
                             InputBuffer& input);

}  // namespace softvpu::firmware
