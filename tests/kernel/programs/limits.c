// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a client can take of the machine's memory through a node, in any way: no buffer is larger than 256 MiB, users have ceilings
 * (parameters user_memory_mib and memory_mib), and what the kernel allocates is charged to the client's control group. docs/kernel.md.
 *   limits NODE [CGROUP]        CGROUP: the mount of a cgroup2 with the memory controller; without it that part is left out
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "client.h"

#define MIB (1ull << 20)
#define PARAMETERS "/sys/module/softvpu/parameters/"

static int failures;

static void check(bool good, const char *what, long long seen)
{
	if (good)
		return;
	fprintf(stderr, "limits: %s: %lld\n", what, seen);
	failures++;
}

static void put(const char *folder, const char *name, const char *text)
{
	char path[200];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(path);
	close(fd);
}

static long long number_in(const char *folder, const char *name)
{
	char path[200], text[64] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		die(path);
	close(fd);
	return strtoll(text, NULL, 10);
}

/* OUTPUT buffers of `mib` each, from now on. */
static void set_size(unsigned int mib)
{
	struct v4l2_format format = { .type = OUT };

	format.fmt.pix_mp.pixelformat = V4L2_PIX_FMT_H264;
	format.fmt.pix_mp.width = format.fmt.pix_mp.height = 64;
	format.fmt.pix_mp.num_planes = 1;
	format.fmt.pix_mp.plane_fmt[0].sizeimage = mib * MIB;
	call(VIDIOC_S_FMT, &format, "S_FMT");
	if (format.fmt.pix_mp.plane_fmt[0].sizeimage < mib * MIB) {
		errno = EMSGSIZE;
		die("sizeimage");
	}
}

