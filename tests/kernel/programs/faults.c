// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each allocation, page and copy from or to user space that a call makes in the kernel fails once: /proc/thread-self/fail-nth, for
 * every step of a session, until the call makes no more of them (Documentation/fault-injection). A step that fails says so by an
 * errno, and goes through when it is repeated; the session then ends as if nothing had happened, or it has failed and returns EIO
 * from then on. No step hangs, the last ones always go through, and so does the next session. The firmware is the scripted one.
 *   faults NODE mmap|userptr [STEP]
 */
#include <stdbool.h>

#include "client.h"

#define OUTPUTS 2
#define CAPTURES 4
#define MOST_POINTS 2000

static const char *name;
static bool userptr;
static int fail_nth;
static unsigned int captures;
static void *mapped[2], *own[2][CAPTURES];
static unsigned int length[2];
static int exported = -1;
static unsigned int sessions_failed;

static unsigned int memory(void)
{
	return userptr ? V4L2_MEMORY_USERPTR : V4L2_MEMORY_MMAP;
}

static int result(int ret)
{
	return ret < 0 ? -errno : 0;
}

static int do_open(void)
{
	node = open(name, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	return result(node);
}

static int do_set_coded(void)
{
	struct v4l2_format format = { .type = OUT };

	format.fmt.pix_mp.pixelformat = V4L2_PIX_FMT_H264;
	format.fmt.pix_mp.width = format.fmt.pix_mp.height = 64;
	format.fmt.pix_mp.plane_fmt[0].sizeimage = 65536;
	return result(ioctl(node, VIDIOC_S_FMT, &format));
}

static int do_subscribe(void)
{
	struct v4l2_event_subscription change = { .type = V4L2_EVENT_SOURCE_CHANGE };

	return result(ioctl(node, VIDIOC_SUBSCRIBE_EVENT, &change));
}

static int request(unsigned int type, unsigned int count)
{
	struct v4l2_requestbuffers r = { .count = count, .type = type, .memory = memory() };
	int ret = result(ioctl(node, VIDIOC_REQBUFS, &r));

	if (!ret && type == CAP)
		captures = r.count < CAPTURES ? r.count : CAPTURES;
	return ret;
}

static int do_request_output(void)
{
	return request(OUT, OUTPUTS);
}

static int do_create_output(void)
{
	struct v4l2_create_buffers c = { .count = 1, .memory = memory(), .format = { .type = OUT } };
	int ret = result(ioctl(node, VIDIOC_G_FMT, &c.format));

	return ret ? ret : result(ioctl(node, VIDIOC_CREATE_BUFS, &c));
}

/* The buffer's plane; of one's own memory there is none before it is queued. */
static int query(unsigned int type, struct v4l2_plane *plane)
{
	struct v4l2_buffer buffer = { .type = type, .memory = memory(), .length = 1, .m.planes = plane };

	return result(ioctl(node, VIDIOC_QUERYBUF, &buffer));
}

static int map(unsigned int type)
{
	struct v4l2_plane plane = { 0 };
	int side = type == CAP, ret = query(type, &plane);

	if (ret)
		return ret;
	length[side] = plane.length;
	if (userptr)
		return 0;
	mapped[side] = mmap(NULL, plane.length, PROT_READ | PROT_WRITE, MAP_SHARED, node, plane.m.mem_offset);
	if (mapped[side] == MAP_FAILED) {
		mapped[side] = NULL;
		return -errno;
	}
	return 0;
}

static int do_map_output(void)
{
	return map(OUT);
}

static int do_map_capture(void)
{
	return map(CAP);
}

static int do_export(void)
{
	struct v4l2_exportbuffer e = { .type = CAP, .flags = O_CLOEXEC };
	int ret = userptr ? 0 : result(ioctl(node, VIDIOC_EXPBUF, &e));

	if (!ret && !userptr)
		exported = e.fd;
	return ret;
}

static int hand_over(unsigned long what, unsigned int type, unsigned int index, unsigned int bytes)
{
	struct v4l2_plane plane = { .bytesused = bytes, .length = length[type == CAP] };
	struct v4l2_buffer buffer = { .type = type, .index = index, .memory = memory(), .length = 1, .m.planes = &plane };

	if (userptr)
		plane.m.userptr = (unsigned long)own[type == CAP][index];
	return result(ioctl(node, what, &buffer));
}

static int do_prepare_output(void)
{
	return hand_over(VIDIOC_PREPARE_BUF, OUT, 0, 100);
}

static int do_queue_output(void)
{
	return hand_over(VIDIOC_QBUF, OUT, 0, 100);
}

static int do_queue_second(void)
{
	return hand_over(VIDIOC_QBUF, OUT, 1, 100);
}

static int stream_on_off(unsigned long request, int type)
{
	return result(ioctl(node, request, &type));
}

static int do_start_output(void)
{
	return stream_on_off(VIDIOC_STREAMON, OUT);
}

static int wait_until(short events)
{
	struct pollfd p = { .fd = node, .events = events };
	int ready = poll(&p, 1, limit_ms);

	if (ready < 0)
		return -errno;
	if (!ready)
		return -ETIMEDOUT;
	return p.revents & POLLERR ? -EIO : 0;
}

static int do_wait_header(void)
{
	/* Who asks for POLLPRI alone isn't told that the session has failed. */
	return wait_until(POLLPRI | POLLIN);
}

static int do_take_event(void)
{
	struct v4l2_event event;

	return result(ioctl(node, VIDIOC_DQEVENT, &event));
}

static int do_set_raw(void)
{
	struct v4l2_format format = { .type = CAP };
	int ret = result(ioctl(node, VIDIOC_G_FMT, &format));

	return ret ? ret : result(ioctl(node, VIDIOC_S_FMT, &format));
}

static int do_ask_least(void)
{
	struct v4l2_control least = { .id = V4L2_CID_MIN_BUFFERS_FOR_CAPTURE };

	return result(ioctl(node, VIDIOC_G_CTRL, &least));
}

static int do_request_capture(void)
{
	return request(CAP, CAPTURES);
}

static int do_queue_capture(void)
{
	return hand_over(VIDIOC_QBUF, CAP, 0, 0);
}

static int do_queue_others(void)
{
	unsigned int i;

	for (i = 1; i < captures; i++) {
		/* When it is repeated, some are queued already. */
		int ret = hand_over(VIDIOC_QBUF, CAP, i, 0);

		if (ret && ret != -EINVAL)
			return ret;
	}
	return 0;
}

static int do_start_capture(void)
{
	return stream_on_off(VIDIOC_STREAMON, CAP);
}

static int do_wait_frame(void)
{
	return wait_until(POLLIN);
}

static int dequeue(unsigned int type)
{
	struct v4l2_plane plane = { 0 };
	struct v4l2_buffer buffer = { .type = type, .memory = memory(), .length = 1, .m.planes = &plane };

	return result(ioctl(node, VIDIOC_DQBUF, &buffer));
}

static int do_take_frame(void)
{
	return dequeue(CAP);
}

static int do_wait_output(void)
{
	return wait_until(POLLOUT);
}

static int do_take_output(void)
{
	return dequeue(OUT);
}

static int do_stop(void)
{
	struct v4l2_decoder_cmd stop = { .cmd = V4L2_DEC_CMD_STOP };

	return result(ioctl(node, VIDIOC_DECODER_CMD, &stop));
}

static int do_stop_capture(void)
{
	return stream_on_off(VIDIOC_STREAMOFF, CAP);
}

static int do_stop_output(void)
{
	return stream_on_off(VIDIOC_STREAMOFF, OUT);
}

static int do_free_capture(void)
{
	return request(CAP, 0);
}

static int do_free_output(void)
{
	return request(OUT, 0);
}

static int do_close(void)
{
	int fd = node;

	node = -1;
	return result(close(fd));
}

static const struct step {
	const char *name;
	int (*run)(void);
	bool spends; /* what it took is gone when the answer can't be copied: no repetition, and the session isn't played to its end */
} steps[] = {
	{ "open", do_open, false },
	{ "S_FMT(OUTPUT)", do_set_coded, false },
	{ "SUBSCRIBE_EVENT", do_subscribe, false },
	{ "REQBUFS(OUTPUT)", do_request_output, false },
	{ "CREATE_BUFS(OUTPUT)", do_create_output, false },
	{ "mmap(OUTPUT)", do_map_output, false },
	{ "PREPARE_BUF(OUTPUT)", do_prepare_output, false },
	{ "QBUF(OUTPUT)", do_queue_output, false },
	{ "STREAMON(OUTPUT)", do_start_output, false },
	{ "poll for the header", do_wait_header, false },
	{ "DQEVENT", do_take_event, true },
	{ "S_FMT(CAPTURE)", do_set_raw, false },
	{ "G_CTRL", do_ask_least, false },
	{ "REQBUFS(CAPTURE)", do_request_capture, false },
	{ "mmap(CAPTURE)", do_map_capture, false },
	{ "EXPBUF", do_export, false },
	{ "QBUF(CAPTURE)", do_queue_capture, false },
	{ "STREAMON(CAPTURE)", do_start_capture, false },
	{ "QBUF(CAPTURE), the others", do_queue_others, false },
	{ "QBUF(OUTPUT), the second", do_queue_second, false },
	{ "poll for a frame", do_wait_frame, false },
	{ "DQBUF(CAPTURE)", do_take_frame, true },
	{ "poll for OUTPUT", do_wait_output, false },
	{ "DQBUF(OUTPUT)", do_take_output, true },
	{ "DECODER_CMD(STOP)", do_stop, false },
	{ "STREAMOFF(CAPTURE)", do_stop_capture, false },
	{ "STREAMOFF(OUTPUT)", do_stop_output, false },
	{ "REQBUFS(CAPTURE, 0)", do_free_capture, false },
	{ "REQBUFS(OUTPUT, 0)", do_free_output, false },
	{ "close", do_close, true },
};

#define STEPS (sizeof(steps) / sizeof(steps[0]))
#define LAST_STEPS (STEPS - 5) /* STREAMOFF and what follows: they end a session, also a failed one */

static void clean_up(void)
{
	unsigned int side;

	if (exported >= 0)
		close(exported);
	exported = -1;
	for (side = 0; side < 2; side++) {
		if (mapped[side])
			munmap(mapped[side], length[side]);
		mapped[side] = NULL;
	}
	if (node >= 0)
		close(node);
	node = -1;
}

/* Steps `from` to `end` - 1, none of which may fail; but with `may_be_over` a failed session goes on with the steps that end it. */
static void play(unsigned int from, unsigned int end, bool may_be_over, const char *when)
{
	unsigned int i;

	for (i = from; i < end; i++) {
		int ret = steps[i].run();

		if (!ret)
			continue;
		if (ret == -EIO && may_be_over && i < LAST_STEPS) {
			may_be_over = false;
			sessions_failed++;
			i = LAST_STEPS - 1;
			continue;
		}
		fprintf(stderr, "faults: %s, %s: %s\n", when, steps[i].name, strerror(-ret));
		exit(1);
	}
}

static void arm(unsigned int nth)
{
	char text[16];
	int size = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(fail_nth, text, size, 0) != size)
		die("/proc/thread-self/fail-nth");
}

