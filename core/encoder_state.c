// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * The transitions of the stateful encoder, one function for each trigger. Tested as a table by
 * encoder_state_test.cc. Clauses: dev-encoder.rst.
 */
#include "core/encoder_state.h"

/* A transition in the making. */
struct builder {
	struct svpu_encoder_transition *result;
	unsigned int count; /* of actions */
};

static struct svpu_encoder_state *next(struct builder *b)
{
	return &b->result->next;
}

static void act(struct builder *b, enum svpu_encoder_action action)
{
	if (b->count < SVPU_MAX_ENCODER_ACTIONS)
		b->result->actions[b->count++] = action;
}

static void refuse(struct builder *b, enum svpu_verdict verdict)
{
	b->result->verdict = verdict;
}

static void resume(struct builder *b)
{
	if (!next(b)->paused)
		return;
	next(b)->paused = false;
	act(b, SVPU_ENCODER_DO_RESUME);
}

static void want_last(struct builder *b)
{
	next(b)->last_wanted = true;
	act(b, SVPU_ENCODER_DO_DELIVER_LAST);
}

static void drop_last(struct builder *b)
{
	if (next(b)->last_wanted)
		act(b, SVPU_ENCODER_DO_CANCEL_LAST);
	next(b)->last_wanted = false;
}

/* Nothing of a session survives. */
static void forget_session(struct svpu_encoder_state *s)
{
	s->session_open = false;
	s->paused = false;
	s->draining = false;
	s->drain_sent = false;
	s->drain_again = false;
}

/* Tells the session to drain: now, or once it has answered a drain that was abandoned. */
static void drain(struct builder *b)
{
	if (next(b)->drain_sent) {
		next(b)->drain_again = true;
		return;
	}
	next(b)->drain_sent = true;
	act(b, SVPU_ENCODER_DO_DRAIN);
}

/* Back to encoding from Stopped, by START or by a restart of a queue (Drain, step 3). */
static void restart(struct builder *b)
{
	drop_last(b);
	next(b)->draining = false;
	next(b)->phase = SVPU_ENCODER_ENCODING;
	act(b, SVPU_ENCODER_DO_CLEAR_EPIPE);
	resume(b);
}

/* A queue has been started. */
static void streamon(struct builder *b, const struct svpu_encoder_state *state)
{
	if (!next(b)->output_streaming || !next(b)->capture_streaming)
		return; /* Initialization, step 8: when both queues stream */
	if (!state->session_open) {
		drop_last(b);
		next(b)->phase = SVPU_ENCODER_ENCODING;
		next(b)->session_open = true;
		act(b, SVPU_ENCODER_DO_CLEAR_EPIPE);
		act(b, SVPU_ENCODER_DO_START_SESSION);
	} else if (state->phase == SVPU_ENCODER_STOPPED) {
		restart(b);
	}
}

static void output_streamon(struct builder *b, const struct svpu_encoder_state *state)
{
	if (state->phase == SVPU_ENCODER_FAILED) { /* Encoding, last paragraph */
		refuse(b, SVPU_REFUSED_FAILED);
		return;
	}
	next(b)->output_streaming = true;
	streamon(b, state);
}

static void capture_streamon(struct builder *b, const struct svpu_encoder_state *state)
{
	if (state->phase == SVPU_ENCODER_FAILED) {
		refuse(b, SVPU_REFUSED_FAILED);
		return;
	}
	next(b)->capture_streaming = true;
	streamon(b, state);
}

/* Encoding, last paragraph: "by stopping streaming on both queues". */
static void leave_failure(struct builder *b)
{
	if (!next(b)->output_streaming && !next(b)->capture_streaming)
		next(b)->phase = SVPU_ENCODER_INITIALIZATION;
}

/* Drain, step 3, third item: the encoder will go on where it was, without those inputs. */
static void output_streamoff(struct builder *b, const struct svpu_encoder_state *state)
{
	next(b)->output_streaming = false;
	if (state->phase == SVPU_ENCODER_FAILED) {
		leave_failure(b);
		return;
	}
	if (state->session_open)
		act(b, SVPU_ENCODER_DO_FLUSH_INPUT);
	next(b)->drain_sent = false; /* the flush cancels it */
	next(b)->drain_again = false;
	if (!state->draining || state->phase == SVPU_ENCODER_STOPPED)
		return;
	/* Drain, note, fourth case: it completes immediately; it lasts until that LAST. */
	next(b)->phase = SVPU_ENCODER_STOPPED;
	want_last(b);
}

