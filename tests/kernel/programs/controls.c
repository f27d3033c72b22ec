// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Compares core/control_table.c, which the device in user space has, with the controls of a node of the module, which has the kernel's
 * own: types, flags, names, menus. The firmware is fake-fw --controls, which lists them all. Prints each difference: controls NODE
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/control_table.c"

static int differences;

static void differ(const struct svpu_v4l2_control *row, const char *what, const char *kernels)
{
	fprintf(stderr, "controls: %s (%x): %s: the kernel has \"%s\"\n", row->name, row->id, what, kernels);
	differences++;
}

static void compare_menu(int fd, const struct svpu_v4l2_control *row)
{
	for (unsigned int i = 0; i < row->num_items; i++) {
		struct v4l2_querymenu menu = { .id = row->id, .index = i };

		if (ioctl(fd, VIDIOC_QUERYMENU, &menu))
			differ(row, "an item", strerror(errno));
		else if (row->items && strcmp((const char *)menu.name, row->items[i]))
			differ(row, row->items[i], (const char *)menu.name);
		else if (row->values && menu.value != row->values[i])
			differ(row, "a value of the menu", "another");
	}
}

static void compare(int fd, const struct svpu_v4l2_control *row)
{
	struct v4l2_query_ext_ctrl query = { .id = row->id };
	/* A menu of a decoder is read-only; how many buffers there must be is the stream's. */
	unsigned int more = row->num_items ? V4L2_CTRL_FLAG_READ_ONLY : row->id == V4L2_CID_MIN_BUFFERS_FOR_CAPTURE ? V4L2_CTRL_FLAG_VOLATILE : 0;

	if (ioctl(fd, VIDIOC_QUERY_EXT_CTRL, &query)) {
		differ(row, "QUERY_EXT_CTRL", strerror(errno));
		return;
	}
	if (strcmp(query.name, row->name))
		differ(row, "name", query.name);
	if (query.type != row->type)
		differ(row, "type", "another");
	if (query.flags != (row->flags | more))
		differ(row, "flags", "others");
	compare_menu(fd, row);
}

/* What is set is clamped, is read back, and doesn't end anything. */
static void set(int fd, unsigned int id, int value, int expected)
{
	struct v4l2_control control = { .id = id, .value = value };

	if (ioctl(fd, VIDIOC_S_CTRL, &control) || control.value != expected || ioctl(fd, VIDIOC_G_CTRL, &control) || control.value != expected) {
		fprintf(stderr, "controls: %x was set to %d and is %d\n", id, value, control.value);
		differences++;
	}
}

int main(int argc, char **argv)
{
	struct v4l2_query_ext_ctrl own = { .id = V4L2_CID_CODEC_BASE + 0x3000 };
	const struct svpu_v4l2_control *row;
	int fd;

	fd = argc == 2 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0) {
		perror("controls NODE");
		return 2;
	}
	for (unsigned int i = 0; (row = svpu_v4l2_control_at(i)); i++)
		compare(fd, row);
	if (ioctl(fd, VIDIOC_QUERY_EXT_CTRL, &own) || strcmp(own.name, "Fake Control") || own.maximum != 9) {
		fprintf(stderr, "controls: the firmware's own control is \"%s\"\n", own.name);
		differences++;
	}
	set(fd, V4L2_CID_MPEG_VIDEO_GOP_SIZE, 5000, 100);
	set(fd, V4L2_CID_MPEG_VIDEO_FRAME_RC_ENABLE, 7, 1);
	set(fd, own.id, -3, 0);
	return differences ? 1 : 0;
}
