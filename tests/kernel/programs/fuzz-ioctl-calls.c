// SPDX-License-Identifier: GPL-2.0
/*
 * Calls of V4L2 for fuzz-ioctl.c, with arguments of which most are valid: those of a client that streams, in any order.
 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz-ioctl.h"

int call(struct fuzzer *f, int fd, unsigned long request, void *argument)
{
	int ret = ioctl(fd, request, argument);

	f->calls++;
	f->good += ret == 0;
	return ret;
}

static int export(struct fuzzer *f, int fd)
{
	struct v4l2_exportbuffer request = { .type = buffer_type(f), .index = below(f, 6), .flags = below(f, 4) ? O_RDWR : number(f) };

	return call(f, fd, VIDIOC_EXPBUF, &request) ? -1 : request.fd;
}

static void buffer_call(struct fuzzer *f, int fd)
{
	static const unsigned long requests[] = { VIDIOC_QBUF, VIDIOC_QBUF, VIDIOC_QBUF, VIDIOC_DQBUF, VIDIOC_DQBUF, VIDIOC_QUERYBUF,
						  VIDIOC_PREPARE_BUF };
	unsigned long request = requests[below(f, sizeof(requests) / sizeof(requests[0]))];
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct v4l2_buffer buffer = { 0 };
	int exported = -1;

	memset(planes, 0, sizeof(planes));
	buffer.type = buffer_type(f);
	buffer.index = below(f, 8) ? below(f, 6) : number(f);
	buffer.memory = memory_type(f);
	buffer.flags = below(f, 8) ? 0 : number(f);
	buffer.field = below(f, 8) ? 0 : number(f);
	buffer.timestamp.tv_sec = number(f);
	buffer.m.planes = planes;
	buffer.length = below(f, 16) ? 1 : number(f) % 12;
	planes[0].bytesused = below(f, 4) ? chunk_length : number(f);
	planes[0].data_offset = below(f, 8) ? 0 : number(f);
	if (buffer.memory == V4L2_MEMORY_USERPTR) {
		planes[0].m.userptr = (unsigned long)f->user + (below(f, 4) ? 0 : below(f, 8192));
		planes[0].length = below(f, 4) ? USER_BYTES / 2 : number(f) % (USER_BYTES / 2);
	} else if (buffer.memory == V4L2_MEMORY_DMABUF) {
		exported = below(f, 4) ? export(f, files[below(f, FILES)]) : -1;
		planes[0].m.fd = exported >= 0 ? exported : (int)number(f) % 64;
		planes[0].length = below(f, 2) ? 0 : number(f);
	}
	call(f, fd, request, &buffer);
	if (exported >= 0)
		close(exported);
}

static void map_or_unmap(struct fuzzer *f, int fd)
{
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct v4l2_buffer buffer = { .type = buffer_type(f), .index = below(f, 6), .length = VIDEO_MAX_PLANES };
	unsigned int slot = below(f, MAPS);
	void *at;

	if (f->map[slot].at) {
		munmap(f->map[slot].at, f->map[slot].length);
		f->map[slot].at = NULL;
		return;
	}
	memset(planes, 0, sizeof(planes));
	buffer.m.planes = planes;
	if (call(f, fd, VIDIOC_QUERYBUF, &buffer) || !planes[0].length)
		return;
	at = mmap(NULL, planes[0].length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, planes[0].m.mem_offset);
	if (at == MAP_FAILED)
		return;
	f->map[slot].at = at;
	f->map[slot].length = planes[0].length;
	if (planes[0].length > chunk_length)
		memcpy(at, chunk, chunk_length);
	if (!below(f, 4))
		((unsigned char *)at)[below(f, planes[0].length)] = draw(f);
}

void half_valid_call(struct fuzzer *f, int fd)
{
	union {
		struct v4l2_format format;
		struct v4l2_requestbuffers request;
		struct v4l2_create_buffers create;
		struct v4l2_decoder_cmd command;
		struct v4l2_selection selection;
		struct v4l2_event_subscription subscription;
		struct v4l2_event event;
		struct v4l2_fmtdesc description;
		struct v4l2_frmsizeenum size;
		struct v4l2_queryctrl query;
		struct v4l2_control control;
		struct v4l2_capability capability;
		int type;
	} u;
	struct pollfd p = { .fd = fd, .events = draw(f) };
	int exported;

	memset(&u, 0, sizeof(u));
	switch (below(f, 22)) {
	case 0:
		random_format(f, &u.format);
		call(f, fd, below(f, 2) ? VIDIOC_S_FMT : below(f, 2) ? VIDIOC_TRY_FMT : VIDIOC_G_FMT, &u.format);
		break;
	case 1:
		u.request.count = below(f, 64) ? below(f, 7) : number(f);
		u.request.type = buffer_type(f);
		u.request.memory = memory_type(f);
		call(f, fd, VIDIOC_REQBUFS, &u.request);
		break;
	case 2:
		u.create.count = below(f, 64) ? below(f, 4) : number(f);
		u.create.memory = memory_type(f);
		random_format(f, &u.create.format);
		if (below(f, 2))
			call(f, fd, VIDIOC_G_FMT, &u.create.format);
		call(f, fd, VIDIOC_CREATE_BUFS, &u.create);
		break;
	case 3:
	case 4:
	case 5:
		u.type = buffer_type(f);
		call(f, fd, below(f, 3) ? VIDIOC_STREAMON : VIDIOC_STREAMOFF, &u.type);
		break;
	case 6:
	case 7:
		u.command.cmd = below(f, 8) ? below(f, 2) : number(f);
		u.command.flags = below(f, 8) ? 0 : number(f);
		call(f, fd, below(f, 4) ? VIDIOC_DECODER_CMD : VIDIOC_TRY_DECODER_CMD, &u.command);
		break;
	case 8:
		u.selection.type = buffer_type(f);
		u.selection.target = below(f, 2) ? 0x100 | below(f, 4) : number(f);
		u.selection.flags = number(f);
		u.selection.r.width = number(f);
		call(f, fd, below(f, 2) ? VIDIOC_G_SELECTION : VIDIOC_S_SELECTION, &u.selection);
		break;
	case 9:
		u.subscription.type = below(f, 8);
		u.subscription.id = below(f, 2) ? 0 : V4L2_CID_MIN_BUFFERS_FOR_CAPTURE;
		u.subscription.flags = number(f);
		call(f, fd, below(f, 3) ? VIDIOC_SUBSCRIBE_EVENT : VIDIOC_UNSUBSCRIBE_EVENT, &u.subscription);
		break;
	case 10:
		call(f, fd, VIDIOC_DQEVENT, &u.event);
		break;
	case 11:
		u.description.index = number(f);
		u.description.type = buffer_type(f);
		call(f, fd, VIDIOC_ENUM_FMT, &u.description);
		u.size.pixel_format = fourcc(f);
		call(f, fd, VIDIOC_ENUM_FRAMESIZES, &u.size);
		break;
	case 12:
		u.query.id = below(f, 2) ? V4L2_CTRL_FLAG_NEXT_CTRL : number(f);
		call(f, fd, VIDIOC_QUERYCTRL, &u.query);
		u.control.id = below(f, 2) ? V4L2_CID_MIN_BUFFERS_FOR_CAPTURE : u.query.id;
		u.control.value = number(f);
		call(f, fd, below(f, 2) ? VIDIOC_G_CTRL : VIDIOC_S_CTRL, &u.control);
		break;
	case 13:
		poll(&p, 1, below(f, 20));
		break;
	case 14:
	case 15:
		map_or_unmap(f, fd);
		break;
	case 16:
		exported = export(f, fd);
		if (exported >= 0)
			close(exported);
		break;
	default:
		buffer_call(f, fd);
	}
}
