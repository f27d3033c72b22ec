/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How the scripted firmware can misbehave, one row per way: fake-fw --hostile NAME. A way with a function does it at the third frame,
 * in front of its answers; the others change what the firmware sends anyway, where fake-fw.c asks for them. A part of fake-fw.c, whose
 * functions it uses; guest/hostile goes through the names and knows what the host must make of each.
 */

struct misbehaviour {
	const char *name;
	const char *what;
	/* `in` and `out` are the buffers of the third frame, not answered yet. */
	void (*run)(struct session *s, const struct svpu_cmd_queue_input *in, const struct svpu_cmd_buffer *out);
};

#define WAY(function) static void function(struct session *s, const struct svpu_cmd_queue_input *in __attribute__((unused)), \
					   const struct svpu_cmd_buffer *out __attribute__((unused)))

/* What is wrong in the region now stays long enough to be seen: the next entry would put it right. */
static void ring_and_wait(struct session *s)
{
	ring_host(s);
	usleep(300000);
}

/* Doorbells with nothing behind them, until the host has had enough. */
static void ring_without_end(struct session *s)
{
	for (unsigned int i = 0; i < 1000000; i++) {
		ring_host(s);
		if (i % 1000 == 0)
			wait_session(s, 0);
	}
}

/* As many doorbells, with a message that means nothing here and there: what is said between doesn't make them fewer. */
WAY(ring_and_babble)
{
	for (unsigned int i = 0; i < 1000000; i++) {
		ring_host(s);
		if (i % 900 == 0)
			say_plain(s, 999, 0), wait_session(s, 0);
	}
}

/* More than a thousand messages of a later minor version, but in their time. */
WAY(babble_slowly)
{
	for (unsigned int i = 0; i < 1500; i++) {
		say_plain(s, 999, 0);
		if (i % 100 == 0)
			usleep(200000);
	}
}

WAY(do_crash)
{
	(void)s;
	abort();
}

WAY(do_exit)
{
	(void)s;
	exit(1);
}

WAY(do_hang)
{
	(void)s;
	for (;;)
		pause();
}

WAY(do_double_input)
{
	say_status(s, SVPU_MSG_INPUT_DONE, SVPU_OK, in->entry.cookie);
	say_status(s, SVPU_MSG_INPUT_DONE, SVPU_OK, in->entry.cookie);
}

WAY(do_double_output)
{
	output_done(s, out, SVPU_OK, 16, 0, false);
	output_done(s, out, SVPU_OK, 16, 0, false);
}

WAY(do_input_order)
{
	say_status(s, SVPU_MSG_INPUT_DONE, SVPU_OK, s->input[(s->first_input + 1) % 512].queue.entry.cookie);
}

WAY(do_input_unused)
{
	say_status(s, SVPU_MSG_INPUT_DONE, SVPU_CANCELLED, in->entry.cookie);
}

WAY(do_bad_cookie)
{
	say_status(s, SVPU_MSG_INPUT_DONE, SVPU_OK, 0x123456789abcdef0ull);
}

WAY(do_cookie_index)
{
	say_status(s, SVPU_MSG_INPUT_DONE, SVPU_OK, 0x7f);
	say_status(s, SVPU_MSG_INPUT_DONE, SVPU_OK, 0);
}

WAY(do_too_many_bytes)
{
	output_done(s, out, SVPU_OK, 0xffffffff, 0, false);
}

WAY(do_drained)
{
	say_status(s, SVPU_MSG_DRAINED, SVPU_OK, 0);
}

WAY(do_flushed)
{
	say(s, &(struct svpu_msg_flushed){ .direction = 7 }, SVPU_MSG_FLUSHED, sizeof(struct svpu_msg_flushed), 0);
}

WAY(do_pong)
{
	say_plain(s, SVPU_MSG_PONG, 1);
}

WAY(do_unmapped)
{
	say_unmapped(s, out);
}

WAY(do_two_formats)
{
	announce(s);
	announce(s);
}

WAY(do_cancel_flood)
{
	output_done(s, out, SVPU_CANCELLED, 0, 0, false);
}

WAY(do_flood)
{
	for (unsigned int i = 0; i < 1000000; i++)
		say_status(s, SVPU_MSG_INPUT_DONE, SVPU_OK, i);
}

WAY(do_short_message)
{
	struct svpu_entry entry = { 0 };

	say(s, &entry, SVPU_MSG_OUTPUT_DONE, sizeof(entry), 0);
}

WAY(do_tiny_size)
{
	struct svpu_entry entry = { 0 };

	say(s, &entry, SVPU_MSG_PONG, 3, 0);
}

WAY(do_sequence)
{
	s->write_sequence += 5;
	say_plain(s, SVPU_MSG_PONG, 0);
}

WAY(do_unknown)
{
	say_plain(s, 999, 0);
}

WAY(do_unknown_flood)
{
	for (unsigned int i = 0; i < 2000; i++)
		say_plain(s, 999, 0);
}

WAY(do_ready_twice)
{
	say(s, &(struct svpu_msg_ready){ .version = 1 }, SVPU_MSG_READY, sizeof(struct svpu_msg_ready), 0);
}

WAY(do_configured_twice)
{
	say_status(s, SVPU_MSG_CONFIGURED, SVPU_OK, 0);
}

WAY(do_frame_in_pause)
{
	announce(s);
}

WAY(do_index_back)
{
	__atomic_store_n(&index_of(s, SVPU_MESSAGE_INDEX_OFFSET)->write, s->write - 3, __ATOMIC_SEQ_CST);
	ring_and_wait(s);
}

