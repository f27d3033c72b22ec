// SPDX-License-Identifier: GPL-2.0
/*
 * The decoder node's ioctls: arguments checked and passed to formats.c, calls.c and v4l2-mem2mem.
 * The V4L2 core holds the file's lock in those about queues; the others take it here, so that
 * one file's wait never stops another's.
 */
#include <media/v4l2-event.h>
#include <media/v4l2-ioctl.h>

#include "module.h"
#include "v4l2/decoder.h"

static int svpu_querycap(struct file *file, void *priv, struct v4l2_capability *cap)
{
	strscpy(cap->driver, SVPU_NAME, sizeof(cap->driver));
	strscpy(cap->card, "softvpu decoder", sizeof(cap->card));
	return 0;
}

static int svpu_ioctl_enum_fmt(struct file *file, void *priv, struct v4l2_fmtdesc *f)
{
	struct svpu_ctx *ctx = svpu_file_ctx(file);
	int ret;

	if (mutex_lock_killable(&ctx->lock))
		return -EINTR;
	ret = svpu_enum_fmt(&ctx->formats, f);
	mutex_unlock(&ctx->lock);
	return ret;
}

static int svpu_ioctl_enum_framesizes(struct file *file, void *priv, struct v4l2_frmsizeenum *f)
{
	struct svpu_ctx *ctx = svpu_file_ctx(file);
	int ret;

	if (mutex_lock_killable(&ctx->lock))
		return -EINTR;
	ret = svpu_enum_framesizes(&ctx->formats, f);
	mutex_unlock(&ctx->lock);
	return ret;
}

static int svpu_ioctl_get_fmt(struct file *file, void *priv, struct v4l2_format *f)
{
	struct svpu_ctx *ctx = svpu_file_ctx(file);

	if (V4L2_TYPE_IS_CAPTURE(f->type))
		svpu_decoder_wait_header(ctx);
	if (mutex_lock_killable(&ctx->lock))
		return -EINTR;
	svpu_get_format(&ctx->formats, f);
	mutex_unlock(&ctx->lock);
	return 0;
}

static int svpu_ioctl_try_fmt(struct file *file, void *priv, struct v4l2_format *f)
{
	struct svpu_ctx *ctx = svpu_file_ctx(file);

	if (mutex_lock_killable(&ctx->lock))
		return -EINTR;
	svpu_try_format(&ctx->formats, f);
	mutex_unlock(&ctx->lock);
	return 0;
}

static int svpu_ioctl_set_fmt(struct file *file, void *priv, struct v4l2_format *f)
{
	struct svpu_ctx *ctx = svpu_file_ctx(file);
	struct v4l2_format now = { .type = f->type };
	int ret = 0;

	if (mutex_lock_killable(&ctx->lock))
		return -EINTR;
	/* Commit points, 5: no change of the OUTPUT format while any buffer is allocated. */
	if (vb2_is_busy(svpu_queue(ctx, SVPU_Q_CAPTURE)) ||
	    (V4L2_TYPE_IS_OUTPUT(f->type) && vb2_is_busy(svpu_queue(ctx, SVPU_Q_OUTPUT)))) {
		svpu_try_format(&ctx->formats, f);
		svpu_get_format(&ctx->formats, &now);
		if (memcmp(&now.fmt, &f->fmt,
			   V4L2_TYPE_IS_MULTIPLANAR(f->type) ? sizeof(f->fmt.pix_mp) :
							       sizeof(f->fmt.pix)))
			ret = -EBUSY;
		else
			svpu_choose_format(&ctx->formats, f);
	} else {
		svpu_set_format(&ctx->formats, f);
	}
	mutex_unlock(&ctx->lock);
	return ret;
}

static int svpu_ioctl_get_selection(struct file *file, void *priv, struct v4l2_selection *s)
{
	struct svpu_ctx *ctx = svpu_file_ctx(file);
	int ret;

	if (s->type == V4L2_BUF_TYPE_VIDEO_CAPTURE)
		svpu_decoder_wait_header(ctx);
	if (mutex_lock_killable(&ctx->lock))
		return -EINTR;
	ret = svpu_get_selection(&ctx->formats, s);
	mutex_unlock(&ctx->lock);
	return ret;
}

