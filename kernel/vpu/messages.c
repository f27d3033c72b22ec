// SPDX-License-Identifier: GPL-2.0
/*
 * What the firmware says: each message is checked against the books and becomes an event of the
 * upper half. Under the session's lock, from its work or from a call that waits (wait.c).
 * softvpu/hfi.h.
 */
#include "vpu/books.h"

/* Messages handled in one go before the lock is given up. */
#define SVPU_READ_BUDGET 64

static const char *svpu_on_input_done(struct svpu_session *session,
				      const struct svpu_msg_status *message)
{
	struct svpu_buffer *buffer = svpu_books_find(session, SVPU_INPUT, message->entry.cookie);
	const char *wrong;
	bool oldest;

	if (!buffer)
		return "it gave back an input that it doesn't have";
	oldest = list_is_first(&buffer->link, &session->in_flight[SVPU_INPUT]);
	wrong = svpu_requests_input_done(&session->requests, &buffer->queueing, oldest,
					 message->status);
	if (wrong)
		return wrong;
	svpu_books_take(session, buffer);
	session->port->counters.inputs++;
	session->ops->input_done(session, buffer, message->status == SVPU_OK);
	return NULL;
}

static const char *svpu_on_output_done(struct svpu_session *session,
				       const struct svpu_msg_output_done *message)
{
	struct svpu_buffer *buffer = svpu_books_find(session, SVPU_OUTPUT, message->entry.cookie);
	bool good = message->status == SVPU_OK;
	const char *wrong;

	/* It may be with the firmware again, under another cookie. */
	if (!buffer && svpu_books_forget_recalled(session, message->entry.cookie))
		return NULL;
	if (!buffer)
		return "it gave back an output that it doesn't have";
	wrong = svpu_requests_output_done(&session->requests, &buffer->queueing, message->status);
	if (wrong)
		return wrong;
	if (message->status == SVPU_CANCELLED) {
		svpu_books_take(session, buffer);
		session->ops->output_returned(session, buffer,
					      svpu_requests_flush(&session->requests, SVPU_OUTPUT,
								  &buffer->queueing));
		return NULL;
	}
	if (message->bytes_used[0] > vb2_plane_size(buffer->vb, 0))
		return "it claims more bytes than the buffer has";
	svpu_books_take(session, buffer);
	session->port->counters.frames++;
	if (message->flags & SVPU_FRAME_IN_PLACE)
		session->port->counters.in_place++;
	vb2_set_plane_payload(buffer->vb, 0, message->bytes_used[0]);
	if (good && svpu_buffer_copy(session, buffer, false))
		good = false;
	session->ops->output_done(session, buffer, message, good);
	return NULL;
}

static const char *svpu_on_error(struct svpu_session *session, const struct svpu_msg_error *message)
{
	char text[SVPU_TEXT_BYTES];

	svpu_text(text, sizeof(text), message->text, SVPU_TEXT_BYTES);
	dev_warn_ratelimited(session->client.dev->dev, "firmware error %u: %s\n", message->status,
			     text);
	return message->entry.type == SVPU_MSG_SYSTEM_ERROR ? "it says it is over" :
							      "it gave the session up";
}

/* Returns what is wrong with the message, or NULL. */
static const char *svpu_on_message(struct svpu_session *session,
				   const union svpu_any_message *message)
{
	session->heard = jiffies;
	switch (message->entry.type) {
	case SVPU_MSG_CONFIGURED:
		return message->status.status == SVPU_OK ? NULL : "it refused the configuration";
	case SVPU_MSG_FORMAT_CHANGED:
		return session->ops->format_changed(session, &message->format);
	case SVPU_MSG_INPUT_DONE:
		return svpu_on_input_done(session, &message->status);
	case SVPU_MSG_OUTPUT_DONE:
		return svpu_on_output_done(session, &message->output);
	case SVPU_MSG_DRAINED:
		/* The status is 0, which is SVPU_OK, where the message has none. */
		session->ops->drained(session, message->status.status != SVPU_OK,
				      svpu_session_is_flushing(session, SVPU_INPUT));
		return NULL;
	case SVPU_MSG_FLUSHED:
		return svpu_books_flushed(session, &message->flushed);
	case SVPU_MSG_UNMAPPED:
		return svpu_memory_unmapped(session->port, &message->unmapped);
	case SVPU_MSG_PONG:
		if (!session->ping || message->entry.cookie != session->ping)
			return "it answered a ping that wasn't sent";
		session->ping = 0;
		return NULL;
	case SVPU_MSG_SESSION_ERROR:
	case SVPU_MSG_SYSTEM_ERROR:
		return svpu_on_error(session, &message->error);
	case SVPU_MSG_DEBUG_TEXT:
		return "it sent debug text outside of its ring";
	default:
		/* READY, and what a later minor version adds. */
		return NULL;
	}
}

/* Handles the next message. False: there is none, or the session is over. */
static bool svpu_session_read_one(struct svpu_session *session)
{
	union svpu_any_message message;
	const char *wrong = NULL;
	int ret = svpu_port_receive(session->port, &message);

	if (ret < 0) {
		wrong = svpu_receive_error(ret);
	} else if (ret) {
		session->handling = true;
		wrong = svpu_on_message(session, &message);
		session->handling = false;
	} else if (READ_ONCE(session->port->lost)) {
		wrong = "its worker is gone";
	}
	if (wrong && session->port)
		session->ops->failed(session, wrong);
	return ret > 0 && session->port;
}

/* Handles what has arrived. True: there may be more. */
bool svpu_session_read(struct svpu_session *session)
{
	unsigned int budget;

	for (budget = 0; session->port && budget < SVPU_READ_BUDGET; budget++)
		if (!svpu_session_read_one(session))
			return false;
	return session->port;
}

void svpu_session_work(struct work_struct *work)
{
	struct svpu_session *session = container_of(work, struct svpu_session, work);
	bool more;

	mutex_lock(session->lock);
	more = svpu_session_read(session);
	session->ops->pump(session);
	mutex_unlock(session->lock);
	if (more)
		queue_work(system_unbound_wq, work);
}
