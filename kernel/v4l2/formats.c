// SPDX-License-Identifier: GPL-2.0
/*
 * Formats: what ENUM/G/S/TRY_FMT, ENUM_FRAMESIZES and G_SELECTION return. What is offered comes
 * from the firmware's capability table, layouts and sizes from core/frame_layout.c. Called by
 * ioctl.c and events.c under the context's lock. dev-decoder.rst.
 */
#include <media/v4l2-common.h>

#include "softvpu.h"

/* The first of the two that the codec offers, or else what it names first. */
static const struct svpu_pixel_format *svpu_codec_raw(const struct svpu_msg_capability *codec,
						      u32 wanted, u32 otherwise)
{
	u32 found = codec->raw[0];
	unsigned int i;

	for (i = 0; i < codec->num_raw; i++) {
		if (codec->raw[i] == wanted)
			return svpu_pixel_format_find(wanted);
		if (codec->raw[i] == otherwise)
			found = otherwise;
	}
	return svpu_pixel_format_find(found);
}

static void svpu_clamp_size(const struct svpu_msg_capability *codec, u32 *width, u32 *height)
{
	*width = svpu_frame_side_clamp(*width, codec->min_width, codec->max_width,
				       codec->step_width);
	*height = svpu_frame_side_clamp(*height, codec->min_height, codec->max_height,
					codec->step_height);
}

void svpu_format_defaults(struct svpu_ctx *ctx)
{
	ctx->codec = &ctx->caps->codec[0];
	ctx->coded_width = SVPU_DEFAULT_WIDTH;
	ctx->coded_height = SVPU_DEFAULT_HEIGHT;
	svpu_clamp_size(ctx->codec, &ctx->coded_width, &ctx->coded_height);
	ctx->output_size = svpu_bitstream_size(ctx->coded_width, ctx->coded_height, 0);
	/* In a range whose steps lead to a picture that is too large: the smallest, see probe.c. */
	if (svpu_frame_layout_set(&ctx->layout, svpu_codec_raw(ctx->codec, 0, 0), ctx->coded_width,
				  ctx->coded_height))
		svpu_frame_layout_set(&ctx->layout, svpu_codec_raw(ctx->codec, 0, 0),
				      ctx->codec->min_width, ctx->codec->min_height);
	ctx->client_colour = (struct svpu_colour){ .colorspace = V4L2_COLORSPACE_REC709 };
	svpu_format_reset(ctx);
}

