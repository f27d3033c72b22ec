// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers in the BAR of an ivshmem device: videobuf2's memory operations. MMAP buffers lie in the
 * window of their file, where its worker finds them; other memory (USERPTR, DMABUF) is left to
 * imported.c, and bounced by vpu/buffers.c. Exported buffers of a window are reached in place when
 * the same file imports them.
 *
 * The memory has no struct pages: it can be mapped by processes and by the kernel, but not be
 * given to another device's DMA. Processes get it page by page as they touch it, so that it can be
 * taken away again when the device goes (svpu_bar_revoke()): SIGBUS from then on.
 */
#include <linux/bitmap.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>
#include <linux/slab.h>

#include "compat.h"
#include "transport/ivshmem.h"
#include "transport/memory.h"

/* Pages that one fault maps, at most: a picture is touched as a whole. */
#define SVPU_FAULT_PAGES 512

struct svpu_bar_buffer {
	struct svpu_own own; /* first */
	struct svpu_window *window;
	unsigned long first, pages; /* in the heap, with the tail */
	refcount_t holds; /* one for all users, one for each sharing with a firmware */
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

static struct svpu_device *svpu_buffer_device(const struct svpu_bar_buffer *buffer)
{
	return buffer->window->bar->dev;
}

static u64 svpu_buffer_offset(const struct svpu_bar_buffer *buffer)
{
	return (u64)buffer->first << PAGE_SHIFT;
}

static unsigned long svpu_buffer_pfn(const struct svpu_bar_buffer *buffer)
{
	return PHYS_PFN(svpu_window_physical(buffer->window) + buffer->window->bar->heap_offset) +
	       buffer->first;
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

	if (refcount_dec_and_test(&buffer->own.users))
		svpu_bar_drop(buffer);
}

static void *svpu_bar_alloc(struct vb2_buffer *vb, struct device *dev, unsigned long size)
{
	struct svpu_client *client = svpu_client_of(vb);
	struct svpu_window *window = svpu_window_of(client);
	struct svpu_bar_buffer *buffer;
	int access, ret;

	if (IS_ERR(window))
		return window;
	/* The worker of a session that is over may still write to what it knew. */
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
	svpu_own_init(&buffer->own, size, svpu_bar_put);
	if (!svpu_access_begin(client->dev, &access)) {
		svpu_bar_put(buffer);
		return ERR_PTR(-ENODEV);
	}
	/* It may have been another process's. */
	memset(svpu_buffer_vaddr(buffer), 0, buffer->pages << PAGE_SHIFT);
	svpu_access_end(client->dev, access);
	return buffer;
}

static void *svpu_bar_vaddr(struct vb2_buffer *vb, void *priv)
{
	struct svpu_bar_buffer *buffer = priv;

	return buffer->own.imported.other ? svpu_imported_vaddr(vb, priv) :
					    svpu_buffer_vaddr(buffer);
}

/* ---- mapped by processes ---- */

static void svpu_bar_vm_open(struct vm_area_struct *vma)
{
	vb2_common_vm_ops.open(vma);
}

static void svpu_bar_vm_close(struct vm_area_struct *vma)
{
	vb2_common_vm_ops.close(vma);
}

static vm_fault_t svpu_bar_vm_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct vb2_vmarea_handler *handler = vma->vm_private_data;
	struct svpu_bar_buffer *buffer = handler->arg;
	struct svpu_device *dev = svpu_buffer_device(buffer);
	unsigned long end = min(vma->vm_end, vmf->address + SVPU_FAULT_PAGES * PAGE_SIZE);
	unsigned long at = vmf->address & PAGE_MASK;
	unsigned long pfn = svpu_buffer_pfn(buffer) + vmf->pgoff;
	vm_fault_t ret = VM_FAULT_SIGBUS;
	int access;

	if (!svpu_access_begin(dev, &access))
		return VM_FAULT_SIGBUS;
	/* The buffer's whole pages, from vm_pgoff 0 on: svpu_bar_map() has checked the length. */
	for (; at < end; at += PAGE_SIZE, pfn++) {
		ret = vmf_insert_pfn(vma, at, pfn);
		if (ret != VM_FAULT_NOPAGE)
			break;
	}
	svpu_access_end(dev, access);
	atomic64_inc(&dev->faults);
	/* What was asked for is there. */
	return at > (vmf->address & PAGE_MASK) ? VM_FAULT_NOPAGE : ret;
}

