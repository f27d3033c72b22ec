/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * The state machine of a session as its host sees it, in one function: it decides whether a command
 * of the host or a message of the firmware is allowed in the current state. The rules are in
 * docs/hfi.md, "The order of things". What a message says about buffers (cookies, lengths,
 * generations) is checked by each host's own bookkeeping.
 */
#ifndef SOFTVPU_CORE_SESSION_STATE_H
#define SOFTVPU_CORE_SESSION_STATE_H

#include <softvpu/hfi.h>

#include "core/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum svpu_session_phase {
	SVPU_SESSION_IDLE, /* no firmware yet; the host's commands are kept until there is one */
	SVPU_SESSION_STARTING, /* READY or CONFIGURED is outstanding */
	SVPU_SESSION_RUNNING, /* the firmware is configured */
	SVPU_SESSION_CLOSED, /* by its owner, which gets no more events */
	SVPU_SESSION_FAILED, /* its owner has been notified, or is about to be */
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
	/* The host wants to send or do this. */
	SVPU_HOST_STARTS,
	SVPU_HOST_QUERIES, /* capabilities */
	SVPU_HOST_QUEUES, /* any other command */
	SVPU_HOST_DRAINS,
	SVPU_HOST_RESUMES,
	SVPU_HOST_FLUSHES_INPUT,
	SVPU_HOST_FLUSHES_OUTPUT,
	SVPU_HOST_CLOSES,
	/* The firmware sent this. */
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
	/* Other events. */
	SVPU_PEER_DIED,
	SVPU_PEER_GIVEN_UP, /* given up on by the watchdog, or for a protocol violation */
};

enum svpu_turn {
	SVPU_TURN_ACCEPTED,
	/* legal, but without effect: the command isn't sent, or the message is ignored */
	SVPU_TURN_IGNORED,
	SVPU_TURN_REFUSED, /* a command: the session has ended */
	SVPU_TURN_INVALID, /* a command: not allowed in this state */
	/* a message that the protocol doesn't allow now: give up on the peer */
	SVPU_TURN_OFFENCE,
	SVPU_TURN_FAILS, /* the session has failed: return all buffers, report it once */
};

/* `state` changes if the result is SVPU_TURN_ACCEPTED or SVPU_TURN_FAILS. */
enum svpu_turn svpu_session_step(struct svpu_session_state *state, enum svpu_session_trigger what);

/* The trigger that a message is. Its form must have been checked: message_check.h. */
enum svpu_session_trigger svpu_session_said(const struct svpu_entry *message);

/*
 * The trigger that a command is. Commands are built by the host itself, so their form isn't
 * checked.
 */
enum svpu_session_trigger svpu_session_wants(const struct svpu_entry *command);

/* ---- questions ---- */

/* No firmware was started yet. */
bool svpu_session_is_idle(const struct svpu_session_state *state);
bool svpu_session_is_ready(const struct svpu_session_state *state);
bool svpu_session_is_configured(const struct svpu_session_state *state);
bool svpu_session_is_over(const struct svpu_session_state *state);

/* The firmware has been started, so commands will be read. */
bool svpu_session_is_under_way(const struct svpu_session_state *state);

/* The firmware has a drain to answer. (Buffers and flushes are tracked by the host itself.) */
bool svpu_session_owes_drain(const struct svpu_session_state *state);

/* The firmware waits for RESUME: until then it has nothing to do. */
bool svpu_session_is_paused(const struct svpu_session_state *state);

/* human-readable. */
const char *svpu_session_trigger_name(enum svpu_session_trigger what);

#ifdef __cplusplus
}
#endif

#endif /* SOFTVPU_CORE_SESSION_STATE_H */
