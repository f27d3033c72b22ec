// SPDX-License-Identifier: GPL-2.0
/* Formats as clients have them, in one API or the other. Called by formats.c. */
#include "v4l2/border.h"

/* V4L2's numbers only; unknown ones become defaults. */
void svpu_sane_colour(struct svpu_colour *colour)
{
	if (!colour->colorspace || colour->colorspace > V4L2_COLORSPACE_DCI_P3)
		colour->colorspace = V4L2_COLORSPACE_REC709;
	if (colour->xfer_func > V4L2_XFER_FUNC_SMPTE2084)
		colour->xfer_func = V4L2_XFER_FUNC_DEFAULT;
	if (colour->ycbcr_enc > V4L2_YCBCR_ENC_SMPTE240M)
		colour->ycbcr_enc = V4L2_YCBCR_ENC_DEFAULT;
	if (colour->quantization > V4L2_QUANTIZATION_LIM_RANGE)
		colour->quantization = V4L2_QUANTIZATION_DEFAULT;
}

void svpu_fill_format(struct v4l2_format *f, u32 fourcc, u32 width, u32 height, u32 field,
		      u32 stride, u32 size, const struct svpu_colour *colour)
{
	if (V4L2_TYPE_IS_MULTIPLANAR(f->type)) {
		struct v4l2_pix_format_mplane *mp = &f->fmt.pix_mp;

		memset(mp, 0, sizeof(*mp));
		mp->width = width;
		mp->height = height;
		mp->pixelformat = fourcc;
		mp->field = field;
		mp->num_planes = 1;
		mp->plane_fmt[0].bytesperline = stride;
		mp->plane_fmt[0].sizeimage = size;
		mp->colorspace = colour->colorspace;
		mp->xfer_func = colour->xfer_func;
		mp->ycbcr_enc = colour->ycbcr_enc;
		mp->quantization = colour->quantization;
	} else {
		struct v4l2_pix_format *pix = &f->fmt.pix;

		memset(pix, 0, sizeof(*pix));
		pix->width = width;
		pix->height = height;
		pix->pixelformat = fourcc;
		pix->field = field;
		pix->bytesperline = stride;
		pix->sizeimage = size;
		pix->colorspace = colour->colorspace;
		pix->xfer_func = colour->xfer_func;
		pix->ycbcr_enc = colour->ycbcr_enc;
		pix->quantization = colour->quantization;
	}
}

struct svpu_wanted svpu_wanted(const struct v4l2_format *f)
{
	struct svpu_wanted w;

	if (V4L2_TYPE_IS_MULTIPLANAR(f->type)) {
		const struct v4l2_pix_format_mplane *mp = &f->fmt.pix_mp;

		w = (struct svpu_wanted){ mp->pixelformat,
					  mp->width,
					  mp->height,
					  mp->plane_fmt[0].sizeimage,
					  { mp->colorspace, mp->xfer_func, mp->ycbcr_enc,
					    mp->quantization } };
	} else {
		const struct v4l2_pix_format *pix = &f->fmt.pix;

		w = (struct svpu_wanted){ pix->pixelformat,
					  pix->width,
					  pix->height,
					  pix->sizeimage,
					  { pix->colorspace, pix->xfer_func, pix->ycbcr_enc,
					    pix->quantization } };
	}
	svpu_sane_colour(&w.colour);
	return w;
}
