// SPDX-License-Identifier: GPL-2.0
/*
 * The stateful decoder: carries out what the machine in core/decoder_state.c says. Nothing here
 * waits for the firmware: what does is in calls.c, and answers come in by events.c. Everything runs
 * under the file's lock. dev-decoder.rst; softvpu/hfi.h.
 */
#include <media/v4l2-event.h>

#include "v4l2/decoder.h"

/*
 * The session ends by itself: from now on the queues that stream answer EIO and EPOLLERR, and
 * whoever waits is woken; buffers come back with STREAMOFF. dev-decoder.rst, Decoding, fatal
 * failures.
 */
void svpu_decoder_fail(struct svpu_ctx *ctx, const char *why)
{
	if (!svpu_session_is_open(&ctx->session))
		return;
	svpu_session_complain(&ctx->session, why);
	svpu_decoder_happens(ctx, SVPU_ON_SESSION_FAILED);
}

/* What a verb of the session returned: an error ends it. */
void svpu_decoder_check(struct svpu_ctx *ctx, int ret)
{
	if (ret < 0)
		svpu_decoder_fail(ctx, svpu_send_error(ret));
}

/* What was agreed with the session that is over. */
static void svpu_decoder_forget_session(struct svpu_ctx *ctx)
{
	struct svpu_decoder *decoder = &ctx->decoder;

	decoder->drain_due = false;
	decoder->drain_after = NULL;
	decoder->drain_damaged = false;
	decoder->return_asked = false;
	memset(&decoder->told, 0, sizeof(decoder->told));
	memset(&ctx->formats.stream_colour, 0, sizeof(ctx->formats.stream_colour));
}

/* Buffers stay queued, until STREAMOFF. */
static void svpu_decoder_close_session(struct svpu_ctx *ctx)
{
	if (!svpu_session_is_open(&ctx->session))
		return;
	svpu_session_close(&ctx->session);
	svpu_return_in_flight(ctx, SVPU_Q_OUTPUT, VB2_BUF_STATE_QUEUED);
	svpu_return_in_flight(ctx, SVPU_Q_CAPTURE, VB2_BUF_STATE_QUEUED);
	svpu_decoder_forget_session(ctx);
}

static void svpu_fail_queues(struct svpu_ctx *ctx)
{
	atomic_set(&ctx->decoder.error_polls, 0);
	if (svpu_decoder_output_streams(&ctx->decoder.state))
		vb2_queue_error(svpu_queue(ctx, SVPU_Q_OUTPUT));
	if (svpu_decoder_capture_streams(&ctx->decoder.state))
		vb2_queue_error(svpu_queue(ctx, SVPU_Q_CAPTURE));
}

/* Something has changed that is checked by callers waiting for the header. */
void svpu_decoder_header_news(struct svpu_ctx *ctx)
{
	bool awaited = svpu_decoder_awaits_header(&ctx->decoder.state) &&
		       ctx->session.num_in_flight[SVPU_INPUT];

	WRITE_ONCE(ctx->decoder.header_awaited, awaited);
	wake_up(&ctx->decoder.header_wait);
}

/* Gives the firmware all that it may have now. */
void svpu_decoder_push(struct svpu_ctx *ctx)
{
	int ret;

	svpu_decoder_deliver_last(ctx);
	svpu_decoder_check(ctx, svpu_pump_outputs(ctx));
	do {
		ret = svpu_pump_inputs(ctx);
		if (ret > 0)
			svpu_decoder_happens(ctx, SVPU_ON_STOP);
	} while (ret > 0);
	svpu_decoder_check(ctx, ret);
	svpu_decoder_header_news(ctx);
}

static void svpu_complete_last(struct svpu_ctx *ctx, struct vb2_v4l2_buffer *vbuf)
{
	struct svpu_decoder *decoder = &ctx->decoder;

	vb2_set_plane_payload(&vbuf->vb2_buf, 0, 0);
	vbuf->vb2_buf.timestamp = 0;
	vbuf->flags &= ~(V4L2_BUF_FLAG_TIMECODE | V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_PFRAME |
			 V4L2_BUF_FLAG_BFRAME);
	vbuf->field = ctx->formats.field;
	vbuf->sequence = decoder->sequence[SVPU_Q_CAPTURE]++;
	decoder->return_asked = false;
	if (decoder->drain_damaged && svpu_decoder_last_ends_drain(&decoder->state)) {
		/*
		 * Decoding, on errors: it holds the results of the failed operation, which are
		 * none.
		 */
		decoder->drain_damaged = false;
		vbuf->flags |= V4L2_BUF_FLAG_LAST;
		vb2_buffer_done(&vbuf->vb2_buf, VB2_BUF_STATE_ERROR);
		v4l2_m2m_mark_stopped(ctx->fh.m2m_ctx);
	} else {
		v4l2_m2m_last_buffer_done(ctx->fh.m2m_ctx, vbuf);
	}
	svpu_decoder_happens(ctx, SVPU_ON_LAST_COMPLETED);
}

/*
 * If a LAST buffer is owed: complete one that the host still has, ask the firmware for one, or wait
 * for the next that is queued. dev-decoder.rst, Drain step 2 and Dynamic Resolution Change step 2.
 */
