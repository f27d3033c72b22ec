// SPDX-License-Identifier: LGPL-2.1-or-later
// Where the samples of a picture lie that is to be encoded: core/source_layout.h as media's values, and layouts of a part of a
// picture. Called by the encoder's formats (src/v4l2/encoder).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/result.h"
#include "media/frame_layout.h"
#include "media/geometry.h"

namespace softvpu {

// The layout of a client's picture, with the bytes per line that it asks for, of each memory plane; 0: it doesn't say.
// Errors: EINVAL for an unknown format or an empty size; ERANGE when the bytes don't fit 31 bits.
Result<FrameLayout> source_layout_for(FourCC fourcc, Size size, const std::array<uint32_t, kMaxPlanes>& wanted_stride = {});

// The nearest rectangle inside `whole`'s picture that can be cut out of it: not empty, and its corner on a sample of every
// component.
Rect rect_inside(const FrameLayout& whole, Rect wanted);

// The part `rect` of a picture, where it lies, and the room beside it: a rectangle of rect_inside().
FrameLayout part_of(const FrameLayout& whole, Rect rect);

// The layout of a picture like that of `layout` which fills exactly `bytes`: FFmpeg's, which ignores bytesperline. Nothing if
// there is none. svpu_source_layout_filling() of core/source_pitch.h.
std::optional<FrameLayout> layout_filling(const FrameLayout& layout, uint32_t bytes);
// svpu_source_slack() of core/source_pitch.h.
uint32_t source_slack(const FrameLayout& layout);

// svpu_source_whole_blocks() of core/source_layout.h. A format that isn't known has no blocks.
Size whole_blocks(FourCC fourcc, Size size);

// svpu_coded_buffer_size() of core/source_layout.h.
uint32_t coded_buffer_size(Size size, uint32_t wanted);

}  // namespace softvpu
