/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * The stateful decoder as one pure function: (state, event) -> (state, actions), and the queries
 * whose answers follow from the state. Both hosts call it under the lock of the open file, and
 * don't inspect the state in any other way. Clauses: dev-decoder.rst of the V4L2 documentation,
 * cited by section and step; where it is silent, v4l2-mem2mem.
 */
#ifndef SOFTVPU_CORE_DECODER_STATE_H
#define SOFTVPU_CORE_DECODER_STATE_H

#include "core/types.h"
#include "core/verdict.h"

#ifdef __cplusplus
extern "C" {
#endif

enum svpu_phase {
	/* No header is known yet; inputs are consumed until one is found. */
	SVPU_PHASE_INITIALIZATION,
	/*
	 * The client has been notified of a (new) format; the session is paused until the CAPTURE
	 * buffers fit it.
	 */
	SVPU_PHASE_CAPTURE_SETUP,
	/* The session is decoding. */
	SVPU_PHASE_DECODING,
	/* A drain is over; inputs are processed after START or a restart of a queue. */
	SVPU_PHASE_STOPPED,
	/* The session is gone; EIO until STREAMOFF. */
	SVPU_PHASE_FAILED,
};

struct svpu_decoder_state {
	enum svpu_phase phase;
	bool output_streaming;
	bool capture_streaming;
	bool session_open;
	bool header_known; /* of this session */
	/* The session waits for a resume, which is sent exactly once for each pause. */
	bool paused;
	/* V4L2_DEC_CMD_STOP was accepted, and its LAST buffer has not been completed yet. */
	bool draining;
	/*
	 * A CAPTURE buffer is to be completed with V4L2_BUF_FLAG_LAST as soon as one is available.
	 */
	bool last_wanted;
	/*
	 * The session announced another geometry while frames of the old one were waiting to be
	 * dequeued. The event is sent after the client has dequeued them: FFmpeg and GStreamer drop
	 * such frames when they see the event.
	 */
	bool change_held;
	/*
	 * The session was told to drain, has not answered yet, and its inputs have not been flushed
	 * since.
	 */
	bool drain_sent;
	/*
	 * STOP came while an abandoned drain was still unanswered: once that is answered, another
	 * drain must be sent, and inputs queued after the STOP wait for it.
	 */
	bool drain_again;
	/*
	 * STOP came before CAPTURE streamed: it becomes a drain when CAPTURE starts, unless
	 * something is queued to OUTPUT before (docs/adr/0010).
	 */
	bool stop_remembered;
};

enum svpu_decoder_trigger {
	SVPU_ON_OUTPUT_STREAMON,
	SVPU_ON_OUTPUT_STREAMOFF,
	SVPU_ON_OUTPUT_FREED, /* VIDIOC_REQBUFS(OUTPUT, 0), or another OUTPUT format was set */
	SVPU_ON_CAPTURE_STREAMON,
	SVPU_ON_CAPTURE_STREAMOFF,
	SVPU_ON_INPUT_QUEUED, /* VIDIOC_QBUF(OUTPUT) */
	SVPU_ON_STOP, /* V4L2_DEC_CMD_STOP */
	SVPU_ON_START, /* V4L2_DEC_CMD_START */
	/* from the session: the first header was found, or a frame of another geometry is due */
	SVPU_ON_FORMAT_CHANGED,
	SVPU_ON_CAPTURE_DONE_EMPTY, /* the client dequeued the last CAPTURE buffer that was done */
	SVPU_ON_DRAINED, /* from the session */
	SVPU_ON_LAST_COMPLETED, /* a CAPTURE buffer was completed with V4L2_BUF_FLAG_LAST */
	SVPU_ON_SESSION_FAILED,
};

struct svpu_decoder_event {
	enum svpu_decoder_trigger what;
	/*
	 * FORMAT_CHANGED: CAPTURE has enough buffers, and one of them fits the stream.
	 * CAPTURE_STREAMON, START: at least one buffer fits.
	 */
	bool fits;
	/* FORMAT_CHANGED: CAPTURE buffers are done and not dequeued. */
	bool frames_waiting;
	/*
	 * DRAINED: a flush of the inputs is still unanswered, so this answers a drain sent before
	 * that flush.
	 */
	bool stale;
};

enum svpu_decoder_action {
	SVPU_DO_NOTHING,
	SVPU_DO_START_SESSION, /* open and start one; hand it the queued inputs */
	SVPU_DO_CLOSE_SESSION, /* its CAPTURE buffers are queued again */
	SVPU_DO_FLUSH_INPUT,
	SVPU_DO_FLUSH_OUTPUT,
	SVPU_DO_APPLY_FORMAT, /* the announced stream becomes what queries answer */
	SVPU_DO_EVENT_SOURCE_CHANGE, /* V4L2_EVENT_SRC_CH_RESOLUTION */
	SVPU_DO_EVENT_EOS,
	SVPU_DO_DRAIN, /* after the inputs that are queued */
	SVPU_DO_RESUME, /* send the layout, hand over the queued CAPTURE buffers, resume */
	/* Complete an empty CAPTURE buffer with LAST; if none is queued, the next one that is. */
	SVPU_DO_DELIVER_LAST,
	SVPU_DO_CANCEL_LAST, /* a LAST buffer is no longer wanted */
	SVPU_DO_CLEAR_EPIPE, /* DQBUF(CAPTURE) waits again */
	/* As vb2_queue_error(): POLLERR and EIO until STREAMOFF gives the buffers back. */
	SVPU_DO_FAIL_QUEUES,
};

#define SVPU_MAX_DECODER_ACTIONS 6

struct svpu_decoder_transition {
	struct svpu_decoder_state next;
	/* In order; SVPU_DO_NOTHING after the last. */
	enum svpu_decoder_action actions[SVPU_MAX_DECODER_ACTIONS];
	enum svpu_verdict verdict; /* refused: nothing changes, and there are no actions */
};

/* All of `to` is written. It must not overlap `state`. */
void svpu_decoder_step(const struct svpu_decoder_state *state,
		       const struct svpu_decoder_event *event, struct svpu_decoder_transition *to);

/* ---- questions ---- */

/* According to the state: during STREAMON and STREAMOFF, a host's own queues may disagree. */
bool svpu_decoder_output_streams(const struct svpu_decoder_state *state);
bool svpu_decoder_capture_streams(const struct svpu_decoder_state *state);

/* The session failed, and OUTPUT has been streaming since: calls return EIO. */
bool svpu_decoder_has_failed(const struct svpu_decoder_state *state);

/*
 * The session ended while the actions of a transition to `planned` were being carried out, because
 * one of them failed: the remaining actions must be skipped.
 */
bool svpu_decoder_lost_session(const struct svpu_decoder_state *planned,
			       const struct svpu_decoder_state *now);

/*
 * The queued inputs may still contain a header: a caller that asks for the stream's format may wait
 * for it.
 */
bool svpu_decoder_awaits_header(const struct svpu_decoder_state *state);

/* A STOP has not produced its LAST yet, or waits for CAPTURE to stream. */
bool svpu_decoder_stop_is_pending(const struct svpu_decoder_state *state);

/*
 * Nothing is expected from a session that hasn't read any input yet: at STREAMOFF(OUTPUT) it may be
 * closed instead of flushed, since the next STREAMON opens an equivalent one. (The caller checks
 * that it hasn't read any.)
 */
bool svpu_decoder_may_close_unread(const struct svpu_decoder_state *state);

/*
 * CAPTURE streams with buffers of an outdated geometry: buffers that are too small may be queued as
 * well.
 */
bool svpu_decoder_takes_old_buffers(const struct svpu_decoder_state *state);

/* A CAPTURE buffer with LAST must still be delivered. */
bool svpu_decoder_owes_last(const struct svpu_decoder_state *state);

/* CAPTURE buffers may be handed to the session to be filled. */
bool svpu_decoder_lends_outputs(const struct svpu_decoder_state *state);

/* The layout of a frame is known: the session has it or has to be told. */
bool svpu_decoder_has_layout(const struct svpu_decoder_state *state);

/* The LAST that is completed now is that of a drain, not that of a change of resolution. */
bool svpu_decoder_last_ends_drain(const struct svpu_decoder_state *state);

struct svpu_queued_input {
	bool empty; /* no payload: the older way to say STOP */
	bool covered; /* queued before a STOP whose drain hasn't been sent yet */
	bool others_with_session; /* the session still has inputs */
};

enum svpu_input_turn {
	SVPU_INPUT_WAITS,
	SVPU_INPUT_GOES, /* to the session */
	SVPU_INPUT_GOES_AND_STOPS, /* and then the client is treated as if it had sent STOP */
};

/* What to do with the first queued input. */
enum svpu_input_turn svpu_decoder_input_turn(const struct svpu_decoder_state *state,
					     const struct svpu_queued_input *input);

/* Names for log messages. */
const char *svpu_decoder_phase_name(const struct svpu_decoder_state *state);
const char *svpu_decoder_action_name(enum svpu_decoder_action action);

#ifdef __cplusplus
}
#endif

#endif /* SOFTVPU_CORE_DECODER_STATE_H */
