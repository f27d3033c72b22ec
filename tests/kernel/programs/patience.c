// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A library that a client of an emulated machine is started with (LD_PRELOAD, by as-softvpu and guest/common): its select() and epoll_wait()
 * wait twenty times as long as they are asked to. v4l2-ctl gives a decoder half a second from STOP to its first frame, in which a worker must
 * start when the file is small, and v4l2-compliance gives it two to each: plenty for a processor, not for QEMU's emulation of one. What hangs
 * is ended by the runner's own limit.
 */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>

#define TIMES 20

int select(int count, fd_set *in, fd_set *out, fd_set *exceptional, struct timeval *timeout)
{
	struct timespec longer = { 0 };
	long long us;

	if (timeout) {
		us = (timeout->tv_sec * 1000000ll + timeout->tv_usec) * TIMES;
		longer.tv_sec = us / 1000000;
		longer.tv_nsec = us % 1000000 * 1000;
	}
	return pselect(count, in, out, exceptional, timeout ? &longer : NULL, NULL);
}

int epoll_wait(int epoll, struct epoll_event *events, int most, int timeout_ms)
{
	return epoll_pwait(epoll, events, most, timeout_ms > 0 ? timeout_ms * TIMES : timeout_ms, NULL);
}
