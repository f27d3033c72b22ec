// SPDX-License-Identifier: GPL-2.0
/*
 * The table of memory that the firmware of a session knows by name: a reference on it is kept until
 * it is unmapped, and after that as long as the firmware may read it. Written under the lock of the
 * port's owner; the transport reads it under memory_lock.
 */
#include <linux/slab.h>

#include "vpu/port.h"

/* `memory` may be NULL. */
void svpu_memory_free(struct svpu_port *port, struct svpu_memory *memory)
{
	unsigned int i;

	if (!memory)
		return;
	for (i = 0; i < ARRAY_SIZE(memory->shared); i++)
		if (memory->shared[i])
			port->link.dev->transport->unshare(memory->shared[i]);
	kfree(memory);
}

/* Puts `memory` in the place of what the session knew under that name, which it returns. */
static struct svpu_memory *svpu_memory_swap(struct svpu_port *port, u32 direction, u32 index,
					    struct svpu_memory *memory)
{
	struct svpu_memory *old;

	mutex_lock(&port->memory_lock);
	old = port->memory[direction][index];
	port->memory[direction][index] = memory;
	mutex_unlock(&port->memory_lock);
	return old;
}

void svpu_memory_enter(struct svpu_port *port, struct svpu_memory *memory)
{
	svpu_memory_free(port, svpu_memory_swap(port, memory->name.direction, memory->name.index,
						memory));
}

/* The host has left the session: drops its references on all memory. */
void svpu_memory_forget(struct svpu_port *port)
{
	struct svpu_memory *memory, *next;
	unsigned int direction, i;
	LIST_HEAD(leaving);

	for (direction = 0; direction < 2; direction++)
		for (i = 0; i < SVPU_MAX_BUFFERS; i++)
			svpu_memory_free(port, svpu_memory_swap(port, direction, i, NULL));
	mutex_lock(&port->memory_lock);
	list_splice_init(&port->leaving, &leaving);
	mutex_unlock(&port->memory_lock);
	list_for_each_entry_safe(memory, next, &leaving, link)
		svpu_memory_free(port, memory);
}

/* UNMAP_BUFFER is sent. Where the firmware's mapping keeps the memory we needn't. */
void svpu_memory_leave(struct svpu_port *port, u32 direction, u32 index)
{
	struct svpu_memory *memory = svpu_memory_swap(port, direction, index, NULL);

	port->unmaps++;
	if (!memory || !port->link.dev->transport->lends) {
		svpu_memory_free(port, memory);
		return;
	}
	mutex_lock(&port->memory_lock);
	list_add_tail(&memory->link, &port->leaving);
	mutex_unlock(&port->memory_lock);
}

static struct svpu_memory *svpu_memory_take_leaving(struct svpu_port *port,
						    const struct svpu_msg_unmapped *message)
{
	struct svpu_memory *memory, *found = NULL;

	mutex_lock(&port->memory_lock);
	list_for_each_entry(memory, &port->leaving, link) {
		if (memory->name.direction == message->direction &&
		    memory->name.index == message->index &&
		    memory->name.generation == message->generation) {
			found = memory;
			list_del(&memory->link);
			break;
		}
	}
	mutex_unlock(&port->memory_lock);
	return found;
}

/*
 * The firmware has released a buffer's memory. Returns what is wrong with that, or NULL. Names are
 * only known where we keep the memory for it: elsewhere one that never answers costs nothing.
 */
const char *svpu_memory_unmapped(struct svpu_port *port, const struct svpu_msg_unmapped *message)
{
	struct svpu_memory *memory;

	if (!port->unmaps)
		return "it released a buffer that it wasn't asked to release";
	port->unmaps--;
	if (!port->link.dev->transport->lends)
		return NULL;
	memory = svpu_memory_take_leaving(port, message);
	svpu_memory_free(port, memory);
	return memory ? NULL : "it released a buffer that wasn't unmapped";
}

/* The name may have any values: the firmware sent them. */
void *svpu_link_find(struct svpu_link *link, const struct svpu_memory_name *name,
		     unsigned int plane, void (*hold)(void *shared))
{
	struct svpu_port *port = container_of(link, struct svpu_port, link);
	struct svpu_memory *memory;
	void *shared = NULL;

	if (name->direction > SVPU_OUTPUT || name->index >= SVPU_MAX_BUFFERS)
		return NULL;
	mutex_lock(&port->memory_lock);
	memory = port->memory[name->direction][name->index];
	if (memory && memory->name.generation == name->generation && plane < memory->num_planes) {
		shared = memory->shared[plane];
		hold(shared);
	}
	mutex_unlock(&port->memory_lock);
	return shared;
}
