// SPDX-License-Identifier: LGPL-2.1-or-later
// Commands and messages as ring entries and back: see messages.h. Each pass over
// core/entry_commands.h and core/entry_messages.h makes one function for each type. Serialising
// validates nothing: tests play hostile peers with it.
#include "hfi/messages.h"

#include <algorithm>

namespace softvpu::hfi {
namespace {

// ---- values -> entries ----

svpu_entry& head(svpu_entry& wire) { return wire; }
template <typename Wire>
svpu_entry& head(Wire& wire) {
  return wire.entry;
}

template <typename Wire>
Entry entry_of(uint16_t type, uint64_t cookie, Wire wire) {
  head(wire).type = type;
  head(wire).size = sizeof(Wire);
  head(wire).cookie = cookie;
  Entry entry;
  entry.set(wire);
  return entry;
}

Entry entry_of(const Unknown& body, uint64_t cookie) { return entry_of(body.type, cookie, svpu_entry{}); }

template <size_t N>
void put_text(char (&field)[N], std::string_view text) {
  std::copy_n(text.data(), std::min(N, text.size()), field);
}

#define SVPU_U32(member, least, most, what) wire.member = in.member;
#define SVPU_S32(member) wire.member = in.member;
#define SVPU_U64(member) wire.member = in.member;
#define SVPU_S64(member) wire.member = in.member;
#define SVPU_ENUM(member, Type, most, what) wire.member = static_cast<uint32_t>(in.member);
#define SVPU_CONST(member, value, what) wire.member = (value);
#define SVPU_STATUS(member) wire.member = static_cast<uint32_t>(in.member);
#define SVPU_FLAG(member, name, bit) wire.member |= in.name ? (bit) : 0;
#define SVPU_BUFFER(index, generation) \
  wire.index = in.buffer.index;        \
  wire.generation = in.buffer.generation;
#define SVPU_TEXT(member) put_text(wire.member, in.member);
#define SVPU_STRUCT(member, type) wire.member = in.member;
#define SVPU_ARRAY(member, type, count) std::copy(in.member.begin(), in.member.end(), &wire.member[0]);
#include "core/entry_begin.h"

#undef SVPU_ENTRY
#undef SVPU_ENTRY_END
#define SVPU_ENTRY(name, Name, wire_type)                                 \
  Entry entry_of([[maybe_unused]] const cmd::Name& in, uint64_t cookie) { \
    constexpr uint16_t kType = SVPU_CMD_##name;                           \
    struct wire_type wire {};
#define SVPU_ENTRY_END                  \
  return entry_of(kType, cookie, wire); \
  }
#include "core/entry_commands.h"
#undef SVPU_ENTRY
#define SVPU_ENTRY(name, Name, wire_type)                                 \
  Entry entry_of([[maybe_unused]] const msg::Name& in, uint64_t cookie) { \
    constexpr uint16_t kType = SVPU_MSG_##name;                           \
    struct wire_type wire {};
#include "core/entry_messages.h"
#include "core/entry_undef.h"

// ---- entries -> values ----

#define SVPU_U32(member, least, most, what) out.member = wire.member;
#define SVPU_S32(member) out.member = wire.member;
#define SVPU_U64(member) out.member = wire.member;
#define SVPU_S64(member) out.member = wire.member;
#define SVPU_ENUM(member, Type, most, what) out.member = static_cast<Type>(wire.member);
#define SVPU_STATUS(member) out.member = static_cast<WireStatus>(wire.member);
#define SVPU_FLAG(member, name, bit) out.name = (wire.member & (bit)) != 0;
#define SVPU_BUFFER(index, generation) out.buffer = {wire.index, wire.generation};
#define SVPU_TEXT(member) out.member = printable(std::string_view(wire.member, sizeof(wire.member)));
#define SVPU_STRUCT(member, type) out.member = wire.member;
#define SVPU_ARRAY(member, type, count) std::copy_n(&wire.member[0], (count), out.member.begin());
#include "core/entry_begin.h"

#undef SVPU_ENTRY
#undef SVPU_ENTRY_END
#define SVPU_ENTRY(name, Name, wire_type)                            \
  void read(const Entry& entry, cmd::Name& out) {                    \
    [[maybe_unused]] const auto wire = entry.as<struct wire_type>(); \
    (void)out;
#define SVPU_ENTRY_END }
#include "core/entry_commands.h"
#undef SVPU_ENTRY
#define SVPU_ENTRY(name, Name, wire_type)                            \
  void read(const Entry& entry, msg::Name& out) {                    \
    [[maybe_unused]] const auto wire = entry.as<struct wire_type>(); \
    (void)out;
#include "core/entry_messages.h"
#include "core/entry_undef.h"

// Of an entry whose form is good.
void read_body(const Entry& entry, cmd::Body& out) {
  switch (entry.header().type) {
#define SVPU_ENTRY(name, Name, wire)       \
  case SVPU_CMD_##name:                    \
    read(entry, out.emplace<cmd::Name>()); \
    break;
#include "core/entry_begin.h"
#include "core/entry_commands.h"
#include "core/entry_undef.h"
    default:
      out = Unknown{entry.header().type};
  }
}

void read_body(const Entry& entry, msg::Body& out) {
  switch (entry.header().type) {
#define SVPU_ENTRY(name, Name, wire)       \
  case SVPU_MSG_##name:                    \
    read(entry, out.emplace<msg::Name>()); \
    break;
#include "core/entry_begin.h"
#include "core/entry_messages.h"
#include "core/entry_undef.h"
    default:
      out = Unknown{entry.header().type};
  }
}

template <typename Parsed>
Result<Parsed> parsed(const Entry& entry) {
  Result<Parsed> out;
  out->cookie = entry.header().cookie;
  read_body(entry, out->body);
  return out;
}

Unexpected malformed(const svpu_complaint& why) {
  return fail(EBADMSG, std::string(why.type) + ": " + why.what + " (got " + std::to_string(why.got) + ")");
}

}  // namespace

Result<Command> parse_command(const Entry& entry) {
  svpu_complaint why;
  if (svpu_check_command(entry.bytes, &why) == SVPU_FORM_MALFORMED) return malformed(why);
  return parsed<Command>(entry);
}

Result<Message> parse_message(const Entry& entry) {
  svpu_complaint why;
  if (svpu_check_message(entry.bytes, &why) == SVPU_FORM_MALFORMED) return malformed(why);
  return parsed<Message>(entry);
}

Entry serialize(const Command& command) {
  return std::visit([&](const auto& body) { return entry_of(body, command.cookie); }, command.body);
}

Entry serialize(const Message& message) {
  return std::visit([&](const auto& body) { return entry_of(body, message.cookie); }, message.body);
}

cmd::QueueInput coded_input(BufferName buffer, uint32_t offset, uint32_t bytes, uint64_t tag) {
  cmd::QueueInput input;
  input.buffer = buffer;
  input.num_planes = 1;
  input.plane[0] = {offset, bytes};
  input.tag = tag;
  return input;
}

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\0') break;
    out.push_back(c >= ' ' && c <= '~' ? c : '.');
  }
  return out;
}

}  // namespace softvpu::hfi
