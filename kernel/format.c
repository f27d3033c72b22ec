// SPDX-License-Identifier: GPL-2.0
/*
 * Formats: the table of raw layouts, and what ENUM/G/S/TRY_FMT, ENUM_FRAMESIZES and G_SELECTION
 * say. What is offered comes from the firmware's capability table. Called by ioctl.c and events.c
 * under the context's lock. dev-decoder.rst.
 */
#include <media/v4l2-common.h>

#include "softvpu.h"

#define SVPU_DEFAULT_WIDTH 640
#define SVPU_DEFAULT_HEIGHT 480
/* Clients cut access units to this size: generous. */
#define SVPU_MIN_OUTPUT_SIZE SZ_1M

/* Luma strides are what libavcodec's widest SIMD writes. */
static const struct svpu_raw_format svpu_raw_formats[] = {
	{ V4L2_PIX_FMT_NV12, 2, 64, { 1, 2 }, { 0, 1 }, { 0, 1 } },
	{ V4L2_PIX_FMT_YUV420, 3, 128, { 1, 1, 1 }, { 0, 1, 1 }, { 0, 1, 1 } },
	{ V4L2_PIX_FMT_YVU420, 3, 128, { 1, 1, 1 }, { 0, 1, 1 }, { 0, 1, 1 } },
	{ V4L2_PIX_FMT_NV16, 2, 64, { 1, 2 }, { 0, 1 }, { 0, 0 } },
	{ V4L2_PIX_FMT_P010, 2, 64, { 2, 4 }, { 0, 1 }, { 0, 1 } },
};

const struct svpu_raw_format *svpu_raw_find(u32 fourcc)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(svpu_raw_formats); i++)
		if (svpu_raw_formats[i].fourcc == fourcc)
			return &svpu_raw_formats[i];
	return NULL;
}

/*
 * Sizes go up to whole macroblocks; chroma follows luma, its stride is what V4L2 derives from
 * luma's.
 */
void svpu_layout_set(struct svpu_layout *layout, const struct svpu_raw_format *format, u32 width,
		     u32 height)
{
	u32 luma;
	unsigned int i;

	memset(layout, 0, sizeof(*layout));
	layout->format = format;
	layout->width = ALIGN(width, 16);
	layout->height = ALIGN(height, 16);
	luma = ALIGN(layout->width * format->bytes[0], format->align);
	for (i = 0; i < format->components; i++) {
		layout->stride[i] =
			i == 0 ? luma :
				 (luma / format->bytes[0] >> format->horizontal_shift[i]) *
					 format->bytes[i];
		layout->offset[i] = layout->size;
		layout->size += layout->stride[i] * (layout->height >> format->vertical_shift[i]);
	}
}

/* Bytes behind the picture that a decoder may read: two lines. */
u32 svpu_layout_tail(const struct svpu_layout *layout)
{
	return 2 * layout->stride[0];
}

/* The first of the two that the codec offers, or else what it names first. */
static const struct svpu_raw_format *svpu_codec_raw(const struct svpu_msg_capability *codec,
						    u32 wanted, u32 otherwise)
{
	u32 found = codec->raw[0];
	unsigned int i;

	for (i = 0; i < codec->num_raw; i++) {
		if (codec->raw[i] == wanted)
			return svpu_raw_find(wanted);
		if (codec->raw[i] == otherwise)
			found = otherwise;
	}
	return svpu_raw_find(found);
}

static void svpu_clamp_size(const struct svpu_msg_capability *codec, u32 *width, u32 *height)
{
	*width = clamp(*width, codec->min_width, codec->max_width);
	*height = clamp(*height, codec->min_height, codec->max_height);
	*width = min(codec->min_width + roundup(*width - codec->min_width, codec->step_width),
		     codec->max_width);
	*height = min(codec->min_height + roundup(*height - codec->min_height, codec->step_height),
		      codec->max_height);
}

static u32 svpu_output_size(u32 width, u32 height, u32 wanted)
{
	u32 least = max_t(u32, SVPU_MIN_OUTPUT_SIZE, width * height / 2 * 3);

	return clamp(wanted, least, max_t(u32, least, SVPU_MAX_OUTPUT_SIZE));
}

void svpu_format_defaults(struct svpu_ctx *ctx)
{
	ctx->codec = &ctx->caps->codec[0];
	ctx->coded_width = SVPU_DEFAULT_WIDTH;
	ctx->coded_height = SVPU_DEFAULT_HEIGHT;
	svpu_clamp_size(ctx->codec, &ctx->coded_width, &ctx->coded_height);
	ctx->output_size = svpu_output_size(ctx->coded_width, ctx->coded_height, 0);
	svpu_layout_set(&ctx->layout, svpu_codec_raw(ctx->codec, 0, 0), ctx->coded_width,
			ctx->coded_height);
	ctx->colour = (struct svpu_colour){ .colorspace = V4L2_COLORSPACE_REC709 };
	svpu_format_reset(ctx);
}

