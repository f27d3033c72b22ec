// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Strides, offsets and sizes of a client's own pictures: see source_layout.h.
 */
#include "core/source_layout.h"

#define SVPU_MAX_SOURCE_SIDE 0x100000
/* A whole number of pages, the largest below SVPU_MAX_FRAME_BYTES. */
#define SVPU_MAX_CODED_BYTES 0x7ffff000u
/* More than headers of a frame take. */
#define SVPU_CODED_MARGIN 0x10000u
/* The side of a block, in samples. */
#define SVPU_SOURCE_BLOCK 8u
/* Of the largest raw formats, those of 32 bits. */
#define SVPU_MAX_PIXEL_BYTES 4u

static __u32 steps_of(__u32 samples, __u8 shift)
{
	return (samples + (1u << shift) - 1) >> shift;
}

static __u32 bytes_of_line(const struct svpu_component *component, __u32 width)
{
	return steps_of(width, component->horizontal_shift) * component->bytes_per_sample;
}

static unsigned int plane_of(const struct svpu_pixel_format *format, unsigned int component)
{
	/* Components without a memory plane of their own follow in the last one. */
	return component < format->memory_planes ? component : format->memory_planes - 1u;
}

/*
 * The line of a component in bytes, where the first of its memory plane has lines of `stride`: its
 * share of them is that of the samples (pixfmt-v4l2.rst).
 */
static __u32 share_of(const struct svpu_component *component, const struct svpu_component *first,
		      __u32 stride)
{
	return stride * component->bytes_per_sample / first->bytes_per_sample >>
	       (component->horizontal_shift - first->horizontal_shift);
}

/* Bytes per line of a memory plane: the fewest, or those that the client asks for. */
static __u32 stride_of(const struct svpu_pixel_format *format, unsigned int plane, __u32 width,
		       __u32 wanted)
{
	const struct svpu_component *first = &format->component[plane];
	__u32 stride = bytes_of_line(first, width);
	__u32 grain = 1;
	unsigned int i;

	/* Packed: one pair of chroma samples is for two pixels, also behind the last odd one. */
	if (format->components == 1 && format->samples == SVPU_SAMPLES_YUV422)
		stride = bytes_of_line(first, width + (width & 1));
	if (wanted > stride && wanted <= SVPU_MAX_SOURCE_STRIDE)
		stride = wanted;
	for (i = plane + 1; i < format->components; i++) {
		const struct svpu_component *other = &format->component[i];
		__u32 needed = (__u32)first->bytes_per_sample
			       << (other->horizontal_shift - first->horizontal_shift);

		if (plane_of(format, i) == plane && grain < needed)
			grain = needed;
	}
	return (stride + grain - 1) / grain * grain;
}

enum svpu_layout_result svpu_source_layout_set(struct svpu_frame_layout *layout,
					       const struct svpu_pixel_format *format, __u32 width,
					       __u32 height,
					       const __u32 wanted[SVPU_MAX_COMPONENTS])
{
	struct svpu_frame_layout out = { .format = format, .width = width, .height = height };
	__u64 used[SVPU_MAX_COMPONENTS] = { 0 }; /* bytes of each memory plane so far */
	__u32 stride[SVPU_MAX_COMPONENTS] = { 0 }; /* of each memory plane */
	unsigned int i;

	if (!width || !height)
		return SVPU_LAYOUT_EMPTY;
	if (width > SVPU_MAX_SOURCE_SIDE || height > SVPU_MAX_SOURCE_SIDE)
		return SVPU_LAYOUT_TOO_LARGE;
	for (i = 0; i < format->memory_planes; i++)
		stride[i] = stride_of(format, i, width, wanted[i]);
	for (i = 0; i < format->components; i++) {
		const struct svpu_component *component = &format->component[i];
		unsigned int plane = plane_of(format, i);

		out.stride[i] = share_of(component, &format->component[plane], stride[plane]);
		out.offset[i] = (__u32)used[plane];
		out.component_plane[i] = plane;
		used[plane] += (__u64)out.stride[i] * steps_of(height, component->vertical_shift);
		if (used[plane] > SVPU_MAX_FRAME_BYTES)
			return SVPU_LAYOUT_TOO_LARGE;
		out.plane_size[plane] = (__u32)used[plane];
	}
	*layout = out;
	return SVPU_LAYOUT_OK;
}

void svpu_source_whole_blocks(const struct svpu_pixel_format *format, __u32 *width, __u32 *height)
{
	bool half_lines = format->samples == SVPU_SAMPLES_YUV420;
	bool half_columns = half_lines || format->samples == SVPU_SAMPLES_YUV422;
	__u32 columns = half_columns ? 2 * SVPU_SOURCE_BLOCK : SVPU_SOURCE_BLOCK;
	__u32 lines = half_lines ? 2 * SVPU_SOURCE_BLOCK : SVPU_SOURCE_BLOCK;

	*width = (*width + columns - 1) & ~(columns - 1);
	*height = (*height + lines - 1) & ~(lines - 1);
}

__u32 svpu_coded_buffer_size(__u32 width, __u32 height, __u32 wanted)
{
	__u64 stored = (__u64)steps_of(width, 4) * steps_of(height, 4) * SVPU_BLOCK * SVPU_BLOCK *
			       SVPU_MAX_PIXEL_BYTES +
		       SVPU_CODED_MARGIN;
	__u32 bytes = svpu_bitstream_size(width, height, wanted);

	if (stored > SVPU_MAX_CODED_BYTES)
		return SVPU_MAX_CODED_BYTES;
	return stored > bytes ? ((__u32)stored + 0xfff) & ~0xfffu : bytes;
}
