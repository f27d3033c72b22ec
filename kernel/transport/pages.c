// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of the kernel that processes map, charged to the control group of the process that asks
 * for it. Used by local.c for the regions of sessions and by local_memory.c for buffers.
 */
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "transport/memory.h"

/* Zeroed, to be freed by vfree(). NULL: there isn't as much, and nobody is killed to make room. */
void *svpu_pages_alloc(unsigned long size)
{
	return __vmalloc(PAGE_ALIGN(size),
			 GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
}

/*
 * Maps svpu_pages_alloc()'s memory from its beginning; the caller has checked that the mapping
 * isn't longer. What vmalloc_user() and remap_vmalloc_range() do together, without the accounting.
 */
int svpu_pages_map(struct vm_area_struct *vma, void *memory)
{
	unsigned long at;
	int ret;

	for (at = vma->vm_start; at < vma->vm_end; at += PAGE_SIZE) {
		ret = vm_insert_page(vma, at, vmalloc_to_page(memory + (at - vma->vm_start)));
		if (ret)
			return ret;
	}
	svpu_vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	return 0;
}
