// SPDX-License-Identifier: GPL-2.0
/*
 * The two buffer queues, as videobuf2 calls them, under the context's lock. Buffers that become
 * ready go on to decoder.c.
 */
#include "softvpu.h"

static unsigned int svpu_queue_direction(struct vb2_queue *q)
{
	return V4L2_TYPE_IS_OUTPUT(q->type) ? SVPU_OUT : SVPU_CAP;
}

static int svpu_queue_setup(struct vb2_queue *q, unsigned int *num_buffers,
			    unsigned int *num_planes, unsigned int sizes[],
			    struct device *alloc_devs[])
{
	struct svpu_ctx *ctx = vb2_get_drv_priv(q);
	bool output = V4L2_TYPE_IS_OUTPUT(q->type);
	u32 size = output ? ctx->output_size : ctx->layout.plane_size[0];

	if (*num_planes && (*num_planes != 1 || sizes[0] < size))
		return -EINVAL;
	if (!*num_planes) {
		*num_planes = 1;
		sizes[0] = size;
		/* "A larger number is also possible when the driver requires more buffers." */
		if (!output)
			*num_buffers = max(*num_buffers, ctx->min_capture);
	}
	if (sizes[0] > SVPU_MAX_BUFFER_SIZE)
		return -ENOMEM;
	if (q->memory == VB2_MEMORY_MMAP)
		svpu_decoder_make_room(ctx, *num_buffers,
				       sizes[0] +
					       (output ? 0 : svpu_frame_layout_tail(&ctx->layout)));
	return 0;
}

/* The memory behind the buffer is new. In the client's context. */
static int svpu_buf_init(struct vb2_buffer *vb)
{
	return svpu_memory_bounce(vb2_get_drv_priv(vb->vb2_queue), vb);
}

static int svpu_buf_out_validate(struct vb2_buffer *vb)
{
	struct vb2_v4l2_buffer *vbuf = to_vb2_v4l2_buffer(vb);

	if (vbuf->field > V4L2_FIELD_INTERLACED_BT)
		return -EINVAL;
	if (vbuf->field == V4L2_FIELD_ANY)
		vbuf->field = V4L2_FIELD_NONE;
	return 0;
}

static int svpu_buf_prepare(struct vb2_buffer *vb)
{
	struct svpu_ctx *ctx = vb2_get_drv_priv(vb->vb2_queue);

	if (V4L2_TYPE_IS_OUTPUT(vb->vb2_queue->type))
		return 0;
	/*
	 * While a new geometry waits for its set-up, buffers of the old one may still be queued,
	 * and come back.
	 */
	if (vb2_plane_size(vb, 0) < ctx->layout.plane_size[0] &&
	    !(ctx->setup_pending && ctx->streaming[SVPU_CAP]))
		return -EINVAL;
	return 0;
}

static void svpu_buf_queue(struct vb2_buffer *vb)
{
	struct svpu_ctx *ctx = vb2_get_drv_priv(vb->vb2_queue);

	/* There is more to decode than the client thought when it said STOP. */
	if (V4L2_TYPE_IS_OUTPUT(vb->vb2_queue->type))
		ctx->stop_remembered = false;
	v4l2_m2m_buf_queue(ctx->fh.m2m_ctx, to_vb2_v4l2_buffer(vb));
	svpu_decoder_push(ctx);
}

static void svpu_buf_cleanup(struct vb2_buffer *vb)
{
	svpu_memory_unmap(vb2_get_drv_priv(vb->vb2_queue), vb);
}

static int svpu_start_streaming(struct vb2_queue *q, unsigned int count)
{
	struct svpu_ctx *ctx = vb2_get_drv_priv(q);
	unsigned int direction = svpu_queue_direction(q);
	int ret = 0;

	ctx->sequence[direction] = 0;
	ctx->streaming[direction] = true;
	if (direction == SVPU_OUT)
		ret = svpu_decoder_start_session(ctx);
	else if (ctx->failed[SVPU_OUT])
		ret = -EIO; /* nothing would ever come */
	if (ret) {
		ctx->streaming[direction] = false;
		svpu_decoder_return_ready(ctx, direction, VB2_BUF_STATE_QUEUED);
		return ret;
	}
	if (!ctx->session)
		return 0;
	if (direction == SVPU_CAP) {
		bool stop = ctx->stop_remembered;

		ctx->stop_remembered = false;
		ctx->draining = ctx->draining || stop;
		if (ctx->setup_pending && !svpu_decoder_capture_fits(ctx)) {
			/* Buffers from before the change: as if they had been streaming. */
			svpu_decoder_want_last(ctx);
		} else {
			svpu_decoder_resume(ctx);
		}
		if (stop)
			svpu_decoder_stop_again(ctx);
	} else if (ctx->drained) {
		/* Drain, step 3: STREAMOFF and STREAMON of OUTPUT go on, with a seek. */
		ctx->draining = false;
		svpu_decoder_resume(ctx);
	}
	svpu_decoder_push(ctx);
	return 0;
}

