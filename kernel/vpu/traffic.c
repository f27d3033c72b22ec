// SPDX-License-Identifier: GPL-2.0
/*
 * What goes through the rings of a port: commands out; messages in, copied once, checked for form
 * and for their turn, and counted; the firmware's texts. Used by the port's owner. softvpu/hfi.h.
 */
#include "core/message_check.h"
#include "vpu/port.h"

/* Slots kept free for commands that end things, when buffers fill the ring. */
#define SVPU_RESERVED_SLOTS 32

/* Of one second: lines of the firmware's debug ring that are passed on. */
#define SVPU_MAX_DEBUG_LINES 200
/* Of one second: a later minor version may add messages, but not by the thousand. */
#define SVPU_MAX_UNKNOWN 1000
/*
 * Of one second: some doorbells have nothing behind them, those for room in the command ring and
 * crossed ones.
 */
#define SVPU_MAX_IDLE 10000

/* True while buffers may be queued; false makes the firmware ring when there is room again. */
bool svpu_port_has_room(struct svpu_port *port)
{
	bool room = true;
	int access, space;

	/* A device that has gone and a broken ring have room: sending says what is wrong. */
	if (!svpu_access_begin(port->link.dev, &access))
		return true;
	space = svpu_ring_space(&port->commands);
	if (space >= 0 && space <= SVPU_RESERVED_SLOTS)
		room = !svpu_ring_wait_space(&port->commands, SVPU_RESERVED_SLOTS + 1);
	svpu_access_end(port->link.dev, access);
	return room;
}

/* The firmware has read all commands. */
bool svpu_port_all_read(struct svpu_port *port)
{
	bool all = true;
	int access;

	if (!svpu_access_begin(port->link.dev, &access))
		return true;
	all = svpu_ring_space(&port->commands) == SVPU_COMMAND_SLOTS;
	svpu_access_end(port->link.dev, access);
	return all;
}

static void svpu_port_ring(struct svpu_port *port)
{
	port->counters.rung++;
	port->link.dev->transport->doorbell(&port->link);
}

/*
 * Sends `command`, whose head this fills in, and rings if the firmware sleeps. Errors: -EAGAIN,
 * the firmware has let the reserved slots fill; -EPROTO, it broke the ring; -ENODEV, the device has
 * gone; all end a session.
 */
int svpu_port_send(struct svpu_port *port, void *command, u16 type, u16 size, u64 cookie)
{
	struct svpu_entry *entry = command;
	int access, ret;

	if (!svpu_access_begin(port->link.dev, &access))
		return -ENODEV;
	entry->type = type;
	entry->size = size;
	entry->cookie = cookie;
	ret = svpu_ring_put(&port->commands, entry);
	if (!ret) {
		svpu_session_step(&port->state, svpu_session_wants(entry));
		port->counters.commands++;
		dev_dbg(port->link.dev->dev, "session %u: %s, cookie %llx\n",
			port->link.generation, svpu_command_name(type), cookie);
		if (svpu_ring_reader_waits(&port->commands))
			svpu_port_ring(port);
	}
	svpu_access_end(port->link.dev, access);
	return ret;
}

static void svpu_port_read_debug(struct svpu_port *port)
{
	union svpu_any_message message;
	struct svpu_complaint why;
	int limit = SVPU_DEBUG_SLOTS;
	char text[SVPU_TEXT_BYTES];

	while (limit-- && svpu_ring_get(&port->debug, &message) > 0) {
		if (message.entry.type != SVPU_MSG_DEBUG_TEXT ||
		    svpu_check_message(&message, &why) != SVPU_FORM_GOOD)
			continue;
		if (svpu_rate_exceeds(&port->debug_lines, 1, SVPU_MAX_DEBUG_LINES)) {
			if (!port->debug_left_out++)
				dev_dbg(port->link.dev->dev,
					"session %u: more lines are left out\n",
					port->link.generation);
			continue;
		}
		port->debug_left_out = 0;
		svpu_text(text, sizeof(text), message.text.text, SVPU_TEXT_BYTES);
		dev_dbg(port->link.dev->dev, "session %u: %s\n", port->link.generation, text);
	}
}

/*
 * Nothing to read: counts the doorbells since the last time. One may be that of the messages
 * between, or nobody rang and the reader came by itself. True: they are too many.
 */
