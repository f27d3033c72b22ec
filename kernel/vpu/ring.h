/* SPDX-License-Identifier: GPL-2.0 */
/* One end of a ring of the HFI; everything but the slots and the shared indices is private. */
#ifndef SOFTVPU_RING_H
#define SOFTVPU_RING_H

#include <softvpu/hfi.h>

#include "core/ring.h"

struct svpu_ring {
	struct svpu_ring_index *index;
	u8 *slots;
	struct svpu_ring_end end;
};

void svpu_ring_init(struct svpu_ring *ring, void *region, u32 index_offset, u32 slots_offset,
		    u32 count);
int svpu_ring_put(struct svpu_ring *ring, struct svpu_entry *entry);
int svpu_ring_space(struct svpu_ring *ring);
bool svpu_ring_wait_space(struct svpu_ring *ring, u32 wanted);
bool svpu_ring_reader_waits(struct svpu_ring *ring);
int svpu_ring_get(struct svpu_ring *ring, void *copy);
bool svpu_ring_wait_entry(struct svpu_ring *ring);
bool svpu_ring_writer_waits(struct svpu_ring *ring);

#endif /* SOFTVPU_RING_H */
