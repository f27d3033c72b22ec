# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel's headers that kernel/vpu and kernel/v4l2 include, as far as shim.h stands for them.
set(headers linux/atomic linux/dma-buf linux/jiffies linux/kref linux/list linux/minmax linux/mm linux/mutex
  linux/refcount linux/sizes linux/slab linux/spinlock linux/srcu linux/string linux/uidgid linux/version linux/wait linux/workqueue
  media/media-device media/v4l2-common media/v4l2-ctrls media/v4l2-device media/v4l2-event media/v4l2-fh media/v4l2-mem2mem
  media/videobuf2-core media/videobuf2-memops media/videobuf2-v4l2)
