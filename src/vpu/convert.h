// SPDX-License-Identifier: LGPL-2.1-or-later
// The seam's words as the wire's and back; those of media are hfi/values.h's. Pure.
#pragma once

#include <span>

#include "codec/session.h"
#include "hfi/values.h"

namespace softvpu::vpu {

hfi::BufferName to_wire(codec::BufferHandle buffer);

hfi::cmd::Configure to_wire(const codec::SessionConfig& config, bool test);
// `planes` were checked by Buffers::map().
hfi::cmd::MapBuffer to_wire(codec::Direction side, codec::BufferHandle buffer, std::span<const codec::PlaneMemory> planes);
// Errors: EINVAL for a layout that the wire can't carry or that contradicts itself.
Result<hfi::cmd::SetLayout> to_wire(const FrameLayout& layout);
hfi::cmd::QueueInput to_wire(const codec::InputChunk& chunk);

// Errors: EPROTO when the stream isn't inside what `codec` offers.
Result<codec::StreamFormat> from_wire(const hfi::msg::FormatChanged& message, const codec::CodecInfo& codec);

}  // namespace softvpu::vpu
