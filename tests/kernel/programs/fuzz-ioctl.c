// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random and half-valid calls on all nodes from several threads, for a bounded time: the kernel must stay silent, and every call
 * must return. docs/kernel.md, Tests.
 *   fuzz-ioctl [--seconds N] [--threads N] [--seed N] [--stall N] [--stream FILE] [--be-firmware NODE] VIDEO [NODE...]
 * --be-firmware: one more thread is the firmware: it takes sessions, and scribbles over their rings. Status 1: a call didn't
 * return within --stall seconds. The threads' random values are in fuzz-ioctl-values.c, their calls in fuzz-ioctl-calls.c and
 * fuzz-ioctl-random.c, the firmware is in fuzz-ioctl-firmware.c.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "fuzz-ioctl.h"

#define MAX_THREADS 16
#define MAX_NODES 8

static const char *nodes[MAX_NODES];
static int num_nodes, threads = 4, seconds = 30, stall = 60;
static unsigned long seed = 1;
static int file_node[FILES];

const char *firmware_node;
unsigned char chunk[1 << 16];
size_t chunk_length;
volatile int stop;
int files[FILES];

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
			half_valid_call(f, files[slot]);
		else
			random_call(f, files[slot]);
	}
	return NULL;
}

/* Prints which tasks wait where in the kernel; this process ends then. */
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
		pthread_create(&fuzzers[i].thread, NULL, i < threads ? fuzz : run_firmware, &fuzzers[i]);
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
