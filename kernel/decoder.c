// SPDX-License-Identifier: GPL-2.0
/*
 * The stateful decoder's host side: session start and end, buffers to the firmware, drain, stop
 * and go. The firmware's answers come in by events.c. Everything here runs under the context's
 * lock. dev-decoder.rst; softvpu/hfi.h.
 *
 * Inputs consumed and outputs produced are separate events, so v4l2-mem2mem's job scheduler isn't
 * used: ready buffers go to the firmware at once, taken off the ready queues, and are completed
 * when it says so.
 */
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

static void svpu_reset_state(struct svpu_ctx *ctx)
{
	ctx->configured = false;
	ctx->header_known = false;
	ctx->setup_pending = false;
	ctx->change_held = false;
	ctx->paused = false;
	ctx->draining = false;
	ctx->drain_sent = false;
	memset(&ctx->told, 0, sizeof(ctx->told));
	ctx->drain_again = false;
	ctx->drained = false;
	ctx->stop_remembered = false;
	ctx->drain_damaged = false;
	ctx->drain_after = NULL;
	ctx->last_wanted = false;
	ctx->return_asked = false;
	ctx->returns_owed = 0;
	ctx->stopped = false;
	ctx->flushing[SVPU_OUT] = false;
	ctx->flushing[SVPU_CAP] = false;
	ctx->recalling = false;
	ctx->ping = 0;
}

/*
 * At STREAMON(OUTPUT): a session for the coded format, or the one there is. Errors: -EIO no
 * firmware; -ENOMEM.
 */
