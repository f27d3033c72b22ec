// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random and half-valid calls on all nodes from several threads, for a bounded time: the kernel must stay silent, and every call
 * must return. docs/kernel.md, Tests.
 *   fuzz-ioctl [--seconds N] [--threads N] [--seed N] [--stall N] [--stream FILE] [--be-firmware NODE] VIDEO [NODE...]
 * --be-firmware: one more thread is the firmware: it takes sessions, and scribbles over their rings. Status 1: a call didn't
 * return within --stall seconds.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/media.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <softvpu/fwdev.h>
#include <softvpu/hfi.h>

#define MAX_THREADS 16
#define FILES 6
#define MAX_NODES 8
#define MAPS 16

static const char *nodes[MAX_NODES], *firmware_node;
static int num_nodes, threads = 4, seconds = 30, stall = 60;
static unsigned long seed = 1;
static unsigned char chunk[1 << 16];
static size_t chunk_length;
static volatile int stop;

/* Files are shared by all threads: calls on one file race. */
static int files[FILES];
static int file_node[FILES];

struct fuzzer {
	pthread_t thread;
	uint64_t state;
	volatile unsigned long calls;
	unsigned long good;
	struct { void *at; size_t length; } map[MAPS];
	unsigned char *user; /* memory for USERPTR */
};
#define USER_BYTES (4u << 20)

static uint64_t draw(struct fuzzer *f)
{
	f->state ^= f->state << 13;
	f->state ^= f->state >> 7;
	f->state ^= f->state << 17;
	return f->state;
}

static unsigned int below(struct fuzzer *f, unsigned int n)
{
	return draw(f) % n;
}

/* Mostly small, sometimes at an edge, sometimes anything. */
static uint32_t number(struct fuzzer *f)
{
	static const uint32_t edges[] = { 0, 1, 2, 31, 32, 33, 63, 64, 127, 128, 255, 4096, 8192, 65535, 65536, 1u << 30, 0x7fffffff,
					  0x80000000, 0xfffffffe, 0xffffffff };

	switch (below(f, 8)) {
	case 0:
		return draw(f);
	case 1:
	case 2:
		return edges[below(f, sizeof(edges) / sizeof(edges[0]))];
	default:
		return below(f, 12);
	}
}

static uint32_t buffer_type(struct fuzzer *f)
{
	static const uint32_t types[] = { V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE, V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE,
					  V4L2_BUF_TYPE_VIDEO_OUTPUT, V4L2_BUF_TYPE_VIDEO_CAPTURE };
	unsigned int n = below(f, 40);

	return n < 36 ? types[n % 2] : n < 39 ? types[below(f, 4)] : number(f);
}

static uint32_t fourcc(struct fuzzer *f)
{
	static const uint32_t known[] = { V4L2_PIX_FMT_H264, V4L2_PIX_FMT_H264, V4L2_PIX_FMT_H264, V4L2_PIX_FMT_HEVC, V4L2_PIX_FMT_VP8,
					  V4L2_PIX_FMT_VP9, V4L2_PIX_FMT_MPEG2, V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_P010 };
	unsigned int n = below(f, 12);

	return n < 10 ? known[n] : number(f);
}

static uint32_t memory(struct fuzzer *f)
{
	unsigned int n = below(f, 16);

	return n < 11 ? V4L2_MEMORY_MMAP : n < 13 ? V4L2_MEMORY_USERPTR : n < 15 ? V4L2_MEMORY_DMABUF : number(f);
}

static int call(struct fuzzer *f, int fd, unsigned long request, void *argument)
{
	int ret = ioctl(fd, request, argument);

	f->calls++;
	f->good += ret == 0;
	return ret;
}

