// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A scripted firmware for the kernel module's tests: serves /dev/softvpu-fw as softvpu-fw does, one process a session, but each input
 * buffer becomes one frame of a known pattern. It can also misbehave in one way at a time. docs/kernel.md; softvpu/hfi.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <softvpu/fwdev.h>

#include "core/control_table.c"

static const struct misbehaviour *mode; /* --hostile; NULL: none */
static unsigned int size[2][2] = { { 640, 360 }, { 320, 240 } };
static unsigned int change_every;      /* frames; 0: never */
static unsigned int delay_us;	       /* per frame */
static unsigned int raw_formats = 2;   /* YU12, NV12 */
static bool controls;		       /* all that V4L2 has for codecs, and one more */

#define FOURCC(a, b, c, d) ((svpu_u32)(a) | (svpu_u32)(b) << 8 | (svpu_u32)(c) << 16 | (svpu_u32)(d) << 24)

static void die(const char *what)
{
	fprintf(stderr, "fake-fw: %s: %s\n", what, strerror(errno));
	exit(1);
}

static bool is(const char *name); /* misbehaviours.h */

/* ---- the rings ---- */

struct session {
	int fd;
	unsigned char *region;
	svpu_u32 read, write, read_sequence, write_sequence;

	struct mapping {
		svpu_u32 generation;
		unsigned char *at;
		size_t length;	/* that may be written */
		size_t mapped;
	} map[2][SVPU_MAX_BUFFERS];
	struct svpu_cmd_set_layout layout;
	struct input {
		bool drain;
		struct svpu_cmd_queue_input queue;
	} input[512];
	unsigned int first_input, num_inputs;
	struct svpu_cmd_buffer output[SVPU_MAX_BUFFERS];
	unsigned int num_outputs;
	bool started, paused, announced;
	unsigned int geometry, frames, since_change;
};

static struct svpu_ring_index *index_of(struct session *s, unsigned int offset)
{
	return (struct svpu_ring_index *)(s->region + offset);
}

static void ring_host(struct session *s)
{
	unsigned long long one = 1;

	if (write(s->fd, &one, sizeof(one)) != sizeof(one))
		exit(0);
}

static void wait_session(struct session *s, int timeout)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };
	unsigned long long bells;

	if (poll(&p, 1, timeout) > 0) {
		if (p.revents & (POLLHUP | POLLERR))
			exit(0);
		if (p.revents & POLLIN && read(s->fd, &bells, sizeof(bells)) < 0 && errno != EAGAIN)
			die("read of the session");
	}
}

static void say(struct session *s, void *message, unsigned int type, unsigned int length, svpu_u64 cookie)
{
	struct svpu_ring_index *index = index_of(s, SVPU_MESSAGE_INDEX_OFFSET);
	struct svpu_entry *entry = message;

	while (s->write - __atomic_load_n(&index->read, __ATOMIC_ACQUIRE) >= SVPU_MESSAGE_SLOTS) {
		__atomic_store_n(&index->writer_waiting, 1, __ATOMIC_SEQ_CST);
		if (s->write - __atomic_load_n(&index->read, __ATOMIC_SEQ_CST) >= SVPU_MESSAGE_SLOTS)
			wait_session(s, 1000);
	}
	entry->type = type;
	entry->size = length;
	entry->sequence = s->write_sequence++;
	entry->cookie = cookie;
	memcpy(s->region + SVPU_MESSAGE_OFFSET + (s->write & (SVPU_MESSAGE_SLOTS - 1)) * SVPU_SLOT_SIZE, message, length);
	s->write++;
	__atomic_store_n(&index->write, s->write, __ATOMIC_SEQ_CST);
	if (__atomic_exchange_n(&index->reader_waiting, 0, __ATOMIC_SEQ_CST) == 1)
		ring_host(s);
}

static void say_plain(struct session *s, unsigned int type, svpu_u64 cookie)
{
	struct svpu_entry entry = { 0 };

	say(s, &entry, type, sizeof(entry), cookie);
}

static void say_status(struct session *s, unsigned int type, unsigned int status, svpu_u64 cookie)
{
	struct svpu_msg_status message = { .status = status };

	say(s, &message, type, sizeof(message), cookie);
}

