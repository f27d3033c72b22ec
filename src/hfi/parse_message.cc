// SPDX-License-Identifier: LGPL-2.1-or-later
// Messages from the firmware as checked values: core/message_check.h checks every size, enum and count of struct svpu_msg_*
// before anybody uses it. Called by HostPort on a private copy of the entry. What depends on the session (cookies, plane
// lengths) is checked in vpu.
#include "hfi/parse.h"

namespace softvpu::hfi {
namespace {

// A fixed text field, terminated or not.
template <size_t N>
std::string text_of(const char (&field)[N]) {
  return printable(std::string_view(field, N));
}

// Takes a checked status.
WireStatus status_of(uint32_t status) { return static_cast<WireStatus>(status); }

msg::Ready ready_of(const svpu_msg_ready& wire) {
  return {wire.version, wire.jail, text_of(wire.name).substr(0, sizeof(wire.name) - 1)};
}

msg::Capability capability_of(const svpu_msg_capability& wire) {
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
  out.raw.assign(wire.raw, wire.raw + wire.num_raw);
  for (uint32_t i = 0; i < wire.num_menus; ++i)
    out.menus.push_back({wire.menu[i].id, wire.menu[i].default_item, wire.menu[i].supported_items});
  return out;
}

msg::FormatChanged format_of(const svpu_msg_format_changed& wire) {
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

msg::OutputDone output_done_of(const svpu_msg_output_done& wire) {
  msg::OutputDone out;
  out.status = status_of(wire.status);
  out.has_tag = (wire.flags & SVPU_FRAME_HAS_TAG) != 0;
  out.frame_type = wire.frame_type;
  out.field = wire.field;
  out.tag = wire.tag;
  for (uint32_t i = 0; i < SVPU_MAX_PLANES; ++i) out.bytes_used[i] = wire.bytes_used[i];
  return out;
}

msg::Flushed flushed_of(const svpu_msg_flushed& wire) { return {static_cast<Direction>(wire.direction), wire.generation}; }

msg::Unmapped unmapped_of(const svpu_msg_unmapped& wire) {
  return {static_cast<Direction>(wire.direction), {wire.index, wire.generation}};
}

template <typename T>
T error_of(const svpu_msg_error& wire) {
  return {status_of(wire.status), text_of(wire.text)};
}

// The body of an entry that svpu_check_message() found good.
msg::Body body_of(const Entry& entry) {
  switch (entry.header().type) {
    case SVPU_MSG_READY:
      return ready_of(entry.as<svpu_msg_ready>());
    case SVPU_MSG_CAPABILITY:
      return capability_of(entry.as<svpu_msg_capability>());
    case SVPU_MSG_CAPABILITIES_END:
      return msg::CapabilitiesEnd{};
    case SVPU_MSG_CONFIGURED:
      return msg::Configured{status_of(entry.as<svpu_msg_status>().status)};
    case SVPU_MSG_FORMAT_CHANGED:
      return format_of(entry.as<svpu_msg_format_changed>());
    case SVPU_MSG_INPUT_DONE:
      return msg::InputDone{status_of(entry.as<svpu_msg_status>().status)};
    case SVPU_MSG_OUTPUT_DONE:
      return output_done_of(entry.as<svpu_msg_output_done>());
    case SVPU_MSG_DRAINED:  // 0, which is OK, where the entry has no status
      return msg::Drained{status_of(entry.as<svpu_msg_status>().status)};
    case SVPU_MSG_FLUSHED:
      return flushed_of(entry.as<svpu_msg_flushed>());
    case SVPU_MSG_PONG:
      return msg::Pong{};
    case SVPU_MSG_SESSION_ERROR:
      return error_of<msg::SessionError>(entry.as<svpu_msg_error>());
    case SVPU_MSG_SYSTEM_ERROR:
      return error_of<msg::SystemError>(entry.as<svpu_msg_error>());
    case SVPU_MSG_DEBUG_TEXT:
      return msg::DebugText{text_of(entry.as<svpu_msg_text>().text)};
    case SVPU_MSG_UNMAPPED:
      return unmapped_of(entry.as<svpu_msg_unmapped>());
    default:
      return Unknown{entry.header().type};
  }
}

}  // namespace

Result<Message> parse_message(const Entry& entry) {
  svpu_complaint why;
  if (svpu_check_message(entry.bytes, &why) == SVPU_FORM_MALFORMED) return malformed(why);
  return Message{entry.header().cookie, body_of(entry)};
}

}  // namespace softvpu::hfi
