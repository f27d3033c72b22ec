// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is left of an ivshmem device that has gone: nothing. A process that has mapped its buffers, by the node and by a dma-buf, gets
 * SIGBUS; nothing that it does afterwards writes to the device. docs/kernel.md.
 *   revoke NODE GO GONE       creates GO when all is mapped, waits for GONE: the device has gone; then looks, and closes at the end
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>

#include "client.h"

static sigjmp_buf back;
static int failures;

static void on_sigbus(int signal)
{
	(void)signal;
	siglongjmp(back, 1);
}

static bool kills(volatile unsigned char *at)
{
	if (sigsetjmp(back, 1))
		return true;
	*at = 0x55;
	return false;
}

static void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "revoke: %s\n", what);
	failures++;
}

static unsigned char *map(int fd, size_t length, int flags, off_t offset)
{
	unsigned char *at = mmap(NULL, length, PROT_READ | PROT_WRITE, flags, fd, offset);

	if (at == MAP_FAILED)
		die("mmap");
	return at;
}

int main(int argc, char **argv)
{
	struct v4l2_plane plane = { 0 };
	struct v4l2_buffer buffer = { .type = CAP, .memory = V4L2_MEMORY_MMAP, .length = 1, .m.planes = &plane };
	struct v4l2_exportbuffer export = { .type = CAP, .index = 1, .flags = O_RDWR | O_CLOEXEC };
	struct sigaction action = { .sa_handler = on_sigbus };
	unsigned char *by_node, *by_dmabuf, *untouched;
	size_t i;

	program = argv[0];
	if (argc != 4)
		return 2;
	sigaction(SIGBUS, &action, NULL);
	open_node(argv[1]);
	request_buffers(CAP, 2);
	call(VIDIOC_QUERYBUF, &buffer, "QUERYBUF");
	by_node = map(node, plane.length, MAP_SHARED, plane.m.mem_offset);
	untouched = map(node, plane.length, MAP_SHARED, plane.m.mem_offset);
	call(VIDIOC_EXPBUF, &export, "EXPBUF");
	by_dmabuf = map(export.fd, plane.length, MAP_SHARED, 0);

	/* All pages are the buffer's, in order, whoever maps them. */
	for (i = 0; i < plane.length; i += 4096)
		check(!kills(by_node + i), "a page can't be touched"), by_node[i + 1] = i >> 12, by_node[i + 2] = i >> 20;
	for (i = 0; i < plane.length; i += 4096)
		check(by_node[i + 1] == (unsigned char)(i >> 12) && by_node[i + 2] == (unsigned char)(i >> 20), "a page isn't its own");
	check(!kills(by_dmabuf) && !kills(by_dmabuf + plane.length - 1), "a page of the dma-buf can't be touched");
	check(by_dmabuf[1] == 0, "two buffers are one");
	check(mmap(NULL, plane.length, PROT_READ | PROT_WRITE, MAP_PRIVATE, export.fd, 0) == MAP_FAILED && errno == EINVAL,
	      "a private mapping of the dma-buf");

	close(open(argv[2], O_WRONLY | O_CREAT, 0644));
	while (access(argv[3], F_OK))
		usleep(100000);

	check(kills(by_node), "the node's mapping is there");
	check(kills(by_node + plane.length - 1), "the end of the node's mapping is there");
	check(kills(untouched), "what wasn't touched before can be now");
	check(kills(by_dmabuf), "the dma-buf's mapping is there");
	check(kills(map(export.fd, plane.length, MAP_SHARED, 0)), "the dma-buf can be mapped anew");
	check(ioctl(node, VIDIOC_QUERYBUF, &buffer) && errno == ENODEV, "the node answers");
	return failures != 0;
}