/* State machine, Reset -> Initialization. */
static void output_freed(struct builder *b, const struct svpu_encoder_state *state)
{
	if (state->phase == SVPU_ENCODER_FAILED)
		return; /* until CAPTURE is stopped as well */
	forget_session(next(b));
	next(b)->phase = SVPU_ENCODER_INITIALIZATION;
	if (state->session_open)
		act(b, SVPU_ENCODER_DO_CLOSE_SESSION);
	/*
	 * A LAST that is owed stays owed while CAPTURE streams: somebody may be waiting for it, and
	 * the session can't give a buffer back for it any more.
	 */
	if (state->last_wanted)
		act(b, SVPU_ENCODER_DO_DELIVER_LAST);
}

/* Reset, step 2. */
static void capture_streamoff(struct builder *b, const struct svpu_encoder_state *state)
{
	next(b)->capture_streaming = false;
	/* Drain, note, third case: the drain is cancelled. */
	next(b)->last_wanted = false;
	next(b)->draining = false;
	next(b)->drain_again = false;
	if (state->phase == SVPU_ENCODER_FAILED)
		leave_failure(b);
	else if (state->session_open)
		act(b, SVPU_ENCODER_DO_FLUSH_OUTPUT);
}

static void session_refused(struct builder *b)
{
	forget_session(next(b));
	next(b)->phase = SVPU_ENCODER_INITIALIZATION;
	act(b, SVPU_ENCODER_DO_CLOSE_SESSION);
}

/* Drain, step 1. */
static void stop(struct builder *b, const struct svpu_encoder_state *state)
{
	if (state->phase == SVPU_ENCODER_FAILED) {
		refuse(b, SVPU_REFUSED_FAILED);
	} else if (!state->output_streaming || !state->capture_streaming) {
		/* The warning of step 1: no error, and no drain. */
	} else if (state->draining) { /* Drain, note */
		refuse(b, SVPU_REFUSED_BUSY);
	} else if (state->phase == SVPU_ENCODER_ENCODING) {
		/* v4l2_update_last_buf_state(): when already stopped, it does nothing. */
		next(b)->draining = true;
		drain(b);
	}
}

static void start(struct builder *b, const struct svpu_encoder_state *state)
{
	if (state->phase == SVPU_ENCODER_FAILED)
		refuse(b, SVPU_REFUSED_FAILED);
	else if (!state->output_streaming || !state->capture_streaming)
		return; /* the restart of the queue is enough (Drain, step 3) */
	else if (state->draining) /* Drain, note */
		refuse(b, SVPU_REFUSED_BUSY);
	else if (state->phase == SVPU_ENCODER_STOPPED) /* Drain, step 3, first item */
		restart(b);
}

static void drained(struct builder *b, const struct svpu_encoder_state *state)
{
	next(b)->paused = true;
	next(b)->drain_sent = false;
	if (state->draining && !state->drain_again) {
		next(b)->phase = SVPU_ENCODER_STOPPED;
		want_last(b);
		return;
	}
	/* STREAMOFF(CAPTURE) cancelled it: encoding goes on. */
	resume(b);
	if (state->drain_again) {
		next(b)->drain_again = false;
		drain(b);
	}
}

/* Of a drain that STREAMOFF(OUTPUT) ended; where Stopped, what restarts it will resume. */
static void stale_drained(struct builder *b, const struct svpu_encoder_state *state)
{
	next(b)->paused = true;
	if (state->phase != SVPU_ENCODER_STOPPED)
		resume(b);
}

/*
 * v4l2_m2m_last_buffer_done(): stopped. The event comes behind the buffer, as vicodec's: FFmpeg
 * ends at the event without another look at what is done.
 */
static void last_completed(struct builder *b)
{
	next(b)->last_wanted = false;
	next(b)->draining = false;
	act(b, SVPU_ENCODER_DO_EVENT_EOS);
}

/* Encoding, last paragraph. */
static void session_failed(struct builder *b, const struct svpu_encoder_state *state)
{
	forget_session(next(b));
	next(b)->last_wanted = false;
	next(b)->phase = state->output_streaming || state->capture_streaming ?
				 SVPU_ENCODER_FAILED :
				 SVPU_ENCODER_INITIALIZATION;
	act(b, SVPU_ENCODER_DO_CLOSE_SESSION);
	act(b, SVPU_ENCODER_DO_FAIL_QUEUES);
}

