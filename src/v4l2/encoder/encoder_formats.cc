// SPDX-License-Identifier: LGPL-2.1-or-later
// Format negotiation of an encoder. Adjusts and never refuses; busy checks are the caller's.
#include "v4l2/encoder/encoder_formats.h"

#include <algorithm>
#include <cerrno>

namespace softvpu::v4l2 {
namespace {

bool offers(const codec::CodecInfo& codec, FourCC raw) {
  return std::find(codec.raw.begin(), codec.raw.end(), raw) != codec.raw.end();
}

Size buffer_size(const codec::CodecInfo& codec, FourCC raw, Size picture) {
  return (codec.flags & codec::kWholeBlocks) != 0 ? whole_blocks(raw, picture) : picture;
}

// One side of a rectangle: a length that the codec can code, not longer than the picture.
uint32_t length_inside(uint32_t wanted, uint32_t whole, uint32_t min, uint32_t max, uint32_t step) {
  const uint32_t length = std::clamp(wanted, min, std::min(whole, max));
  return step > 1 ? min + (length - min) / step * step : length;
}

int32_t begin_inside(int32_t wanted, uint32_t length, uint32_t whole) {
  return static_cast<int32_t>(std::clamp<int64_t>(wanted, 0, int64_t{whole} - length));
}

bool longer(FrameInterval a, FrameInterval b) {
  return uint64_t{a.numerator} * b.denominator > uint64_t{b.numerator} * a.denominator;
}

}  // namespace

codec::Capabilities encoders_of(codec::Capabilities capabilities) {
  for (codec::CodecInfo& codec : capabilities.codecs)
    std::erase_if(codec.raw, [&](FourCC raw) { return !source_layout_for(raw, buffer_size(codec, raw, codec.sizes.min)); });
  std::erase_if(capabilities.codecs,
                [](const codec::CodecInfo& codec) { return codec.role != codec::Role::kEncoder || codec.raw.empty(); });
  return capabilities;
}

EncoderFormats::EncoderFormats(const codec::Capabilities& capabilities) {
  for (const codec::CodecInfo& codec : capabilities.codecs) codecs_.push_back(&codec);
  if (codecs_.empty()) return;  // the device refused to be made; see codec_device.cc
  codec_ = codecs_.front();
  colour_.colorspace = V4L2_COLORSPACE_REC709;
  whole_ = layout_of(*codec_, codec_->raw.front(), kDefaultSize, {});
  crop_ = bounds();
  set_interval(interval_);
}

const codec::CodecInfo* EncoderFormats::find(FourCC coded) const {
  const auto found = std::find_if(codecs_.begin(), codecs_.end(), [&](const auto* codec) { return codec->coded == coded; });
  return found == codecs_.end() ? nullptr : *found;
}

Result<FormatDescription> EncoderFormats::enumerate(Side side, uint32_t index) const {
  const size_t count = side == Side::kCapture ? codecs_.size() : codec_->raw.size();
  if (index >= count) return fail(EINVAL, "no format of this index");
  if (side == Side::kCapture) return FormatDescription{codecs_[index]->coded, V4L2_FMT_FLAG_COMPRESSED};
  return FormatDescription{codec_->raw[index], 0};
}

Result<SizeRange> EncoderFormats::frame_sizes(FourCC pixelformat) const {
  if (const codec::CodecInfo* codec = find(pixelformat)) return codec->sizes;
  if (!offers(*codec_, pixelformat)) return fail(EINVAL, "not a format of this node");
  return codec_->sizes;
}

PixFormat EncoderFormats::current(Side side) const {
  return side == Side::kOutput ? output_format(whole_.fourcc, whole_, colour_) : capture_format(*codec_, asked_bytes_);
}

PixFormat EncoderFormats::adjust(Side side, const PixFormat& wanted) const {
  if (side == Side::kCapture) {
    // Initialization, step 1: width and height are ignored (Chromium sends 0x0).
    const codec::CodecInfo* codec = find(wanted.pixelformat);
    return capture_format(codec != nullptr ? *codec : *codec_, wanted.num_planes > 0 ? wanted.planes[0].sizeimage : 0);
  }
  const FourCC raw = offers(*codec_, wanted.pixelformat) ? wanted.pixelformat : whole_.fourcc;
  Colour colour = wanted.colour;
  if (colour.colorspace == V4L2_COLORSPACE_DEFAULT) colour.colorspace = V4L2_COLORSPACE_REC709;
  return output_format(raw, layout_of(*codec_, raw, wanted.size, wanted), colour);
}

FrameLayout EncoderFormats::layout_of(const codec::CodecInfo& codec, FourCC raw, Size size, const PixFormat& wanted) const {
  std::array<uint32_t, kMaxPlanes> strides{};
  for (uint32_t i = 0; i < std::min(wanted.num_planes, kMaxPlanes); ++i) strides[i] = wanted.planes[i].bytesperline;
  const Size buffer = buffer_size(codec, raw, codec.sizes.clamp(size));
  auto layout = source_layout_for(raw, buffer, strides);
  if (!layout) layout = source_layout_for(raw, buffer);
  // In a range whose steps lead to a picture that is too large: the smallest, which encoders_of()
  // has tried.
  if (!layout) layout = source_layout_for(raw, buffer_size(codec, raw, codec.sizes.min));
  return layout ? *layout : whole_;
}

PixFormat EncoderFormats::output_format(FourCC raw, const FrameLayout& layout, Colour colour) const {
  PixFormat result;
  result.pixelformat = raw;
  result.size = layout.size;
  result.field = V4L2_FIELD_NONE;
  result.colour = colour;
  result.num_planes = layout.memory_planes;
  for (uint32_t component = layout.components; component-- > 0;)
    result.planes[layout.component_plane[component]].bytesperline = layout.stride[component];
  for (uint32_t plane = 0; plane < layout.memory_planes; ++plane) result.planes[plane].sizeimage = layout.plane_size[plane];
  return result;
}

PixFormat EncoderFormats::capture_format(const codec::CodecInfo& codec, uint32_t wanted_bytes) const {
  PixFormat result;
  result.pixelformat = codec.coded;
  // "Based on current state": the rectangle, as far as that codec can code it.
  result.size = codec.sizes.clamp(crop_.size());
  result.field = V4L2_FIELD_NONE;
  result.colour = colour_;
  result.num_planes = 1;
  // Of the whole picture: a rectangle that is set later mustn't need a larger buffer.
  result.planes[0] = {coded_buffer_size(codec.sizes.clamp(whole_.size), wanted_bytes), 0};
  return result;
}

void EncoderFormats::set(Side side, const PixFormat& adjusted) {
  if (side == Side::kCapture) {
    codec_ = find(adjusted.pixelformat);
    // What it was told holds when OUTPUT is set to smaller pictures later: GStreamer, which sets CAPTURE
    // first, takes smaller buffers for a driver's bug.
    asked_bytes_ = adjusted.planes[0].sizeimage;
    const bool keeps = offers(*codec_, whole_.fourcc) && layout_of(*codec_, whole_.fourcc, whole_.size, {}).size == whole_.size;
    if (!keeps) {
      const FourCC raw = offers(*codec_, whole_.fourcc) ? whole_.fourcc : codec_->raw.front();
      whole_ = layout_of(*codec_, raw, whole_.size, {});
      crop_ = codec_->sizes.contains(crop_.size()) ? adjust_crop(crop_) : bounds();
    } else if (adjust_crop(crop_) != crop_) {
      crop_ = bounds();
    }
    set_interval(interval_);
    return;
  }
  whole_ = layout_of(*codec_, adjusted.pixelformat, adjusted.size, adjusted);
  colour_ = adjusted.colour;
  crop_ = bounds();
}

// Not for codecs of whole blocks: FFmpeg, for whom this is, has no encoder of theirs.
FrameLayout EncoderFormats::filled(uint32_t bytes) const {
  if ((codec_->flags & codec::kWholeBlocks) != 0 || whole_.memory_planes != 1 || bytes <= whole_.plane_size[0]) return whole_;
  return layout_filling(whole_, bytes).value_or(whole_);
}

Rect EncoderFormats::adjust_crop(Rect wanted) const {
  const SizeRange& range = codec_->sizes;
  Rect rect;
  rect.width = length_inside(wanted.width, whole_.size.width, range.min.width, range.max.width, range.step.width);
  rect.height = length_inside(wanted.height, whole_.size.height, range.min.height, range.max.height, range.step.height);
  rect.left = begin_inside(wanted.left, rect.width, whole_.size.width);
  rect.top = begin_inside(wanted.top, rect.height, whole_.size.height);
  return rect_inside(whole_, rect);
}

void EncoderFormats::set_interval(FrameInterval wanted) {
  if (wanted.numerator == 0 || wanted.denominator == 0) return;
  const auto known = [](FrameInterval limit) { return limit.numerator != 0 && limit.denominator != 0; };
  if (known(codec_->min_interval) && longer(codec_->min_interval, wanted)) wanted = codec_->min_interval;
  if (known(codec_->max_interval) && longer(wanted, codec_->max_interval)) wanted = codec_->max_interval;
  interval_ = wanted;
}

std::vector<PlaneSize> EncoderFormats::plane_sizes(Side side) const {
  if (side == Side::kCapture) return {{current(side).planes[0].sizeimage, 0}};
  std::vector<PlaneSize> sizes;
  for (uint32_t plane = 0; plane < whole_.memory_planes; ++plane)
    sizes.push_back({whole_.plane_size[plane], readable_tail(whole_)});
  if ((codec_->flags & codec::kWholeBlocks) == 0) sizes[0].slack = source_slack(whole_);
  return sizes;
}

}  // namespace softvpu::v4l2
