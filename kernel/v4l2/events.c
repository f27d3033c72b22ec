// SPDX-License-Identifier: GPL-2.0
/*
 * The decoder as its session's upper half: what comes up changes buffers and the machine's state.
 * See struct svpu_session_ops. Under the file's lock; nothing here waits.
 */
#include "v4l2/decoder.h"

static void svpu_on_input_done(struct svpu_session *session, struct svpu_buffer *buffer, bool good)
{
	struct svpu_ctx *ctx = svpu_session_ctx(session);
	struct vb2_v4l2_buffer *vbuf = svpu_buffer_vbuf(buffer);

	vbuf->sequence = ctx->decoder.sequence[SVPU_Q_OUTPUT]++;
	vb2_buffer_done(buffer->vb, good ? VB2_BUF_STATE_DONE : VB2_BUF_STATE_ERROR);
	svpu_decoder_header_news(ctx);
}

static u32 svpu_frame_flags(const struct svpu_msg_output_done *message)
{
	switch (message->frame_type) {
	case SVPU_FRAME_KEY:
		return V4L2_BUF_FLAG_KEYFRAME;
	case SVPU_FRAME_P:
		return V4L2_BUF_FLAG_PFRAME;
	case SVPU_FRAME_B:
		return V4L2_BUF_FLAG_BFRAME;
	default:
		return 0;
	}
}

static void svpu_on_output_done(struct svpu_session *session, struct svpu_buffer *buffer,
				const struct svpu_msg_output_done *message, bool good)
{
	struct svpu_ctx *ctx = svpu_session_ctx(session);
	struct vb2_v4l2_buffer *vbuf = svpu_buffer_vbuf(buffer);

	vbuf->flags &=
		~(V4L2_BUF_FLAG_TIMECODE | V4L2_BUF_FLAG_TSTAMP_SRC_MASK | V4L2_BUF_FLAG_KEYFRAME |
		  V4L2_BUF_FLAG_PFRAME | V4L2_BUF_FLAG_BFRAME | V4L2_BUF_FLAG_LAST);
	vbuf->flags |= svpu_frame_flags(message);
	vbuf->vb2_buf.timestamp = 0;
	if (message->flags & SVPU_FRAME_HAS_TAG)
		svpu_tag_copy(&ctx->decoder.tags, vbuf, message->tag);
	/* buffer.rst: the field of the format, not that of each frame. */
	vbuf->field = ctx->formats.field;
	vbuf->sequence = ctx->decoder.sequence[SVPU_Q_CAPTURE]++;
	vb2_buffer_done(buffer->vb, good ? VB2_BUF_STATE_DONE : VB2_BUF_STATE_ERROR);
}

static void svpu_on_output_returned(struct svpu_session *session, struct svpu_buffer *buffer,
				    bool flushed)
{
	struct svpu_ctx *ctx = svpu_session_ctx(session);

	if (flushed) {
		vb2_set_plane_payload(buffer->vb, 0, 0);
		vb2_buffer_done(buffer->vb, VB2_BUF_STATE_ERROR);
		return;
	}
	/* Ready again, for LAST or, if the client went on meanwhile, for a frame. */
	v4l2_m2m_buf_queue(ctx->fh.m2m_ctx, svpu_buffer_vbuf(buffer));
	svpu_decoder_deliver_last(ctx);
}

static const char *svpu_on_format_changed(struct svpu_session *session,
					  const struct svpu_msg_format_changed *message)
{
	struct svpu_decoder_event event = { .what = SVPU_ON_FORMAT_CHANGED };
	struct svpu_ctx *ctx = svpu_session_ctx(session);
	struct vb2_queue *capture = svpu_queue(ctx, SVPU_Q_CAPTURE);
	const char *wrong = svpu_format_wrong(&ctx->formats, message);

	if (wrong)
		return wrong;
	ctx->decoder.announced = *message;
	event.fits = vb2_is_streaming(capture) && !capture->error &&
		     svpu_format_describes(&ctx->formats, message) &&
		     svpu_num_buffers(capture) >= message->min_output_buffers &&
		     svpu_capture_fits(ctx);
	event.frames_waiting = svpu_capture_has_frames(ctx);
	svpu_decoder_run(ctx, &event);
	return NULL;
}

static void svpu_on_drained(struct svpu_session *session, bool damaged, bool stale)
{
	struct svpu_decoder_event event = { .what = SVPU_ON_DRAINED, .stale = stale };
	struct svpu_ctx *ctx = svpu_session_ctx(session);

	if (damaged)
		ctx->decoder.drain_damaged = true;
	svpu_decoder_run(ctx, &event);
}

static void svpu_on_failed(struct svpu_session *session, const char *why)
{
	svpu_decoder_fail(svpu_session_ctx(session), why);
}

static void svpu_on_pump(struct svpu_session *session)
{
	svpu_decoder_push(svpu_session_ctx(session));
}

const struct svpu_session_ops svpu_decoder_events = {
	.input_done = svpu_on_input_done,
	.output_done = svpu_on_output_done,
	.output_returned = svpu_on_output_returned,
	.format_changed = svpu_on_format_changed,
	.drained = svpu_on_drained,
	.failed = svpu_on_failed,
	.pump = svpu_on_pump,
};