void svpu_decoder_deliver_last(struct svpu_ctx *ctx)
{
	struct svpu_decoder *decoder = &ctx->decoder;
	struct vb2_v4l2_buffer *vbuf;

	if (!svpu_decoder_owes_last(&decoder->state))
		return;
	vbuf = v4l2_m2m_dst_buf_remove(ctx->fh.m2m_ctx);
	if (vbuf) {
		svpu_complete_last(ctx, vbuf);
		return;
	}
	if (ctx->session.num_in_flight[SVPU_OUTPUT] && !decoder->return_asked) {
		decoder->return_asked = true;
		svpu_decoder_check(ctx, svpu_session_return_output(&ctx->session));
	}
}

/* Capture Setup, step 11, and Drain, step 3: the session goes on. */
static void svpu_decoder_resume(struct svpu_ctx *ctx)
{
	int ret = 0;

	if (svpu_decoder_has_layout(&ctx->decoder.state))
		ret = svpu_pump_layout(ctx);
	if (!ret)
		ret = svpu_pump_outputs(ctx);
	if (!ret)
		ret = svpu_session_resume(&ctx->session);
	svpu_decoder_check(ctx, ret);
}

/*
 * A session begins with what was set before. Without the handler's lock, which comes before the
 * file's: the list doesn't change, and a value that changes now is sent by controls.c.
 */
int svpu_decoder_tell_controls(struct svpu_ctx *ctx)
{
	struct v4l2_ctrl *ctrl;
	s32 value;
	int ret = 0;

	list_for_each_entry(ctrl, &ctx->controls.ctrls, node) {
		value = READ_ONCE(ctrl->cur.val);
		if (!ret && !(ctrl->flags & V4L2_CTRL_FLAG_READ_ONLY) &&
		    ctrl->type != V4L2_CTRL_TYPE_BUTTON && value != ctrl->default_value)
			ret = svpu_session_set_control(&ctx->session, ctrl->id, value);
	}
	return ret;
}

void svpu_decoder_act(struct svpu_ctx *ctx, enum svpu_decoder_action action)
{
	static const struct v4l2_event eos = { .type = V4L2_EVENT_EOS };
	static const struct v4l2_event change = {
		.type = V4L2_EVENT_SOURCE_CHANGE,
		.u.src_change.changes = V4L2_EVENT_SRC_CH_RESOLUTION,
	};

	switch (action) {
	case SVPU_DO_NOTHING:
	case SVPU_DO_CANCEL_LAST: /* a buffer that comes back for it is ready again */
		break;
	case SVPU_DO_START_SESSION:
	case SVPU_DO_FLUSH_INPUT:
	case SVPU_DO_FLUSH_OUTPUT:
		/* Of STREAMON and STREAMOFF only: calls.c. */
		WARN_ON_ONCE(1);
		break;
	case SVPU_DO_CLOSE_SESSION:
		svpu_decoder_close_session(ctx);
		break;
	case SVPU_DO_APPLY_FORMAT:
		svpu_format_from_stream(&ctx->formats, &ctx->decoder.announced);
		break;
	case SVPU_DO_EVENT_SOURCE_CHANGE:
		v4l2_event_queue_fh(&ctx->fh, &change);
		break;
	case SVPU_DO_EVENT_EOS:
		v4l2_event_queue_fh(&ctx->fh, &eos);
		break;
	case SVPU_DO_DRAIN:
		ctx->decoder.drain_due = true;
		svpu_decoder_check(ctx, svpu_pump_drain(ctx));
		break;
	case SVPU_DO_RESUME:
		svpu_decoder_resume(ctx);
		break;
	case SVPU_DO_DELIVER_LAST:
		ctx->decoder.return_asked = false;
		svpu_decoder_deliver_last(ctx);
		break;
	case SVPU_DO_CLEAR_EPIPE:
		v4l2_m2m_clear_state(ctx->fh.m2m_ctx);
		vb2_clear_last_buffer_dequeued(svpu_queue(ctx, SVPU_Q_CAPTURE));
		break;
	case SVPU_DO_FAIL_QUEUES:
		svpu_fail_queues(ctx);
		break;
	}
}

/*
 * Runs one transition, its actions by `act`. An action may bring another transition: what is left
 * to do then belongs to the state that the first one led to, and does nothing where that state is
 * over. Errors: those of the call behind the event.
 */
int svpu_decoder_run_by(struct svpu_ctx *ctx, const struct svpu_decoder_event *event,
			void (*act)(struct svpu_ctx *ctx, enum svpu_decoder_action action))
{
	struct svpu_decoder_transition t;
	unsigned int i;

	svpu_decoder_step(&ctx->decoder.state, event, &t);
	switch (t.verdict) {
	case SVPU_ACCEPTED:
		break;
	case SVPU_REFUSED_FAILED:
		return -EIO;
	case SVPU_REFUSED_BUSY:
		return -EBUSY;
	case SVPU_REFUSED_UNFIT:
		return -EINVAL;
	}
	ctx->decoder.state = t.next;
	for (i = 0; i < ARRAY_SIZE(t.actions) && t.actions[i]; i++) {
		act(ctx, t.actions[i]);
		if (svpu_decoder_lost_session(&t.next, &ctx->decoder.state))
			break;
	}
	svpu_decoder_header_news(ctx);
	return 0;
}

int svpu_decoder_run(struct svpu_ctx *ctx, const struct svpu_decoder_event *event)
{
	return svpu_decoder_run_by(ctx, event, svpu_decoder_act);
}

int svpu_decoder_happens(struct svpu_ctx *ctx, enum svpu_decoder_trigger what)
{
	struct svpu_decoder_event event = { .what = what };

	return svpu_decoder_run(ctx, &event);
}
