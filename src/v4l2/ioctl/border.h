// SPDX-License-Identifier: LGPL-2.1-or-later
// The one place where single-planar and multi-planar structures meet: everything inside is
// multi-planar. Called by the handlers of */*_ioctls.cc. V4L2 reference: "Single- and multi-planar
// APIs", struct v4l2_buffer, struct v4l2_format.
#pragma once

#include <linux/videodev2.h>

#include <array>
#include <cstdint>

#include "base/result.h"
#include "media/colour.h"
#include "media/fourcc.h"
#include "media/geometry.h"

namespace softvpu::v4l2 {

// V4L2's names: OUTPUT is what the client hands in (the codec's input), CAPTURE what it gets.
enum class Side : uint8_t { kOutput = 0, kCapture = 1 };

struct PlaneView {
  uint32_t bytesused = 0;
  uint32_t length = 0;
  uint32_t data_offset = 0;
  uint64_t m = 0;  // the union: mem_offset, userptr or fd, whichever BufferView::memory makes of it
};

// struct v4l2_buffer in multi-planar form.
struct BufferView {
  uint32_t index = 0;
  uint32_t memory = 0;
  uint32_t flags = 0;
  uint32_t field = 0;
  uint32_t sequence = 0;
  timeval timestamp{};
  v4l2_timecode timecode{};
  uint32_t num_planes = 0;  // entries of `planes` that count
  bool has_planes = true;   // the client gave room for planes
  bool multiplanar = true;  // the client's struct is
  std::array<PlaneView, VIDEO_MAX_PLANES> planes{};
};

struct PlaneFormat {
  uint32_t sizeimage = 0;
  uint32_t bytesperline = 0;
  friend bool operator==(const PlaneFormat&, const PlaneFormat&) = default;
};

// struct v4l2_format in multi-planar form.
struct PixFormat {
  FourCC pixelformat = FourCC::kNone;
  Size size;
  uint32_t field = V4L2_FIELD_NONE;
  Colour colour;
  uint32_t num_planes = 1;
  std::array<PlaneFormat, VIDEO_MAX_PLANES> planes{};
  friend bool operator==(const PixFormat&, const PixFormat&) = default;
};

// The type of `side` on a node of this kind.
uint32_t buffer_type(Side side, bool multiplanar);
// Errors: EINVAL for any type but the node's own two.
Result<Side> side_of(uint32_t type, bool multiplanar);
// For the selection and crop ioctls, where both spellings are allowed since Linux 4.13
// (vidioc-g-selection.rst, note).
Result<Side> side_of_either(uint32_t type);

// `planes` is the client's array as copied in (nullptr on a single-planar node); it has
// `buffer.length` entries.
BufferView buffer_in(const v4l2_buffer& buffer, const v4l2_plane* planes, bool multiplanar);
// Fills everything of `buffer` but the pointer to the planes.
void buffer_out(const BufferView& view, Side side, bool multiplanar, v4l2_buffer* buffer, v4l2_plane* planes);

// Invalid colour values become 0 and planes past VIDEO_MAX_PLANES are cut, as
// v4l2-ioctl.c sanitizes them.
PixFormat format_in(const v4l2_format& format, bool multiplanar);
// Fills everything but `type`; reserved fields are zero.
void format_out(const PixFormat& view, bool multiplanar, v4l2_format* format);

}  // namespace softvpu::v4l2
