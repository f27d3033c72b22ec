/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device below the seam: its transport, its sessions, and what its firmware can do. Whoever shows
 * it to applications embeds it (v4l2/device.h) and is called by a struct svpu_front_ops.
 */
#ifndef SOFTVPU_DEVICE_H
#define SOFTVPU_DEVICE_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "transport/transport.h"

struct svpu_caps;
struct svpu_front_ops;
struct svpu_port;
struct svpu_vpu;

/*
 * What sessions did, human-readable and tests: debugfs.c. Written under its owner's lock, read
 * without it.
 */
struct svpu_counters {
	u64 commands, messages;
	u64 rung, received; /* doorbells: the firmware's, by us, and ours */
	u64 inputs, frames; /* buffers that the firmware has consumed, and filled */
	u64 in_place; /* of these frames: decoded there, not copied */
	u64 copies_in, copies_out; /* of planes, into bounce buffers and out of them */
	u64 bytes_in, bytes_out; /* copied so */
	u32 deepest[2]; /* the most buffers that the firmware had at a time */
};

struct svpu_vpu {
	struct svpu_device device;
	const struct svpu_front_ops *front; /* who shows it to applications */
	struct dentry *debugfs;

	struct mutex lock; /* device.removed, probe_*; held while a probe begins */
	struct svpu_port *probe_port; /* asks a new firmware what it can do */
	struct svpu_caps *probe_caps;
	struct work_struct probe_work; /* reads its answers */
	struct delayed_work probe_timeout; /* ends it at probe_deadline */
	unsigned long probe_deadline;

	spinlock_t caps_lock; /* caps */
	struct svpu_caps *caps; /* NULL until the first firmware has answered */

	spinlock_t ports_lock; /* ports, generation, counters */
	struct list_head ports;
	u32 generation;
	u64 sessions_opened;
	u64 sessions_failed;
	struct svpu_counters ended; /* of the sessions that are over */
};

struct svpu_front_ops {
	/* Makes a device for svpu_vpu_init(), or an error. */
	struct svpu_vpu *(*create)(struct device *parent,
				   const struct svpu_transport_ops *transport);
	/* There is a capability table, the first or another. vpu->lock is held. */
	void (*caps_ready)(struct svpu_vpu *vpu);
	/* The device goes; open files stay. Drops the reference that create() began with. */
	void (*remove)(struct svpu_vpu *vpu);
	/* The last reference is gone. */
	void (*free)(struct svpu_vpu *vpu);
};

static inline struct svpu_vpu *svpu_vpu_of(struct svpu_device *dev)
{
	return container_of(dev, struct svpu_vpu, device);
}

/* Before there are transports: who makes devices of them. */
void svpu_set_front(const struct svpu_front_ops *ops);

int svpu_vpu_init(struct svpu_vpu *vpu, struct device *parent,
		  const struct svpu_transport_ops *transport);
void svpu_vpu_destroy(struct svpu_vpu *vpu);
struct svpu_caps *svpu_vpu_caps(struct svpu_vpu *vpu);

/* probe.c */
void svpu_probe_init(struct svpu_vpu *vpu);
void svpu_probe_cancel(struct svpu_vpu *vpu);

#endif /* SOFTVPU_DEVICE_H */
