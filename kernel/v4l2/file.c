// SPDX-License-Identifier: GPL-2.0
/*
 * A decoder node's open files: opened, polled and closed. What is asked of them is in ioctl.c.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <media/v4l2-event.h>
#include <media/v4l2-ioctl.h>

#include "v4l2/decoder.h"
#include "v4l2/device.h"

static int svpu_open(struct file *file)
{
	struct video_device *vdev = video_devdata(file);
	struct svpu_node *node = video_drvdata(file);
	struct svpu_device *dev = &node->vpu.device;
	struct svpu_ctx *ctx;
	int ret;

	ctx = kvzalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);
	if (!ctx)
		return -ENOMEM;
	mutex_init(&ctx->lock);
	svpu_session_init(&ctx->session, dev, &svpu_decoder_events, &ctx->lock);
	ctx->session.client.opener = file->f_cred->euid;
	init_waitqueue_head(&ctx->decoder.header_wait);
	ctx->formats.caps = svpu_vpu_caps(&node->vpu);
	svpu_format_defaults(&ctx->formats);

	v4l2_fh_init(&ctx->fh, vdev);
	ret = svpu_controls_init(ctx);
	if (ret)
		goto err_fh;
	ctx->fh.m2m_ctx = v4l2_m2m_ctx_init(node->m2m_dev, ctx, svpu_queue_init);
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
	svpu_caps_put(ctx->formats.caps);
	mutex_destroy(&ctx->lock);
	kvfree(ctx);
	return ret;
}

static int svpu_release(struct file *file)
{
	struct svpu_ctx *ctx = svpu_file_ctx(file);
	const struct svpu_transport_ops *transport = ctx->session.client.dev->transport;

	/* Nothing is flushed first: the session goes at once, and its buffers with it. */
	mutex_lock(&ctx->lock);
	svpu_decoder_happens(ctx, SVPU_ON_OUTPUT_FREED);
	mutex_unlock(&ctx->lock);
	svpu_session_exit(&ctx->session);

	mutex_lock(&ctx->lock);
	v4l2_m2m_ctx_release(ctx->fh.m2m_ctx);
	mutex_unlock(&ctx->lock);
	if (transport->leave)
		transport->leave(&ctx->session.client);
	svpu_fh_del(&ctx->fh, file);
	/* Ends subscriptions, those to controls' events, too: before the controls. */
	v4l2_fh_exit(&ctx->fh);
	v4l2_ctrl_handler_free(&ctx->controls);
	svpu_caps_put(ctx->formats.caps);
	mutex_destroy(&ctx->lock);
	kvfree(ctx);
	return 0;
}

/*
 * ffmpeg's wrapper (5.1 to 7.1) treats EPOLLERR as "not yet": it polls again at once, forever, and
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

	if (svpu_queue(ctx, SVPU_Q_OUTPUT)->error)
		failed |= EPOLLOUT | EPOLLWRNORM;
	if (svpu_queue(ctx, SVPU_Q_CAPTURE)->error)
		failed |= EPOLLIN | EPOLLRDNORM;
	if (failed && mask & EPOLLERR) {
		/* It stays there: a client may poll until a counter has gone round. */
		if (atomic_add_unless(&ctx->decoder.error_polls, 1, SVPU_PATIENT_POLLS))
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
