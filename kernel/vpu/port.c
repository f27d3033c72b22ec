// SPDX-License-Identifier: GPL-2.0
/*
 * The host's end of one session with the firmware: the region, commands out, messages in (copied
 * once and checked for form), and the life of it. Used by decoder.c, events.c and probe.c;
 * transports call svpu_session_bell() and svpu_session_lost(). softvpu/hfi.h.
 */
#include <linux/slab.h>

#include "softvpu.h"

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

void svpu_session_get(struct svpu_session *session)
{
	kref_get(&session->ref);
}

static void svpu_session_release(struct kref *ref)
{
	struct svpu_session *session = container_of(ref, struct svpu_session, ref);
	struct svpu_device *dev = session->dev;

	svpu_memory_forget(session);
	dev->transport->release(session);
	mutex_destroy(&session->memory_lock);
	kfree(session);
	v4l2_device_put(&dev->v4l2_dev);
}

void svpu_session_put(struct svpu_session *session)
{
	kref_put(&session->ref, svpu_session_release);
}

/* For the transport's open(): what the region looks like before the firmware sees it. */
void svpu_session_init_region(struct svpu_session *session)
{
	struct svpu_header *header = session->region;
	int access;

	if (!svpu_access_begin(session->dev, &access))
		return;
	memset(session->region, 0, SVPU_REGION_SIZE);
	header->magic = SVPU_MAGIC;
	header->abi_major = SVPU_ABI_MAJOR;
	header->abi_minor = SVPU_ABI_MINOR;
	header->region_size = SVPU_REGION_SIZE;
	header->generation = session->generation;
	svpu_ring_init(&session->commands, session->region, SVPU_COMMAND_INDEX_OFFSET,
		       SVPU_COMMAND_OFFSET, SVPU_COMMAND_SLOTS);
	svpu_ring_init(&session->messages, session->region, SVPU_MESSAGE_INDEX_OFFSET,
		       SVPU_MESSAGE_OFFSET, SVPU_MESSAGE_SLOTS);
	svpu_ring_init(&session->debug, session->region, SVPU_DEBUG_INDEX_OFFSET, SVPU_DEBUG_OFFSET,
		       SVPU_DEBUG_SLOTS);
	/* Nobody reads yet: the first message rings. */
	svpu_ring_wait_entry(&session->messages);
	svpu_access_end(session->dev, access);
}

/*
 * Makes a session and offers it to the firmware; commands may be sent at once. `owner_work` is
 * queued whenever there is something to read. Errors: -ENODEV no firmware; -ENOMEM.
 */
struct svpu_session *svpu_session_open(struct svpu_device *dev, struct svpu_ctx *ctx,
				       struct work_struct *owner_work)
{
	struct svpu_session *session = kzalloc(sizeof(*session), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!session)
		return ERR_PTR(-ENOMEM);
	kref_init(&session->ref);
	session->dev = dev;
	session->owner_work = owner_work;
	INIT_LIST_HEAD(&session->link);
	INIT_LIST_HEAD(&session->transport_link);
	INIT_LIST_HEAD(&session->leaving);
	svpu_session_step(&session->state, SVPU_HOST_STARTS);
	spin_lock_init(&session->owner_lock);
	spin_lock_init(&session->firmware_lock);
	mutex_init(&session->memory_lock);
	init_waitqueue_head(&session->wait);
	init_waitqueue_head(&session->firmware_wait);
	atomic_set(&session->bell, 0);

	spin_lock(&dev->sessions_lock);
	do {
		session->generation = ++dev->generation;
	} while (!session->generation);
	list_add_tail(&session->link, &dev->sessions);
	dev->sessions_opened++;
	spin_unlock(&dev->sessions_lock);

	ret = dev->transport->open(session, ctx);
	if (ret) {
		spin_lock(&dev->sessions_lock);
		list_del(&session->link);
		spin_unlock(&dev->sessions_lock);
		mutex_destroy(&session->memory_lock);
		kfree(session);
		return ERR_PTR(ret);
	}
	v4l2_device_get(&dev->v4l2_dev);
	return session;
}

/* Sums and, of the depths, the deepest. */
void svpu_counters_add(struct svpu_counters *to, const struct svpu_session *session)
{
	const struct svpu_counters *from = &session->counters;
	unsigned int i;

	to->commands += from->commands;
	to->messages += from->messages;
	to->rung += from->rung;
	to->received += (unsigned int)atomic_read(&session->bells);
	to->inputs += from->inputs;
	to->frames += from->frames;
	to->copies_in += from->copies_in;
	to->copies_out += from->copies_out;
	to->bytes_in += from->bytes_in;
	to->bytes_out += from->bytes_out;
	for (i = 0; i < ARRAY_SIZE(to->deepest); i++)
		to->deepest[i] = max(to->deepest[i], from->deepest[i]);
}

