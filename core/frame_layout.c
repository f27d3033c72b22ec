// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Strides, offsets and sizes: see frame_layout.h.
 */
#include "core/frame_layout.h"

#include "core/source_layout.h"

#define SVPU_PAGE_BYTES 4096u
/* Keeps all sums below far from 64 bits; SVPU_MAX_FRAME_BYTES decides. */
#define SVPU_MAX_LAYOUT_SIDE 0x100000

/*
 * A client cuts access units to the size of the buffer without a word, so any access unit must fit.
 * H.264 A.3.1 allows about half of the raw picture's bytes; encoders that ignore the limit can't
 * exceed what I_PCM macroblocks and emulation prevention make of it, one and a half times. Small
 * pictures may be coded at a high rate: the coded picture buffer of level 3, 1.9 MB, is what such a
 * stream holds at once. Memory that isn't written isn't used.
 */
#define SVPU_RAW_PICTURES 2u
#define SVPU_MIN_BITSTREAM_BYTES (2u << 20)

static __u32 svpu_whole_blocks(__u32 side)
{
	return (side + SVPU_BLOCK - 1) & ~(SVPU_BLOCK - 1);
}

enum svpu_layout_result svpu_frame_layout_set_lines(struct svpu_frame_layout *layout,
						    const struct svpu_pixel_format *format,
						    __u32 width, __u32 height,
						    const __u32 wanted[SVPU_MAX_COMPONENTS])
{
	if (!width || !height)
		return SVPU_LAYOUT_EMPTY;
	if (width > SVPU_MAX_LAYOUT_SIDE || height > SVPU_MAX_LAYOUT_SIDE)
		return SVPU_LAYOUT_TOO_LARGE;
	return svpu_source_layout_set(layout, format, svpu_whole_blocks(width),
				      svpu_whole_blocks(height), wanted);
}

enum svpu_layout_result svpu_frame_layout_set(struct svpu_frame_layout *layout,
					      const struct svpu_pixel_format *format, __u32 width,
					      __u32 height)
{
	static const __u32 none[SVPU_MAX_COMPONENTS];

	return svpu_frame_layout_set_lines(layout, format, width, height, none);
}

bool svpu_frame_layout_serves(__u32 width_align, __u32 height_align, __u32 stride_align,
			      __u32 tail_lines)
{
	/* A line of the first plane is whole blocks: it has a byte per pixel, or more. */
	return width_align <= SVPU_BLOCK && height_align <= SVPU_BLOCK &&
	       stride_align <= SVPU_BLOCK && tail_lines <= SVPU_TAIL_LINES;
}

bool svpu_frame_layout_equal(const struct svpu_frame_layout *one,
			     const struct svpu_frame_layout *other)
{
	unsigned int i;

	if (one->format != other->format || one->width != other->width ||
	    one->height != other->height)
		return false;
	for (i = 0; i < one->format->components; i++)
		if (one->stride[i] != other->stride[i])
			return false;
	return true;
}

__u32 svpu_frame_layout_tail(const struct svpu_frame_layout *layout)
{
	return SVPU_TAIL_LINES * layout->stride[0];
}

__u32 svpu_frame_side_clamp(__u32 wanted, __u32 min, __u32 max, __u32 step)
{
	__u32 last;

	if (wanted <= min || max <= min)
		return min;
	if (!step)
		step = 1;
	last = min + (max - min) / step * step;
	if (wanted >= last)
		return last;
	/* Below `last`, which is on the grid: there is a step to round up to. */
	return min + (wanted - min + step - 1) / step * step;
}

__u32 svpu_bitstream_size(__u32 width, __u32 height, __u32 wanted)
{
	__u64 bytes = (__u64)width * height * 3 / 2 * SVPU_RAW_PICTURES;

	if (bytes < wanted)
		bytes = wanted;
	if (bytes < SVPU_MIN_BITSTREAM_BYTES)
		bytes = SVPU_MIN_BITSTREAM_BYTES;
	if (bytes > SVPU_MAX_BITSTREAM_BYTES)
		bytes = SVPU_MAX_BITSTREAM_BYTES;
	return ((__u32)bytes + SVPU_PAGE_BYTES - 1) & ~(SVPU_PAGE_BYTES - 1);
}
