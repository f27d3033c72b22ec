// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client of a session that fails: both queues answer EIO at once, poll() reports POLLERR, who waits is woken, and the buffers come
 * back with STREAMOFF; then everything begins anew. dev-decoder.rst, Decoding, fatal failures; as after vb2_queue_error().
 *   failed NODE header|frames      when it fails: at the header, or when the first frames are done and not dequeued
 */
#include <pthread.h>
#include <stdbool.h>

#include "client.h"

static int failures;

static void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "failed: %s: %s\n", what, strerror(errno));
	failures++;
}

static int dequeue(unsigned int type)
{
	struct v4l2_plane plane = { 0 };
	struct v4l2_buffer buffer = { .type = type, .memory = V4L2_MEMORY_MMAP, .length = 1, .m.planes = &plane };

	return ioctl(node, VIDIOC_DQBUF, &buffer) ? errno : 0;
}

static unsigned int flags_of(unsigned int type, unsigned int index)
{
	struct v4l2_plane plane = { 0 };
	struct v4l2_buffer buffer = { .type = type, .index = index, .memory = V4L2_MEMORY_MMAP, .length = 1, .m.planes = &plane };

	call(VIDIOC_QUERYBUF, &buffer, "QUERYBUF");
	return buffer.flags;
}

static int prepare(unsigned int type)
{
	struct v4l2_plane plane = { 0 };
	struct v4l2_buffer buffer = { .type = type, .index = 0, .memory = V4L2_MEMORY_MMAP, .length = 1, .m.planes = &plane };

	return ioctl(node, VIDIOC_PREPARE_BUF, &buffer) ? errno : 0;
}

static int command(unsigned int which)
{
	struct v4l2_decoder_cmd cmd = { .cmd = which };

	return ioctl(node, VIDIOC_DECODER_CMD, &cmd) ? errno : 0;
}

static void *sleep_in_dqbuf(void *result)
{
	*(int *)result = dequeue(OUT);
	return NULL;
}

/* What every dead queue says. */
static void check_dead(unsigned int type, const char *what)
{
	check(dequeue(type) == EIO, what);
	check(prepare(type) == EIO, what);
	check(try_queue(type, 0, 1) && errno == EIO, what);
}

int main(int argc, char **argv)
{
	bool frames = argc == 3 && !strcmp(argv[2], "frames");
	int capture = CAP, woken = 0, i;
	pthread_t thread;

	program = argv[0];
	if (argc != 3)
		return 2;
	open_node(argv[1]);
	/* The scripted firmware makes a frame of each of these, and stumbles over the third. */
	if (frames)
		request_buffers(OUT, 8);
	stream(OUT, VIDIOC_STREAMON);
	if (!frames) {
		fcntl(node, F_SETFL, 0);
		pthread_create(&thread, NULL, sleep_in_dqbuf, &woken);
		usleep(200000);
	}
	for (i = 0; i < (frames ? 8 : 1); i++)
		queue(OUT, i, 100);
	if (frames)
		set_capture_up();
	check(wait_for(POLLIN | POLLPRI, "POLLERR") & POLLERR || frames, "poll at the header");
	for (i = 0; frames && i < 100 && !(wait_for(POLLIN, "POLLERR") & POLLERR); i++)
		usleep(100000);
	check(wait_for(POLLIN | POLLOUT, "POLLERR") == POLLERR, "poll says more than POLLERR");
	if (!frames) {
		pthread_join(thread, NULL);
		check(woken == EIO, "DQBUF that slept");
		fcntl(node, F_SETFL, O_NONBLOCK);
	}

	check_dead(OUT, "OUTPUT");
	if (frames)
		check_dead(CAP, "CAPTURE");
	check(command(V4L2_DEC_CMD_START) == EIO, "START");
	check(wait_for(POLLIN | POLLOUT, "POLLERR") == POLLERR, "poll after START");
	check(command(V4L2_DEC_CMD_STOP) == EIO, "STOP");
	check(wait_for(POLLIN | POLLOUT, "POLLERR") == POLLERR, "poll after STOP");
	/* ffmpeg asks for ever while there is POLLERR; it ends by DQBUF's EIO. */
	for (i = 0; i < 1000; i++)
		if (!(wait_for(POLLIN | POLLOUT, "POLLERR") & POLLERR))
			break;
	check(wait_for(POLLIN | POLLOUT, "poll after a thousand") == (frames ? POLLIN | POLLOUT : POLLOUT), "poll after a thousand");
	check(flags_of(OUT, 0) & (V4L2_BUF_FLAG_QUEUED | V4L2_BUF_FLAG_DONE), "OUTPUT's buffers aren't the queue's");
	if (!frames) {
		request_buffers(CAP, 4);
		check(try_queue(CAP, 0, 0) && errno == EIO, "QBUF(CAPTURE)");
		check(prepare(CAP) == EIO, "PREPARE_BUF(CAPTURE)");
		check(ioctl(node, VIDIOC_STREAMON, &capture) && errno == EIO, "STREAMON(CAPTURE)");
	}

	stream(CAP, VIDIOC_STREAMOFF);
	stream(OUT, VIDIOC_STREAMOFF);
	check(!(flags_of(OUT, 0) & (V4L2_BUF_FLAG_QUEUED | V4L2_BUF_FLAG_DONE)), "OUTPUT's buffers don't come back");
	check(!(flags_of(CAP, 0) & (V4L2_BUF_FLAG_QUEUED | V4L2_BUF_FLAG_DONE)), "CAPTURE's buffers don't come back");
	stream(OUT, VIDIOC_STREAMON);
	queue(OUT, 0, 100);
	check(wait_for(POLLOUT | POLLPRI, "life after it") != 0, "nothing goes on");
	return failures != 0;
}
