// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * The form of entries: see message_check.h. Each type is a rule, made of its entry in
 * entry_commands.h or entry_messages.h; what fields must be together is a function here.
 */
#include "core/message_check.h"

/* ---- rules ---- */

enum svpu_field_kind {
	SVPU_KIND_END,
	SVPU_KIND_U32,
	SVPU_KIND_S32,
	SVPU_KIND_U64,
	SVPU_KIND_S64,
	SVPU_KIND_STATUS,
	SVPU_KIND_FLAG, /* checked nowhere: a later minor version may have more of them */
	SVPU_KIND_TEXT,
	SVPU_KIND_ARRAY, /* of words */
	SVPU_KIND_COOKIE,
	SVPU_KIND_TOGETHER,
};

struct svpu_field {
	__u16 kind; /* enum svpu_field_kind */
	__u16 offset, bytes;
	__u32 least, most;
	union {
		const char *name;
		bool (*together)(const void *slot, struct svpu_complaint *why);
	};
	const char *what;
};

struct svpu_rule {
	const char *name;
	__u16 size; /* in the first minor version that has the type */
	const struct svpu_field *fields; /* up to SVPU_KIND_END */
};

static bool svpu_complain(struct svpu_complaint *why, const char *what, __u64 got)
{
	why->what = what;
	why->got = got;
	return false;
}

/* ---- what fields must be together ---- */

/* Both 0, or neither. */
static bool svpu_check_interval(__u32 num, __u32 den, struct svpu_complaint *why)
{
	return !num == !den || svpu_complain(why, "a frame interval with one 0", num ? num : den);
}

static bool svpu_check_configure(const void *slot, struct svpu_complaint *why)
{
	const struct svpu_cmd_configure *c = slot;

	return svpu_check_interval(c->interval_num, c->interval_den, why);
}

/* The largest offset of a plane: with any length it stays below 2^63. */
#define SVPU_MAX_OFFSET (0x7fffffffffffffffull - 0xffffffffull)

static bool svpu_check_plane(const struct svpu_plane *plane, struct svpu_complaint *why)
{
	if (plane->offset & (SVPU_PAGE - 1))
		return svpu_complain(why, "plane offset is not page aligned", plane->offset);
	if (plane->offset > SVPU_MAX_OFFSET)
		return svpu_complain(why, "plane offset is out of range", plane->offset);
	if (!plane->length || plane->length > SVPU_MAX_PLANE_BYTES)
		return svpu_complain(why, "plane length not 1..2^31-1", plane->length);
	if (plane->mapped_length < plane->length)
		return svpu_complain(why, "mapped length below length", plane->mapped_length);
	if (plane->mapped_length > SVPU_MAX_PLANE_BYTES)
		return svpu_complain(why, "mapped length above 2^31-1", plane->mapped_length);
	return true;
}

static bool svpu_check_map_buffer(const void *slot, struct svpu_complaint *why)
{
	const struct svpu_cmd_map_buffer *c = slot;
	unsigned int i;

	for (i = 0; i < c->num_planes; i++)
		if (!svpu_check_plane(&c->plane[i], why))
			return false;
	return true;
}

static bool svpu_check_set_layout(const void *slot, struct svpu_complaint *why)
{
	const struct svpu_cmd_set_layout *c = slot;
	unsigned int i;

	if (!c->room_width != !c->room_height || (c->room_width && c->room_width < c->width) ||
	    (c->room_height && c->room_height < c->height))
		return svpu_complain(why, "room for less than the picture", c->room_width);
	for (i = 0; i < c->memory_planes; i++)
		if (!c->plane_size[i] || c->plane_size[i] > SVPU_MAX_PLANE_BYTES)
			return svpu_complain(why, "plane size not 1..2^31-1", c->plane_size[i]);
	for (i = 0; i < c->components; i++) {
		if (!c->stride[i] || c->stride[i] > SVPU_MAX_PLANE_BYTES)
			return svpu_complain(why, "stride not 1..2^31-1", c->stride[i]);
		if (c->component_plane[i] >= c->memory_planes)
			return svpu_complain(why, "component in no plane", c->component_plane[i]);
		if (c->offset[i] >= c->plane_size[c->component_plane[i]])
			return svpu_complain(why, "component starts past its plane", c->offset[i]);
	}
	return true;
}

