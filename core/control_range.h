/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * A control that a firmware lists, as V4L2 can offer it: its range narrowed to V4L2's type and
 * menu. Both hosts offer the same controls with the same ranges by this. docs/hfi.md, "The order of
 * things", 2; vidioc-queryctrl.rst. Called by src/v4l2/controls and kernel/v4l2/controls.c.
 */
#ifndef SVPU_CORE_CONTROL_RANGE_H
#define SVPU_CORE_CONTROL_RANGE_H

#include "core/types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct svpu_control_range {
	__u32 type; /* enum svpu_control_type when listed, V4L2's when it fits */
	__s64 minimum, maximum;
	__u64 step;
	__s64 default_value;
	__u64 items; /* of a menu: bit i is item i */
};

/* How many items the menu of a standard control has for certain; 0: it is no menu, or not ours. */
__u32 svpu_control_items(__u32 id);

/* A control that isn't V4L2's may have this number: it is of a class that a codec has. */
bool svpu_control_may_be_own(__u32 id);

/*
 * `range` comes from a message that is well formed (message_check.h). `type` is V4L2's of the
 * control, `num_items` of its menu. False: it can't be offered as that.
 */
bool svpu_control_fit(struct svpu_control_range *range, __u32 type, __u32 num_items);

#ifdef __cplusplus
}
#endif

#endif /* SVPU_CORE_CONTROL_RANGE_H */
