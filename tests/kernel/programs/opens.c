// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens and closes a node again and again for SECONDS; fails when one open() takes longer than MOST milliseconds: opens NODE SECONDS MOST */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
	long long end, longest = 0;

	if (argc != 4)
		return 2;
	end = now_ms() + 1000 * atoll(argv[2]);
	while (now_ms() < end) {
		long long before = now_ms();
		int fd = open(argv[1], O_RDWR | O_CLOEXEC);

		if (fd < 0) {
			perror(argv[1]);
			return 1;
		}
		if (now_ms() - before > longest)
			longest = now_ms() - before;
		close(fd);
		usleep(20000);
	}
	if (longest > atoll(argv[3]))
		fprintf(stderr, "opens: one took %lld ms\n", longest);
	return longest > atoll(argv[3]);
}
