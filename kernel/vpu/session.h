/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The seam: a codec session as the upper half (v4l2/) sees it. The upper half calls these
 * functions, which never wait for a message unless stated otherwise; events are delivered through
 * struct svpu_session_ops. Buffers have a direction, input or output; OUTPUT and CAPTURE are terms
 * of the upper half. The counterpart of src/codec/session.h.
 *
 * Everything is called under the owner's lock, events too. These functions return 0 or an error
 * that svpu_send_error() describes. An error ends the session: the upper half must close it.
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

/* Events from below. None of these callbacks may wait for a message. */
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
	/* The session has failed; the callback must close it before it returns. */
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
	/* cookies of outputs that were recalled and not yet answered */
	u64 recalled[SVPU_MAX_BUFFERS];
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
/* Doesn't wait. Buffers in flight must then be fetched with svpu_session_take_back(). */
void svpu_session_close(struct svpu_session *session);
/* Before close(): for people and counters, why. */
void svpu_session_complain(struct svpu_session *session, const char *why);
/* Takes back the oldest buffer in flight; NULL: none. */
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

/* The firmware has sent READY, so it may have read inputs. */
bool svpu_session_has_begun(const struct svpu_session *session);
/* Buffers may be queued; false: pump() comes when there is room. */
bool svpu_session_has_room(struct svpu_session *session);

/*
 * Also returns -EFAULT, which does not end the session: the bytes can't be copied into the bounce
 * buffer.
 */
int svpu_session_queue_input(struct svpu_session *session, struct svpu_buffer *buffer, u32 offset,
			     u32 bytes, u64 tag);
int svpu_session_queue_output(struct svpu_session *session, struct svpu_buffer *buffer);
/* Applies to outputs queued after it. */
int svpu_session_set_layout(struct svpu_session *session, const struct svpu_frame_layout *layout);
/* Of inputs that are queued after it; one that the codec doesn't have is ignored. */
int svpu_session_set_control(struct svpu_session *session, u32 id, s64 value);
int svpu_session_drain(struct svpu_session *session);
int svpu_session_resume(struct svpu_session *session);
/* One queued output comes back, if there is any. */
int svpu_session_return_output(struct svpu_session *session);
/*
 * Asks for all outputs back. They can be fetched with svpu_session_take_back() and queued again at
 * once, before the firmware has answered.
 */
int svpu_session_recall(struct svpu_session *session);

/* ---- buffers.c: memory ---- */

/*
 * Allocates bounce buffers for planes that the firmware can't reach. Errors: -ENOMEM, and the
 * transport's.
 */
int svpu_session_bounce(struct svpu_session *session, struct svpu_buffer *buffer);
/* Makes the memory known to the session, unless it is. */
int svpu_session_map(struct svpu_session *session, struct svpu_buffer *buffer);
/* The buffer's memory is about to be freed. */
int svpu_session_unmap(struct svpu_session *session, struct svpu_buffer *buffer);

/* ---- wait.c: these wait, and handle messages meanwhile ---- */

void svpu_session_flush(struct svpu_session *session, enum svpu_direction direction);
void svpu_session_make_room(struct svpu_session *session, unsigned int count, unsigned long size);

/* human-readable: what an error of a verb means. */
const char *svpu_send_error(int error);

#endif /* SOFTVPU_SESSION_H */