/* The host leaves. Its reference is gone after this; nothing is waited for. */
void svpu_session_close(struct svpu_session *session)
{
	struct svpu_device *dev = session->dev;
	struct svpu_entry abort;
	unsigned long flags;

	spin_lock_irqsave(&session->owner_lock, flags);
	session->owner_work = NULL;
	spin_unlock_irqrestore(&session->owner_lock, flags);

	svpu_session_send(session, &abort, SVPU_CMD_ABORT, sizeof(abort), 0);
	spin_lock(&dev->sessions_lock);
	list_del_init(&session->link);
	svpu_counters_add(&dev->ended, session);
	spin_unlock(&dev->sessions_lock);
	dev->transport->close(session);
	svpu_memory_forget(session);
	svpu_session_put(session);
}

/* The message doorbell rang. Any context. */
void svpu_session_bell(struct svpu_session *session)
{
	unsigned long flags;

	atomic_inc(&session->bells);
	atomic_set(&session->bell, 1);
	wake_up(&session->wait);
	spin_lock_irqsave(&session->owner_lock, flags);
	if (session->owner_work)
		queue_work(system_unbound_wq, session->owner_work);
	spin_unlock_irqrestore(&session->owner_lock, flags);
}

/* The firmware is gone from this session; the owner learns it from its work. Any context. */
void svpu_session_lost(struct svpu_session *session)
{
	WRITE_ONCE(session->lost, true);
	svpu_session_bell(session);
}

/* The whole firmware is gone, or the device goes. */
void svpu_device_lose_sessions(struct svpu_device *dev)
{
	struct svpu_session *session;

	spin_lock(&dev->sessions_lock);
	list_for_each_entry(session, &dev->sessions, link)
		svpu_session_lost(session);
	spin_unlock(&dev->sessions_lock);
}

/*
 * Counts `events` in a window of a second, which begins with the first of them. True: they are more
 * than `most`. What happens between them makes no difference.
 */
bool svpu_rate_exceeds(struct svpu_rate *rate, unsigned int events, unsigned int most)
{
	if (!rate->count || time_after(jiffies, rate->since + HZ)) {
		rate->since = jiffies;
		rate->count = 0;
	}
	rate->count += min(events, most + 1);
	return rate->count > most;
}

/* True while buffers may be queued; false makes the firmware ring when there is room again. */
bool svpu_session_has_room(struct svpu_session *session)
{
	bool room = true;
	int access, space;

	/* A device that has gone and a broken ring have room: sending says what is wrong. */
	if (!svpu_access_begin(session->dev, &access))
		return true;
	space = svpu_ring_space(&session->commands);
	if (space >= 0 && space <= SVPU_RESERVED_SLOTS)
		room = !svpu_ring_wait_space(&session->commands, SVPU_RESERVED_SLOTS + 1);
	svpu_access_end(session->dev, access);
	return room;
}

/* The firmware has read all commands. */
bool svpu_session_all_read(struct svpu_session *session)
{
	bool all = true;
	int access;

	if (!svpu_access_begin(session->dev, &access))
		return true;
	all = svpu_ring_space(&session->commands) == SVPU_COMMAND_SLOTS;
	svpu_access_end(session->dev, access);
	return all;
}

static void svpu_session_ring(struct svpu_session *session)
{
	session->counters.rung++;
	session->dev->transport->doorbell(session);
}

/*
 * Sends `command`, whose head this fills in, and rings if the firmware sleeps. Errors: -EAGAIN,
 * the firmware has let the reserved slots fill; -EPROTO, it broke the ring; -ENODEV, the device has
 * gone; all end a session.
 */
int svpu_session_send(struct svpu_session *session, void *command, u16 type, u16 size, u64 cookie)
{
	struct svpu_entry *entry = command;
	int access, ret;

	if (!svpu_access_begin(session->dev, &access))
		return -ENODEV;
	entry->type = type;
	entry->size = size;
	entry->cookie = cookie;
	ret = svpu_ring_put(&session->commands, entry);
	if (!ret) {
		svpu_session_step(&session->state, svpu_session_wants(entry));
		session->counters.commands++;
		dev_dbg(session->dev->dev, "session %u: command %u, cookie %llx\n",
			session->generation, type, cookie);
		if (svpu_ring_reader_waits(&session->commands))
			svpu_session_ring(session);
	}
	svpu_access_end(session->dev, access);
	return ret;
}

