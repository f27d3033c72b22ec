/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * The form of entries of <softvpu/hfi.h>: for each type its size, and for each message of the
 * firmware the values that its fields may have. Called on a private copy, by both hosts for
 * messages and by the firmware for commands. What depends on the session (cookies, the length of
 * planes, what was asked for) is the host's.
 *
 * Within a major version an entry may be longer than the type that is known here: a later minor
 * version has appended fields, which are ignored. It is never shorter than in the first minor
 * version that had the type, and never longer than a slot. What a later version appends to a type
 * is therefore optional, and reads as 0 when it isn't there. docs/hfi.md, Versions.
 */
#ifndef SOFTVPU_CORE_MESSAGE_CHECK_H
#define SOFTVPU_CORE_MESSAGE_CHECK_H

#include <softvpu/hfi.h>

#include "core/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The longest side of a picture, in pixels. */
#define SVPU_MAX_SIDE 65536u
/* The most output buffers that a stream may need: V4L2's VIDEO_MAX_FRAME. */
#define SVPU_MAX_NEEDED_BUFFERS 32u

enum svpu_form {
	SVPU_FORM_GOOD,
	SVPU_FORM_UNKNOWN, /* a type of a later minor version, to be ignored */
	SVPU_FORM_MALFORMED,
};

/* What is wrong with an entry, for people: "`type`: `what` (got `got`)". */
struct svpu_complaint {
	const char *type; /* the entry's */
	const char *what;
	__u64 got;
};

/*
 * Checks a message: its size, the range of each field, and that fields fit each other. `slot` has
 * SVPU_SLOT_SIZE bytes, is aligned to 8, begins with an entry, and is 0 behind that. `why` is set
 * if the result is SVPU_FORM_MALFORMED.
 */
enum svpu_form svpu_check_message(const void *slot, struct svpu_complaint *why);

/* The same for a command, of which only the size is checked. */
enum svpu_form svpu_check_command_size(const void *slot, struct svpu_complaint *why);

#ifdef __cplusplus
}
#endif

#endif /* SOFTVPU_CORE_MESSAGE_CHECK_H */
