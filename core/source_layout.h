/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * Where the samples of a picture lie that a client brings to be encoded, and how large a buffer for
 * its coded form has to be. The client fills these buffers, by its own rules, so nothing is rounded
 * up that doesn't have to be. Called when an encoder negotiates formats.
 */
#ifndef SOFTVPU_CORE_SOURCE_LAYOUT_H
#define SOFTVPU_CORE_SOURCE_LAYOUT_H

#include "core/frame_layout.h"

#ifdef __cplusplus
extern "C" {
#endif

/* No longer line is laid out for a client that asks for one: 1 MiB. */
#define SVPU_MAX_SOURCE_STRIDE 0x100000u

/*
 * Lays out a picture of `width` times `height`, of which an odd one's last chroma samples stand for
 * one column or line only. `wanted` are the bytes per line that the client asks for, of each memory
 * plane (pixfmt-v4l2.rst, bytesperline): a longer line than the picture needs is granted, to what
 * chroma's share of it allows; 0 or too few mean that it leaves the choice to the driver, which
 * takes as few as possible, since FFmpeg fills buffers without looking at bytesperline.
 * `layout` is only changed if the result is SVPU_LAYOUT_OK.
 */
enum svpu_layout_result svpu_source_layout_set(struct svpu_frame_layout *layout,
					       const struct svpu_pixel_format *format, __u32 width,
					       __u32 height,
					       const __u32 wanted[SVPU_MAX_COMPONENTS]);

/*
 * The size of the buffer of a picture, for an encoder that codes blocks of 8x8 samples of each
 * component (SVPU_CODEC_WHOLE_BLOCKS): rounded up to whole ones. vicodec's answer to S_FMT(OUTPUT),
 * except that it rounds an odd side down where chroma has half the samples. At most 2^31.
 */
void svpu_source_whole_blocks(const struct svpu_pixel_format *format, __u32 *width,
			      __u32 *height);

/*
 * The size of a CAPTURE buffer in bytes, for a client that asks for `wanted`: the coded form of any
 * picture of this size fits, also of one that is stored as it is. A multiple of 4096. Width and
 * height are below 2^31.
 */
__u32 svpu_coded_buffer_size(__u32 width, __u32 height, __u32 wanted);

#ifdef __cplusplus
}
#endif

#endif /* SOFTVPU_CORE_SOURCE_LAYOUT_H */
