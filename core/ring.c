// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Index arithmetic of rings: see ring.h. Differences of two indices are numbers of slots, even when
 * the indices have wrapped.
 */
#include "core/ring.h"

void svpu_ring_end_init(struct svpu_ring_end *end, __u32 count)
{
	*end = (struct svpu_ring_end){ .count = count };
}

bool svpu_ring_accept_read(struct svpu_ring_end *end, __u32 read)
{
	if (read - end->peer > end->own - end->peer)
		end->broken = true;
	if (end->broken)
		return false;
	end->peer = read;
	return true;
}

__u32 svpu_ring_free(const struct svpu_ring_end *end)
{
	return end->count - (end->own - end->peer);
}

__u32 svpu_ring_advance_write(struct svpu_ring_end *end)
{
	end->own++;
	return end->sequence++;
}

bool svpu_ring_accept_write(struct svpu_ring_end *end, __u32 write)
{
	__u32 used = write - end->own;

	if (used > end->count || used < svpu_ring_used(end))
		end->broken = true;
	if (end->broken)
		return false;
	end->peer = write;
	return true;
}

__u32 svpu_ring_used(const struct svpu_ring_end *end)
{
	return end->peer - end->own;
}

const char *svpu_ring_advance_read(struct svpu_ring_end *end, const struct svpu_entry *entry)
{
	bool in_sequence = entry->sequence == end->sequence;

	end->own++;
	end->sequence = entry->sequence + 1; /* one gap is one complaint */
	if (!svpu_entry_size_valid(entry->size))
		return "an entry's size is not 16..256 bytes";
	if (!in_sequence)
		return "an entry's sequence number leaves a gap";
	return NULL;
}

__u32 svpu_ring_offset(const struct svpu_ring_end *end)
{
	return (end->own & (end->count - 1)) * SVPU_SLOT_SIZE;
}

bool svpu_entry_size_valid(__u32 size)
{
	return size >= sizeof(struct svpu_entry) && size <= SVPU_SLOT_SIZE;
}
