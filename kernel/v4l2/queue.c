// SPDX-License-Identifier: GPL-2.0
/*
 * The two buffer queues, as videobuf2 calls them, under the file's lock. Buffers that become
 * ready go on to decoder.c.
 */
#include "module.h"
#include "v4l2/decoder.h"

/* Of memory that is allocated from now on. */
static void svpu_set_tail(struct svpu_ctx *ctx)
{
	ctx->session.client.tail = svpu_frame_layout_tail(&ctx->formats.layout);
}

static enum svpu_q svpu_which(struct vb2_queue *q)
{
	return V4L2_TYPE_IS_OUTPUT(q->type) ? SVPU_Q_OUTPUT : SVPU_Q_CAPTURE;
}

static int svpu_queue_setup(struct vb2_queue *q, unsigned int *num_buffers,
			    unsigned int *num_planes, unsigned int sizes[],
			    struct device *alloc_devs[])
{
	struct svpu_ctx *ctx = svpu_queue_ctx(q);
	struct svpu_formats *formats = &ctx->formats;
	bool output = V4L2_TYPE_IS_OUTPUT(q->type);
	u32 size = output ? formats->output_size : formats->layout.plane_size[0];

	if (*num_planes && (*num_planes != 1 || sizes[0] < size))
		return -EINVAL;
	if (!*num_planes) {
		*num_planes = 1;
		sizes[0] = size;
		/* "A larger number is also possible when the driver requires more buffers." */
		if (!output)
			*num_buffers = max(*num_buffers, formats->min_capture);
	}
	if (sizes[0] > SVPU_MAX_BUFFER_SIZE)
		return -ENOMEM;
	svpu_set_tail(ctx);
	if (q->memory == VB2_MEMORY_MMAP)
		svpu_session_make_room(&ctx->session, *num_buffers,
				       sizes[0] + (output ? 0 : ctx->session.client.tail));
	return 0;
}

/* The memory behind the buffer is new. In the client's context. */
static int svpu_buf_init(struct vb2_buffer *vb)
{
	struct svpu_ctx *ctx = svpu_queue_ctx(vb->vb2_queue);
	struct svpu_buffer *buffer = svpu_vb_buffer(vb);

	buffer->vb = vb;
	buffer->direction = V4L2_TYPE_IS_OUTPUT(vb->vb2_queue->type) ? SVPU_INPUT : SVPU_OUTPUT;
	svpu_set_tail(ctx);
	return svpu_session_bounce(&ctx->session, buffer);
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
	struct svpu_ctx *ctx = svpu_queue_ctx(vb->vb2_queue);

	if (V4L2_TYPE_IS_OUTPUT(vb->vb2_queue->type))
		return 0;
	/* Buffers of an outdated geometry may still be queued, and are returned. */
	if (vb2_plane_size(vb, 0) < ctx->formats.layout.plane_size[0] &&
	    !svpu_decoder_takes_old_buffers(&ctx->decoder.state))
		return -EINVAL;
	return 0;
}

static void svpu_buf_queue(struct vb2_buffer *vb)
{
	struct svpu_ctx *ctx = svpu_queue_ctx(vb->vb2_queue);

	v4l2_m2m_buf_queue(ctx->fh.m2m_ctx, to_vb2_v4l2_buffer(vb));
	if (V4L2_TYPE_IS_OUTPUT(vb->vb2_queue->type))
		svpu_decoder_happens(ctx, SVPU_ON_INPUT_QUEUED);
	svpu_decoder_push(ctx);
}

static void svpu_buf_cleanup(struct vb2_buffer *vb)
{
	struct svpu_ctx *ctx = svpu_queue_ctx(vb->vb2_queue);

	svpu_decoder_check(ctx, svpu_session_unmap(&ctx->session, svpu_vb_buffer(vb)));
}

static int svpu_start_streaming(struct vb2_queue *q, unsigned int count)
{
	struct svpu_ctx *ctx = svpu_queue_ctx(q);
	enum svpu_q which = svpu_which(q);
	int ret;

	ctx->decoder.sequence[which] = 0;
	ret = which == SVPU_Q_OUTPUT ? svpu_decoder_start_output(ctx) :
				       svpu_decoder_start_capture(ctx);
	if (ret)
		svpu_return_ready(ctx, which, VB2_BUF_STATE_QUEUED);
	else
		svpu_decoder_push(ctx);
	return ret;
}

/* Afterwards nothing of that side is with the firmware. */
static void svpu_stop_streaming(struct vb2_queue *q)
{
	struct svpu_ctx *ctx = svpu_queue_ctx(q);
	enum svpu_q which = svpu_which(q);

	if (which == SVPU_Q_OUTPUT)
		svpu_decoder_stop_output(ctx);
	else
		svpu_decoder_stop_capture(ctx);
	svpu_return_ready(ctx, which, VB2_BUF_STATE_ERROR);
	svpu_return_in_flight(ctx, which, VB2_BUF_STATE_ERROR);
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
	struct svpu_device *dev = ctx->session.client.dev;
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
		q->drv_priv = &ctx->session.client;
		q->ops = &svpu_queue_ops;
		q->mem_ops = dev->transport->mem_ops;
		q->buf_struct_size = sizeof(struct svpu_vbuf);
		q->timestamp_flags = V4L2_BUF_FLAG_TIMESTAMP_COPY;
		q->lock = &ctx->lock;
		q->dev = dev->dev;
		ret = vb2_queue_init(q);
		if (ret) {
			if (i)
				vb2_queue_release(queues[0]);
			return ret;
		}
	}
	return 0;
}
