// SPDX-License-Identifier: GPL-2.0
/*
 * What the firmware says, and what follows from it: messages are checked against what was asked,
 * then change the decoder's state. Also the watchdog. Under the context's lock, from the context's
 * work or from a STREAMOFF that waits. softvpu/hfi.h.
 */
#include "softvpu.h"

/* Messages handled in one go before the lock is given up. */
#define SVPU_READ_BUDGET 64

/* The buffer that `cookie` names, if it is with the firmware; it isn't any more afterwards. */
static struct vb2_v4l2_buffer *svpu_take_in_flight(struct svpu_ctx *ctx, unsigned int direction,
						   u64 cookie)
{
	struct vb2_queue *q = svpu_queue(ctx, direction);
	unsigned int index = cookie & 0x7f;
	struct svpu_buffer *buffer;
	struct vb2_buffer *vb;

	if ((cookie >> 7 & 1) != direction || index >= svpu_max_buffers(q))
		return NULL;
	vb = vb2_get_buffer(q, index);
	if (!vb)
		return NULL;
	buffer = svpu_vb_buffer(vb);
	if (!cookie || buffer->cookie != cookie)
		return NULL;
	buffer->cookie = 0;
	ctx->in_flight[direction]--;
	return to_vb2_v4l2_buffer(vb);
}

static const char *svpu_on_input_done(struct svpu_ctx *ctx, const struct svpu_msg_status *message)
{
	struct vb2_v4l2_buffer *vbuf = svpu_take_in_flight(ctx, SVPU_OUT, message->entry.cookie);

	if (!vbuf)
		return "it gave back an input that it doesn't have";
	ctx->session->counters.inputs++;
	vbuf->sequence = ctx->sequence[SVPU_OUT]++;
	vb2_buffer_done(&vbuf->vb2_buf,
			message->status == SVPU_OK ? VB2_BUF_STATE_DONE : VB2_BUF_STATE_ERROR);
	svpu_decoder_header_news(ctx);
	return NULL;
}

static void svpu_copy_meta(struct svpu_ctx *ctx, struct vb2_v4l2_buffer *vbuf,
			   const struct svpu_msg_output_done *message)
{
	unsigned int i;

	vbuf->flags &=
		~(V4L2_BUF_FLAG_TIMECODE | V4L2_BUF_FLAG_TSTAMP_SRC_MASK | V4L2_BUF_FLAG_KEYFRAME |
		  V4L2_BUF_FLAG_PFRAME | V4L2_BUF_FLAG_BFRAME | V4L2_BUF_FLAG_LAST);
	switch (message->frame_type) {
	case SVPU_FRAME_KEY:
		vbuf->flags |= V4L2_BUF_FLAG_KEYFRAME;
		break;
	case SVPU_FRAME_P:
		vbuf->flags |= V4L2_BUF_FLAG_PFRAME;
		break;
	case SVPU_FRAME_B:
		vbuf->flags |= V4L2_BUF_FLAG_BFRAME;
		break;
	}
	vbuf->vb2_buf.timestamp = 0;
	if (!(message->flags & SVPU_FRAME_HAS_TAG))
		return;
	vbuf->vb2_buf.timestamp = message->tag;
	/* Newest first: a client may use a timestamp again. */
	for (i = 0; i < SVPU_META_ENTRIES; i++) {
		const struct svpu_meta *meta =
			&ctx->meta[(ctx->meta_next - 1 - i) % SVPU_META_ENTRIES];

		if (meta->tag != message->tag)
			continue;
		vbuf->flags |= meta->flags;
		if (meta->flags & V4L2_BUF_FLAG_TIMECODE)
			vbuf->timecode = meta->timecode;
		break;
	}
}

