// SPDX-License-Identifier: GPL-2.0
/*
 * A device and its nodes: /dev/videoN and /dev/mediaN, opened and closed. The nodes appear when
 * the first firmware has said what it can do, and stay while firmwares come and go. Transports
 * create and remove devices.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <media/v4l2-event.h>
#include <media/v4l2-ioctl.h>

#include "softvpu.h"

static int svpu_open(struct file *file)
{
	struct video_device *vdev = video_devdata(file);
	struct svpu_device *dev = video_drvdata(file);
	struct svpu_ctx *ctx;
	int ret;

	ctx = kvzalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);
	if (!ctx)
		return -ENOMEM;
	ctx->dev = dev;
	ctx->opener = file->f_cred->euid;
	mutex_init(&ctx->lock);
	init_waitqueue_head(&ctx->header_wait);
	INIT_WORK(&ctx->work, svpu_decoder_work);
	INIT_DELAYED_WORK(&ctx->watchdog, svpu_decoder_watchdog);
	ctx->caps = svpu_device_caps(dev);
	svpu_format_defaults(ctx);

	v4l2_fh_init(&ctx->fh, vdev);
	ret = svpu_controls_init(ctx);
	if (ret)
		goto err_fh;
	ctx->fh.m2m_ctx = v4l2_m2m_ctx_init(dev->m2m_dev, ctx, svpu_queue_init);
	if (IS_ERR(ctx->fh.m2m_ctx)) {
		ret = PTR_ERR(ctx->fh.m2m_ctx);
		goto err_controls;
	}
	svpu_fh_add(&ctx->fh, file);
	if (dev->transport->mapping)
		file->f_mapping = dev->transport->mapping(dev);
	return 0;

err_controls:
	v4l2_ctrl_handler_free(&ctx->controls);
err_fh:
	v4l2_fh_exit(&ctx->fh);
	svpu_caps_put(ctx->caps);
	mutex_destroy(&ctx->lock);
	kvfree(ctx);
	return ret;
}

static int svpu_release(struct file *file)
{
	struct svpu_ctx *ctx = svpu_file_ctx(file);

	/* Nothing is flushed first: the session goes at once, and its buffers with it. */
	mutex_lock(&ctx->lock);
	svpu_decoder_happens(ctx, SVPU_ON_OUTPUT_FREED);
	mutex_unlock(&ctx->lock);
	cancel_work_sync(&ctx->work);
	cancel_delayed_work_sync(&ctx->watchdog);

	mutex_lock(&ctx->lock);
	v4l2_m2m_ctx_release(ctx->fh.m2m_ctx);
	mutex_unlock(&ctx->lock);
	if (ctx->dev->transport->leave)
		ctx->dev->transport->leave(ctx);
	svpu_fh_del(&ctx->fh, file);
	/* Ends subscriptions, those to controls' events, too: before the controls. */
	v4l2_fh_exit(&ctx->fh);
	v4l2_ctrl_handler_free(&ctx->controls);
	svpu_caps_put(ctx->caps);
	mutex_destroy(&ctx->lock);
	kvfree(ctx);
	return 0;
}

/*
 * ffmpeg's wrapper (5.1 to 7.1) takes EPOLLERR for "not yet": it polls again at once, for ever, and
 * calls nothing else. A client that has done so this often gets "ready", which is as true: DQBUF
 * doesn't block, but returns EIO.
 */
#define SVPU_PATIENT_POLLS 1000

/*
 * As v4l2-mem2mem, which reports EPOLLERR when both queues are dead. A client may have started
 * OUTPUT again after a failure, and CAPTURE not: whoever waits for that one alone must be woken.
 */
static __poll_t svpu_poll(struct file *file, poll_table *table)
{
	struct svpu_ctx *ctx = svpu_file_ctx(file);
	__poll_t mask = v4l2_m2m_fop_poll(file, table);
	__poll_t failed = 0;

	if (svpu_queue(ctx, SVPU_OUT)->error)
		failed |= EPOLLOUT | EPOLLWRNORM;
	if (svpu_queue(ctx, SVPU_CAP)->error)
		failed |= EPOLLIN | EPOLLRDNORM;
	if (failed && mask & EPOLLERR) {
		/* It stays there: a client may poll until a counter has gone round. */
		if (atomic_add_unless(&ctx->error_polls, 1, SVPU_PATIENT_POLLS))
			return mask;
		mask &= ~EPOLLERR;
	}
	return mask | failed;
}

const struct v4l2_file_operations svpu_file_ops = {
	.owner = THIS_MODULE,
	.open = svpu_open,
	.release = svpu_release,
	.poll = svpu_poll,
	.unlocked_ioctl = video_ioctl2,
	.mmap = v4l2_m2m_fop_mmap,
};

/*
 * v4l2-mem2mem's scheduler isn't used, but it wants somebody to call: a job is over as it starts.
 */
static void svpu_device_run(void *priv)
{
	struct svpu_ctx *ctx = priv;

	v4l2_m2m_job_finish(ctx->dev->m2m_dev, ctx->fh.m2m_ctx);
}

static int svpu_job_ready(void *priv)
{
	return 0;
}

static const struct v4l2_m2m_ops svpu_m2m_ops = {
	.device_run = svpu_device_run,
	.job_ready = svpu_job_ready,
};