/* What the last stream said of itself, and the next one may not say. */
void svpu_format_reset(struct svpu_ctx *ctx)
{
	ctx->visible_width = ctx->coded_width;
	ctx->visible_height = ctx->coded_height;
	ctx->min_capture = ctx->codec->min_output_buffers;
	ctx->aspect = (struct v4l2_fract){ 1, 1 };
}

/* V4L2's numbers only; unknown ones become defaults. */
static void svpu_sane_colour(struct svpu_colour *colour)
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

/* Why what the stream says can't be, or can't be decoded here; or NULL. */
const char *svpu_format_wrong(struct svpu_ctx *ctx, const struct svpu_msg_format_changed *message)
{
	const struct svpu_msg_capability *codec = ctx->codec;

	if (!message->coded_width || !message->coded_height ||
	    message->coded_width > ALIGN(codec->max_width, 64) ||
	    message->coded_height > ALIGN(codec->max_height, 64) || !message->visible_width ||
	    !message->visible_height || message->visible_width > message->coded_width ||
	    message->visible_height > message->coded_height)
		return "it announced an impossible format";
	if (!message->native)
		return "no raw format of this node can hold the stream's pictures";
	return NULL;
}

/* Takes over what the stream says. */
void svpu_format_from_stream(struct svpu_ctx *ctx, const struct svpu_msg_format_changed *message)
{
	u32 now = ctx->layout.format->fourcc;

	ctx->coded_width = message->coded_width;
	ctx->coded_height = message->coded_height;
	/* The firmware puts the visible rectangle at the buffer's corner. */
	ctx->visible_width = message->visible_width;
	ctx->visible_height = message->visible_height;
	/* The stream's own raw format, unless the client has chosen: Capture Setup, step 4. */
	svpu_layout_set(&ctx->layout,
			svpu_codec_raw(ctx->codec, ctx->raw_chosen ? now : message->native, now),
			message->coded_width, message->coded_height);
	ctx->aspect = (struct v4l2_fract){ 1, 1 };
	if (message->pixel_aspect_num && message->pixel_aspect_den)
		ctx->aspect = (struct v4l2_fract){ message->pixel_aspect_den,
						   message->pixel_aspect_num };
	ctx->min_capture = clamp(message->min_output_buffers, 1u, 32u);
	/* What the stream leaves open stays as the client said. */
	if (message->colorspace)
		ctx->colour.colorspace = message->colorspace;
	if (message->xfer_func)
		ctx->colour.xfer_func = message->xfer_func;
	if (message->ycbcr_enc)
		ctx->colour.ycbcr_enc = message->ycbcr_enc;
	if (message->quantization)
		ctx->colour.quantization = message->quantization;
	svpu_sane_colour(&ctx->colour);
}

int svpu_enum_fmt(struct svpu_ctx *ctx, struct v4l2_fmtdesc *f)
{
	const struct svpu_msg_capability *codec;

	if (V4L2_TYPE_IS_CAPTURE(f->type)) {
		if (f->index >= ctx->codec->num_raw)
			return -EINVAL;
		f->pixelformat = ctx->codec->raw[f->index];
		return 0;
	}
	if (f->index >= ctx->caps->num)
		return -EINVAL;
	codec = &ctx->caps->codec[f->index];
	f->pixelformat = codec->coded;
	/* For codecs that this kernel has no name for: it would warn. */
	snprintf(f->description, sizeof(f->description), "%c%c%c%c", f->pixelformat & 0x7f,
		 f->pixelformat >> 8 & 0x7f, f->pixelformat >> 16 & 0x7f,
		 f->pixelformat >> 24 & 0x7f);
	f->flags = V4L2_FMT_FLAG_COMPRESSED;
	if (codec->flags & 1)
		f->flags |= V4L2_FMT_FLAG_CONTINUOUS_BYTESTREAM;
	if (codec->flags & 2)
		f->flags |= V4L2_FMT_FLAG_DYN_RESOLUTION;
	return 0;
}

int svpu_enum_framesizes(struct svpu_ctx *ctx, struct v4l2_frmsizeenum *f)
{
	const struct svpu_msg_capability *codec = svpu_caps_find(ctx->caps, f->pixel_format);
	unsigned int i;

	if (f->index)
		return -EINVAL;
	for (i = 0; !codec && i < ctx->codec->num_raw; i++)
		if (ctx->codec->raw[i] == f->pixel_format)
			codec = ctx->codec;
	if (!codec)
		return -EINVAL;
	f->type = codec->step_width == 1 && codec->step_height == 1 ? V4L2_FRMSIZE_TYPE_CONTINUOUS :
								      V4L2_FRMSIZE_TYPE_STEPWISE;
	f->stepwise.min_width = codec->min_width;
	f->stepwise.max_width = codec->max_width;
	f->stepwise.step_width = codec->step_width;
	f->stepwise.min_height = codec->min_height;
	f->stepwise.max_height = codec->max_height;
	f->stepwise.step_height = codec->step_height;
	return 0;
}

