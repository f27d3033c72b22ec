// SPDX-License-Identifier: GPL-2.0
/*
 * The stateful decoder's host side: carries out what the machine in core/decoder_state.c says,
 * opens and closes sessions, and gives buffers to the firmware. The firmware's answers come in by
 * events.c; who must wait for one does so in flush.c. Everything here runs under the context's
 * lock. dev-decoder.rst; softvpu/hfi.h.
 *
 * Inputs consumed and outputs produced are separate events, so v4l2-mem2mem's job scheduler isn't
 * used: ready buffers go to the firmware at once, taken off the ready queues, and are completed
 * when it says so.
 */
#include <media/v4l2-event.h>

#include "softvpu.h"

int svpu_decoder_send(struct svpu_ctx *ctx, void *command, u16 type, u16 size, u64 cookie)
{
	int ret;

	if (!ctx->session)
		return -EIO;
	ret = svpu_session_send(ctx->session, command, type, size, cookie);
	if (ret)
		svpu_decoder_fail(ctx, ret == -EAGAIN ? "it doesn't read its commands" :
				       ret == -ENODEV ? "its device is gone" :
							"it broke the command ring");
	return ret ? -EIO : 0;
}

static int svpu_send_plain(struct svpu_ctx *ctx, u16 type, u64 cookie)
{
	struct svpu_entry entry;

	return svpu_decoder_send(ctx, &entry, type, sizeof(entry), cookie);
}

static int svpu_send_layout(struct svpu_ctx *ctx)
{
	const struct svpu_frame_layout *layout = &ctx->layout;
	struct svpu_cmd_set_layout cmd = {};
	unsigned int i;

	cmd.fourcc = layout->format->fourcc;
	cmd.width = layout->width;
	cmd.height = layout->height;
	cmd.memory_planes = layout->format->memory_planes;
	cmd.components = layout->format->components;
	for (i = 0; i < layout->format->components; i++) {
		cmd.stride[i] = layout->stride[i];
		cmd.offset[i] = layout->offset[i];
		cmd.component_plane[i] = layout->component_plane[i];
	}
	for (i = 0; i < layout->format->memory_planes; i++)
		cmd.plane_size[i] = layout->plane_size[i];
	return svpu_decoder_send(ctx, &cmd, SVPU_CMD_SET_LAYOUT, sizeof(cmd), 0);
}

/* What was agreed with the session that is over. */
static void svpu_forget_session(struct svpu_ctx *ctx)
{
	ctx->drain_due = false;
	ctx->drain_after = NULL;
	ctx->drain_damaged = false;
	ctx->return_asked = false;
	ctx->returns_owed = 0;
	ctx->flushing[SVPU_OUT] = false;
	ctx->flushing[SVPU_CAP] = false;
	ctx->recalling = false;
	ctx->ping = 0;
	memset(&ctx->told, 0, sizeof(ctx->told));
	memset(&ctx->stream_colour, 0, sizeof(ctx->stream_colour));
}

/* A session for the coded format. Errors: -EIO no firmware; -ENOMEM. */
static int svpu_open_session(struct svpu_ctx *ctx)
{
	struct svpu_cmd_configure cmd = {};
	struct svpu_session *session;

	session = svpu_session_open(ctx->dev, ctx, &ctx->work);
	if (IS_ERR(session)) {
		if (PTR_ERR(session) != -ENODEV)
			return PTR_ERR(session);
		dev_warn_ratelimited(ctx->dev->dev, "%s\n", ctx->dev->transport->absent);
		return -EIO;
	}
	svpu_forget_session(ctx);
	svpu_format_reset(ctx);
	ctx->session = session;
	ctx->session_coded = ctx->codec->coded;
	ctx->started = jiffies;
	ctx->heard = jiffies;

	cmd.role = SVPU_DECODER;
	cmd.coded = ctx->codec->coded;
	cmd.width_hint = ctx->hint_width;
	cmd.height_hint = ctx->hint_height;
	/*
	 * A failure here is the session's, as if it came later: the buffers come back with errors.
	 */
	if (!svpu_decoder_send(ctx, &cmd, SVPU_CMD_CONFIGURE, sizeof(cmd), 0))
		svpu_send_plain(ctx, SVPU_CMD_START, 0);
	mod_delayed_work(system_wq, &ctx->watchdog, msecs_to_jiffies(svpu_timeout_ms / 4));
	return 0;
}

/* The buffer that is with the firmware for longest, or NULL: cookies count. */
static struct svpu_buffer *svpu_first_in_flight(struct svpu_ctx *ctx, unsigned int direction)
{
	struct vb2_queue *q = svpu_queue(ctx, direction);
	struct svpu_buffer *first = NULL;
	unsigned int i;