static void say_unmapped(struct session *s, const struct svpu_cmd_buffer *b)
{
	struct svpu_msg_unmapped message = { .direction = b->direction, .index = b->index, .generation = b->generation };

	say(s, &message, SVPU_MSG_UNMAPPED, sizeof(message), 0);
}

static bool hear(struct session *s, unsigned char slot[SVPU_SLOT_SIZE])
{
	struct svpu_ring_index *index = index_of(s, SVPU_COMMAND_INDEX_OFFSET);
	struct svpu_entry *entry = (struct svpu_entry *)slot;

	if (__atomic_load_n(&index->write, __ATOMIC_ACQUIRE) == s->read) {
		__atomic_store_n(&index->reader_waiting, 1, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&index->write, __ATOMIC_SEQ_CST) == s->read)
			return false;
	}
	memcpy(slot, s->region + SVPU_COMMAND_OFFSET + (s->read & (SVPU_COMMAND_SLOTS - 1)) * SVPU_SLOT_SIZE, SVPU_SLOT_SIZE);
	s->read++;
	__atomic_store_n(&index->read, s->read, __ATOMIC_SEQ_CST);
	if (entry->sequence != s->read_sequence++ || entry->size < sizeof(*entry) || entry->size > SVPU_SLOT_SIZE) {
		fprintf(stderr, "fake-fw: the host sent a malformed command\n");
		exit(1);
	}
	if (__atomic_exchange_n(&index->writer_waiting, 0, __ATOMIC_SEQ_CST) == 1)
		ring_host(s);
	return true;
}

/* ---- what it can do ---- */

static void tell_raw_formats(struct session *s)
{
	static const svpu_u32 raw[] = { FOURCC('Y', 'U', '1', '2'), FOURCC('N', 'V', '1', '2') };

	for (unsigned int i = 0; i < raw_formats; i++) {
		struct svpu_msg_raw_format row = { .fourcc = raw[i], .width_align = 16, .height_align = 16, .stride_align = 1 };

		say(s, &row, SVPU_MSG_RAW_FORMAT, sizeof(row), 0);
	}
}

/* Of the first codec. */
static void tell_controls(struct session *s)
{
	const struct svpu_v4l2_control *row;
	struct svpu_msg_control own = { .id = SVPU_V4L2_CODEC + 0x3000, .type = SVPU_CONTROL_INTEGER, .maximum = 9, .step = 1, .name = "Fake Control" };

	for (unsigned int i = 0; (row = svpu_v4l2_control_at(i)); i++) {
		struct svpu_msg_control m = { .id = row->id, .type = row->type, .maximum = 100, .step = 1 };

		if (row->type == SVPU_V4L2_CTRL_CLASS)
			continue;
		if (row->type == SVPU_V4L2_BOOLEAN)
			m.maximum = 1;
		if (row->num_items) {
			m.type = SVPU_CONTROL_MENU;
			m.maximum = row->num_items - 1;
			m.items = (1ull << row->num_items) - 1;
		}
		say(s, &m, SVPU_MSG_CONTROL, sizeof(m), 0);
	}
	say(s, &own, SVPU_MSG_CONTROL, sizeof(own), 0);
}

static void tell_capabilities(struct session *s)
{
	/* The last one no kernel knows. */
	static const svpu_u32 coded[] = { FOURCC('H', '2', '6', '4'), FOURCC('H', 'E', 'V', 'C'), FOURCC('V', 'P', '8', '0'),
					  FOURCC('Z', 'Z', '9', '9') };

	for (unsigned int i = 0; i < (is("caps-unknown") ? 4 : 3); i++) {
		struct svpu_msg_codec row = {
			.role = SVPU_DECODER, .coded = coded[i], .flags = i < 2 ? 3 : 2, .min_output_buffers = 2,
			.min_width = 16, .min_height = 16, .max_width = 4096, .max_height = 4096, .step_width = 2, .step_height = 2,
		};

		if (is("caps-size"))
			row.max_width = 0;
		if (is("caps-buffers"))
			row.min_output_buffers = 4000000000u;
		say(s, &row, SVPU_MSG_CODEC, sizeof(row), 0);
		if (!is("caps-count"))
			tell_raw_formats(s);
		if (controls && i == 0)
			tell_controls(s);
	}
	for (unsigned int i = 0; is("caps-flood") && i < 100000; i++) {
		struct svpu_msg_codec row = {
			.role = SVPU_ENCODER, .coded = 1, .min_width = 16, .min_height = 16, .max_width = 16, .max_height = 16,
			.step_width = 1, .step_height = 1,
		};

		say(s, &row, SVPU_MSG_CODEC, sizeof(row), 0);
		tell_raw_formats(s);
	}
	say_plain(s, SVPU_MSG_CAPABILITIES_END, 0);
}

