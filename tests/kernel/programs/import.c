// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client whose CAPTURE buffers are memory of its own, and change: each time a buffer is queued again, first in a way that must fail
 * (too short: videobuf2 releases what it had), then with other memory. Every frame must be in the memory that was queued for it, equal
 * to what MMAP buffers hold. vidioc-qbuf.rst; called by guest/decode and guest/leaks.
 *   import NODE FILE dmabuf|userptr ROUNDS     status 1: something is wrong
 */
#include <limits.h>

#include "client.h"

#define MOST_FRAMES 200
#define MOST_BUFFERS 32

static unsigned int memory, frame_bytes, num_frames, num_buffers;
static unsigned int width, height, stride; /* of luma */
static unsigned char *frame[MOST_FRAMES];
/* Two for each buffer, taken in turn. */
static struct {
	unsigned char *at;
	int fd;
} own[MOST_BUFFERS][2];
static unsigned int turn[MOST_BUFFERS];

static unsigned int plane_length(void)
{
	struct v4l2_format format = choose_yu12();

	width = format.fmt.pix_mp.width;
	height = format.fmt.pix_mp.height;
	stride = format.fmt.pix_mp.plane_fmt[0].bytesperline;
	return format.fmt.pix_mp.plane_fmt[0].sizeimage;
}

/* The pixels alone: what is beside them is anybody's. */
static int same(const unsigned char *a, const unsigned char *b)
{
	unsigned int y;

	for (y = 0; y < height; y++)
		if (memcmp(a + y * stride, b + y * stride, width))
			return 0;
	a += height * stride;
	b += height * stride;
	for (y = 0; y < height; y++)
		if (memcmp(a + y * (stride / 2), b + y * (stride / 2), width / 2))
			return 0;
	return 1;
}

static void begin(const char *name)
{
	open_node(name);
	queue_file();
	stream(OUT, VIDIOC_STREAMON);
}

/* What MMAP buffers get: the frames to compare with. */
static void decode_reference(const char *name)
{
	unsigned char *at[MOST_BUFFERS] = { 0 };
	unsigned int i, count;

	begin(name);
	count = set_capture_up();
	ask_for_drain();
	for (i = 0; i < count && i < MOST_BUFFERS; i++) {
		struct v4l2_plane plane = { 0 };
		struct v4l2_buffer buffer = { .type = CAP, .index = i, .memory = V4L2_MEMORY_MMAP, .length = 1, .m.planes = &plane };

		call(VIDIOC_QUERYBUF, &buffer, "QUERYBUF");
		at[i] = mmap(NULL, plane.length, PROT_READ | PROT_WRITE, MAP_SHARED, node, plane.m.mem_offset);
		if (at[i] == MAP_FAILED)
			die("mmap");
	}
	for (;;) {
		struct v4l2_plane plane = { 0 };
		struct v4l2_buffer buffer = { .type = CAP, .memory = V4L2_MEMORY_MMAP, .length = 1, .m.planes = &plane };

		wait_well_for(POLLIN, "a frame");
		call(VIDIOC_DQBUF, &buffer, "DQBUF");
		if (plane.bytesused && num_frames < MOST_FRAMES) {
			frame_bytes = plane.bytesused;
			frame[num_frames] = malloc(frame_bytes);
			memcpy(frame[num_frames++], at[buffer.index], frame_bytes);
		}
		if (buffer.flags & V4L2_BUF_FLAG_LAST)
			break;
		queue(CAP, buffer.index, 0);
	}
	close(node);
}

/* Buffers of another open file of the node, exported; or memory of this process. */
static void make_memory(const char *name, unsigned int length)
{
	unsigned int i;

	if (memory == V4L2_MEMORY_DMABUF) {
		struct v4l2_format format = { .type = OUT };

		node = open(name, O_RDWR | O_CLOEXEC);
		if (node < 0)
			die(name);
		format.fmt.pix_mp.pixelformat = V4L2_PIX_FMT_H264;
		format.fmt.pix_mp.width = format.fmt.pix_mp.height = 1024;
		call(VIDIOC_S_FMT, &format, "S_FMT");
		if (request_buffers(CAP, 2 * num_buffers) < 2 * num_buffers) {
			errno = ENOMEM;
			die("buffers to export");
		}
	}
	for (i = 0; i < 2 * num_buffers; i++) {
		struct v4l2_exportbuffer export = { .type = CAP, .index = i, .flags = O_RDWR | O_CLOEXEC };
		int fd = -1;

		if (memory == V4L2_MEMORY_DMABUF) {
			call(VIDIOC_EXPBUF, &export, "EXPBUF");
			fd = export.fd;
		}
		own[i / 2][i % 2].fd = fd;
		own[i / 2][i % 2].at = mmap(NULL, length, PROT_READ | PROT_WRITE, fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);
		if (own[i / 2][i % 2].at == MAP_FAILED)
			die("mmap");
	}
	if (memory == V4L2_MEMORY_DMABUF)
		close(node);
}

