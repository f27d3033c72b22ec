// SPDX-License-Identifier: GPL-2.0
/*
 * Random values for fuzz-ioctl.c: numbers that are often small or at an edge, and arguments of V4L2 that are often valid.
 */
#include <string.h>

#include "fuzz-ioctl.h"

uint64_t draw(struct fuzzer *f)
{
	f->state ^= f->state << 13;
	f->state ^= f->state >> 7;
	f->state ^= f->state << 17;
	return f->state;
}

unsigned int below(struct fuzzer *f, unsigned int n)
{
	return draw(f) % n;
}

/* Mostly small, sometimes at an edge, sometimes anything. */
uint32_t number(struct fuzzer *f)
{
	static const uint32_t edges[] = { 0, 1, 2, 31, 32, 33, 63, 64, 127, 128, 255, 4096, 8192, 65535, 65536, 1u << 30, 0x7fffffff,
					  0x80000000, 0xfffffffe, 0xffffffff };

	switch (below(f, 8)) {
	case 0:
		return draw(f);
	case 1:
	case 2:
		return edges[below(f, sizeof(edges) / sizeof(edges[0]))];
	default:
		return below(f, 12);
	}
}

uint32_t buffer_type(struct fuzzer *f)
{
	static const uint32_t types[] = { V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE, V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE,
					  V4L2_BUF_TYPE_VIDEO_OUTPUT, V4L2_BUF_TYPE_VIDEO_CAPTURE };
	unsigned int n = below(f, 40);

	return n < 36 ? types[n % 2] : n < 39 ? types[below(f, 4)] : number(f);
}

uint32_t fourcc(struct fuzzer *f)
{
	static const uint32_t known[] = { V4L2_PIX_FMT_H264, V4L2_PIX_FMT_H264, V4L2_PIX_FMT_H264, V4L2_PIX_FMT_HEVC, V4L2_PIX_FMT_VP8,
					  V4L2_PIX_FMT_VP9, V4L2_PIX_FMT_MPEG2, V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_P010 };
	unsigned int n = below(f, 12);

	return n < 10 ? known[n] : number(f);
}

uint32_t memory_type(struct fuzzer *f)
{
	unsigned int n = below(f, 16);

	return n < 11 ? V4L2_MEMORY_MMAP : n < 13 ? V4L2_MEMORY_USERPTR : n < 15 ? V4L2_MEMORY_DMABUF : number(f);
}

void random_format(struct fuzzer *f, struct v4l2_format *format)
{
	struct v4l2_pix_format_mplane *mp = &format->fmt.pix_mp;

	memset(format, 0, sizeof(*format));
	format->type = buffer_type(f);
	mp->pixelformat = fourcc(f);
	mp->width = below(f, 16) ? 16 * (1 + below(f, 40)) : number(f);
	mp->height = below(f, 16) ? 16 * (1 + below(f, 30)) : number(f);
	mp->num_planes = below(f, 8) ? 1 : number(f);
	/* Huge buffers, and many of them, are legal, but take the guest a long time: seldom. */
	mp->plane_fmt[0].sizeimage = below(f, 64) ? below(f, 1 << 20) : number(f);
	if (!below(f, 4))
		mp->field = mp->colorspace = mp->quantization = mp->xfer_func = number(f);
}