/* ---- decoding ---- */

static void announce(struct session *s)
{
	unsigned int w = size[s->geometry][0], h = size[s->geometry][1];
	struct svpu_msg_format_changed m = {
		.flags = s->announced ? 0 : SVPU_FORMAT_INITIAL, .coded_width = (w + 15) & ~15u, .coded_height = (h + 15) & ~15u,
		.visible_width = w, .visible_height = h, .bit_depth = 8, .chroma = 1, .native = FOURCC('Y', 'U', '1', '2'),
		.min_output_buffers = 3, .pixel_aspect_num = 1, .pixel_aspect_den = 1,
	};

	if (is("format-huge"))
		m.coded_width = m.visible_width = 1u << 30;
	if (is("format-zero"))
		m.coded_height = 0;
	if (is("native-none"))
		m.native = 0;
	say(s, &m, SVPU_MSG_FORMAT_CHANGED, sizeof(m), 0);
	s->announced = true;
	s->paused = true;
	s->since_change = 0;
}

/* Frame n: a luma ramp that moves with n. */
static void draw(struct session *s, unsigned char *to, unsigned int n)
{
	const struct svpu_cmd_set_layout *l = &s->layout;

	for (unsigned int y = 0; y < l->height; y++)
		for (unsigned int x = 0; x < l->width; x++)
			to[l->offset[0] + (size_t)y * l->stride[0] + x] = (unsigned char)(x + 2 * y + 7 * n);
	for (unsigned int c = 1; c < l->components; c++)
		memset(to + l->offset[c], 128, (size_t)l->stride[c] * (l->height / 2));
}

static void output_done(struct session *s, const struct svpu_cmd_buffer *o, unsigned int status, unsigned int bytes, svpu_u64 tag, bool has_tag)
{
	/* With what a later minor version might append. */
	struct { struct svpu_msg_output_done m; svpu_u64 later; } all = { .later = ~0ull };
	struct svpu_msg_output_done *m = &all.m;

	m->status = status;
	m->flags = has_tag ? SVPU_FRAME_HAS_TAG : 0;
	m->frame_type = has_tag ? SVPU_FRAME_KEY : SVPU_FRAME_UNKNOWN;
	m->tag = tag;
	m->bytes_used[0] = bytes;
	say(s, m, SVPU_MSG_OUTPUT_DONE, is("long-message") ? sizeof(all) : sizeof(*m), o->entry.cookie);
}

/* Until the host has read all that was said: what is broken then can't take it back. */
static void wait_heard(struct session *s)
{
	while (__atomic_load_n(&index_of(s, SVPU_MESSAGE_INDEX_OFFSET)->read, __ATOMIC_ACQUIRE) != s->write)
		wait_session(s, 1);
}

#include "misbehaviours.h"

static void work(struct session *s)
{
	while (s->started && !s->paused && s->num_inputs) {
		struct input *in = &s->input[s->first_input];
		struct svpu_cmd_buffer out;
		struct mapping *m;

		if (!in->drain && !s->announced) {
			announce(s);
			return;
		}
		if (in->drain) {
			s->first_input = (s->first_input + 1) % 512;
			s->num_inputs--;
			say_status(s, SVPU_MSG_DRAINED, SVPU_OK, 0);
			s->paused = true;
			return;
		}
		if (change_every && s->since_change == change_every) {
			s->geometry ^= 1;
			announce(s);
			return;
		}
		if (!s->num_outputs)
			return;
		if (is("input-order") && s->frames == 2 && s->num_inputs < 2)
			return; /* until there is a later one */
		if (delay_us)
			usleep(delay_us);
		out = s->output[0];
		if (s->frames == 2 && mode && mode->run) {
			wait_heard(s);
			mode->run(s, &in->queue, &out);
		}
		memmove(s->output, s->output + 1, --s->num_outputs * sizeof(out));
		m = &s->map[1][out.index % SVPU_MAX_BUFFERS];
		if (!m->at || m->generation != out.generation || m->length < s->layout.plane_size[0]) {
			fprintf(stderr, "fake-fw: output %u isn't mapped, or too small\n", out.index);
			exit(1);
		}
		draw(s, m->at, s->frames++);
		s->since_change++;
		output_done(s, &out, SVPU_OK, s->layout.plane_size[0], in->queue.tag, true);
		say_status(s, SVPU_MSG_INPUT_DONE, SVPU_OK, in->queue.entry.cookie);
		s->first_input = (s->first_input + 1) % 512;
		s->num_inputs--;
	}
}

