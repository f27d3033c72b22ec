/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of transport "local" share. */
#ifndef SOFTVPU_LOCAL_H
#define SOFTVPU_LOCAL_H

#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/wait.h>

#include "transport/transport.h"

/* What this transport has of the device, in svpu_device.transport_data. */
struct svpu_local {
	struct svpu_device *dev;
	struct miscdevice misc;
	spinlock_t lock; /* opened, attached, waiting */
	bool opened; /* the node; by one firmware at a time */
	bool attached; /* and it may be offered sessions */
	struct list_head waiting; /* sessions that no worker took yet; each holds a reference */
	wait_queue_head_t wait;
};

/* What this transport has of a session, in svpu_link.data. */
struct svpu_local_session {
	struct svpu_link *link;
	struct list_head waiting; /* in svpu_local.waiting */
	bool has_opener; /* or nobody: it asks for capabilities */
	kuid_t opener;
	wait_queue_head_t wait;
	spinlock_t lock; /* bells, closed */
	u64 bells;
	bool closed; /* by the host */
};

/* local_firmware.c: of the firmware node */
extern const struct file_operations svpu_fw_file_ops;

/* local_session.c: of a worker's file; its private data is the session, with a reference. */
extern const struct file_operations svpu_session_file_ops;

/* local_memory.c */
extern const struct vb2_mem_ops svpu_local_memops;
struct dma_buf *svpu_local_lend(void *priv, unsigned long flags);

#endif /* SOFTVPU_LOCAL_H */
