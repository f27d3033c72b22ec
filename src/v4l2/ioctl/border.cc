// SPDX-License-Identifier: LGPL-2.1-or-later
// Conversions at the border, and nothing else: no limits, no state.
#include "v4l2/ioctl/border.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace softvpu::v4l2 {
namespace {

// The last value of each enumeration that is known here; v4l2-ioctl.c replaces
// others by the default.
Colour sanitized(Colour colour) {
  if (colour.colorspace == V4L2_COLORSPACE_DEFAULT || colour.colorspace > V4L2_COLORSPACE_DCI_P3) return {};
  if (colour.xfer_func > V4L2_XFER_FUNC_SMPTE2084) colour.xfer_func = V4L2_XFER_FUNC_DEFAULT;
  if (colour.ycbcr_enc > V4L2_YCBCR_ENC_SMPTE240M) colour.ycbcr_enc = V4L2_YCBCR_ENC_DEFAULT;
  if (colour.quantization > V4L2_QUANTIZATION_LIM_RANGE) colour.quantization = V4L2_QUANTIZATION_DEFAULT;
  return colour;
}

// Of v4l2_buffer and of v4l2_plane alike. An MMAP buffer's offset is ours to
// tell, not the client's.
template <typename Union>
uint64_t name_in(const Union& m, uint32_t memory) {
  if (memory == V4L2_MEMORY_USERPTR) return m.userptr;
  return memory == V4L2_MEMORY_DMABUF ? static_cast<uint32_t>(m.fd) : 0;
}

template <typename Union>
void name_out(uint64_t name, uint32_t memory, Union& m, uint32_t& offset) {
  m.userptr = 0;  // all eight bytes
  if (memory == V4L2_MEMORY_USERPTR)
    m.userptr = name;
  else if (memory == V4L2_MEMORY_DMABUF)
    m.fd = static_cast<int32_t>(name);
  else
    offset = static_cast<uint32_t>(name);
}

}  // namespace

uint32_t buffer_type(Side side, bool multiplanar) {
  if (side == Side::kOutput) return multiplanar ? V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE : V4L2_BUF_TYPE_VIDEO_OUTPUT;
  return multiplanar ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE : V4L2_BUF_TYPE_VIDEO_CAPTURE;
}

Result<Side> side_of(uint32_t type, bool multiplanar) {
  for (const Side side : {Side::kOutput, Side::kCapture})
    if (type == buffer_type(side, multiplanar)) return side;
  return fail(EINVAL, "a buffer type that this node doesn't have");
}

Result<Side> side_of_either(uint32_t type) {
  const auto plain = side_of(type, false);
  return plain ? plain : side_of(type, true);
}

BufferView buffer_in(const v4l2_buffer& buffer, const v4l2_plane* planes, bool multiplanar) {
  BufferView view;
  view.index = buffer.index;
  view.memory = buffer.memory;
  view.flags = buffer.flags;
  view.field = buffer.field;
  view.timestamp = buffer.timestamp;
  view.timecode = buffer.timecode;
  view.multiplanar = multiplanar;
  if (!multiplanar) {
    view.num_planes = 1;
    view.planes[0].bytesused = buffer.bytesused;
    view.planes[0].length = buffer.length;
    view.planes[0].m = name_in(buffer.m, buffer.memory);
    return view;
  }
  view.has_planes = planes != nullptr;
  view.num_planes = planes != nullptr ? std::min<uint32_t>(buffer.length, VIDEO_MAX_PLANES) : 0;
  for (uint32_t i = 0; i < view.num_planes; ++i)
    view.planes[i] = {planes[i].bytesused, planes[i].length, planes[i].data_offset, name_in(planes[i].m, buffer.memory)};
  return view;
}