static void fill_format(struct fuzzer *f, struct v4l2_format *format)
{
	struct v4l2_pix_format_mplane *mp = &format->fmt.pix_mp;

	memset(format, 0, sizeof(*format));
	format->type = buffer_type(f);
	mp->pixelformat = fourcc(f);
	mp->width = below(f, 16) ? 16 * (1 + below(f, 40)) : number(f);
	mp->height = below(f, 16) ? 16 * (1 + below(f, 30)) : number(f);
	mp->num_planes = below(f, 8) ? 1 : number(f);
	/* Huge buffers, and many of them, are legal and cost the guest its time: seldom. */
	mp->plane_fmt[0].sizeimage = below(f, 64) ? below(f, 1 << 20) : number(f);
	if (!below(f, 4))
		mp->field = mp->colorspace = mp->quantization = mp->xfer_func = number(f);
}

static int export(struct fuzzer *f, int fd)
{
	struct v4l2_exportbuffer request = { .type = buffer_type(f), .index = below(f, 6), .flags = below(f, 4) ? O_RDWR : number(f) };

	return call(f, fd, VIDIOC_EXPBUF, &request) ? -1 : request.fd;
}

static void do_buffer(struct fuzzer *f, int fd)
{
	static const unsigned long requests[] = { VIDIOC_QBUF, VIDIOC_QBUF, VIDIOC_QBUF, VIDIOC_DQBUF, VIDIOC_DQBUF, VIDIOC_QUERYBUF,
						  VIDIOC_PREPARE_BUF };
	unsigned long request = requests[below(f, sizeof(requests) / sizeof(requests[0]))];
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct v4l2_buffer buffer = { 0 };
	int exported = -1;

	memset(planes, 0, sizeof(planes));
	buffer.type = buffer_type(f);
	buffer.index = below(f, 8) ? below(f, 6) : number(f);
	buffer.memory = memory(f);
	buffer.flags = below(f, 8) ? 0 : number(f);
	buffer.field = below(f, 8) ? 0 : number(f);
	buffer.timestamp.tv_sec = number(f);
	buffer.m.planes = planes;
	buffer.length = below(f, 16) ? 1 : number(f) % 12;
	planes[0].bytesused = below(f, 4) ? chunk_length : number(f);
	planes[0].data_offset = below(f, 8) ? 0 : number(f);
	if (buffer.memory == V4L2_MEMORY_USERPTR) {
		planes[0].m.userptr = (unsigned long)f->user + (below(f, 4) ? 0 : below(f, 8192));
		planes[0].length = below(f, 4) ? USER_BYTES / 2 : number(f) % (USER_BYTES / 2);
	} else if (buffer.memory == V4L2_MEMORY_DMABUF) {
		exported = below(f, 4) ? export(f, files[below(f, FILES)]) : -1;
		planes[0].m.fd = exported >= 0 ? exported : (int)number(f) % 64;
		planes[0].length = below(f, 2) ? 0 : number(f);
	}
	call(f, fd, request, &buffer);
	if (exported >= 0)
		close(exported);
}

static void do_map(struct fuzzer *f, int fd)
{
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct v4l2_buffer buffer = { .type = buffer_type(f), .index = below(f, 6), .length = VIDEO_MAX_PLANES };
	unsigned int slot = below(f, MAPS);
	void *at;

	if (f->map[slot].at) {
		munmap(f->map[slot].at, f->map[slot].length);
		f->map[slot].at = NULL;
		return;
	}
	memset(planes, 0, sizeof(planes));
	buffer.m.planes = planes;
	if (call(f, fd, VIDIOC_QUERYBUF, &buffer) || !planes[0].length)
		return;
	at = mmap(NULL, planes[0].length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, planes[0].m.mem_offset);
	if (at == MAP_FAILED)
		return;
	f->map[slot].at = at;
	f->map[slot].length = planes[0].length;
	if (planes[0].length > chunk_length)
		memcpy(at, chunk, chunk_length);
	if (!below(f, 4))
		((unsigned char *)at)[below(f, planes[0].length)] = draw(f);
}

