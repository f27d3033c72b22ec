// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * The transitions of session_state.h. Tested as a table by session_state_test.cc.
 */
#include "core/session_state.h"

static enum svpu_turn host_wants(struct svpu_session_state *s, enum svpu_session_trigger what)
{
	switch (what) {
	case SVPU_HOST_STARTS:
		if (s->phase != SVPU_SESSION_IDLE)
			return SVPU_TURN_IGNORED;
		s->phase = SVPU_SESSION_STARTING;
		return SVPU_TURN_ACCEPTED;
	case SVPU_HOST_QUERIES:
		s->queried = true;
		return SVPU_TURN_ACCEPTED;
	case SVPU_HOST_DRAINS:
		if (s->draining) /* one at a time */
			return SVPU_TURN_INVALID;
		s->draining = true;
		return SVPU_TURN_ACCEPTED;
	case SVPU_HOST_RESUMES:
		if (!s->changing_format && !s->drained) /* docs/hfi.md, 8 */
			return SVPU_TURN_IGNORED;
		s->changing_format = false;
		s->drained = false;
		return SVPU_TURN_ACCEPTED;
	case SVPU_HOST_FLUSHES_INPUT:
		if (s->phase != SVPU_SESSION_IDLE) { /* or the host answers itself */
			s->stale_drain = s->stale_drain || s->draining;
			s->input_flushes++;
		}
		s->draining = false;
		return SVPU_TURN_ACCEPTED;
	default:
		return SVPU_TURN_ACCEPTED;
	}
}

static enum svpu_turn on_drained(struct svpu_session_state *s)
{
	if (s->input_flushes) {
		/* Only a drain from before the flush can have been read. */
		if (!s->stale_drain)
			return SVPU_TURN_OFFENCE;
		s->stale_drain = false;
	} else {
		if (!s->draining)
			return SVPU_TURN_OFFENCE;
		s->draining = false;
	}
	s->drained = true;
	return SVPU_TURN_ACCEPTED;
}

/* Once it is configured. */
static enum svpu_turn running_said(struct svpu_session_state *s, enum svpu_session_trigger what)
{
	bool paused = svpu_session_is_paused(s);

	switch (what) {
	case SVPU_SAID_FORMAT_CHANGED:
		if (paused)
			return SVPU_TURN_OFFENCE;
		s->changing_format = true;
		return SVPU_TURN_ACCEPTED;
	case SVPU_SAID_FRAME:
		return paused ? SVPU_TURN_OFFENCE : SVPU_TURN_ACCEPTED;
	case SVPU_SAID_DRAINED:
		return paused ? SVPU_TURN_OFFENCE : on_drained(s);
	case SVPU_SAID_FLUSHED_INPUT:
		if (!s->input_flushes)
			return SVPU_TURN_OFFENCE;
		if (!--s->input_flushes)
			s->stale_drain = false;
		return SVPU_TURN_ACCEPTED;
	default:
		return SVPU_TURN_ACCEPTED;
	}
}

static enum svpu_turn firmware_said(struct svpu_session_state *s, enum svpu_session_trigger what)
{
	bool first = what == SVPU_SAID_READY;

	/* READY first, and once; and nothing at all before there is a firmware. */
	if (s->phase == SVPU_SESSION_IDLE || s->ready == first)
		return SVPU_TURN_OFFENCE;
	switch (what) {
	case SVPU_SAID_READY:
		s->ready = true;
		return SVPU_TURN_ACCEPTED;
	case SVPU_SAID_OTHER:
		return SVPU_TURN_ACCEPTED;
	case SVPU_SAID_CAPABILITY:
		return s->queried ? SVPU_TURN_ACCEPTED : SVPU_TURN_OFFENCE;
	case SVPU_SAID_CONFIGURED:
	case SVPU_SAID_REFUSED:
		if (s->phase != SVPU_SESSION_STARTING)
			return SVPU_TURN_OFFENCE;
		if (what == SVPU_SAID_REFUSED) {
			s->phase = SVPU_SESSION_FAILED;
			return SVPU_TURN_FAILS;
		}
		s->phase = SVPU_SESSION_RUNNING;
		return SVPU_TURN_ACCEPTED;
	default:
		break;
	}
	/* CONFIGURED is the answer to the first command. */
	return s->phase == SVPU_SESSION_STARTING ? SVPU_TURN_OFFENCE : running_said(s, what);
}

enum svpu_turn svpu_session_step(struct svpu_session_state *state, enum svpu_session_trigger what)
{
	bool host = what < SVPU_SAID_READY;

	switch (what) {
	case SVPU_HOST_CLOSES:
		state->phase = SVPU_SESSION_CLOSED;
		return SVPU_TURN_ACCEPTED;
	case SVPU_SAID_ERROR:
	case SVPU_PEER_DIED:
	case SVPU_PEER_GIVEN_UP:
		if (svpu_session_is_over(state))
			return SVPU_TURN_IGNORED;
		state->phase = SVPU_SESSION_FAILED;
		return SVPU_TURN_FAILS;
	default:
		break;
	}
	/* What a dying firmware still says doesn't matter. */
	if (svpu_session_is_over(state))
		return host ? SVPU_TURN_REFUSED : SVPU_TURN_IGNORED;
	return host ? host_wants(state, what) : firmware_said(state, what);
}

enum svpu_session_trigger svpu_session_said(const struct svpu_entry *message)
{
	const void *body = message;

