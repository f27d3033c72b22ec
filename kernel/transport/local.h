/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of transport "local" share. */
#ifndef SOFTVPU_LOCAL_H
#define SOFTVPU_LOCAL_H

#include <linux/fs.h>
#include <linux/wait.h>

#include "transport/transport.h"

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

/* local_session.c: of a worker's file; its private data is the session, with a reference. */
extern const struct file_operations svpu_session_file_ops;

/* local_memory.c */
extern const struct vb2_mem_ops svpu_local_memops;
struct dma_buf *svpu_local_lend(void *priv, unsigned long flags);

#endif /* SOFTVPU_LOCAL_H */
