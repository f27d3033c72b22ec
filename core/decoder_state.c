// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * The transitions of the stateful decoder, one function for each trigger. Tested as a table by
 * decoder_state_test.cc. Clauses: dev-decoder.rst.
 */
#include "core/decoder_state.h"

/* A transition under construction. */
struct builder {
	struct svpu_decoder_transition *result;
	unsigned int count; /* of actions */
};

static struct svpu_decoder_state *next(struct builder *b)
{
	return &b->result->next;
}

static void act(struct builder *b, enum svpu_decoder_action action)
{
	if (b->count < SVPU_MAX_DECODER_ACTIONS)
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
	act(b, SVPU_DO_RESUME);
}

/* Dynamic Resolution Change, steps 1 and 2; Initialization, step 4. */
static void announce(struct builder *b)
{
	next(b)->change_held = false;
	next(b)->header_known = true;
	next(b)->phase = SVPU_PHASE_CAPTURE_SETUP;
	act(b, SVPU_DO_APPLY_FORMAT);
	act(b, SVPU_DO_EVENT_SOURCE_CHANGE);
}

static void want_last(struct builder *b)
{
	next(b)->last_wanted = true;
	act(b, SVPU_DO_DELIVER_LAST);
}

static void drop_last(struct builder *b)
{
	if (next(b)->last_wanted)
		act(b, SVPU_DO_CANCEL_LAST);
	next(b)->last_wanted = false;
}

/* Back to decoding from Stopped or Capture Setup, by START or by a restart of a queue. */
static void restart(struct builder *b)
{
	drop_last(b);
	next(b)->phase = next(b)->header_known ? SVPU_PHASE_DECODING : SVPU_PHASE_INITIALIZATION;
	act(b, SVPU_DO_CLEAR_EPIPE);
	resume(b);
}

/* Clears everything that belongs to a session. */
static void forget_session(struct svpu_decoder_state *s)
{
	s->session_open = false;
	s->header_known = false;
	s->paused = false;
	s->drain_sent = false;
	s->drain_again = false;
	s->stop_remembered = false;
	s->change_held = false;
}

static void forget_stop(struct svpu_decoder_state *s)
{
	s->drain_again = s->drain_again && !s->stop_remembered;
	s->stop_remembered = false;
}

/* Tells the session to drain: now, or once it has answered an abandoned drain. */
static void drain(struct builder *b)
{
	if (next(b)->drain_sent) {
		next(b)->drain_again = true;
		return;
	}
	next(b)->drain_sent = true;
	act(b, SVPU_DO_DRAIN);
}

static void output_streamon(struct builder *b, const struct svpu_decoder_state *state)
{
	next(b)->output_streaming = true;
	if (!state->session_open) {
		/* Initialization, step 3; or again after a failure (Decoding, last paragraph). */
		drop_last(b);
		next(b)->phase = SVPU_PHASE_INITIALIZATION;
		next(b)->draining = false;
		next(b)->session_open = true;
		act(b, SVPU_DO_CLEAR_EPIPE);
		act(b, SVPU_DO_START_SESSION);
	} else if (state->phase == SVPU_PHASE_STOPPED) {
		/* Drain, step 3: restarting OUTPUT resumes decoding, like a seek. */
		next(b)->draining = false;
		restart(b);
	}
}