	switch (message->type) {
	case SVPU_MSG_READY:
		return SVPU_SAID_READY;
	case SVPU_MSG_CODEC:
	case SVPU_MSG_RAW_FORMAT:
	case SVPU_MSG_CONTROL:
	case SVPU_MSG_CAPABILITIES_END:
		return SVPU_SAID_CAPABILITY;
	case SVPU_MSG_CONFIGURED:
		return ((const struct svpu_msg_status *)body)->status == SVPU_OK ?
			       SVPU_SAID_CONFIGURED :
			       SVPU_SAID_REFUSED;
	case SVPU_MSG_FORMAT_CHANGED:
		return SVPU_SAID_FORMAT_CHANGED;
	case SVPU_MSG_INPUT_DONE:
		return SVPU_SAID_INPUT_DONE;
	case SVPU_MSG_OUTPUT_DONE:
		return ((const struct svpu_msg_output_done *)body)->status == SVPU_CANCELLED ?
			       SVPU_SAID_OUTPUT_RETURNED :
			       SVPU_SAID_FRAME;
	case SVPU_MSG_DRAINED:
		return SVPU_SAID_DRAINED;
	case SVPU_MSG_FLUSHED:
		return ((const struct svpu_msg_flushed *)body)->direction == SVPU_INPUT ?
			       SVPU_SAID_FLUSHED_INPUT :
			       SVPU_SAID_FLUSHED_OUTPUT;
	case SVPU_MSG_UNMAPPED:
		return SVPU_SAID_UNMAPPED;
	case SVPU_MSG_SESSION_ERROR:
	case SVPU_MSG_SYSTEM_ERROR:
		return SVPU_SAID_ERROR;
	default:
		return SVPU_SAID_OTHER;
	}
}

enum svpu_session_trigger svpu_session_wants(const struct svpu_entry *command)
{
	const void *body = command;

	switch (command->type) {
	case SVPU_CMD_QUERY_CAPABILITIES:
		return SVPU_HOST_QUERIES;
	case SVPU_CMD_DRAIN:
		return SVPU_HOST_DRAINS;
	case SVPU_CMD_RESUME:
		return SVPU_HOST_RESUMES;
	case SVPU_CMD_FLUSH:
		return ((const struct svpu_cmd_flush *)body)->direction == SVPU_INPUT ?
			       SVPU_HOST_FLUSHES_INPUT :
			       SVPU_HOST_FLUSHES_OUTPUT;
	default:
		return SVPU_HOST_QUEUES;
	}
}

bool svpu_session_is_idle(const struct svpu_session_state *state)
{
	return state->phase == SVPU_SESSION_IDLE;
}

bool svpu_session_is_ready(const struct svpu_session_state *state)
{
	return state->ready;
}

bool svpu_session_is_configured(const struct svpu_session_state *state)
{
	return state->phase == SVPU_SESSION_RUNNING;
}

bool svpu_session_is_over(const struct svpu_session_state *state)
{
	return state->phase == SVPU_SESSION_CLOSED || state->phase == SVPU_SESSION_FAILED;
}

bool svpu_session_is_under_way(const struct svpu_session_state *state)
{
	return state->phase == SVPU_SESSION_STARTING || state->phase == SVPU_SESSION_RUNNING;
}

bool svpu_session_owes_drain(const struct svpu_session_state *state)
{
	return state->draining;
}

bool svpu_session_is_paused(const struct svpu_session_state *state)
{
	return state->changing_format || state->drained;
}

const char *svpu_session_trigger_name(enum svpu_session_trigger what)
{
	static const char *const names[] = {
		[SVPU_HOST_STARTS] = "start",
		[SVPU_HOST_QUERIES] = "query",
		[SVPU_HOST_QUEUES] = "queue",
		[SVPU_HOST_DRAINS] = "drain",
		[SVPU_HOST_RESUMES] = "resume",
		[SVPU_HOST_FLUSHES_INPUT] = "flush of the inputs",
		[SVPU_HOST_FLUSHES_OUTPUT] = "flush of the outputs",
		[SVPU_HOST_CLOSES] = "close",
		[SVPU_SAID_READY] = "READY",
		[SVPU_SAID_CAPABILITY] = "CAPABILITY",
		[SVPU_SAID_CONFIGURED] = "CONFIGURED",
		[SVPU_SAID_REFUSED] = "CONFIGURED with an error",
		[SVPU_SAID_FORMAT_CHANGED] = "FORMAT_CHANGED",
		[SVPU_SAID_INPUT_DONE] = "INPUT_DONE",
		[SVPU_SAID_FRAME] = "OUTPUT_DONE with a frame",
		[SVPU_SAID_OUTPUT_RETURNED] = "OUTPUT_DONE, cancelled",
		[SVPU_SAID_DRAINED] = "DRAINED",
		[SVPU_SAID_FLUSHED_INPUT] = "FLUSHED inputs",
		[SVPU_SAID_FLUSHED_OUTPUT] = "FLUSHED outputs",
		[SVPU_SAID_UNMAPPED] = "UNMAPPED",
		[SVPU_SAID_OTHER] = "another message",
		[SVPU_SAID_ERROR] = "an error message",
		[SVPU_PEER_DIED] = "the worker's death",
		[SVPU_PEER_GIVEN_UP] = "giving up",
	};

	return (unsigned int)what < SVPU_COUNT(names) ? names[what] : "?";
}
