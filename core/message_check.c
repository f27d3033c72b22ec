// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * The form of entries: see message_check.h. A field whose values don't depend on other fields is
 * a row of its message's table; what remains is a function.
 */
#include "core/message_check.h"

/* A field of 32 bits. One with a sign that may not be negative is one that is at most 2^31 - 1. */
struct svpu_field {
	__u16 offset;
	__u32 least, most;
	const char *what;
};

#define SVPU_FIELD(message, member, from, to, text)                              \
	{                                                                        \
		.offset = offsetof(struct message, member), .least = (from),     \
		.most = (to), .what = (text)                                     \
	}

#define SVPU_ANY 0xffffffffu
#define SVPU_MAX_BIT_DEPTH 16
#define SVPU_MAX_COLOUR_NUMBER 255
#define SVPU_MENU_ITEMS 64

struct svpu_form_rule {
	const char *type;
	__u16 size; /* in the first minor version that has the type; 0: unknown */
	bool cookie; /* it isn't 0 */
	bool status; /* its first field is an enum svpu_status */
	const struct svpu_field *fields;
	unsigned int num_fields;
	/* What the fields must be together. */
	bool (*check)(const void *slot, struct svpu_complaint *why);
};

static bool svpu_complain(struct svpu_complaint *why, const char *what, __u64 got)
{
	why->what = what;
	why->got = got;
	return false;
}

/* ---- fields ---- */

static const struct svpu_field svpu_capability_fields[] = {
	SVPU_FIELD(svpu_msg_capability, role, 0, SVPU_CAPTURE, "unknown role"),
	SVPU_FIELD(svpu_msg_capability, coded, 1, SVPU_ANY, "no coded format"),
	SVPU_FIELD(svpu_msg_capability, min_output_buffers, 0, SVPU_MAX_NEEDED_BUFFERS,
		   "more than 32 buffers"),
	SVPU_FIELD(svpu_msg_capability, min_width, 1, SVPU_MAX_SIDE, "smallest width not 1..65536"),
	SVPU_FIELD(svpu_msg_capability, min_height, 1, SVPU_MAX_SIDE,
		   "smallest height not 1..65536"),
	SVPU_FIELD(svpu_msg_capability, max_width, 1, SVPU_MAX_SIDE, "largest width not 1..65536"),
	SVPU_FIELD(svpu_msg_capability, max_height, 1, SVPU_MAX_SIDE,
		   "largest height not 1..65536"),
	SVPU_FIELD(svpu_msg_capability, step_width, 1, SVPU_MAX_SIDE, "width step not 1..65536"),
	SVPU_FIELD(svpu_msg_capability, step_height, 1, SVPU_MAX_SIDE, "height step not 1..65536"),
	SVPU_FIELD(svpu_msg_capability, num_raw, 1, SVPU_MAX_RAW_FORMATS, "not 1..8 raw formats"),
	SVPU_FIELD(svpu_msg_capability, num_menus, 0, SVPU_MAX_MENUS, "more than 4 menus"),
};