/* Seek, step 1. */
static void output_streamoff(struct builder *b, const struct svpu_decoder_state *state)
{
	next(b)->output_streaming = false;
	if (state->session_open)
		act(b, SVPU_DO_FLUSH_INPUT);
	next(b)->drain_sent = false; /* the flush cancels it */
	next(b)->drain_again = false;
	next(b)->stop_remembered = false;
	if (state->phase == SVPU_PHASE_FAILED) {
		next(b)->phase = SVPU_PHASE_INITIALIZATION;
		return;
	}
	/*
	 * Drain, note: STREAMOFF aborts it. A client that waits for LAST is given one, as
	 * v4l2_m2m_update_stop_streaming_state() does. While a change of resolution is pending, its
	 * own LAST is enough. A change that is still held back is announced now, so that it
	 * produces that LAST, because REQBUFS(OUTPUT, 0) would discard it.
	 */
	if (!state->draining || state->phase == SVPU_PHASE_STOPPED)
		return;
	next(b)->draining = false;
	if (state->change_held) {
		announce(b);
		want_last(b);
	} else if (state->phase != SVPU_PHASE_CAPTURE_SETUP && state->capture_streaming) {
		next(b)->phase = SVPU_PHASE_STOPPED;
		next(b)->draining = true; /* until that LAST */
		act(b, SVPU_DO_EVENT_EOS);
		want_last(b);
	}
}

/* State machine, Seek -> Initialization. */
static void output_freed(struct builder *b, const struct svpu_decoder_state *state)
{
	forget_session(next(b));
	next(b)->phase = SVPU_PHASE_INITIALIZATION;
	next(b)->draining = false;
	if (state->session_open)
		act(b, SVPU_DO_CLOSE_SESSION);
	/*
	 * A LAST that is still owed must be delivered while CAPTURE streams: somebody may be
	 * waiting for it, and the closed session can no longer return a buffer for it.
	 */
	if (state->last_wanted)
		act(b, SVPU_DO_DELIVER_LAST);
}

static void capture_streamon(struct builder *b, const struct svpu_decoder_state *state, bool fits)
{
	if (state->phase == SVPU_PHASE_FAILED) { /* Decoding, last paragraph */
		refuse(b, SVPU_REFUSED_FAILED);
		return;
	}
	next(b)->capture_streaming = true;
	if (state->phase == SVPU_PHASE_STOPPED) /* Drain, step 3, second item */
		restart(b);
	else if (state->phase == SVPU_PHASE_CAPTURE_SETUP && fits) /* Capture Setup, steps 6, 11 */
		restart(b);
	else if (state->phase == SVPU_PHASE_CAPTURE_SETUP)
		/*
		 * The buffers are from before the change: continue as if they had been streaming at
		 * the time of the Dynamic Resolution Change.
		 */
		want_last(b);
	if (!state->stop_remembered)
		return;
	/* Drain, step 1: now it can be initiated. */
	next(b)->stop_remembered = false;
	next(b)->draining = true;
	if (!state->drain_sent)
		drain(b);
}

static void capture_streamoff(struct builder *b, const struct svpu_decoder_state *state)
{
	next(b)->capture_streaming = false;
	next(b)->last_wanted = false;
	if (state->session_open)
		act(b, SVPU_DO_FLUSH_OUTPUT);
	if (state->change_held)
		announce(b); /* the old frames are gone with the queue */
	/*
	 * Drain, note: STREAMOFF aborts it; but during a resolution change it is part of the drain
	 * (Drain, step 2, first item).
	 */
	if (next(b)->phase == SVPU_PHASE_CAPTURE_SETUP)
		return;
	next(b)->draining = false;
	next(b)->drain_again = false;
}

/*
 * Drain, step 1, warning: no error, and no drain while a queue doesn't stream: no LAST, no EOS
 * event. A STOP before CAPTURE streams is remembered (docs/adr/0010), and the session immediately
 * delivers what it would otherwise hold back to wait for more data.
 */
static void early_stop(struct builder *b, const struct svpu_decoder_state *state)
{
	if (!state->output_streaming || !state->session_open || state->phase == SVPU_PHASE_STOPPED)
		return;
	/* `draining` can be set here during a resolution change. */
	if (state->draining || state->stop_remembered)
		return;
	next(b)->stop_remembered = true;
	drain(b);
}

