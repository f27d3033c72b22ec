// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The buffer queues: see media.h. A buffer is the application's, queued, the driver's (and then
 * perhaps among its ready ones), or done; the driver may complete only what is its own, and has to
 * give everything back when a queue stops.
 */
#include "kernel_shim/shim.h"

#define SHIM_MOST_BUFFERS 8

static struct v4l2_m2m_buffer *shim_m2m(struct vb2_v4l2_buffer *vbuf)
{
	return container_of(vbuf, struct v4l2_m2m_buffer, vb);
}

static void shim_not_ready(struct vb2_buffer *vb)
{
	if (!list_empty(&shim_m2m(to_vb2_v4l2_buffer(vb))->list))
		shim_complain("a buffer is among the ready ones still");
}

int vb2_queue_init(struct vb2_queue *q)
{
	INIT_LIST_HEAD(&q->queued_list);
	INIT_LIST_HEAD(&q->done_list);
	q->max_num_buffers = VB2_MAX_FRAME;
	return 0;
}

void vb2_queue_release(struct vb2_queue *q)
{
	(void)shim_reqbufs(q, 0);
}

struct vb2_buffer *vb2_get_buffer(struct vb2_queue *q, unsigned int index)
{
	return index < q->max_num_buffers ? q->bufs[index] : NULL;
}

void vb2_set_plane_payload(struct vb2_buffer *vb, unsigned int plane, unsigned long bytes)
{
	if (bytes > vb->planes[plane].length)
		shim_complain("a payload larger than its plane");
	vb->planes[plane].bytesused = bytes;
}

void *vb2_plane_vaddr(struct vb2_buffer *vb, unsigned int plane)
{
	return vb->vb2_queue->mem_ops->vaddr(vb, vb->planes[plane].mem_priv);
}

void vb2_buffer_done(struct vb2_buffer *vb, enum vb2_buffer_state state)
{
	struct vb2_queue *q = vb->vb2_queue;

	if (vb->state != VB2_BUF_STATE_ACTIVE)
		shim_complain("a buffer is done that the driver doesn't have");
	shim_not_ready(vb);
	q->owned_by_driver--;
	vb->state = state;
	if (state == VB2_BUF_STATE_QUEUED) {
		if (!q->starting)
			shim_complain(
				"a buffer goes back to be queued, but streaming doesn't begin");
		return;
	}
	list_del_init(&vb->queued_entry);
	list_add_tail(&vb->done_entry, &q->done_list);
}

void v4l2_m2m_buf_queue(struct v4l2_m2m_ctx *ctx, struct vb2_v4l2_buffer *vbuf)
{
	if (vbuf->vb2_buf.state != VB2_BUF_STATE_ACTIVE)
		shim_complain("a buffer gets ready that the driver doesn't have");
	shim_not_ready(&vbuf->vb2_buf);
	list_add_tail(&shim_m2m(vbuf)->list,
		      &ctx->ready[V4L2_TYPE_IS_CAPTURE(vbuf->vb2_buf.vb2_queue->type)]);
}

struct vb2_v4l2_buffer *shim_next_ready(struct v4l2_m2m_ctx *ctx, unsigned int side)
{
	if (list_empty(&ctx->ready[side]))
		return NULL;
	return &list_first_entry(&ctx->ready[side], struct v4l2_m2m_buffer, list)->vb;
}

struct vb2_v4l2_buffer *shim_take_ready(struct v4l2_m2m_ctx *ctx, unsigned int side)
{
	struct vb2_v4l2_buffer *vbuf = shim_next_ready(ctx, side);

	if (vbuf)
		list_del_init(&shim_m2m(vbuf)->list);
	return vbuf;
}

struct vb2_v4l2_buffer *v4l2_m2m_last_src_buf(struct v4l2_m2m_ctx *ctx)
{
	if (list_empty(&ctx->ready[0]))
		return NULL;
	return &list_entry(ctx->ready[0].prev, struct v4l2_m2m_buffer, list)->vb;
}

void v4l2_m2m_dst_buf_remove_by_buf(struct v4l2_m2m_ctx *ctx, struct vb2_v4l2_buffer *vbuf)
{
	(void)ctx;
	if (list_empty(&shim_m2m(vbuf)->list))
		shim_complain("a buffer isn't among the ready ones");
	list_del_init(&shim_m2m(vbuf)->list);
}

void v4l2_m2m_last_buffer_done(struct v4l2_m2m_ctx *ctx, struct vb2_v4l2_buffer *vbuf)
{
	vbuf->flags |= V4L2_BUF_FLAG_LAST;
	vb2_buffer_done(&vbuf->vb2_buf, VB2_BUF_STATE_DONE);
	ctx->stopped = true;
}

static void shim_to_driver(struct vb2_buffer *vb)
{
	vb->state = VB2_BUF_STATE_ACTIVE;
	vb->vb2_queue->owned_by_driver++;
	vb->vb2_queue->ops->buf_queue(vb);
}

/* All buffers are the application's again. */
static void shim_cancel(struct vb2_queue *q)
{
	struct vb2_buffer *vb, *next;
	unsigned int i;

	if (q->streaming)
		q->ops->stop_streaming(q);
	if (q->owned_by_driver)
		shim_complain("streaming has ended, and the driver keeps buffers");
	list_for_each_entry_safe(vb, next, &q->queued_list, queued_entry)
		list_del_init(&vb->queued_entry);
	list_for_each_entry_safe(vb, next, &q->done_list, done_entry)
		list_del_init(&vb->done_entry);
	for (i = 0; i < q->num_buffers; i++)
		q->bufs[i]->state = VB2_BUF_STATE_DEQUEUED;
	q->streaming = false;
	q->error = false;
	q->last_buffer_dequeued = false;
}

