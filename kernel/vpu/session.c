// SPDX-License-Identifier: GPL-2.0
/*
 * Session operations: turn the upper half's calls into commands. messages.c handles the answers.
 * See session.h.
 */
#include "core/frame_layout.h"
#include "module.h"
#include "vpu/books.h"

void svpu_session_init(struct svpu_session *session, struct svpu_device *dev,
		       const struct svpu_session_ops *ops, struct mutex *lock)
{
	session->client.dev = dev;
	session->ops = ops;
	session->lock = lock;
	INIT_LIST_HEAD(&session->in_flight[SVPU_INPUT]);
	INIT_LIST_HEAD(&session->in_flight[SVPU_OUTPUT]);
	INIT_WORK(&session->work, svpu_session_work);
	INIT_DELAYED_WORK(&session->watchdog, svpu_session_watchdog);
}

void svpu_session_exit(struct svpu_session *session)
{
	cancel_work_sync(&session->work);
	cancel_delayed_work_sync(&session->watchdog);
}

static int svpu_session_send_plain(struct svpu_session *session, u16 type)
{
	struct svpu_entry entry;

	return svpu_session_send(session, &entry, type, sizeof(entry), 0);
}

int svpu_session_open(struct svpu_session *session)
{
	struct svpu_vpu *vpu = svpu_vpu_of(session->client.dev);
	struct svpu_port *port = svpu_port_open(vpu, &session->client, &session->work);

	if (IS_ERR(port))
		return PTR_ERR(port);
	svpu_books_reset(session);
	session->port = port;
	session->started = jiffies;
	session->heard = jiffies;
	mod_delayed_work(system_wq, &session->watchdog, msecs_to_jiffies(svpu_timeout_ms / 4));
	return 0;
}

int svpu_session_start(struct svpu_session *session, u32 coded, u32 width_hint, u32 height_hint)
{
	struct svpu_cmd_configure cmd = {
		.role = SVPU_DECODER,
		.coded = coded,
		.width_hint = width_hint,
		.height_hint = height_hint,
	};
	int ret = svpu_session_send(session, &cmd, SVPU_CMD_CONFIGURE, sizeof(cmd), 0);

	return ret ? ret : svpu_session_send_plain(session, SVPU_CMD_START);
}

void svpu_session_close(struct svpu_session *session)
{
	struct svpu_port *port = session->port;

	session->port = NULL;
	svpu_port_close(port);
	svpu_books_reset(session);
}

void svpu_session_complain(struct svpu_session *session, const char *why)
{
	struct svpu_vpu *vpu = svpu_vpu_of(session->client.dev);
	struct svpu_port *port = session->port;
	char words[200];

	svpu_port_last_words(port, words, sizeof(words));
	dev_warn_ratelimited(vpu->device.dev, "session %u with worker %d ended: %s%s%s\n",
			     port->link.generation, port->link.worker, why,
			     words[0] ? "; last words: " : "", words);
	spin_lock(&vpu->ports_lock);
	vpu->sessions_failed++;
	spin_unlock(&vpu->ports_lock);
}

struct svpu_buffer *svpu_session_take_back(struct svpu_session *session,
					   enum svpu_direction direction)
{
	struct svpu_buffer *buffer =
		list_first_entry_or_null(&session->in_flight[direction], struct svpu_buffer, link);

	if (buffer)
		svpu_books_take(session, buffer);
	return buffer;
}

bool svpu_session_has_begun(const struct svpu_session *session)
{
	return svpu_session_is_ready(&session->port->state);
}

bool svpu_session_has_room(struct svpu_session *session)
{
	return svpu_port_has_room(session->port);
}

int svpu_session_queue_input(struct svpu_session *session, struct svpu_buffer *buffer, u32 offset,
			     u32 bytes, u64 tag)
{
	struct svpu_cmd_queue_input cmd = {
		.index = buffer->vb->index,
		.generation = buffer->generation,
		.num_planes = 1,
		.tag = tag,
		.plane[0] = { .offset = offset, .bytes = bytes },
	};

	if (svpu_buffer_copy(session, buffer, true))
		return -EFAULT;
	svpu_books_enter(session, buffer);
	return svpu_session_send(session, &cmd, SVPU_CMD_QUEUE_INPUT, sizeof(cmd), buffer->cookie);
}

int svpu_session_queue_output(struct svpu_session *session, struct svpu_buffer *buffer)
{
	struct svpu_cmd_buffer cmd = {
		.direction = SVPU_OUTPUT,
		.index = buffer->vb->index,
		.generation = buffer->generation,
	};

	svpu_books_enter(session, buffer);
	return svpu_session_send(session, &cmd, SVPU_CMD_QUEUE_OUTPUT, sizeof(cmd), buffer->cookie);
}

int svpu_session_set_layout(struct svpu_session *session, const struct svpu_frame_layout *layout)
{
	const struct svpu_pixel_format *format = layout->format;
	struct svpu_cmd_set_layout cmd = {
		.fourcc = format->fourcc,
		.width = layout->width,
		.height = layout->height,
		.memory_planes = format->memory_planes,
		.components = format->components,
	};
	unsigned int i;

	for (i = 0; i < format->components; i++) {
		cmd.stride[i] = layout->stride[i];
		cmd.offset[i] = layout->offset[i];
		cmd.component_plane[i] = layout->component_plane[i];
	}
	for (i = 0; i < format->memory_planes; i++)
		cmd.plane_size[i] = layout->plane_size[i];
	return svpu_session_send(session, &cmd, SVPU_CMD_SET_LAYOUT, sizeof(cmd), 0);
}

int svpu_session_set_control(struct svpu_session *session, u32 id, s64 value)
{
	struct svpu_cmd_set_control cmd = { .id = id, .value = value };

	return svpu_session_send(session, &cmd, SVPU_CMD_SET_CONTROL, sizeof(cmd), 0);
}

int svpu_session_drain(struct svpu_session *session)
{
	return svpu_session_send_plain(session, SVPU_CMD_DRAIN);
}

int svpu_session_resume(struct svpu_session *session)
{
	return svpu_session_send_plain(session, SVPU_CMD_RESUME);
}

int svpu_session_return_output(struct svpu_session *session)
{
	svpu_requests_begin_return(&session->requests);
	return svpu_session_send_plain(session, SVPU_CMD_RETURN_OUTPUT);
}

/*
 * Asks for all CAPTURE buffers back without waiting. Errors: -EPROTO if the previous recall is
 * still unanswered, although something sent after it was answered.
 */
int svpu_session_recall(struct svpu_session *session)
{
	struct svpu_buffer *buffer;
	int ret = svpu_books_flush(session, SVPU_OUTPUT);

	if (ret)
		return ret;
	if (session->num_recalled)
		return -EPROTO;
	list_for_each_entry(buffer, &session->in_flight[SVPU_OUTPUT], link)
		session->recalled[session->num_recalled++] = buffer->cookie;
	return 0;
}
