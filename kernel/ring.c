// SPDX-License-Identifier: GPL-2.0
/*
 * One end of a ring of the HFI: private indices, copy once, wake suppression. Used by session.c,
 * under its owner's lock. softvpu/hfi.h, struct svpu_ring_index.
 *
 * The other side may write anything anywhere in the region at any time: its index is loaded once,
 * checked against what it said before, and only then used.
 */
#include "softvpu.h"

void svpu_ring_init(struct svpu_ring *ring, void *region, u32 index_offset, u32 slots_offset,
		    u32 count)
{
	ring->index = region + index_offset;
	ring->slots = region + slots_offset;
	ring->count = count;
	ring->own = 0;
	ring->peer = 0;
	ring->sequence = 0;
}

/* Free slots, or -EPROTO when the reader's index moved backwards or past what was written. */
int svpu_ring_space(struct svpu_ring *ring)
{
	/* Pairs with the reader's release after it copied a slot. */
	u32 read = smp_load_acquire(&ring->index->read);

	if (read - ring->peer > ring->own - ring->peer)
		return -EPROTO;
	ring->peer = read;
	return ring->count - (ring->own - read);
}

/* Writes one entry, setting its sequence. -EAGAIN: full. */
int svpu_ring_put(struct svpu_ring *ring, struct svpu_entry *entry)
{
	u8 *slot = ring->slots + (ring->own & (ring->count - 1)) * SVPU_SLOT_SIZE;
	int space = svpu_ring_space(ring);

	if (space <= 0)
		return space ? space : -EAGAIN;
	entry->sequence = ring->sequence++;
	memcpy(slot, entry, entry->size);
	ring->own++;
	/* Pairs with the reader's acquire: the slot is complete before it is seen. */
	smp_store_release(&ring->index->write, ring->own);
	return 0;
}

/*
 * Says that we want room for `wanted` entries. True: there is none yet, the reader rings when it
 * has read.
 */
bool svpu_ring_wait_space(struct svpu_ring *ring, u32 wanted)
{
	WRITE_ONCE(ring->index->writer_waiting, 1);
	/* Our flag before their index: the reader does it the other way round. */
	smp_mb();
	return svpu_ring_space(ring) < (int)wanted;
}

/* After writing: true when the reader sleeps, and it is on us to ring. */
bool svpu_ring_reader_waits(struct svpu_ring *ring)
{
	/* Our index before their flag; see svpu_ring_wait_entry(). */
	smp_mb();
	return READ_ONCE(ring->index->reader_waiting) &&
	       cmpxchg(&ring->index->reader_waiting, 1, 0) == 1;
}

/*
 * Copies the next entry out, once, into SVPU_SLOT_SIZE bytes, zero behind its end. Returns 1, 0
 * when there is none, -EPROTO when the writer broke the ring: its index, the entry's size or its
 * sequence.
 */
int svpu_ring_get(struct svpu_ring *ring, void *copy)
{
	const u8 *slot = ring->slots + (ring->own & (ring->count - 1)) * SVPU_SLOT_SIZE;
	struct svpu_entry *entry = copy;
	/* Pairs with the writer's release: what is behind the index is complete. */
	u32 write = smp_load_acquire(&ring->index->write);

	if (write - ring->own > ring->count || write - ring->peer > ring->count)
		return -EPROTO;
	ring->peer = write;
	if (write == ring->own)
		return 0;
	memcpy(copy, slot, SVPU_SLOT_SIZE);
	barrier();
	ring->own++;
	/* Pairs with the writer's acquire: the copy is made before the slot is free. */
	smp_store_release(&ring->index->read, ring->own);
	if (entry->size < sizeof(*entry) || entry->size > SVPU_SLOT_SIZE ||
	    entry->sequence != ring->sequence)
		return -EPROTO;
	ring->sequence++;
	memset(copy + entry->size, 0, SVPU_SLOT_SIZE - entry->size);
	return 1;
}

/* Before sleeping: true when there is still nothing to read, and the writer will ring. */
bool svpu_ring_wait_entry(struct svpu_ring *ring)
{
	WRITE_ONCE(ring->index->reader_waiting, 1);
	/* Our flag before their index; see svpu_ring_reader_waits(). */
	smp_mb();
	/*
	 * Pairs with the writer's release, as in svpu_ring_get(), which is to see this much or
	 * more: an index that goes to and fro would keep the reader here.
	 */
	ring->peer = smp_load_acquire(&ring->index->write);
	return ring->peer == ring->own;
}

/* After reading: true when the writer sleeps for space, and it is on us to ring. */
bool svpu_ring_writer_waits(struct svpu_ring *ring)
{
	/* Our index before their flag; see svpu_ring_wait_space(). */
	smp_mb();
	return READ_ONCE(ring->index->writer_waiting) &&
	       cmpxchg(&ring->index->writer_waiting, 1, 0) == 1;
}