static void flush(struct session *s, const struct svpu_cmd_flush *f)
{
	struct svpu_msg_flushed m = { .direction = f->direction, .generation = f->generation };

	if (is("no-flush"))
		return;
	if (f->direction == SVPU_INPUT) {
		while (s->num_inputs) {
			struct input *in = &s->input[s->first_input];

			if (!in->drain)
				say_status(s, SVPU_MSG_INPUT_DONE, SVPU_CANCELLED, in->queue.entry.cookie);
			s->first_input = (s->first_input + 1) % 512;
			s->num_inputs--;
		}
	} else {
		for (unsigned int i = 0; i < s->num_outputs; i++)
			output_done(s, &s->output[i], SVPU_CANCELLED, 0, 0, false);
		s->num_outputs = 0;
	}
	say(s, &m, SVPU_MSG_FLUSHED, sizeof(m), 0);
}

static void unmap(struct mapping *m)
{
	if (m->at)
		munmap(m->at, m->mapped);
	memset(m, 0, sizeof(*m));
}

static void map(struct session *s, const struct svpu_cmd_map_buffer *c)
{
	struct svpu_fw_buffer b = { .direction = c->direction, .index = c->index, .generation = c->generation };
	struct mapping *m = &s->map[c->direction & 1][c->index % SVPU_MAX_BUFFERS];
	void *at;

	unmap(m);
	if (ioctl(s->fd, SVPU_FW_GET_BUFFER, &b)) {
		if (errno == ENOENT || errno == ESHUTDOWN)
			return;
		die("SVPU_FW_GET_BUFFER");
	}
	at = mmap(NULL, b.size, c->direction == SVPU_INPUT ? PROT_READ : PROT_READ | PROT_WRITE, MAP_SHARED, b.fd, 0);
	if (at == MAP_FAILED)
		die("mmap of a buffer");
	close(b.fd);
	*m = (struct mapping){ c->generation, at, c->plane[0].length, b.size };
}

static void add_input(struct session *s, bool drain, const struct svpu_cmd_queue_input *c)
{
	struct input *in = &s->input[(s->first_input + s->num_inputs++) % 512];

	in->drain = drain;
	if (c)
		in->queue = *c;
}

