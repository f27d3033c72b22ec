/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * V4L2's standard controls by id: type, flags, name and menu. For hosts without the kernel's
 * control framework (src/v4l2/controls); the kernel module has these from the framework, and of
 * this only control_range.h.
 */
#ifndef SVPU_CORE_CONTROL_TABLE_H
#define SVPU_CORE_CONTROL_TABLE_H

#include "core/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* enum v4l2_ctrl_type. */
enum svpu_v4l2_control_type {
	SVPU_V4L2_INTEGER = 1,
	SVPU_V4L2_BOOLEAN = 2,
	SVPU_V4L2_MENU = 3,
	SVPU_V4L2_BUTTON = 4,
	SVPU_V4L2_CTRL_CLASS = 6,
	SVPU_V4L2_INTEGER_MENU = 9,
};

/* V4L2_CTRL_FLAG_*. */
#define SVPU_V4L2_PLAIN 0u
#define SVPU_V4L2_READ_ONLY 0x0004u
#define SVPU_V4L2_UPDATE 0x0008u
#define SVPU_V4L2_WRITE_ONLY 0x0040u
#define SVPU_V4L2_EXECUTE_ON_WRITE 0x0200u
#define SVPU_V4L2_PRESSED (SVPU_V4L2_WRITE_ONLY | SVPU_V4L2_EXECUTE_ON_WRITE)

/* A class and what is added to it: V4L2_CID_BASE, V4L2_CID_CODEC_BASE, V4L2_CID_JPEG_CLASS_BASE. */
#define SVPU_V4L2_USER 0x00980900u
#define SVPU_V4L2_CODEC 0x00990900u
#define SVPU_V4L2_JPEG 0x009d0900u

struct svpu_v4l2_control {
	__u32 id;
	__u32 type; /* enum svpu_v4l2_control_type */
	__u32 flags;
	__u32 num_items; /* of a menu; 0: none */
	const char *name;
	const char *const *items; /* of SVPU_V4L2_MENU */
	const __s64 *values; /* of SVPU_V4L2_INTEGER_MENU */
};

/* NULL: not in the table. Classes of controls are. */
const struct svpu_v4l2_control *svpu_v4l2_control_find(__u32 id);

/* The rows in order, for tests. NULL past the last one. */
const struct svpu_v4l2_control *svpu_v4l2_control_at(__u32 index);

#ifdef __cplusplus
}
#endif

#endif /* SVPU_CORE_CONTROL_TABLE_H */
