/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * The state of a session as its host sees it, in one function: what the host wants to say and what
 * the firmware says, each in its turn or not. The rules: docs/hfi.md, "The order of things". What a
 * message says of buffers (cookies, lengths, generations) is checked by the host's own books.
 */
#ifndef SOFTVPU_CORE_SESSION_STATE_H
#define SOFTVPU_CORE_SESSION_STATE_H

#include <softvpu/hfi.h>

#include "core/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum svpu_session_phase {
	SVPU_SESSION_IDLE, /* no firmware yet; what the host wants to say is remembered */
	SVPU_SESSION_STARTING, /* READY or CONFIGURED is outstanding */
	SVPU_SESSION_RUNNING, /* the firmware is configured */
	SVPU_SESSION_CLOSED, /* by its owner, which is told nothing more */
	SVPU_SESSION_FAILED, /* its owner has been told, or is about to be */
};

struct svpu_session_state {
	enum svpu_session_phase phase;
	bool ready; /* READY arrived */
	bool queried; /* the firmware was asked for its capabilities */

	/* These overlap. */
	bool changing_format; /* FORMAT_CHANGED arrived, RESUME isn't sent: no frame may come */
	bool drained; /* DRAINED arrived, RESUME isn't sent: no frame may come */
	bool draining; /* DRAIN is sent, neither answered nor cancelled */

	/*
	 * A drain that an unanswered flush of the inputs cancels: its DRAINED may still come,
	 * before that FLUSHED.
	 */
	bool stale_drain;
	__u32 input_flushes; /* unanswered */
};

enum svpu_session_trigger {
	/* The host wants to. */
	SVPU_HOST_STARTS,
	SVPU_HOST_QUERIES, /* capabilities */
	SVPU_HOST_QUEUES, /* any other command */
	SVPU_HOST_DRAINS,
	SVPU_HOST_RESUMES,
	SVPU_HOST_FLUSHES_INPUT,
	SVPU_HOST_FLUSHES_OUTPUT,
	SVPU_HOST_CLOSES,
	/* The firmware says. */
	SVPU_SAID_READY,
	SVPU_SAID_CAPABILITY, /* or their end */
	SVPU_SAID_CONFIGURED, /* with SVPU_OK */
	SVPU_SAID_REFUSED, /* CONFIGURED with another status */
	SVPU_SAID_FORMAT_CHANGED,
	SVPU_SAID_INPUT_DONE,
	SVPU_SAID_FRAME, /* OUTPUT_DONE with something in it */
	SVPU_SAID_OUTPUT_RETURNED, /* OUTPUT_DONE, cancelled */
	SVPU_SAID_DRAINED,
	SVPU_SAID_FLUSHED_INPUT,
	SVPU_SAID_FLUSHED_OUTPUT,
	SVPU_SAID_UNMAPPED,
	SVPU_SAID_OTHER, /* PONG, and what a later minor version adds */
	SVPU_SAID_ERROR, /* SESSION_ERROR or SYSTEM_ERROR */
	/* The world. */
	SVPU_PEER_DIED,
	SVPU_PEER_GIVEN_UP, /* by the watchdog, or for an offence */
};

enum svpu_turn {
	SVPU_TURN_ACCEPTED,
	SVPU_TURN_IGNORED, /* legal and without effect: nothing is sent, or nothing follows */
	SVPU_TURN_REFUSED, /* the host's wish: the session is over */
	SVPU_TURN_INVALID, /* the host's wish: not now */
	SVPU_TURN_OFFENCE, /* a message that the protocol doesn't allow now: give the peer up */
	SVPU_TURN_FAILS, /* the session is over: return everything, say so once */
};

/* `state` changes if the result is SVPU_TURN_ACCEPTED or SVPU_TURN_FAILS. */
enum svpu_turn svpu_session_step(struct svpu_session_state *state, enum svpu_session_trigger what);

/* What a message is to the state. It has the form of its type: message_check.h. */
enum svpu_session_trigger svpu_session_said(const struct svpu_entry *message);

/* What a command is to the state, of the host's own making. */
enum svpu_session_trigger svpu_session_wants(const struct svpu_entry *command);

/* ---- questions ---- */

/* No firmware was started yet. */
bool svpu_session_is_idle(const struct svpu_session_state *state);
bool svpu_session_is_ready(const struct svpu_session_state *state);
bool svpu_session_is_configured(const struct svpu_session_state *state);
bool svpu_session_is_over(const struct svpu_session_state *state);

/* The firmware has been started: there is somebody who reads commands. */
bool svpu_session_is_under_way(const struct svpu_session_state *state);

/* The firmware has a drain to answer. Buffers and flushes are in the host's books. */
bool svpu_session_owes_drain(const struct svpu_session_state *state);

/* For people. */
const char *svpu_session_trigger_name(enum svpu_session_trigger what);

#ifdef __cplusplus
}
#endif

#endif /* SOFTVPU_CORE_SESSION_STATE_H */
