// SPDX-License-Identifier: GPL-2.0
/*
 * A device and its nodes: /dev/videoN and /dev/mediaN. The nodes appear when the first firmware has
 * said what it can do, and stay while firmwares come and go. Called by vpu/device.c and vpu/probe.c
 * by svpu_node_ops, which main.c names.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <media/v4l2-ioctl.h>

#include "module.h"
#include "v4l2/context.h"
#include "v4l2/device.h"

/*
 * v4l2-mem2mem's scheduler isn't used, but it wants somebody to call: a job finishes as soon as it
 * starts.
 */
static void svpu_device_run(void *priv)
{
	struct svpu_ctx *ctx = priv;
	struct svpu_node *node = video_get_drvdata(ctx->fh.vdev);

	v4l2_m2m_job_finish(node->m2m_dev, ctx->fh.m2m_ctx);
}

static int svpu_job_ready(void *priv)
{
	return 0;
}

static const struct v4l2_m2m_ops svpu_m2m_ops = {
	.device_run = svpu_device_run,
	.job_ready = svpu_job_ready,
};

static struct svpu_node *svpu_node_of(struct svpu_vpu *vpu)
{
	return container_of(vpu, struct svpu_node, vpu);
}

/* Nodes and open files are gone: V4L2's reference goes. */
static void svpu_node_release(struct v4l2_device *v4l2_dev)
{
	struct svpu_node *node = container_of(v4l2_dev, struct svpu_node, v4l2_dev);

	media_device_cleanup(&node->mdev);
	v4l2_m2m_release(node->m2m_dev);
	svpu_device_put(&node->vpu.device);
}

static struct svpu_vpu *svpu_node_create(struct device *parent,
					 const struct svpu_transport_ops *transport)
{
	struct svpu_node *node = kzalloc(sizeof(*node), GFP_KERNEL);
	int ret;

	if (!node)
		return ERR_PTR(-ENOMEM);
	ret = svpu_vpu_init(&node->vpu, parent, transport);
	if (ret)
		goto err_node;
	node->m2m_dev = v4l2_m2m_init(&svpu_m2m_ops);
	if (IS_ERR(node->m2m_dev)) {
		ret = PTR_ERR(node->m2m_dev);
		goto err_vpu;
	}
	ret = v4l2_device_register(parent, &node->v4l2_dev);
	if (ret)
		goto err_m2m;
	node->v4l2_dev.release = svpu_node_release;
	node->mdev.dev = parent;
	strscpy(node->mdev.model, "softvpu", sizeof(node->mdev.model));
	media_device_init(&node->mdev);
	node->v4l2_dev.mdev = &node->mdev;
	return &node->vpu;

err_m2m:
	v4l2_m2m_release(node->m2m_dev);
err_vpu:
	svpu_vpu_destroy(&node->vpu);
err_node:
	kfree(node);
	return ERR_PTR(ret);
}

static void svpu_node_free(struct svpu_vpu *vpu)
{
	kfree(svpu_node_of(vpu));
}

static int svpu_node_register(struct svpu_node *node)
{
	struct video_device *vdev = &node->vdev;
	int ret;

	strscpy(vdev->name, "softvpu-dec", sizeof(vdev->name));
	vdev->vfl_dir = VFL_DIR_M2M;
	vdev->fops = &svpu_file_ops;
	vdev->ioctl_ops = svpu_multiplanar ? &svpu_ioctl_ops_mplane : &svpu_ioctl_ops_splane;
	vdev->release = video_device_release_empty;
	vdev->v4l2_dev = &node->v4l2_dev;
	vdev->device_caps = V4L2_CAP_STREAMING |
			    (svpu_multiplanar ? V4L2_CAP_VIDEO_M2M_MPLANE : V4L2_CAP_VIDEO_M2M);
	video_set_drvdata(vdev, node);
	ret = video_register_device(vdev, VFL_TYPE_VIDEO, svpu_video_nr);
	if (ret)
		return ret;
	ret = v4l2_m2m_register_media_controller(node->m2m_dev, vdev,
						 MEDIA_ENT_F_PROC_VIDEO_DECODER);
	if (ret)
		goto err_video;
	ret = media_device_register(&node->mdev);
	if (ret)
		goto err_controller;
	node->registered = true;
	return 0;

err_controller:
	v4l2_m2m_unregister_media_controller(node->m2m_dev);
err_video:
	video_unregister_device(vdev);
	return ret;
}

static void svpu_node_caps_ready(struct svpu_vpu *vpu)
{
	struct svpu_node *node = svpu_node_of(vpu);

	if (node->registered)
		return;
	if (svpu_node_register(node))
		dev_err(vpu->device.dev, "cannot register the nodes\n");
	else
		dev_info(vpu->device.dev, "%s: %s, %u codecs, over %s\n",
			 video_device_node_name(&node->vdev), vpu->caps->name, vpu->caps->num,
			 vpu->device.transport->name);
}

static void svpu_node_remove(struct svpu_vpu *vpu)
{
	struct svpu_node *node = svpu_node_of(vpu);

	if (node->registered) {
		media_device_unregister(&node->mdev);
		v4l2_m2m_unregister_media_controller(node->m2m_dev);
		video_unregister_device(&node->vdev);
	}
	v4l2_device_disconnect(&node->v4l2_dev);
	v4l2_device_unregister(&node->v4l2_dev);
	v4l2_device_put(&node->v4l2_dev);
}

const struct svpu_front_ops svpu_node_ops = {
	.create = svpu_node_create,
	.caps_ready = svpu_node_caps_ready,
	.remove = svpu_node_remove,
	.free = svpu_node_free,
};