static void svpu_stop_streaming(struct vb2_queue *q)
{
	struct svpu_ctx *ctx = vb2_get_drv_priv(q);
	unsigned int direction = svpu_queue_direction(q);

	ctx->stopping[direction] = true;
	if (direction == SVPU_OUT) {
		ctx->stop_remembered = false;
		wake_up(&ctx->header_wait);
	}
	svpu_decoder_flush(ctx, direction);
	if (direction == SVPU_CAP)
		svpu_decoder_announce_held(ctx);
	ctx->stopping[direction] = false;
	ctx->streaming[direction] = false;
	ctx->failed[direction] = false;
	if (direction == SVPU_CAP) {
		/*
		 * Aborts a drain; but in the course of a resolution change it is part of the drain:
		 * Drain, step 2, first item.
		 */
		if (!ctx->setup_pending) {
			ctx->draining = false;
			ctx->drain_again = false;
			ctx->drain_after = NULL;
		}
		ctx->last_wanted = false;
		v4l2_m2m_clear_state(ctx->fh.m2m_ctx);
	} else if (ctx->draining && !ctx->drained) {
		/*
		 * Aborts a drain. A client that waits for LAST is given one, as v4l2-mem2mem does;
		 * the LAST of a resolution change is enough, and one that was held back can't be
		 * lost with the session when REQBUFS(OUTPUT, 0) follows.
		 */
		ctx->drain_after = NULL;
		svpu_decoder_announce_now(ctx);
		if (ctx->session && ctx->streaming[SVPU_CAP] && !ctx->setup_pending)
			svpu_decoder_drained(ctx);
		else
			ctx->draining = false;
	}
	svpu_decoder_push(ctx);
}

static const struct vb2_ops svpu_queue_ops = { .queue_setup = svpu_queue_setup,
					       .buf_out_validate = svpu_buf_out_validate,
					       .buf_init = svpu_buf_init,
					       .buf_prepare = svpu_buf_prepare,
					       .buf_queue = svpu_buf_queue,
					       .buf_cleanup = svpu_buf_cleanup,
					       .start_streaming = svpu_start_streaming,
					       .stop_streaming = svpu_stop_streaming,
					       SVPU_VB2_WAIT_OPS };

int svpu_queue_init(void *priv, struct vb2_queue *src, struct vb2_queue *dst)
{
	struct svpu_ctx *ctx = priv;
	struct vb2_queue *queues[] = { src, dst };
	unsigned int i;
	int ret;

	src->type =
		svpu_multiplanar ? V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE : V4L2_BUF_TYPE_VIDEO_OUTPUT;
	dst->type =
		svpu_multiplanar ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE : V4L2_BUF_TYPE_VIDEO_CAPTURE;
	/* An empty OUTPUT buffer asks for a drain. */
	src->allow_zero_bytesused = 1;
	for (i = 0; i < ARRAY_SIZE(queues); i++) {
		struct vb2_queue *q = queues[i];

		q->io_modes = VB2_MMAP | VB2_USERPTR | VB2_DMABUF;
		q->drv_priv = ctx;
		q->ops = &svpu_queue_ops;
		q->mem_ops = ctx->dev->transport->mem_ops;
		q->buf_struct_size = sizeof(struct svpu_buffer);
		q->timestamp_flags = V4L2_BUF_FLAG_TIMESTAMP_COPY;
		q->lock = &ctx->lock;
		q->dev = ctx->dev->dev;
		ret = vb2_queue_init(q);
		if (ret) {
			if (i)
				vb2_queue_release(queues[0]);
			return ret;
		}
	}
	return 0;
}