/* Whether it has happened. What is left is counted down by this, too. */
static bool disarm(void)
{
	char text[16] = "";
	bool happened = pread(fail_nth, text, sizeof(text) - 1, 0) > 0 && text[0] == '0';

	while (pwrite(fail_nth, "0", 1, 0) != 1)
		;
	return happened;
}

/* One session, in whose step the nth fault happens. Returns false when the step has no such point. */
static bool fail_once(unsigned int step, unsigned int nth, unsigned int *errors)
{
	const struct step *s = &steps[step];
	bool happened;
	char when[128];
	int ret;

	play(0, step, false, "before a fault");
	arm(nth);
	ret = s->run();
	happened = disarm();
	snprintf(when, sizeof(when), "after fault %u of %s, which %s%s", nth, s->name, ret ? "says " : "goes through",
		 ret ? strerror(-ret) : "");
	if (ret && !happened) {
		fprintf(stderr, "faults: %s fails without a fault: %s\n", s->name, strerror(-ret));
		exit(1);
	}
	if (ret) {
		(*errors)++;
		if (ret == -ETIMEDOUT) {
			fprintf(stderr, "faults: %s\n", when);
			exit(1);
		}
	}
	if (ret && !s->spends) {
		int again = s->run();

		if (again == -EIO && step < LAST_STEPS) {
			sessions_failed++;
			step = LAST_STEPS - 1;
		} else if (again && !(ret == -EFAULT && (again == -EINVAL || again == -EBUSY))) {
			/* After EFAULT it was perhaps done, and the answer couldn't be copied: the buffer is queued, the drain has begun. */
			fprintf(stderr, "faults: %s, and when it is repeated %s\n", when, strerror(-again));
			exit(1);
		}
	}
	if (!ret || !s->spends)
		play(step + 1, STEPS, true, when);
	clean_up();
	return happened;
}

