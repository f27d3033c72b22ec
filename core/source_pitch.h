/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * Pictures whose client ignores bytesperline: FFmpeg (v4l2_m2m) copies each plane with the lines of
 * its own frame, one plane behind the other, and only bytesused tells how long these lines are.
 * Called when a picture is queued to an encoder.
 */
#ifndef SOFTVPU_CORE_SOURCE_PITCH_H
#define SOFTVPU_CORE_SOURCE_PITCH_H

#include "core/source_layout.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Finds the layout of a picture of `width` times `height` that fills exactly `bytes`, of a format
 * with one memory plane: with lines that are somewhat longer than it needs, or planes whose lines
 * are each aligned to a power of two, as FFmpeg allocates them. False, and `layout` unchanged, if
 * there is none.
 */
bool svpu_source_layout_filling(struct svpu_frame_layout *layout,
				const struct svpu_pixel_format *format, __u32 width, __u32 height,
				__u32 bytes);

/*
 * How many bytes more than `layout` needs its largest picture of that kind can have: buffers that
 * are allocated for such clients have them. 0 with several memory planes.
 */
__u32 svpu_source_slack(const struct svpu_frame_layout *layout);

#ifdef __cplusplus
}
#endif

#endif /* SOFTVPU_CORE_SOURCE_PITCH_H */
