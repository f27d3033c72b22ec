// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers of an ivshmem device's BAR in processes: page by page as they touch it, so that it can be
 * taken away again when the device goes (svpu_bar_revoke()): SIGBUS from then on.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>

#include "compat.h"
#include "transport/bar_memory.h"

/* Pages that one fault maps, at most: a picture is touched as a whole. */
#define SVPU_FAULT_PAGES 512

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
	unsigned long pfn =
		buffer->first + vmf->pgoff +
		PHYS_PFN(svpu_window_physical(buffer->window) + buffer->window->bar->heap_offset);
	vm_fault_t ret = VM_FAULT_SIGBUS;
	int access;

	if (!svpu_access_begin(dev, &access))
		return VM_FAULT_SIGBUS;
	/* The buffer's whole pages, from vm_pgoff 0 on: own.c has checked the length. */
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

const struct vm_operations_struct svpu_bar_vm_ops = {
	.open = svpu_bar_vm_open,
	.close = svpu_bar_vm_close,
	.fault = svpu_bar_vm_fault,
};

int svpu_bar_map(struct svpu_own *own, struct vm_area_struct *vma)
{
	/* A private copy of a page that is no struct page can't be made. */
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	svpu_vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	return 0;
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