static bool svpu_contains(const struct v4l2_rect *outer, const struct v4l2_rect *inner)
{
	return outer->left <= inner->left && outer->top <= inner->top &&
	       (s64)outer->left + outer->width >= (s64)inner->left + inner->width &&
	       (s64)outer->top + outer->height >= (s64)inner->top + inner->height;
}

static int svpu_ioctl_set_selection(struct file *file, void *priv, struct v4l2_selection *s)
{
	struct v4l2_rect wanted = s->r;
	int ret;

	if (s->target != V4L2_SEL_TGT_CROP && s->target != V4L2_SEL_TGT_COMPOSE)
		return -EINVAL;
	if (s->flags & ~(V4L2_SEL_FLAG_GE | V4L2_SEL_FLAG_LE | V4L2_SEL_FLAG_KEEP_CONFIG))
		return -EINVAL;
	/* Adjusted to what there is: no cropping or scaling of one's own. */
	ret = svpu_ioctl_get_selection(file, priv, s);
	if (ret)
		return ret;
	if ((s->flags & V4L2_SEL_FLAG_LE && !svpu_contains(&wanted, &s->r)) ||
	    (s->flags & V4L2_SEL_FLAG_GE && !svpu_contains(&s->r, &wanted)))
		return -ERANGE;
	return 0;
}

static int svpu_ioctl_decoder_cmd(struct file *file, void *priv, struct v4l2_decoder_cmd *cmd)
{
	struct svpu_ctx *ctx = svpu_file_ctx(file);
	int ret;

	ret = v4l2_m2m_ioctl_try_decoder_cmd(file, priv, cmd);
	if (ret)
		return ret;
	if (mutex_lock_killable(&ctx->lock))
		return -EINTR;
	ret = svpu_decoder_command(ctx, cmd);
	mutex_unlock(&ctx->lock);
	return ret;
}

static int svpu_ioctl_reqbufs(struct file *file, void *priv, struct v4l2_requestbuffers *request)
{
	struct svpu_ctx *ctx = svpu_file_ctx(file);
	int ret = v4l2_m2m_ioctl_reqbufs(file, priv, request);

	/* State machine: Seek, REQBUFS(OUTPUT, 0), Initialization. */
	if (!ret && !request->count && V4L2_TYPE_IS_OUTPUT(request->type))
		svpu_decoder_happens(ctx, SVPU_ON_OUTPUT_FREED);
	return ret;
}

/*
 * videobuf2 refuses buffers of a queue that is in error, too; here before it looks at the
 * arguments. CAPTURE's are refused before it streams as well: ffmpeg sets it up, and then drains
 * forever.
 */
static bool svpu_queue_failed(struct svpu_ctx *ctx, struct vb2_queue *q)
{
	return svpu_decoder_has_failed(&ctx->decoder.state) ||
	       (V4L2_TYPE_IS_CAPTURE(q->type) && q->error);
}

/*
 * When imported memory is refused, videobuf2 also releases the buffer's previous memory, and says
 * no buf_cleanup: the firmware would keep the old memory, and a bounce buffer would be lost.
 */
static int svpu_after_prepare(struct svpu_ctx *ctx, struct vb2_queue *q,
			      const struct v4l2_buffer *buffer, int ret)
{
	struct vb2_buffer *vb;

	if (!ret || q->type != buffer->type)
		return ret;
	vb = vb2_get_buffer(q, buffer->index);
	if (vb && !vb->planes[0].mem_priv)
		svpu_decoder_check(ctx, svpu_session_unmap(&ctx->session, svpu_vb_buffer(vb)));
	return ret;
}

static int svpu_ioctl_qbuf(struct file *file, void *priv, struct v4l2_buffer *buffer)
{
	struct svpu_ctx *ctx = svpu_file_ctx(file);
	struct vb2_queue *q = v4l2_m2m_get_vq(ctx->fh.m2m_ctx, buffer->type);

	if (q->type == buffer->type && svpu_queue_failed(ctx, q))
		return -EIO;
	return svpu_after_prepare(ctx, q, buffer, v4l2_m2m_ioctl_qbuf(file, priv, buffer));
}