WAY(do_index_far)
{
	__atomic_store_n(&index_of(s, SVPU_MESSAGE_INDEX_OFFSET)->write, s->write + 100000, __ATOMIC_SEQ_CST);
	ring_and_wait(s);
}

WAY(do_read_index)
{
	__atomic_store_n(&index_of(s, SVPU_COMMAND_INDEX_OFFSET)->read, 0x80000000u, __ATOMIC_SEQ_CST);
	ring_and_wait(s);
}

WAY(do_scribble)
{
	memset(s->region, 0xa5, SVPU_REGION_SIZE);
	ring_host(s);
}

WAY(do_session_error)
{
	struct svpu_msg_error e = { .status = SVPU_E_INTERNAL };

	memset(e.text, '%', sizeof(e.text));
	memcpy(e.text, "\nforged: a line of its own\n", 27);
	memset(s->region + SVPU_LAST_WORDS_OFFSET, 'w', SVPU_PAGE);
	memcpy(s->region + SVPU_LAST_WORDS_OFFSET, "\nforged", 7);
	say(s, &e, SVPU_MSG_SESSION_ERROR, sizeof(e), 0);
}

/* By name. */
static const struct misbehaviour misbehaviours[] = {
	{ "abi", "has another major version of the ABI", NULL },
	{ "bad-cookie", "answers what was never queued", do_bad_cookie },
	{ "bells", "doorbells without end from the start", NULL },
	{ "bells-between", "doorbells without end, with a message here and there", ring_and_babble },
	{ "cancel-flood", "gives an output back unused, which nobody asked for", do_cancel_flood },
	{ "caps-buffers", "a codec that needs four thousand million outputs", NULL },
	{ "caps-count", "codecs without a raw format", NULL },
	{ "caps-flood", "more codecs than there may be", NULL },
	{ "caps-size", "a codec whose smallest width is above its largest", NULL },
	{ "caps-unknown", "a codec that the kernel doesn't know: no offence", NULL },
	{ "configured-twice", "is configured a second time", do_configured_twice },
	{ "cookie-index", "answers an index, and no cookie at all", do_cookie_index },
	{ "crash", "crashes", do_crash },
	{ "double-input", "answers an input twice", do_double_input },
	{ "double-output", "answers an output twice", do_double_output },
	{ "drained", "is drained, which nobody asked for", do_drained },
	{ "early", "announces a format before it is configured", NULL },
	{ "exit", "exits without a word", do_exit },
	{ "flood", "answers a million inputs that were never queued", do_flood },
	{ "flushed", "has flushed a side that there isn't", do_flushed },
	{ "format-huge", "announces a stream that is larger than its codec allows", NULL },
	{ "format-zero", "announces a stream without lines", NULL },
	{ "frame-in-pause", "announces a format and goes on delivering", do_frame_in_pause },
	{ "hang", "does nothing any more", do_hang },
	{ "index-back", "moves its write index backwards", do_index_back },
	{ "index-far", "moves its write index past what is possible", do_index_far },
	{ "input-order", "answers an input before an earlier one", do_input_order },
	{ "input-unused", "gives an input back unused, which nobody asked for", do_input_unused },
	{ "long-message", "messages with fields of a later minor version: no offence", NULL },
	{ "native-none", "announces a stream that no raw format fits", NULL },
	{ "no-caps", "never answers the query for its capabilities", NULL },
	{ "no-flush", "never answers FLUSH", NULL },
	{ "no-pong", "never answers PING", NULL },
	{ "no-unmapped", "never reports UNMAPPED", NULL },
	{ "pong", "answers a ping that never came", do_pong },
	{ "read-index", "moves its read index past what was written", do_read_index },
	{ "ready-twice", "is ready a second time", do_ready_twice },
	{ "refuse", "can't be configured", NULL },
	{ "scribble", "writes over the whole region", do_scribble },
	{ "sequence", "leaves numbers of messages out", do_sequence },
	{ "session-error", "ends the session, with texts that would forge lines of the log", do_session_error },
	{ "short-message", "a message that is shorter than its type", do_short_message },
	{ "silent", "never reports READY", NULL },
	{ "tiny-size", "a message that is shorter than any", do_tiny_size },
	{ "too-many-bytes", "fills an output with more than it holds", do_too_many_bytes },
	{ "two-formats", "announces a format during the pause for one", do_two_formats },
	{ "unconfigured", "never answers CONFIGURE", NULL },
	{ "unknown", "one message of a later minor version: no offence", do_unknown },
	{ "unknown-flood", "too many of them in a second", do_unknown_flood },
	{ "unknown-slow", "many of them, but in their time: no offence", babble_slowly },
	{ "unmapped", "reports UNMAPPED of a mapped buffer", do_unmapped },
	{ "unmapped-twice", "reports UNMAPPED twice", NULL },
};

#define NUM_MISBEHAVIOURS (sizeof(misbehaviours) / sizeof(misbehaviours[0]))

/* NULL: there is none of that name. */
static const struct misbehaviour *find_misbehaviour(const char *name)
{
	for (unsigned int i = 0; i < NUM_MISBEHAVIOURS; i++)
		if (!strcmp(misbehaviours[i].name, name))
			return &misbehaviours[i];
	return NULL;
}

/* Whether it was told to misbehave so. A name that isn't in the table is a fault of this program. */
static bool is(const char *name)
{
	const struct misbehaviour *asked = find_misbehaviour(name);

	if (!asked)
		abort();
	return asked == mode;
}

static void list_misbehaviours(FILE *to)
{
	for (unsigned int i = 0; i < NUM_MISBEHAVIOURS; i++)
		fprintf(to, "  %-17s %s\n", misbehaviours[i].name, misbehaviours[i].what);
}