	for (i = 0; i < svpu_max_buffers(q); i++) {
		struct vb2_buffer *vb = vb2_get_buffer(q, i);
		struct svpu_buffer *buffer = vb ? svpu_vb_buffer(vb) : NULL;

		if (buffer && buffer->cookie && (!first || buffer->cookie < first->cookie))
			first = buffer;
	}
	return first;
}

/*
 * Every buffer comes back, to the client or (STATE_QUEUED) to the ready ones, in the order in which
 * they were queued; those that the firmware held may be written to until it notices, but belong to
 * it no more.
 */
void svpu_decoder_return_in_flight(struct svpu_ctx *ctx, unsigned int direction,
				   enum vb2_buffer_state state)
{
	struct svpu_buffer *buffer;

	while ((buffer = svpu_first_in_flight(ctx, direction))) {
		struct vb2_buffer *vb = &buffer->m2m.vb.vb2_buf;

		buffer->cookie = 0;
		ctx->in_flight[direction]--;
		if (direction == SVPU_CAP)
			vb2_set_plane_payload(vb, 0, 0);
		if (state == VB2_BUF_STATE_QUEUED)
			v4l2_m2m_buf_queue(ctx->fh.m2m_ctx, &buffer->m2m.vb);
		else
			vb2_buffer_done(vb, state);
	}
}

void svpu_decoder_return_ready(struct svpu_ctx *ctx, unsigned int direction,
			       enum vb2_buffer_state state)
{
	struct vb2_v4l2_buffer *vbuf;

	for (;;) {
		vbuf = direction == SVPU_OUT ? v4l2_m2m_src_buf_remove(ctx->fh.m2m_ctx) :
					       v4l2_m2m_dst_buf_remove(ctx->fh.m2m_ctx);
		if (!vbuf)
			break;
		if (direction == SVPU_CAP)
			vb2_set_plane_payload(&vbuf->vb2_buf, 0, 0);
		vb2_buffer_done(&vbuf->vb2_buf, state);
	}
}

/* Buffers stay queued, until STREAMOFF. */
static void svpu_close_session(struct svpu_ctx *ctx)
{
	struct svpu_session *session = ctx->session;

	if (!session)
		return;
	ctx->session = NULL;
	svpu_session_close(session);
	svpu_decoder_return_in_flight(ctx, SVPU_OUT, VB2_BUF_STATE_QUEUED);
	svpu_decoder_return_in_flight(ctx, SVPU_CAP, VB2_BUF_STATE_QUEUED);
	svpu_forget_session(ctx);
}

/*
 * The session ends by itself: from now on the queues that stream answer EIO and EPOLLERR, and who
 * waits is woken; buffers come back with STREAMOFF. dev-decoder.rst, Decoding, fatal failures.
 */
void svpu_decoder_fail(struct svpu_ctx *ctx, const char *why)
{
	struct svpu_session *session = ctx->session;
	char words[200];

	if (!session)
		return;
	svpu_session_last_words(session, words, sizeof(words));
	dev_warn_ratelimited(ctx->dev->dev, "session %u with worker %d ended: %s%s%s\n",
			     session->generation, session->worker, why,
			     words[0] ? "; last words: " : "", words);
	spin_lock(&ctx->dev->sessions_lock);
	ctx->dev->sessions_failed++;
	spin_unlock(&ctx->dev->sessions_lock);
	svpu_decoder_happens(ctx, SVPU_ON_SESSION_FAILED);
}

static void svpu_fail_queues(struct svpu_ctx *ctx)
{
	atomic_set(&ctx->error_polls, 0);
	if (svpu_decoder_output_streams(&ctx->state))
		vb2_queue_error(svpu_queue(ctx, SVPU_OUT));
	if (svpu_decoder_capture_streams(&ctx->state))
		vb2_queue_error(svpu_queue(ctx, SVPU_CAP));
}

/* Some CAPTURE buffer is big enough for the current format. */
bool svpu_decoder_capture_fits(struct svpu_ctx *ctx)
{
	struct vb2_queue *q = svpu_queue(ctx, SVPU_CAP);
	unsigned int i;

	for (i = 0; i < svpu_max_buffers(q); i++) {
		struct vb2_buffer *vb = vb2_get_buffer(q, i);

		if (vb && vb2_plane_size(vb, 0) >= ctx->layout.plane_size[0])
			return true;
	}
	return false;
}

