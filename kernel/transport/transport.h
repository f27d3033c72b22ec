/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a transport is to the rest of the module: it finds firmwares and carries sessions and the
 * memory of buffers to them. This is all that transports and vpu/ know of each other: vpu/ calls a
 * transport by its svpu_transport_ops, and implements the functions under "Called by transports".
 * A transport sees the front part of what lies above it: of a device, an open file, a session.
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

#define SVPU_MAX_BUFFER_SIZE SZ_256M /* the largest of any memory: beyond any picture */

struct svpu_transport_ops;

/* A device. Part of a struct svpu_vpu. */
struct svpu_device {
	struct kref ref;
	struct device *dev;
	const struct svpu_transport_ops *transport;
	void *transport_data;
	bool removed; /* no session begins any more */

	/*
	 * The transport's memory is only touched in a section of `access`, and not once it is
	 * revoked: the device has gone, and what it was mapped from may be another's.
	 */
	struct srcu_struct access;
	bool revoked;
	atomic64_t faults; /* of processes that touch buffers; ivshmem maps them only then */
};

/*
 * An open file of a node. Part of a struct svpu_session, and what its vb2 queues have as their
 * private data.
 */
struct svpu_client {
	struct svpu_device *dev;
	kuid_t opener; /* who opened this file */
	void *place; /* the transport's: where this file's memory lies */
	unsigned long tail; /* bytes behind a CAPTURE buffer that the firmware may read */
};

/* One session with a firmware. Part of a struct svpu_port, which is counted by get() and put(). */
struct svpu_link {
	struct svpu_device *dev;
	u32 generation; /* of the session; never 0 */
	void *region; /* set by the transport's open() */
	void *data; /* the transport's */
	pid_t worker; /* who mapped the region, for people; 0: nobody yet */
};

/* The name of a buffer's memory in one session, as MAP_BUFFER gives it. */
struct svpu_memory_name {
	u32 direction, index, generation;
};

struct svpu_transport_ops {
	const char *name;
	const char *absent; /* why there is no firmware, for people */
	/* Of both queues; alloc(), put() and vaddr() also make the bounce buffers. */
	const struct vb2_mem_ops *mem_ops;
	/* True: the firmware can reach the plane's own memory; else it sees a bounce buffer. */
	bool (*reaches)(struct svpu_client *client, struct vb2_buffer *vb, unsigned int plane);
	/*
	 * Says where the firmware finds the plane, or `bounce` (NULL: none) in its place: fills in
	 * of `wire` what isn't 0, mapped_length in any case. Returns a reference on the memory.
	 */
	void *(*share)(struct vb2_buffer *vb, unsigned int plane, void *bounce,
		       struct svpu_plane *wire);
	/* Drops what share() returned. */
	void (*unshare)(void *shared);
	/*
	 * The firmware's mapping doesn't keep the memory: what is unmapped is ours until it says
	 * UNMAPPED. Then room() tells whether `count` times `size` bytes can be allocated now.
	 */
	bool lends;
	bool (*room)(struct svpu_client *client, unsigned int count, unsigned long size);
	/*
	 * Gives the session its region, and then, when that is initialized, offers it to the
	 * firmware. `client` is NULL when the module itself asks for capabilities. Waits for the
	 * end of earlier sessions only, timeout_ms at most. -ENODEV: no firmware.
	 */
	int (*open)(struct svpu_link *link, struct svpu_client *client);
	int (*offer)(struct svpu_link *link);
	/* The host has left the session, which was offered. Doesn't wait. */
	void (*close)(struct svpu_link *link);
	/* The last reference is gone: free the region. */
	void (*release)(struct svpu_link *link);
	/* Rings the command doorbell. Any context. */
	void (*doorbell)(struct svpu_link *link);
	/* A file is closed, its buffers are freed: client->place goes. NULL: nothing to do. */
	void (*leave)(struct svpu_client *client);
	/* Where the node's files map buffers. NULL: it doesn't matter. */
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

/* A firmware has come, and is asked what it can do; it has gone, or is given up. */
int svpu_device_attached(struct svpu_device *dev);
void svpu_device_detached(struct svpu_device *dev);
void svpu_device_lose_sessions(struct svpu_device *dev);

void svpu_link_get(struct svpu_link *link);
void svpu_link_put(struct svpu_link *link);
/* The message doorbell rang; the firmware is gone from this session. Any context. */
void svpu_link_bell(struct svpu_link *link);
void svpu_link_lost(struct svpu_link *link);
/*
 * What share() returned for the plane that the firmware names, after hold() was called with it, or
 * NULL: there is none of that name.
 */
void *svpu_link_find(struct svpu_link *link, const struct svpu_memory_name *name,
		     unsigned int plane, void (*hold)(void *shared));

/* ---- the transports there are: main.c ---- */

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