/* One format, for the single-planar and the multi-planar API. */
static void svpu_fill_format(struct v4l2_format *f, u32 fourcc, u32 width, u32 height, u32 stride,
			     u32 size, const struct svpu_colour *colour)
{
	if (V4L2_TYPE_IS_MULTIPLANAR(f->type)) {
		struct v4l2_pix_format_mplane *mp = &f->fmt.pix_mp;

		memset(mp, 0, sizeof(*mp));
		mp->width = width;
		mp->height = height;
		mp->pixelformat = fourcc;
		mp->field = V4L2_FIELD_NONE;
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
		pix->field = V4L2_FIELD_NONE;
		pix->bytesperline = stride;
		pix->sizeimage = size;
		pix->colorspace = colour->colorspace;
		pix->xfer_func = colour->xfer_func;
		pix->ycbcr_enc = colour->ycbcr_enc;
		pix->quantization = colour->quantization;
	}
}

struct svpu_wanted {
	u32 fourcc, width, height, size;
	struct svpu_colour colour;
};

static struct svpu_wanted svpu_wanted(const struct v4l2_format *f)
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

void svpu_get_format(struct svpu_ctx *ctx, struct v4l2_format *f)
{
	if (V4L2_TYPE_IS_OUTPUT(f->type))
		svpu_fill_format(f, ctx->codec->coded, ctx->coded_width, ctx->coded_height, 0,
				 ctx->output_size, &ctx->colour);
	else
		svpu_fill_format(f, ctx->layout.format->fourcc, ctx->layout.width,
				 ctx->layout.height, ctx->layout.stride[0], ctx->layout.size,
				 &ctx->colour);
}

static const struct svpu_msg_capability *svpu_wanted_codec(struct svpu_ctx *ctx, u32 fourcc)
{
	const struct svpu_msg_capability *codec = svpu_caps_find(ctx->caps, fourcc);

	return codec ? codec : &ctx->caps->codec[0];
}

void svpu_try_format(struct svpu_ctx *ctx, struct v4l2_format *f)
{
	struct svpu_wanted w = svpu_wanted(f);
	const struct svpu_msg_capability *codec;
	struct svpu_layout layout;

	if (V4L2_TYPE_IS_OUTPUT(f->type)) {
		codec = svpu_wanted_codec(ctx, w.fourcc);
		svpu_clamp_size(codec, &w.width, &w.height);
		svpu_fill_format(f, codec->coded, w.width, w.height, 0,
				 svpu_output_size(w.width, w.height, w.size), &w.colour);
		return;
	}
	/*
	 * No scaling: the frame buffer's size follows the stream, or the OUTPUT format before it
	 * is known.
	 */
	svpu_layout_set(&layout,
			svpu_codec_raw(ctx->codec, w.fourcc, ctx->layout.format->fourcc),
			ctx->coded_width, ctx->coded_height);
	svpu_fill_format(f, layout.format->fourcc, layout.width, layout.height, layout.stride[0],
			 layout.size, &ctx->colour);
}

/* The caller has checked that no buffers are allocated. */
void svpu_set_format(struct svpu_ctx *ctx, struct v4l2_format *f)
{
	u32 now = ctx->layout.format->fourcc;
	struct svpu_wanted w;

	svpu_try_format(ctx, f);
	w = svpu_wanted(f);
	if (V4L2_TYPE_IS_CAPTURE(f->type)) {
		svpu_layout_set(&ctx->layout, svpu_codec_raw(ctx->codec, w.fourcc, now),
				ctx->coded_width, ctx->coded_height);
		ctx->raw_chosen = true;
		return;
	}
	ctx->codec = svpu_wanted_codec(ctx, w.fourcc);
	ctx->coded_width = w.width;
	ctx->coded_height = w.height;
	ctx->output_size = w.size;
	ctx->colour = w.colour;
	svpu_layout_set(&ctx->layout, svpu_codec_raw(ctx->codec, now, now), w.width, w.height);
	if (ctx->layout.format->fourcc != now)
		ctx->raw_chosen = false;
	svpu_format_reset(ctx);
}

/* Capture Setup, step 2: everything is read-only, there is no scaling. */
int svpu_get_selection(struct svpu_ctx *ctx, struct v4l2_selection *s)
{
	/* The core says VIDEO_CAPTURE for the multi-planar type too. */
	if (s->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
		return -EINVAL;
	s->r.left = 0;
	s->r.top = 0;
	switch (s->target) {
	case V4L2_SEL_TGT_CROP_BOUNDS:
	case V4L2_SEL_TGT_COMPOSE_PADDED: /* the codec writes whole blocks */
		s->r.width = ctx->coded_width;
		s->r.height = ctx->coded_height;
		return 0;
	case V4L2_SEL_TGT_CROP:
	case V4L2_SEL_TGT_CROP_DEFAULT:
	case V4L2_SEL_TGT_COMPOSE:
	case V4L2_SEL_TGT_COMPOSE_DEFAULT:
	case V4L2_SEL_TGT_COMPOSE_BOUNDS:
		s->r.width = ctx->visible_width;
		s->r.height = ctx->visible_height;
		return 0;
	default:
		return -EINVAL;
	}
}
