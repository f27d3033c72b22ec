/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * What one end of a ring of <softvpu/hfi.h> knows and decides: its own index, whether the peer's is
 * possible, which slot comes next. Loads and stores of the shared words, with their barriers, are
 * the host's: src/hfi/ring.cc and kernel/vpu/ring.c.
 *
 * The peer may write anything anywhere in the shared region at any time. So its index is loaded
 * once, given to svpu_ring_accept_*(), and only then used; nothing here is shared.
 */
#ifndef SOFTVPU_CORE_RING_H
#define SOFTVPU_CORE_RING_H

#include <softvpu/hfi.h>

#include "core/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Indices run freely, modulo 2^32. */
struct svpu_ring_end {
	__u32 count; /* slots, a power of two */
	__u32 own; /* this end's index */
	__u32 peer; /* the other end's, as last accepted */
	__u32 sequence; /* of the next entry */
	bool broken; /* the peer's index was impossible once: the ring is no longer used */
};

/* `count` is a power of two. */
void svpu_ring_end_init(struct svpu_ring_end *end, __u32 count);

/*
 * The writer's end. The reader's index may only move on, and not past what was written. False: it
 * did otherwise, now or earlier.
 */
bool svpu_ring_accept_read(struct svpu_ring_end *end, __u32 read);
/* Slots that may be written. */
__u32 svpu_ring_free(const struct svpu_ring_end *end);
/*
 * Takes the slot at svpu_ring_offset(), which is free. Returns the sequence number of the entry;
 * when it is in the slot, `own` is stored in the shared index.
 */
__u32 svpu_ring_advance_write(struct svpu_ring_end *end);

/*
 * The reader's end. The writer's index may only move on, and not more than `count` past what was
 * read. False: it did otherwise, now or earlier.
 */
bool svpu_ring_accept_write(struct svpu_ring_end *end, __u32 write);
/* Entries that may be read. */
__u32 svpu_ring_used(const struct svpu_ring_end *end);
/*
 * The slot at svpu_ring_offset() was copied out and begins with `entry`: takes the next one; `own`
 * is then stored in the shared index. Returns what is wrong with the entry (then it is skipped, and
 * the ring goes on), or NULL.
 */
const char *svpu_ring_advance_read(struct svpu_ring_end *end, const struct svpu_entry *entry);

/* Where the next slot lies, in bytes from the first one. */
__u32 svpu_ring_offset(const struct svpu_ring_end *end);

/* The bytes of an entry, its header included, are sizeof(struct svpu_entry) to a whole slot. */
bool svpu_entry_size_valid(__u32 size);

#ifdef __cplusplus
}
#endif

#endif /* SOFTVPU_CORE_RING_H */
