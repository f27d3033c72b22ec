// SPDX-License-Identifier: LGPL-2.1-or-later
// Commands from the host as checked values: every size, enum and count of struct svpu_cmd_* before anybody uses it.
// Called by FirmwareEndpoint on a private copy of the entry.
#include "hfi/parse.h"

namespace softvpu::hfi {
namespace {

using ParsedCommand = Result<cmd::Body>;

constexpr uint32_t kMaxBytes = 0x7fffffff;           // of one plane: V4L2 counts them in 32 bits, layouts in 31
constexpr uint32_t kMaxInputBytes = kMaxBytes - 64;  // codecs count in int, and read that many bytes past the end
constexpr uint32_t kMaxCodecThreads = 256;

bool valid_direction(uint32_t value) { return value == SVPU_INPUT || value == SVPU_OUTPUT; }

Result<BufferName> parse_name(uint32_t index, uint32_t generation) {
  const BufferName name{index, generation};
  if (index >= SVPU_MAX_BUFFERS) return malformed("buffer index is not below 64", index);
  if (generation == 0) return malformed("buffer generation 0 names nothing", generation);
  return name;
}

ParsedCommand parse_configure(const svpu_cmd_configure& wire) {
  if (wire.role > SVPU_CAPTURE) return malformed("CONFIGURE: unknown role", wire.role);
  if (wire.coded == 0) return malformed("CONFIGURE: no coded format", 0);
  if (wire.width_hint > SVPU_MAX_SIDE) return malformed("CONFIGURE: width hint above 65536", wire.width_hint);
  if (wire.height_hint > SVPU_MAX_SIDE) return malformed("CONFIGURE: height hint above 65536", wire.height_hint);
  if (wire.threads > kMaxCodecThreads) return malformed("CONFIGURE: more than 256 threads", wire.threads);
  cmd::Configure out;
  out.role = static_cast<Role>(wire.role);
  out.coded = wire.coded;
  out.width_hint = wire.width_hint;
  out.height_hint = wire.height_hint;
  out.threads = wire.threads;
  out.test = (wire.flags & SVPU_CONFIG_TEST) != 0;
  return out;
}

ParsedCommand parse_map(const svpu_cmd_map_buffer& wire) {
  if (!valid_direction(wire.direction)) return malformed("MAP_BUFFER: unknown direction", wire.direction);
  const auto name = parse_name(wire.index, wire.generation);
  if (!name) return Unexpected(name.error());
  if (wire.num_planes == 0 || wire.num_planes > SVPU_MAX_PLANES) return malformed("MAP_BUFFER: not 1..4 planes", wire.num_planes);
  cmd::MapBuffer out;
  out.direction = static_cast<Direction>(wire.direction);
  out.buffer = *name;
  out.num_planes = wire.num_planes;
  for (uint32_t i = 0; i < wire.num_planes; ++i) {
    const svpu_plane& plane = wire.plane[i];
    if (plane.offset % SVPU_PAGE != 0) return malformed("MAP_BUFFER: plane offset is not page aligned", plane.offset);
    if (plane.offset > INT64_MAX - uint64_t{UINT32_MAX})
      return malformed("MAP_BUFFER: plane offset is out of range", plane.offset);
    if (plane.length == 0 || plane.length > kMaxBytes) return malformed("MAP_BUFFER: plane length not 1..2^31-1", plane.length);
    if (plane.mapped_length < plane.length) return malformed("MAP_BUFFER: mapped length below length", plane.mapped_length);
    if (plane.mapped_length > kMaxBytes) return malformed("MAP_BUFFER: mapped length above 2^31-1", plane.mapped_length);
    out.plane[i] = {plane.offset, plane.length, plane.mapped_length};
  }
  return out;
}

ParsedCommand parse_unmap(const svpu_cmd_buffer& wire) {
  if (!valid_direction(wire.direction)) return malformed("UNMAP_BUFFER: unknown direction", wire.direction);
  const auto name = parse_name(wire.index, wire.generation);
  if (!name) return Unexpected(name.error());
  return cmd::UnmapBuffer{static_cast<Direction>(wire.direction), *name};
}

ParsedCommand parse_layout(const svpu_cmd_set_layout& wire) {
  if (wire.fourcc == 0) return malformed("SET_LAYOUT: no format", 0);
  if (wire.width == 0 || wire.width > SVPU_MAX_SIDE) return malformed("SET_LAYOUT: width not 1..65536", wire.width);
  if (wire.height == 0 || wire.height > SVPU_MAX_SIDE) return malformed("SET_LAYOUT: height not 1..65536", wire.height);
  if (wire.memory_planes == 0 || wire.memory_planes > SVPU_MAX_PLANES)
    return malformed("SET_LAYOUT: not 1..4 memory planes", wire.memory_planes);
  if (wire.components == 0 || wire.components > SVPU_MAX_PLANES)
    return malformed("SET_LAYOUT: not 1..4 components", wire.components);
  cmd::SetLayout out;
  out.fourcc = wire.fourcc;
  out.width = wire.width;
  out.height = wire.height;
  out.memory_planes = wire.memory_planes;
  out.components = wire.components;
  for (uint32_t i = 0; i < wire.memory_planes; ++i) {
    if (wire.plane_size[i] == 0 || wire.plane_size[i] > kMaxBytes)
      return malformed("SET_LAYOUT: plane size not 1..2^31-1", wire.plane_size[i]);
    out.plane_size[i] = wire.plane_size[i];
  }
  for (uint32_t i = 0; i < wire.components; ++i) {
    if (wire.stride[i] == 0 || wire.stride[i] > kMaxBytes) return malformed("SET_LAYOUT: stride not 1..2^31-1", wire.stride[i]);
    if (wire.component_plane[i] >= wire.memory_planes)
      return malformed("SET_LAYOUT: component in no plane", wire.component_plane[i]);
    if (wire.offset[i] >= wire.plane_size[wire.component_plane[i]])
      return malformed("SET_LAYOUT: component starts past its plane", wire.offset[i]);
    out.stride[i] = wire.stride[i];
    out.offset[i] = wire.offset[i];
    out.component_plane[i] = wire.component_plane[i];
  }
  return out;
}

ParsedCommand parse_queue_input(const svpu_cmd_queue_input& wire) {
  const auto name = parse_name(wire.index, wire.generation);
  if (!name) return Unexpected(name.error());
  if (wire.entry.cookie == 0) return malformed("QUEUE_INPUT: cookie 0", 0);
  if (wire.bytes > kMaxInputBytes) return malformed("QUEUE_INPUT: more than 2^31-65 bytes", wire.bytes);
  if (wire.offset > kMaxBytes - wire.bytes) return malformed("QUEUE_INPUT: offset + bytes above 2^31-1", wire.offset);
  return cmd::QueueInput{*name, wire.offset, wire.bytes, wire.tag};
}

ParsedCommand parse_queue_output(const svpu_cmd_buffer& wire) {
  if (wire.direction != SVPU_OUTPUT) return malformed("QUEUE_OUTPUT: direction is not output", wire.direction);
  const auto name = parse_name(wire.index, wire.generation);
  if (!name) return Unexpected(name.error());
  if (wire.entry.cookie == 0) return malformed("QUEUE_OUTPUT: cookie 0", 0);
  return cmd::QueueOutput{*name};
}

ParsedCommand parse_flush(const svpu_cmd_flush& wire) {
  if (!valid_direction(wire.direction)) return malformed("FLUSH: unknown direction", wire.direction);
  return cmd::Flush{static_cast<Direction>(wire.direction), wire.generation};
}

ParsedCommand parse_set_control(const svpu_cmd_set_control& wire) { return cmd::SetControl{wire.id, wire.value}; }

// The size is checked.
ParsedCommand parse_body(const Entry& entry) {
  switch (entry.header().type) {
    case SVPU_CMD_QUERY_CAPABILITIES:
      return cmd::QueryCapabilities{};
    case SVPU_CMD_CONFIGURE:
      return parse_configure(entry.as<svpu_cmd_configure>());
    case SVPU_CMD_SET_CONTROL:
      return parse_set_control(entry.as<svpu_cmd_set_control>());
    case SVPU_CMD_MAP_BUFFER:
      return parse_map(entry.as<svpu_cmd_map_buffer>());
    case SVPU_CMD_UNMAP_BUFFER:
      return parse_unmap(entry.as<svpu_cmd_buffer>());
    case SVPU_CMD_SET_LAYOUT:
      return parse_layout(entry.as<svpu_cmd_set_layout>());
    case SVPU_CMD_QUEUE_INPUT:
      return parse_queue_input(entry.as<svpu_cmd_queue_input>());
    case SVPU_CMD_QUEUE_OUTPUT:
      return parse_queue_output(entry.as<svpu_cmd_buffer>());
    case SVPU_CMD_START:
      return cmd::Start{};
    case SVPU_CMD_FLUSH:
      return parse_flush(entry.as<svpu_cmd_flush>());
    case SVPU_CMD_DRAIN:
      return cmd::Drain{};
    case SVPU_CMD_RESUME:
      return cmd::Resume{};
    case SVPU_CMD_RETURN_OUTPUT:
      return cmd::ReturnOutput{};
    case SVPU_CMD_PING:
      return cmd::Ping{};
    case SVPU_CMD_ABORT:
      return cmd::Abort{};
    case SVPU_CMD_CRASH:
      return cmd::Crash{};
    default:
      return Unknown{entry.header().type};
  }
}

}  // namespace

Result<Command> parse_command(const Entry& entry) {
  svpu_complaint why;
  if (svpu_check_command_size(entry.bytes, &why) == SVPU_FORM_MALFORMED) return malformed(why);
  auto body = parse_body(entry);
  if (!body) return Unexpected(body.error());
  return Command{entry.header().cookie, *body};
}

}  // namespace softvpu::hfi
