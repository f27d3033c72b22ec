// SPDX-License-Identifier: GPL-2.0
/*
 * A silent firmware is asked for a sign of life, then given up. Signs of life aren't enough at the
 * beginning: there is no reason to take long to be configured.
 */
#include "module.h"
#include "vpu/books.h"

/* Something is expected of the firmware. */
static bool svpu_session_is_busy(struct svpu_session *session)
{
	const struct svpu_session_state *state = &session->port->state;

	return session->num_in_flight[SVPU_INPUT] || session->num_in_flight[SVPU_OUTPUT] ||
	       svpu_session_is_flushing(session, SVPU_OUTPUT) || svpu_session_owes_drain(state) ||
	       !svpu_session_is_configured(state) || !svpu_port_all_read(session->port);
}

static int svpu_session_ping(struct svpu_session *session)
{
	struct svpu_entry ping;

	session->ping = ++session->cookie;
	session->ping_sent = jiffies;
	return svpu_session_send(session, &ping, SVPU_CMD_PING, sizeof(ping), session->ping);
}

static void svpu_session_watch(struct svpu_session *session, unsigned long limit)
{
	int ret = 0;

	if (session->ping && time_after(jiffies, session->ping_sent + limit))
		session->ops->failed(session, "it doesn't answer");
	else if (!svpu_session_is_configured(&session->port->state) &&
		 time_after(jiffies, session->started + 2 * limit))
		session->ops->failed(session, "it doesn't get configured");
	else if (!session->ping && time_after(jiffies, session->heard + limit / 2))
		ret = svpu_session_ping(session);
	if (ret)
		session->ops->failed(session, svpu_send_error(ret));
}

void svpu_session_watchdog(struct work_struct *work)
{
	struct svpu_session *session =
		container_of(to_delayed_work(work), struct svpu_session, watchdog);
	unsigned long limit = msecs_to_jiffies(svpu_timeout_ms);

	mutex_lock(session->lock);
	if (session->port && svpu_session_is_busy(session))
		svpu_session_watch(session, limit);
	if (session->port)
		mod_delayed_work(system_wq, &session->watchdog, max(limit / 4, 1UL));
	mutex_unlock(session->lock);
}