static int svpu_ioctl_prepare_buf(struct file *file, void *priv, struct v4l2_buffer *buffer)
{
	struct svpu_ctx *ctx = svpu_file_ctx(file);
	struct vb2_queue *q = v4l2_m2m_get_vq(ctx->fh.m2m_ctx, buffer->type);

	if (q->type == buffer->type && svpu_queue_failed(ctx, q))
		return -EIO;
	return svpu_after_prepare(ctx, q, buffer, v4l2_m2m_ioctl_prepare_buf(file, priv, buffer));
}

static int svpu_ioctl_dqbuf(struct file *file, void *priv, struct v4l2_buffer *buffer)
{
	struct svpu_ctx *ctx = svpu_file_ctx(file);
	struct vb2_queue *q = v4l2_m2m_get_vq(ctx->fh.m2m_ctx, buffer->type);
	int ret = v4l2_m2m_ioctl_dqbuf(file, priv, buffer);

	if (!ret && V4L2_TYPE_IS_CAPTURE(q->type))
		svpu_decoder_dequeued(ctx);
	return ret;
}

static int svpu_ioctl_subscribe_event(struct v4l2_fh *fh, const struct v4l2_event_subscription *sub)
{
	switch (sub->type) {
	case V4L2_EVENT_EOS:
		return v4l2_event_subscribe(fh, sub, 2, NULL);
	case V4L2_EVENT_SOURCE_CHANGE:
		return v4l2_src_change_event_subscribe(fh, sub);
	default:
		return v4l2_ctrl_subscribe_event(fh, sub);
	}
}

#define SVPU_COMMON_OPS                                                                           \
	.vidioc_querycap = svpu_querycap, .vidioc_enum_fmt_vid_cap = svpu_ioctl_enum_fmt,         \
	.vidioc_enum_fmt_vid_out = svpu_ioctl_enum_fmt,                                           \
	.vidioc_enum_framesizes = svpu_ioctl_enum_framesizes,                                     \
	.vidioc_g_selection = svpu_ioctl_get_selection,                                           \
	.vidioc_s_selection = svpu_ioctl_set_selection, .vidioc_reqbufs = svpu_ioctl_reqbufs,     \
	.vidioc_querybuf = v4l2_m2m_ioctl_querybuf, .vidioc_qbuf = svpu_ioctl_qbuf,               \
	.vidioc_dqbuf = svpu_ioctl_dqbuf, .vidioc_prepare_buf = svpu_ioctl_prepare_buf,           \
	.vidioc_create_bufs = v4l2_m2m_ioctl_create_bufs, .vidioc_expbuf = v4l2_m2m_ioctl_expbuf, \
	.vidioc_streamon = v4l2_m2m_ioctl_streamon, .vidioc_streamoff = v4l2_m2m_ioctl_streamoff, \
	.vidioc_try_decoder_cmd = v4l2_m2m_ioctl_try_decoder_cmd,                                 \
	.vidioc_decoder_cmd = svpu_ioctl_decoder_cmd,                                             \
	.vidioc_subscribe_event = svpu_ioctl_subscribe_event,                                     \
	.vidioc_unsubscribe_event = v4l2_event_unsubscribe

const struct v4l2_ioctl_ops svpu_ioctl_ops_mplane = {
	SVPU_COMMON_OPS,
	.vidioc_g_fmt_vid_cap_mplane = svpu_ioctl_get_fmt,
	.vidioc_g_fmt_vid_out_mplane = svpu_ioctl_get_fmt,
	.vidioc_try_fmt_vid_cap_mplane = svpu_ioctl_try_fmt,
	.vidioc_try_fmt_vid_out_mplane = svpu_ioctl_try_fmt,
	.vidioc_s_fmt_vid_cap_mplane = svpu_ioctl_set_fmt,
	.vidioc_s_fmt_vid_out_mplane = svpu_ioctl_set_fmt,
};

const struct v4l2_ioctl_ops svpu_ioctl_ops_splane = {
	SVPU_COMMON_OPS,
	.vidioc_g_fmt_vid_cap = svpu_ioctl_get_fmt,
	.vidioc_g_fmt_vid_out = svpu_ioctl_get_fmt,
	.vidioc_try_fmt_vid_cap = svpu_ioctl_try_fmt,
	.vidioc_try_fmt_vid_out = svpu_ioctl_try_fmt,
	.vidioc_s_fmt_vid_cap = svpu_ioctl_set_fmt,
	.vidioc_s_fmt_vid_out = svpu_ioctl_set_fmt,
};
