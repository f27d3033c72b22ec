// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * The table of control_table.h, made of control_list.h.
 */
#include "core/control_table.h"

#define SVPU_ITEMS(menu, ...) static const char *const svpu_items_##menu[] = { __VA_ARGS__ };
#include "core/control_list.h"

#define SVPU_VALUES(menu, ...) static const __s64 svpu_items_##menu[] = { __VA_ARGS__ };
#include "core/control_list.h"

/* The field of struct svpu_v4l2_control that a type's menu is. */
#define SVPU_MENU_FIELD_MENU items
#define SVPU_MENU_FIELD_INTEGER_MENU values

#define SVPU_CLASS(class, title)                                                        \
	{                                                                               \
		.id = (SVPU_V4L2_##class & ~0xffffu) | 1, .type = SVPU_V4L2_CTRL_CLASS, \
		.flags = SVPU_V4L2_READ_ONLY | SVPU_V4L2_WRITE_ONLY, .name = title      \
	}

static const struct svpu_v4l2_control svpu_v4l2_controls[] = {
	SVPU_CLASS(USER, "User Controls"),
	SVPU_CLASS(CODEC, "Codec Controls"),
	SVPU_CLASS(JPEG, "JPEG Compression Controls"),
#define SVPU_CONTROL(kind, class, number, cid, bits, title) \
	{ .id = SVPU_V4L2_##class + (number),               \
	  .type = SVPU_V4L2_##kind,                         \
	  .flags = SVPU_V4L2_##bits,                        \
	  .name = title },
#define SVPU_MENU(kind, class, number, cid, bits, title, menu) \
	{ .id = SVPU_V4L2_##class + (number),                  \
	  .type = SVPU_V4L2_##kind,                            \
	  .flags = SVPU_V4L2_##bits,                           \
	  .num_items = SVPU_COUNT(svpu_items_##menu),          \
	  .name = title,                                       \
	  .SVPU_MENU_FIELD_##kind = svpu_items_##menu },
#include "core/control_list.h"
};

const struct svpu_v4l2_control *svpu_v4l2_control_at(__u32 index)
{
	return index < SVPU_COUNT(svpu_v4l2_controls) ? &svpu_v4l2_controls[index] : NULL;
}

const struct svpu_v4l2_control *svpu_v4l2_control_find(__u32 id)
{
	__u32 i;

	for (i = 0; i < SVPU_COUNT(svpu_v4l2_controls); i++)
		if (svpu_v4l2_controls[i].id == id)
			return &svpu_v4l2_controls[i];
	return NULL;
}