static void do_half_valid(struct fuzzer *f, int fd)
{
	union {
		struct v4l2_format format;
		struct v4l2_requestbuffers request;
		struct v4l2_create_buffers create;
		struct v4l2_decoder_cmd command;
		struct v4l2_selection selection;
		struct v4l2_event_subscription subscription;
		struct v4l2_event event;
		struct v4l2_fmtdesc description;
		struct v4l2_frmsizeenum size;
		struct v4l2_queryctrl query;
		struct v4l2_control control;
		struct v4l2_capability capability;
		int type;
	} u;
	struct pollfd p = { .fd = fd, .events = draw(f) };
	int exported;

	memset(&u, 0, sizeof(u));
	switch (below(f, 22)) {
	case 0:
		fill_format(f, &u.format);
		call(f, fd, below(f, 2) ? VIDIOC_S_FMT : below(f, 2) ? VIDIOC_TRY_FMT : VIDIOC_G_FMT, &u.format);
		break;
	case 1:
		u.request.count = below(f, 64) ? below(f, 7) : number(f);
		u.request.type = buffer_type(f);
		u.request.memory = memory(f);
		call(f, fd, VIDIOC_REQBUFS, &u.request);
		break;
	case 2:
		u.create.count = below(f, 64) ? below(f, 4) : number(f);
		u.create.memory = memory(f);
		fill_format(f, &u.create.format);
		if (below(f, 2))
			call(f, fd, VIDIOC_G_FMT, &u.create.format);
		call(f, fd, VIDIOC_CREATE_BUFS, &u.create);
		break;
	case 3:
	case 4:
	case 5:
		u.type = buffer_type(f);
		call(f, fd, below(f, 3) ? VIDIOC_STREAMON : VIDIOC_STREAMOFF, &u.type);
		break;
	case 6:
	case 7:
		u.command.cmd = below(f, 8) ? below(f, 2) : number(f);
		u.command.flags = below(f, 8) ? 0 : number(f);
		call(f, fd, below(f, 4) ? VIDIOC_DECODER_CMD : VIDIOC_TRY_DECODER_CMD, &u.command);
		break;
	case 8:
		u.selection.type = buffer_type(f);
		u.selection.target = below(f, 2) ? 0x100 | below(f, 4) : number(f);
		u.selection.flags = number(f);
		u.selection.r.width = number(f);
		call(f, fd, below(f, 2) ? VIDIOC_G_SELECTION : VIDIOC_S_SELECTION, &u.selection);
		break;
	case 9:
		u.subscription.type = below(f, 8);
		u.subscription.id = below(f, 2) ? 0 : V4L2_CID_MIN_BUFFERS_FOR_CAPTURE;
		u.subscription.flags = number(f);
		call(f, fd, below(f, 3) ? VIDIOC_SUBSCRIBE_EVENT : VIDIOC_UNSUBSCRIBE_EVENT, &u.subscription);
		break;
	case 10:
		call(f, fd, VIDIOC_DQEVENT, &u.event);
		break;
	case 11:
		u.description.index = number(f);
		u.description.type = buffer_type(f);
		call(f, fd, VIDIOC_ENUM_FMT, &u.description);
		u.size.pixel_format = fourcc(f);
		call(f, fd, VIDIOC_ENUM_FRAMESIZES, &u.size);
		break;
	case 12:
		u.query.id = below(f, 2) ? V4L2_CTRL_FLAG_NEXT_CTRL : number(f);
		call(f, fd, VIDIOC_QUERYCTRL, &u.query);
		u.control.id = below(f, 2) ? V4L2_CID_MIN_BUFFERS_FOR_CAPTURE : u.query.id;
		u.control.value = number(f);
		call(f, fd, below(f, 2) ? VIDIOC_G_CTRL : VIDIOC_S_CTRL, &u.control);
		break;
	case 13:
		poll(&p, 1, below(f, 20));
		break;
	case 14:
	case 15:
		do_map(f, fd);
		break;
	case 16:
		exported = export(f, fd);
		if (exported >= 0)
			close(exported);
		break;
	default:
		do_buffer(f, fd);
	}
}