int main(int argc, char **argv)
{
	unsigned int i, side, points = 0, errors = 0;

	program = "faults";
	if (argc < 3 || argc > 4)
		return 2;
	name = argv[1];
	userptr = !strcmp(argv[2], "userptr");
	node = -1;
	limit_ms = getenv("LIMIT_MS") ? atoi(getenv("LIMIT_MS")) : limit_ms;
	for (side = 0; side < 2; side++) {
		for (i = 0; i < CAPTURES; i++) {
			own[side][i] = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
			if (own[side][i] == MAP_FAILED)
				die("mmap");
		}
	}
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_nth < 0)
		die("/proc/thread-self/fail-nth");
	play(0, STEPS, false, "without a fault");
	for (i = 0; i < STEPS; i++) {
		unsigned int nth = 1, before = errors, failed = sessions_failed;

		if (argc == 4 && strcmp(argv[3], steps[i].name))
			continue;
		while (nth < MOST_POINTS && fail_once(i, nth, &errors))
			nth++;
		if (nth == MOST_POINTS) {
			fprintf(stderr, "faults: %s has no end of faults\n", steps[i].name);
			return 1;
		}
		printf("  %s, %s: %u points, %u errors, %u sessions failed\n", argv[2], steps[i].name, nth - 1, errors - before,
		       sessions_failed - failed);
		fflush(stdout);
		points += nth - 1;
	}
	printf("  %s: %u points, %u errors, %u sessions failed\n", argv[2], points, errors, sessions_failed);
	/* Nothing was injected where nothing fails. */
	return errors == 0;
}
