// SPDX-License-Identifier: GPL-2.0
/*
 * Waits until the firmware has returned a queue's buffers, or no longer uses memory that was freed.
 * Its messages are handled meanwhile. Under the context's lock.
 */
#include "softvpu.h"

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
void svpu_flush_wait(struct svpu_ctx *ctx, unsigned int direction)
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
