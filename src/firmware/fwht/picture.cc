// SPDX-License-Identifier: GPL-2.0-or-later
// Shapes and their planes: see picture.h.
#include "firmware/fwht/picture.h"

#include <cerrno>
#include <new>
#include <string>

namespace softvpu::firmware::fwht {
namespace {

bool is_chroma(uint32_t component) { return component == kCb || component == kCr; }

}  // namespace

bool is_known(const Shape& shape) {
  const bool full = !shape.half_width && !shape.half_height;
  switch (shape.encoding) {
    case SampleEncoding::kYuv:  // 4:2:0, 4:2:2, 4:4:4
      return shape.components == 3 && (shape.half_width || full);
    case SampleEncoding::kRgb:  // GREY counts as RGB
      return full && (shape.components == 1 || shape.components == 3 || shape.components == 4);
    case SampleEncoding::kHsv:
      return full && (shape.components == 3 || shape.components == 4);
    case SampleEncoding::kUnstated:
      break;
  }
  return false;
}

Size visible_samples(const Shape& shape, uint32_t component) {
  Size size = shape.size;
  if (is_chroma(component) && shape.half_width) size.width /= 2;
  if (is_chroma(component) && shape.half_height) size.height /= 2;
  return size;
}

Size coded_samples(const Shape& shape, uint32_t component) {
  const Size visible = visible_samples(shape, component);
  if (visible.empty()) return {};
  return {align_up(visible.width, kBlockSide), align_up(visible.height, kBlockSide)};
}

uint64_t max_payload_bytes(const Shape& shape) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < shape.components; ++i) {
    const Size coded = coded_samples(shape, i);
    bytes += static_cast<uint64_t>(coded.width) * coded.height;
  }
  return bytes;
}

Result<Picture> Picture::create(const Shape& shape) {
  Picture picture;
  picture.shape_ = shape;
  const uint64_t bytes = max_payload_bytes(shape);
  picture.memory_.reset(new (std::nothrow) uint8_t[bytes]());
  if (!picture.memory_) return fail(ENOMEM, "no memory for a picture of " + std::to_string(bytes) + " bytes");
  uint8_t* at = picture.memory_.get();
  for (uint32_t i = 0; i < shape.components; ++i) {
    const Size coded = coded_samples(shape, i);
    picture.planes_[i] = {at, coded.width, coded.height};
    at += static_cast<size_t>(coded.width) * coded.height;
  }
  return picture;
}

}  // namespace softvpu::firmware::fwht
