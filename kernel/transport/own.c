// SPDX-License-Identifier: GPL-2.0
/*
 * What both transports do alike with a buffer that they allocated: counting its users, exporting
 * it, mapping it into processes. local_memory.c and bar_memory.c have the memory itself.
 */
#include "transport/memory.h"

void svpu_own_init(struct svpu_own *own, const struct svpu_own_ops *ops, unsigned long size)
{
	own->ops = ops;
	own->size = size;
	refcount_set(&own->users, 1);
	own->handler.refcount = &own->users;
	own->handler.put = svpu_own_put;
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

void svpu_own_put(void *priv)
{
	struct svpu_own *own = priv;

	if (refcount_dec_and_test(&own->users))
		own->ops->free(own);
}

void *svpu_own_vaddr(struct vb2_buffer *vb, void *priv)
{
	struct svpu_own *own = priv;

	return own->imported.other ? svpu_imported_vaddr(vb, priv) : own->ops->vaddr(own);
}

/* The mapping is one of the buffer's users from now on. */
static int svpu_own_map(struct svpu_own *own, struct vm_area_struct *vma, unsigned long most)
{
	int ret;

	if (vma->vm_end - vma->vm_start > most)
		return -EINVAL;
	ret = own->ops->map(own, vma);
	if (ret)
		return ret;
	vma->vm_private_data = &own->handler;
	vma->vm_ops = own->ops->vm_ops;
	vma->vm_ops->open(vma);
	return 0;
}

int svpu_own_mmap(void *priv, struct vm_area_struct *vma)
{
	struct svpu_own *own = priv;

	return svpu_own_map(own, vma, own->size);
}

/* ---- as dma-bufs ---- */

void svpu_own_dmabuf_release(struct dma_buf *dbuf)
{
	svpu_own_put(dbuf->priv);
}

int svpu_own_dmabuf_vmap(struct dma_buf *dbuf, struct iosys_map *map)
{
	struct svpu_own *own = dbuf->priv;

	iosys_map_set_vaddr(map, own->ops->vaddr(own));
	return 0;
}

/* Of a part, too, from the beginning. */
int svpu_own_dmabuf_mmap(struct dma_buf *dbuf, struct vm_area_struct *vma)
{
	return vma->vm_pgoff ? -EINVAL : svpu_own_map(dbuf->priv, vma, dbuf->size);
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