static int queue_own(unsigned int index, unsigned int length)
{
	struct v4l2_plane plane = { .length = length };
	struct v4l2_buffer buffer = { .type = CAP, .index = index, .memory = memory, .length = 1, .m.planes = &plane };

	if (memory == V4L2_MEMORY_DMABUF)
		plane.m.fd = own[index][turn[index]].fd;
	else
		plane.m.userptr = (unsigned long)own[index][turn[index]].at;
	return ioctl(node, VIDIOC_QBUF, &buffer);
}

static void fail_to_queue(unsigned int index)
{
	if (!queue_own(index, 16)) {
		errno = 0;
		die("QBUF took a plane that is too short");
	}
}

static void decode_into_own(const char *name)
{
	struct v4l2_requestbuffers request = { .type = CAP, .memory = memory };
	struct v4l2_event event;
	unsigned int i, n = 0, length;

	begin(name);
	wait_well_for(POLLPRI, "the source change event");
	call(VIDIOC_DQEVENT, &event, "DQEVENT");
	length = plane_length();
	if (!num_buffers) {
		struct v4l2_control least = { .id = V4L2_CID_MIN_BUFFERS_FOR_CAPTURE };
		int mine = node;

		call(VIDIOC_G_CTRL, &least, "G_CTRL");
		num_buffers = least.value + SPARE_BUFFERS;
		if (num_buffers > MOST_BUFFERS / 2)
			num_buffers = MOST_BUFFERS / 2;
		make_memory(name, length);
		node = mine;
	}
	request.count = num_buffers;
	call(VIDIOC_REQBUFS, &request, "REQBUFS");
	for (i = 0; i < num_buffers; i++)
		if (queue_own(i, length))
			die("QBUF");
	stream(CAP, VIDIOC_STREAMON);
	ask_for_drain();
	for (;;) {
		struct v4l2_plane plane = { 0 };
		struct v4l2_buffer buffer = { .type = CAP, .memory = memory, .length = 1, .m.planes = &plane };
		unsigned char *at;

		wait_well_for(POLLIN, "a frame");
		call(VIDIOC_DQBUF, &buffer, "DQBUF");
		i = buffer.index;
		at = own[i][turn[i]].at;
		if (plane.bytesused && (n >= num_frames || plane.bytesused != frame_bytes || !same(at, frame[n]))) {
			fprintf(stderr, "import: round %d: frame %u isn't in the memory that was queued for it\n", round_number, n);
			exit(1);
		}
		n += !!plane.bytesused;
		memset(at, 0xa5, length);
		fail_to_queue(i);
		if (buffer.flags & V4L2_BUF_FLAG_LAST)
			break;
		turn[i] ^= 1;
		if (queue_own(i, length))
			die("QBUF with other memory");
	}
	if (n != num_frames) {
		fprintf(stderr, "import: round %d: %u frames, expected %u\n", round_number, n, num_frames);
		exit(1);
	}
	/* Most are left to close(), without memory and with a mapping that the firmware knows. */
	stream(CAP, VIDIOC_STREAMOFF);
	for (i = 0; i < num_buffers; i++)
		fail_to_queue(i);
	close(node);
}

int main(int argc, char **argv)
{
	program = "import";
	if (argc != 5 || (strcmp(argv[3], "dmabuf") && strcmp(argv[3], "userptr"))) {
		fprintf(stderr, "usage: import NODE FILE dmabuf|userptr ROUNDS\n");
		return 2;
	}
	memory = strcmp(argv[3], "dmabuf") ? V4L2_MEMORY_USERPTR : V4L2_MEMORY_DMABUF;
	read_file(argv[2]);
	decode_reference(argv[1]);
	for (round_number = 0; round_number < atoi(argv[4]); round_number++)
		decode_into_own(argv[1]);
	return 0;
}
