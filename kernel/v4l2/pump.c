// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers on their way between the queues and the session. Called by decoder.c and what is above
 * it, under the file's lock; an error is that of a verb of the session, for svpu_decoder_check().
 *
 * Inputs consumed and outputs produced are separate events, so v4l2-mem2mem's job scheduler isn't
 * used: ready buffers go to the firmware at once, taken off the ready queues, and are completed
 * when it says so.
 */
#include "v4l2/decoder.h"

static enum svpu_direction svpu_direction_of(enum svpu_q which)
{
	return which == SVPU_Q_OUTPUT ? SVPU_INPUT : SVPU_OUTPUT;
}

/*
 * Every buffer comes back, to the client or (STATE_QUEUED) to the ready ones, in the order in which
 * they were queued; those that the firmware held may be written to until it notices, but belong to
 * it no more.
 */
void svpu_return_in_flight(struct svpu_ctx *ctx, enum svpu_q which, enum vb2_buffer_state state)
{
	enum svpu_direction direction = svpu_direction_of(which);
	struct svpu_buffer *buffer;

	while ((buffer = svpu_session_take_back(&ctx->session, direction))) {
		if (which == SVPU_Q_CAPTURE)
			vb2_set_plane_payload(buffer->vb, 0, 0);
		if (state == VB2_BUF_STATE_QUEUED)
			v4l2_m2m_buf_queue(ctx->fh.m2m_ctx, svpu_buffer_vbuf(buffer));
		else
			vb2_buffer_done(buffer->vb, state);
	}
}

void svpu_return_ready(struct svpu_ctx *ctx, enum svpu_q which, enum vb2_buffer_state state)
{
	struct vb2_v4l2_buffer *vbuf;

	for (;;) {
		vbuf = which == SVPU_Q_OUTPUT ? v4l2_m2m_src_buf_remove(ctx->fh.m2m_ctx) :
						v4l2_m2m_dst_buf_remove(ctx->fh.m2m_ctx);
		if (!vbuf)
			break;
		if (which == SVPU_Q_CAPTURE)
			vb2_set_plane_payload(&vbuf->vb2_buf, 0, 0);
		vb2_buffer_done(&vbuf->vb2_buf, state);
	}
}

/* Some CAPTURE buffer is big enough for the current format. */
bool svpu_capture_fits(struct svpu_ctx *ctx)
{
	struct vb2_queue *q = svpu_queue(ctx, SVPU_Q_CAPTURE);
	unsigned int i;

	for (i = 0; i < svpu_max_buffers(q); i++) {
		struct vb2_buffer *vb = vb2_get_buffer(q, i);

		if (vb && vb2_plane_size(vb, 0) >= ctx->formats.layout.plane_size[0])
			return true;
	}
	return false;
}

/* Frames are done, and not dequeued yet. */
bool svpu_capture_has_frames(struct svpu_ctx *ctx)
{
	return !list_empty(&svpu_queue(ctx, SVPU_Q_CAPTURE)->done_list);
}

static int svpu_pump_input(struct svpu_ctx *ctx, struct vb2_v4l2_buffer *vbuf)
{
	struct vb2_buffer *vb = &vbuf->vb2_buf;
	u32 bytes = vb2_get_plane_payload(vb, 0);
	u32 offset = bytes ? vb->planes[0].data_offset : 0;
	int ret;

	ret = svpu_session_queue_input(&ctx->session, svpu_vb_buffer(vb), offset, bytes - offset,
				       vb->timestamp);
	if (ret == -EFAULT) {
		vb2_buffer_done(vb, VB2_BUF_STATE_ERROR);
		return 0;
	}
	svpu_tag_remember(&ctx->decoder.tags, vbuf);
	return ret;
}

/* Behind the inputs that a STOP covers: when the last of them is with the firmware. */
int svpu_pump_drain(struct svpu_ctx *ctx)
{
	if (!ctx->decoder.drain_due || ctx->decoder.drain_after)
		return 0;
	ctx->decoder.drain_due = false;
	return svpu_session_drain(&ctx->session);
}