int svpu_decoder_start_session(struct svpu_ctx *ctx)
{
	struct svpu_cmd_configure cmd = {};
	struct svpu_session *session;

	if (ctx->session && ctx->session_coded == ctx->codec->coded)
		return 0;
	svpu_decoder_end_session(ctx);
	session = svpu_session_open(ctx->dev, ctx, &ctx->work);
	if (IS_ERR(session)) {
		if (PTR_ERR(session) != -ENODEV)
			return PTR_ERR(session);
		dev_warn_ratelimited(ctx->dev->dev, "%s\n", ctx->dev->transport->absent);
		return -EIO;
	}
	svpu_reset_state(ctx);
	svpu_format_reset(ctx);
	v4l2_m2m_clear_state(ctx->fh.m2m_ctx);
	vb2_clear_last_buffer_dequeued(svpu_queue(ctx, SVPU_CAP));
	ctx->failed[SVPU_OUT] = false; /* CAPTURE's own STREAMOFF is still due */
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
static void svpu_return_in_flight(struct svpu_ctx *ctx, unsigned int direction,
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
	if (direction == SVPU_OUT)
		ctx->drain_after = NULL;
}

/*
 * The host's wish, or svpu_decoder_fail()'s. Buffers stay queued, until STREAMOFF; somebody may
 * wait for CAPTURE's LAST.
 */
void svpu_decoder_end_session(struct svpu_ctx *ctx)
{
	struct svpu_session *session = ctx->session;
	bool last_wanted = ctx->last_wanted && !ctx->failed[SVPU_CAP];

	if (!session)
		return;
	ctx->session = NULL;
	svpu_session_close(session);
	svpu_return_in_flight(ctx, SVPU_OUT, VB2_BUF_STATE_QUEUED);
	svpu_return_in_flight(ctx, SVPU_CAP, VB2_BUF_STATE_QUEUED);
	svpu_reset_state(ctx);
	memset(&ctx->stream_colour, 0, sizeof(ctx->stream_colour));
	if (last_wanted)
		svpu_decoder_want_last(ctx);
	wake_up(&ctx->header_wait);
}

/*
 * The session ends by itself: from now on the queues that stream answer EIO and EPOLLERR, and who
 * waits is woken; buffers come back with STREAMOFF. dev-decoder.rst, Decoding, fatal failures;
 * vb2_queue_error().
 */
void svpu_decoder_fail(struct svpu_ctx *ctx, const char *why)
{
	struct svpu_session *session = ctx->session;
	char words[200];
	unsigned int i;

	if (!session)
		return;
	svpu_session_last_words(session, words, sizeof(words));
	dev_warn_ratelimited(ctx->dev->dev, "session %u with worker %d ended: %s%s%s\n",
			     session->generation, session->worker, why,
			     words[0] ? "; last words: " : "", words);
	spin_lock(&ctx->dev->sessions_lock);
	ctx->dev->sessions_failed++;
	spin_unlock(&ctx->dev->sessions_lock);

	atomic_set(&ctx->error_polls, 0);
	/* First of all: what the end of the session completes must not reach a client any more. */
	for (i = SVPU_OUT; i <= SVPU_CAP; i++) {
		ctx->failed[i] = ctx->failed[i] || ctx->streaming[i];
		if (ctx->failed[i])
			vb2_queue_error(svpu_queue(ctx, i));
	}
	svpu_decoder_end_session(ctx);
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

static int svpu_send_resume(struct svpu_ctx *ctx)
{
	ctx->paused = false;
	return svpu_send_plain(ctx, SVPU_CMD_RESUME, 0);
}

/* All inputs before the drain are with the firmware. */
static void svpu_send_drain(struct svpu_ctx *ctx)
{
	ctx->drain_after = NULL;
	ctx->drain_sent = true;
	svpu_send_plain(ctx, SVPU_CMD_DRAIN, 0);
}

static void svpu_push_inputs(struct svpu_ctx *ctx)
{
	struct vb2_v4l2_buffer *vbuf;
	bool empty, no_stream, drains;

	/* After a drain new inputs are accepted but not processed: Drain, step 3. */
	while (ctx->session && !ctx->drain_sent && !ctx->drained && ctx->streaming[SVPU_OUT] &&
	       !ctx->stopping[SVPU_OUT]) {
		vbuf = v4l2_m2m_next_src_buf(ctx->fh.m2m_ctx);
		if (!vbuf || !svpu_session_has_room(ctx->session))
			return;
		/*
		 * An empty buffer is the older way to ask for a drain. It waits for CAPTURE, and
		 * for START when a drain is under way; before a STOP that came later it is nothing.
		 * Nor is it ahead of any header: CAPTURE waits for what is queued behind it.
		 */
		empty = !vb2_get_plane_payload(&vbuf->vb2_buf, 0) && !ctx->drain_after;
		no_stream = !ctx->header_known && !ctx->streaming[SVPU_CAP];
		if (empty && no_stream && ctx->in_flight[SVPU_OUT])
			return; /* those before it may still bring a header */
		drains = empty && !no_stream;
		if (drains && (!ctx->streaming[SVPU_CAP] || ctx->draining))
			return;
		/* Mapped while still ready: a failure returns it with the others. */
		if (svpu_memory_map(ctx, &vbuf->vb2_buf)) {
			svpu_decoder_fail(ctx, "no memory to share a buffer");
			return;
		}
		v4l2_m2m_src_buf_remove(ctx->fh.m2m_ctx);
		if (svpu_push_input(ctx, vbuf))
			return;
		if (drains)
			ctx->draining = true;
		if (drains || vbuf == ctx->drain_after)
			svpu_send_drain(ctx);
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

static void svpu_push_outputs(struct svpu_ctx *ctx)
{
	struct vb2_v4l2_buffer *vbuf;

	/*
	 * The geometry must be settled: buffers queued earlier wait here. Messages are handled
	 * inside a flush, too, and after its answer: what went out then would outlive it.
	 */
	while (ctx->session && ctx->header_known && !ctx->setup_pending && !ctx->change_held &&
	       !ctx->stopped && ctx->streaming[SVPU_CAP] && !ctx->stopping[SVPU_CAP] &&
	       !ctx->flushing[SVPU_CAP]) {
		vbuf = svpu_next_output(ctx);
		if (!vbuf || !svpu_session_has_room(ctx->session))
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
	if (ctx->last_wanted)
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
	ctx->last_wanted = false;
	ctx->return_asked = false;
	ctx->stopped = true;
	if (ctx->drained)
		ctx->draining = false;
	if (!ctx->drained || !ctx->drain_damaged) {
		v4l2_m2m_last_buffer_done(ctx->fh.m2m_ctx, vbuf);
		return;
	}
	/* Decoding, on errors: it holds the results of the failed operation, which are none. */
	ctx->drain_damaged = false;
	vbuf->flags |= V4L2_BUF_FLAG_LAST;
	vb2_buffer_done(&vbuf->vb2_buf, VB2_BUF_STATE_ERROR);
	v4l2_m2m_mark_stopped(ctx->fh.m2m_ctx);
}

/*
 * A LAST buffer is owed: complete one that the host still has, ask the firmware for one, or wait
 * for the next that is queued. dev-decoder.rst, Drain step 2 and Dynamic Resolution Change step 2.
 */
void svpu_decoder_deliver_last(struct svpu_ctx *ctx)
{
	struct vb2_v4l2_buffer *vbuf;

	if (!ctx->streaming[SVPU_CAP] || ctx->stopping[SVPU_CAP])
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

void svpu_decoder_want_last(struct svpu_ctx *ctx)
{
	ctx->last_wanted = true;
	ctx->return_asked = false;
	svpu_decoder_deliver_last(ctx);
}

/* Waits for the firmware's bell, until the deadline at most. Errors: -ETIMEDOUT; -EINTR. */
static int svpu_wait_bell(struct svpu_session *session, unsigned long deadline)
{
	long left = deadline - jiffies;

	if (left <= 0)
		return -ETIMEDOUT;
	left = wait_event_killable_timeout(session->wait,
					   atomic_read(&session->bell) || READ_ONCE(session->lost),
					   left);
	return left < 0 ? -EINTR : 0;
}

/*
 * Asks the firmware for everything on one side and waits until it has let go, or is out of time
 * and the session ends. A client that is being killed doesn't wait.
 */
static void svpu_flush_wait(struct svpu_ctx *ctx, unsigned int direction)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(svpu_timeout_ms);
	struct svpu_cmd_flush cmd = {};
	int ret;

	if (ctx->session) {
		cmd.direction = direction;
		cmd.generation = ++ctx->flush_generation;
		ctx->flushing[direction] = true;
		svpu_decoder_send(ctx, &cmd, SVPU_CMD_FLUSH, sizeof(cmd), 0);
	}
	while (ctx->session && ctx->flushing[direction]) {
		atomic_set(&ctx->session->bell, 0);
		/* To the last message: only then the firmware rings again. */
		if (svpu_decoder_read(ctx) && time_before(jiffies, deadline)) {
			cond_resched();
			continue;
		}
		if (!ctx->session || !ctx->flushing[direction])
			break;
		ret = svpu_wait_bell(ctx->session, deadline);
		if (ret == -ETIMEDOUT)
			svpu_decoder_fail(ctx, "it doesn't answer a flush");
		else if (ret)
			svpu_decoder_fail(ctx, "its client was killed during a flush");
	}
}

/* The worker still starts, and nobody waits for what its session would do. */
static bool svpu_not_begun(struct svpu_ctx *ctx)
{
	return ctx->session && !ctx->session->ready && !ctx->draining;
}

/*
 * STREAMOFF. Afterwards nothing of that side is in flight. A worker takes its time to start, in
 * which the client doesn't have to wait for an answer: a session that has read no inputs yet is as
 * good as a new one, which the next STREAMON makes, and a flush of no outputs does nothing.
 */
void svpu_decoder_flush(struct svpu_ctx *ctx, unsigned int direction)
{
	if (direction == SVPU_OUT && svpu_not_begun(ctx))
		svpu_decoder_end_session(ctx);
	else if (direction == SVPU_OUT || ctx->in_flight[SVPU_CAP])
		svpu_flush_wait(ctx, direction);
	svpu_decoder_return_ready(ctx, direction, VB2_BUF_STATE_ERROR);
	svpu_return_in_flight(ctx, direction, VB2_BUF_STATE_ERROR);
}

static bool svpu_room_or_nothing_leaves(struct svpu_ctx *ctx, unsigned int count,
					unsigned long size)
{
	return !ctx->session || list_empty(&ctx->session->leaving) ||
	       ctx->dev->transport->room(ctx, count, size);
}

/*
 * Before buffers are allocated: those that were freed a moment ago may still be the firmware's, and
 * most of them for a moment only. It has a second to let go; what it refers to as a reference
 * picture it keeps.
 */
void svpu_decoder_make_room(struct svpu_ctx *ctx, unsigned int count, unsigned long size)
{
	unsigned long deadline = jiffies + HZ;

	while (!svpu_room_or_nothing_leaves(ctx, count, size)) {
		atomic_set(&ctx->session->bell, 0);
		/* To the last message: only then the firmware rings again. */
		if (svpu_decoder_read(ctx) && time_before(jiffies, deadline)) {
			cond_resched();
			continue;
		}
		if (svpu_room_or_nothing_leaves(ctx, count, size) ||
		    svpu_wait_bell(ctx->session, deadline))
			return;
	}
}

/* The CAPTURE side is set up, or the client said START: go on from a format change or a drain. */
void svpu_decoder_resume(struct svpu_ctx *ctx)
{
	ctx->stopped = false;
	ctx->drained = false;
	ctx->last_wanted = false;
	ctx->return_asked = false;
	v4l2_m2m_clear_state(ctx->fh.m2m_ctx);
	vb2_clear_last_buffer_dequeued(svpu_queue(ctx, SVPU_CAP));
	if (!ctx->session)
		return;
	if (ctx->header_known && ctx->streaming[SVPU_CAP]) {
		ctx->setup_pending = false;
		if (!svpu_frame_layout_equal(&ctx->told, &ctx->layout)) {
			/*
			 * A layout counts for outputs queued after it: older ones are queued again.
			 */
			ctx->recalling = true;
			if (ctx->in_flight[SVPU_CAP])
				svpu_flush_wait(ctx, SVPU_CAP);
			ctx->recalling = false;
			if (!ctx->session || svpu_send_layout(ctx))
				return;
			ctx->told = ctx->layout;
		}
		svpu_push_outputs(ctx);
	}
	if (ctx->session && ctx->paused && !ctx->setup_pending && svpu_send_resume(ctx))
		return;
	svpu_push_inputs(ctx);
}

/* The answer to a drain that STREAMOFF(CAPTURE) ended: go on, and drain anew if asked since. */
void svpu_decoder_go_on(struct svpu_ctx *ctx)
{
	if (svpu_send_resume(ctx))
		return;
	if (ctx->drain_again && !ctx->drain_after)
		svpu_send_drain(ctx);
	ctx->drain_again = false;
	svpu_decoder_push(ctx);
}

/* A DRAIN after what is queued now. */
static void svpu_drain_here(struct svpu_ctx *ctx)
{
	ctx->drain_after = v4l2_m2m_last_src_buf(ctx->fh.m2m_ctx);
	if (ctx->drain_sent)
		ctx->drain_again = true;
	else if (!ctx->drain_after)
		svpu_send_drain(ctx);
	else
		svpu_push_inputs(ctx); /* an empty buffer may have waited */
}

/*
 * CAPTURE streams now: a STOP that came before is the drain that `draining` tells of already. What
 * was sent for it (svpu_decoder_command()) may be under way yet, and will do, if nothing waits
 * behind it.
 */
void svpu_decoder_stop_again(struct svpu_ctx *ctx)
{
	if (!ctx->session || ctx->drain_after)
		return;
	if (!ctx->drain_sent || v4l2_m2m_last_src_buf(ctx->fh.m2m_ctx))
		svpu_drain_here(ctx);
}

/* V4L2_DEC_CMD_*, flags already checked. */
int svpu_decoder_command(struct svpu_ctx *ctx, struct v4l2_decoder_cmd *cmd)
{
	if (ctx->failed[SVPU_OUT])
		return -EIO;
	/*
	 * "will not fail even if any of the queues is not streaming": Drain, step 1. A STOP before
	 * CAPTURE streams tells that the queued data is complete, and v4l2-ctl says it only then:
	 * the firmware delivers what it would hold back to wait for more. It is remembered, and
	 * becomes a drain when CAPTURE streams, unless more is queued: docs/adr/0010.
	 */
	if (!ctx->streaming[SVPU_OUT] || !ctx->streaming[SVPU_CAP]) {
		ctx->stop_remembered = cmd->cmd == V4L2_DEC_CMD_STOP && ctx->session &&
				       ctx->streaming[SVPU_OUT];
		if (ctx->stop_remembered && !ctx->drained && !ctx->drain_sent)
			svpu_drain_here(ctx);
		return 0;
	}
	if (!ctx->session)
		return -EIO;

	if (cmd->cmd == V4L2_DEC_CMD_STOP) {
		if (ctx->draining)
			return -EBUSY;
		if (ctx->drained)
			return 0;
		ctx->draining = true;
		svpu_drain_here(ctx);
		return 0;
	}
	if (ctx->setup_pending) {
		/* Capture setup, step 6: the buffers must do. */
		if (!svpu_decoder_capture_fits(ctx))
			return -EINVAL;
		svpu_decoder_resume(ctx);
		return 0;
	}
	if (ctx->draining)
		return -EBUSY;
	if (ctx->stopped || ctx->drained)
		svpu_decoder_resume(ctx);
	return 0;
}
