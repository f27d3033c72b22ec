/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interface between the transports and the rest of the module. A transport finds firmwares and
 * connects sessions and buffer memory with them. Transports and vpu/ know nothing else of each
 * other: vpu/ calls a transport through its svpu_transport_ops, and implements the functions under
 * "called by transports" below. A transport sees only the first part of the structures above it:
 * svpu_device of a device, svpu_client of an open file, svpu_link of a session.
 */
#ifndef SOFTVPU_TRANSPORT_H
#define SOFTVPU_TRANSPORT_H

#include <linux/dma-buf.h>
#include <linux/kref.h>
#include <linux/sizes.h>
#include <linux/srcu.h>
#include <linux/uidgid.h>
#include <media/videobuf2-core.h>

#include <softvpu/hfi.h>

/* the largest buffer of any memory type: larger than any picture needs */
#define SVPU_MAX_BUFFER_SIZE SZ_256M

struct svpu_transport_ops;

/* A device. Part of a struct svpu_vpu. */
struct svpu_device {
	struct kref ref;
	struct device *dev;
	const struct svpu_transport_ops *transport;
	void *transport_data;
	bool removed; /* no new session may start */

	/*
	 * The transport's memory may be touched only inside an SRCU section of `access`, and not
	 * after `revoked` was set: then the device is gone, and its addresses may belong to another
	 * device.
	 */
	struct srcu_struct access;
	bool revoked;
	/* page faults of processes that touch buffers; ivshmem maps pages only then */
	atomic64_t faults;
};

/*
 * An open file of a node. Part of a struct svpu_session; the private data of the file's vb2 queues
 * points to it.
 */
struct svpu_client {
	struct svpu_device *dev;
	kuid_t opener; /* who opened this file */
	void *place; /* owned by the transport: where this file's memory is */
	unsigned long tail; /* bytes after the end of a CAPTURE buffer that the firmware may read */
};

/* One session with a firmware. Part of a struct svpu_port, which is counted by get() and put(). */
struct svpu_link {
	struct svpu_device *dev;
	u32 generation; /* of the session; never 0 */
	void *region; /* set by the transport's open() */
	void *data; /* owned by the transport */
	pid_t worker; /* process that mapped the region, for logs; 0: none yet */
};

/* The name of a buffer's memory in one session, as MAP_BUFFER gives it. */
struct svpu_memory_name {
	u32 direction, index, generation;
};

struct svpu_transport_ops {
	const char *name;
	const char *absent; /* log message when there is no firmware */
	/* For both queues; alloc(), put() and vaddr() are also used for bounce buffers. */
	const struct vb2_mem_ops *mem_ops;
	/*
	 * True if the firmware can access the plane's memory directly; otherwise it gets a bounce
	 * buffer.
	 */
	bool (*reaches)(struct svpu_client *client, struct vb2_buffer *vb, unsigned int plane);
	/*
	 * Describes to the firmware where the plane is, or, if `bounce` isn't NULL, the bounce
	 * buffer used instead: sets the fields of `wire` that aren't 0, and always mapped_length.
	 * Returns a reference to the memory.
	 */
	void *(*share)(struct vb2_buffer *vb, unsigned int plane, void *bounce,
		       struct svpu_plane *wire);
	/* Drops what share() returned. */
	void (*unshare)(void *shared);
	/*
	 * The firmware's mapping doesn't keep the memory alive, so after UNMAP_BUFFER the memory
	 * must not be reused until the firmware sends UNMAPPED. If this is set, room() tells
	 * whether `count` times `size` bytes can be allocated now.
	 */
	bool lends;
	bool (*room)(struct svpu_client *client, unsigned int count, unsigned long size);
	/*
	 * open() gives the session its region; offer() is called once the region is initialised,
	 * and offers it to the firmware. `client` is NULL when the module itself queries
	 * capabilities. open() waits only for earlier sessions to end, for timeout_ms at most.
	 * -ENODEV: no firmware.
	 */
	int (*open)(struct svpu_link *link, struct svpu_client *client);
	int (*offer)(struct svpu_link *link);
	/* The host has closed a session that was offered. Must not wait. */
	void (*close)(struct svpu_link *link);
	/* The last reference is gone: free the region. */
	void (*release)(struct svpu_link *link);
	/* Rings the command doorbell. Any context. */
	void (*doorbell)(struct svpu_link *link);
	/*
	 * A file was closed and its buffers are freed: releases client->place. NULL: nothing to do.
	 */
	void (*leave)(struct svpu_client *client);
	/* The address_space that the node's files use for mapping buffers. NULL: any. */
	struct address_space *(*mapping)(struct svpu_device *dev);
	/* The device's last user is gone: frees transport_data, which may be NULL. */
	void (*free)(struct svpu_device *dev);
};

/* True: the transport's memory may be touched until svpu_access_end(). Any context. */
static inline bool svpu_access_begin(struct svpu_device *dev, int *access)
{
	*access = srcu_read_lock(&dev->access);
	if (likely(!READ_ONCE(dev->revoked)))
		return true;
	srcu_read_unlock(&dev->access, *access);
	return false;
}

static inline void svpu_access_end(struct svpu_device *dev, int access)
{
	srcu_read_unlock(&dev->access, access);
}

/* ---- called by transports; vpu/front.c, device.c, probe.c, port.c and memory.c ---- */

/* For a driver's probe(), which sets transport_data; and for its remove(). */
struct svpu_device *svpu_device_create(struct device *parent,
				       const struct svpu_transport_ops *transport);
void svpu_device_remove(struct svpu_device *dev);
void svpu_device_revoke(struct svpu_device *dev);
void svpu_device_get(struct svpu_device *dev);
void svpu_device_put(struct svpu_device *dev);

/*
 * A firmware has attached and is queried for its capabilities; it has detached; all its sessions
 * are to fail.
 */
int svpu_device_attached(struct svpu_device *dev);
void svpu_device_detached(struct svpu_device *dev);
void svpu_device_lose_sessions(struct svpu_device *dev);

void svpu_link_get(struct svpu_link *link);
void svpu_link_put(struct svpu_link *link);
/* bell: the message doorbell rang. lost: the firmware has left this session. Any context. */
void svpu_link_bell(struct svpu_link *link);
void svpu_link_lost(struct svpu_link *link);
/*
 * Finds the plane that the firmware names. Calls hold() on what share() returned for it and returns
 * that; NULL if there is no plane of that name.
 */
void *svpu_link_find(struct svpu_link *link, const struct svpu_memory_name *name,
		     unsigned int plane, void (*hold)(void *shared));

/* ---- the existing transports; called by main.c ---- */

int svpu_local_init(void);
void svpu_local_exit(void);
#ifdef CONFIG_PCI
int svpu_ivshmem_init(void);
void svpu_ivshmem_exit(void);
/* The ivshmem device whose memory this is, or NULL: another exporter's. */
struct svpu_device *svpu_bar_exporter(struct dma_buf *dbuf);
#else
static inline int svpu_ivshmem_init(void)
{
	return 0;
}

static inline void svpu_ivshmem_exit(void)
{
}

static inline struct svpu_device *svpu_bar_exporter(struct dma_buf *dbuf)
{
	return NULL;
}
#endif

#endif /* SOFTVPU_TRANSPORT_H */