static const struct svpu_field svpu_format_changed_fields[] = {
	SVPU_FIELD(svpu_msg_format_changed, coded_width, 1, SVPU_MAX_SIDE,
		   "coded width not 1..65536"),
	SVPU_FIELD(svpu_msg_format_changed, coded_height, 1, SVPU_MAX_SIDE,
		   "coded height not 1..65536"),
	SVPU_FIELD(svpu_msg_format_changed, bit_depth, 1, SVPU_MAX_BIT_DEPTH,
		   "bit depth not 1..16"),
	SVPU_FIELD(svpu_msg_format_changed, chroma, 0, SVPU_CHROMA_444, "unknown chroma format"),
	SVPU_FIELD(svpu_msg_format_changed, min_output_buffers, 1, SVPU_MAX_NEEDED_BUFFERS,
		   "not 1..32 buffers"),
	SVPU_FIELD(svpu_msg_format_changed, pixel_aspect_num, 1, SVPU_ANY, "pixel aspect of 0"),
	SVPU_FIELD(svpu_msg_format_changed, pixel_aspect_den, 1, SVPU_ANY, "pixel aspect of 1/0"),
	SVPU_FIELD(svpu_msg_format_changed, colorspace, 0, SVPU_MAX_COLOUR_NUMBER,
		   "colour space above 255"),
	SVPU_FIELD(svpu_msg_format_changed, xfer_func, 0, SVPU_MAX_COLOUR_NUMBER,
		   "transfer function above 255"),
	SVPU_FIELD(svpu_msg_format_changed, ycbcr_enc, 0, SVPU_MAX_COLOUR_NUMBER,
		   "colour encoding above 255"),
	SVPU_FIELD(svpu_msg_format_changed, quantization, 0, SVPU_MAX_COLOUR_NUMBER,
		   "quantization above 255"),
};

static const struct svpu_field svpu_output_done_fields[] = {
	SVPU_FIELD(svpu_msg_output_done, frame_type, 0, SVPU_FRAME_B, "unknown frame type"),
	SVPU_FIELD(svpu_msg_output_done, field, 0, SVPU_FIELD_BOTTOM_FIRST, "unknown field order"),
};

static const struct svpu_field svpu_flushed_fields[] = {
	SVPU_FIELD(svpu_msg_flushed, direction, 0, SVPU_OUTPUT, "unknown direction"),
};

static const struct svpu_field svpu_unmapped_fields[] = {
	SVPU_FIELD(svpu_msg_unmapped, direction, 0, SVPU_OUTPUT, "unknown direction"),
	SVPU_FIELD(svpu_msg_unmapped, index, 0, SVPU_MAX_BUFFERS - 1, "buffer index not below 64"),
	SVPU_FIELD(svpu_msg_unmapped, generation, 1, SVPU_ANY, "buffer generation 0"),
};

/* ---- what fields must be together ---- */

static bool svpu_check_menu(const struct svpu_menu *menu, struct svpu_complaint *why)
{
	if (menu->default_item < 0 || menu->default_item >= SVPU_MENU_ITEMS)
		return svpu_complain(why, "menu default not 0..63", menu->id);
	if (!(menu->supported_items >> menu->default_item & 1))
		return svpu_complain(why, "menu default isn't supported", menu->id);
	return true;
}

static bool svpu_check_capability(const void *slot, struct svpu_complaint *why)
{
	const struct svpu_msg_capability *m = slot;
	unsigned int i;

	if (m->min_width > m->max_width)
		return svpu_complain(why, "smallest width above the largest", m->min_width);
	if (m->min_height > m->max_height)
		return svpu_complain(why, "smallest height above the largest", m->min_height);
	for (i = 0; i < m->num_raw; i++)
		if (!m->raw[i])
			return svpu_complain(why, "empty raw format", i);
	for (i = 0; i < m->num_menus; i++)
		if (!svpu_check_menu(&m->menu[i], why))
			return false;
	return true;
}

/* `start` and `length` are a part of 0 to `limit`, and not empty. */
static bool svpu_inside(svpu_s32 start, __u32 length, __u32 limit)
{
	return start >= 0 && length && length <= limit && (__u32)start <= limit - length;
}

static bool svpu_check_format_changed(const void *slot, struct svpu_complaint *why)
{
	const struct svpu_msg_format_changed *m = slot;

	if (!svpu_inside(m->visible_left, m->visible_width, m->coded_width))
		return svpu_complain(why, "visible columns outside of the coded ones",
				     m->visible_width);
	if (!svpu_inside(m->visible_top, m->visible_height, m->coded_height))
		return svpu_complain(why, "visible lines outside of the coded ones",
				     m->visible_height);
	return true;
}

