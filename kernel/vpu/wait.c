// SPDX-License-Identifier: GPL-2.0
/*
 * Waits until the firmware has returned a side's buffers, or no longer uses memory that was freed.
 * Its messages are handled meanwhile, since the waiter has the lock that their reader wants. For
 * calls of the client only: what handles a message must not wait for the next one.
 */
#include "module.h"
#include "vpu/books.h"

/* Waits for the firmware's bell, until the deadline at most. Errors: -ETIMEDOUT; -EINTR. */
static int svpu_wait_bell(struct svpu_port *port, unsigned long deadline)
{
	long left = deadline - jiffies;

	if (left <= 0)
		return -ETIMEDOUT;
	left = wait_event_killable_timeout(port->wait,
					   atomic_read(&port->bell) || READ_ONCE(port->lost), left);
	return left < 0 ? -EINTR : 0;
}

/*
 * Asks the firmware for everything on one side and waits until it has released it, or is out of
 * time and the session ends. A client that is being killed doesn't wait.
 */
void svpu_session_flush(struct svpu_session *session, enum svpu_direction direction)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(svpu_timeout_ms);
	int ret;

	if (WARN_ON_ONCE(session->handling) || !session->port)
		return;
	ret = svpu_books_flush(session, direction);
	if (ret)
		session->ops->failed(session, svpu_send_error(ret));
	while (session->port && svpu_session_is_flushing(session, direction)) {
		atomic_set(&session->port->bell, 0);
		/* To the last message: only then the firmware rings again. */
		if (svpu_session_read(session) && time_before(jiffies, deadline)) {
			cond_resched();
			continue;
		}
		if (!session->port || !svpu_session_is_flushing(session, direction))
			break;
		ret = svpu_wait_bell(session->port, deadline);
		if (ret == -ETIMEDOUT)
			session->ops->failed(session, "it doesn't answer a flush");
		else if (ret)
			session->ops->failed(session, "its client was killed during a flush");
	}
}

static bool svpu_room_or_nothing_leaves(struct svpu_session *session, unsigned int count,
					unsigned long size)
{
	return !session->port || list_empty(&session->port->leaving) ||
	       session->client.dev->transport->room(&session->client, count, size);
}

/*
 * Before buffers are allocated: those that were freed a moment ago may still be the firmware's, and
 * most of them for a moment only. It has a second to release them; what it refers to as a reference
 * picture it keeps.
 */
void svpu_session_make_room(struct svpu_session *session, unsigned int count, unsigned long size)
{
	unsigned long deadline = jiffies + HZ;

	if (WARN_ON_ONCE(session->handling))
		return;
	while (!svpu_room_or_nothing_leaves(session, count, size)) {
		atomic_set(&session->port->bell, 0);
		/* To the last message: only then the firmware rings again. */
		if (svpu_session_read(session) && time_before(jiffies, deadline)) {
			cond_resched();
			continue;
		}
		if (svpu_room_or_nothing_leaves(session, count, size) ||
		    svpu_wait_bell(session->port, deadline))
			return;
	}
}