static const struct vm_operations_struct svpu_bar_vm_ops = {
	.open = svpu_bar_vm_open,
	.close = svpu_bar_vm_close,
	.fault = svpu_bar_vm_fault,
};

static int svpu_bar_map(struct svpu_bar_buffer *buffer, struct vm_area_struct *vma,
			unsigned long most)
{
	/* A private copy of a page that is no struct page can't be made. */
	if (!(vma->vm_flags & VM_SHARED) || vma->vm_end - vma->vm_start > most)
		return -EINVAL;
	svpu_vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	svpu_own_map(&buffer->own, vma, &svpu_bar_vm_ops);
	return 0;
}

static int svpu_bar_mmap(void *priv, struct vm_area_struct *vma)
{
	struct svpu_bar_buffer *buffer = priv;

	return svpu_bar_map(buffer, vma, buffer->own.size);
}

/*
 * All mappings of a device's buffers, of its node and of dma-bufs, are in one address space, so
 * that they are found when the device goes: as in DRM, that of an inode that nobody sees.
 */
static struct vfsmount *svpu_bar_mount;
static int svpu_bar_mounts;

static int svpu_bar_init_fs_context(struct fs_context *context)
{
	return init_pseudo(context, 0x53565055) ? 0 : -ENOMEM;
}

/* Not registered, so nobody can mount it; without an owner, so it doesn't hold the module. */
static struct file_system_type svpu_bar_fs = {
	.name = "softvpu",
	.init_fs_context = svpu_bar_init_fs_context,
	.kill_sb = kill_anon_super,
};

/* Errors: those of mounting, -ENOMEM. */
int svpu_bar_make_inode(struct svpu_bar *bar)
{
	struct inode *inode;
	int ret = simple_pin_fs(&svpu_bar_fs, &svpu_bar_mount, &svpu_bar_mounts);

	if (ret)
		return ret;
	inode = alloc_anon_inode(svpu_bar_mount->mnt_sb);
	if (IS_ERR(inode)) {
		simple_release_fs(&svpu_bar_mount, &svpu_bar_mounts);
		return PTR_ERR(inode);
	}
	bar->inode = inode;
	return 0;
}

void svpu_bar_drop_inode(struct svpu_bar *bar)
{
	if (!bar->inode)
		return;
	iput(bar->inode);
	simple_release_fs(&svpu_bar_mount, &svpu_bar_mounts);
}

struct address_space *svpu_bar_mapping(struct svpu_device *dev)
{
	struct svpu_bar *bar = dev->transport_data;

	return bar->inode->i_mapping;
}

/* The device is revoked: nothing is mapped any more after this. */
void svpu_bar_revoke(struct svpu_bar *bar)
{
	unmap_mapping_range(bar->inode->i_mapping, 0, 0, 1);
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

/*
 * Other drivers are told that the device has gone, if they ask; vmap() can't refuse, since the
 * dma-buf core warns of that.
 */
static int svpu_bar_dmabuf_begin(struct dma_buf *dbuf, enum dma_data_direction direction)
{
	return READ_ONCE(svpu_buffer_device(dbuf->priv)->revoked) ? -ENODEV : 0;
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
	return svpu_bar_map(buffer, vma, dbuf->size);
}

static const struct dma_buf_ops svpu_bar_dmabuf_ops = {
	.map_dma_buf = svpu_bar_dmabuf_map,
	.unmap_dma_buf = svpu_bar_dmabuf_unmap,
	.release = svpu_bar_dmabuf_release,
	.begin_cpu_access = svpu_bar_dmabuf_begin,
	.vmap = svpu_bar_dmabuf_vmap,
	.mmap = svpu_bar_dmabuf_mmap,
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
	.put = svpu_bar_put,
	.get_dmabuf = svpu_bar_get_dmabuf,
	.vaddr = svpu_bar_vaddr,
	.mmap = svpu_bar_mmap,
	SVPU_SHARED_MEM_OPS,
};

/* ---- what vpu/buffers.c asks ---- */

/* The buffer of the plane that lies in `window`, or NULL. */
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
