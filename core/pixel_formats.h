/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * The table of raw pixel formats, for both hosts and the firmware. V4L2's pages of them:
 * pixfmt-yuv-planar.rst, pixfmt-packed-yuv.rst, pixfmt-rgb.rst, pixfmt-packed-hsv.rst,
 * pixfmt-yuv-luma.rst.
 */
#ifndef SOFTVPU_CORE_PIXEL_FORMATS_H
#define SOFTVPU_CORE_PIXEL_FORMATS_H

#include "core/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SVPU_FOURCC(a, b, c, d) \
	((__u32)(a) | (__u32)(b) << 8 | (__u32)(c) << 16 | (__u32)(d) << 24)

/* V4L2_PIX_FMT_*; pixel_formats_test.cc compares. */
#define SVPU_PIX_FMT_NV12 SVPU_FOURCC('N', 'V', '1', '2')
#define SVPU_PIX_FMT_YUV420 SVPU_FOURCC('Y', 'U', '1', '2')
#define SVPU_PIX_FMT_YVU420 SVPU_FOURCC('Y', 'V', '1', '2')
#define SVPU_PIX_FMT_NV21 SVPU_FOURCC('N', 'V', '2', '1')
#define SVPU_PIX_FMT_YUV420M SVPU_FOURCC('Y', 'M', '1', '2')
#define SVPU_PIX_FMT_YVU420M SVPU_FOURCC('Y', 'M', '2', '1')
#define SVPU_PIX_FMT_NV12M SVPU_FOURCC('N', 'M', '1', '2')
#define SVPU_PIX_FMT_NV21M SVPU_FOURCC('N', 'M', '2', '1')
#define SVPU_PIX_FMT_YUV422P SVPU_FOURCC('4', '2', '2', 'P')
#define SVPU_PIX_FMT_NV16 SVPU_FOURCC('N', 'V', '1', '6')
#define SVPU_PIX_FMT_NV61 SVPU_FOURCC('N', 'V', '6', '1')
#define SVPU_PIX_FMT_NV16M SVPU_FOURCC('N', 'M', '1', '6')
#define SVPU_PIX_FMT_YUYV SVPU_FOURCC('Y', 'U', 'Y', 'V')
#define SVPU_PIX_FMT_YVYU SVPU_FOURCC('Y', 'V', 'Y', 'U')
#define SVPU_PIX_FMT_UYVY SVPU_FOURCC('U', 'Y', 'V', 'Y')
#define SVPU_PIX_FMT_VYUY SVPU_FOURCC('V', 'Y', 'U', 'Y')
#define SVPU_PIX_FMT_NV24 SVPU_FOURCC('N', 'V', '2', '4')
#define SVPU_PIX_FMT_NV42 SVPU_FOURCC('N', 'V', '4', '2')
#define SVPU_PIX_FMT_RGB24 SVPU_FOURCC('R', 'G', 'B', '3')
#define SVPU_PIX_FMT_BGR24 SVPU_FOURCC('B', 'G', 'R', '3')
#define SVPU_PIX_FMT_RGB32 SVPU_FOURCC('R', 'G', 'B', '4')
#define SVPU_PIX_FMT_BGR32 SVPU_FOURCC('B', 'G', 'R', '4')
#define SVPU_PIX_FMT_ARGB32 SVPU_FOURCC('B', 'A', '2', '4')
#define SVPU_PIX_FMT_XRGB32 SVPU_FOURCC('B', 'X', '2', '4')
#define SVPU_PIX_FMT_ABGR32 SVPU_FOURCC('A', 'R', '2', '4')
#define SVPU_PIX_FMT_XBGR32 SVPU_FOURCC('X', 'R', '2', '4')
#define SVPU_PIX_FMT_RGBA32 SVPU_FOURCC('A', 'B', '2', '4')
#define SVPU_PIX_FMT_RGBX32 SVPU_FOURCC('X', 'B', '2', '4')
#define SVPU_PIX_FMT_BGRA32 SVPU_FOURCC('R', 'A', '2', '4')
#define SVPU_PIX_FMT_BGRX32 SVPU_FOURCC('R', 'X', '2', '4')
#define SVPU_PIX_FMT_HSV24 SVPU_FOURCC('H', 'S', 'V', '3')
#define SVPU_PIX_FMT_HSV32 SVPU_FOURCC('H', 'S', 'V', '4')
#define SVPU_PIX_FMT_GREY SVPU_FOURCC('G', 'R', 'E', 'Y')

#define SVPU_MAX_COMPONENTS 4

/*
 * Formats of one kind hold the same samples in different places: a frame of one can be repacked as
 * any other without loss.
 */
enum svpu_samples {
	SVPU_SAMPLES_YUV420,
	SVPU_SAMPLES_YUV422,
	SVPU_SAMPLES_YUV444,
	SVPU_SAMPLES_RGB,
	SVPU_SAMPLES_RGBA, /* or with a byte that means nothing */
	SVPU_SAMPLES_HSV,
	SVPU_SAMPLES_HSVA,
	SVPU_SAMPLES_GREY,
};

/* One component plane: Y, Cb, Cr, interleaved CbCr, or all of a packed format. */
struct svpu_component {
	__u8 bytes_per_sample; /* of one horizontal step: interleaved CbCr has two samples */
	__u8 horizontal_shift; /* log2 of the subsampling */
	__u8 vertical_shift;
};

struct svpu_pixel_format {
	__u32 fourcc;
	enum svpu_samples samples;
	__u8 bit_depth;
	__u8 memory_planes; /* separate allocations: 1 for NV12, 2 for NM12 */
	__u8 components;
	struct svpu_component component[SVPU_MAX_COMPONENTS];
};

/* The row at `index`, or NULL past the last one. */
const struct svpu_pixel_format *svpu_pixel_format_at(unsigned int index);
/* The row of `fourcc`, or NULL if there is none. */
const struct svpu_pixel_format *svpu_pixel_format_find(__u32 fourcc);
/* True if both are known and hold the same samples. */
bool svpu_pixel_format_repacks(__u32 one, __u32 other);

#ifdef __cplusplus
}
#endif

#endif /* SOFTVPU_CORE_PIXEL_FORMATS_H */