static void svpu_remember_meta(struct svpu_ctx *ctx, const struct vb2_v4l2_buffer *vbuf)
{
	struct svpu_meta *meta = &ctx->meta[ctx->meta_next++ % SVPU_META_ENTRIES];

	meta->tag = vbuf->vb2_buf.timestamp;
	meta->flags = vbuf->flags & (V4L2_BUF_FLAG_TIMECODE | V4L2_BUF_FLAG_TSTAMP_SRC_MASK);
	meta->timecode = vbuf->timecode;
}

static u64 svpu_next_cookie(struct svpu_ctx *ctx, unsigned int direction, unsigned int index)
{
	return ++ctx->cookie << 8 | direction << 7 | index;
}

/* One more buffer is with the firmware. */
static void svpu_went_out(struct svpu_ctx *ctx, unsigned int direction)
{
	u32 *deepest = &ctx->session->counters.deepest[direction];

	ctx->in_flight[direction]++;
	svpu_decoder_header_news(ctx);
	*deepest = max(*deepest, ctx->in_flight[direction]);
}

static int svpu_push_input(struct svpu_ctx *ctx, struct vb2_v4l2_buffer *vbuf)
{
	struct vb2_buffer *vb = &vbuf->vb2_buf;
	struct svpu_buffer *buffer = svpu_vb_buffer(vb);
	struct svpu_cmd_queue_input cmd = {};

	if (svpu_memory_to_firmware(vb)) {
		vb2_buffer_done(vb, VB2_BUF_STATE_ERROR);
		return 0;
	}
	svpu_remember_meta(ctx, vbuf);
	cmd.index = vb->index;
	cmd.generation = buffer->generation;
	cmd.bytes = vb2_get_plane_payload(vb, 0);
	if (cmd.bytes) {
		cmd.offset = vb->planes[0].data_offset;
		cmd.bytes -= cmd.offset;
	}
	cmd.tag = vb->timestamp;
	buffer->cookie = svpu_next_cookie(ctx, SVPU_OUT, vb->index);
	svpu_went_out(ctx, SVPU_OUT);
	return svpu_decoder_send(ctx, &cmd, SVPU_CMD_QUEUE_INPUT, sizeof(cmd), buffer->cookie);
}

static int svpu_push_output(struct svpu_ctx *ctx, struct vb2_v4l2_buffer *vbuf)
{
	struct vb2_buffer *vb = &vbuf->vb2_buf;
	struct svpu_buffer *buffer = svpu_vb_buffer(vb);
	struct svpu_cmd_buffer cmd = {};

	cmd.direction = SVPU_OUTPUT;
	cmd.index = vb->index;
	cmd.generation = buffer->generation;
	buffer->cookie = svpu_next_cookie(ctx, SVPU_CAP, vb->index);
	svpu_went_out(ctx, SVPU_CAP);
	return svpu_decoder_send(ctx, &cmd, SVPU_CMD_QUEUE_OUTPUT, sizeof(cmd), buffer->cookie);
}

/* Behind the inputs that a STOP covers: when the last of them is with the firmware. */
static void svpu_send_due_drain(struct svpu_ctx *ctx)
{
	if (!ctx->drain_due || ctx->drain_after)
		return;
	ctx->drain_due = false;
	svpu_send_plain(ctx, SVPU_CMD_DRAIN, 0);
}

static void svpu_push_inputs(struct svpu_ctx *ctx)
{
	struct svpu_queued_input input;
	struct vb2_v4l2_buffer *vbuf;
	enum svpu_input_turn turn;

	while (ctx->session) {
		vbuf = v4l2_m2m_next_src_buf(ctx->fh.m2m_ctx);
		if (!vbuf || !svpu_session_has_room(ctx->session))
			return;
		input.empty = !vb2_get_plane_payload(&vbuf->vb2_buf, 0);
		input.covered = ctx->drain_after;
		input.others_with_session = ctx->in_flight[SVPU_OUT];
		turn = svpu_decoder_input_turn(&ctx->state, &input);
		if (turn == SVPU_INPUT_WAITS)
			return;
		/* Mapped while still ready: a failure returns it with the others. */
		if (svpu_memory_map(ctx, &vbuf->vb2_buf)) {
			svpu_decoder_fail(ctx, "no memory to share a buffer");
			return;
		}
		v4l2_m2m_src_buf_remove(ctx->fh.m2m_ctx);
		if (svpu_push_input(ctx, vbuf))
			return;
		if (vbuf == ctx->drain_after) {
			ctx->drain_after = NULL;
			svpu_send_due_drain(ctx);
		}
		if (turn == SVPU_INPUT_GOES_AND_STOPS)
			svpu_decoder_happens(ctx, SVPU_ON_STOP);
	}
}

