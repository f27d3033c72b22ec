// SPDX-License-Identifier: GPL-2.0
/*
 * One end of a ring of the HFI: loads and stores, copy once, wake suppression. core/ring.c decides
 * what an index may be. Used by port.c, under its owner's lock. softvpu/hfi.h, struct
 * svpu_ring_index.
 *
 * The other side may write anything anywhere in the region at any time: its index is loaded once,
 * checked against what it said before, and only then used.
 */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "vpu/ring.h"

void svpu_ring_init(struct svpu_ring *ring, void *region, u32 index_offset, u32 slots_offset,
		    u32 count)
{
	ring->index = region + index_offset;
	ring->slots = region + slots_offset;
	svpu_ring_end_init(&ring->end, count);
}

/* Free slots, or -EPROTO when the reader broke the ring. */
int svpu_ring_space(struct svpu_ring *ring)
{
	/* Pairs with the reader's release after it copied a slot. */
	if (!svpu_ring_accept_read(&ring->end, smp_load_acquire(&ring->index->read)))
		return -EPROTO;
	return svpu_ring_free(&ring->end);
}

/* Writes one entry, setting its sequence. -EAGAIN: full. */
int svpu_ring_put(struct svpu_ring *ring, struct svpu_entry *entry)
{
	u8 *slot = ring->slots + svpu_ring_offset(&ring->end);
	int space = svpu_ring_space(ring);

	if (space <= 0)
		return space ? space : -EAGAIN;
	entry->sequence = svpu_ring_advance_write(&ring->end);
	memcpy(slot, entry, entry->size);
	/* Pairs with the reader's acquire: the slot is complete before it is seen. */
	smp_store_release(&ring->index->write, ring->end.own);
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
 * Copies the next entry out, once, into SVPU_SLOT_SIZE bytes, zeroed beyond its end. Returns 1, 0
 * when there is none, -EPROTO when the writer broke the ring: its index, the entry's size or its
 * sequence.
 */
int svpu_ring_get(struct svpu_ring *ring, void *copy)
{
	const u8 *slot = ring->slots + svpu_ring_offset(&ring->end);
	struct svpu_entry *entry = copy;
	const char *wrong;

	/* Pairs with the writer's release: the slot that the index releases is complete. */
	if (!svpu_ring_accept_write(&ring->end, smp_load_acquire(&ring->index->write)))
		return -EPROTO;
	if (!svpu_ring_used(&ring->end))
		return 0;
	memcpy(copy, slot, SVPU_SLOT_SIZE);
	barrier();
	wrong = svpu_ring_advance_read(&ring->end, entry);
	/* Pairs with the writer's acquire: the copy is made before the slot is free. */
	smp_store_release(&ring->index->read, ring->end.own);
	if (wrong)
		return -EPROTO;
	memset(copy + entry->size, 0, SVPU_SLOT_SIZE - entry->size);
	return 1;
}

/*
 * Before sleeping: true when there is still nothing to read, and the writer will ring. False, too,
 * when the writer broke the ring: svpu_ring_get() reports it.
 */
bool svpu_ring_wait_entry(struct svpu_ring *ring)
{
	WRITE_ONCE(ring->index->reader_waiting, 1);
	/* Our flag before their index; see svpu_ring_reader_waits(). */
	smp_mb();
	/* Pairs with the writer's release, as in svpu_ring_get(). */
	return svpu_ring_accept_write(&ring->end, smp_load_acquire(&ring->index->write)) &&
	       !svpu_ring_used(&ring->end);
}

/* After reading: true when the writer sleeps for space, and it is on us to ring. */
bool svpu_ring_writer_waits(struct svpu_ring *ring)
{
	/* Our index before their flag; see svpu_ring_wait_space(). */
	smp_mb();
	return READ_ONCE(ring->index->writer_waiting) &&
	       cmpxchg(&ring->index->writer_waiting, 1, 0) == 1;
}
