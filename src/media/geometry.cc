// SPDX-License-Identifier: LGPL-2.1-or-later
// Frame size limits. Called by the upper half to adjust what a client asks for (VIDIOC_TRY_FMT, VIDIOC_ENUM_FRAMESIZES).
#include "media/geometry.h"

#include "core/frame_layout.h"

namespace softvpu {
namespace {

bool contains_side(uint32_t value, uint32_t min, uint32_t max, uint32_t step) {
  return value >= min && value <= max && (step == 0 || (value - min) % step == 0);
}

}  // namespace

bool contains(Rect outer, Rect inner) {
  const auto right = [](Rect r) { return int64_t{r.left} + r.width; };
  const auto bottom = [](Rect r) { return int64_t{r.top} + r.height; };
  return outer.left <= inner.left && outer.top <= inner.top && right(outer) >= right(inner) && bottom(outer) >= bottom(inner);
}

Size SizeRange::clamp(Size wanted) const {
  return {svpu_frame_side_clamp(wanted.width, min.width, max.width, step.width),
          svpu_frame_side_clamp(wanted.height, min.height, max.height, step.height)};
}

bool SizeRange::contains(Size size) const {
  return contains_side(size.width, min.width, max.width, step.width) &&
         contains_side(size.height, min.height, max.height, step.height);
}

}  // namespace softvpu
