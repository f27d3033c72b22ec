/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory of buffers, as far as both transports have it alike: their own (own.c), that of the
 * client (imported.c), pages of the kernel (pages.c), and what users may hold of it (account.c). A
 * transport's vb2_mem_ops are made of these.
 */
#ifndef SOFTVPU_MEMORY_H
#define SOFTVPU_MEMORY_H

#include <linux/refcount.h>
#include <media/videobuf2-memops.h>

#include "transport/transport.h"

static inline struct svpu_client *svpu_client_of(struct vb2_buffer *vb)
{
	return vb2_get_drv_priv(vb->vb2_queue);
}

/* account.c */
struct svpu_charge {
	struct svpu_user *user; /* NULL: nothing is charged */
	unsigned long bytes;
};

int svpu_charge(struct svpu_charge *charge, unsigned long bytes);
void svpu_uncharge(struct svpu_charge *charge);

/* pages.c */
void *svpu_pages_alloc(unsigned long size);
int svpu_pages_map(struct vm_area_struct *vma, void *memory);

/* imported.c */
struct svpu_imported {
	void *other; /* videobuf2-vmalloc's; NULL in a transport's own buffer */
	struct svpu_charge charge;
};

void *svpu_get_userptr(struct vb2_buffer *vb, struct device *dev, unsigned long vaddr,
		       unsigned long size);
void svpu_put_userptr(void *priv);
void *svpu_attach_dmabuf(struct vb2_buffer *vb, struct device *dev, struct dma_buf *dbuf,
			 unsigned long size);
void svpu_detach_dmabuf(void *priv);
int svpu_map_dmabuf(void *priv);
void svpu_unmap_dmabuf(void *priv);
void *svpu_imported_vaddr(struct vb2_buffer *vb, struct svpu_imported *imported);

/* own.c: a buffer that a transport allocates begins with this */
struct svpu_own {
	struct svpu_imported imported; /* first, and empty: this isn't imported memory */
	const struct svpu_own_ops *ops;
	unsigned long size; /* as videobuf2 knows it */
	refcount_t users; /* as videobuf2 counts them; dma-bufs and mappings are among them */
	struct vb2_vmarea_handler handler;
};

/* The memory itself. */
struct svpu_own_ops {
	void (*free)(struct svpu_own *own); /* it has no users any more */
	void *(*vaddr)(struct svpu_own *own);
	/* Into a process, from its beginning; the length is checked. Errors: those of mmap(). */
	int (*map)(struct svpu_own *own, struct vm_area_struct *vma);
	const struct vm_operations_struct *vm_ops;
};

void svpu_own_init(struct svpu_own *own, const struct svpu_own_ops *ops, unsigned long size);
unsigned long svpu_own_whole(struct vb2_buffer *vb, unsigned long size);
struct dma_buf *svpu_own_export(struct svpu_own *own, const struct dma_buf_ops *ops,
				unsigned long size, unsigned long flags);
void svpu_own_put(void *priv);
void *svpu_own_vaddr(struct vb2_buffer *vb, void *priv);
unsigned int svpu_own_num_users(void *priv);
int svpu_own_mmap(void *priv, struct vm_area_struct *vma);
void svpu_own_dmabuf_release(struct dma_buf *dbuf);
int svpu_own_dmabuf_vmap(struct dma_buf *dbuf, struct iosys_map *map);
int svpu_own_dmabuf_mmap(struct dma_buf *dbuf, struct vm_area_struct *vma);

/* What of a transport's vb2_mem_ops and dma_buf_ops isn't its own. */
#define SVPU_SHARED_MEM_OPS                                                       \
	.put = svpu_own_put, .vaddr = svpu_own_vaddr, .mmap = svpu_own_mmap,      \
	.get_userptr = svpu_get_userptr, .put_userptr = svpu_put_userptr,         \
	.attach_dmabuf = svpu_attach_dmabuf, .detach_dmabuf = svpu_detach_dmabuf, \
	.map_dmabuf = svpu_map_dmabuf, .unmap_dmabuf = svpu_unmap_dmabuf,         \
	.num_users = svpu_own_num_users
#define SVPU_SHARED_DMABUF_OPS                                            \
	.release = svpu_own_dmabuf_release, .vmap = svpu_own_dmabuf_vmap, \
	.mmap = svpu_own_dmabuf_mmap

#endif /* SOFTVPU_MEMORY_H */