static void open_with(const char *name, unsigned int mib)
{
	node = open(name, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (node < 0)
		die(name);
	set_size(mib);
}

/* How many of `most` buffers REQBUFS(OUTPUT) makes; 0 for ENOMEM. */
static unsigned int buffers_of(unsigned int most, unsigned int memory)
{
	struct v4l2_requestbuffers request = { .count = most, .type = OUT, .memory = memory };

	if (!ioctl(node, VIDIOC_REQBUFS, &request))
		return request.count;
	if (errno != ENOMEM)
		die("REQBUFS");
	return 0;
}

static int queue_userptr(unsigned int index, void *at, unsigned long long length)
{
	struct v4l2_plane plane = { .m.userptr = (unsigned long)at, .length = (unsigned int)length, .bytesused = 1 };
	struct v4l2_buffer buffer = { .type = OUT, .index = index, .memory = V4L2_MEMORY_USERPTR, .length = 1, .m.planes = &plane };

	return ioctl(node, VIDIOC_QBUF, &buffer) ? errno : 0;
}

static void sizes(const char *name)
{
	struct v4l2_create_buffers create = { .count = 1, .memory = V4L2_MEMORY_MMAP };
	unsigned char *at;
	int ret;

	open_with(name, 2);
	create.format.type = OUT;
	call(VIDIOC_G_FMT, &create.format, "G_FMT");
	create.format.fmt.pix_mp.plane_fmt[0].sizeimage = 257 * MIB;
	ret = ioctl(node, VIDIOC_CREATE_BUFS, &create);
	check(ret && errno == ENOMEM, "CREATE_BUFS of 257 MiB", ret);

	at = mmap(NULL, 257 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		die("mmap");
	check(buffers_of(4, V4L2_MEMORY_USERPTR) == 4, "REQBUFS(USERPTR)", 0);
	check(queue_userptr(0, at, 257 * MIB) == EINVAL, "USERPTR of 257 MiB isn't refused", 0);
	check(queue_userptr(0, at, 2 * MIB) == 0, "USERPTR of 2 MiB", errno);
	/* What was refused isn't held. */
	check(queue_userptr(1, at, 257 * MIB) == EINVAL, "USERPTR of 257 MiB, again", 0);
	munmap(at, 257 * MIB);
	close(node);
}

static unsigned int mmap_buffers(const char *name)
{
	unsigned int count;

	open_with(name, 4);
	count = buffers_of(32, V4L2_MEMORY_MMAP);
	return count;
}

static void user_ceiling(const char *name)
{
	unsigned int count, i;
	unsigned char *at;
	pid_t child;
	int status, error = 0, queued = 0;

	put(PARAMETERS, "user_memory_mib", "64");
	count = mmap_buffers(name);
	check(count == 16, "MMAP buffers of 4 MiB with a ceiling of 64 MiB", count);
	/* Another file of the same user has nothing; another user has as much. */
	child = fork();
	if (child == 0) {
		failures = 0;
		check(mmap_buffers(name) == 0, "a second file has its own ceiling", 0);
		if (setresuid(1234, 1234, 1234))
			die("setresuid");
		count = buffers_of(32, V4L2_MEMORY_MMAP);
		check(count == 16, "another user's MMAP buffers", count);
		exit(failures != 0);
	}
	waitpid(child, &status, 0);
	check(status == 0, "other files", status);
	close(node);

	/* USERPTR: the pinned pages and the bounce buffers. */
	at = mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	open_with(name, 4);
	check(buffers_of(32, V4L2_MEMORY_USERPTR) == 32, "REQBUFS(USERPTR)", 0);
	for (i = 0; i < 32 && !error; i++) {
		error = queue_userptr(i, at, 4 * MIB);
		queued += !error;
	}
	check(error == ENOMEM, "USERPTR has no ceiling", error);
	check(queued > 0 && queued <= 16, "USERPTR buffers of 4 MiB with a ceiling of 64 MiB", queued);
	close(node);

	/* All is given back. */
	count = mmap_buffers(name);
	check(count == 16, "MMAP buffers after the others are freed", count);
	close(node);

	put(PARAMETERS, "user_memory_mib", "0");
	put(PARAMETERS, "memory_mib", "32");
	count = mmap_buffers(name);
	check(count == 8, "MMAP buffers of 4 MiB with 32 MiB in all", count);
	close(node);
	put(PARAMETERS, "memory_mib", "0");
	munmap(at, 4 * MIB);
}

/* In a group of 64 MiB: what the kernel allocates counts, and nobody is killed for it. */
static void control_group(const char *name, const char *mount)
{
	char group[100], text[32];
	long long before, after;
	unsigned int count;
	pid_t child;
	int status;

	put(mount, "cgroup.subtree_control", "+memory");
	snprintf(group, sizeof(group), "%s/softvpu-limits", mount);
	if (mkdir(group, 0755) && errno != EEXIST)
		die(group);
	put(group, "memory.max", "67108864");
	child = fork();
	if (child == 0) {
		failures = 0;
		snprintf(text, sizeof(text), "%d", getpid());
		put(group, "cgroup.procs", text);
		open_with(name, 4);
		before = number_in(group, "memory.current");
		count = buffers_of(8, V4L2_MEMORY_MMAP);
		after = number_in(group, "memory.current");
		check(count == 8, "MMAP buffers of 4 MiB in a group of 64 MiB", count);
		check(after - before >= (long long)(30 * MIB), "32 MiB of buffers are charged to the group as", after - before);
		check(buffers_of(0, V4L2_MEMORY_MMAP) == 0, "REQBUFS(0)", 0);
		count = buffers_of(32, V4L2_MEMORY_MMAP);
		check(count < 16, "MMAP buffers of 4 MiB in a group of 64 MiB, of 32", count);
		exit(failures != 0);
	}
	waitpid(child, &status, 0);
	check(status == 0, "in the group", status);
	rmdir(group);
}

int main(int argc, char **argv)
{
	program = argv[0];
	if (argc < 2)
		return 2;
	sizes(argv[1]);
	user_ceiling(argv[1]);
	if (argc > 2)
		control_group(argv[1], argv[2]);
	return failures != 0;
}
