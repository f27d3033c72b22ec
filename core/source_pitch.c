// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Guessing the lines of a picture from its size: see source_pitch.h.
 */
#include "core/source_pitch.h"

/* Lines are aligned to no more than that. */
#define SVPU_MAX_PITCH_ALIGN 256u

static __u32 svpu_align(__u32 value, __u32 to)
{
	return (value + to - 1) & ~(to - 1);
}

/* Lays the components out one behind the other, with the lines that `layout` has already. */
static __u64 svpu_stack(struct svpu_frame_layout *layout)
{
	__u64 used = 0;
	unsigned int i;

	for (i = 0; i < layout->format->components; i++) {
		__u32 shift = layout->format->component[i].vertical_shift;

		layout->offset[i] = (__u32)used;
		used += (__u64)layout->stride[i] * ((layout->height + (1u << shift) - 1) >> shift);
	}
	layout->plane_size[0] = (__u32)used;
	return used;
}

/* With lines of the first component that are `stride` bytes long, and the others' share of them. */
static bool svpu_lay_stride(struct svpu_frame_layout *layout,
			    const struct svpu_pixel_format *format, __u32 width, __u32 height,
			    __u32 stride)
{
	const __u32 wanted[SVPU_MAX_COMPONENTS] = { stride };

	return svpu_source_layout_set(layout, format, width, height, wanted) == SVPU_LAYOUT_OK;
}

bool svpu_source_layout_filling(struct svpu_frame_layout *layout,
				const struct svpu_pixel_format *format, __u32 width, __u32 height,
				__u32 bytes)
{
	struct svpu_frame_layout trial, tight;
	__u32 stride, align;
	unsigned int i;

	if (format->memory_planes != 1 || !svpu_lay_stride(&tight, format, width, height, 0))
		return false;
	for (stride = tight.stride[0]; stride <= tight.stride[0] + 2 * SVPU_MAX_PITCH_ALIGN;
	     stride++) {
		if (!svpu_lay_stride(&trial, format, width, height, stride))
			return false;
		if (trial.plane_size[0] == bytes) {
			*layout = trial;
			return true;
		}
	}
	for (align = 2; align <= SVPU_MAX_PITCH_ALIGN; align *= 2) {
		if (!svpu_lay_stride(&trial, format, width, height,
				     svpu_align(tight.stride[0], align)))
			return false;
		for (i = 0; i < format->components; i++)
			trial.stride[i] = svpu_align(trial.stride[i], align);
		if (svpu_stack(&trial) == bytes) {
			*layout = trial;
			return true;
		}
	}
	return false;
}

__u32 svpu_source_slack(const struct svpu_frame_layout *layout)
{
	const __u32 longest =
		svpu_align(layout->stride[0], SVPU_MAX_PITCH_ALIGN) + SVPU_MAX_PITCH_ALIGN;
	struct svpu_frame_layout most;

	if (layout->format->memory_planes != 1 ||
	    !svpu_lay_stride(&most, layout->format, layout->width, layout->height, longest) ||
	    most.plane_size[0] <= layout->plane_size[0])
		return 0;
	return most.plane_size[0] - layout->plane_size[0];
}
