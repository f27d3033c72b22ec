// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client that stops before its worker has said a word: STREAMOFF of both queues gives the buffers back without waiting for it, and the
 * session hasn't failed. Called by tests/kernel/guest/hostile, with a firmware that takes no session.
 *   early NODE     status 1: something else
 */
#include "client.h"

static void check_back(unsigned int type, const char *what)
{
	struct v4l2_plane plane = { 0 };
	struct v4l2_buffer buffer = { .type = type, .memory = V4L2_MEMORY_MMAP, .length = 1, .m.planes = &plane };

	call(VIDIOC_QUERYBUF, &buffer, "QUERYBUF");
	if (buffer.flags & (V4L2_BUF_FLAG_QUEUED | V4L2_BUF_FLAG_DONE)) {
		errno = EBUSY;
		die(what);
	}
}

int main(int argc, char **argv)
{
	program = "early";
	if (argc != 2)
		return 2;
	open_node(argv[1]);
	for (round_number = 0; round_number < 3; round_number++) {
		queue(OUT, 0, 100);
		stream(OUT, VIDIOC_STREAMON);
		request_buffers(CAP, 4);
		queue(CAP, 0, 0);
		stream(CAP, VIDIOC_STREAMON);
		if (round_number == 1)
			stream(OUT, VIDIOC_STREAMOFF);
		stream(CAP, VIDIOC_STREAMOFF);
		stream(OUT, VIDIOC_STREAMOFF);
		check_back(OUT, "OUTPUT's buffer");
		check_back(CAP, "CAPTURE's buffer");
	}
	close(node);
	return 0;
}
