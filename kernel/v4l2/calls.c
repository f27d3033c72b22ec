// SPDX-License-Identifier: GPL-2.0
/*
 * What the client's own calls do to the decoder: STREAMON and STREAMOFF, commands, DQBUF. They may
 * wait for the firmware, which the actions that events bring must not (decoder.c). Called by
 * queue.c, ioctl.c and controls.c under the file's lock. dev-decoder.rst.
 */
#include "v4l2/decoder.h"

/* A session for the coded format. Errors: -EIO no firmware; -ENOMEM. */
static int svpu_open_session(struct svpu_ctx *ctx)
{
	struct svpu_formats *formats = &ctx->formats;
	struct svpu_device *dev = ctx->session.client.dev;
	int ret = svpu_session_open(&ctx->session);

	if (ret == -ENODEV) {
		dev_warn_ratelimited(dev->dev, "%s\n", dev->transport->absent);
		return -EIO;
	}
	if (ret)
		return ret;
	svpu_format_reset(formats);
	ctx->decoder.session_coded = formats->codec->info.coded;
	/*
	 * A failure here is the session's, as if it came later: the buffers come back with errors.
	 */
	ret = svpu_session_start(&ctx->session, formats->codec->info.coded, formats->hint_width,
				 formats->hint_height);
	svpu_decoder_check(ctx, ret ? ret : svpu_decoder_tell_controls(ctx));
	return 0;
}

static void svpu_act_and_wait(struct svpu_ctx *ctx, enum svpu_decoder_action action)
{
	struct svpu_session *session = &ctx->session;

	switch (action) {
	case SVPU_DO_START_SESSION:
		ctx->decoder.start_error = svpu_open_session(ctx);
		break;
	case SVPU_DO_FLUSH_INPUT:
		ctx->decoder.drain_due = false;
		ctx->decoder.drain_after = NULL;
		svpu_session_flush(session, SVPU_INPUT);
		ctx->decoder.drain_damaged = false;
		break;
	case SVPU_DO_FLUSH_OUTPUT:
		/* A worker that still starts needn't answer for nothing. */
		if (session->num_in_flight[SVPU_OUTPUT] ||
		    svpu_session_is_flushing(session, SVPU_OUTPUT))
			svpu_session_flush(session, SVPU_OUTPUT);
		break;
	default:
		svpu_decoder_act(ctx, action);
		break;
	}
}

static int svpu_call(struct svpu_ctx *ctx, enum svpu_decoder_trigger what)
{
	struct svpu_decoder_event event = { .what = what, .fits = svpu_capture_fits(ctx) };

	return svpu_decoder_run_by(ctx, &event, svpu_act_and_wait);
}

/* STREAMON(OUTPUT). Errors: -EIO no firmware; -ENOMEM. */
int svpu_decoder_start_output(struct svpu_ctx *ctx)
{
	struct svpu_decoder *decoder = &ctx->decoder;

	/* Without buffers, so that nothing told of it: REQBUFS had failed. */
	if (svpu_session_is_open(&ctx->session) &&
	    decoder->session_coded != ctx->formats.codec->info.coded)
		svpu_decoder_happens(ctx, SVPU_ON_OUTPUT_FREED);
	decoder->start_error = 0;
	svpu_call(ctx, SVPU_ON_OUTPUT_STREAMON);
	if (decoder->start_error) {
		svpu_call(ctx, SVPU_ON_OUTPUT_STREAMOFF);
		svpu_decoder_happens(ctx, SVPU_ON_OUTPUT_FREED);
	}
	return decoder->start_error;
}

/* STREAMON(CAPTURE). Errors: those of the machine. */
int svpu_decoder_start_capture(struct svpu_ctx *ctx)
{
	return svpu_call(ctx, SVPU_ON_CAPTURE_STREAMON);
}

/*
 * STREAMOFF(OUTPUT). A worker takes its time to start, in which the client doesn't have to wait for
 * an answer: a session that has read no inputs yet is as good as a new one, which the next STREAMON
 * makes.
 */
void svpu_decoder_stop_output(struct svpu_ctx *ctx)
{
	if (svpu_session_is_open(&ctx->session) && !svpu_session_has_begun(&ctx->session) &&
	    svpu_decoder_may_close_unread(&ctx->decoder.state))
		svpu_decoder_happens(ctx, SVPU_ON_OUTPUT_FREED);
	svpu_call(ctx, SVPU_ON_OUTPUT_STREAMOFF);
}

/* STREAMOFF(CAPTURE). */
void svpu_decoder_stop_capture(struct svpu_ctx *ctx)
{
	svpu_call(ctx, SVPU_ON_CAPTURE_STREAMOFF);
	v4l2_m2m_clear_state(ctx->fh.m2m_ctx);
}

/* V4L2_DEC_CMD_*, flags already checked. */
int svpu_decoder_command(struct svpu_ctx *ctx, struct v4l2_decoder_cmd *cmd)
{
	bool stop = cmd->cmd == V4L2_DEC_CMD_STOP;
	struct svpu_decoder *decoder = &ctx->decoder;
	int ret;

	if (stop && !svpu_decoder_stop_is_pending(&decoder->state))
		decoder->drain_after = v4l2_m2m_last_src_buf(ctx->fh.m2m_ctx);
	ret = svpu_call(ctx, stop ? SVPU_ON_STOP : SVPU_ON_START);
	if (!svpu_decoder_stop_is_pending(&decoder->state) && !decoder->drain_due)
		decoder->drain_after = NULL;
	svpu_decoder_push(ctx);
	return ret;
}

/* A CAPTURE buffer was dequeued. */
void svpu_decoder_dequeued(struct svpu_ctx *ctx)
{
	if (!svpu_capture_has_frames(ctx))
		svpu_decoder_happens(ctx, SVPU_ON_CAPTURE_DONE_EMPTY);
}

/*
 * A client that asks for the stream's format right after queueing its first data waits for the
 * header to be parsed, a second at most: FFmpeg doesn't wait for the event. A signal that doesn't
 * kill it makes no difference to the answer. Without the file's lock.
 */
void svpu_decoder_wait_header(struct svpu_ctx *ctx)
{
	wait_event_killable_timeout(ctx->decoder.header_wait,
				    !READ_ONCE(ctx->decoder.header_awaited), HZ);
}
