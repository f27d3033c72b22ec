// SPDX-License-Identifier: GPL-2.0-or-later
// Pictures: see picture.h. Copies and conversions are libyuv's.
#include "firmware/libav/picture.h"

#include <libyuv/convert.h>
#include <libyuv/convert_from.h>

#include <algorithm>

extern "C" {
#include <libavutil/pixdesc.h>
}

namespace softvpu::firmware::libav {
namespace {

constexpr uint32_t kMinCoded = 16;  // no device reports less

uint8_t chroma_of(const AVPixFmtDescriptor& format) {
  if (format.nb_components < 3 || (format.flags & AV_PIX_FMT_FLAG_RGB) != 0) return format.nb_components < 3 ? 0 : 3;
  if (format.log2_chroma_w == 1 && format.log2_chroma_h == 1) return 1;
  return format.log2_chroma_w == 1 ? 2 : 3;
}

const char* chroma_name(uint8_t chroma) {
  constexpr const char* kNames[] = {"4:0:0", "4:2:0", "4:2:2", "4:4:4"};
  return kNames[std::min<uint8_t>(chroma, 3)];
}

// No picture has this in its last corner.
constexpr std::array<uint8_t, 8> kUnfinished = {0xa7, 0x13, 0xe8, 0x5c, 0x31, 0xfe, 0x02, 0x9b};

uint8_t* last_columns(const AVFrame& frame, int row) {
  return frame.data[0] + ptrdiff_t{frame.height - 1 - row} * frame.linesize[0] + frame.width -
         static_cast<int>(kUnfinished.size());
}

}  // namespace

void mark_unfinished(AVFrame& frame) {
  constexpr int kSide = static_cast<int>(kUnfinished.size());
  if (frame.width < kSide || frame.height < kSide) return;
  for (int row = 0; row < kSide; ++row) std::copy(kUnfinished.begin(), kUnfinished.end(), last_columns(frame, row));
}

bool is_unfinished(const AVFrame& frame) {
  constexpr int kSide = static_cast<int>(kUnfinished.size());
  if (!is_yuv420(frame.format) || frame.width < kSide || frame.height < kSide) return false;
  std::array<bool, 2> written{};  // of each field
  for (int row = 0; row < kSide; ++row) {
    if (!std::equal(kUnfinished.begin(), kUnfinished.end(), last_columns(frame, row)))
      written[static_cast<size_t>(row % 2)] = true;
  }
  return !written[0] || !written[1];
}

bool same_picture(const AVFrame& a, const AVFrame& b) {
  if (!is_yuv420(a.format) || a.format != b.format || a.width != b.width || a.height != b.height) return false;
  for (int plane = 0; plane < 3; ++plane) {
    const int width = plane == 0 ? a.width : (a.width + 1) / 2;
    const int height = plane == 0 ? a.height : (a.height + 1) / 2;
    for (int row = 0; row < height; ++row) {
      if (std::memcmp(a.data[plane] + ptrdiff_t{row} * a.linesize[plane], b.data[plane] + ptrdiff_t{row} * b.linesize[plane],
                      static_cast<size_t>(width)) != 0) {
        return false;
      }
    }
  }
  return true;
}

bool is_yuv420(int format) { return format == AV_PIX_FMT_YUV420P || format == AV_PIX_FMT_YUVJ420P; }

Size written_size(const CodecRow& row, int width, int height, bool interlaced) {
  const uint32_t rows = interlaced ? row.interlaced_blocks * row.block : row.block;
  return {std::max(align_up(static_cast<uint32_t>(width), row.block), kMinCoded),
          std::max(align_up(static_cast<uint32_t>(height), rows), kMinCoded)};
}

StreamFormat describe_picture(const CodecRow& row, const AVFrame& frame, const SequenceInfo& sequence) {
  StreamFormat info;
  info.coded = written_size(row, frame.width, frame.height, sequence.interlaced);
  const auto left_right = static_cast<uint32_t>(frame.crop_left + frame.crop_right);
  const auto top_bottom = static_cast<uint32_t>(frame.crop_top + frame.crop_bottom);
  info.visible = {0, 0, static_cast<uint32_t>(frame.width) - left_right, static_cast<uint32_t>(frame.height) - top_bottom};
  if (const AVPixFmtDescriptor* format = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format))) {
    info.bit_depth = static_cast<uint8_t>(format->comp[0].depth);
    info.chroma = chroma_of(*format);
  }
  info.interlaced = sequence.interlaced;
  info.min_output_buffers = sequence.min_output_buffers;
  // AVCOL_* are the code points of H.273.
  const bool full_range = number_in(frame.color_range) == AVCOL_RANGE_JPEG || frame.format == AV_PIX_FMT_YUVJ420P;
  const auto stated = [&sequence](uint32_t number) {
    return sequence.states_colour ? number : uint32_t{AVCOL_PRI_UNSPECIFIED};  // the same number for all three
  };
  info.colour = colour_from_cicp(stated(number_in(frame.color_primaries)), stated(number_in(frame.color_trc)),
                                 stated(number_in(frame.colorspace)), full_range && sequence.states_range);
  if (frame.sample_aspect_ratio.num > 0 && frame.sample_aspect_ratio.den > 0) {
    info.pixel_aspect_num = static_cast<uint32_t>(frame.sample_aspect_ratio.num);
    info.pixel_aspect_den = static_cast<uint32_t>(frame.sample_aspect_ratio.den);
  }
  info.native = is_yuv420(frame.format) ? kYuv420 : FourCC::kNone;
  return info;
}