/* The last user is gone. */
static void svpu_device_release(struct v4l2_device *v4l2_dev)
{
	struct svpu_device *dev = container_of(v4l2_dev, struct svpu_device, v4l2_dev);

	media_device_cleanup(&dev->mdev);
	v4l2_m2m_release(dev->m2m_dev);
	if (dev->caps)
		svpu_caps_put(dev->caps);
	dev->transport->free(dev);
	put_device(dev->dev);
	cleanup_srcu_struct(&dev->access);
	mutex_destroy(&dev->lock);
	kfree(dev);
}

/*
 * The table as it is now, with a reference. Waits for nobody: open() mustn't hang behind a probe.
 * NULL: there is none yet.
 */
struct svpu_caps *svpu_device_caps(struct svpu_device *dev)
{
	struct svpu_caps *caps;

	spin_lock(&dev->caps_lock);
	caps = dev->caps;
	if (caps)
		svpu_caps_get(caps);
	spin_unlock(&dev->caps_lock);
	return caps;
}

/* For a transport's probe(), which sets transport_data. */
struct svpu_device *svpu_device_create(struct device *parent,
				       const struct svpu_transport_ops *transport)
{
	struct svpu_device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	int ret;

	if (!dev)
		return ERR_PTR(-ENOMEM);
	ret = init_srcu_struct(&dev->access);
	if (ret)
		goto err_kfree;
	mutex_init(&dev->lock);
	spin_lock_init(&dev->caps_lock);
	spin_lock_init(&dev->sessions_lock);
	INIT_LIST_HEAD(&dev->sessions);
	INIT_WORK(&dev->probe_work, svpu_probe_work);
	dev->transport = transport;

	dev->m2m_dev = v4l2_m2m_init(&svpu_m2m_ops);
	if (IS_ERR(dev->m2m_dev)) {
		ret = PTR_ERR(dev->m2m_dev);
		goto err_free;
	}
	ret = v4l2_device_register(parent, &dev->v4l2_dev);
	if (ret)
		goto err_m2m;
	dev->dev = get_device(parent);
	dev->v4l2_dev.release = svpu_device_release;
	dev->mdev.dev = parent;
	strscpy(dev->mdev.model, "softvpu", sizeof(dev->mdev.model));
	media_device_init(&dev->mdev);
	dev->v4l2_dev.mdev = &dev->mdev;
	svpu_debugfs_add(dev);
	return dev;

err_m2m:
	v4l2_m2m_release(dev->m2m_dev);
err_free:
	mutex_destroy(&dev->lock);
	cleanup_srcu_struct(&dev->access);
err_kfree:
	kfree(dev);
	return ERR_PTR(ret);
}

/* dev->lock is held, dev->caps is there. */
int svpu_device_register_nodes(struct svpu_device *dev)
{
	struct video_device *vdev = &dev->vdev;
	int ret;

	strscpy(vdev->name, "softvpu-dec", sizeof(vdev->name));
	vdev->vfl_dir = VFL_DIR_M2M;
	vdev->fops = &svpu_file_ops;
	vdev->ioctl_ops = svpu_multiplanar ? &svpu_ioctl_ops_mplane : &svpu_ioctl_ops_splane;
	vdev->release = video_device_release_empty;
	vdev->v4l2_dev = &dev->v4l2_dev;
	vdev->device_caps = V4L2_CAP_STREAMING |
			    (svpu_multiplanar ? V4L2_CAP_VIDEO_M2M_MPLANE : V4L2_CAP_VIDEO_M2M);
	video_set_drvdata(vdev, dev);
	ret = video_register_device(vdev, VFL_TYPE_VIDEO, svpu_video_nr);
	if (ret)
		return ret;
	ret = v4l2_m2m_register_media_controller(dev->m2m_dev, vdev,
						 MEDIA_ENT_F_PROC_VIDEO_DECODER);
	if (ret)
		goto err_video;
	ret = media_device_register(&dev->mdev);
	if (ret)
		goto err_controller;
	dev->registered = true;
	dev_info(dev->dev, "%s: %s, %u codecs, over %s\n", video_device_node_name(vdev),
		 dev->caps->name, dev->caps->num, dev->transport->name);
	return 0;

err_controller:
	v4l2_m2m_unregister_media_controller(dev->m2m_dev);
err_video:
	video_unregister_device(vdev);
	return ret;
}

/*
 * The transport's remove(): open files stay, and get ENODEV. The transport opens no sessions any
 * more or loses them at once.
 */
void svpu_device_remove(struct svpu_device *dev)
{
	mutex_lock(&dev->lock);
	dev->removed = true;
	mutex_unlock(&dev->lock);
	svpu_probe_cancel(dev);
	svpu_debugfs_remove(dev);
	if (dev->registered) {
		media_device_unregister(&dev->mdev);
		v4l2_m2m_unregister_media_controller(dev->m2m_dev);
		video_unregister_device(&dev->vdev);
	}
	svpu_device_lose_sessions(dev);
	v4l2_device_disconnect(&dev->v4l2_dev);
	v4l2_device_unregister(&dev->v4l2_dev);
	v4l2_device_put(&dev->v4l2_dev);
}

/*
 * The transport's memory isn't there any more: waits for those who touch it just now. None of them
 * waits for anything.
 */
void svpu_device_revoke(struct svpu_device *dev)
{
	WRITE_ONCE(dev->revoked, true);
	synchronize_srcu(&dev->access);
}
