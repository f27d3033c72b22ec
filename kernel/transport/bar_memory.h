/* SPDX-License-Identifier: GPL-2.0 */
/* A buffer in the BAR, as bar_memory.c and bar_mapping.c know it. */
#ifndef SOFTVPU_BAR_MEMORY_H
#define SOFTVPU_BAR_MEMORY_H

#include "transport/ivshmem.h"
#include "transport/memory.h"

struct svpu_bar_buffer {
	struct svpu_own own; /* first */
	struct svpu_window *window;
	unsigned long first, pages; /* in the heap, with the tail */
	refcount_t holds; /* one for all users, one for each sharing with a firmware */
};

static inline struct svpu_bar_buffer *svpu_bar_buffer_of(struct svpu_own *own)
{
	return container_of(own, struct svpu_bar_buffer, own);
}

static inline struct svpu_device *svpu_buffer_device(const struct svpu_bar_buffer *buffer)
{
	return buffer->window->bar->dev;
}

static inline u64 svpu_buffer_offset(const struct svpu_bar_buffer *buffer)
{
	return (u64)buffer->first << PAGE_SHIFT;
}

/* bar_mapping.c */
int svpu_bar_map(struct svpu_own *own, struct vm_area_struct *vma);
extern const struct vm_operations_struct svpu_bar_vm_ops;

#endif /* SOFTVPU_BAR_MEMORY_H */