static bool svpu_port_rings_for_nothing(struct svpu_port *port)
{
	unsigned int bells = atomic_read(&port->bells);
	unsigned int empty = bells - port->bells_seen;

	port->bells_seen = bells;
	if (empty && port->fresh)
		empty--;
	port->fresh = false;
	return empty && svpu_rate_exceeds(&port->idle, empty, SVPU_MAX_IDLE);
}

static int svpu_port_next(struct svpu_port *port, union svpu_any_message *message)
{
	struct svpu_header *header = port->link.region;
	enum svpu_session_trigger said;
	struct svpu_complaint why;
	enum svpu_form form;
	int ret;

	for (;;) {
		ret = svpu_ring_get(&port->messages, message);
		if (ret < 0)
			return ret;
		if (!ret) {
			svpu_port_read_debug(port);
			if (svpu_ring_wait_entry(&port->messages))
				return svpu_port_rings_for_nothing(port) ? -ELOOP : 0;
			continue;
		}
		port->fresh = true;
		port->counters.messages++;
		dev_dbg(port->link.dev->dev, "session %u: %s (%u), cookie %llx\n",
			port->link.generation,
			svpu_message_name(message->entry.type) ?: "unknown message",
			message->entry.type, message->entry.cookie);
		if (svpu_ring_writer_waits(&port->messages))
			svpu_port_ring(port);
		form = svpu_check_message(message, &why);
		if (form == SVPU_FORM_MALFORMED) {
			dev_dbg(port->link.dev->dev, "session %u: %s: %s (got %llu)\n",
				port->link.generation, why.type, why.what, why.got);
			return -EPROTO;
		}
		/* A change of format may be answered without the client, too. */
		if ((form == SVPU_FORM_UNKNOWN || message->entry.type == SVPU_MSG_FORMAT_CHANGED) &&
		    svpu_rate_exceeds(&port->unknown, 1, SVPU_MAX_UNKNOWN))
			return -ELOOP;
		said = svpu_session_said(&message->entry);
		if (said == SVPU_SAID_READY &&
		    READ_ONCE(header->firmware_abi) >> 16 != SVPU_ABI_MAJOR)
			return -EPROTO;
		if (svpu_session_step(&port->state, said) == SVPU_TURN_OFFENCE) {
			dev_dbg(port->link.dev->dev, "session %u: %s isn't due\n",
				port->link.generation, svpu_session_trigger_name(said));
			return -ENOMSG;
		}
		return 1;
	}
}

/*
 * The next message, copied out of shared memory. Returns 1; 0 when there is none, and the doorbell
 * will ring; -EPROTO when the firmware sent something malformed, -ENOMSG when it sent something out
 * of its turn (core/session_state.h), -ELOOP when it rings or says what we don't know too often,
 * -ENODEV when the device has gone. READY must have our ABI.
 */
int svpu_port_receive(struct svpu_port *port, union svpu_any_message *message)
{
	int access, ret;

	if (!svpu_access_begin(port->link.dev, &access))
		return -ENODEV;
	ret = svpu_port_next(port, message);
	svpu_access_end(port->link.dev, access);
	return ret;
}

/* For people: what svpu_port_receive() found. */
const char *svpu_receive_error(int error)
{
	switch (error) {
	case -ELOOP:
		return "it rings or babbles too much";
	case -ENODEV:
		return "its device is gone";
	case -ENOMSG:
		return "it said something out of its turn";
	default:
		return "it sent something malformed";
	}
}

/*
 * Text of the firmware human-readable, of `length` characters at most, in shared memory or not:
 * `to` gets printable characters only, one line, and an end.
 */
void svpu_text(char *to, size_t size, const char *from, size_t length)
{
	size_t i;

	for (i = 0; i + 1 < size && i < length; i++) {
		char c = READ_ONCE(from[i]);

		if (!c)
			break;
		to[i] = c >= ' ' && c <= '~' ? c : ' ';
	}
	to[i] = 0;
}

/* What a dying firmware left. */
void svpu_port_last_words(struct svpu_port *port, char *text, size_t size)
{
	int access;

	text[0] = 0;
	if (!svpu_access_begin(port->link.dev, &access))
		return;
	svpu_text(text, size, port->link.region + SVPU_LAST_WORDS_OFFSET, SVPU_PAGE);
	svpu_access_end(port->link.dev, access);
}