static bool svpu_check_chunk(const struct svpu_chunk *chunk, struct svpu_complaint *why)
{
	if (chunk->bytes > SVPU_MAX_INPUT_BYTES)
		return svpu_complain(why, "more than 2^31-65 bytes", chunk->bytes);
	if (chunk->offset > SVPU_MAX_PLANE_BYTES - chunk->bytes)
		return svpu_complain(why, "offset + bytes above 2^31-1", chunk->offset);
	return true;
}

static bool svpu_check_queue_input(const void *slot, struct svpu_complaint *why)
{
	const struct svpu_cmd_queue_input *c = slot;
	unsigned int i;

	for (i = 0; i < c->num_planes; i++)
		if (!svpu_check_chunk(&c->plane[i], why))
			return false;
	return svpu_check_chunk(&c->parameters, why);
}

static bool svpu_check_codec(const void *slot, struct svpu_complaint *why)
{
	const struct svpu_msg_codec *m = slot;

	if (m->min_width > m->max_width)
		return svpu_complain(why, "smallest width above the largest", m->min_width);
	if (m->min_height > m->max_height)
		return svpu_complain(why, "smallest height above the largest", m->min_height);
	return svpu_check_interval(m->min_interval_num, m->min_interval_den, why) &&
	       svpu_check_interval(m->max_interval_num, m->max_interval_den, why);
}

static bool svpu_check_raw_format(const void *slot, struct svpu_complaint *why)
{
	const struct svpu_msg_raw_format *m = slot;

	if (m->width_align & (m->width_align - 1))
		return svpu_complain(why, "alignment isn't a power of two", m->width_align);
	if (m->height_align & (m->height_align - 1))
		return svpu_complain(why, "alignment isn't a power of two", m->height_align);
	if (m->stride_align & (m->stride_align - 1))
		return svpu_complain(why, "alignment isn't a power of two", m->stride_align);
	return true;
}

#define SVPU_MENU_ITEMS 64

static bool svpu_check_menu(const struct svpu_msg_control *m, struct svpu_complaint *why)
{
	if (m->minimum < 0 || m->maximum >= SVPU_MENU_ITEMS)
		return svpu_complain(why, "menu items not 0..63", m->id);
	if (!(m->items >> m->default_value & 1))
		return svpu_complain(why, "menu default isn't supported", m->id);
	return true;
}

static bool svpu_check_control(const void *slot, struct svpu_complaint *why)
{
	const struct svpu_msg_control *m = slot;

	if (m->minimum > m->maximum)
		return svpu_complain(why, "smallest value above the largest", m->id);
	if (m->default_value < m->minimum || m->default_value > m->maximum)
		return svpu_complain(why, "default out of its range", m->id);
	if (m->type == SVPU_CONTROL_INTEGER && !m->step)
		return svpu_complain(why, "an integer without a step", m->id);
	if (m->type == SVPU_CONTROL_BOOLEAN && (m->minimum < 0 || m->maximum > 1))
		return svpu_complain(why, "a boolean that isn't 0 or 1", m->id);
	return m->type != SVPU_CONTROL_MENU || svpu_check_menu(m, why);
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
	return svpu_check_interval(m->interval_num, m->interval_den, why);
}

/* ---- the types ---- */

#include "core/entry_rules.h"

static const struct svpu_rule *svpu_command_rule(__u16 type)
{
	switch (type) {
#undef SVPU_ENTRY
#define SVPU_ENTRY(name, cpp_name, wire) SVPU_RULE(SVPU_CMD_##name, name, wire)
#include "core/entry_commands.h"
	default:
		return NULL;
	}
}

static const struct svpu_rule *svpu_message_rule(__u16 type)
{
	switch (type) {
#undef SVPU_ENTRY
#define SVPU_ENTRY(name, cpp_name, wire) SVPU_RULE(SVPU_MSG_##name, name, wire)
#include "core/entry_messages.h"
	default:
		return NULL;
	}
}

#include "core/entry_undef.h"

const char *svpu_command_name(__u16 type)
{
	const struct svpu_rule *rule = svpu_command_rule(type);

	return rule ? rule->name : NULL;
}

const char *svpu_message_name(__u16 type)
{
	const struct svpu_rule *rule = svpu_message_rule(type);

	return rule ? rule->name : NULL;
}

/* ---- the check ---- */

static __u32 svpu_word(const void *slot, __u32 offset)
{
	return *(const __u32 *)((const char *)slot + offset);
}

