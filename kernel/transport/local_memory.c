// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers of transport "local": videobuf2's memory operations. MMAP and bounce buffers are pages of
 * the kernel, as videobuf2-vmalloc's, but charged to who asks for them; the firmware gets them as
 * dma-bufs, as other drivers do that an application exports them to.
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
	unsigned long whole; /* with the tail behind it */
};

/* ---- MMAP ---- */

static void svpu_local_put(void *priv)
{
	struct svpu_local_buffer *buffer = priv;

	if (!refcount_dec_and_test(&buffer->own.users))
		return;
	vfree(buffer->memory);
	svpu_uncharge(&buffer->charge);
	kfree(buffer);
}

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
	svpu_own_init(&buffer->own, size, svpu_local_put);
	return buffer;

err_charge:
	svpu_uncharge(&buffer->charge);
err_buffer:
	kfree(buffer);
	return ERR_PTR(-ENOMEM);
}

static void *svpu_local_vaddr(struct vb2_buffer *vb, void *priv)
{
	struct svpu_local_buffer *buffer = priv;

	return buffer->own.imported.other ? svpu_imported_vaddr(vb, priv) : buffer->memory;
}

static int svpu_local_map(struct svpu_local_buffer *buffer, struct vm_area_struct *vma)
{
	int ret = svpu_pages_map(vma, buffer->memory);

	if (ret)
		return ret;
	svpu_own_map(&buffer->own, vma, &vb2_common_vm_ops);
	return 0;
}

static int svpu_local_mmap(void *priv, struct vm_area_struct *vma)
{
	struct svpu_local_buffer *buffer = priv;

	if (vma->vm_end - vma->vm_start > buffer->own.size)
		return -EINVAL;
	return svpu_local_map(buffer, vma);
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

static void svpu_local_dmabuf_release(struct dma_buf *dbuf)
{
	svpu_local_put(dbuf->priv);
}

static int svpu_local_dmabuf_vmap(struct dma_buf *dbuf, struct iosys_map *map)
{
	struct svpu_local_buffer *buffer = dbuf->priv;

	iosys_map_set_vaddr(map, buffer->memory);
	return 0;
}

static int svpu_local_dmabuf_mmap(struct dma_buf *dbuf, struct vm_area_struct *vma)
{
	/* Of a part, too: the dma-buf's core has checked that it lies inside. */
	if (vma->vm_pgoff)
		return -EINVAL;
	return svpu_local_map(dbuf->priv, vma);
}

static const struct dma_buf_ops svpu_local_dmabuf_ops = {
	.map_dma_buf = svpu_local_dmabuf_map,
	.unmap_dma_buf = svpu_local_dmabuf_unmap,
	.release = svpu_local_dmabuf_release,
	.vmap = svpu_local_dmabuf_vmap,
	.mmap = svpu_local_dmabuf_mmap,
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
	.put = svpu_local_put,
	.get_dmabuf = svpu_local_get_dmabuf,
	.vaddr = svpu_local_vaddr,
	.mmap = svpu_local_mmap,
	SVPU_SHARED_MEM_OPS,
};