static bool svpu_check_status(const void *slot, struct svpu_complaint *why)
{
	__u32 status = ((const struct svpu_msg_status *)slot)->status;

	if (status <= SVPU_CANCELLED || (status >= SVPU_E_INVALID && status <= SVPU_E_INTERNAL))
		return true;
	return svpu_complain(why, "unknown status", status);
}

/* The status is optional, but not a part of it. */
static bool svpu_check_drained(const void *slot, struct svpu_complaint *why)
{
	const struct svpu_entry *entry = slot;

	if (entry->size > sizeof(*entry) && entry->size < sizeof(struct svpu_msg_status))
		return svpu_complain(why, "wrong size", entry->size);
	return svpu_check_status(slot, why);
}

#define SVPU_STATUS_FIRST(message) \
	SVPU_ASSERT(offsetof(struct message, status) == sizeof(struct svpu_entry), #message)

SVPU_STATUS_FIRST(svpu_msg_status);
SVPU_STATUS_FIRST(svpu_msg_output_done);
SVPU_STATUS_FIRST(svpu_msg_error);

/* ---- the types ---- */

/* A type whose fields may have any value. */
#define SVPU_PLAIN(prefix, name, message) \
	[prefix##name] = { .type = #name, .size = sizeof(struct message) }

static const struct svpu_form_rule svpu_message_rules[] = {
	SVPU_PLAIN(SVPU_MSG_, READY, svpu_msg_ready),
	[SVPU_MSG_CAPABILITY] = {
		.type = "CAPABILITY",
		.size = sizeof(struct svpu_msg_capability),
		.fields = svpu_capability_fields,
		.num_fields = SVPU_COUNT(svpu_capability_fields),
		.check = svpu_check_capability,
	},
	SVPU_PLAIN(SVPU_MSG_, CAPABILITIES_END, svpu_entry),
	[SVPU_MSG_CONFIGURED] = {
		.type = "CONFIGURED",
		.size = sizeof(struct svpu_msg_status),
		.status = true,
	},
	[SVPU_MSG_FORMAT_CHANGED] = {
		.type = "FORMAT_CHANGED",
		.size = sizeof(struct svpu_msg_format_changed),
		.fields = svpu_format_changed_fields,
		.num_fields = SVPU_COUNT(svpu_format_changed_fields),
		.check = svpu_check_format_changed,
	},
	[SVPU_MSG_INPUT_DONE] = {
		.type = "INPUT_DONE",
		.size = sizeof(struct svpu_msg_status),
		.cookie = true,
		.status = true,
	},
	[SVPU_MSG_OUTPUT_DONE] = {
		.type = "OUTPUT_DONE",
		.size = sizeof(struct svpu_msg_output_done),
		.cookie = true,
		.status = true,
		.fields = svpu_output_done_fields,
		.num_fields = SVPU_COUNT(svpu_output_done_fields),
	},
	[SVPU_MSG_DRAINED] = {
		.type = "DRAINED",
		.size = sizeof(struct svpu_entry),
		.check = svpu_check_drained,
	},
	[SVPU_MSG_FLUSHED] = {
		.type = "FLUSHED",
		.size = sizeof(struct svpu_msg_flushed),
		.fields = svpu_flushed_fields,
		.num_fields = SVPU_COUNT(svpu_flushed_fields),
	},
	SVPU_PLAIN(SVPU_MSG_, PONG, svpu_entry),
	[SVPU_MSG_SESSION_ERROR] = {
		.type = "SESSION_ERROR",
		.size = sizeof(struct svpu_msg_error),
		.status = true,
	},
	[SVPU_MSG_SYSTEM_ERROR] = {
		.type = "SYSTEM_ERROR",
		.size = sizeof(struct svpu_msg_error),
		.status = true,
	},
	SVPU_PLAIN(SVPU_MSG_, DEBUG_TEXT, svpu_msg_text),
	[SVPU_MSG_UNMAPPED] = {
		.type = "UNMAPPED",
		.size = sizeof(struct svpu_msg_unmapped),
		.fields = svpu_unmapped_fields,
		.num_fields = SVPU_COUNT(svpu_unmapped_fields),
	},
};

static const struct svpu_form_rule svpu_command_rules[] = {
	SVPU_PLAIN(SVPU_CMD_, QUERY_CAPABILITIES, svpu_entry),
	SVPU_PLAIN(SVPU_CMD_, CONFIGURE, svpu_cmd_configure),
	SVPU_PLAIN(SVPU_CMD_, SET_CONTROL, svpu_cmd_set_control),
	SVPU_PLAIN(SVPU_CMD_, MAP_BUFFER, svpu_cmd_map_buffer),
	SVPU_PLAIN(SVPU_CMD_, UNMAP_BUFFER, svpu_cmd_buffer),
	SVPU_PLAIN(SVPU_CMD_, SET_LAYOUT, svpu_cmd_set_layout),
	SVPU_PLAIN(SVPU_CMD_, QUEUE_INPUT, svpu_cmd_queue_input),
	SVPU_PLAIN(SVPU_CMD_, QUEUE_OUTPUT, svpu_cmd_buffer),
	SVPU_PLAIN(SVPU_CMD_, START, svpu_entry),
	SVPU_PLAIN(SVPU_CMD_, FLUSH, svpu_cmd_flush),
	SVPU_PLAIN(SVPU_CMD_, DRAIN, svpu_entry),
	SVPU_PLAIN(SVPU_CMD_, RESUME, svpu_entry),
	SVPU_PLAIN(SVPU_CMD_, RETURN_OUTPUT, svpu_entry),
	SVPU_PLAIN(SVPU_CMD_, PING, svpu_entry),
	SVPU_PLAIN(SVPU_CMD_, ABORT, svpu_entry),
	SVPU_PLAIN(SVPU_CMD_, CRASH, svpu_entry),
};

/* ---- the check ---- */

static bool svpu_check_fields(const struct svpu_form_rule *rule, const void *slot,
			      struct svpu_complaint *why)
{
	unsigned int i;

	for (i = 0; i < rule->num_fields; i++) {
		const struct svpu_field *field = &rule->fields[i];
		__u32 value = *(const __u32 *)((const char *)slot + field->offset);

		if (value < field->least || value > field->most)
			return svpu_complain(why, field->what, value);
	}
	return true;
}

static bool svpu_check_rule(const struct svpu_form_rule *rule, const void *slot,
			    struct svpu_complaint *why)
{
	const struct svpu_entry *entry = slot;

	why->type = rule->type;
	if (entry->size < rule->size || entry->size > SVPU_SLOT_SIZE)
		return svpu_complain(why, "wrong size", entry->size);
	if (rule->cookie && !entry->cookie)
		return svpu_complain(why, "no cookie", 0);
	if (rule->status && !svpu_check_status(slot, why))
		return false;
	return svpu_check_fields(rule, slot, why) && (!rule->check || rule->check(slot, why));
}

static enum svpu_form svpu_check_form(const struct svpu_form_rule *rules, unsigned int num_rules,
				      const void *slot, struct svpu_complaint *why)
{
	__u16 type = ((const struct svpu_entry *)slot)->type;

	if (type >= num_rules || !rules[type].size)
		return SVPU_FORM_UNKNOWN;
	return svpu_check_rule(&rules[type], slot, why) ? SVPU_FORM_GOOD : SVPU_FORM_MALFORMED;
}

enum svpu_form svpu_check_message(const void *slot, struct svpu_complaint *why)
{
	return svpu_check_form(svpu_message_rules, SVPU_COUNT(svpu_message_rules), slot, why);
}

enum svpu_form svpu_check_command_size(const void *slot, struct svpu_complaint *why)
{
	return svpu_check_form(svpu_command_rules, SVPU_COUNT(svpu_command_rules), slot, why);
}