/* A call of the right family, with arguments of noise; no pointer in it leads into this program. */
static void do_random(struct fuzzer *f, int fd)
{
	static const unsigned long known[] = {
		VIDIOC_QUERYCAP, VIDIOC_ENUM_FMT, VIDIOC_G_FMT, VIDIOC_S_FMT, VIDIOC_TRY_FMT, VIDIOC_REQBUFS, VIDIOC_QUERYBUF, VIDIOC_QBUF,
		VIDIOC_EXPBUF, VIDIOC_DQBUF, VIDIOC_STREAMON, VIDIOC_STREAMOFF, VIDIOC_G_PARM, VIDIOC_S_PARM, VIDIOC_G_CTRL, VIDIOC_S_CTRL,
		VIDIOC_QUERYCTRL, VIDIOC_QUERYMENU, VIDIOC_CROPCAP, VIDIOC_G_CROP, VIDIOC_S_CROP, VIDIOC_G_PRIORITY, VIDIOC_S_PRIORITY,
		VIDIOC_LOG_STATUS, VIDIOC_G_EXT_CTRLS, VIDIOC_S_EXT_CTRLS, VIDIOC_TRY_EXT_CTRLS, VIDIOC_ENUM_FRAMESIZES,
		VIDIOC_ENUM_FRAMEINTERVALS, VIDIOC_DECODER_CMD, VIDIOC_TRY_DECODER_CMD, VIDIOC_SUBSCRIBE_EVENT, VIDIOC_UNSUBSCRIBE_EVENT,
		VIDIOC_DQEVENT, VIDIOC_CREATE_BUFS, VIDIOC_PREPARE_BUF, VIDIOC_G_SELECTION, VIDIOC_S_SELECTION, VIDIOC_QUERY_EXT_CTRL,
		MEDIA_IOC_DEVICE_INFO, MEDIA_IOC_ENUM_ENTITIES, MEDIA_IOC_ENUM_LINKS, MEDIA_IOC_SETUP_LINK, MEDIA_IOC_G_TOPOLOGY,
		MEDIA_IOC_REQUEST_ALLOC, SVPU_FW_ATTACH, SVPU_FW_GET_BUFFER,
	};
	static const char families[] = { 'V', 'V', 'V', '|', 'v', 0 };
	unsigned int i, size = below(f, 4) ? below(f, 256) : number(f) & 0x3ff;
	char family = families[below(f, 6)];
	uint64_t argument[128];
	unsigned long request = _IOC(below(f, 4), family ? family : (char)draw(f), below(f, 112), size);

	if (below(f, 4))
		request = known[below(f, sizeof(known) / sizeof(known[0]))];
	/* The caller keeps no descriptor that such a call may make: there are few, and they end with this program. */
	if (request == SVPU_FW_ATTACH || request == MEDIA_IOC_REQUEST_ALLOC || request == VIDIOC_EXPBUF)
		size = !below(f, 64);
	else
		size = 1;
	for (i = 0; i < 128; i++)
		argument[i] = below(f, 3) ? number(f) : (uint64_t)number(f) << 32 | number(f);
	if (size)
		call(f, fd, request, below(f, 16) ? argument : (void *)(uintptr_t)number(f));
}

static void reopen(unsigned int slot, unsigned int node)
{
	int fd = open(nodes[node], O_RDWR | O_NONBLOCK | O_CLOEXEC);
	int old = __atomic_exchange_n(&files[slot], fd, __ATOMIC_SEQ_CST);

	file_node[slot] = node;
	if (old >= 0)
		close(old);
}

static void *fuzz(void *argument)
{
	struct fuzzer *f = argument;
	unsigned int slot;

	while (!stop) {
		slot = below(f, FILES);
		if (!below(f, 400) || files[slot] < 0) {
			/* The first node, the decoder, is where most happens. */
			reopen(slot, slot == FILES - 1 && num_nodes > 1 ? 1 + below(f, num_nodes - 1) : 0);
			f->calls++;
			continue;
		}
		if (below(f, 12) && !file_node[slot])
			do_half_valid(f, files[slot]);
		else
			do_random(f, files[slot]);
	}
	return NULL;
}

