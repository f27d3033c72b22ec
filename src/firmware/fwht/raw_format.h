// SPDX-License-Identifier: GPL-2.0-or-later
// Where the components of a Picture stand in each raw format: one row per format, the preferred one
// of a shape first. vicodec offers these formats, and here there are those of them that have
// planes in memory of their own (NM12). Strides and planes in memory are the layout's
// (media/frame_layout.h); here it is which byte of a group of bytes is whose sample.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "firmware/fwht/picture.h"
#include "media/fourcc.h"

namespace softvpu::firmware::fwht {

// Of one component: its sample n of a line is byte first + n * step of that line.
struct Place {
  uint8_t plane = 0;  // of the layout's component planes
  uint8_t first = 0;
  uint8_t step = 1;
};

struct RawFormat {
  FourCC fourcc = FourCC::kNone;
  SampleEncoding encoding = SampleEncoding::kYuv;
  uint8_t components = 3;
  bool half_width = false;
  bool half_height = false;
  std::array<Place, kMaxComponents> place{};

  bool holds(const Shape& shape) const {
    return encoding == shape.encoding && components == shape.components && half_width == shape.half_width &&
           half_height == shape.half_height;
  }
  Shape shape_of(Size size) const {
    return {.size = size, .encoding = encoding, .components = components, .half_width = half_width, .half_height = half_height};
  }
};

std::span<const RawFormat> raw_formats();
// nullptr: FWHT has no such format.
const RawFormat* find_raw_format(FourCC fourcc);
// The preferred format for frames of a shape; is_known(shape).
const RawFormat& native_format(const Shape& shape);

}  // namespace softvpu::firmware::fwht