/* 1: it is as if the client had said STOP now; there may be more inputs after that. */
int svpu_pump_inputs(struct svpu_ctx *ctx)
{
	struct svpu_decoder *decoder = &ctx->decoder;
	struct svpu_queued_input input;
	struct vb2_v4l2_buffer *vbuf;
	enum svpu_input_turn turn;
	int ret;

	while (svpu_session_is_open(&ctx->session)) {
		vbuf = v4l2_m2m_next_src_buf(ctx->fh.m2m_ctx);
		if (!vbuf || !svpu_session_has_room(&ctx->session))
			return 0;
		input.empty = !vb2_get_plane_payload(&vbuf->vb2_buf, 0);
		input.covered = decoder->drain_after;
		input.others_with_session = ctx->session.num_in_flight[SVPU_INPUT];
		turn = svpu_decoder_input_turn(&decoder->state, &input);
		if (turn == SVPU_INPUT_WAITS)
			return 0;
		/* Mapped while still ready: a failure returns it with the others. */
		ret = svpu_session_map(&ctx->session, svpu_vb_buffer(&vbuf->vb2_buf));
		if (ret)
			return ret;
		v4l2_m2m_src_buf_remove(ctx->fh.m2m_ctx);
		ret = svpu_pump_input(ctx, vbuf);
		if (!ret && vbuf == decoder->drain_after) {
			decoder->drain_after = NULL;
			ret = svpu_pump_drain(ctx);
		}
		if (ret)
			return ret;
		if (turn == SVPU_INPUT_GOES_AND_STOPS)
			return 1;
	}
	return 0;
}

/*
 * The next ready CAPTURE buffer that takes a frame. Those from before a change of resolution may
 * be too small: they stay, for LAST or until STREAMOFF.
 */
static struct vb2_v4l2_buffer *svpu_next_output(struct svpu_ctx *ctx)
{
	struct v4l2_m2m_buffer *b;

	v4l2_m2m_for_each_dst_buf(ctx->fh.m2m_ctx, b)
		if (vb2_plane_size(&b->vb.vb2_buf, 0) >= ctx->formats.layout.plane_size[0])
			return &b->vb;
	return NULL;
}

/*
 * A layout counts for outputs queued after it: those of the old one are recalled first, and lent
 * again. Their answers may come later.
 */
int svpu_pump_layout(struct svpu_ctx *ctx)
{
	const struct svpu_frame_layout *layout = &ctx->formats.layout;
	int ret = 0;

	if (svpu_frame_layout_equal(&ctx->decoder.told, layout))
		return 0;
	if (ctx->session.num_in_flight[SVPU_OUTPUT]) {
		ret = svpu_session_recall(&ctx->session);
		if (!ret)
			svpu_return_in_flight(ctx, SVPU_Q_CAPTURE, VB2_BUF_STATE_QUEUED);
	}
	if (!ret)
		ret = svpu_session_set_layout(&ctx->session, layout);
	if (!ret)
		ctx->decoder.told = *layout;
	return ret;
}

int svpu_pump_outputs(struct svpu_ctx *ctx)
{
	struct vb2_v4l2_buffer *vbuf;
	struct svpu_buffer *buffer;
	int ret;

	while (svpu_session_is_open(&ctx->session) &&
	       svpu_decoder_lends_outputs(&ctx->decoder.state) &&
	       !svpu_queue(ctx, SVPU_Q_CAPTURE)->error) {
		vbuf = svpu_next_output(ctx);
		if (!vbuf || !svpu_session_has_room(&ctx->session))
			return 0;
		buffer = svpu_vb_buffer(&vbuf->vb2_buf);
		ret = svpu_pump_layout(ctx);
		if (!ret)
			ret = svpu_session_map(&ctx->session, buffer);
		if (ret)
			return ret;
		v4l2_m2m_dst_buf_remove_by_buf(ctx->fh.m2m_ctx, vbuf);
		ret = svpu_session_queue_output(&ctx->session, buffer);
		if (ret)
			return ret;
	}
	return 0;
}