/* ---- the firmware that scribbles ---- */

#define SESSIONS 8
static struct { int fd; unsigned char *region; } session[SESSIONS];

static void drop_session(unsigned int i)
{
	if (session[i].region)
		munmap(session[i].region, SVPU_REGION_SIZE);
	if (session[i].fd >= 0)
		close(session[i].fd);
	session[i].fd = -1;
	session[i].region = NULL;
}

/* Says what a firmware may say, with contents that are nearly right. */
static void say_something(struct fuzzer *f, unsigned char *region)
{
	struct svpu_ring_index *index = (struct svpu_ring_index *)(region + SVPU_MESSAGE_INDEX_OFFSET);
	uint32_t at = index->write;
	unsigned char *slot = region + SVPU_MESSAGE_OFFSET + (at & (SVPU_MESSAGE_SLOTS - 1)) * SVPU_SLOT_SIZE;
	struct svpu_entry *entry = (struct svpu_entry *)slot;
	unsigned int i;

	for (i = 0; i < SVPU_SLOT_SIZE; i += 4)
		*(uint32_t *)(slot + i) = number(f);
	entry->type = !at ? SVPU_MSG_READY : below(f, 32) ? 1 + below(f, 13) : number(f);
	entry->size = below(f, 8) ? SVPU_SLOT_SIZE : number(f);
	entry->sequence = below(f, 16) ? at : number(f);
	/* A command's: it may be in flight. */
	entry->cookie = ((struct svpu_entry *)(region + SVPU_COMMAND_OFFSET + below(f, SVPU_COMMAND_SLOTS) * SVPU_SLOT_SIZE))->cookie;
	if (!below(f, 8))
		entry->cookie = number(f);
	((struct svpu_header *)region)->firmware_abi = SVPU_ABI_MAJOR << 16;
	__atomic_store_n(&index->write, below(f, 32) ? at + 1 : number(f), __ATOMIC_SEQ_CST);
}

static void *be_firmware(void *argument)
{
	struct fuzzer *f = argument;
	int node = -1;
	unsigned int i;

	for (i = 0; i < SESSIONS; i++)
		session[i].fd = -1;
	while (!stop) {
		struct svpu_fw_attach attach = { .abi_major = below(f, 64) ? SVPU_ABI_MAJOR : number(f) };
		struct svpu_fw_buffer buffer = { .direction = below(f, 3), .index = below(f, 8), .generation = 1 + below(f, 8), .plane = below(f, 2) };
		uint64_t bells;

		f->calls++;
		if (node < 0 || !below(f, 5000)) {
			if (node >= 0)
				close(node);
			node = open(firmware_node, O_RDWR | O_CLOEXEC | O_NONBLOCK);
			if (node < 0)
				usleep(1000);
			continue;
		}
		i = below(f, SESSIONS);
		if (session[i].fd < 0) {
			if (!ioctl(node, SVPU_FW_ATTACH, &attach)) {
				session[i].fd = attach.fd;
				session[i].region = mmap(NULL, SVPU_REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, attach.fd, 0);
				if (session[i].region == MAP_FAILED)
					session[i].region = NULL;
			} else {
				usleep(200);
			}
			continue;
		}
		fcntl(session[i].fd, F_SETFL, O_NONBLOCK);
		switch (below(f, 16)) {
		case 0:
			if (!below(f, 8))
				drop_session(i);
			break;
		case 1:
			if (!ioctl(session[i].fd, SVPU_FW_GET_BUFFER, &buffer))
				close(buffer.fd);
			break;
		case 2:
			if (read(session[i].fd, &bells, sizeof(bells)) < 0 && errno == EBADF)
				return NULL;
			break;
		case 3:
			if (session[i].region)
				*(uint32_t *)(session[i].region + (below(f, SVPU_REGION_SIZE / 4) & (below(f, 2) ? ~0u : 0x3ffu)) * 4) = number(f);
			break;
		case 4:
			do_random(f, below(f, 2) ? node : session[i].fd);
			break;
		case 5:
			bells = 1;
			if (write(session[i].fd, &bells, sizeof(bells)) < 0 && errno == EBADF)
				return NULL;
			break;
		default:
			if (session[i].region)
				say_something(f, session[i].region);
		}
	}
	return NULL;
}

