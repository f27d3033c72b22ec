/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between kernel releases, from Linux 6.1 on, in one place.
 */
#ifndef SOFTVPU_COMPAT_H
#define SOFTVPU_COMPAT_H

#include <linux/mm.h>
#include <linux/version.h>
#include <media/v4l2-fh.h>
#include <media/videobuf2-core.h>
#include <media/videobuf2-v4l2.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
static inline struct v4l2_fh *svpu_file_fh(struct file *file)
{
	return file->private_data;
}

static inline void svpu_fh_add(struct v4l2_fh *fh, struct file *file)
{
	file->private_data = fh;
	v4l2_fh_add(fh);
}

static inline void svpu_fh_del(struct v4l2_fh *fh, struct file *file)
{
	v4l2_fh_del(fh);
}
#else
#define svpu_file_fh(file) file_to_v4l2_fh(file)
#define svpu_fh_add(fh, file) v4l2_fh_add(fh, file)
#define svpu_fh_del(fh, file) v4l2_fh_del(fh, file)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
static inline unsigned int svpu_num_buffers(struct vb2_queue *q)
{
	return q->num_buffers;
}

static inline unsigned int svpu_max_buffers(struct vb2_queue *q)
{
	return VB2_MAX_FRAME;
}
#else
#define svpu_num_buffers(q) vb2_get_num_buffers(q)

static inline unsigned int svpu_max_buffers(struct vb2_queue *q)
{
	return q->max_num_buffers;
}
#endif

/* vb2 drops the queue lock by itself around waits since 6.13. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define SVPU_VB2_WAIT_OPS .wait_prepare = vb2_ops_wait_prepare, .wait_finish = vb2_ops_wait_finish,
#else
#define SVPU_VB2_WAIT_OPS
#endif

/*
 * A platform driver's remove() returns nothing since 6.11: defines `name`_op for the driver's
 * table.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
#define SVPU_PLATFORM_REMOVE(name)                         \
	static int name##_op(struct platform_device *pdev) \
	{                                                  \
		name(pdev);                                \
		return 0;                                  \
	}
#else
#define SVPU_PLATFORM_REMOVE(name)                          \
	static void name##_op(struct platform_device *pdev) \
	{                                                   \
		name(pdev);                                 \
	}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void svpu_vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags |= flags;
}
#else
#define svpu_vm_flags_set(vma, flags) vm_flags_set(vma, flags)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define SVPU_IMPORT_DMA_BUF MODULE_IMPORT_NS(DMA_BUF)
#else
#define SVPU_IMPORT_DMA_BUF MODULE_IMPORT_NS("DMA_BUF")
#endif

#endif /* SOFTVPU_COMPAT_H */