static bool svpu_check_status(__u32 status, struct svpu_complaint *why)
{
	if (status <= SVPU_CANCELLED || (status >= SVPU_E_INVALID && status <= SVPU_E_INTERNAL))
		return true;
	return svpu_complain(why, "unknown status", status);
}

static bool svpu_check_field(const struct svpu_field *field, const void *slot,
			     struct svpu_complaint *why)
{
	__u32 value;

	switch (field->kind) {
	case SVPU_KIND_U32:
		value = svpu_word(slot, field->offset);
		if (value < field->least || value > field->most)
			return svpu_complain(why, field->what, value);
		return true;
	case SVPU_KIND_STATUS:
		return svpu_check_status(svpu_word(slot, field->offset), why);
	case SVPU_KIND_COOKIE:
		return ((const struct svpu_entry *)slot)->cookie ||
		       svpu_complain(why, "no cookie", 0);
	case SVPU_KIND_TOGETHER:
		return field->together(slot, why);
	default:
		return true;
	}
}

static enum svpu_form svpu_check_entry(const struct svpu_rule *rule, const void *slot,
				       struct svpu_complaint *why)
{
	const struct svpu_entry *entry = slot;
	const struct svpu_field *field;

	if (!rule)
		return SVPU_FORM_UNKNOWN;
	why->type = rule->name;
	if (entry->size < rule->size || entry->size > SVPU_SLOT_SIZE) {
		svpu_complain(why, "wrong size", entry->size);
		return SVPU_FORM_MALFORMED;
	}
	for (field = rule->fields; field->kind != SVPU_KIND_END; field++)
		if (!svpu_check_field(field, slot, why))
			return SVPU_FORM_MALFORMED;
	return SVPU_FORM_GOOD;
}

enum svpu_form svpu_check_message(const void *slot, struct svpu_complaint *why)
{
	return svpu_check_entry(svpu_message_rule(((const struct svpu_entry *)slot)->type), slot,
				why);
}

enum svpu_form svpu_check_command(const void *slot, struct svpu_complaint *why)
{
	return svpu_check_entry(svpu_command_rule(((const struct svpu_entry *)slot)->type), slot,
				why);
}

/* ---- fields, human-readable ---- */

/* How many values of it are shown. */
static unsigned int svpu_field_elements(const struct svpu_field *field)
{
	switch (field->kind) {
	case SVPU_KIND_COOKIE:
	case SVPU_KIND_TOGETHER:
		return 0;
	case SVPU_KIND_ARRAY:
		return field->bytes / sizeof(__u32);
	default:
		return 1;
	}
}

static void svpu_show_field(const struct svpu_field *field, unsigned int element, const void *slot,
			    struct svpu_field_value *value)
{
	const char *at = (const char *)slot + field->offset;

	*value = (struct svpu_field_value){ .name = field->name, .element = element };
	switch (field->kind) {
	case SVPU_KIND_TEXT:
		value->text = at;
		value->text_bytes = field->bytes;
		break;
	case SVPU_KIND_FLAG:
		value->value = !!(*(const __u32 *)at & field->most);
		break;
	case SVPU_KIND_S32:
		value->is_signed = true;
		value->value = (__u64)(__s64)*(const __s32 *)at;
		break;
	case SVPU_KIND_S64:
		value->is_signed = true;
		value->value = *(const __u64 *)at;
		break;
	case SVPU_KIND_U64:
		value->value = *(const __u64 *)at;
		break;
	default:
		value->value = ((const __u32 *)at)[element];
	}
}

static bool svpu_entry_field(const struct svpu_rule *rule, const void *slot, unsigned int n,
			     struct svpu_field_value *value)
{
	const struct svpu_field *field;

	for (field = rule ? rule->fields : NULL; field && field->kind != SVPU_KIND_END; field++) {
		unsigned int elements = svpu_field_elements(field);

		if (n < elements) {
			svpu_show_field(field, n, slot, value);
			return true;
		}
		n -= elements;
	}
	return false;
}

bool svpu_message_field(const void *slot, unsigned int n, struct svpu_field_value *value)
{
	return svpu_entry_field(svpu_message_rule(((const struct svpu_entry *)slot)->type), slot, n,
				value);
}

bool svpu_command_field(const void *slot, unsigned int n, struct svpu_field_value *value)
{
	return svpu_entry_field(svpu_command_rule(((const struct svpu_entry *)slot)->type), slot, n,
				value);
}
