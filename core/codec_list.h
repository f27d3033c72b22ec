/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * The answer to QUERY_CAPABILITIES is a list of messages: a CODEC, its RAW_FORMATs and CONTROLs,
 * the next CODEC and so on, CAPABILITIES_END. Whether the next message may follow is decided here;
 * the host decides what to keep of it, and checks that nothing is listed twice. docs/hfi.md, "The
 * order of things", 2.
 */
#ifndef SOFTVPU_CORE_CODEC_LIST_H
#define SOFTVPU_CORE_CODEC_LIST_H

#include <softvpu/hfi.h>

#include "core/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What came so far; all 0 at the beginning. */
struct svpu_codec_list {
	__u32 codecs;
	__u32 raw_formats, controls; /* of the last codec */
};

/*
 * Takes a message of one of these four types, which has the form of its type (message_check.h).
 * Returns what is wrong with it, human-readable, or NULL.
 */
const char *svpu_codec_list_take(struct svpu_codec_list *list, const struct svpu_entry *message);

#ifdef __cplusplus
}
#endif

#endif /* SOFTVPU_CORE_CODEC_LIST_H */
