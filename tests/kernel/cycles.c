// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opens a decoder node, decodes a whole H.264 file of a megabyte at most, closes it, and does so again: the client of
 * tests/kernel/guest-leaks, and of the sessions that guest-life ends.
 *   cycles NODE FILE ROUNDS FRAMES     every round must give that many frames; multi-planar node. Status 1: it didn't
 * dev-decoder.rst: Initialization, Capture Setup, Drain.
 */
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

static int node, round_number;

static void die(const char *what)
{
	fprintf(stderr, "cycles: round %d: %s: %s\n", round_number, what, strerror(errno));
	exit(1);
}

static void call(unsigned long request, void *argument, const char *what)
{
	if (ioctl(node, request, argument))
		die(what);
}

static void stream(int type, unsigned long request)
{
	call(request, &type, "STREAMON or STREAMOFF");
}

static unsigned int request_buffers(unsigned int type, unsigned int count)
{
	struct v4l2_requestbuffers request = { .count = count, .type = type, .memory = V4L2_MEMORY_MMAP };

	call(VIDIOC_REQBUFS, &request, "REQBUFS");
	return request.count;
}

static void queue(unsigned int type, unsigned int index, unsigned int bytes)
{
	struct v4l2_plane plane = { .bytesused = bytes };
	struct v4l2_buffer buffer = { .type = type, .index = index, .memory = V4L2_MEMORY_MMAP, .length = 1, .m.planes = &plane };

	call(VIDIOC_QBUF, &buffer, "QBUF");
}

/* Copies the file into OUTPUT buffer 0 and queues it. */
static void queue_file(const unsigned char *bytes, unsigned int length)
{
	struct v4l2_plane plane = { 0 };
	struct v4l2_buffer buffer = { .type = OUT, .memory = V4L2_MEMORY_MMAP, .length = 1, .m.planes = &plane };
	void *at;

	call(VIDIOC_QUERYBUF, &buffer, "QUERYBUF");
	if (plane.length < length) {
		errno = EMSGSIZE;
		die("the file is too long for a buffer");
	}
	at = mmap(NULL, plane.length, PROT_READ | PROT_WRITE, MAP_SHARED, node, plane.m.mem_offset);
	if (at == MAP_FAILED)
		die("mmap");
	memcpy(at, bytes, length);
	munmap(at, plane.length);
	queue(OUT, 0, length);
}

static void wait_for(short events, const char *what)
{
	struct pollfd p = { .fd = node, .events = events };

	if (poll(&p, 1, 30000) != 1 || p.revents & POLLERR) {
		errno = ETIMEDOUT;
		die(what);
	}
}

static unsigned int decode(const char *name, const unsigned char *bytes, unsigned int length)
{
	struct v4l2_event_subscription change = { .type = V4L2_EVENT_SOURCE_CHANGE };
	struct v4l2_decoder_cmd stop = { .cmd = V4L2_DEC_CMD_STOP };
	struct v4l2_control least = { .id = V4L2_CID_MIN_BUFFERS_FOR_CAPTURE };
	struct v4l2_format format = { .type = OUT };
	struct v4l2_event event;
	unsigned int i, count, frames = 0;

	node = open(name, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (node < 0)
		die(name);
	format.fmt.pix_mp.pixelformat = V4L2_PIX_FMT_H264;
	format.fmt.pix_mp.width = format.fmt.pix_mp.height = 64;
	call(VIDIOC_S_FMT, &format, "S_FMT");
	call(VIDIOC_SUBSCRIBE_EVENT, &change, "SUBSCRIBE_EVENT");
	request_buffers(OUT, 1);
	queue_file(bytes, length);
	stream(OUT, VIDIOC_STREAMON);
	wait_for(POLLPRI, "the source change event");
	call(VIDIOC_DQEVENT, &event, "DQEVENT");
	call(VIDIOC_G_CTRL, &least, "G_CTRL");
	count = request_buffers(CAP, least.value + SPARE_BUFFERS);
	for (i = 0; i < count; i++)
		queue(CAP, i, 0);
	stream(CAP, VIDIOC_STREAMON);
	call(VIDIOC_DECODER_CMD, &stop, "DECODER_CMD(STOP)");
	for (;;) {
		struct v4l2_plane plane = { 0 };
		struct v4l2_buffer buffer = { .type = CAP, .memory = V4L2_MEMORY_MMAP, .length = 1, .m.planes = &plane };

		wait_for(POLLIN, "a frame");
		call(VIDIOC_DQBUF, &buffer, "DQBUF");
		if (plane.bytesused && !(buffer.flags & V4L2_BUF_FLAG_ERROR))
			frames++;
		if (buffer.flags & V4L2_BUF_FLAG_LAST)
			break;
		queue(CAP, buffer.index, 0);
	}
	/* Every other round leaves everything to close(). */
	if (round_number % 2) {
		stream(CAP, VIDIOC_STREAMOFF);
		stream(OUT, VIDIOC_STREAMOFF);
		request_buffers(CAP, 0);
		request_buffers(OUT, 0);
	}
	close(node);
	return frames;
}

int main(int argc, char **argv)
{
	static unsigned char bytes[1 << 20];
	unsigned int length, frames, wanted;
	FILE *file;

	if (argc != 5) {
		fprintf(stderr, "usage: cycles NODE FILE ROUNDS FRAMES\n");
		return 2;
	}
	file = fopen(argv[2], "rb");
	if (!file)
		die(argv[2]);
	length = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	wanted = atoi(argv[4]);
	for (round_number = 0; round_number < atoi(argv[3]); round_number++) {
		frames = decode(argv[1], bytes, length);
		if (frames != wanted) {
			fprintf(stderr, "cycles: round %d gave %u frames, expected %u\n", round_number, frames, wanted);
			return 1;
		}
	}
	return 0;
}