/* Drain, step 1. */
static void stop(struct builder *b, const struct svpu_decoder_state *state)
{
	if (state->phase == SVPU_PHASE_FAILED) {
		refuse(b, SVPU_REFUSED_FAILED);
	} else if (!state->output_streaming || !state->capture_streaming) {
		early_stop(b, state);
	} else if (state->draining) { /* Drain, last note */
		refuse(b, SVPU_REFUSED_BUSY);
	} else if (state->phase != SVPU_PHASE_STOPPED) {
		/* vidioc-decoder-cmd.rst: when already stopped, it does nothing. */
		next(b)->draining = true;
		drain(b);
	}
}

static void start(struct builder *b, const struct svpu_decoder_state *state, bool fits)
{
	if (state->phase == SVPU_PHASE_FAILED) {
		refuse(b, SVPU_REFUSED_FAILED);
	} else if (!state->output_streaming || !state->capture_streaming) {
		forget_stop(next(b));
	} else if (state->phase == SVPU_PHASE_CAPTURE_SETUP) { /* Capture Setup, step 6 */
		if (fits)
			restart(b);
		else /* the client must reallocate (steps 7 to 11) */
			refuse(b, SVPU_REFUSED_UNFIT);
	} else if (state->draining) { /* Drain, last note */
		refuse(b, SVPU_REFUSED_BUSY);
	} else if (state->phase == SVPU_PHASE_STOPPED) { /* Drain, step 3, first item */
		restart(b);
	}
}

/* The first header. */
static void first_format(struct builder *b, const struct svpu_decoder_state *state, bool fits)
{
	if (state->capture_streaming && fits) {
		/*
		 * CAPTURE was already set up for exactly this format (Initialization, note after
		 * step 4): nothing changed, so nothing is announced, as in vicodec. GStreamer would
		 * set up CAPTURE again and lose the frames that were done meanwhile.
		 */
		next(b)->header_known = true;
		next(b)->phase = SVPU_PHASE_DECODING;
		act(b, SVPU_DO_APPLY_FORMAT);
		resume(b);
		return;
	}
	announce(b);
	if (state->capture_streaming) /* the same note: a Dynamic Resolution Change */
		want_last(b);
}

static void format_changed(struct builder *b, const struct svpu_decoder_state *state,
			   const struct svpu_decoder_event *event)
{
	next(b)->paused = true;
	if (state->phase == SVPU_PHASE_INITIALIZATION) {
		first_format(b, state, event->fits);
		return;
	}
	if (!state->capture_streaming) {
		announce(b);
		return;
	}
	if (state->phase == SVPU_PHASE_STOPPED) {
		/*
		 * It arrived after the STREAMOFF(OUTPUT) that aborted a drain, but was sent before
		 * it; one LAST is enough for both.
		 */
		next(b)->draining = false;
	} else if (event->frames_waiting) {
		next(b)->change_held = true;
		return;
	}
	announce(b);
	want_last(b); /* Dynamic Resolution Change, step 2 */
}

static void capture_done_empty(struct builder *b, const struct svpu_decoder_state *state)
{
	if (!state->change_held)
		return;
	announce(b);
	want_last(b);
}

static void drained(struct builder *b, const struct svpu_decoder_state *state, bool stale)
{
	next(b)->paused = true;
	if (stale) { /* of a drain that STREAMOFF(OUTPUT) aborted */
		if (state->phase != SVPU_PHASE_STOPPED)
			resume(b); /* Stopped: whatever restarts it will resume */
		return;
	}
	next(b)->drain_sent = false;
	if (state->draining && !state->drain_again) {
		next(b)->phase = SVPU_PHASE_STOPPED;
		act(b, SVPU_DO_EVENT_EOS); /* step 2, note: when the last frame can be dequeued */
		want_last(b);
		return;
	}
	/*
	 * The drain was aborted by STREAMOFF(CAPTURE), or belongs to a STOP sent before CAPTURE
	 * streamed: decoding continues.
	 */
	resume(b);
	if (state->drain_again) {
		next(b)->drain_again = false;
		drain(b);
	}
}

