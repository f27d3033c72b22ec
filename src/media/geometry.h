// SPDX-License-Identifier: LGPL-2.1-or-later
// Sizes and rectangles in pixels. Pure values.
#pragma once

#include <cstdint>

namespace softvpu {

struct Size {
  uint32_t width = 0;   // pixels
  uint32_t height = 0;  // pixels
  bool empty() const { return width == 0 || height == 0; }
  friend bool operator==(const Size&, const Size&) = default;
};

struct Rect {
  int32_t left = 0;
  int32_t top = 0;
  uint32_t width = 0;
  uint32_t height = 0;
  Size size() const { return {width, height}; }
  friend bool operator==(const Rect&, const Rect&) = default;
};

// Every point of `inner` is one of `outer`.
bool contains(Rect outer, Rect inner);

// Inclusive limits with a step, as VIDIOC_ENUM_FRAMESIZES reports them (V4L2_FRMSIZE_TYPE_STEPWISE).
struct SizeRange {
  Size min;
  Size max;
  Size step{1, 1};
  // The nearest size inside the range, rounded up to the step where that stays inside.
  Size clamp(Size wanted) const;
  bool contains(Size size) const;
  friend bool operator==(const SizeRange&, const SizeRange&) = default;
};

constexpr uint32_t align_up(uint32_t value, uint32_t alignment) { return (value + alignment - 1) / alignment * alignment; }

}  // namespace softvpu
