// SPDX-License-Identifier: LGPL-2.1-or-later
// Format negotiation of a decoder. Adjusts and never refuses; busy checks are the caller's.
#include "v4l2/decoder/decoder_formats.h"

#include <algorithm>
#include <cerrno>

namespace softvpu::v4l2 {
namespace {

constexpr const char* kNoMoreFormats = "no format of this index";

// The stream's word where it has one; otherwise what the client said of OUTPUT.
Colour merged(Colour client, Colour stream) {
  if (stream.colorspace != 0) client.colorspace = stream.colorspace;
  if (stream.xfer_func != 0) client.xfer_func = stream.xfer_func;
  if (stream.ycbcr_enc != 0) client.ycbcr_enc = stream.ycbcr_enc;
  if (stream.quantization != 0) client.quantization = stream.quantization;
  return client;
}

}  // namespace

codec::Capabilities decoders_of(codec::Capabilities capabilities) {
  for (codec::CodecInfo& codec : capabilities.codecs) {
    std::erase_if(codec.raw, [&](FourCC raw) { return !layout_for(raw, codec.sizes.min); });
  }
  std::erase_if(capabilities.codecs,
                [](const codec::CodecInfo& codec) { return codec.role != codec::Role::kDecoder || codec.raw.empty(); });
  return capabilities;
}

DecoderFormats::DecoderFormats(const codec::Capabilities& capabilities) {
  for (const codec::CodecInfo& codec : capabilities.codecs) codecs_.push_back(&codec);
  if (codecs_.empty()) return;  // the device refused to be made; see codec_device.cc
  PixFormat initial;
  initial.pixelformat = codecs_.front()->coded;
  initial.size = kDefaultSize;
  set(Side::kOutput, adjust(Side::kOutput, initial));
  client_.chose_output = false;
}

Result<FormatDescription> DecoderFormats::enumerate(Side side, uint32_t index) const {
  if (side == Side::kOutput) {
    if (index >= codecs_.size()) return fail(EINVAL, kNoMoreFormats);
    FormatDescription description{codecs_[index]->coded, V4L2_FMT_FLAG_COMPRESSED};
    if ((codecs_[index]->flags & codec::kContinuousByteStream) != 0) description.flags |= V4L2_FMT_FLAG_CONTINUOUS_BYTESTREAM;
    if ((codecs_[index]->flags & codec::kDynamicResolution) != 0) description.flags |= V4L2_FMT_FLAG_DYN_RESOLUTION;
    return description;
  }
  // Querying Capabilities, step 2: those of the current coded format.
  // Once the stream is known, those that its pictures can be had in.
  for (const FourCC raw : codec_->raw) {
    if (holds_stream(raw) && index-- == 0) return FormatDescription{raw, 0};
  }
  return fail(EINVAL, kNoMoreFormats);
}

Result<SizeRange> DecoderFormats::frame_sizes(FourCC pixelformat) const {
  for (const codec::CodecInfo* codec : codecs_)
    if (codec->coded == pixelformat) return codec->sizes;
  if (!offers_raw(pixelformat)) return fail(EINVAL, "not a format of this node");
  // Querying Capabilities, step 3: those of the coded format that is set on OUTPUT. Buffers have
  // whole blocks, but clients (GStreamer) look up the size of the picture here.
  return codec_->sizes;
}

PixFormat DecoderFormats::current(Side side) const {
  return side == Side::kOutput ? output_format() : capture_format(frame_.layout);
}

PixFormat DecoderFormats::adjust(Side side, const PixFormat& wanted) const {
  if (side == Side::kCapture) {
    const bool offered = offers_raw(wanted.pixelformat) && holds_stream(wanted.pixelformat);
    const FourCC raw = offered ? wanted.pixelformat : frame_.raw;
    const auto tight = layout_for(raw, frame_.coded);
    const auto layout = layout_for(raw, frame_.coded, asked_lines(raw, wanted));
    return capture_format(layout ? *layout : tight ? *tight : frame_.layout);
  }
  const auto known =
      std::find_if(codecs_.begin(), codecs_.end(), [&](const auto* codec) { return codec->coded == wanted.pixelformat; });
  const codec::CodecInfo& codec = known != codecs_.end() ? **known : *codecs_.front();
  PixFormat result;
  result.pixelformat = codec.coded;
  result.size = codec.sizes.clamp(wanted.size);
  result.field = V4L2_FIELD_NONE;
  result.colour = wanted.colour;
  if (result.colour.colorspace == V4L2_COLORSPACE_DEFAULT) result.colour.colorspace = V4L2_COLORSPACE_REC709;
  result.num_planes = 1;
  result.planes[0] = {bitstream_size(result.size, wanted.num_planes > 0 ? wanted.planes[0].sizeimage : 0), 0};
  return result;
}

void DecoderFormats::set(Side side, const PixFormat& adjusted) {
  if (side == Side::kCapture) {
    client_.raw = frame_.raw = adjusted.pixelformat;
    for (uint32_t i = 0; i < kMaxPlanes; ++i) client_.lines[i] = adjusted.planes[i].bytesperline;
    client_.lines_raw = frame_.raw;
    client_.lines_size = frame_.coded;
    resize_capture();
    return;
  }
  client_.output = adjusted;
  client_.chose_output = true;
  codec_ = *std::find_if(codecs_.begin(), codecs_.end(), [&](const auto* codec) { return codec->coded == adjusted.pixelformat; });
  if (!offers_raw(frame_.raw)) {
    frame_.raw = codec_->raw.front();
    client_.raw = FourCC::kNone;
  }
  if (frame_.coded != client_.output.size) former_stride_ = frame_.layout.stride[0];
  frame_.coded = client_.output.size;
  client_.lines_raw = FourCC::kNone;  // Commit Points, 1
  forget_stream();
}

void DecoderFormats::choose(Side side, const PixFormat& adjusted) {
  if (side == Side::kCapture) {
    client_.raw = frame_.raw;
    return;
  }
  client_.output = adjusted;
  client_.chose_output = true;
}

uint32_t DecoderFormats::min_buffers(Side side) const {
  if (side == Side::kOutput) return 1;
  return std::clamp<uint32_t>(stream_ ? stream_->min_output_buffers : codec_->min_output_buffers, 1, VIDEO_MAX_FRAME);
}

void DecoderFormats::forget_stream() {
  stream_.reset();
  frame_.visible = {0, 0, frame_.coded.width, frame_.coded.height};
  resize_capture();
}

// The client's choice, or the first that is offered (docs/adr/0009), of those that the stream's pictures can be had in.
FourCC DecoderFormats::raw_for(const codec::StreamFormat& stream) const {
  if (offers_raw(client_.raw) && repacks(client_.raw, stream.native)) return client_.raw;
  const auto first =
      std::find_if(codec_->raw.begin(), codec_->raw.end(), [&](FourCC raw) { return repacks(raw, stream.native); });
  return first != codec_->raw.end() ? *first : FourCC::kNone;
}

bool DecoderFormats::holds_stream(FourCC raw) const { return !stream_ || repacks(raw, stream_->native); }

Result<FrameLayout> DecoderFormats::layout_of(const codec::StreamFormat& stream) const {
  if (stream.native == FourCC::kNone) return fail(EINVAL, "no raw format of this node can hold the stream's pictures");
  if (stream.visible.size().empty()) return fail(EINVAL, "a stream without a picture size");
  const FourCC raw = raw_for(stream);
  return layout_for(raw, stream.coded, lines_for(raw, stream.coded));
}

// Not those of another size, or of another format, that it only hands on: FFmpeg has them from the TRY_FMT before it set OUTPUT,
// others from G_FMT.
DecoderFormats::Lines DecoderFormats::asked_lines(FourCC raw, const PixFormat& wanted) const {
  if (wanted.size.width != frame_.layout.size.width && wanted.size.width != frame_.visible.width) return {};
  if (wanted.planes[0].bytesperline == former_stride_) return {};
  if (raw != frame_.raw && wanted.planes[0].bytesperline == frame_.layout.stride[0]) return {};
  Lines lines{};
  for (uint32_t i = 0; i < std::min(wanted.num_planes, kMaxPlanes); ++i) lines[i] = wanted.planes[i].bytesperline;
  return lines;
}

DecoderFormats::Lines DecoderFormats::lines_for(FourCC raw, Size coded) const {
  return raw == client_.lines_raw && coded == client_.lines_size ? client_.lines : Lines{};
}

Rect DecoderFormats::visible_in(const codec::StreamFormat& stream, const FrameLayout& layout) {
  // The picture is written to the top left corner, whatever the stream crops there.
  return {0, 0, std::min(stream.visible.width, layout.size.width), std::min(stream.visible.height, layout.size.height)};
}

bool DecoderFormats::describes(const codec::StreamFormat& stream) const {
  const auto layout = layout_of(stream);
  return layout && *layout == frame_.layout && visible_in(stream, *layout) == frame_.visible &&
         stream.interlaced == (field() == V4L2_FIELD_INTERLACED);
}

Status DecoderFormats::apply_stream(const codec::StreamFormat& stream) {
  const auto layout = layout_of(stream);
  if (!layout) return Unexpected(layout.error());
  if (frame_.coded != stream.coded) former_stride_ = frame_.layout.stride[0];
  frame_.layout = *layout;
  frame_.raw = layout->fourcc;
  stream_ = stream;
  frame_.coded = stream.coded;
  frame_.visible = visible_in(stream, *layout);
  return {};
}

Colour DecoderFormats::colour() const { return stream_ ? merged(client_.output.colour, stream_->colour) : client_.output.colour; }

PixFormat DecoderFormats::output_format() const {
  PixFormat result = client_.output;
  result.size = frame_.coded;  // Dynamic Resolution Change: "coded resolution (OUTPUT width and height)"
  result.colour = colour();
  return result;
}

PixFormat DecoderFormats::capture_format(const FrameLayout& used) const {
  PixFormat result;
  result.pixelformat = used.fourcc;
  result.size = used.size;  // no scaler: the frame buffer is the coded picture, padded
  result.field = field();
  result.colour = colour();  // dev-decoder.rst: colorimetry of OUTPUT goes to CAPTURE
  result.num_planes = used.memory_planes;
  for (uint32_t component = used.components; component-- > 0;)
    result.planes[used.component_plane[component]].bytesperline = used.stride[component];
  for (uint32_t plane = 0; plane < used.memory_planes; ++plane) result.planes[plane].sizeimage = used.plane_size[plane];
  return result;
}

bool DecoderFormats::offers_raw(FourCC pixelformat) const {
  return codec_ != nullptr && std::find(codec_->raw.begin(), codec_->raw.end(), pixelformat) != codec_->raw.end();
}

void DecoderFormats::resize_capture() {
  auto layout = layout_for(frame_.raw, frame_.coded, lines_for(frame_.raw, frame_.coded));
  // In a range whose steps lead to a picture that is too large: the smallest, which decoders_of() has tried.
  if (!layout) layout = layout_for(frame_.raw, codec_->sizes.min);
  if (layout) frame_.layout = *layout;
}

std::vector<PlaneSize> DecoderFormats::plane_sizes(Side side) const {
  if (side == Side::kOutput) return {{client_.output.planes[0].sizeimage, 0}};
  std::vector<PlaneSize> sizes;
  for (uint32_t plane = 0; plane < frame_.layout.memory_planes; ++plane)
    sizes.push_back({frame_.layout.plane_size[plane], readable_tail(frame_.layout)});
  return sizes;
}

}  // namespace softvpu::v4l2