/*
 * The next ready CAPTURE buffer that takes a frame. Those from before a change of resolution may
 * be too small: they stay, for LAST or until STREAMOFF.
 */
static struct vb2_v4l2_buffer *svpu_next_output(struct svpu_ctx *ctx)
{
	struct v4l2_m2m_buffer *b;

	v4l2_m2m_for_each_dst_buf(ctx->fh.m2m_ctx, b)
		if (vb2_plane_size(&b->vb.vb2_buf, 0) >= ctx->layout.plane_size[0])
			return &b->vb;
	return NULL;
}

/*
 * A layout counts for outputs queued after it: those of the old one are taken back first, and lent
 * again. Errors: -EIO the session failed.
 */
static int svpu_tell_layout(struct svpu_ctx *ctx)
{
	if (svpu_frame_layout_equal(&ctx->told, &ctx->layout))
		return 0;
	if (ctx->in_flight[SVPU_CAP]) {
		ctx->recalling = true;
		svpu_flush_wait(ctx, SVPU_CAP);
		ctx->recalling = false;
	}
	if (svpu_send_layout(ctx))
		return -EIO;
	ctx->told = ctx->layout;
	return 0;
}

static void svpu_push_outputs(struct svpu_ctx *ctx)
{
	struct vb2_v4l2_buffer *vbuf;

	/* Messages are handled inside a flush, too: what went out then would outlive it. */
	while (ctx->session && svpu_decoder_lends_outputs(&ctx->state) &&
	       !ctx->flushing[SVPU_CAP] && !svpu_queue(ctx, SVPU_CAP)->error) {
		vbuf = svpu_next_output(ctx);
		if (!vbuf || !svpu_session_has_room(ctx->session) || svpu_tell_layout(ctx))
			return;
		if (svpu_memory_map(ctx, &vbuf->vb2_buf)) {
			svpu_decoder_fail(ctx, "no memory to share a buffer");
			return;
		}
		v4l2_m2m_dst_buf_remove_by_buf(ctx->fh.m2m_ctx, vbuf);
		if (svpu_push_output(ctx, vbuf))
			return;
	}
}

/* Gives the firmware all that it may have now. */
void svpu_decoder_push(struct svpu_ctx *ctx)
{
	svpu_decoder_deliver_last(ctx);
	svpu_push_outputs(ctx);
	svpu_push_inputs(ctx);
}

static void svpu_complete_last(struct svpu_ctx *ctx, struct vb2_v4l2_buffer *vbuf)
{
	vb2_set_plane_payload(&vbuf->vb2_buf, 0, 0);
	vbuf->vb2_buf.timestamp = 0;
	vbuf->flags &= ~(V4L2_BUF_FLAG_TIMECODE | V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_PFRAME |
			 V4L2_BUF_FLAG_BFRAME);
	vbuf->field = ctx->field;
	vbuf->sequence = ctx->sequence[SVPU_CAP]++;
	ctx->return_asked = false;
	if (ctx->drain_damaged && svpu_decoder_last_ends_drain(&ctx->state)) {
		/*
		 * Decoding, on errors: it holds the results of the failed operation, which are
		 * none.
		 */
		ctx->drain_damaged = false;
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
	struct vb2_v4l2_buffer *vbuf;

	if (!svpu_decoder_owes_last(&ctx->state))
		return;
	vbuf = v4l2_m2m_dst_buf_remove(ctx->fh.m2m_ctx);
	if (vbuf) {
		svpu_complete_last(ctx, vbuf);
		return;
	}
	if (ctx->in_flight[SVPU_CAP] && !ctx->return_asked) {
		ctx->return_asked = true;
		ctx->returns_owed++;
		svpu_send_plain(ctx, SVPU_CMD_RETURN_OUTPUT, 0);
	}
}

/* Capture Setup, step 11, and Drain, step 3: the session goes on. */
static void svpu_resume(struct svpu_ctx *ctx)
{
	if (svpu_decoder_has_layout(&ctx->state) && svpu_tell_layout(ctx))
		return;
	svpu_push_outputs(ctx);
	svpu_send_plain(ctx, SVPU_CMD_RESUME, 0);
}

static void svpu_act(struct svpu_ctx *ctx, enum svpu_decoder_action action)
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
		ctx->start_error = svpu_open_session(ctx);
		break;
	case SVPU_DO_CLOSE_SESSION:
		svpu_close_session(ctx);
		break;
	case SVPU_DO_FLUSH_INPUT:
		ctx->drain_due = false;
		ctx->drain_after = NULL;
		svpu_flush_wait(ctx, SVPU_OUT);
		ctx->drain_damaged = false;
		break;
	case SVPU_DO_FLUSH_OUTPUT:
		/* A worker that still starts needn't answer for nothing. */
		if (ctx->in_flight[SVPU_CAP])
			svpu_flush_wait(ctx, SVPU_CAP);
		break;
	case SVPU_DO_APPLY_FORMAT:
		svpu_format_from_stream(ctx, &ctx->announced);
		break;
	case SVPU_DO_EVENT_SOURCE_CHANGE:
		v4l2_event_queue_fh(&ctx->fh, &change);
		break;
	case SVPU_DO_EVENT_EOS:
		v4l2_event_queue_fh(&ctx->fh, &eos);
		break;
	case SVPU_DO_DRAIN:
		ctx->drain_due = true;
		svpu_send_due_drain(ctx);
		break;
	case SVPU_DO_RESUME:
		svpu_resume(ctx);
		break;
	case SVPU_DO_DELIVER_LAST:
		ctx->return_asked = false;
		svpu_decoder_deliver_last(ctx);
		break;
	case SVPU_DO_CLEAR_EPIPE:
		v4l2_m2m_clear_state(ctx->fh.m2m_ctx);
		vb2_clear_last_buffer_dequeued(svpu_queue(ctx, SVPU_CAP));
		break;
	case SVPU_DO_FAIL_QUEUES:
		svpu_fail_queues(ctx);
		break;
	}
}

