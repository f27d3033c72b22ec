// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers in the BAR of an ivshmem device: videobuf2's memory operations. MMAP buffers are in
 * (after can/may: be) the window of their file, where its worker finds them; other memory (USERPTR,
 * DMABUF) is left to imported.c, and bounced by vpu/buffers.c. Exported buffers of a window are
 * reached in place when the same file imports them. The memory has no struct pages: it can be
 * mapped by processes (bar_mapping.c) and by the kernel, but not be given to another device's DMA.
 */
#include <linux/bitmap.h>
#include <linux/slab.h>

#include "transport/bar_memory.h"

/* ---- pages of a window ---- */

static bool svpu_window_take(struct svpu_window *window, struct svpu_bar_buffer *buffer)
{
	unsigned long limit = svpu_heap_pages(window->bar);

	mutex_lock(&window->bar->lock);
	buffer->first = bitmap_find_next_zero_area(window->used, limit, 0, buffer->pages, 0);
	if (buffer->first < limit)
		bitmap_set(window->used, buffer->first, buffer->pages);
	mutex_unlock(&window->bar->lock);
	return buffer->first < limit;
}

static void svpu_window_give_back(struct svpu_window *window, struct svpu_bar_buffer *buffer)
{
	mutex_lock(&window->bar->lock);
	bitmap_clear(window->used, buffer->first, buffer->pages);
	mutex_unlock(&window->bar->lock);
}

/* ---- MMAP ---- */

/* The pages are free when neither videobuf2 nor a session's worker uses them. */
static void svpu_bar_drop(struct svpu_bar_buffer *buffer)
{
	if (!refcount_dec_and_test(&buffer->holds))
		return;
	svpu_window_give_back(buffer->window, buffer);
	svpu_window_put(buffer->window);
	kfree(buffer);
}

static void svpu_bar_free_buffer(struct svpu_own *own)
{
	svpu_bar_drop(svpu_bar_buffer_of(own));
}

static void *svpu_bar_vaddr(struct svpu_own *own)
{
	const struct svpu_bar_buffer *buffer = svpu_bar_buffer_of(own);

	return buffer->window->base + buffer->window->bar->heap_offset + svpu_buffer_offset(buffer);
}

static const struct svpu_own_ops svpu_bar_own_ops = {
	.free = svpu_bar_free_buffer,
	.vaddr = svpu_bar_vaddr,
	.map = svpu_bar_map,
	.vm_ops = &svpu_bar_vm_ops,
};

static void *svpu_bar_alloc(struct vb2_buffer *vb, struct device *dev, unsigned long size)
{
	struct svpu_client *client = svpu_client_of(vb);
	struct svpu_window *window = svpu_window_of(client);
	struct svpu_bar_buffer *buffer;
	int access, ret;

	if (IS_ERR(window))
		return window;
	/* The worker of a session that has ended may still write to what it knew. */
	ret = READ_ONCE(window->link) ? 0 : svpu_window_wait(window);
	if (ret && ret != -ENODEV)
		return ERR_PTR(ret);
	buffer = kzalloc(sizeof(*buffer), GFP_KERNEL_ACCOUNT);
	if (!buffer)
		return ERR_PTR(-ENOMEM);
	buffer->window = window;
	buffer->pages = svpu_own_whole(vb, size) >> PAGE_SHIFT;
	if (!buffer->pages || !svpu_window_take(window, buffer)) {
		dev_dbg(dev, "no %lu bytes are free in window %u\n", size, window->index);
		kfree(buffer);
		return ERR_PTR(-ENOMEM);
	}
	svpu_window_get(window);
	refcount_set(&buffer->holds, 1);
	svpu_own_init(&buffer->own, &svpu_bar_own_ops, size);
	if (!svpu_access_begin(client->dev, &access)) {
		svpu_own_put(&buffer->own);
		return ERR_PTR(-ENODEV);
	}
	/* It may have been another process's. */
	memset(svpu_bar_vaddr(&buffer->own), 0, buffer->pages << PAGE_SHIFT);
	svpu_access_end(client->dev, access);
	return buffer;
}

/* ---- exported buffers ---- */