static void shim_free_buffers(struct vb2_queue *q)
{
	unsigned int i;

	for (i = 0; i < q->num_buffers; i++) {
		if (q->bufs[i]->state != VB2_BUF_STATE_DEQUEUED)
			shim_complain("a buffer is freed that somebody has");
		q->ops->buf_cleanup(q->bufs[i]);
		q->mem_ops->put(q->bufs[i]->planes[0].mem_priv);
		free(q->bufs[i]);
		q->bufs[i] = NULL;
	}
	q->num_buffers = 0;
}

static int shim_add_buffer(struct vb2_queue *q, unsigned int index, unsigned int size)
{
	struct vb2_buffer *vb = calloc(1, q->buf_struct_size);
	void *memory;

	vb->vb2_queue = q;
	vb->index = index;
	vb->memory = q->memory;
	vb->num_planes = 1;
	vb->planes[0].length = PAGE_ALIGN(size);
	INIT_LIST_HEAD(&vb->queued_entry);
	INIT_LIST_HEAD(&vb->done_entry);
	INIT_LIST_HEAD(&shim_m2m(to_vb2_v4l2_buffer(vb))->list);
	memory = q->mem_ops->alloc(vb, q->dev, vb->planes[0].length);
	if (IS_ERR(memory)) {
		free(vb);
		return -ENOMEM;
	}
	vb->planes[0].mem_priv = memory;
	if (q->ops->buf_init(vb)) {
		q->mem_ops->put(memory);
		free(vb);
		return -ENOMEM;
	}
	q->bufs[index] = vb;
	q->num_buffers = index + 1;
	return 0;
}

int shim_reqbufs(struct vb2_queue *q, unsigned int count)
{
	struct device *devices[VIDEO_MAX_PLANES] = { 0 };
	unsigned int sizes[VIDEO_MAX_PLANES] = { 0 }, planes = 0, i;
	int ret;

	if (q->streaming)
		return -EBUSY;
	shim_cancel(q);
	shim_free_buffers(q);
	if (!count)
		return 0;
	q->memory = VB2_MEMORY_MMAP;
	ret = q->ops->queue_setup(q, &count, &planes, sizes, devices);
	if (ret)
		return ret;
	if (planes != 1)
		shim_complain("a buffer of several planes");
	for (i = 0; i < count && i < SHIM_MOST_BUFFERS; i++)
		if (shim_add_buffer(q, i, sizes[0]))
			break;
	return q->num_buffers ? 0 : -ENOMEM;
}

int shim_qbuf(struct vb2_queue *q, unsigned int index, unsigned int bytes, unsigned int offset,
	      u64 timestamp, u32 flags)
{
	struct vb2_buffer *vb = vb2_get_buffer(q, index);
	struct vb2_v4l2_buffer *vbuf;

	if (q->error)
		return -EIO;
	if (!vb || vb->state != VB2_BUF_STATE_DEQUEUED)
		return -EINVAL;
	vbuf = to_vb2_v4l2_buffer(vb);
	vbuf->flags = 0;
	if (V4L2_TYPE_IS_OUTPUT(q->type)) {
		if (bytes > vb->planes[0].length || (bytes && offset >= bytes))
			return -EINVAL;
		vb->planes[0].bytesused = bytes;
		vb->planes[0].data_offset = offset;
		vb->timestamp = timestamp;
		vbuf->flags = flags & V4L2_BUF_FLAG_TIMECODE;
		vbuf->field = flags & 15;
		if (q->ops->buf_out_validate(vb))
			return -EINVAL;
	}
	if (q->ops->buf_prepare(vb))
		return -EINVAL;
	vb->state = VB2_BUF_STATE_QUEUED;
	list_add_tail(&vb->queued_entry, &q->queued_list);
	if (q->streaming)
		shim_to_driver(vb);
	return 0;
}

int shim_dqbuf(struct vb2_queue *q)
{
	struct vb2_buffer *vb;

	if (!q->streaming)
		return -EINVAL;
	if (q->error)
		return -EIO;
	if (q->last_buffer_dequeued)
		return -EPIPE;
	if (list_empty(&q->done_list))
		return -EAGAIN;
	vb = list_first_entry(&q->done_list, struct vb2_buffer, done_entry);
	list_del_init(&vb->done_entry);
	vb->state = VB2_BUF_STATE_DEQUEUED;
	if (V4L2_TYPE_IS_CAPTURE(q->type) && to_vb2_v4l2_buffer(vb)->flags & V4L2_BUF_FLAG_LAST)
		q->last_buffer_dequeued = true;
	return 0;
}

int shim_streamon(struct vb2_queue *q)
{
	struct vb2_buffer *vb, *next;
	int ret;

	if (q->streaming)
		return 0;
	if (!q->num_buffers)
		return -EINVAL;
	list_for_each_entry_safe(vb, next, &q->queued_list, queued_entry)
		shim_to_driver(vb);
	q->streaming = true;
	q->starting = true;
	ret = q->ops->start_streaming(q, q->owned_by_driver);
	q->starting = false;
	if (!ret)
		return 0;
	q->streaming = false;
	if (q->owned_by_driver)
		shim_complain("streaming can't begin, and the driver keeps buffers");
	return ret;
}

int shim_streamoff(struct v4l2_m2m_ctx *ctx, unsigned int side)
{
	shim_cancel(&ctx->queue[side]);
	if (!list_empty(&ctx->ready[side]))
		shim_complain("streaming has ended, and buffers are ready");
	return 0;
}