/*
 * Runs one transition and its actions. An action may bring messages, and with them another
 * transition: what is left to do then belongs to the state that the first one led to, and does
 * nothing where that state is over. Errors: those of the call behind the event.
 */
int svpu_decoder_run(struct svpu_ctx *ctx, const struct svpu_decoder_event *event)
{
	struct svpu_decoder_transition t;
	unsigned int i;

	svpu_decoder_step(&ctx->state, event, &t);
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
	ctx->state = t.next;
	for (i = 0; i < ARRAY_SIZE(t.actions) && t.actions[i]; i++) {
		svpu_act(ctx, t.actions[i]);
		if (svpu_decoder_lost_session(&t.next, &ctx->state))
			break;
	}
	svpu_decoder_header_news(ctx);
	return 0;
}

int svpu_decoder_happens(struct svpu_ctx *ctx, enum svpu_decoder_trigger what)
{
	struct svpu_decoder_event event = { .what = what };

	return svpu_decoder_run(ctx, &event);
}

/* STREAMON(OUTPUT). Errors: -EIO no firmware; -ENOMEM. */
int svpu_decoder_begin(struct svpu_ctx *ctx)
{
	/* Without buffers, so that nothing told of it: REQBUFS had failed. */
	if (ctx->session && ctx->session_coded != ctx->codec->coded)
		svpu_decoder_happens(ctx, SVPU_ON_OUTPUT_FREED);
	ctx->start_error = 0;
	svpu_decoder_happens(ctx, SVPU_ON_OUTPUT_STREAMON);
	if (ctx->start_error) {
		svpu_decoder_happens(ctx, SVPU_ON_OUTPUT_STREAMOFF);
		svpu_decoder_happens(ctx, SVPU_ON_OUTPUT_FREED);
	}
	return ctx->start_error;
}

/*
 * STREAMOFF(OUTPUT). A worker takes its time to start, in which the client doesn't have to wait for
 * an answer: a session that has read no inputs yet is as good as a new one, which the next STREAMON
 * makes.
 */
void svpu_decoder_seek(struct svpu_ctx *ctx)
{
	if (ctx->session && !svpu_session_is_ready(&ctx->session->state) &&
	    svpu_decoder_may_close_unread(&ctx->state))
		svpu_decoder_happens(ctx, SVPU_ON_OUTPUT_FREED);
	svpu_decoder_happens(ctx, SVPU_ON_OUTPUT_STREAMOFF);
}

/* V4L2_DEC_CMD_*, flags already checked. */
int svpu_decoder_command(struct svpu_ctx *ctx, struct v4l2_decoder_cmd *cmd)
{
	bool stop = cmd->cmd == V4L2_DEC_CMD_STOP;
	struct svpu_decoder_event event = {
		.what = stop ? SVPU_ON_STOP : SVPU_ON_START,
		.fits = svpu_decoder_capture_fits(ctx),
	};
	int ret;

	if (stop && !svpu_decoder_stop_is_pending(&ctx->state))
		ctx->drain_after = v4l2_m2m_last_src_buf(ctx->fh.m2m_ctx);
	ret = svpu_decoder_run(ctx, &event);
	if (!svpu_decoder_stop_is_pending(&ctx->state) && !ctx->drain_due)
		ctx->drain_after = NULL;
	svpu_decoder_push(ctx);
	return ret;
}