void svpu_encoder_step(const struct svpu_encoder_state *state, enum svpu_encoder_trigger what,
		       struct svpu_encoder_transition *to)
{
	struct builder b = { .result = to };

	*to = (struct svpu_encoder_transition){ .next = *state };
	switch (what) {
	case SVPU_ENCODER_ON_OUTPUT_STREAMON:
		output_streamon(&b, state);
		break;
	case SVPU_ENCODER_ON_OUTPUT_STREAMOFF:
		output_streamoff(&b, state);
		break;
	case SVPU_ENCODER_ON_OUTPUT_FREED:
		output_freed(&b, state);
		break;
	case SVPU_ENCODER_ON_CAPTURE_STREAMON:
		capture_streamon(&b, state);
		break;
	case SVPU_ENCODER_ON_CAPTURE_STREAMOFF:
		capture_streamoff(&b, state);
		break;
	case SVPU_ENCODER_ON_SESSION_REFUSED:
		session_refused(&b);
		break;
	case SVPU_ENCODER_ON_STOP:
		stop(&b, state);
		break;
	case SVPU_ENCODER_ON_START:
		start(&b, state);
		break;
	case SVPU_ENCODER_ON_DRAINED:
		drained(&b, state);
		break;
	case SVPU_ENCODER_ON_STALE_DRAINED:
		stale_drained(&b, state);
		break;
	case SVPU_ENCODER_ON_LAST_COMPLETED:
		last_completed(&b);
		break;
	case SVPU_ENCODER_ON_SESSION_FAILED:
		session_failed(&b, state);
		break;
	}
}

bool svpu_encoder_has_failed(const struct svpu_encoder_state *state)
{
	return state->phase == SVPU_ENCODER_FAILED;
}

bool svpu_encoder_lost_session(const struct svpu_encoder_state *planned,
			       const struct svpu_encoder_state *now)
{
	return planned->session_open && !now->session_open;
}

bool svpu_encoder_owes_last(const struct svpu_encoder_state *state)
{
	return state->last_wanted && state->capture_streaming;
}

/*
 * Behind a STOP they go as well: the session reads none of them before it is resumed. At a STOP all
 * that is queued is with the session already, so `drain_again` holds back later ones only.
 */
bool svpu_encoder_passes_inputs(const struct svpu_encoder_state *state)
{
	return state->phase == SVPU_ENCODER_ENCODING && state->session_open &&
	       state->output_streaming && state->capture_streaming && !state->drain_again;
}

bool svpu_encoder_lends_outputs(const struct svpu_encoder_state *state)
{
	return state->phase == SVPU_ENCODER_ENCODING && state->session_open &&
	       state->capture_streaming && !state->last_wanted;
}

const char *svpu_encoder_phase_name(const struct svpu_encoder_state *state)
{
	switch (state->phase) {
	case SVPU_ENCODER_INITIALIZATION:
		return "initialization";
	case SVPU_ENCODER_ENCODING:
		return "encoding";
	case SVPU_ENCODER_STOPPED:
		return "stopped";
	case SVPU_ENCODER_FAILED:
		return "failed";
	}
	return "?";
}

const char *svpu_encoder_action_name(enum svpu_encoder_action action)
{
	static const char *const names[] = {
		[SVPU_ENCODER_DO_NOTHING] = "nothing",
		[SVPU_ENCODER_DO_START_SESSION] = "start session",
		[SVPU_ENCODER_DO_CLOSE_SESSION] = "close session",
		[SVPU_ENCODER_DO_FLUSH_INPUT] = "flush input",
		[SVPU_ENCODER_DO_FLUSH_OUTPUT] = "flush output",
		[SVPU_ENCODER_DO_EVENT_EOS] = "event eos",
		[SVPU_ENCODER_DO_DRAIN] = "drain",
		[SVPU_ENCODER_DO_RESUME] = "resume",
		[SVPU_ENCODER_DO_DELIVER_LAST] = "deliver last",
		[SVPU_ENCODER_DO_CANCEL_LAST] = "cancel last",
		[SVPU_ENCODER_DO_CLEAR_EPIPE] = "clear epipe",
		[SVPU_ENCODER_DO_FAIL_QUEUES] = "fail queues",
	};

	if ((unsigned int)action >= SVPU_COUNT(names))
		return "?";
	return names[action];
}
