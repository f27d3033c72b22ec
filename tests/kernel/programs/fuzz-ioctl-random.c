// SPDX-License-Identifier: GPL-2.0
/*
 * Calls of noise for fuzz-ioctl.c, on any node.
 */
#include <linux/media.h>
#include <sys/ioctl.h>

#include <softvpu/fwdev.h>

#include "fuzz-ioctl.h"

void random_call(struct fuzzer *f, int fd)
{
	static const unsigned long known[] = {
		VIDIOC_QUERYCAP, VIDIOC_ENUM_FMT, VIDIOC_G_FMT, VIDIOC_S_FMT, VIDIOC_TRY_FMT, VIDIOC_REQBUFS, VIDIOC_QUERYBUF, VIDIOC_QBUF,
		VIDIOC_EXPBUF, VIDIOC_DQBUF, VIDIOC_STREAMON, VIDIOC_STREAMOFF, VIDIOC_G_PARM, VIDIOC_S_PARM, VIDIOC_G_CTRL, VIDIOC_S_CTRL,
		VIDIOC_QUERYCTRL, VIDIOC_QUERYMENU, VIDIOC_CROPCAP, VIDIOC_G_CROP, VIDIOC_S_CROP, VIDIOC_G_PRIORITY, VIDIOC_S_PRIORITY,
		VIDIOC_LOG_STATUS, VIDIOC_G_EXT_CTRLS, VIDIOC_S_EXT_CTRLS, VIDIOC_TRY_EXT_CTRLS, VIDIOC_ENUM_FRAMESIZES,
		VIDIOC_ENUM_FRAMEINTERVALS, VIDIOC_DECODER_CMD, VIDIOC_TRY_DECODER_CMD, VIDIOC_SUBSCRIBE_EVENT, VIDIOC_UNSUBSCRIBE_EVENT,
		VIDIOC_DQEVENT, VIDIOC_CREATE_BUFS, VIDIOC_PREPARE_BUF, VIDIOC_G_SELECTION, VIDIOC_S_SELECTION, VIDIOC_QUERY_EXT_CTRL,
		MEDIA_IOC_DEVICE_INFO, MEDIA_IOC_ENUM_ENTITIES, MEDIA_IOC_ENUM_LINKS, MEDIA_IOC_SETUP_LINK, MEDIA_IOC_G_TOPOLOGY,
		MEDIA_IOC_REQUEST_ALLOC, SVPU_FW_ATTACH, SVPU_FW_GET_BUFFER,
	};
	static const char families[] = { 'V', 'V', 'V', '|', 'v', 0 };
	unsigned int i, size = below(f, 4) ? below(f, 256) : number(f) & 0x3ff;
	char family = families[below(f, 6)];
	uint64_t argument[128];
	unsigned long request = _IOC(below(f, 4), family ? family : (char)draw(f), below(f, 112), size);

	if (below(f, 4))
		request = known[below(f, sizeof(known) / sizeof(known[0]))];
	/* A descriptor that such a call makes is never closed: there are few, and they end with this program. */
	if (request == SVPU_FW_ATTACH || request == MEDIA_IOC_REQUEST_ALLOC || request == VIDIOC_EXPBUF)
		size = !below(f, 64);
	else
		size = 1;
	for (i = 0; i < 128; i++)
		argument[i] = below(f, 3) ? number(f) : (uint64_t)number(f) << 32 | number(f);
	if (size)
		call(f, fd, request, below(f, 16) ? argument : (void *)(uintptr_t)number(f));
}
