/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * The table of raw pixel formats, for both hosts and the firmware. V4L2's YUV formats:
 * pixfmt-yuv-planar.rst.
 */
#ifndef SOFTVPU_CORE_PIXEL_FORMATS_H
#define SOFTVPU_CORE_PIXEL_FORMATS_H

#include "core/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SVPU_FOURCC(a, b, c, d) \
	((__u32)(a) | (__u32)(b) << 8 | (__u32)(c) << 16 | (__u32)(d) << 24)

/* V4L2_PIX_FMT_*; frame_layout_test.cc compares. */
#define SVPU_PIX_FMT_NV12 SVPU_FOURCC('N', 'V', '1', '2')
#define SVPU_PIX_FMT_YUV420 SVPU_FOURCC('Y', 'U', '1', '2')

#define SVPU_MAX_COMPONENTS 4

/* One component plane: Y, Cb, Cr, or interleaved CbCr. */
struct svpu_component {
	__u8 bytes_per_sample; /* of one horizontal step: interleaved CbCr has two samples */
	__u8 horizontal_shift; /* log2 of the subsampling */
	__u8 vertical_shift;
};

struct svpu_pixel_format {
	__u32 fourcc;
	__u8 bit_depth;
	__u8 memory_planes; /* separate allocations: 1 for NV12, 2 for NM12 */
	__u8 components;
	struct svpu_component component[SVPU_MAX_COMPONENTS];
};

/* The row at `index`, or NULL past the last one. */
const struct svpu_pixel_format *svpu_pixel_format_at(unsigned int index);
/* The row of `fourcc`, or NULL if there is none. */
const struct svpu_pixel_format *svpu_pixel_format_find(__u32 fourcc);

#ifdef __cplusplus
}
#endif

#endif /* SOFTVPU_CORE_PIXEL_FORMATS_H */
