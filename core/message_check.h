/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * The form of the entries of <softvpu/hfi.h>: for each type its size, and the values that its
 * fields may have. Called on a private copy, by both hosts for messages and by the firmware for
 * commands. What depends on the session (cookies, the length of planes, what was asked for) is the
 * host's. The types and their fields are listed in entry_commands.h and entry_messages.h.
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
/* Of one plane: V4L2 counts its bytes in 32 bits, layouts in 31. */
#define SVPU_MAX_PLANE_BYTES 0x7fffffffu
/* Of coded data: codecs count them in int, and read some bytes past their end. */
#define SVPU_MAX_INPUT_BYTES (SVPU_MAX_PLANE_BYTES - 64u)
#define SVPU_MAX_CODEC_THREADS 256u
#define SVPU_MAX_BIT_DEPTH 16u
#define SVPU_MAX_COLOUR_NUMBER 255u
#define SVPU_MAX_ALIGN 4096u
#define SVPU_MAX_TAIL_LINES 64u
#define SVPU_ANY 0xffffffffu

enum svpu_form {
	SVPU_FORM_GOOD,
	SVPU_FORM_UNKNOWN, /* a type of a later minor version, to be ignored */
	SVPU_FORM_MALFORMED,
};

/* What is wrong with an entry, human-readable: "`type`: `what` (got `got`)". */
struct svpu_complaint {
	const char *type; /* the entry's */
	const char *what;
	__u64 got;
};

/*
 * Checks a message: its size, the range of each field, and that fields fit each other. `slot` has
 * SVPU_SLOT_SIZE bytes, is aligned to 8, begins with an entry, and is 0 after that. `why` is set if
 * the result is SVPU_FORM_MALFORMED.
 */
enum svpu_form svpu_check_message(const void *slot, struct svpu_complaint *why);

/* The same for a command. */
enum svpu_form svpu_check_command(const void *slot, struct svpu_complaint *why);

/* "OUTPUT_DONE"; NULL for a type that isn't known here. */
const char *svpu_message_name(__u16 type);
const char *svpu_command_name(__u16 type);

/* One field of an entry, human-readable. */
struct svpu_field_value {
	const char *name; /* of the struct's member */
	__u32 element; /* of an array */
	bool is_signed; /* `value` is */
	const char *text; /* NULL: a number */
	__u32 text_bytes; /* at most; a NUL ends it */
	__u64 value;
};

/*
 * The `n`th field of a message, or of a command, that svpu_check_message() or svpu_check_command()
 * found good. False: it has no more of them.
 */
bool svpu_message_field(const void *slot, unsigned int n, struct svpu_field_value *value);
bool svpu_command_field(const void *slot, unsigned int n, struct svpu_field_value *value);

#ifdef __cplusplus
}
#endif

#endif /* SOFTVPU_CORE_MESSAGE_CHECK_H */
