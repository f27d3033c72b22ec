// SPDX-License-Identifier: LGPL-2.1-or-later
// Commands and messages as ring entries. Nothing is judged here: the reader parses, and tests play hostile peers with it.
#include <algorithm>

#include "hfi/messages.h"

namespace softvpu::hfi {
namespace {

template <typename Wire>
Wire start(uint16_t type, uint64_t cookie) {
  Wire wire{};
  wire.entry.type = type;
  wire.entry.size = sizeof(Wire);
  wire.entry.cookie = cookie;
  return wire;
}

template <typename Wire>
Entry finish(const Wire& wire) {
  Entry entry;
  entry.set(wire);
  return entry;
}

Entry bare(uint16_t type, uint64_t cookie) {
  svpu_entry header{};
  header.type = type;
  header.size = sizeof(header);
  header.cookie = cookie;
  return finish(header);
}

template <size_t N>
void put_text(char (&field)[N], std::string_view text) {
  std::copy_n(text.data(), std::min(N, text.size()), field);
}

Entry wire_of(const Unknown& body, uint64_t cookie) { return bare(body.type, cookie); }

Entry wire_of(const cmd::QueryCapabilities&, uint64_t cookie) { return bare(SVPU_CMD_QUERY_CAPABILITIES, cookie); }
Entry wire_of(const cmd::Start&, uint64_t cookie) { return bare(SVPU_CMD_START, cookie); }
Entry wire_of(const cmd::Drain&, uint64_t cookie) { return bare(SVPU_CMD_DRAIN, cookie); }
Entry wire_of(const cmd::Resume&, uint64_t cookie) { return bare(SVPU_CMD_RESUME, cookie); }
Entry wire_of(const cmd::ReturnOutput&, uint64_t cookie) { return bare(SVPU_CMD_RETURN_OUTPUT, cookie); }
Entry wire_of(const cmd::Ping&, uint64_t cookie) { return bare(SVPU_CMD_PING, cookie); }
Entry wire_of(const cmd::Abort&, uint64_t cookie) { return bare(SVPU_CMD_ABORT, cookie); }
Entry wire_of(const cmd::Crash&, uint64_t cookie) { return bare(SVPU_CMD_CRASH, cookie); }

Entry wire_of(const cmd::Configure& body, uint64_t cookie) {
  auto wire = start<svpu_cmd_configure>(SVPU_CMD_CONFIGURE, cookie);
  wire.role = static_cast<uint32_t>(body.role);
  wire.coded = body.coded;
  wire.width_hint = body.width_hint;
  wire.height_hint = body.height_hint;
  wire.threads = body.threads;
  wire.flags = body.test ? SVPU_CONFIG_TEST : 0;
  return finish(wire);
}

Entry wire_of(const cmd::SetControl& body, uint64_t cookie) {
  auto wire = start<svpu_cmd_set_control>(SVPU_CMD_SET_CONTROL, cookie);
  wire.id = body.id;
  wire.value = body.value;
  return finish(wire);
}

Entry wire_of(const cmd::MapBuffer& body, uint64_t cookie) {
  auto wire = start<svpu_cmd_map_buffer>(SVPU_CMD_MAP_BUFFER, cookie);
  wire.direction = static_cast<uint32_t>(body.direction);
  wire.index = body.buffer.index;
  wire.generation = body.buffer.generation;
  wire.num_planes = body.num_planes;
  for (uint32_t i = 0; i < SVPU_MAX_PLANES; ++i)
    wire.plane[i] = {body.plane[i].offset, body.plane[i].length, body.plane[i].mapped_length};
  return finish(wire);
}

svpu_cmd_buffer buffer_command(uint16_t type, uint64_t cookie, Direction direction, const BufferName& buffer) {
  auto wire = start<svpu_cmd_buffer>(type, cookie);
  wire.direction = static_cast<uint32_t>(direction);
  wire.index = buffer.index;
  wire.generation = buffer.generation;
  return wire;
}

Entry wire_of(const cmd::UnmapBuffer& body, uint64_t cookie) {
  return finish(buffer_command(SVPU_CMD_UNMAP_BUFFER, cookie, body.direction, body.buffer));
}

Entry wire_of(const cmd::QueueOutput& body, uint64_t cookie) {
  return finish(buffer_command(SVPU_CMD_QUEUE_OUTPUT, cookie, Direction::kOutput, body.buffer));
}

Entry wire_of(const cmd::SetLayout& body, uint64_t cookie) {
  auto wire = start<svpu_cmd_set_layout>(SVPU_CMD_SET_LAYOUT, cookie);
  wire.fourcc = body.fourcc;
  wire.width = body.width;
  wire.height = body.height;
  wire.memory_planes = body.memory_planes;
  wire.components = body.components;
  std::copy(body.stride.begin(), body.stride.end(), wire.stride);
  std::copy(body.offset.begin(), body.offset.end(), wire.offset);
  std::copy(body.component_plane.begin(), body.component_plane.end(), wire.component_plane);
  std::copy(body.plane_size.begin(), body.plane_size.end(), wire.plane_size);
  return finish(wire);
}

Entry wire_of(const cmd::QueueInput& body, uint64_t cookie) {
  auto wire = start<svpu_cmd_queue_input>(SVPU_CMD_QUEUE_INPUT, cookie);
  wire.index = body.buffer.index;
  wire.generation = body.buffer.generation;
  wire.offset = body.offset;
  wire.bytes = body.bytes;
  wire.tag = body.tag;
  return finish(wire);
}

Entry wire_of(const cmd::Flush& body, uint64_t cookie) {
  auto wire = start<svpu_cmd_flush>(SVPU_CMD_FLUSH, cookie);
  wire.direction = static_cast<uint32_t>(body.direction);
  wire.generation = body.generation;
  return finish(wire);
}

Entry wire_of(const msg::CapabilitiesEnd&, uint64_t cookie) { return bare(SVPU_MSG_CAPABILITIES_END, cookie); }
Entry wire_of(const msg::Pong&, uint64_t cookie) { return bare(SVPU_MSG_PONG, cookie); }

Entry wire_of(const msg::Drained& body, uint64_t cookie) {
  if (body.status == WireStatus::kOk) return bare(SVPU_MSG_DRAINED, cookie);
  auto wire = start<svpu_msg_status>(SVPU_MSG_DRAINED, cookie);
  wire.status = static_cast<uint32_t>(body.status);
  return finish(wire);
}

Entry wire_of(const msg::Ready& body, uint64_t cookie) {
  auto wire = start<svpu_msg_ready>(SVPU_MSG_READY, cookie);
  wire.version = body.version;
  wire.jail = body.jail;
  put_text(wire.name, std::string_view(body.name).substr(0, sizeof(wire.name) - 1));
  return finish(wire);
}

Entry wire_of(const msg::Capability& body, uint64_t cookie) {
  auto wire = start<svpu_msg_capability>(SVPU_MSG_CAPABILITY, cookie);
  wire.role = static_cast<uint32_t>(body.role);
  wire.coded = body.coded;
  wire.flags = body.flags;
  wire.min_output_buffers = body.min_output_buffers;
  wire.min_width = body.min_width;
  wire.min_height = body.min_height;
  wire.max_width = body.max_width;
  wire.max_height = body.max_height;
  wire.step_width = body.step_width;
  wire.step_height = body.step_height;
  wire.num_raw = static_cast<uint32_t>(body.raw.size());
  wire.num_menus = static_cast<uint32_t>(body.menus.size());
  std::copy_n(body.raw.begin(), std::min<size_t>(body.raw.size(), SVPU_MAX_RAW_FORMATS), wire.raw);
  for (size_t i = 0; i < std::min<size_t>(body.menus.size(), SVPU_MAX_MENUS); ++i)
    wire.menu[i] = {body.menus[i].id, body.menus[i].default_item, body.menus[i].supported_items};
  return finish(wire);
}

svpu_msg_status status_message(uint16_t type, uint64_t cookie, WireStatus status) {
  auto wire = start<svpu_msg_status>(type, cookie);
  wire.status = static_cast<uint32_t>(status);
  return wire;
}

Entry wire_of(const msg::Configured& body, uint64_t cookie) {
  return finish(status_message(SVPU_MSG_CONFIGURED, cookie, body.status));
}
Entry wire_of(const msg::InputDone& body, uint64_t cookie) {
  return finish(status_message(SVPU_MSG_INPUT_DONE, cookie, body.status));
}

Entry wire_of(const msg::FormatChanged& body, uint64_t cookie) {
  auto wire = start<svpu_msg_format_changed>(SVPU_MSG_FORMAT_CHANGED, cookie);
  wire.flags = (body.initial ? SVPU_FORMAT_INITIAL : 0) | (body.interlaced ? SVPU_FORMAT_INTERLACED : 0);
  wire.coded_width = body.coded_width;
  wire.coded_height = body.coded_height;
  wire.visible_left = body.visible_left;
  wire.visible_top = body.visible_top;
  wire.visible_width = body.visible_width;
  wire.visible_height = body.visible_height;
  wire.bit_depth = body.bit_depth;
  wire.chroma = body.chroma;
  wire.native = body.native;
  wire.min_output_buffers = body.min_output_buffers;
  wire.pixel_aspect_num = body.pixel_aspect_num;
  wire.pixel_aspect_den = body.pixel_aspect_den;
  wire.colorspace = body.colorspace;
  wire.xfer_func = body.xfer_func;
  wire.ycbcr_enc = body.ycbcr_enc;
  wire.quantization = body.quantization;
  return finish(wire);
}

Entry wire_of(const msg::OutputDone& body, uint64_t cookie) {
  auto wire = start<svpu_msg_output_done>(SVPU_MSG_OUTPUT_DONE, cookie);
  wire.status = static_cast<uint32_t>(body.status);
  wire.flags = body.has_tag ? SVPU_FRAME_HAS_TAG : 0;
  wire.frame_type = body.frame_type;
  wire.field = body.field;
  wire.tag = body.tag;
  std::copy(body.bytes_used.begin(), body.bytes_used.end(), wire.bytes_used);
  return finish(wire);
}

Entry wire_of(const msg::Flushed& body, uint64_t cookie) {
  auto wire = start<svpu_msg_flushed>(SVPU_MSG_FLUSHED, cookie);
  wire.direction = static_cast<uint32_t>(body.direction);
  wire.generation = body.generation;
  return finish(wire);
}

Entry wire_of(const msg::Unmapped& body, uint64_t cookie) {
  auto wire = start<svpu_msg_unmapped>(SVPU_MSG_UNMAPPED, cookie);
  wire.direction = static_cast<uint32_t>(body.direction);
  wire.index = body.buffer.index;
  wire.generation = body.buffer.generation;
  return finish(wire);
}

Entry error_message(uint16_t type, uint64_t cookie, WireStatus status, std::string_view text) {
  auto wire = start<svpu_msg_error>(type, cookie);
  wire.status = static_cast<uint32_t>(status);
  put_text(wire.text, text);
  return finish(wire);
}

Entry wire_of(const msg::SessionError& body, uint64_t cookie) {
  return error_message(SVPU_MSG_SESSION_ERROR, cookie, body.status, body.text);
}
Entry wire_of(const msg::SystemError& body, uint64_t cookie) {
  return error_message(SVPU_MSG_SYSTEM_ERROR, cookie, body.status, body.text);
}

Entry wire_of(const msg::DebugText& body, uint64_t cookie) {
  auto wire = start<svpu_msg_text>(SVPU_MSG_DEBUG_TEXT, cookie);
  put_text(wire.text, body.text);
  return finish(wire);
}

}  // namespace

Entry serialize(const Command& command) {
  return std::visit([&](const auto& body) { return wire_of(body, command.cookie); }, command.body);
}

Entry serialize(const Message& message) {
  return std::visit([&](const auto& body) { return wire_of(body, message.cookie); }, message.body);
}

}  // namespace softvpu::hfi