static void last_completed(struct builder *b, const struct svpu_decoder_state *state)
{
	next(b)->last_wanted = false;
	/*
	 * As in v4l2_m2m_last_buffer_done(), decoding is stopped. The LAST of a resolution change
	 * doesn't end a drain (Drain, step 2, first item).
	 */
	if (state->phase == SVPU_PHASE_STOPPED)
		next(b)->draining = false;
}

/* Decoding, last paragraph. */
static void session_failed(struct builder *b, const struct svpu_decoder_state *state)
{
	forget_session(next(b));
	/*
	 * The error lasts until STREAMOFF(OUTPUT): without OUTPUT streaming the next STREAMON
	 * starts a fresh session anyway.
	 */
	next(b)->phase = state->output_streaming ? SVPU_PHASE_FAILED : SVPU_PHASE_INITIALIZATION;
	next(b)->draining = false;
	next(b)->last_wanted = false;
	act(b, SVPU_DO_CLOSE_SESSION);
	act(b, SVPU_DO_FAIL_QUEUES);
}

void svpu_decoder_step(const struct svpu_decoder_state *state,
		       const struct svpu_decoder_event *event, struct svpu_decoder_transition *to)
{
	struct builder b = { .result = to };

	*to = (struct svpu_decoder_transition){ .next = *state };
	switch (event->what) {
	case SVPU_ON_OUTPUT_STREAMON:
		output_streamon(&b, state);
		break;
	case SVPU_ON_OUTPUT_STREAMOFF:
		output_streamoff(&b, state);
		break;
	case SVPU_ON_OUTPUT_FREED:
		output_freed(&b, state);
		break;
	case SVPU_ON_CAPTURE_STREAMON:
		capture_streamon(&b, state, event->fits);
		break;
	case SVPU_ON_CAPTURE_STREAMOFF:
		capture_streamoff(&b, state);
		break;
	case SVPU_ON_INPUT_QUEUED:
		/*
		 * If something is queued after a remembered STOP, that STOP wasn't the end of the
		 * stream: forget it, so that the new input doesn't wait for a START that nobody
		 * sends.
		 */
		forget_stop(next(&b));
		break;
	case SVPU_ON_STOP:
		stop(&b, state);
		break;
	case SVPU_ON_START:
		start(&b, state, event->fits);
		break;
	case SVPU_ON_FORMAT_CHANGED:
		format_changed(&b, state, event);
		break;
	case SVPU_ON_CAPTURE_DONE_EMPTY:
		capture_done_empty(&b, state);
		break;
	case SVPU_ON_DRAINED:
		drained(&b, state, event->stale);
		break;
	case SVPU_ON_LAST_COMPLETED:
		last_completed(&b, state);
		break;
	case SVPU_ON_SESSION_FAILED:
		session_failed(&b, state);
		break;
	}
}

bool svpu_decoder_output_streams(const struct svpu_decoder_state *state)
{
	return state->output_streaming;
}

bool svpu_decoder_capture_streams(const struct svpu_decoder_state *state)
{
	return state->capture_streaming;
}

bool svpu_decoder_has_failed(const struct svpu_decoder_state *state)
{
	return state->phase == SVPU_PHASE_FAILED;
}

bool svpu_decoder_lost_session(const struct svpu_decoder_state *planned,
			       const struct svpu_decoder_state *now)
{
	return planned->session_open && !now->session_open;
}

bool svpu_decoder_awaits_header(const struct svpu_decoder_state *state)
{
	return state->phase == SVPU_PHASE_INITIALIZATION && state->session_open &&
	       state->output_streaming;
}

bool svpu_decoder_stop_is_pending(const struct svpu_decoder_state *state)
{
	return state->draining || state->stop_remembered;
}

bool svpu_decoder_may_close_unread(const struct svpu_decoder_state *state)
{
	return !state->draining;
}