static const char *svpu_on_output_done(struct svpu_ctx *ctx,
				       const struct svpu_msg_output_done *message)
{
	enum vb2_buffer_state state = VB2_BUF_STATE_DONE;
	struct vb2_v4l2_buffer *vbuf;
	struct vb2_buffer *vb;

	vbuf = svpu_take_in_flight(ctx, SVPU_CAP, message->entry.cookie);
	if (!vbuf)
		return "it gave back an output that it doesn't have";
	vb = &vbuf->vb2_buf;
	if (message->status == SVPU_CANCELLED) {
		if (ctx->flushing[SVPU_CAP] && !ctx->recalling) {
			vb2_set_plane_payload(vb, 0, 0);
			vb2_buffer_done(vb, VB2_BUF_STATE_ERROR);
			return NULL;
		}
		/*
		 * The answer to RETURN_OUTPUT: ready again, for LAST or, if the client went on
		 * meanwhile, for a frame.
		 */
		v4l2_m2m_buf_queue(ctx->fh.m2m_ctx, vbuf);
		if (ctx->recalling && ctx->flushing[SVPU_CAP])
			return NULL;
		if (!ctx->returns_owed)
			return "it gave back an output without being asked";
		ctx->returns_owed--;
		svpu_decoder_deliver_last(ctx);
		return NULL;
	}
	if (message->bytes_used[0] > vb2_plane_size(vb, 0)) {
		vb2_set_plane_payload(vb, 0, 0);
		vb2_buffer_done(vb, VB2_BUF_STATE_ERROR);
		return "it claims more bytes than the buffer has";
	}
	vb2_set_plane_payload(vb, 0, message->bytes_used[0]);
	if (message->status != SVPU_OK || svpu_memory_from_firmware(vb))
		state = VB2_BUF_STATE_ERROR;
	ctx->session->counters.frames++;
	svpu_copy_meta(ctx, vbuf, message);
	/* buffer.rst: the field of the format, not that of each frame. */
	vbuf->field = ctx->field;
	vbuf->sequence = ctx->sequence[SVPU_CAP]++;
	vb2_buffer_done(vb, state);
	return NULL;
}

/* Frames of the old format are done, and not dequeued yet. */
static bool svpu_frames_wait(struct svpu_ctx *ctx)
{
	return !list_empty(&svpu_queue(ctx, SVPU_CAP)->done_list);
}

static const char *svpu_on_format_changed(struct svpu_ctx *ctx,
					  const struct svpu_msg_format_changed *message)
{
	const char *wrong = svpu_format_wrong(ctx, message);
	struct vb2_queue *capture = svpu_queue(ctx, SVPU_CAP);
	struct svpu_decoder_event event = { .what = SVPU_ON_FORMAT_CHANGED };

	if (wrong)
		return wrong;
	ctx->announced = *message;
	event.fits = vb2_is_streaming(capture) && !capture->error &&
		     svpu_format_describes(ctx, message) &&
		     svpu_num_buffers(capture) >= message->min_output_buffers &&
		     svpu_decoder_capture_fits(ctx);
	event.frames_waiting = svpu_frames_wait(ctx);
	svpu_decoder_run(ctx, &event);
	return NULL;
}

/* A CAPTURE buffer was dequeued. */
void svpu_decoder_dequeued(struct svpu_ctx *ctx)
{
	if (!svpu_frames_wait(ctx))
		svpu_decoder_happens(ctx, SVPU_ON_CAPTURE_DONE_EMPTY);
}

static void svpu_on_drained(struct svpu_ctx *ctx, const struct svpu_msg_status *message)
{
	struct svpu_decoder_event event = {
		.what = SVPU_ON_DRAINED,
		.stale = ctx->flushing[SVPU_OUT],
	};

	/* 0, which is SVPU_OK, where the message has none. */
	if (message->status != SVPU_OK)
		ctx->drain_damaged = true;
	svpu_decoder_run(ctx, &event);
}

static const char *svpu_on_error(struct svpu_ctx *ctx, const struct svpu_msg_error *message)
{
	char text[SVPU_TEXT_BYTES];

	svpu_text(text, sizeof(text), message->text, SVPU_TEXT_BYTES);
	dev_warn_ratelimited(ctx->dev->dev, "firmware error %u: %s\n", message->status, text);
	return message->entry.type == SVPU_MSG_SYSTEM_ERROR ? "it says it is over" :
							      "it gave the session up";
}

/* Returns what is wrong with the message, or NULL. */
static const char *svpu_on_message(struct svpu_ctx *ctx, const union svpu_any_message *message)
{
	u16 type = message->entry.type;

	ctx->heard = jiffies;
	switch (type) {
	case SVPU_MSG_CONFIGURED:
		return message->status.status == SVPU_OK ? NULL : "it refused the configuration";
	case SVPU_MSG_FORMAT_CHANGED:
		return svpu_on_format_changed(ctx, &message->format);
	case SVPU_MSG_INPUT_DONE:
		return svpu_on_input_done(ctx, &message->status);
	case SVPU_MSG_OUTPUT_DONE:
		return svpu_on_output_done(ctx, &message->output);
	case SVPU_MSG_DRAINED:
		svpu_on_drained(ctx, &message->status);
		return NULL;
	case SVPU_MSG_FLUSHED:
		if (!ctx->flushing[message->flushed.direction] ||
		    message->flushed.generation != ctx->flush_generation)
			return "it flushed without being asked";
		if (ctx->in_flight[message->flushed.direction])
			return "it kept buffers over a flush";
		ctx->flushing[message->flushed.direction] = false;
		return NULL;
	case SVPU_MSG_UNMAPPED:
		return svpu_memory_unmapped(ctx->session, &message->unmapped);
	case SVPU_MSG_PONG:
		if (!ctx->ping || message->entry.cookie != ctx->ping)
			return "it answered a ping that wasn't sent";
		ctx->ping = 0;
		return NULL;
	case SVPU_MSG_SESSION_ERROR:
	case SVPU_MSG_SYSTEM_ERROR:
		return svpu_on_error(ctx, &message->error);
	case SVPU_MSG_DEBUG_TEXT:
		return "it sent debug text outside of its ring";
	default:
		/* READY, and what a later minor version adds. */
		return NULL;
	}
}

