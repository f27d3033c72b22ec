/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * Where the samples of a frame lie, and the sizes that a node derives from a picture's size. Called
 * by both hosts when they negotiate formats, and by the firmware before it writes a frame.
 */
#ifndef SOFTVPU_CORE_FRAME_LAYOUT_H
#define SOFTVPU_CORE_FRAME_LAYOUT_H

#include "core/pixel_formats.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The size of a node's pictures before anybody has set one; as vicodec's. */
#define SVPU_DEFAULT_WIDTH 1280
#define SVPU_DEFAULT_HEIGHT 720

/*
 * Frame buffers consist of whole blocks of this many pixels and lines, as macroblock codecs write.
 */
#define SVPU_BLOCK 16u
/* Luma lines after the end of a frame that libavcodec's H.264 decoder may read. */
#define SVPU_TAIL_LINES 2u

/* A frame, or one plane of it, has fewer bytes than 2^31. */
#define SVPU_MAX_FRAME_BYTES 0x7fffffff
/* No larger bitstream buffer is offered: 128 MiB. */
#define SVPU_MAX_BITSTREAM_BYTES 0x8000000

struct svpu_frame_layout {
	const struct svpu_pixel_format *format;
	__u32 width, height; /* of the frame buffer: whole blocks */
	__u32 stride[SVPU_MAX_COMPONENTS]; /* bytes per line */
	__u32 offset[SVPU_MAX_COMPONENTS]; /* bytes from the start of the memory plane */
	__u32 component_plane[SVPU_MAX_COMPONENTS]; /* the memory plane that holds it */
	__u32 plane_size[SVPU_MAX_COMPONENTS]; /* bytes of each memory plane: V4L2's sizeimage */
};

enum svpu_layout_result {
	SVPU_LAYOUT_OK,
	SVPU_LAYOUT_EMPTY, /* no width or no height */
	SVPU_LAYOUT_TOO_LARGE, /* more than SVPU_MAX_FRAME_BYTES */
};

/*
 * Lays out a picture of `width` times `height`. The size is rounded up to 16x16, which macroblock
 * codecs write, and lines follow each other without padding: some clients ignore bytesperline.
 * Chroma follows luma, its stride is what V4L2 derives from luma's (pixfmt-v4l2.rst, bytesperline).
 * `layout` is only changed if the result is SVPU_LAYOUT_OK.
 */
enum svpu_layout_result svpu_frame_layout_set(struct svpu_frame_layout *layout,
					      const struct svpu_pixel_format *format, __u32 width,
					      __u32 height);

/*
 * The same with the bytes per line that a client asks for, of each memory plane: granted as in
 * svpu_source_layout_set().
 */
enum svpu_layout_result svpu_frame_layout_set_lines(struct svpu_frame_layout *layout,
						    const struct svpu_pixel_format *format,
						    __u32 width, __u32 height,
						    const __u32 wanted[SVPU_MAX_COMPONENTS]);

/* True if both describe the same frame buffer: format, size and strides decide everything else. */
bool svpu_frame_layout_equal(const struct svpu_frame_layout *one,
			     const struct svpu_frame_layout *other);

/* Bytes past the last sample that libavcodec's H.264 decoder may read: allocations have them. */
__u32 svpu_frame_layout_tail(const struct svpu_frame_layout *layout);

/*
 * True if these layouts serve a codec that asks for such alignments (struct svpu_msg_raw_format of
 * <softvpu/hfi.h>; each a power of two).
 */
bool svpu_frame_layout_serves(__u32 width_align, __u32 height_align, __u32 stride_align,
			      __u32 tail_lines);

/*
 * One side of a picture, adjusted to a stepwise range (vidioc-enum-framesizes.rst): rounded up to
 * the next step, or down to the last one that isn't above `max`. A step of 0 is taken for 1.
 */
__u32 svpu_frame_side_clamp(__u32 wanted, __u32 min, __u32 max, __u32 step);

/*
 * The size of a bitstream buffer in bytes, for a client that asks for `wanted`: any access unit of
 * a picture of this size fits. A multiple of 4096, at most SVPU_MAX_BITSTREAM_BYTES. Width and
 * height are below 2^31.
 */
__u32 svpu_bitstream_size(__u32 width, __u32 height, __u32 wanted);

#ifdef __cplusplus
}
#endif

#endif /* SOFTVPU_CORE_FRAME_LAYOUT_H */