/* What the last stream said of itself, and the next one may not say. */
void svpu_format_reset(struct svpu_ctx *ctx)
{
	ctx->visible_width = ctx->coded_width;
	ctx->visible_height = ctx->coded_height;
	ctx->min_capture = ctx->codec->min_output_buffers;
	ctx->field = V4L2_FIELD_NONE;
	memset(&ctx->stream_colour, 0, sizeof(ctx->stream_colour));
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

/* The client's choice, else the first that is offered: docs/adr/0009. */
static int svpu_stream_layout(const struct svpu_ctx *ctx,
			      const struct svpu_msg_format_changed *message,
			      struct svpu_frame_layout *layout)
{
	u32 chosen = ctx->raw_chosen ? ctx->layout.format->fourcc : 0;

	return svpu_frame_layout_set(layout, svpu_codec_raw(ctx->codec, chosen, 0),
				     message->coded_width, message->coded_height);
}

static u32 svpu_field_of(const struct svpu_msg_format_changed *message)
{
	return message->flags & SVPU_FORMAT_INTERLACED ? V4L2_FIELD_INTERLACED : V4L2_FIELD_NONE;
}

/* Why what the stream says can't be, or can't be decoded here; or NULL. */
const char *svpu_format_wrong(struct svpu_ctx *ctx, const struct svpu_msg_format_changed *message)
{
	const struct svpu_msg_capability *codec = ctx->codec;
	struct svpu_frame_layout layout;

	/* The limit, rounded up to the largest block there is. */
	if (message->coded_width > ALIGN(codec->max_width, 64) ||
	    message->coded_height > ALIGN(codec->max_height, 64))
		return "it announced a format that is larger than the codec's limit";
	if (!message->native || svpu_stream_layout(ctx, message, &layout))
		return "no raw format of this node can hold the stream's pictures";
	return NULL;
}

/* What queries answer now is what the stream says. */
bool svpu_format_describes(struct svpu_ctx *ctx, const struct svpu_msg_format_changed *message)
{
	struct svpu_frame_layout layout;

	return !svpu_stream_layout(ctx, message, &layout) &&
	       svpu_frame_layout_equal(&layout, &ctx->layout) &&
	       svpu_field_of(message) == ctx->field &&
	       message->visible_width == ctx->visible_width &&
	       message->visible_height == ctx->visible_height;
}

/* Takes over what the stream says. */
void svpu_format_from_stream(struct svpu_ctx *ctx, const struct svpu_msg_format_changed *message)
{
	ctx->coded_width = message->coded_width;
	ctx->coded_height = message->coded_height;
	/* The firmware puts the visible rectangle at the buffer's corner. */
	ctx->visible_width = message->visible_width;
	ctx->visible_height = message->visible_height;
	svpu_stream_layout(ctx, message, &ctx->layout);
	/* Not the pixels' aspect ratio: CROPCAP has that of the sampling, 1/1 without a scaler. */
	ctx->min_capture = message->min_output_buffers;
	ctx->field = svpu_field_of(message);
	ctx->stream_colour = (struct svpu_colour){ message->colorspace, message->xfer_func,
						   message->ycbcr_enc, message->quantization };
}

/* What the stream of now says; and what it leaves open, as the client said. */
static struct svpu_colour svpu_colour_of(const struct svpu_ctx *ctx)
{
	const struct svpu_colour *client = &ctx->client_colour, *stream = &ctx->stream_colour;
	struct svpu_colour colour = {
		.colorspace = stream->colorspace ?: client->colorspace,
		.xfer_func = stream->xfer_func ?: client->xfer_func,
		.ycbcr_enc = stream->ycbcr_enc ?: client->ycbcr_enc,
		.quantization = stream->quantization ?: client->quantization,
	};

	svpu_sane_colour(&colour);
	return colour;
}

int svpu_enum_fmt(struct svpu_ctx *ctx, struct v4l2_fmtdesc *f)
{
	const struct svpu_msg_capability *codec;
	unsigned int i;

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
	for (i = 0; i < 4; i++) {
		u8 c = f->pixelformat >> 8 * i & 0xff;

		f->description[i] = c >= ' ' && c <= '~' ? c : '.';
	}
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
	/* With a step of 1, too: there are clients that don't know CONTINUOUS. */
	f->type = V4L2_FRMSIZE_TYPE_STEPWISE;
	f->stepwise.min_width = codec->min_width;
	f->stepwise.max_width = codec->max_width;
	f->stepwise.step_width = codec->step_width;
	f->stepwise.min_height = codec->min_height;
	f->stepwise.max_height = codec->max_height;
	f->stepwise.step_height = codec->step_height;
	return 0;
}

/* One format, for the single-planar and the multi-planar API. */
static void svpu_fill_format(struct v4l2_format *f, u32 fourcc, u32 width, u32 height, u32 field,
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
	struct svpu_colour colour = svpu_colour_of(ctx);

	if (V4L2_TYPE_IS_OUTPUT(f->type))
		svpu_fill_format(f, ctx->codec->coded, ctx->coded_width, ctx->coded_height,
				 V4L2_FIELD_NONE, 0, ctx->output_size, &colour);
	else
		svpu_fill_format(f, ctx->layout.format->fourcc, ctx->layout.width,
				 ctx->layout.height, ctx->field, ctx->layout.stride[0],
				 ctx->layout.plane_size[0], &colour);
}

static const struct svpu_msg_capability *svpu_wanted_codec(struct svpu_ctx *ctx, u32 fourcc)
{
	const struct svpu_msg_capability *codec = svpu_caps_find(ctx->caps, fourcc);

	return codec ? codec : &ctx->caps->codec[0];
}

void svpu_try_format(struct svpu_ctx *ctx, struct v4l2_format *f)
{
	struct svpu_colour colour = svpu_colour_of(ctx);
	struct svpu_wanted w = svpu_wanted(f);
	const struct svpu_msg_capability *codec;
	struct svpu_frame_layout layout = ctx->layout;

	if (V4L2_TYPE_IS_OUTPUT(f->type)) {
		codec = svpu_wanted_codec(ctx, w.fourcc);
		svpu_clamp_size(codec, &w.width, &w.height);
		svpu_fill_format(f, codec->coded, w.width, w.height, V4L2_FIELD_NONE, 0,
				 svpu_bitstream_size(w.width, w.height, w.size), &w.colour);
		return;
	}
	/*
	 * No scaling: the frame buffer's size follows the stream, or the OUTPUT format before it
	 * is known.
	 */
	svpu_frame_layout_set(&layout,
			      svpu_codec_raw(ctx->codec, w.fourcc, ctx->layout.format->fourcc),
			      ctx->coded_width, ctx->coded_height);
	svpu_fill_format(f, layout.format->fourcc, layout.width, layout.height, ctx->field,
			 layout.stride[0], layout.plane_size[0], &colour);
}

/* The client sets what is set already: from now on it is its choice. */
void svpu_choose_format(struct svpu_ctx *ctx, const struct v4l2_format *f)
{
	if (V4L2_TYPE_IS_CAPTURE(f->type)) {
		ctx->raw_chosen = true;
	} else {
		ctx->hint_width = ctx->coded_width;
		ctx->hint_height = ctx->coded_height;
	}
}

/* The caller has checked that no buffers are allocated. */
void svpu_set_format(struct svpu_ctx *ctx, struct v4l2_format *f)
{
	u32 now = ctx->layout.format->fourcc;
	struct svpu_wanted w;

	svpu_try_format(ctx, f);
	w = svpu_wanted(f);
	if (V4L2_TYPE_IS_CAPTURE(f->type)) {
		svpu_frame_layout_set(&ctx->layout, svpu_codec_raw(ctx->codec, w.fourcc, now),
				      ctx->coded_width, ctx->coded_height);
		ctx->raw_chosen = true;
		return;
	}
	ctx->codec = svpu_wanted_codec(ctx, w.fourcc);
	ctx->coded_width = w.width;
	ctx->coded_height = w.height;
	ctx->hint_width = w.width;
	ctx->hint_height = w.height;
	ctx->output_size = w.size;
	ctx->client_colour = w.colour;
	svpu_frame_layout_set(&ctx->layout, svpu_codec_raw(ctx->codec, now, now), w.width,
			      w.height);
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
