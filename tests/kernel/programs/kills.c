// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client whose worker dies or stops: in each round this program itself finds the worker of its session in debugfs and kills or stops
 * it, at a moment of the decoding, not of the clock: so every round hits, however slow the machine. Used by tests/kernel/guest/life.
 *   kills NODE FILE FRAMES ROUNDS SESSIONS [SEED]    FILE gives FRAMES frames; SESSIONS: …/debug/softvpu/DEVICE/sessions; LIMIT_MS, TIMEOUT_MS
 * What must follow: both queues return EIO at once, poll() reports POLLERR; STREAMOFF returns, with all buffers; in every fourth round the
 * same file decodes afresh. Status 1: something else. Multi-planar node, and the only client. dev-decoder.rst, Decoding: fatal failures;
 * vb2_queue_error().
 */
#include <limits.h>
#include <pthread.h>
#include <signal.h>

#include "client.h"

#define TIMEOUT "/sys/module/softvpu/parameters/timeout_ms"
#define SHORT_MS 300 /* for a stopped worker: nobody else is to be heard then */
#define MARGIN 16    /* frames that libavcodec may have finished beyond the CAPTURE buffers */

enum moment { AT_START, BEFORE_CAPTURE, WHILE_DECODING, DRAINING, IN_STREAMOFF, MOMENTS };
static const char *const names[MOMENTS] = { "at the start", "before CAPTURE", "decoding", "draining", "in STREAMOFF" };
static const char *sessions;
static unsigned int timeout_ms = 4000;
static unsigned long seed = 1;

static unsigned int below(unsigned int n)
{
	seed = seed * 6364136223846793005ul + 1442695040888963407ul;
	return (seed >> 33) % n;
}

static void set_timeout(unsigned int ms)
{
	FILE *file = fopen(TIMEOUT, "w");

	if (!file || fprintf(file, "%u\n", ms) < 0 || fclose(file))
		die(TIMEOUT);
}

/* The process that has mapped the region of the one session there is. */
static pid_t worker(void)
{
	char line[200];
	int tries, found;

	for (tries = 0; tries < limit_ms; tries++) {
		FILE *file = fopen(sessions, "r");

		if (!file)
			die(sessions);
		found = 0;
		while (fgets(line, sizeof(line), file))
			if (sscanf(line, "session %*u: worker %d", &found) == 1 && found)
				break;
		fclose(file);
		if (found)
			return found;
		usleep(1000);
	}
	errno = ETIMEDOUT;
	die("no worker takes the session");
	return 0;
}

static unsigned long long failed(void)
{
	unsigned long long n = 0;
	char line[200];
	FILE *file = fopen(sessions, "r");

	if (!file)
		die(sessions);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "failed: %llu", &n) == 1)
			break;
	fclose(file);
	return n;
}

struct strike {
	pid_t victim;
	int signal;
	unsigned int delay_us;
};

static void *strike(void *argument)
{
	struct strike *s = argument;

	usleep(s->delay_us);
	if (kill(s->victim, s->signal))
		die("kill");
	return NULL;
}

static void hit(const struct strike *s)
{
	strike((void *)s);
	if (s->signal == SIGSTOP)
		set_timeout(SHORT_MS);
}

static int dequeue(unsigned int type)
{
	struct v4l2_plane plane = { 0 };
	struct v4l2_buffer buffer = { .type = type, .memory = V4L2_MEMORY_MMAP, .length = 1, .m.planes = &plane };

	return ioctl(node, VIDIOC_DQBUF, &buffer);
}

static void expect_eio(int result, const char *what)
{
	if (result != -1 || errno != EIO) {
		errno = result ? errno : 0;
		die(what);
	}
}

/* Until then the session may deliver something, which stays in the queue. */
static void wait_for_end(void)
{
	int tries;

	for (tries = 0; tries < limit_ms; tries++) {
		if (wait_for(POLLIN | POLLOUT, "the end of a session whose worker is dead") & POLLERR)
			return;
		usleep(1000);
	}
	errno = ETIMEDOUT;
	die("the end of a session whose worker is dead");
}

/* The session has ended by itself, as the client sees it: both queues return EIO, whatever was done before, and poll() only POLLERR. */
static void expect_end(unsigned int capture_buffers)
{
	wait_for_end();
	if (wait_for(POLLIN | POLLOUT, "POLLERR") != POLLERR)
		die("poll() of a dead session reports more than POLLERR");
	expect_eio(dequeue(OUT), "DQBUF(OUTPUT) of a dead session");
	expect_eio(try_queue(OUT, 0, 16), "QBUF(OUTPUT) of a dead session");
	if (!capture_buffers)
		return;
	expect_eio(dequeue(CAP), "DQBUF(CAPTURE) of a dead session");
	expect_eio(try_queue(CAP, 0, 0), "QBUF(CAPTURE) of a dead session");
}

