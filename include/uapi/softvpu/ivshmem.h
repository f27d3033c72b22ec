/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR LGPL-2.1-or-later OR MIT) */
/*
 * Transport "ivshmem" of the HFI (softvpu/hfi.h): what BAR 2 of QEMU's ivshmem-doorbell holds when
 * softvpu-fw --ivshmem-socket is its server. docs/hfi.md.
 *
 * The region is a page of control words followed by slots of one size. A slot is all that one open
 * file of the guest has: the rings of its session, then a heap for its buffers. A worker process
 * maps one slot and nothing else.
 *   [0]                        struct svpu_ivshmem_header, written by the host once
 *   [SVPU_IVSHMEM_SLOTS]       struct svpu_ivshmem_slot, one each
 *   [first_slot + n*slot_size] a region as in softvpu/hfi.h, SVPU_REGION_SIZE bytes
 *     [+ heap_offset]          the heap; the plane offsets of MAP_BUFFER count from here
 * Doorbells: the guest writes server_peer << 16 | vector to the device's register; the host rings
 * the guest's interrupt of that vector. Vector 0 says "look at the control words", vector n + 1 is
 * both doorbells of slot n.
 * Control words are levels, not events: each is written by one side only, and what the other side
 * missed it finds there the next time.
 */
#ifndef SOFTVPU_IVSHMEM_H
#define SOFTVPU_IVSHMEM_H

#include <softvpu/hfi.h>

#define SVPU_IVSHMEM_MAGIC 0x49505653u /* "SVPI" */
#define SVPU_IVSHMEM_MAJOR 1u          /* another major: leave the device alone */
#define SVPU_IVSHMEM_MINOR 0u
#define SVPU_IVSHMEM_SLOTS 4096u    /* where the slots' control words begin */
#define SVPU_IVSHMEM_MAX_SLOTS 32u
#define SVPU_IVSHMEM_ALIGN 65536u   /* of everything that is mapped: pages of any guest */

/* BAR 0, of QEMU's device. */
#define SVPU_IVSHMEM_REG_POSITION 8u
#define SVPU_IVSHMEM_REG_DOORBELL 12u

struct svpu_ivshmem_header {
	/* The host's, constant. */
	svpu_u32 magic;
	svpu_u16 major;
	svpu_u16 minor;
	svpu_u64 region_size;
	svpu_u64 first_slot;
	svpu_u64 slot_size;
	svpu_u64 heap_offset; /* in a slot */
	svpu_u32 num_slots;
	svpu_u32 server_peer;
	svpu_u32 pad0[4];
	/* The guest's: asks for a sign of life, by another number than before. */
	svpu_u32 ping;
	svpu_u32 pad1[15];
	/* The host's. */
	svpu_u32 pong; /* the last ping that was seen */
	svpu_u32 up;   /* 0: the server has ended in an orderly way */
	svpu_u32 pad2[14];
};

SVPU_ASSERT(sizeof(struct svpu_ivshmem_header) == 192, "pinned");

struct svpu_ivshmem_slot {
	/* The guest's. */
	svpu_u32 wanted; /* generation of the session that shall have a worker; 0: none */
	svpu_u32 held;   /* 1: the heap is in use; 0: its memory may go back to the host */
	svpu_u32 pad0[14];
	/* The host's. */
	svpu_u32 serving; /* generation whose worker may touch the slot; 0: none does */
	svpu_u32 ended;   /* generation whose worker has ended, or has failed to start */
	svpu_u32 kept;    /* 1 from having seen held until the memory went back to the host */
	svpu_u32 worker;  /* its process, for people */
	svpu_u32 pad1[12];
};

SVPU_ASSERT(sizeof(struct svpu_ivshmem_slot) == 128, "pinned");

#endif /* SOFTVPU_IVSHMEM_H */
