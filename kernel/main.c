// SPDX-License-Identifier: GPL-2.0
/*
 * softvpu.ko: a V4L2 stateful decoder whose codec is a firmware process. Load and unload;
 * parameters. docs/kernel.md; README.md says what is where.
 */
#include <linux/module.h>

#include "compat.h"
#include "debugfs.h"
#include "module.h"
#include "transport/transport.h"
#include "v4l2/device.h"

unsigned int svpu_timeout_ms = 10000;
module_param_named(timeout_ms, svpu_timeout_ms, uint, 0644);
MODULE_PARM_DESC(timeout_ms, "give up a firmware that is silent this long (default 10000)");

bool svpu_multiplanar = true;
module_param_named(multiplanar, svpu_multiplanar, bool, 0444);
MODULE_PARM_DESC(multiplanar, "speak the multi-planar API (default 1), or the single-planar");

int svpu_video_nr = -1;
module_param_named(video_nr, svpu_video_nr, int, 0444);
MODULE_PARM_DESC(video_nr, "number of the video node (default: the first free one)");

static int __init svpu_init(void)
{
	int ret;

	svpu_debugfs_init();
	svpu_set_front(&svpu_node_ops);
	ret = svpu_local_init();
	if (ret)
		goto err_debugfs;
	ret = svpu_ivshmem_init();
	if (ret)
		goto err_local;
	return 0;

err_local:
	svpu_local_exit();
err_debugfs:
	svpu_debugfs_exit();
	return ret;
}

static void __exit svpu_exit(void)
{
	svpu_ivshmem_exit();
	svpu_local_exit();
	svpu_debugfs_exit();
}

module_init(svpu_init);
module_exit(svpu_exit);

MODULE_DESCRIPTION("software VPU: V4L2 decoder backed by a firmware process");
MODULE_AUTHOR("The softvpu authors");
MODULE_LICENSE("GPL");
SVPU_IMPORT_DMA_BUF;
