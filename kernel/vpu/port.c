// SPDX-License-Identifier: GPL-2.0
/*
 * The life of the host's end of a session with the firmware: the region, references, doorbells.
 * See port.h; transports call the functions of a link. What goes through the rings: traffic.c.
 */
#include <linux/slab.h>

#include "vpu/port.h"

static struct svpu_port *svpu_port_of(struct svpu_link *link)
{
	return container_of(link, struct svpu_port, link);
}

static struct svpu_vpu *svpu_port_vpu(const struct svpu_port *port)
{
	return svpu_vpu_of(port->link.dev);
}

void svpu_link_get(struct svpu_link *link)
{
	kref_get(&svpu_port_of(link)->ref);
}

static void svpu_port_free(struct svpu_port *port)
{
	mutex_destroy(&port->memory_lock);
	kfree(port);
}

static void svpu_port_release(struct kref *ref)
{
	struct svpu_port *port = container_of(ref, struct svpu_port, ref);
	struct svpu_device *dev = port->link.dev;

	svpu_memory_forget(port);
	dev->transport->release(&port->link);
	svpu_port_free(port);
	svpu_device_put(dev);
}

void svpu_link_put(struct svpu_link *link)
{
	kref_put(&svpu_port_of(link)->ref, svpu_port_release);
}

/* What the region looks like before the firmware sees it. */
static void svpu_port_init_region(struct svpu_port *port)
{
	void *region = port->link.region;
	struct svpu_header *header = region;
	int access;

	if (!svpu_access_begin(port->link.dev, &access))
		return;
	memset(region, 0, SVPU_REGION_SIZE);
	header->magic = SVPU_MAGIC;
	header->abi_major = SVPU_ABI_MAJOR;
	header->abi_minor = SVPU_ABI_MINOR;
	header->region_size = SVPU_REGION_SIZE;
	header->generation = port->link.generation;
	svpu_ring_init(&port->commands, region, SVPU_COMMAND_INDEX_OFFSET, SVPU_COMMAND_OFFSET,
		       SVPU_COMMAND_SLOTS);
	svpu_ring_init(&port->messages, region, SVPU_MESSAGE_INDEX_OFFSET, SVPU_MESSAGE_OFFSET,
		       SVPU_MESSAGE_SLOTS);
	svpu_ring_init(&port->debug, region, SVPU_DEBUG_INDEX_OFFSET, SVPU_DEBUG_OFFSET,
		       SVPU_DEBUG_SLOTS);
	/* Nobody reads yet: the first message rings. */
	svpu_ring_wait_entry(&port->messages);
	svpu_access_end(port->link.dev, access);
}

static struct svpu_port *svpu_port_new(struct svpu_device *dev, struct work_struct *owner_work)
{
	struct svpu_port *port = kzalloc(sizeof(*port), GFP_KERNEL_ACCOUNT);

	if (!port)
		return NULL;
	kref_init(&port->ref);
	port->link.dev = dev;
	port->owner_work = owner_work;
	INIT_LIST_HEAD(&port->entry);
	INIT_LIST_HEAD(&port->leaving);
	svpu_session_step(&port->state, SVPU_HOST_STARTS);
	spin_lock_init(&port->owner_lock);
	mutex_init(&port->memory_lock);
	init_waitqueue_head(&port->wait);
	atomic_set(&port->bell, 0);
	return port;
}

static int svpu_port_offer(struct svpu_port *port, struct svpu_client *client)
{
	const struct svpu_transport_ops *transport = port->link.dev->transport;
	int ret = transport->open(&port->link, client);

	if (ret)
		return ret;
	svpu_port_init_region(port);
	ret = transport->offer(&port->link);
	if (ret)
		transport->release(&port->link);
	return ret;
}

/*
 * Makes a session and offers it to the firmware; commands may be sent at once. `owner_work` is
 * queued whenever there is something to read. Errors: -ENODEV no firmware; -ENOMEM.
 */
struct svpu_port *svpu_port_open(struct svpu_vpu *vpu, struct svpu_client *client,
				 struct work_struct *owner_work)
{
	struct svpu_port *port = svpu_port_new(&vpu->device, owner_work);
	int ret;

	if (!port)
		return ERR_PTR(-ENOMEM);
	spin_lock(&vpu->ports_lock);
	do {
		port->link.generation = ++vpu->generation;
	} while (!port->link.generation);
	list_add_tail(&port->entry, &vpu->ports);
	vpu->sessions_opened++;
	spin_unlock(&vpu->ports_lock);

	ret = svpu_port_offer(port, client);
	if (ret) {
		spin_lock(&vpu->ports_lock);
		list_del(&port->entry);
		spin_unlock(&vpu->ports_lock);
		svpu_port_free(port);
		return ERR_PTR(ret);
	}
	svpu_device_get(&vpu->device);
	return port;
}

/* Sums and, of the depths, the deepest. */
void svpu_counters_add(struct svpu_counters *to, const struct svpu_port *port)
{
	const struct svpu_counters *from = &port->counters;
	unsigned int i;

	to->commands += from->commands;
	to->messages += from->messages;
	to->rung += from->rung;
	to->received += (unsigned int)atomic_read(&port->bells);
	to->inputs += from->inputs;
	to->frames += from->frames;
	to->in_place += from->in_place;
	to->copies_in += from->copies_in;
	to->copies_out += from->copies_out;
	to->bytes_in += from->bytes_in;
	to->bytes_out += from->bytes_out;
	for (i = 0; i < ARRAY_SIZE(to->deepest); i++)
		to->deepest[i] = max(to->deepest[i], from->deepest[i]);
}

/* The host leaves. Its reference is gone after this; nothing is waited for. */
void svpu_port_close(struct svpu_port *port)
{
	struct svpu_vpu *vpu = svpu_port_vpu(port);
	struct svpu_entry abort;
	unsigned long flags;

	spin_lock_irqsave(&port->owner_lock, flags);
	port->owner_work = NULL;
	spin_unlock_irqrestore(&port->owner_lock, flags);

	svpu_port_send(port, &abort, SVPU_CMD_ABORT, sizeof(abort), 0);
	spin_lock(&vpu->ports_lock);
	list_del_init(&port->entry);
	svpu_counters_add(&vpu->ended, port);
	spin_unlock(&vpu->ports_lock);
	vpu->device.transport->close(&port->link);
	svpu_memory_forget(port);
	svpu_link_put(&port->link);
}

void svpu_link_bell(struct svpu_link *link)
{
	struct svpu_port *port = svpu_port_of(link);
	unsigned long flags;

	atomic_inc(&port->bells);
	atomic_set(&port->bell, 1);
	wake_up(&port->wait);
	spin_lock_irqsave(&port->owner_lock, flags);
	if (port->owner_work)
		queue_work(system_unbound_wq, port->owner_work);
	spin_unlock_irqrestore(&port->owner_lock, flags);
}

/* The owner learns it from its work. */
void svpu_link_lost(struct svpu_link *link)
{
	WRITE_ONCE(svpu_port_of(link)->lost, true);
	svpu_link_bell(link);
}

/* The whole firmware is gone, or the device goes. */
void svpu_device_lose_sessions(struct svpu_device *dev)
{
	struct svpu_vpu *vpu = svpu_vpu_of(dev);
	struct svpu_port *port;

	spin_lock(&vpu->ports_lock);
	list_for_each_entry(port, &vpu->ports, entry)
		svpu_link_lost(&port->link);
	spin_unlock(&vpu->ports_lock);
}