static void serve(int fd)
{
	struct session *s = calloc(1, sizeof(*s));
	struct svpu_msg_ready ready = { .version = 1, .name = "fake-fw" };
	unsigned char slot[SVPU_SLOT_SIZE];
	struct svpu_entry *entry = (struct svpu_entry *)slot;

	s->fd = fd;
	s->region = mmap(NULL, SVPU_REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (s->region == MAP_FAILED)
		die("mmap of the region");
	__atomic_store_n(&((struct svpu_header *)s->region)->firmware_abi, (is("abi") ? 77u : SVPU_ABI_MAJOR) << 16 | SVPU_ABI_MINOR, __ATOMIC_SEQ_CST);
	if (!is("silent"))
		say(s, &ready, SVPU_MSG_READY, sizeof(ready), 0);
	for (;;) {
		while (hear(s, slot)) {
			switch (entry->type) {
			case SVPU_CMD_QUERY_CAPABILITIES:
				if (!is("no-caps"))
					tell_capabilities(s);
				break;
			case SVPU_CMD_CONFIGURE:
				if (is("early"))
					announce(s);
				if (!is("unconfigured"))
					say_status(s, SVPU_MSG_CONFIGURED, is("refuse") ? SVPU_E_UNSUPPORTED : SVPU_OK, 0);
				break;
			case SVPU_CMD_MAP_BUFFER:
				map(s, (void *)slot);
				break;
			case SVPU_CMD_UNMAP_BUFFER: {
				struct svpu_cmd_buffer *c = (void *)slot;
				struct mapping *m = &s->map[c->direction & 1][c->index % SVPU_MAX_BUFFERS];

				if (m->generation != c->generation)
					break;
				unmap(m);
				if (!is("no-unmapped"))
					say_unmapped(s, c);
				if (is("unmapped-twice"))
					say_unmapped(s, c);
				break;
			}
			case SVPU_CMD_SET_LAYOUT:
				memcpy(&s->layout, slot, sizeof(s->layout));
				break;
			case SVPU_CMD_QUEUE_INPUT:
				add_input(s, false, (void *)slot);
				break;
			case SVPU_CMD_QUEUE_OUTPUT:
				if (s->num_outputs < SVPU_MAX_BUFFERS)
					memcpy(&s->output[s->num_outputs++], slot, sizeof(s->output[0]));
				break;
			case SVPU_CMD_START:
				s->started = true;
				if (is("bells"))
					ring_without_end(s);
				break;
			case SVPU_CMD_FLUSH:
				flush(s, (void *)slot);
				break;
			case SVPU_CMD_DRAIN:
				add_input(s, true, NULL);
				break;
			case SVPU_CMD_RESUME:
				s->paused = false;
				break;
			case SVPU_CMD_RETURN_OUTPUT:
				if (s->num_outputs) {
					struct svpu_cmd_buffer out = s->output[0];

					memmove(s->output, s->output + 1, --s->num_outputs * sizeof(out));
					output_done(s, &out, SVPU_CANCELLED, 0, 0, false);
				}
				break;
			case SVPU_CMD_PING:
				if (!is("no-pong"))
					say_plain(s, SVPU_MSG_PONG, entry->cookie);
				break;
			case SVPU_CMD_ABORT:
				exit(0);
			}
			if (!is("no-pong"))
				work(s);
		}
		wait_session(s, -1);
	}
}

static void parse_size(const char *text, unsigned int to[2])
{
	if (sscanf(text, "%ux%u", &to[0], &to[1]) != 2 || !to[0] || !to[1]) {
		fprintf(stderr, "fake-fw: a size is WIDTHxHEIGHT, not \"%s\"\n", text);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "device", 1, NULL, 'd' }, { "size", 1, NULL, 's' }, { "to", 1, NULL, 't' }, { "change-every", 1, NULL, 'c' },
		{ "hostile", 1, NULL, 'x' }, { "delay-us", 1, NULL, 'u' }, { "raw", 1, NULL, 'r' }, { "controls", 0, NULL, 'a' },
		{ "help", 0, NULL, 'h' }, { 0 },
	};
	const char *device = SVPU_FW_DEVICE;
	struct pollfd p;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'd': device = optarg; break;
		case 's': parse_size(optarg, size[0]); break;
		case 't': parse_size(optarg, size[1]); break;
		case 'c': change_every = strtoul(optarg, NULL, 0); break;
		case 'r': raw_formats = atoi(optarg) == 1 ? 1 : 2; break;
		case 'x':
			mode = find_misbehaviour(optarg);
			if (!mode) {
				fprintf(stderr, "fake-fw: it doesn't know to misbehave by \"%s\"; fake-fw --help lists how\n", optarg);
				return 2;
			}
			break;
		case 'a': controls = true; break;
		case 'u': delay_us = strtoul(optarg, NULL, 0); break;
		default:
			fprintf(stderr, "usage: fake-fw [--device NODE] [--size WxH] [--to WxH --change-every FRAMES] [--delay-us N] [--raw 1|2] [--controls] [--hostile HOW]\n");
			list_misbehaviours(stderr);
			return option == 'h' ? 0 : 2;
		}
	}
	p.fd = open(device, O_RDWR | O_CLOEXEC);
	if (p.fd < 0)
		die(device);
	p.events = POLLIN;
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		struct svpu_fw_attach attach = { .abi_major = SVPU_ABI_MAJOR };
		pid_t server = getpid();

		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			die("poll");
		if (p.revents & POLLHUP)
			return 0;
		if (ioctl(p.fd, SVPU_FW_ATTACH, &attach)) {
			if (errno == EAGAIN || errno == EINTR)
				continue;
			die("SVPU_FW_ATTACH");
		}
		if (fork() == 0) {
			signal(SIGCHLD, SIG_DFL);
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (getppid() != server)
				return 0;
			close(p.fd);
			serve(attach.fd);
		}
		close(attach.fd);
	}
}