bool svpu_decoder_takes_old_buffers(const struct svpu_decoder_state *state)
{
	return (state->phase == SVPU_PHASE_CAPTURE_SETUP && state->capture_streaming) ||
	       state->change_held;
}

bool svpu_decoder_owes_last(const struct svpu_decoder_state *state)
{
	return state->last_wanted && state->capture_streaming;
}

bool svpu_decoder_lends_outputs(const struct svpu_decoder_state *state)
{
	return state->phase == SVPU_PHASE_DECODING && state->capture_streaming &&
	       !state->change_held && !state->last_wanted;
}

bool svpu_decoder_has_layout(const struct svpu_decoder_state *state)
{
	return state->header_known;
}

bool svpu_decoder_last_ends_drain(const struct svpu_decoder_state *state)
{
	return state->phase == SVPU_PHASE_STOPPED;
}

enum svpu_input_turn svpu_decoder_input_turn(const struct svpu_decoder_state *state,
					     const struct svpu_queued_input *input)
{
	bool early;

	if (!state->output_streaming || !state->session_open)
		return SVPU_INPUT_WAITS;
	/* Drain, introduction: only what was queued before it is drained. */
	if (state->drain_again && !input->covered)
		return SVPU_INPUT_WAITS;
	/* Before a later STOP, an empty buffer has no additional meaning. */
	if (!input->empty || input->covered)
		return SVPU_INPUT_GOES;
	/*
	 * Nor before any header: there is nothing to drain, and CAPTURE can't be set up until the
	 * inputs before or after the empty buffer have brought a header.
	 */
	early = state->phase == SVPU_PHASE_INITIALIZATION && !state->capture_streaming;
	if (early)
		return input->others_with_session ? SVPU_INPUT_WAITS : SVPU_INPUT_GOES;
	/*
	 * During a drain the empty buffer waits for START, as do inputs queued after a drain; it
	 * also waits for CAPTURE to stream, so that the STOP isn't lost.
	 */
	if (!state->capture_streaming || state->draining || state->phase == SVPU_PHASE_STOPPED)
		return SVPU_INPUT_WAITS;
	return SVPU_INPUT_GOES_AND_STOPS;
}

const char *svpu_decoder_phase_name(const struct svpu_decoder_state *state)
{
	switch (state->phase) {
	case SVPU_PHASE_INITIALIZATION:
		return "initialization";
	case SVPU_PHASE_CAPTURE_SETUP:
		return "capture setup";
	case SVPU_PHASE_DECODING:
		return "decoding";
	case SVPU_PHASE_STOPPED:
		return "stopped";
	case SVPU_PHASE_FAILED:
		return "failed";
	}
	return "?";
}

const char *svpu_decoder_action_name(enum svpu_decoder_action action)
{
	static const char *const names[] = {
		[SVPU_DO_NOTHING] = "nothing",
		[SVPU_DO_START_SESSION] = "start session",
		[SVPU_DO_CLOSE_SESSION] = "close session",
		[SVPU_DO_FLUSH_INPUT] = "flush input",
		[SVPU_DO_FLUSH_OUTPUT] = "flush output",
		[SVPU_DO_APPLY_FORMAT] = "apply format",
		[SVPU_DO_EVENT_SOURCE_CHANGE] = "event source change",
		[SVPU_DO_EVENT_EOS] = "event eos",
		[SVPU_DO_DRAIN] = "drain",
		[SVPU_DO_RESUME] = "resume",
		[SVPU_DO_DELIVER_LAST] = "deliver last",
		[SVPU_DO_CANCEL_LAST] = "cancel last",
		[SVPU_DO_CLEAR_EPIPE] = "clear epipe",
		[SVPU_DO_FAIL_QUEUES] = "fail queues",
	};

	if ((unsigned int)action >= SVPU_COUNT(names))
		return "?";
	return names[action];
}
