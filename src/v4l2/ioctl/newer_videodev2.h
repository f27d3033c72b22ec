// SPDX-License-Identifier: LGPL-2.1-or-later
// What newer kernels have in linux/videodev2.h and Debian 12's header (Linux 6.1) lacks; numbers
// and layouts are the kernel's ABI. Included by handlers that offer it.
#pragma once

#include <linux/videodev2.h>

// Linux 6.10, vidioc-remove-bufs.rst.
#ifndef VIDIOC_REMOVE_BUFS
struct v4l2_remove_buffers {
  __u32 index;
  __u32 count;
  __u32 type;
  __u32 reserved[13];
};
#define VIDIOC_REMOVE_BUFS _IOWR('V', 104, struct v4l2_remove_buffers)
#endif
#ifndef V4L2_BUF_CAP_SUPPORTS_REMOVE_BUFS
#define V4L2_BUF_CAP_SUPPORTS_REMOVE_BUFS (1 << 8)
#endif
