/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small client of a multi-planar decoder node, for cycles.c and kills.c: opens it, queues a whole H.264 file as one OUTPUT buffer, sets
 * CAPTURE up, waits. Whatever fails ends the program. dev-decoder.rst: Initialization, Capture Setup, Drain.
 */
#ifndef SOFTVPU_TESTS_KERNEL_CLIENT_H
#define SOFTVPU_TESTS_KERNEL_CLIENT_H

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define OUT V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE
#define CAP V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
#define SPARE_BUFFERS 3

static const char *program;
static int node, round_number;
static unsigned char file_bytes[1 << 20];
static unsigned int file_length;
static int limit_ms = 30000; /* of every wait */

static inline void die(const char *what)
{
	fprintf(stderr, "%s: round %d: %s: %s\n", program, round_number, what, strerror(errno));
	exit(1);
}

static inline void read_file(const char *name)
{
	FILE *file = fopen(name, "rb");

	if (!file)
		die(name);
	file_length = fread(file_bytes, 1, sizeof(file_bytes), file);
	fclose(file);
}

static inline void call(unsigned long request, void *argument, const char *what)
{
	if (ioctl(node, request, argument))
		die(what);
}

static inline void stream(int type, unsigned long request)
{
	call(request, &type, request == VIDIOC_STREAMON ? "STREAMON" : "STREAMOFF");
}

static inline unsigned int request_buffers(unsigned int type, unsigned int count)
{
	struct v4l2_requestbuffers request = { .count = count, .type = type, .memory = V4L2_MEMORY_MMAP };

	call(VIDIOC_REQBUFS, &request, "REQBUFS");
	return request.count;
}

static inline int try_queue(unsigned int type, unsigned int index, unsigned int bytes)
{
	struct v4l2_plane plane = { .bytesused = bytes };
	struct v4l2_buffer buffer = { .type = type, .index = index, .memory = V4L2_MEMORY_MMAP, .length = 1, .m.planes = &plane };

	return ioctl(node, VIDIOC_QBUF, &buffer);
}

static inline void queue(unsigned int type, unsigned int index, unsigned int bytes)
{
	if (try_queue(type, index, bytes))
		die("QBUF");
}

/* Copies the file into OUTPUT buffer 0 and queues it. */
static inline void queue_file(void)
{
	struct v4l2_plane plane = { 0 };
	struct v4l2_buffer buffer = { .type = OUT, .memory = V4L2_MEMORY_MMAP, .length = 1, .m.planes = &plane };
	void *at;

	call(VIDIOC_QUERYBUF, &buffer, "QUERYBUF");
	if (plane.length < file_length) {
		errno = EMSGSIZE;
		die("the file is too long for a buffer");
	}
	at = mmap(NULL, plane.length, PROT_READ | PROT_WRITE, MAP_SHARED, node, plane.m.mem_offset);
	if (at == MAP_FAILED)
		die("mmap");
	memcpy(at, file_bytes, file_length);
	munmap(at, plane.length);
	queue(OUT, 0, file_length);
}

/* Returns what is there of `events` and POLLERR. */
static inline short wait_for(short events, const char *what)
{
	struct pollfd p = { .fd = node, .events = events };

	if (poll(&p, 1, limit_ms) != 1) {
		errno = ETIMEDOUT;
		die(what);
	}
	return p.revents;
}

static inline void wait_well_for(short events, const char *what)
{
	if (wait_for(events, what) & POLLERR) {
		errno = EIO;
		die(what);
	}
}

static inline void open_node(const char *name)
{
	struct v4l2_event_subscription change = { .type = V4L2_EVENT_SOURCE_CHANGE };
	struct v4l2_format format = { .type = OUT };

	node = open(name, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (node < 0)
		die(name);
	format.fmt.pix_mp.pixelformat = V4L2_PIX_FMT_H264;
	format.fmt.pix_mp.width = format.fmt.pix_mp.height = 64;
	call(VIDIOC_S_FMT, &format, "S_FMT");
	call(VIDIOC_SUBSCRIBE_EVENT, &change, "SUBSCRIBE_EVENT");
	request_buffers(OUT, 1);
}

/* Once the header is known. libavcodec decodes into YU12 buffers, if their lines suit it. Returns the format. */
static inline struct v4l2_format choose_yu12(void)
{
	struct v4l2_format format = { .type = CAP };

	call(VIDIOC_G_FMT, &format, "G_FMT");
	format.fmt.pix_mp.pixelformat = V4L2_PIX_FMT_YUV420;
	call(VIDIOC_S_FMT, &format, "S_FMT");
	if (format.fmt.pix_mp.pixelformat != V4L2_PIX_FMT_YUV420) {
		errno = EINVAL;
		die("the node has no YU12");
	}
	return format;
}

/* From the source change event to a streaming CAPTURE; returns how many buffers it has, all queued. */
static inline unsigned int set_capture_up(void)
{
	struct v4l2_control least = { .id = V4L2_CID_MIN_BUFFERS_FOR_CAPTURE };
	struct v4l2_event event;
	unsigned int i, count;

	wait_well_for(POLLPRI, "the source change event");
	call(VIDIOC_DQEVENT, &event, "DQEVENT");
	choose_yu12();
	call(VIDIOC_G_CTRL, &least, "G_CTRL");
	count = request_buffers(CAP, least.value + SPARE_BUFFERS);
	for (i = 0; i < count; i++)
		queue(CAP, i, 0);
	stream(CAP, VIDIOC_STREAMON);
	return count;
}

/* Takes frames off CAPTURE, and gives the buffers back, up to LAST or `most` good frames; returns how many. */
static inline unsigned int take_frames(unsigned int most)
{
	unsigned int frames = 0;

	while (frames < most) {
		struct v4l2_plane plane = { 0 };
		struct v4l2_buffer buffer = { .type = CAP, .memory = V4L2_MEMORY_MMAP, .length = 1, .m.planes = &plane };

		wait_well_for(POLLIN, "a frame");
		call(VIDIOC_DQBUF, &buffer, "DQBUF");
		if (plane.bytesused && !(buffer.flags & V4L2_BUF_FLAG_ERROR))
			frames++;
		if (buffer.flags & V4L2_BUF_FLAG_LAST)
			break;
		queue(CAP, buffer.index, 0);
	}
	return frames;
}

static inline void ask_for_drain(void)
{
	struct v4l2_decoder_cmd stop = { .cmd = V4L2_DEC_CMD_STOP };

	call(VIDIOC_DECODER_CMD, &stop, "DECODER_CMD(STOP)");
}

#endif