void buffer_out(const BufferView& view, Side side, bool multiplanar, v4l2_buffer* buffer, v4l2_plane* planes) {
  buffer->index = view.index;
  buffer->type = buffer_type(side, multiplanar);
  buffer->memory = view.memory;
  buffer->flags = view.flags;
  buffer->field = view.field;
  buffer->sequence = view.sequence;
  buffer->timestamp = view.timestamp;
  buffer->timecode = view.timecode;
  buffer->bytesused = 0;
  buffer->reserved2 = 0;
  buffer->request_fd = 0;
  if (!multiplanar) {
    buffer->bytesused = view.planes[0].bytesused;
    buffer->length = view.planes[0].length;
    name_out(view.planes[0].m, view.memory, buffer->m, buffer->m.offset);
    return;
  }
  buffer->length = view.num_planes;
  for (uint32_t i = 0; i < view.num_planes; ++i) {
    v4l2_plane& plane = planes[i];
    plane.bytesused = view.planes[i].bytesused;
    plane.length = view.planes[i].length;
    name_out(view.planes[i].m, view.memory, plane.m, plane.m.mem_offset);
    plane.data_offset = view.planes[i].data_offset;
    std::fill(std::begin(plane.reserved), std::end(plane.reserved), 0u);
  }
}

PixFormat format_in(const v4l2_format& format, bool multiplanar) {
  PixFormat view;
  if (multiplanar) {
    const v4l2_pix_format_mplane& pix = format.fmt.pix_mp;
    view.pixelformat = static_cast<FourCC>(pix.pixelformat);
    view.size = {pix.width, pix.height};
    view.field = pix.field;
    view.colour = sanitized({pix.colorspace, pix.xfer_func, pix.ycbcr_enc, pix.quantization});
    view.num_planes = std::min<uint32_t>(pix.num_planes, VIDEO_MAX_PLANES);
    for (uint32_t i = 0; i < view.num_planes; ++i) view.planes[i] = {pix.plane_fmt[i].sizeimage, pix.plane_fmt[i].bytesperline};
    return view;
  }
  const v4l2_pix_format& pix = format.fmt.pix;
  view.pixelformat = static_cast<FourCC>(pix.pixelformat);
  view.size = {pix.width, pix.height};
  view.field = pix.field;
  view.colour.colorspace = pix.colorspace;
  if (pix.priv == V4L2_PIX_FMT_PRIV_MAGIC) {  // otherwise the fields after `priv` are undefined (pixfmt-v4l2.rst)
    view.colour.xfer_func = pix.xfer_func;
    view.colour.ycbcr_enc = pix.ycbcr_enc;
    view.colour.quantization = pix.quantization;
  }
  view.colour = sanitized(view.colour);
  view.planes[0] = {pix.sizeimage, pix.bytesperline};
  return view;
}

void format_out(const PixFormat& view, bool multiplanar, v4l2_format* format) {
  std::memset(&format->fmt, 0, sizeof format->fmt);
  if (multiplanar) {
    v4l2_pix_format_mplane& pix = format->fmt.pix_mp;
    pix.pixelformat = static_cast<uint32_t>(view.pixelformat);
    pix.width = view.size.width;
    pix.height = view.size.height;
    pix.field = view.field;
    pix.colorspace = view.colour.colorspace;
    pix.xfer_func = static_cast<uint8_t>(view.colour.xfer_func);
    pix.ycbcr_enc = static_cast<uint8_t>(view.colour.ycbcr_enc);
    pix.quantization = static_cast<uint8_t>(view.colour.quantization);
    pix.num_planes = static_cast<uint8_t>(view.num_planes);
    for (uint32_t i = 0; i < view.num_planes; ++i) {
      pix.plane_fmt[i].sizeimage = view.planes[i].sizeimage;
      pix.plane_fmt[i].bytesperline = view.planes[i].bytesperline;
    }
    return;
  }
  v4l2_pix_format& pix = format->fmt.pix;
  pix.pixelformat = static_cast<uint32_t>(view.pixelformat);
  pix.width = view.size.width;
  pix.height = view.size.height;
  pix.field = view.field;
  pix.sizeimage = view.planes[0].sizeimage;
  pix.bytesperline = view.planes[0].bytesperline;
  pix.colorspace = view.colour.colorspace;
  pix.xfer_func = view.colour.xfer_func;
  pix.ycbcr_enc = view.colour.ycbcr_enc;
  pix.quantization = view.colour.quantization;
  pix.priv = V4L2_PIX_FMT_PRIV_MAGIC;
}

}  // namespace softvpu::v4l2