/* Who waits where, before this process ends. */
static int stalled(int i, const char *where)
{
	printf("fuzz-ioctl: seed %lu: thread %d hasn't returned from %s\n", seed, i, where);
	fflush(stdout);
	return system("for t in /proc/[0-9]*/task/*; do grep -qE 'svpu|v4l2|vb2' $t/stack && echo \"$t: $(cat $t/comm), $(cat $t/wchan)\" && "
		      "cat $t/stack; done 2>/dev/null; echo w >/proc/sysrq-trigger; sleep 1") ? 1 : 1;
}

static const struct option options[] = { { "seconds", 1, 0, 's' }, { "threads", 1, 0, 't' }, { "seed", 1, 0, 'r' }, { "stall", 1, 0, 'l' },
					 { "stream", 1, 0, 'f' },  { "be-firmware", 1, 0, 'b' }, { 0 } };

int main(int argc, char **argv)
{
	static struct fuzzer fuzzers[MAX_THREADS + 1];
	unsigned long last[MAX_THREADS + 1] = { 0 }, calls = 0, good = 0;
	int quiet[MAX_THREADS + 1] = { 0 };
	int c, i, left, all;
	FILE *file;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's':
			seconds = atoi(optarg);
			break;
		case 't':
			threads = atoi(optarg);
			break;
		case 'r':
			seed = strtoul(optarg, NULL, 0);
			break;
		case 'l':
			stall = atoi(optarg);
			break;
		case 'b':
			firmware_node = optarg;
			break;
		case 'f':
			file = fopen(optarg, "rb");
			if (!file)
				return perror(optarg), 2;
			chunk_length = fread(chunk, 1, sizeof(chunk), file);
			fclose(file);
			break;
		default:
			return 2;
		}
	}
	while (optind < argc && num_nodes < MAX_NODES)
		nodes[num_nodes++] = argv[optind++];
	if (!num_nodes || threads < 1 || threads > MAX_THREADS) {
		fprintf(stderr, "fuzz-ioctl: which node? see the head of the source\n");
		return 2;
	}
	if (!chunk_length)
		chunk_length = 4096;
	for (i = 0; i < FILES; i++)
		files[i] = -1;
	all = threads + !!firmware_node;
	for (i = 0; i < all; i++) {
		fuzzers[i].state = seed * 0x9e3779b97f4a7c15ull + (i + 1) * 0xbf58476d1ce4e5b9ull;
		fuzzers[i].user = mmap(NULL, USER_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		pthread_create(&fuzzers[i].thread, NULL, i < threads ? fuzz : be_firmware, &fuzzers[i]);
	}
	for (left = seconds; left > 0 || !stop; left--) {
		sleep(1);
		stop = left <= 1;
		for (i = 0; i < all; i++) {
			quiet[i] = fuzzers[i].calls == last[i] ? quiet[i] + 1 : 0;
			last[i] = fuzzers[i].calls;
			if (quiet[i] >= stall) {
				_exit(stalled(i, "a call"));
			}
		}
	}
	/* The last calls must return, too. */
	for (i = 0; i < all; i++) {
		struct timespec limit;

		clock_gettime(CLOCK_REALTIME, &limit);
		limit.tv_sec += stall;
		if (pthread_timedjoin_np(fuzzers[i].thread, NULL, &limit)) {
			_exit(stalled(i, "its last call"));
		}
		calls += fuzzers[i].calls;
		good += fuzzers[i].good;
	}
	printf("fuzz-ioctl: seed %lu: %lu calls, %lu succeeded\n", seed, calls, good);
	return 0;
}
