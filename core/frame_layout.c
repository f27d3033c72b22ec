// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Strides, offsets and sizes: see frame_layout.h.
 */
#include "core/frame_layout.h"

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

enum svpu_layout_result svpu_frame_layout_set(struct svpu_frame_layout *layout,
					      const struct svpu_pixel_format *format, __u32 width,
					      __u32 height)
{
	struct svpu_frame_layout out = { .format = format };
	__u64 used[SVPU_MAX_COMPONENTS] = { 0 }; /* bytes of each memory plane so far */
	unsigned int i;

	if (!width || !height)
		return SVPU_LAYOUT_EMPTY;
	if (width > SVPU_MAX_LAYOUT_SIDE || height > SVPU_MAX_LAYOUT_SIDE)
		return SVPU_LAYOUT_TOO_LARGE;
	out.width = svpu_whole_blocks(width);
	out.height = svpu_whole_blocks(height);
	for (i = 0; i < format->components; i++) {
		const struct svpu_component *component = &format->component[i];
		/* Components without a memory plane of their own follow in the last one. */
		unsigned int plane = i < format->memory_planes ? i : format->memory_planes - 1u;

		out.stride[i] =
			(out.width >> component->horizontal_shift) * component->bytes_per_sample;
		out.offset[i] = (__u32)used[plane];
		out.component_plane[i] = plane;
		used[plane] += (__u64)out.stride[i] * (out.height >> component->vertical_shift);
		if (used[plane] > SVPU_MAX_FRAME_BYTES)
			return SVPU_LAYOUT_TOO_LARGE;
		out.plane_size[plane] = (__u32)used[plane];
	}
	*layout = out;
	return SVPU_LAYOUT_OK;
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
	return one->format == other->format && one->width == other->width &&
	       one->height == other->height && one->stride[0] == other->stride[0];
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
