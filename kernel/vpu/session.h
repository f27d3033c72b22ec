/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The seam: a codec session as the upper half (v4l2/) sees it. Calls go down and never wait for a
 * message, but for those that say so; events come up by a struct svpu_session_ops. Buffers have
 * directions, inputs and outputs; what is OUTPUT and CAPTURE is the upper half's. The counterpart
 * of src/codec/session.h.
 *
 * Everything is called under the owner's lock, events too. A verb returns 0 or an error of
 * svpu_send_error(), which ends the session: the upper half closes it then.
 */
#ifndef SOFTVPU_SESSION_H
#define SOFTVPU_SESSION_H

#include <linux/workqueue.h>

#include "core/buffer_answers.h"
#include "transport/transport.h"

struct svpu_frame_layout;
struct svpu_port;
struct svpu_session;

/* A buffer of a queue, as sessions know it. */
struct svpu_buffer {
	struct vb2_buffer *vb;
	enum svpu_direction direction;
	u32 generation; /* of the memory behind the index */
	u32 session; /* generation of the session that knows the memory; 0: none */
	/* Memory that the firmware sees instead of the application's. */
	void *bounce[SVPU_MAX_PLANES];

	/* Of the queueing in flight. */
	struct list_head link; /* in svpu_session.in_flight */
	u64 cookie; /* 0: not with the firmware */
	struct svpu_queueing queueing; /* what had been asked for before it */
};

/* What happens below. Nobody may wait for a message in one of these. */
struct svpu_session_ops {
	/* The input's bytes are taken; false: they were damaged. */
	void (*input_done)(struct svpu_session *session, struct svpu_buffer *buffer, bool good);
	/* A frame; its bytes are the plane's payload. */
	void (*output_done)(struct svpu_session *session, struct svpu_buffer *buffer,
			    const struct svpu_msg_output_done *message, bool good);
	/* An output came back unused: for a flush, or as svpu_session_return_output() asked. */
	void (*output_returned)(struct svpu_session *session, struct svpu_buffer *buffer,
				bool flushed);
	/* A pause, until svpu_session_resume(). Returns why it can't be decoded, or NULL. */
	const char *(*format_changed)(struct svpu_session *session,
				      const struct svpu_msg_format_changed *message);
	/* A pause, too; `stale`: the drain was cancelled by a flush that isn't answered yet. */
	void (*drained)(struct svpu_session *session, bool damaged, bool stale);
	/* It is over, and is to be closed before this returns. */
	void (*failed)(struct svpu_session *session, const char *why);
	/* Messages were handled: more may be queued than before. */
	void (*pump)(struct svpu_session *session);
};

/* What an open file has of its session; there is one at a time, and none before open(). */
struct svpu_session {
	struct svpu_client client;
	const struct svpu_session_ops *ops;
	struct mutex *lock; /* the owner's; guards everything here */
	struct svpu_port *port; /* NULL: no session is open */
	bool handling; /* a message; see wait.c */

	/* Books: what is with the firmware, in the order in which it was queued. */
	struct list_head in_flight[2];
	u32 num_in_flight[2];
	struct svpu_requests requests; /* what the firmware was asked to return */
	u64 recalled[SVPU_MAX_BUFFERS]; /* cookies of outputs that are ours again, unanswered */
	u32 num_recalled;
	u32 buffer_generation;
	u64 cookie;

	struct work_struct work; /* reads messages */
	struct delayed_work watchdog;
	u64 ping; /* cookie of the ping in flight, or 0 */
	unsigned long started, ping_sent, heard; /* jiffies */
};

/* ---- session.c ---- */

void svpu_session_init(struct svpu_session *session, struct svpu_device *dev,
		       const struct svpu_session_ops *ops, struct mutex *lock);
/* Without the lock: nothing of the session runs any more after this. */
void svpu_session_exit(struct svpu_session *session);

/* May wait for the end of the last one. Errors: -ENODEV no firmware; -ENOMEM. */
int svpu_session_open(struct svpu_session *session);
/* Configures it for a decoder; sizes of 0 are unknown. */
int svpu_session_start(struct svpu_session *session, u32 coded, u32 width_hint, u32 height_hint);
/* Without a wait. What is in flight is for svpu_session_take_back(). */
void svpu_session_close(struct svpu_session *session);
/* Before close(): for people and counters, why. */
void svpu_session_complain(struct svpu_session *session, const char *why);
/* The oldest buffer in flight, which is the host's again; NULL: none. */
struct svpu_buffer *svpu_session_take_back(struct svpu_session *session,
					   enum svpu_direction direction);

static inline bool svpu_session_is_open(const struct svpu_session *session)
{
	return session->port;
}

static inline bool svpu_session_is_flushing(const struct svpu_session *session,
					    enum svpu_direction direction)
{
	return svpu_requests_is_flushing(&session->requests, direction);
}

/* It has told that it is ready: inputs may have been read. */
bool svpu_session_has_begun(const struct svpu_session *session);
/* Buffers may be queued; false: pump() comes when there is room. */
bool svpu_session_has_room(struct svpu_session *session);

/* -EFAULT, which isn't the session's end: the bytes can't be copied to where it sees them. */
int svpu_session_queue_input(struct svpu_session *session, struct svpu_buffer *buffer, u32 offset,
			     u32 bytes, u64 tag);
int svpu_session_queue_output(struct svpu_session *session, struct svpu_buffer *buffer);
/* Of outputs that are queued after it. */
int svpu_session_set_layout(struct svpu_session *session, const struct svpu_frame_layout *layout);
/* Of inputs that are queued after it; one that the codec doesn't have is ignored. */
int svpu_session_set_control(struct svpu_session *session, u32 id, s64 value);
int svpu_session_drain(struct svpu_session *session);
int svpu_session_resume(struct svpu_session *session);
/* One queued output comes back, if there is any. */
int svpu_session_return_output(struct svpu_session *session);
/* All outputs are for svpu_session_take_back(), and may be queued again at once. */
int svpu_session_recall(struct svpu_session *session);

/* ---- buffers.c: memory ---- */

/* Where the firmware can't reach the memory. Errors: -ENOMEM, and the transport's. */
int svpu_session_bounce(struct svpu_session *session, struct svpu_buffer *buffer);
/* Makes the memory known to the session, unless it is. */
int svpu_session_map(struct svpu_session *session, struct svpu_buffer *buffer);
/* The memory behind the buffer goes. */
int svpu_session_unmap(struct svpu_session *session, struct svpu_buffer *buffer);

/* ---- wait.c: these wait, and handle messages meanwhile ---- */

void svpu_session_flush(struct svpu_session *session, enum svpu_direction direction);
void svpu_session_make_room(struct svpu_session *session, unsigned int count, unsigned long size);

/* For people: what an error of a verb means. */
const char *svpu_send_error(int error);

#endif /* SOFTVPU_SESSION_H */
