// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One firmware follows another at once: while one has /dev/softvpu-fw open, the next tries to open it; the first goes, and what goes
 * with it must not be the next one's. For tests/kernel/guest/hostile.
 *   handover NODE ROUNDS     status 1: a firmware that opened the node wasn't asked for its capabilities, or was hung up
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <softvpu/fwdev.h>

static const char *node;
static pthread_barrier_t ready;
static int next;

static void *follow(void *unused)
{
	(void)unused;
	pthread_barrier_wait(&ready);
	do {
		next = open(node, O_RDWR | O_CLOEXEC);
	} while (next < 0 && errno == EBUSY);
	return NULL;
}

static int fail(int round, const char *what)
{
	fprintf(stderr, "handover: round %d: %s: %s\n", round, what, strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	int round, rounds, fd;

	if (argc != 3) {
		fprintf(stderr, "usage: handover NODE ROUNDS\n");
		return 2;
	}
	node = argv[1];
	rounds = atoi(argv[2]);
	fd = open(node, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return fail(0, node);
	for (round = 0; round < rounds; round++) {
		struct svpu_fw_attach attach = { .abi_major = SVPU_ABI_MAJOR };
		struct pollfd p = { .events = POLLHUP };
		pthread_t thread;

		pthread_barrier_init(&ready, NULL, 2);
		if (pthread_create(&thread, NULL, follow, NULL))
			return fail(round, "pthread_create");
		pthread_barrier_wait(&ready);
		usleep(round % 500);
		close(fd);
		pthread_join(thread, NULL);
		fd = next;
		if (fd < 0)
			return fail(round, "open");
		/* Opening it asks for the capabilities, in a session that waits from then on. */
		if (ioctl(fd, SVPU_FW_ATTACH, &attach))
			return fail(round, "the firmware isn't asked for its capabilities");
		p.fd = attach.fd;
		if (poll(&p, 1, 2) > 0)
			return fail(round, "the firmware's session was hung up");
		close(attach.fd);
	}
	close(fd);
	return 0;
}