std::optional<Error> unsupported(const CodecRow& row, const StreamFormat& info) {
  const std::string stream = "the " + to_string(row.description.coded) + " stream of " + std::to_string(info.visible.width) +
                             "x" + std::to_string(info.visible.height);
  if (info.native == FourCC::kNone) {
    return Error{EOPNOTSUPP, stream + " is " + std::to_string(info.bit_depth) + "-bit " + chroma_name(info.chroma) +
                                 "; this device decodes 8-bit 4:2:0 only"};
  }
  const Size max = row.description.sizes.max;
  if (info.coded.width > max.width || info.coded.height > max.height) {
    return Error{EOPNOTSUPP, stream + " is larger than " + std::to_string(max.width) + "x" + std::to_string(max.height) +
                                 ", the most this device decodes"};
  }
  return std::nullopt;
}

static bool unused_format(const FrameLayout& layout) { return layout.fourcc != kYuv420 && layout.fourcc != kNv12; }

FrameType type_of(const AVFrame& frame) {
  if (frame.key_frame != 0) return FrameType::kKey;
  switch (number_in(frame.pict_type)) {
    case AV_PICTURE_TYPE_I:  // V4L2_BUF_FLAG_KEYFRAME: "a key frame (or I-frame), i. e. can be decompressed on its own"
      return FrameType::kKey;
    case AV_PICTURE_TYPE_P:
      return FrameType::kP;
    case AV_PICTURE_TYPE_B:
      return FrameType::kB;
    default:
      return FrameType::kUnknown;
  }
}

FrameField field_of(const AVFrame& frame) {
  if (frame.interlaced_frame == 0) return FrameField::kProgressive;
  return frame.top_field_first != 0 ? FrameField::kInterlacedTopFirst : FrameField::kInterlacedBottomFirst;
}

std::optional<Components> components_in(const FrameLayout& layout, const MappedBuffer& memory) {
  const auto format = find_pixel_format(layout.fourcc);
  if (!format || unused_format(layout) || layout.components != format->components || layout.memory_planes > memory.num_planes ||
      layout.size.empty()) {
    return std::nullopt;
  }
  for (uint32_t i = 0; i < layout.memory_planes; ++i) {
    if (memory.plane[i].length < layout.plane_size[i]) return std::nullopt;
  }
  Components out;
  out.count = layout.components;
  for (uint32_t i = 0; i < layout.components; ++i) {
    const ComponentInfo& component = format->component[i];
    const uint32_t plane = layout.component_plane[i];
    if (plane >= layout.memory_planes || layout.stride[i] > INT32_MAX) return std::nullopt;
    const uint64_t lines = (uint64_t{layout.size.height} + (1u << component.vertical_shift) - 1) >> component.vertical_shift;
    const uint64_t steps = (uint64_t{layout.size.width} + (1u << component.horizontal_shift) - 1) >> component.horizontal_shift;
    if (steps * component.bytes_per_sample > layout.stride[i]) return std::nullopt;
    if (layout.offset[i] + lines * layout.stride[i] > layout.plane_size[plane]) return std::nullopt;
    out.data[i] = reinterpret_cast<uint8_t*>(memory.plane[plane].data) + layout.offset[i];
    out.stride[i] = static_cast<int>(layout.stride[i]);
  }
  return out;
}

bool copy_picture(const AVFrame& frame, Size visible, const FrameLayout& layout, const MappedBuffer& memory) {
  if (layout.size.width < visible.width || layout.size.height < visible.height) return false;
  const auto to = components_in(layout, memory);
  if (!to) return false;
  const auto left = static_cast<ptrdiff_t>(frame.crop_left);
  const auto top = static_cast<ptrdiff_t>(frame.crop_top);
  const uint8_t* y = frame.data[0] + top * frame.linesize[0] + left;
  const uint8_t* u = frame.data[1] + top / 2 * frame.linesize[1] + left / 2;
  const uint8_t* v = frame.data[2] + top / 2 * frame.linesize[2] + left / 2;
  const int width = static_cast<int>(visible.width);
  const int height = static_cast<int>(visible.height);
  if (layout.fourcc == kYuv420) {
    return libyuv::I420Copy(y, frame.linesize[0], u, frame.linesize[1], v, frame.linesize[2], to->data[0], to->stride[0],
                            to->data[1], to->stride[1], to->data[2], to->stride[2], width, height) == 0;
  }
  return libyuv::I420ToNV12(y, frame.linesize[0], u, frame.linesize[1], v, frame.linesize[2], to->data[0], to->stride[0],
                            to->data[1], to->stride[1], width, height) == 0;
}

}  // namespace softvpu::firmware::libav
