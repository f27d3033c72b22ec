// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client of one node that decodes into exported buffers of another, an ivshmem device, which goes meanwhile: no frame is written to it
 * from then on, each comes back with an error. docs/kernel.md, called by tests/kernel/guest/guests.
 *   borrowed OTHER NODE FILE GO GONE     creates GO once frames came, waits for GONE: OTHER's device has gone. FILE has a hundred frames
 */
#include "client.h"

#define MOST_BUFFERS 32

static int exported[MOST_BUFFERS + 1];

static void export_buffers(const char *name, unsigned int count)
{
	struct v4l2_format format = { .type = OUT };
	unsigned int i;

	node = open(name, O_RDWR | O_CLOEXEC);
	if (node < 0)
		die(name);
	format.fmt.pix_mp.pixelformat = V4L2_PIX_FMT_H264;
	format.fmt.pix_mp.width = format.fmt.pix_mp.height = 1024;
	call(VIDIOC_S_FMT, &format, "S_FMT");
	if (request_buffers(CAP, count) < count) {
		errno = ENOMEM;
		die("buffers to export");
	}
	for (i = 0; i < count; i++) {
		struct v4l2_exportbuffer export = { .type = CAP, .index = i, .flags = O_RDWR | O_CLOEXEC };

		call(VIDIOC_EXPBUF, &export, "EXPBUF");
		exported[i] = export.fd;
	}
	close(node);
}

static int queue_exported(unsigned int index, int fd)
{
	struct v4l2_plane plane = { .m.fd = fd };
	struct v4l2_buffer buffer = { .type = CAP, .index = index, .memory = V4L2_MEMORY_DMABUF, .length = 1, .m.planes = &plane };

	return ioctl(node, VIDIOC_QBUF, &buffer);
}

/* Returns whether the next buffer holds a frame; its index goes to `index`. */
static int take(unsigned int *index)
{
	struct v4l2_plane plane = { 0 };
	struct v4l2_buffer buffer = { .type = CAP, .memory = V4L2_MEMORY_DMABUF, .length = 1, .m.planes = &plane };

	wait_well_for(POLLIN, "a frame");
	call(VIDIOC_DQBUF, &buffer, "DQBUF");
	*index = buffer.index;
	return !(buffer.flags & V4L2_BUF_FLAG_ERROR);
}

int main(int argc, char **argv)
{
	struct v4l2_requestbuffers request = { .type = CAP, .memory = V4L2_MEMORY_DMABUF };
	struct v4l2_control least = { .id = V4L2_CID_MIN_BUFFERS_FOR_CAPTURE };
	struct v4l2_event event;
	unsigned int i, index, failures = 0;
	int mine;

	program = "borrowed";
	if (argc != 6) {
		fprintf(stderr, "usage: borrowed OTHER NODE FILE GO GONE\n");
		return 2;
	}
	read_file(argv[3]);
	open_node(argv[2]);
	queue_file();
	stream(OUT, VIDIOC_STREAMON);
	wait_well_for(POLLPRI, "the source change event");
	call(VIDIOC_DQEVENT, &event, "DQEVENT");
	choose_yu12();
	call(VIDIOC_G_CTRL, &least, "G_CTRL");
	request.count = least.value + SPARE_BUFFERS > MOST_BUFFERS ? MOST_BUFFERS : least.value + SPARE_BUFFERS;
	call(VIDIOC_REQBUFS, &request, "REQBUFS");
	mine = node;
	export_buffers(argv[1], request.count + 1);
	node = mine;
	for (i = 0; i < request.count; i++)
		if (queue_exported(i, exported[i]))
			die("QBUF");
	stream(CAP, VIDIOC_STREAMON);
	for (i = 0; i < request.count; i++)
		if (!take(&index)) {
			errno = EIO;
			die("a frame while the other device was there");
		}

	close(open(argv[4], O_WRONLY | O_CREAT, 0644));
	while (access(argv[5], F_OK))
		usleep(100000);

	/* Into memory that the kernel has mapped already, and into some that it hasn't. */
	if (queue_exported(0, exported[0]))
		die("QBUF of memory that was mapped before");
	if (take(&index))
		fprintf(stderr, "borrowed: a frame was written to a device that has gone\n"), failures++;
	if (!queue_exported(1, exported[request.count]) && take(&index))
		fprintf(stderr, "borrowed: memory of a device that has gone was mapped for a frame\n"), failures++;
	return failures != 0;
}
