// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers in the BAR of an ivshmem device: videobuf2's memory operations. MMAP buffers lie in the
 * window of their file, where its worker finds them; other memory (USERPTR, DMABUF) is left to
 * videobuf2-vmalloc, and bounced by memory.c. Exported buffers of a window are reached in place
 * when the same file imports them.
 *
 * The memory has no struct pages: it can be mapped by processes and by the kernel, but not be
 * given to another device's DMA.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <media/videobuf2-memops.h>
#include <media/videobuf2-vmalloc.h>

#include "ivshmem.h"

struct svpu_bar_buffer {
	struct svpu_window *window; /* NULL: not ours, `other` is videobuf2-vmalloc's */
	void *other;
	unsigned long first, pages; /* in the heap */
	refcount_t holds; /* one for all users, one for each sharing with a firmware */
	refcount_t users; /* as videobuf2 counts them */
	struct vb2_vmarea_handler handler;
};

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

static u64 svpu_buffer_offset(const struct svpu_bar_buffer *buffer)
{
	return (u64)buffer->first << PAGE_SHIFT;
}

static void *svpu_buffer_vaddr(const struct svpu_bar_buffer *buffer)
{
	return buffer->window->base + buffer->window->bar->heap_offset + svpu_buffer_offset(buffer);
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

static void svpu_bar_put(void *priv)
{
	struct svpu_bar_buffer *buffer = priv;

	if (refcount_dec_and_test(&buffer->users))
		svpu_bar_drop(buffer);
}

static void *svpu_bar_alloc(struct vb2_buffer *vb, struct device *dev, unsigned long size)
{
	struct svpu_ctx *ctx = vb2_get_drv_priv(vb->vb2_queue);
	struct svpu_window *window = svpu_window_of(ctx);
	struct svpu_bar_buffer *buffer;
	int ret;

	if (IS_ERR(window))
		return window;
	/* The worker of a session that is over may still write to what it knew. */
	ret = ctx->session ? 0 : svpu_window_wait(window);
	if (ret && ret != -ENODEV)
		return ERR_PTR(ret);
	buffer = kzalloc(sizeof(*buffer), GFP_KERNEL);
	if (!buffer)
		return ERR_PTR(-ENOMEM);
	buffer->window = window;
	buffer->pages = PAGE_ALIGN(size) >> PAGE_SHIFT;
	if (!buffer->pages || !svpu_window_take(window, buffer)) {
		dev_dbg(dev, "no %lu bytes are free in window %u\n", size, window->index);
		kfree(buffer);
		return ERR_PTR(-ENOMEM);
	}
	svpu_window_get(window);
	refcount_set(&buffer->holds, 1);
	refcount_set(&buffer->users, 1);
	buffer->handler.refcount = &buffer->users;
	buffer->handler.put = svpu_bar_put;
	buffer->handler.arg = buffer;
	/* It may have been another process's. */
	memset(svpu_buffer_vaddr(buffer), 0, buffer->pages << PAGE_SHIFT);
	return buffer;
}

static void *svpu_bar_vaddr(struct vb2_buffer *vb, void *priv)
{
	struct svpu_bar_buffer *buffer = priv;

	if (!buffer->window)
		return vb2_vmalloc_memops.vaddr(vb, buffer->other);
	return svpu_buffer_vaddr(buffer);
}

static unsigned int svpu_bar_num_users(void *priv)
{
	struct svpu_bar_buffer *buffer = priv;

	return buffer->window ? refcount_read(&buffer->users) : 0;
}

static int svpu_bar_mmap(void *priv, struct vm_area_struct *vma)
{
	struct svpu_bar_buffer *buffer = priv;
	unsigned long size = vma->vm_end - vma->vm_start;
	phys_addr_t from = svpu_window_physical(buffer->window) +
			   buffer->window->bar->heap_offset + svpu_buffer_offset(buffer);
	int ret;

	if (size > buffer->pages << PAGE_SHIFT)
		return -EINVAL;
	ret = remap_pfn_range(vma, vma->vm_start, PHYS_PFN(from), size, vma->vm_page_prot);
	if (ret)
		return ret;
	vma->vm_private_data = &buffer->handler;
	vma->vm_ops = &vb2_common_vm_ops;
	vma->vm_ops->open(vma);
	return 0;
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

static void svpu_bar_dmabuf_release(struct dma_buf *dbuf)
{
	svpu_bar_put(dbuf->priv);
}

static int svpu_bar_dmabuf_vmap(struct dma_buf *dbuf, struct iosys_map *map)
{
	iosys_map_set_vaddr(map, svpu_buffer_vaddr(dbuf->priv));
	return 0;
}

static int svpu_bar_dmabuf_mmap(struct dma_buf *dbuf, struct vm_area_struct *vma)
{
	struct svpu_bar_buffer *buffer = dbuf->priv;

	/* Of a part, too: the dma-buf's core has checked that it lies inside. */
	if (vma->vm_pgoff)
		return -EINVAL;
	return svpu_bar_mmap(buffer, vma);
}

static const struct dma_buf_ops svpu_bar_dmabuf_ops = {
	.map_dma_buf = svpu_bar_dmabuf_map,
	.unmap_dma_buf = svpu_bar_dmabuf_unmap,
	.release = svpu_bar_dmabuf_release,
	.vmap = svpu_bar_dmabuf_vmap,
	.mmap = svpu_bar_dmabuf_mmap,
};

static struct dma_buf *svpu_bar_get_dmabuf(struct vb2_buffer *vb, void *priv, unsigned long flags)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct svpu_bar_buffer *buffer = priv;
	struct dma_buf *dbuf;

	info.ops = &svpu_bar_dmabuf_ops;
	info.size = buffer->pages << PAGE_SHIFT;
	info.flags = flags;
	info.priv = buffer;
	dbuf = dma_buf_export(&info);
	if (IS_ERR(dbuf))
		return NULL;
	refcount_inc(&buffer->users);
	return dbuf;
}

/* ---- memory that isn't in the BAR ---- */

static void *svpu_bar_wrap(void *other)
{
	struct svpu_bar_buffer *buffer;

	if (IS_ERR(other))
		return other;
	buffer = kzalloc(sizeof(*buffer), GFP_KERNEL);
	if (!buffer)
		return NULL;
	buffer->other = other;
	return buffer;
}

static void *svpu_bar_get_userptr(struct vb2_buffer *vb, struct device *dev, unsigned long vaddr,
				  unsigned long size)
{
	void *other = vb2_vmalloc_memops.get_userptr(vb, dev, vaddr, size);
	void *buffer = svpu_bar_wrap(other);

	if (!buffer) {
		vb2_vmalloc_memops.put_userptr(other);
		return ERR_PTR(-ENOMEM);
	}
	return buffer;
}

static void svpu_bar_put_userptr(void *priv)
{
	struct svpu_bar_buffer *buffer = priv;

	vb2_vmalloc_memops.put_userptr(buffer->other);
	kfree(buffer);
}

static void *svpu_bar_attach_dmabuf(struct vb2_buffer *vb, struct device *dev,
				    struct dma_buf *dbuf, unsigned long size)
{
	void *other = vb2_vmalloc_memops.attach_dmabuf(vb, dev, dbuf, size);
	void *buffer = svpu_bar_wrap(other);

	if (!buffer) {
		vb2_vmalloc_memops.detach_dmabuf(other);
		return ERR_PTR(-ENOMEM);
	}
	return buffer;
}

static void svpu_bar_detach_dmabuf(void *priv)
{
	struct svpu_bar_buffer *buffer = priv;

	vb2_vmalloc_memops.detach_dmabuf(buffer->other);
	kfree(buffer);
}

static int svpu_bar_map_dmabuf(void *priv)
{
	struct svpu_bar_buffer *buffer = priv;

	return vb2_vmalloc_memops.map_dmabuf(buffer->other);
}

static void svpu_bar_unmap_dmabuf(void *priv)
{
	struct svpu_bar_buffer *buffer = priv;

	vb2_vmalloc_memops.unmap_dmabuf(buffer->other);
}

const struct vb2_mem_ops svpu_bar_memops = {
	.alloc = svpu_bar_alloc,
	.put = svpu_bar_put,
	.get_dmabuf = svpu_bar_get_dmabuf,
	.get_userptr = svpu_bar_get_userptr,
	.put_userptr = svpu_bar_put_userptr,
	.attach_dmabuf = svpu_bar_attach_dmabuf,
	.detach_dmabuf = svpu_bar_detach_dmabuf,
	.map_dmabuf = svpu_bar_map_dmabuf,
	.unmap_dmabuf = svpu_bar_unmap_dmabuf,
	.vaddr = svpu_bar_vaddr,
	.num_users = svpu_bar_num_users,
	.mmap = svpu_bar_mmap,
};

/* ---- what memory.c asks ---- */

/* The buffer of the plane that lies in `window`, or NULL. */
static struct svpu_bar_buffer *svpu_own_buffer(struct svpu_window *window, struct vb2_buffer *vb,
					       unsigned int plane)
{
	struct svpu_bar_buffer *buffer = vb->planes[plane].mem_priv;
	struct dma_buf *dbuf = vb->planes[plane].dbuf;

	if (vb->memory == VB2_MEMORY_DMABUF)
		buffer = dbuf && dbuf->ops == &svpu_bar_dmabuf_ops ? dbuf->priv : NULL;
	return buffer && buffer->window && buffer->window == window ? buffer : NULL;
}

bool svpu_bar_reaches(struct svpu_ctx *ctx, struct vb2_buffer *vb, unsigned int plane)
{
	return svpu_own_buffer(ctx->place, vb, plane);
}

/* As an offset in the slot's heap. */
void *svpu_bar_share(struct vb2_buffer *vb, unsigned int plane, void *bounce,
		     struct svpu_plane *wire)
{
	struct svpu_ctx *ctx = vb2_get_drv_priv(vb->vb2_queue);
	struct svpu_bar_buffer *buffer = bounce;

	if (!buffer)
		buffer = svpu_own_buffer(ctx->place, vb, plane);
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

bool svpu_bar_room(struct svpu_ctx *ctx, unsigned int count, unsigned long size)
{
	struct svpu_window *window = ctx->place;
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
