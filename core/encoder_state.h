/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * The stateful encoder as one pure function: (state, what happened) -> (state, what to do), and the
 * questions whose answers follow from the state. Hosts run it under the lock of the open file and
 * test the state nowhere else. Clauses: dev-encoder.rst of the V4L2 documentation, cited by section
 * and step; where it is silent, v4l2-mem2mem.
 */
#ifndef SOFTVPU_CORE_ENCODER_STATE_H
#define SOFTVPU_CORE_ENCODER_STATE_H

#include "core/types.h"
#include "core/verdict.h"

#ifdef __cplusplus
extern "C" {
#endif

enum svpu_encoder_phase {
	/* There is no session: the two queues have not streamed at the same time yet. */
	SVPU_ENCODER_INITIALIZATION,
	/* The session encodes while both queues stream. */
	SVPU_ENCODER_ENCODING,
	/* A drain is over; inputs are processed after START or a restart of a queue. */
	SVPU_ENCODER_STOPPED,
	/* The session is gone; EIO until neither queue streams. */
	SVPU_ENCODER_FAILED,
};

struct svpu_encoder_state {
	enum svpu_encoder_phase phase;
	bool output_streaming;
	bool capture_streaming;
	bool session_open;
	/* The session waits for a resume, which is sent exactly once for each pause. */
	bool paused;
	/* V4L2_ENC_CMD_STOP was accepted, and its LAST buffer is not completed yet. */
	bool draining;
	/* A CAPTURE buffer is to be completed with V4L2_BUF_FLAG_LAST once there is one. */
	bool last_wanted;
	/* The session was told to drain, and neither answered nor had its inputs flushed. */
	bool drain_sent;
	/*
	 * STOP came while an abandoned drain was unanswered: a drain is due again after that
	 * answer, and inputs that are queued after the STOP wait for it.
	 */
	bool drain_again;
};

enum svpu_encoder_trigger {
	SVPU_ENCODER_ON_OUTPUT_STREAMON,
	SVPU_ENCODER_ON_OUTPUT_STREAMOFF,
	/* VIDIOC_REQBUFS(OUTPUT, 0), a new OUTPUT format, another crop rectangle */
	SVPU_ENCODER_ON_OUTPUT_FREED,
	SVPU_ENCODER_ON_CAPTURE_STREAMON,
	SVPU_ENCODER_ON_CAPTURE_STREAMOFF,
	/* START_SESSION failed. The STREAMON behind it fails, too, and is taken back next. */
	SVPU_ENCODER_ON_SESSION_REFUSED,
	SVPU_ENCODER_ON_STOP, /* V4L2_ENC_CMD_STOP */
	SVPU_ENCODER_ON_START, /* V4L2_ENC_CMD_START */
	SVPU_ENCODER_ON_DRAINED, /* the session */
	/* The same, of a drain from before a flush of the inputs that is still unanswered. */
	SVPU_ENCODER_ON_STALE_DRAINED,
	SVPU_ENCODER_ON_LAST_COMPLETED, /* a CAPTURE buffer, with V4L2_BUF_FLAG_LAST */
	SVPU_ENCODER_ON_SESSION_FAILED,
};

enum svpu_encoder_action {
	SVPU_ENCODER_DO_NOTHING,
	SVPU_ENCODER_DO_START_SESSION, /* open and start one, with layout and controls */
	SVPU_ENCODER_DO_CLOSE_SESSION, /* the buffers that it has are queued again */
	SVPU_ENCODER_DO_FLUSH_INPUT, /* give back what isn't read; the encoder keeps its state */
	SVPU_ENCODER_DO_FLUSH_OUTPUT, /* reset: the next frame begins a stream of its own */
	SVPU_ENCODER_DO_EVENT_EOS,
	SVPU_ENCODER_DO_DRAIN, /* behind the inputs that are queued */
	SVPU_ENCODER_DO_RESUME, /* hand over the queued CAPTURE buffers, go on */
	/* Complete a CAPTURE buffer empty with LAST, the next one queued if there is none. */
	SVPU_ENCODER_DO_DELIVER_LAST,
	SVPU_ENCODER_DO_CANCEL_LAST, /* no longer */
	SVPU_ENCODER_DO_CLEAR_EPIPE, /* DQBUF(CAPTURE) waits again */
	/* As vb2_queue_error(): POLLERR and EIO until STREAMOFF gives the buffers back. */
	SVPU_ENCODER_DO_FAIL_QUEUES,
};

#define SVPU_MAX_ENCODER_ACTIONS 4

struct svpu_encoder_transition {
	struct svpu_encoder_state next;
	/* In order; SVPU_ENCODER_DO_NOTHING after the last. */
	enum svpu_encoder_action actions[SVPU_MAX_ENCODER_ACTIONS];
	enum svpu_verdict verdict; /* refused: nothing changes, and there are no actions */
};

/* `to` is wholly written. It may not be where `state` is. */
void svpu_encoder_step(const struct svpu_encoder_state *state, enum svpu_encoder_trigger what,
		       struct svpu_encoder_transition *to);

/* ---- questions ---- */

/* The session failed, and a queue streams since: calls answer EIO. */
bool svpu_encoder_has_failed(const struct svpu_encoder_state *state);

/*
 * The session ended while the actions of a transition to `planned` were carried out, by the failure
 * of one of them: the rest is moot.
 */
bool svpu_encoder_lost_session(const struct svpu_encoder_state *planned,
			       const struct svpu_encoder_state *now);

/* A CAPTURE buffer is due that carries LAST. */
bool svpu_encoder_owes_last(const struct svpu_encoder_state *state);

/* Queued OUTPUT buffers may go to the session, to be encoded. */
bool svpu_encoder_passes_inputs(const struct svpu_encoder_state *state);

/* CAPTURE buffers may be lent to the session, to be filled. */
bool svpu_encoder_lends_outputs(const struct svpu_encoder_state *state);

/* For people. */
const char *svpu_encoder_phase_name(const struct svpu_encoder_state *state);
const char *svpu_encoder_action_name(enum svpu_encoder_action action);

#ifdef __cplusplus
}
#endif

#endif /* SOFTVPU_CORE_ENCODER_STATE_H */
