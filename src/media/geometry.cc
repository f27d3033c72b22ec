// SPDX-License-Identifier: LGPL-2.1-or-later
// Frame size limits. Called by the upper half to adjust what a client asks for (VIDIOC_TRY_FMT, VIDIOC_ENUM_FRAMESIZES).
#include "media/geometry.h"

#include <algorithm>

namespace softvpu {
namespace {

// A step of 0 would divide by zero; it can only mean "any".
uint32_t clamp_side(uint32_t wanted, uint32_t min, uint32_t max, uint32_t step) {
  if (wanted <= min || max <= min) return min;
  if (step == 0) step = 1;
  const uint32_t last = min + (max - min) / step * step;  // the largest size on the grid
  if (wanted >= last) return last;
  return min + align_up(wanted - min, step);
}

bool contains_side(uint32_t value, uint32_t min, uint32_t max, uint32_t step) {
  return value >= min && value <= max && (step == 0 || (value - min) % step == 0);
}

}  // namespace

Size SizeRange::clamp(Size wanted) const {
  return {clamp_side(wanted.width, min.width, max.width, step.width),
          clamp_side(wanted.height, min.height, max.height, step.height)};
}

bool SizeRange::contains(Size size) const {
  return contains_side(size.width, min.width, max.width, step.width) &&
         contains_side(size.height, min.height, max.height, step.height);
}

}  // namespace softvpu
