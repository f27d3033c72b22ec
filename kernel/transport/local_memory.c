// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers of transport "local": videobuf2's memory operations. MMAP and bounce buffers are pages of
 * the kernel, as videobuf2-vmalloc's, but charged to the user who requests them; the firmware gets
 * them as dma-bufs, as other drivers do that an application exports them to.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "transport/local.h"
#include "transport/memory.h"

struct svpu_local_buffer {
	struct svpu_own own; /* first */
	struct svpu_charge charge;
	void *memory;
	unsigned long whole; /* including the tail */
};

/* ---- MMAP ---- */

static struct svpu_local_buffer *svpu_local_of(struct svpu_own *own)
{
	return container_of(own, struct svpu_local_buffer, own);
}

static void svpu_local_free_pages(struct svpu_own *own)
{
	struct svpu_local_buffer *buffer = svpu_local_of(own);

	vfree(buffer->memory);
	svpu_uncharge(&buffer->charge);
	kfree(buffer);
}

static void *svpu_local_pages(struct svpu_own *own)
{
	return svpu_local_of(own)->memory;
}

static int svpu_local_map_pages(struct svpu_own *own, struct vm_area_struct *vma)
{
	return svpu_pages_map(vma, svpu_local_of(own)->memory);
}

static const struct svpu_own_ops svpu_local_own_ops = {
	.free = svpu_local_free_pages,
	.vaddr = svpu_local_pages,
	.map = svpu_local_map_pages,
	.vm_ops = &vb2_common_vm_ops,
};

static void *svpu_local_alloc(struct vb2_buffer *vb, struct device *dev, unsigned long size)
{
	struct svpu_local_buffer *buffer = kzalloc(sizeof(*buffer), GFP_KERNEL_ACCOUNT);

	if (!buffer)
		return ERR_PTR(-ENOMEM);
	buffer->whole = svpu_own_whole(vb, size);
	if (svpu_charge(&buffer->charge, buffer->whole))
		goto err_buffer;
	buffer->memory = svpu_pages_alloc(buffer->whole);
	if (!buffer->memory)
		goto err_charge;
	svpu_own_init(&buffer->own, &svpu_local_own_ops, size);
	return buffer;

err_charge:
	svpu_uncharge(&buffer->charge);
err_buffer:
	kfree(buffer);
	return ERR_PTR(-ENOMEM);
}

/* ---- as dma-bufs ---- */

static void svpu_local_dmabuf_unmap(struct dma_buf_attachment *attachment, struct sg_table *table,
				    enum dma_data_direction direction)
{
	dma_unmap_sgtable(attachment->dev, table, direction, 0);
	sg_free_table(table);
	kfree(table);
}

static struct sg_table *svpu_local_dmabuf_map(struct dma_buf_attachment *attachment,
					      enum dma_data_direction direction)
{
	struct svpu_local_buffer *buffer = attachment->dmabuf->priv;
	struct sg_table *table = kzalloc(sizeof(*table), GFP_KERNEL);
	struct scatterlist *sg;
	unsigned int i;
	int ret;

	if (!table)
		return ERR_PTR(-ENOMEM);
	ret = sg_alloc_table(table, attachment->dmabuf->size >> PAGE_SHIFT, GFP_KERNEL);
	if (ret)
		goto err_table;
	for_each_sgtable_sg(table, sg, i)
		sg_set_page(sg, vmalloc_to_page(buffer->memory + ((size_t)i << PAGE_SHIFT)),
			    PAGE_SIZE, 0);
	ret = dma_map_sgtable(attachment->dev, table, direction, 0);
	if (ret)
		goto err_pages;
	return table;

err_pages:
	sg_free_table(table);
err_table:
	kfree(table);
	return ERR_PTR(ret);
}

static const struct dma_buf_ops svpu_local_dmabuf_ops = {
	.map_dma_buf = svpu_local_dmabuf_map,
	.unmap_dma_buf = svpu_local_dmabuf_unmap,
	SVPU_SHARED_DMABUF_OPS,
};

static struct dma_buf *svpu_local_get_dmabuf(struct vb2_buffer *vb, void *priv, unsigned long flags)
{
	struct svpu_own *own = priv;

	return svpu_own_export(own, &svpu_local_dmabuf_ops, own->size, flags);
}

/* For the firmware: with the tail, which the application doesn't see. NULL: no memory. */
struct dma_buf *svpu_local_lend(void *priv, unsigned long flags)
{
	struct svpu_local_buffer *buffer = priv;

	return svpu_own_export(&buffer->own, &svpu_local_dmabuf_ops, buffer->whole, flags);
}

const struct vb2_mem_ops svpu_local_memops = {
	.alloc = svpu_local_alloc,
	.get_dmabuf = svpu_local_get_dmabuf,
	SVPU_SHARED_MEM_OPS,
};
