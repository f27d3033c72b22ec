// SPDX-License-Identifier: LGPL-2.1-or-later
// media's values <-> messages: see values.h.
#include "hfi/values.h"

#include "core/frame_layout.h"

namespace softvpu::hfi {

static_assert(kContinuousByteStream == SVPU_CODEC_BYTE_STREAM && kDynamicResolution == SVPU_CODEC_DYNAMIC_RESOLUTION &&
              kWholeBlocks == SVPU_CODEC_WHOLE_BLOCKS);
static_assert(static_cast<uint32_t>(Role::kStatelessDecoder) == SVPU_STATELESS_DECODER);
static_assert(static_cast<uint32_t>(FrameType::kB) == SVPU_FRAME_B);
static_assert(static_cast<uint32_t>(FrameField::kInterlacedBottomFirst) == SVPU_FIELD_BOTTOM_FIRST);
static_assert(static_cast<uint32_t>(ControlType::kButton) == SVPU_CONTROL_BUTTON);
static_assert(kMaxPlanes == SVPU_MAX_PLANES);
static_assert(static_cast<uint32_t>(Side::kOutput) == SVPU_OUTPUT && static_cast<uint32_t>(Side::kParameters) == SVPU_PARAMETERS);

std::vector<msg::Body> messages_of(const CodecInfo& codec) {
  msg::Codec head;
  head.role = codec.role;
  head.coded = static_cast<uint32_t>(codec.coded);
  head.flags = codec.flags;
  head.min_output_buffers = codec.min_output_buffers;
  head.min_width = codec.sizes.min.width;
  head.min_height = codec.sizes.min.height;
  head.max_width = codec.sizes.max.width;
  head.max_height = codec.sizes.max.height;
  head.step_width = codec.sizes.step.width;
  head.step_height = codec.sizes.step.height;
  head.min_interval_num = codec.min_interval.numerator;
  head.min_interval_den = codec.min_interval.denominator;
  head.max_interval_num = codec.max_interval.numerator;
  head.max_interval_den = codec.max_interval.denominator;
  std::vector<msg::Body> out{head};
  // What core/frame_layout.c gives every raw format. An encoder takes pictures as clients lay them out.
  const bool writes = codec.role != Role::kEncoder;
  for (const FourCC raw : codec.raw) {
    out.emplace_back(msg::RawFormat{.fourcc = static_cast<uint32_t>(raw),
                                    .width_align = writes ? SVPU_BLOCK : 1,
                                    .height_align = writes ? SVPU_BLOCK : 1,
                                    .stride_align = 1,
                                    .tail_lines = writes ? SVPU_TAIL_LINES : 0});
  }
  for (const ControlInfo& control : codec.controls) out.emplace_back(message_of(control));
  return out;
}

CodecInfo value_of(const msg::Codec& message) {
  CodecInfo codec;
  codec.role = message.role;
  codec.coded = static_cast<FourCC>(message.coded);
  codec.flags = message.flags & kKnownCodecFlags;
  codec.sizes.min = {message.min_width, message.min_height};
  codec.sizes.max = {message.max_width, message.max_height};
  codec.sizes.step = {message.step_width, message.step_height};
  codec.min_output_buffers = message.min_output_buffers;
  codec.min_interval = {message.min_interval_num, message.min_interval_den};
  codec.max_interval = {message.max_interval_num, message.max_interval_den};
  return codec;
}

ControlInfo value_of(const msg::Control& message) {
  return {.id = message.id,
          .type = static_cast<ControlType>(message.type),
          .read_only = (message.flags & SVPU_CONTROL_READ_ONLY) != 0,
          .minimum = message.minimum,
          .maximum = message.maximum,
          .default_value = message.default_value,
          .step = message.step,
          .items = message.items,
          .name = message.name};
}

msg::Control message_of(const ControlInfo& control) {
  return {.id = control.id,
          .type = static_cast<uint32_t>(control.type),
          .flags = control.read_only ? SVPU_CONTROL_READ_ONLY : 0,
          .minimum = control.minimum,
          .maximum = control.maximum,
          .default_value = control.default_value,
          .step = control.step,
          .items = control.items,
          .name = control.name};
}

msg::FormatChanged message_of(const StreamFormat& format, bool initial) {
  msg::FormatChanged message;
  message.initial = initial;
  message.interlaced = format.interlaced;
  message.coded_width = format.coded.width;
  message.coded_height = format.coded.height;
  message.visible_left = format.visible.left;
  message.visible_top = format.visible.top;
  message.visible_width = format.visible.width;
  message.visible_height = format.visible.height;
  message.bit_depth = format.bit_depth;
  message.chroma = format.chroma;
  message.native = static_cast<uint32_t>(format.native);
  message.min_output_buffers = format.min_output_buffers;
  message.pixel_aspect_num = format.pixel_aspect_num;
  message.pixel_aspect_den = format.pixel_aspect_den;
  message.colorspace = format.colour.colorspace;
  message.xfer_func = format.colour.xfer_func;
  message.ycbcr_enc = format.colour.ycbcr_enc;
  message.quantization = format.colour.quantization;
  return message;
}

StreamFormat value_of(const msg::FormatChanged& message) {
  StreamFormat format;
  format.coded = {message.coded_width, message.coded_height};
  format.visible = {message.visible_left, message.visible_top, message.visible_width, message.visible_height};
  format.bit_depth = static_cast<uint8_t>(message.bit_depth);
  format.chroma = static_cast<uint8_t>(message.chroma);
  format.interlaced = message.interlaced;
  format.colour = {message.colorspace, message.xfer_func, message.ycbcr_enc, message.quantization};
  format.min_output_buffers = message.min_output_buffers;
  format.pixel_aspect_num = message.pixel_aspect_num;
  format.pixel_aspect_den = message.pixel_aspect_den;
  format.native = static_cast<FourCC>(message.native);
  return format;
}

WireStatus status_of(DoneStatus status) {
  switch (status) {
    case DoneStatus::kOk:
      return WireStatus::kOk;
    case DoneStatus::kError:
      return WireStatus::kDataError;
    case DoneStatus::kCancelled:
      return WireStatus::kCancelled;
    case DoneStatus::kTooSmall:
      return WireStatus::kTooSmall;
  }
  return WireStatus::kInternal;
}

DoneStatus status_of(WireStatus status) {
  switch (status) {
    case WireStatus::kOk:
      return DoneStatus::kOk;
    case WireStatus::kCancelled:
      return DoneStatus::kCancelled;
    case WireStatus::kTooSmall:
      return DoneStatus::kTooSmall;
    default:
      return DoneStatus::kError;
  }
}

msg::OutputDone message_of(const OutputDone& done) {
  return {.status = status_of(done.status),
          .has_tag = done.has_tag,
          .frame_type = static_cast<uint32_t>(done.type),
          .field = static_cast<uint32_t>(done.field),
          .tag = static_cast<uint64_t>(done.tag),
          .bytes_used = done.bytes_used,
          .in_place = done.in_place};
}

OutputDone value_of(Cookie cookie, const msg::OutputDone& message) {
  OutputDone done{.cookie = cookie, .status = status_of(message.status)};
  if (done.status == DoneStatus::kCancelled) return done;
  done.has_tag = message.has_tag;
  done.in_place = message.in_place;
  done.tag = Tag{message.tag};
  done.type = static_cast<FrameType>(message.frame_type);
  done.field = static_cast<FrameField>(message.field);
  done.bytes_used = message.bytes_used;
  return done;
}

cmd::SetLayout command_of(const FrameLayout& layout) {
  cmd::SetLayout command;
  command.fourcc = static_cast<uint32_t>(layout.fourcc);
  command.width = layout.size.width;
  command.height = layout.size.height;
  command.memory_planes = layout.memory_planes;
  command.components = layout.components;
  command.stride = layout.stride;
  command.offset = layout.offset;
  command.component_plane = layout.component_plane;
  command.plane_size = layout.plane_size;
  command.room_width = layout.room.width;
  command.room_height = layout.room.height;
  return command;
}

FrameLayout value_of(const cmd::SetLayout& command) {
  FrameLayout layout;
  layout.fourcc = static_cast<FourCC>(command.fourcc);
  layout.size = {command.width, command.height};
  layout.memory_planes = command.memory_planes;
  layout.components = command.components;
  layout.stride = command.stride;
  layout.offset = command.offset;
  layout.component_plane = command.component_plane;
  layout.plane_size = command.plane_size;
  layout.room = {command.room_width, command.room_height};
  return layout;
}

}  // namespace softvpu::hfi
