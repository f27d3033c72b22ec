// SPDX-License-Identifier: GPL-2.0-or-later
// A picture as FWHT codes it: one to four component planes, each of whole blocks of 8x8 samples in
// memory of its own. Which planes there are is the frame's shape. Raw formats (raw_format.h) only
// say how such planes are gathered from a client's buffer.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/result.h"
#include "media/geometry.h"

namespace softvpu::firmware::fwht {

inline constexpr uint32_t kBlockSide = 8;
inline constexpr uint32_t kBlockSamples = kBlockSide * kBlockSide;
inline constexpr uint32_t kMaxComponents = 4;

// In the order in which they are coded. RGB and HSV use the same planes: G, B, R or S, V, H.
enum Component : uint8_t { kLuma = 0, kCb = 1, kCr = 2, kAlpha = 3 };

// V4L2_FWHT_FL_PIXENC_*.
enum class SampleEncoding : uint8_t { kUnstated = 0, kYuv = 1, kRgb = 2, kHsv = 3 };

// What two frames must have in common for one to predict the other.
struct Shape {
  Size size;  // visible
  SampleEncoding encoding = SampleEncoding::kYuv;
  uint8_t components = 3;   // 1, 3 or 4
  bool half_width = true;   // of the chroma planes
  bool half_height = true;  // of the chroma planes
  friend bool operator==(const Shape&, const Shape&) = default;
};

// True where there is a raw format for it.
bool is_known(const Shape& shape);

// Visible samples of a component. Half of an odd side is rounded down, as vicodec codes it.
Size visible_samples(const Shape& shape, uint32_t component);
// The same in whole blocks: what is coded. Empty if the component has no visible sample.
Size coded_samples(const Shape& shape, uint32_t component);
// No frame has a larger payload: the encoder stores a component raw when compression would make it
// larger.
uint64_t max_payload_bytes(const Shape& shape);

struct Plane {
  uint8_t* data = nullptr;
  uint32_t width = 0;  // samples, and bytes from line to line
  uint32_t height = 0;
};

class Picture {
 public:
  Picture() = default;
  // All samples are 0. Errors: ENOMEM.
  static Result<Picture> create(const Shape& shape);

  const Shape& shape() const { return shape_; }
  // component < shape().components
  const Plane& plane(uint32_t component) const { return planes_[component]; }

 private:
  Shape shape_;
  std::array<Plane, kMaxComponents> planes_{};
  std::unique_ptr<uint8_t[]> memory_;
};

}  // namespace softvpu::firmware::fwht
