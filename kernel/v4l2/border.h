/* SPDX-License-Identifier: GPL-2.0 */
/* The single-planar and the multi-planar API's format, as one. */
#ifndef SOFTVPU_BORDER_H
#define SOFTVPU_BORDER_H

#include <media/v4l2-common.h>

struct svpu_colour {
	u32 colorspace, xfer_func, ycbcr_enc, quantization;
};

/* What a client asks for. */
struct svpu_wanted {
	u32 fourcc, width, height, size;
	struct svpu_colour colour;
};

struct svpu_wanted svpu_wanted(const struct v4l2_format *f);
void svpu_fill_format(struct v4l2_format *f, u32 fourcc, u32 width, u32 height, u32 field,
		      u32 stride, u32 size, const struct svpu_colour *colour);
void svpu_sane_colour(struct svpu_colour *colour);

#endif /* SOFTVPU_BORDER_H */
