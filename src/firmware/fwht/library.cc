// SPDX-License-Identifier: GPL-2.0-or-later
// The entries of FWHT in the catalog: see library.h.
#include "firmware/fwht/library.h"

#include <array>
#include <memory>

#include "firmware/encode/encode_session.h"
#include "firmware/fwht/picture_encoder.h"
#include "firmware/fwht/stream_decoder.h"

namespace softvpu::firmware::fwht {
namespace {

// The largest numbers that V4L2 has (enum v4l2_colorspace and its like); library_test.cc compares.
constexpr uint32_t kLastColorspace = 12;
constexpr uint32_t kLastTransfer = 7;
constexpr uint32_t kLastMatrix = 8;
constexpr uint32_t kLastQuantization = 2;

// A stream may state any number.
Colour known_colour(const Colour& stated) {
  const auto known = [](uint32_t value, uint32_t last) { return value <= last ? value : 0; };
  return {.colorspace = known(stated.colorspace, kLastColorspace),
          .xfer_func = known(stated.xfer_func, kLastTransfer),
          .ycbcr_enc = known(stated.ycbcr_enc, kLastMatrix),
          .quantization = known(stated.quantization, kLastQuantization)};
}

Result<std::unique_ptr<Codec>> make_decoder(CodecConfig /*config*/, CodecEvents& events) {
  return std::make_unique<StreamDecoder>(events);
}

Result<std::unique_ptr<Codec>> make_encoder(CodecConfig config, CodecEvents& events) {
  return std::make_unique<EncodeSession>(std::make_unique<PictureEncoder>(config.colour), events);
}

CodecInfo decoder_info() {
  CodecInfo info{.role = Role::kDecoder,
                 .coded = kFwht,
                 .flags = kContinuousByteStream | kDynamicResolution,
                 .sizes = {.min = {1, 1}, .max = {kMaxSide, kMaxSide}, .step = {1, 1}},
                 .min_output_buffers = 1};
  for (const RawFormat& format : raw_formats()) info.raw.push_back(format.fourcc);
  return info;
}

}  // namespace

std::vector<CatalogEntry> codecs() {
  return {{.info = decoder_info(), .make = make_decoder}, {.info = PictureEncoder::info(), .make = make_encoder}};
}

StreamFormat describe(const FrameHeader& header) {
  const Shape& shape = header.shape;
  const uint32_t width_step = shape.half_width ? 2 * kBlockSide : kBlockSide;
  const uint32_t height_step = shape.half_height ? 2 * kBlockSide : kBlockSide;
  return {.coded = {align_up(shape.size.width, width_step), align_up(shape.size.height, height_step)},
          .visible = {.width = shape.size.width, .height = shape.size.height},
          .chroma = static_cast<uint8_t>(shape.components == 1 ? 0
                                         : shape.half_height   ? 1
                                         : shape.half_width    ? 2
                                                               : 3),
          .colour = known_colour(header.colour),
          .min_output_buffers = 1,
          .native = native_format(shape).fourcc};
}

std::optional<ConstRawFrame> frame_in(const FrameLayout& layout, std::span<const std::span<const std::byte>> planes,
                                      const Shape& shape) {
  const RawFormat* format = find_raw_format(layout.fourcc);
  if (format == nullptr || !format->holds(shape)) return std::nullopt;
  if (layout.size.width < shape.size.width || layout.size.height < shape.size.height) return std::nullopt;
  ConstRawFrame frame{.size = readable_size(layout)};
  const Shape all = format->shape_of(frame.size);
  for (uint32_t i = 0; i < format->components; ++i) {
    const Place place = format->place[i];
    const Size samples = visible_samples(all, i);
    if (samples.empty()) continue;
    if (place.plane >= layout.components || layout.component_plane[place.plane] >= planes.size()) return std::nullopt;
    const std::span<const std::byte> plane = planes[layout.component_plane[place.plane]];
    const uint64_t stride = layout.stride[place.plane];
    const uint64_t line_bytes = uint64_t{samples.width} * place.step;
    if (line_bytes > stride) return std::nullopt;
    const uint64_t end = layout.offset[place.plane] + stride * (samples.height - 1) + line_bytes;
    if (end > plane.size()) return std::nullopt;
    frame.data[place.plane] = reinterpret_cast<const uint8_t*>(plane.data()) + layout.offset[place.plane];
    frame.stride[place.plane] = layout.stride[place.plane];
  }
  return frame;
}

std::optional<RawFrame> frame_in(const FrameLayout& layout, const MappedBuffer& memory, const Shape& shape) {
  std::array<std::span<const std::byte>, kMaxPlanes> planes;
  for (uint32_t i = 0; i < memory.num_planes; ++i) planes[i] = {memory.plane[i].data, memory.plane[i].length};
  const auto found = frame_in(layout, std::span(planes).first(memory.num_planes), shape);
  if (!found) return std::nullopt;
  RawFrame frame{.size = found->size, .stride = found->stride};
  for (uint32_t i = 0; i < layout.components; ++i) {
    if (found->data[i] == nullptr) continue;
    frame.data[i] = reinterpret_cast<uint8_t*>(memory.plane[layout.component_plane[i]].data) + layout.offset[i];
  }
  return frame;
}

}  // namespace softvpu::firmware::fwht