/* Handles what has arrived. True: there may be more. */
bool svpu_decoder_read(struct svpu_ctx *ctx)
{
	union svpu_any_message message;
	unsigned int budget;
	const char *wrong;
	int ret;

	for (budget = 0; ctx->session && budget < SVPU_READ_BUDGET; budget++) {
		ret = svpu_session_receive(ctx->session, &message);
		if (ret < 0) {
			svpu_decoder_fail(ctx, svpu_receive_error(ret));
			return false;
		}
		if (!ret) {
			if (READ_ONCE(ctx->session->lost))
				svpu_decoder_fail(ctx, "its worker is gone");
			return false;
		}
		wrong = svpu_on_message(ctx, &message);
		if (wrong) {
			svpu_decoder_fail(ctx, wrong);
			return false;
		}
	}
	return ctx->session;
}

void svpu_decoder_work(struct work_struct *work)
{
	struct svpu_ctx *ctx = container_of(work, struct svpu_ctx, work);
	bool more;

	mutex_lock(&ctx->lock);
	more = svpu_decoder_read(ctx);
	svpu_decoder_push(ctx);
	mutex_unlock(&ctx->lock);
	if (more)
		queue_work(system_unbound_wq, work);
}

/* Something is expected of the firmware. */
static bool svpu_is_busy(struct svpu_ctx *ctx)
{
	const struct svpu_session_state *state = &ctx->session->state;

	return ctx->in_flight[SVPU_OUT] || ctx->in_flight[SVPU_CAP] ||
	       svpu_session_owes_drain(state) || !svpu_session_is_configured(state) ||
	       !svpu_session_all_read(ctx->session);
}

/*
 * A silent firmware is asked for a sign of life, then given up. Signs of life aren't enough at the
 * beginning: there is no reason to take long to be configured.
 */
void svpu_decoder_watchdog(struct work_struct *work)
{
	struct svpu_ctx *ctx = container_of(to_delayed_work(work), struct svpu_ctx, watchdog);
	unsigned long limit = msecs_to_jiffies(svpu_timeout_ms);
	struct svpu_entry ping;

	mutex_lock(&ctx->lock);
	if (ctx->session && svpu_is_busy(ctx)) {
		if (ctx->ping && time_after(jiffies, ctx->ping_sent + limit)) {
			svpu_decoder_fail(ctx, "it doesn't answer");
		} else if (!svpu_session_is_configured(&ctx->session->state) &&
			   time_after(jiffies, ctx->started + 2 * limit)) {
			svpu_decoder_fail(ctx, "it doesn't get configured");
		} else if (!ctx->ping && time_after(jiffies, ctx->heard + limit / 2)) {
			ctx->ping = ++ctx->cookie << 8 | 0xff;
			ctx->ping_sent = jiffies;
			svpu_decoder_send(ctx, &ping, SVPU_CMD_PING, sizeof(ping), ctx->ping);
		}
	}
	if (ctx->session)
		mod_delayed_work(system_wq, &ctx->watchdog, max(limit / 4, 1UL));
	mutex_unlock(&ctx->lock);
}

/* Something has changed that who waits for the header looks at. */
void svpu_decoder_header_news(struct svpu_ctx *ctx)
{
	WRITE_ONCE(ctx->header_awaited,
		   svpu_decoder_awaits_header(&ctx->state) && ctx->in_flight[SVPU_OUT]);
	wake_up(&ctx->header_wait);
}

/*
 * A client that asks for the stream's format right after queueing its first data waits for the
 * header to be parsed, a second at most: FFmpeg doesn't wait for the event. A signal that doesn't
 * kill it makes no difference to the answer. Without the context's lock.
 */
void svpu_decoder_wait_header(struct svpu_ctx *ctx)
{
	wait_event_killable_timeout(ctx->header_wait, !READ_ONCE(ctx->header_awaited), HZ);
}