static struct sg_table *svpu_bar_dmabuf_map(struct dma_buf_attachment *attachment,
					    enum dma_data_direction direction)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static void svpu_bar_dmabuf_unmap(struct dma_buf_attachment *attachment, struct sg_table *table,
				  enum dma_data_direction direction)
{
}

/*
 * Other drivers get an error once the device has gone; vmap() can't refuse, since the
 * dma-buf core warns of that.
 */
static int svpu_bar_dmabuf_begin(struct dma_buf *dbuf, enum dma_data_direction direction)
{
	return READ_ONCE(svpu_buffer_device(dbuf->priv)->revoked) ? -ENODEV : 0;
}

static const struct dma_buf_ops svpu_bar_dmabuf_ops = {
	.map_dma_buf = svpu_bar_dmabuf_map,
	.unmap_dma_buf = svpu_bar_dmabuf_unmap,
	.begin_cpu_access = svpu_bar_dmabuf_begin,
	SVPU_SHARED_DMABUF_OPS,
};

static struct dma_buf *svpu_bar_get_dmabuf(struct vb2_buffer *vb, void *priv, unsigned long flags)
{
	struct svpu_bar_buffer *buffer = priv;
	struct dma_buf *dbuf;

	dbuf = svpu_own_export(&buffer->own, &svpu_bar_dmabuf_ops, buffer->own.size, flags);
	if (dbuf)
		dbuf->file->f_mapping = buffer->window->bar->inode->i_mapping;
	return dbuf;
}

struct svpu_device *svpu_bar_exporter(struct dma_buf *dbuf)
{
	return dbuf->ops == &svpu_bar_dmabuf_ops ? svpu_buffer_device(dbuf->priv) : NULL;
}

const struct vb2_mem_ops svpu_bar_memops = {
	.alloc = svpu_bar_alloc,
	.get_dmabuf = svpu_bar_get_dmabuf,
	SVPU_SHARED_MEM_OPS,
};

/* ---- what vpu/buffers.c asks ---- */

/* The buffer of the plane that is in `window`, or NULL. */
static struct svpu_bar_buffer *svpu_own_buffer(struct svpu_window *window, struct vb2_buffer *vb,
					       unsigned int plane)
{
	struct dma_buf *dbuf = vb->planes[plane].dbuf;
	struct svpu_bar_buffer *buffer = NULL;

	if (vb->memory == VB2_MEMORY_MMAP)
		buffer = vb->planes[plane].mem_priv;
	else if (vb->memory == VB2_MEMORY_DMABUF && dbuf && dbuf->ops == &svpu_bar_dmabuf_ops)
		buffer = dbuf->priv;
	return buffer && buffer->window == window ? buffer : NULL;
}

bool svpu_bar_reaches(struct svpu_client *client, struct vb2_buffer *vb, unsigned int plane)
{
	return svpu_own_buffer(client->place, vb, plane);
}

/* As an offset in the slot's heap. */
void *svpu_bar_share(struct vb2_buffer *vb, unsigned int plane, void *bounce,
		     struct svpu_plane *wire)
{
	struct svpu_bar_buffer *buffer = bounce;

	if (!buffer)
		buffer = svpu_own_buffer(svpu_client_of(vb)->place, vb, plane);
	if (!buffer)
		return ERR_PTR(-EINVAL);
	wire->offset = svpu_buffer_offset(buffer);
	wire->mapped_length = min_t(size_t, buffer->pages << PAGE_SHIFT, U32_MAX);
	refcount_inc(&buffer->holds);
	return buffer;
}

void svpu_bar_unshare(void *shared)
{
	svpu_bar_drop(shared);
}

bool svpu_bar_room(struct svpu_client *client, unsigned int count, unsigned long size)
{
	struct svpu_window *window = client->place;
	unsigned long pages = PAGE_ALIGN(size) >> PAGE_SHIFT;
	unsigned long limit, first = 0;

	if (!window)
		return true;
	limit = svpu_heap_pages(window->bar);
	mutex_lock(&window->bar->lock);
	for (; count && first < limit; count--) {
		first = bitmap_find_next_zero_area(window->used, limit, first, pages, 0);
		if (first >= limit)
			break;
		first += pages;
	}
	mutex_unlock(&window->bar->lock);
	return !count;
}
