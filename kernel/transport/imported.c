// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that a client brings (USERPTR, DMABUF): videobuf2-vmalloc's, bounded in size, and what it
 * pins counted. The memory operations of both transports are made of these and of their own for
 * MMAP; a transport's own buffers begin with a struct svpu_imported that is empty.
 */
#include <linux/slab.h>
#include <media/videobuf2-vmalloc.h>

#include "transport/memory.h"

static struct svpu_imported *svpu_imported_new(unsigned long size)
{
	struct svpu_imported *imported;

	/* Before anything is pinned: the client chose the length. */
	if (size > SVPU_MAX_BUFFER_SIZE)
		return ERR_PTR(-EINVAL);
	imported = kzalloc(sizeof(*imported), GFP_KERNEL_ACCOUNT);
	return imported ? imported : ERR_PTR(-ENOMEM);
}

/* Takes what videobuf2-vmalloc has made, or its error. */
static void *svpu_imported_take(struct svpu_imported *imported, void *other)
{
	if (IS_ERR(other)) {
		svpu_uncharge(&imported->charge);
		kfree(imported);
		return other;
	}
	imported->other = other;
	return imported;
}

void *svpu_get_userptr(struct vb2_buffer *vb, struct device *dev, unsigned long vaddr,
		       unsigned long size)
{
	struct svpu_imported *imported = svpu_imported_new(size);
	int ret;

	if (IS_ERR(imported))
		return imported;
	ret = svpu_charge(&imported->charge, PAGE_ALIGN(size + offset_in_page(vaddr)));
	if (ret) {
		kfree(imported);
		return ERR_PTR(ret);
	}
	return svpu_imported_take(imported,
				  vb2_vmalloc_memops.get_userptr(vb, dev, vaddr, size));
}

void svpu_put_userptr(void *priv)
{
	struct svpu_imported *imported = priv;

	vb2_vmalloc_memops.put_userptr(imported->other);
	svpu_uncharge(&imported->charge);
	kfree(imported);
}

/* The exporter accounts for the memory itself. */
void *svpu_attach_dmabuf(struct vb2_buffer *vb, struct device *dev, struct dma_buf *dbuf,
			 unsigned long size)
{
	struct svpu_imported *imported = svpu_imported_new(size);

	if (IS_ERR(imported))
		return imported;
	return svpu_imported_take(imported,
				  vb2_vmalloc_memops.attach_dmabuf(vb, dev, dbuf, size));
}

void svpu_detach_dmabuf(void *priv)
{
	struct svpu_imported *imported = priv;

	vb2_vmalloc_memops.detach_dmabuf(imported->other);
	kfree(imported);
}

int svpu_map_dmabuf(void *priv)
{
	struct svpu_imported *imported = priv;

	return vb2_vmalloc_memops.map_dmabuf(imported->other);
}

void svpu_unmap_dmabuf(void *priv)
{
	struct svpu_imported *imported = priv;

	vb2_vmalloc_memops.unmap_dmabuf(imported->other);
}

void *svpu_imported_vaddr(struct vb2_buffer *vb, struct svpu_imported *imported)
{
	return vb2_vmalloc_memops.vaddr(vb, imported->other);
}