static void svpu_session_read_debug(struct svpu_session *session)
{
	union svpu_any_message message;
	struct svpu_complaint why;
	int limit = SVPU_DEBUG_SLOTS;
	char text[SVPU_TEXT_BYTES];

	while (limit-- && svpu_ring_get(&session->debug, &message) > 0) {
		if (message.entry.type != SVPU_MSG_DEBUG_TEXT ||
		    svpu_check_message(&message, &why) != SVPU_FORM_GOOD)
			continue;
		if (svpu_rate_exceeds(&session->debug_lines, 1, SVPU_MAX_DEBUG_LINES)) {
			if (!session->debug_left_out++)
				dev_dbg(session->dev->dev, "session %u: more lines are left out\n",
					session->generation);
			continue;
		}
		session->debug_left_out = 0;
		svpu_text(text, sizeof(text), message.text.text, SVPU_TEXT_BYTES);
		dev_dbg(session->dev->dev, "session %u: %s\n", session->generation, text);
	}
}

/*
 * Nothing to read: counts the doorbells since the last time. One may be that of the messages
 * between, or nobody rang and the reader came by itself. True: they are too many.
 */
static bool svpu_session_rings_for_nothing(struct svpu_session *session)
{
	unsigned int bells = atomic_read(&session->bells);
	unsigned int empty = bells - session->bells_seen;

	session->bells_seen = bells;
	if (empty && session->fresh)
		empty--;
	session->fresh = false;
	return empty && svpu_rate_exceeds(&session->idle, empty, SVPU_MAX_IDLE);
}

static int svpu_session_next(struct svpu_session *session, union svpu_any_message *message)
{
	struct svpu_header *header = session->region;
	enum svpu_session_trigger said;
	struct svpu_complaint why;
	enum svpu_form form;
	int ret;

	for (;;) {
		ret = svpu_ring_get(&session->messages, message);
		if (ret < 0)
			return ret;
		if (!ret) {
			svpu_session_read_debug(session);
			if (svpu_ring_wait_entry(&session->messages))
				return svpu_session_rings_for_nothing(session) ? -ELOOP : 0;
			continue;
		}
		session->fresh = true;
		session->counters.messages++;
		dev_dbg(session->dev->dev, "session %u: message %u, cookie %llx\n",
			session->generation, message->entry.type, message->entry.cookie);
		if (svpu_ring_writer_waits(&session->messages))
			svpu_session_ring(session);
		form = svpu_check_message(message, &why);
		if (form == SVPU_FORM_MALFORMED) {
			dev_dbg(session->dev->dev, "session %u: %s: %s (got %llu)\n",
				session->generation, why.type, why.what, why.got);
			return -EPROTO;
		}
		/* A change of format may be answered without the client, too. */
		if ((form == SVPU_FORM_UNKNOWN || message->entry.type == SVPU_MSG_FORMAT_CHANGED) &&
		    svpu_rate_exceeds(&session->unknown, 1, SVPU_MAX_UNKNOWN))
			return -ELOOP;
		said = svpu_session_said(&message->entry);
		if (said == SVPU_SAID_READY &&
		    READ_ONCE(header->firmware_abi) >> 16 != SVPU_ABI_MAJOR)
			return -EPROTO;
		if (svpu_session_step(&session->state, said) == SVPU_TURN_OFFENCE) {
			dev_dbg(session->dev->dev, "session %u: %s isn't due\n",
				session->generation, svpu_session_trigger_name(said));
			return -ENOMSG;
		}
		return 1;
	}
}

/*
 * The next message, copied out of shared memory. Returns 1; 0 when there is none, and the doorbell
 * will ring; -EPROTO when the firmware said something malformed, -ENOMSG when it said something out
 * of its turn (core/session_state.h), -ELOOP when it rings or says what we don't know too often,
 * -ENODEV when the device has gone. READY must have our ABI.
 */
int svpu_session_receive(struct svpu_session *session, union svpu_any_message *message)
{
	int access, ret;

	if (!svpu_access_begin(session->dev, &access))
		return -ENODEV;
	ret = svpu_session_next(session, message);
	svpu_access_end(session->dev, access);
	return ret;
}

/* For people: what svpu_session_receive() found. */
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
 * Text of the firmware for people, of `length` characters at most, in shared memory or not: `to`
 * gets printable characters only, one line, and an end.
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
void svpu_session_last_words(struct svpu_session *session, char *text, size_t size)
{
	int access;

	text[0] = 0;
	if (!svpu_access_begin(session->dev, &access))
		return;
	svpu_text(text, size, session->region + SVPU_LAST_WORDS_OFFSET, SVPU_PAGE);
	svpu_access_end(session->dev, access);
}
