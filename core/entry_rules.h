/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * Makes a struct svpu_rule of each entry of entry_commands.h and entry_messages.h: message_check.c's
 * definitions of what they are written in. A rule is a case of a switch over the entry's type.
 */
#define SVPU_MEMBER(of_kind, member)                                                        \
	.kind = (of_kind), .name = #member, .offset = offsetof(svpu_wire, member),          \
	.bytes = sizeof(((svpu_wire *)0)->member)

#define SVPU_U32(member, from, to, text) \
	{ SVPU_MEMBER(SVPU_KIND_U32, member), .least = (from), .most = (to), .what = (text) },
#define SVPU_ENUM(member, type, to, text) SVPU_U32(member, 0, to, text)
#define SVPU_CONST(member, value, text) SVPU_U32(member, value, value, text)
#define SVPU_S32(member) { SVPU_MEMBER(SVPU_KIND_S32, member) },
#define SVPU_U64(member) { SVPU_MEMBER(SVPU_KIND_U64, member) },
#define SVPU_S64(member) { SVPU_MEMBER(SVPU_KIND_S64, member) },
#define SVPU_STATUS(member) { SVPU_MEMBER(SVPU_KIND_STATUS, member) },
#define SVPU_TEXT(member) { SVPU_MEMBER(SVPU_KIND_TEXT, member) },
#define SVPU_STRUCT(member, type) { SVPU_MEMBER(SVPU_KIND_ARRAY, member) },
#define SVPU_ARRAY(member, type, count) { SVPU_MEMBER(SVPU_KIND_ARRAY, member) },
#define SVPU_COOKIE { .kind = SVPU_KIND_COOKIE },
#define SVPU_TOGETHER(function) { .kind = SVPU_KIND_TOGETHER, .together = (function) },
#define SVPU_FLAG(member, of, bit)                                                          \
	{ .kind = SVPU_KIND_FLAG, .offset = offsetof(svpu_wire, member), .most = (bit),     \
	  .name = #of },
#define SVPU_BUFFER(index, generation)                                                      \
	SVPU_U32(index, 0, SVPU_MAX_BUFFERS - 1, "buffer index is not below 64")            \
	SVPU_U32(generation, 1, SVPU_ANY, "buffer generation 0 names nothing")

#define SVPU_RULE(number, of, wire)                                                         \
	case (number): {                                                                    \
		typedef struct wire svpu_wire;                                              \
		static const char name[] = #of;                                             \
		static const struct svpu_field fields[] = {

#define SVPU_ENTRY_END                                                                      \
			{ .kind = SVPU_KIND_END } };                                        \
		static const struct svpu_rule rule = { name, sizeof(svpu_wire), fields };   \
		return &rule;                                                               \
	}

#include "core/entry_begin.h"