/* CAPTURE can't start anew while the failed session's OUTPUT still streams. */
static void expect_refusal(void)
{
	int capture = CAP;

	stream(CAP, VIDIOC_STREAMOFF);
	expect_eio(try_queue(CAP, 0, 0), "QBUF(CAPTURE) before STREAMOFF(OUTPUT)");
	expect_eio(ioctl(node, VIDIOC_STREAMON, &capture), "STREAMON(CAPTURE) before STREAMOFF(OUTPUT)");
}

/* What STREAMOFF gives back: every buffer. */
static void expect_all_back(unsigned int type, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct v4l2_plane plane = { 0 };
		struct v4l2_buffer buffer = { .type = type, .index = i, .memory = V4L2_MEMORY_MMAP, .length = 1, .m.planes = &plane };

		call(VIDIOC_QUERYBUF, &buffer, "QUERYBUF");
		if (buffer.flags & (V4L2_BUF_FLAG_QUEUED | V4L2_BUF_FLAG_DONE)) {
			errno = 0;
			die("STREAMOFF keeps a buffer");
		}
	}
}

static void drop_events(void)
{
	struct v4l2_event event;

	while (!ioctl(node, VIDIOC_DQEVENT, &event))
		continue;
}

static void decode_afresh(unsigned int frames)
{
	unsigned int got;

	/* An event of the dead session would be taken for the new one's: CAPTURE set up too early has its own LAST. */
	drop_events();
	request_buffers(CAP, 0);
	queue_file();
	stream(OUT, VIDIOC_STREAMON);
	set_capture_up();
	ask_for_drain();
	got = take_frames(UINT_MAX);
	if (got != frames) {
		fprintf(stderr, "kills: round %d: afresh: %u of %u frames\n", round_number, got, frames);
		exit(1);
	}
}

static void one_round(const char *name, enum moment moment, int signal, unsigned int frames)
{
	struct strike s = { .signal = signal, .delay_us = below(3) ? below(3000) : 0 };
	unsigned long long before = failed();
	unsigned int count = 0;
	pthread_t thread;

	open_node(name);
	queue_file();
	stream(OUT, VIDIOC_STREAMON);
	s.victim = worker();
	if (moment == BEFORE_CAPTURE)
		wait_well_for(POLLPRI, "the source change event");
	if (moment >= WHILE_DECODING) {
		count = set_capture_up();
		if (count + MARGIN >= frames) {
			fprintf(stderr, "kills: the file is too short: %u frames, %u buffers\n", frames, count);
			exit(2);
		}
		if (moment == DRAINING)
			ask_for_drain();
		take_frames(below(frames - count - MARGIN));
	}
	if (moment == IN_STREAMOFF) {
		if (signal == SIGSTOP)
			hit(&s);
		else if (pthread_create(&thread, NULL, strike, &s))
			die("pthread_create");
	} else {
		hit(&s);
		expect_end(count);
		if (failed() != before + 1)
			die("the module counts no failure");
		if (count && round_number % 4 == 1)
			expect_refusal();
	}
	stream(below(2) ? CAP : OUT, VIDIOC_STREAMOFF);
	stream(CAP, VIDIOC_STREAMOFF);
	stream(OUT, VIDIOC_STREAMOFF);
	expect_all_back(OUT, 1);
	expect_all_back(CAP, count);
	if (moment == IN_STREAMOFF && signal == SIGKILL)
		pthread_join(thread, NULL);
	set_timeout(timeout_ms);
	if (moment != IN_STREAMOFF && round_number % 4 == 0)
		decode_afresh(frames);
	close(node);
	/* A stopped one hears nothing. */
	kill(s.victim, SIGKILL);
}

int main(int argc, char **argv)
{
	unsigned int done[MOMENTS] = { 0 }, i, frames;

	program = "kills";
	if (argc != 6 && argc != 7) {
		fprintf(stderr, "usage: kills NODE FILE FRAMES ROUNDS SESSIONS [SEED]\n");
		return 2;
	}
	read_file(argv[2]);
	frames = atoi(argv[3]);
	sessions = argv[5];
	if (argc == 7)
		seed = strtoul(argv[6], NULL, 0);
	if (getenv("LIMIT_MS"))
		limit_ms = atoi(getenv("LIMIT_MS"));
	if (getenv("TIMEOUT_MS"))
		timeout_ms = atoi(getenv("TIMEOUT_MS"));
	set_timeout(timeout_ms);
	for (round_number = 0; round_number < atoi(argv[4]); round_number++) {
		/* The more interesting ones twice. */
		static const enum moment plan[] = { AT_START, WHILE_DECODING, BEFORE_CAPTURE, IN_STREAMOFF, DRAINING, WHILE_DECODING, IN_STREAMOFF };
		enum moment moment = plan[round_number % (sizeof(plan) / sizeof(plan[0]))];

		one_round(argv[1], moment, round_number % 3 == 2 ? SIGSTOP : SIGKILL, frames);
		done[moment]++;
	}
	for (i = 0; i < MOMENTS; i++)
		printf("  %u workers killed or stopped %s\n", done[i], names[i]);
	return 0;
}
