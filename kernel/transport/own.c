// SPDX-License-Identifier: GPL-2.0
/*
 * What both transports do alike with a buffer that they allocated: counting its users, exporting
 * it, mapping it into processes. local_memory.c and bar_memory.c have the memory itself.
 */
#include "transport/memory.h"

void svpu_own_init(struct svpu_own *own, unsigned long size, void (*put)(void *priv))
{
	own->size = size;
	refcount_set(&own->users, 1);
	own->handler.refcount = &own->users;
	own->handler.put = put;
	own->handler.arg = own;
}

/* Pages to allocate, in bytes: with the tail that the firmware may read, and the client not. */
unsigned long svpu_own_whole(struct vb2_buffer *vb, unsigned long size)
{
	bool capture = V4L2_TYPE_IS_CAPTURE(vb->vb2_queue->type);

	return PAGE_ALIGN(size + (capture ? svpu_client_of(vb)->tail : 0));
}

/* vb2's num_users; of imported memory, too. */
unsigned int svpu_own_num_users(void *priv)
{
	struct svpu_own *own = priv;

	return own->imported.other ? 0 : refcount_read(&own->users);
}

/* The mapping is one of the buffer's users from now on. */
void svpu_own_map(struct svpu_own *own, struct vm_area_struct *vma,
		  const struct vm_operations_struct *ops)
{
	vma->vm_private_data = &own->handler;
	vma->vm_ops = ops;
	vma->vm_ops->open(vma);
}

/* A dma-buf of `size` bytes, which is a user of the buffer. NULL: no memory. */
struct dma_buf *svpu_own_export(struct svpu_own *own, const struct dma_buf_ops *ops,
				unsigned long size, unsigned long flags)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dbuf;

	info.ops = ops;
	info.size = size;
	info.flags = flags;
	info.priv = own;
	dbuf = dma_buf_export(&info);
	if (IS_ERR(dbuf))
		return NULL;
	refcount_inc(&own->users);
	return dbuf;
}
