// SPDX-License-Identifier: GPL-2.0
/*
 * A session's books: which buffers are with the firmware, and what it owes. Every answer is checked
 * against them. Used by the other files of a session, under its lock. docs/hfi.md, 5 and 9.
 */
#include "vpu/books.h"

int svpu_session_send(struct svpu_session *session, void *command, u16 type, u16 size, u64 cookie)
{
	if (!session->port)
		return -EIO;
	return svpu_port_send(session->port, command, type, size, cookie);
}

const char *svpu_send_error(int error)
{
	switch (error) {
	case -EAGAIN:
		return "it doesn't read its commands";
	case -ENODEV:
		return "its device is gone";
	case -EPROTO:
		return "it broke the command ring";
	default:
		return "no memory to share a buffer";
	}
}

/* Of a session that is over; buffers in flight stay, for svpu_session_take_back(). */
void svpu_books_reset(struct svpu_session *session)
{
	memset(&session->requests, 0, sizeof(session->requests));
	session->num_recalled = 0;
	session->ping = 0;
}

/* One more buffer is with the firmware. */
void svpu_books_enter(struct svpu_session *session, struct svpu_buffer *buffer)
{
	enum svpu_direction direction = buffer->direction;
	u32 *deepest = &session->port->counters.deepest[direction];

	buffer->cookie = ++session->cookie;
	buffer->queueing = svpu_requests_stamp(&session->requests, direction);
	list_add_tail(&buffer->link, &session->in_flight[direction]);
	session->num_in_flight[direction]++;
	*deepest = max(*deepest, session->num_in_flight[direction]);
}

/* The buffer that `cookie` names, or NULL: none that is with the firmware. */
struct svpu_buffer *svpu_books_find(struct svpu_session *session, enum svpu_direction direction,
				    u64 cookie)
{
	struct svpu_buffer *buffer;

	list_for_each_entry(buffer, &session->in_flight[direction], link)
		if (buffer->cookie == cookie)
			return buffer;
	return NULL;
}

/* It is no longer with the firmware. */
void svpu_books_take(struct svpu_session *session, struct svpu_buffer *buffer)
{
	buffer->cookie = 0;
	list_del(&buffer->link);
	session->num_in_flight[buffer->direction]--;
}

/* Asks for everything of one side. */
int svpu_books_flush(struct svpu_session *session, enum svpu_direction direction)
{
	struct svpu_cmd_flush cmd = { .direction = direction };

	svpu_requests_begin_flush(&session->requests, direction);
	cmd.generation = session->requests.flushes[direction];
	return svpu_session_send(session, &cmd, SVPU_CMD_FLUSH, sizeof(cmd), 0);
}

/* Flushes are answered in order. Returns what is wrong with the answer, or NULL. */
const char *svpu_books_flushed(struct svpu_session *session, const struct svpu_msg_flushed *message)
{
	enum svpu_direction direction = message->direction;
	const struct svpu_buffer *oldest =
		list_first_entry_or_null(&session->in_flight[direction], struct svpu_buffer, link);

	if (message->generation != (u32)session->requests.flushed[direction] + 1)
		return "it flushed out of order";
	/* Those that were recalled belong to the oldest flush: they aren't queued in between. */
	if (direction == SVPU_OUTPUT && session->num_recalled)
		return "it kept buffers over a flush";
	return svpu_requests_end_flush(&session->requests, direction,
				       oldest ? &oldest->queueing : NULL);
}

/* True: the cookie is that of a buffer that was recalled; it is answered now. */
bool svpu_books_forget_recalled(struct svpu_session *session, u64 cookie)
{
	u32 i;

	for (i = 0; i < session->num_recalled; i++) {
		if (session->recalled[i] != cookie)
			continue;
		session->recalled[i] = session->recalled[--session->num_recalled];
		return true;
	}
	return false;
}
