// SPDX-License-Identifier: LGPL-2.1-or-later
// Messages from the firmware as checked values: every size, enum and count of struct svpu_msg_* before anybody uses it.
// Called by HostPort on a private copy of the entry. What depends on the session (cookies, plane lengths) is checked in vpu.
#include "hfi/parse.h"

namespace softvpu::hfi {
namespace {

using ParsedMessage = Result<msg::Body>;

// A fixed text field, terminated or not.
template <size_t N>
std::string text_of(const char (&field)[N]) {
  return printable(std::string_view(field, N));
}

ParsedMessage parse_ready(const svpu_msg_ready& wire) {
  return msg::Ready{wire.version, wire.jail, text_of(wire.name).substr(0, sizeof(wire.name) - 1)};
}

Result<msg::Menu> parse_menu(const svpu_menu& wire) {
  if (wire.default_item < 0 || wire.default_item > 63) return malformed("CAPABILITY: menu default not 0..63", wire.id);
  if ((wire.supported_items >> wire.default_item & 1) == 0) return malformed("CAPABILITY: menu default isn't supported", wire.id);
  return msg::Menu{wire.id, wire.default_item, wire.supported_items};
}

ParsedMessage parse_capability(const svpu_msg_capability& wire) {
  if (!valid_role(wire.role)) return malformed("CAPABILITY: unknown role", wire.role);
  if (wire.coded == 0) return malformed("CAPABILITY: no coded format", 0);
  if (wire.min_output_buffers > kMaxNeededBuffers) return malformed("CAPABILITY: more than 32 buffers", wire.min_output_buffers);
  if (wire.min_width == 0 || wire.min_width > wire.max_width || wire.max_width > kMaxPixels)
    return malformed("CAPABILITY: widths aren't 1 <= min <= max <= 65536", wire.max_width);
  if (wire.min_height == 0 || wire.min_height > wire.max_height || wire.max_height > kMaxPixels)
    return malformed("CAPABILITY: heights aren't 1 <= min <= max <= 65536", wire.max_height);
  if (wire.step_width == 0 || wire.step_width > kMaxPixels) return malformed("CAPABILITY: width step", wire.step_width);
  if (wire.step_height == 0 || wire.step_height > kMaxPixels) return malformed("CAPABILITY: height step", wire.step_height);
  if (wire.num_raw == 0 || wire.num_raw > SVPU_MAX_RAW_FORMATS)
    return malformed("CAPABILITY: not 1..8 raw formats", wire.num_raw);
  if (wire.num_menus > SVPU_MAX_MENUS) return malformed("CAPABILITY: more than 4 menus", wire.num_menus);
  msg::Capability out;
  out.role = static_cast<Role>(wire.role);
  out.coded = wire.coded;
  out.flags = wire.flags;
  out.min_output_buffers = wire.min_output_buffers;
  out.min_width = wire.min_width;
  out.min_height = wire.min_height;
  out.max_width = wire.max_width;
  out.max_height = wire.max_height;
  out.step_width = wire.step_width;
  out.step_height = wire.step_height;
  for (uint32_t i = 0; i < wire.num_raw; ++i) {
    if (wire.raw[i] == 0) return malformed("CAPABILITY: empty raw format at", i);
    out.raw.push_back(wire.raw[i]);
  }
  for (uint32_t i = 0; i < wire.num_menus; ++i) {
    auto menu = parse_menu(wire.menu[i]);
    if (!menu) return Unexpected(menu.error());
    out.menus.push_back(*menu);
  }
  return out;
}

// `start` + `length` lies in [0, limit).
bool inside(int32_t start, uint32_t length, uint32_t limit) {
  return start >= 0 && length > 0 && length <= limit && static_cast<uint32_t>(start) <= limit - length;
}

ParsedMessage parse_format_changed(const svpu_msg_format_changed& wire) {
  if (wire.coded_width == 0 || wire.coded_width > kMaxPixels) return malformed("FORMAT_CHANGED: coded width", wire.coded_width);
  if (wire.coded_height == 0 || wire.coded_height > kMaxPixels)
    return malformed("FORMAT_CHANGED: coded height", wire.coded_height);
  if (!inside(wire.visible_left, wire.visible_width, wire.coded_width))
    return malformed("FORMAT_CHANGED: visible columns aren't inside the coded ones", wire.visible_width);
  if (!inside(wire.visible_top, wire.visible_height, wire.coded_height))
    return malformed("FORMAT_CHANGED: visible lines aren't inside the coded ones", wire.visible_height);
  if (wire.bit_depth == 0 || wire.bit_depth > 16) return malformed("FORMAT_CHANGED: bit depth not 1..16", wire.bit_depth);
  if (wire.chroma > 3) return malformed("FORMAT_CHANGED: unknown chroma format", wire.chroma);
  if (wire.min_output_buffers == 0 || wire.min_output_buffers > kMaxNeededBuffers)
    return malformed("FORMAT_CHANGED: not 1..32 buffers", wire.min_output_buffers);
  if (wire.pixel_aspect_num == 0 || wire.pixel_aspect_den == 0) return malformed("FORMAT_CHANGED: pixel aspect", 0);
  if (wire.colorspace > 255 || wire.xfer_func > 255 || wire.ycbcr_enc > 255 || wire.quantization > 255)
    return malformed("FORMAT_CHANGED: colour number above 255", wire.colorspace);
  msg::FormatChanged out;
  out.initial = (wire.flags & SVPU_FORMAT_INITIAL) != 0;
  out.interlaced = (wire.flags & SVPU_FORMAT_INTERLACED) != 0;
  out.coded_width = wire.coded_width;
  out.coded_height = wire.coded_height;
  out.visible_left = wire.visible_left;
  out.visible_top = wire.visible_top;
  out.visible_width = wire.visible_width;
  out.visible_height = wire.visible_height;
  out.bit_depth = wire.bit_depth;
  out.chroma = wire.chroma;
  out.native = wire.native;
  out.min_output_buffers = wire.min_output_buffers;
  out.pixel_aspect_num = wire.pixel_aspect_num;
  out.pixel_aspect_den = wire.pixel_aspect_den;
  out.colorspace = wire.colorspace;
  out.xfer_func = wire.xfer_func;
  out.ycbcr_enc = wire.ycbcr_enc;
  out.quantization = wire.quantization;
  return out;
}

ParsedMessage parse_configured(const svpu_msg_status& wire) {
  if (!valid_status(wire.status)) return malformed("CONFIGURED: unknown status", wire.status);
  return msg::Configured{static_cast<WireStatus>(wire.status)};
}

ParsedMessage parse_drained(const svpu_msg_status& wire) {
  if (!valid_status(wire.status)) return malformed("DRAINED: unknown status", wire.status);
  return msg::Drained{static_cast<WireStatus>(wire.status)};
}

ParsedMessage parse_input_done(const svpu_msg_status& wire) {
  if (wire.entry.cookie == 0) return malformed("INPUT_DONE: cookie 0", 0);
  if (!valid_status(wire.status)) return malformed("INPUT_DONE: unknown status", wire.status);
  return msg::InputDone{static_cast<WireStatus>(wire.status)};
}

ParsedMessage parse_output_done(const svpu_msg_output_done& wire) {
  if (wire.entry.cookie == 0) return malformed("OUTPUT_DONE: cookie 0", 0);
  if (!valid_status(wire.status)) return malformed("OUTPUT_DONE: unknown status", wire.status);
  if (wire.frame_type > 3) return malformed("OUTPUT_DONE: unknown frame type", wire.frame_type);
  if (wire.field > 2) return malformed("OUTPUT_DONE: unknown field order", wire.field);
  msg::OutputDone out;
  out.status = static_cast<WireStatus>(wire.status);
  out.has_tag = (wire.flags & SVPU_FRAME_HAS_TAG) != 0;
  out.frame_type = wire.frame_type;
  out.field = wire.field;
  out.tag = wire.tag;
  for (uint32_t i = 0; i < SVPU_MAX_PLANES; ++i) out.bytes_used[i] = wire.bytes_used[i];
  return out;
}

ParsedMessage parse_flushed(const svpu_msg_flushed& wire) {
  if (!valid_direction(wire.direction)) return malformed("FLUSHED: unknown direction", wire.direction);
  return msg::Flushed{static_cast<Direction>(wire.direction), wire.generation};
}

ParsedMessage parse_unmapped(const svpu_msg_unmapped& wire) {
  if (!valid_direction(wire.direction)) return malformed("UNMAPPED: unknown direction", wire.direction);
  const BufferName name{wire.index, wire.generation};
  if (!valid_name(name)) return malformed("UNMAPPED: no buffer has that name; index", wire.index);
  return msg::Unmapped{static_cast<Direction>(wire.direction), name};
}

template <typename T>
ParsedMessage parse_error(const svpu_msg_error& wire) {
  if (!valid_status(wire.status)) return malformed("error message: unknown status", wire.status);
  return T{static_cast<WireStatus>(wire.status), text_of(wire.text)};
}

ParsedMessage parse_text(const svpu_msg_text& wire) { return msg::DebugText{text_of(wire.text)}; }

template <typename Wire, ParsedMessage (*parse)(const Wire&)>
ParsedMessage sized(const Entry& entry) {
  if (!has_size_of<Wire>(entry.header())) return malformed("message of a wrong size", entry.header().size);
  return parse(entry.as<Wire>());
}

template <typename T>
ParsedMessage bare(const Entry& entry) {
  if (!has_size_of<svpu_entry>(entry.header())) return malformed("message of a wrong size", entry.header().size);
  return T{};
}

ParsedMessage parse_body(const Entry& entry) {
  switch (entry.header().type) {
    case SVPU_MSG_READY:
      return sized<svpu_msg_ready, parse_ready>(entry);
    case SVPU_MSG_CAPABILITY:
      return sized<svpu_msg_capability, parse_capability>(entry);
    case SVPU_MSG_CAPABILITIES_END:
      return bare<msg::CapabilitiesEnd>(entry);
    case SVPU_MSG_CONFIGURED:
      return sized<svpu_msg_status, parse_configured>(entry);
    case SVPU_MSG_FORMAT_CHANGED:
      return sized<svpu_msg_format_changed, parse_format_changed>(entry);
    case SVPU_MSG_INPUT_DONE:
      return sized<svpu_msg_status, parse_input_done>(entry);
    case SVPU_MSG_OUTPUT_DONE:
      return sized<svpu_msg_output_done, parse_output_done>(entry);
    case SVPU_MSG_DRAINED:
      if (has_size_of<svpu_entry>(entry.header())) return msg::Drained{};
      return sized<svpu_msg_status, parse_drained>(entry);
    case SVPU_MSG_FLUSHED:
      return sized<svpu_msg_flushed, parse_flushed>(entry);
    case SVPU_MSG_PONG:
      return bare<msg::Pong>(entry);
    case SVPU_MSG_SESSION_ERROR:
      return sized<svpu_msg_error, parse_error<msg::SessionError>>(entry);
    case SVPU_MSG_SYSTEM_ERROR:
      return sized<svpu_msg_error, parse_error<msg::SystemError>>(entry);
    case SVPU_MSG_DEBUG_TEXT:
      return sized<svpu_msg_text, parse_text>(entry);
    case SVPU_MSG_UNMAPPED:
      return sized<svpu_msg_unmapped, parse_unmapped>(entry);
    default:
      return Unknown{entry.header().type};
  }
}

}  // namespace

Result<Message> parse_message(const Entry& entry) {
  auto body = parse_body(entry);
  if (!body) return Unexpected(body.error());
  return Message{entry.header().cookie, std::move(*body)};
}

}  // namespace softvpu::hfi
