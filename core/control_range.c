// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * What of a listed control's range V4L2 can express: see control_range.h.
 */
#include <softvpu/hfi.h>

#include "core/control_range.h"
#include "core/control_table.h"

#define SVPU_S32_MIN (-0x80000000LL)
#define SVPU_S32_MAX 0x7fffffffLL

/* Lengths alone: the kernel module has the texts from the kernel. */
enum {
#define SVPU_ITEMS(menu, ...) \
	SVPU_LENGTH_##menu = sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *),
#include "core/control_list.h"
#define SVPU_VALUES(menu, ...) \
	SVPU_LENGTH_##menu = sizeof((const __s64[]){ __VA_ARGS__ }) / sizeof(__s64),
#include "core/control_list.h"
};

__u32 svpu_control_items(__u32 id)
{
	switch (id) {
#define SVPU_MENU(type, class, number, cid, flags, name, menu) \
	case SVPU_V4L2_##class + (number):                     \
		return SVPU_LENGTH_##menu;
#include "core/control_list.h"
	default:
		return 0;
	}
}

bool svpu_control_may_be_own(__u32 id)
{
	__u32 class = id & ~0xffffu;

	return class == (SVPU_V4L2_USER & ~0xffffu) || class == (SVPU_V4L2_CODEC & ~0xffffu) ||
	       class == (SVPU_V4L2_JPEG & ~0xffffu);
}

/*
 * Items beyond the menu, and those that the range leaves out, don't exist. As in
 * v4l2_ctrl_new_std_menu() the first one that might is 0.
 */
static bool svpu_menu_fits(struct svpu_control_range *range, __u32 num_items)
{
	__s64 i, first = -1;

	for (i = 0; i < 64; i++) {
		if (i >= num_items || i < range->minimum || i > range->maximum)
			range->items &= ~(1ULL << i);
	}
	for (i = 0; i < 64; i++) {
		if (!(range->items >> i & 1))
			continue;
		range->maximum = i;
		if (first < 0)
			first = i;
	}
	if (first < 0)
		return false;
	range->minimum = 0;
	range->step = 1;
	if (range->default_value < first || range->default_value > range->maximum ||
	    !(range->items >> range->default_value & 1))
		range->default_value = first;
	return true;
}

bool svpu_control_fit(struct svpu_control_range *range, __u32 type, __u32 num_items)
{
	__u32 listed = range->type;

	range->type = type;
	switch (type) {
	case SVPU_V4L2_MENU:
	case SVPU_V4L2_INTEGER_MENU:
		return listed == SVPU_CONTROL_MENU && svpu_menu_fits(range, num_items);
	case SVPU_V4L2_BUTTON:
		range->minimum = 0;
		range->maximum = 0;
		range->step = 0;
		range->default_value = 0;
		return listed == SVPU_CONTROL_BUTTON;
	case SVPU_V4L2_BOOLEAN:
		if (range->minimum < 0 || range->maximum > 1)
			return false;
		range->step = 1;
		break;
	case SVPU_V4L2_INTEGER:
		/* V4L2 has some booleans as integers. */
		if (listed == SVPU_CONTROL_BOOLEAN)
			range->step = 1;
		break;
	default:
		return false;
	}
	/* v4l2_queryctrl has 32 bits for each. */
	return (listed == SVPU_CONTROL_INTEGER || listed == SVPU_CONTROL_BOOLEAN) &&
	       range->minimum >= SVPU_S32_MIN && range->maximum <= SVPU_S32_MAX &&
	       range->minimum <= range->maximum && range->step >= 1 &&
	       range->step <= SVPU_S32_MAX && range->default_value >= range->minimum &&
	       range->default_value <= range->maximum;
}
