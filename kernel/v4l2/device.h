/* SPDX-License-Identifier: GPL-2.0 */
/* A device as applications see it: its nodes. Made for vpu/device.c by svpu_node_ops. */
#ifndef SOFTVPU_NODE_H
#define SOFTVPU_NODE_H

#include <media/media-device.h>
#include <media/v4l2-device.h>

#include "vpu/device.h"

struct svpu_node {
	struct svpu_vpu vpu;
	struct v4l2_device v4l2_dev;
	struct media_device mdev;
	struct video_device vdev;
	struct v4l2_m2m_dev *m2m_dev;
	bool registered; /* vpu.lock, until the device is removed */
};

extern const struct svpu_front_ops svpu_node_ops;

#endif /* SOFTVPU_NODE_H */
