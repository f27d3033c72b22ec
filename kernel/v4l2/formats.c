// SPDX-License-Identifier: GPL-2.0
/*
 * Formats: what ENUM/G/S/TRY_FMT, ENUM_FRAMESIZES and G_SELECTION return. What is offered comes
 * from the firmware's capability table, layouts and sizes from core/frame_layout.c. Called under
 * the file's lock. dev-decoder.rst.
 */
#include <media/v4l2-common.h>

#include "v4l2/formats.h"

/* Of any codec: coded sizes are rounded up to a block. */
#define SVPU_LARGEST_BLOCK 64

/* The first of the two that the codec offers, or else what it names first. */
static const struct svpu_pixel_format *svpu_codec_raw(const struct svpu_codec *codec,
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

/* A raw format that the pictures of the stream of now can be had in; any before its header. */
static bool svpu_holds_stream(const struct svpu_formats *formats, u32 raw)
{
	return !formats->native || svpu_pixel_format_repacks(raw, formats->native);
}

static void svpu_clamp_size(const struct svpu_codec *codec, u32 *width, u32 *height)
{
	*width = svpu_frame_side_clamp(*width, codec->info.min_width, codec->info.max_width,
				       codec->info.step_width);
	*height = svpu_frame_side_clamp(*height, codec->info.min_height, codec->info.max_height,
					codec->info.step_height);
}

void svpu_format_defaults(struct svpu_formats *formats)
{
	formats->codec = formats->caps->codec[0];
	formats->coded_width = SVPU_DEFAULT_WIDTH;
	formats->coded_height = SVPU_DEFAULT_HEIGHT;
	svpu_clamp_size(formats->codec, &formats->coded_width, &formats->coded_height);
	formats->output_size = svpu_bitstream_size(formats->coded_width, formats->coded_height, 0);
	/* In a range whose steps lead to a picture that is too large: the smallest, see caps.c. */
	if (svpu_frame_layout_set(&formats->layout, svpu_codec_raw(formats->codec, 0, 0),
				  formats->coded_width, formats->coded_height))
		svpu_frame_layout_set(&formats->layout, svpu_codec_raw(formats->codec, 0, 0),
				      formats->codec->info.min_width,
				      formats->codec->info.min_height);
	formats->client_colour = (struct svpu_colour){ .colorspace = V4L2_COLORSPACE_REC709 };
	svpu_format_reset(formats);
}

/* What the last stream said of itself, and the next one may not say. */
void svpu_format_reset(struct svpu_formats *formats)
{
	formats->visible_width = formats->coded_width;
	formats->visible_height = formats->coded_height;
	formats->min_capture = formats->codec->info.min_output_buffers;
	formats->field = V4L2_FIELD_NONE;
	formats->native = 0;
	memset(&formats->stream_colour, 0, sizeof(formats->stream_colour));
}

/*
 * The client's choice, else the first that is offered (docs/adr/0009), of those that the stream's
 * pictures can be had in.
 */
static int svpu_stream_layout(const struct svpu_formats *formats,
			      const struct svpu_msg_format_changed *message,
			      struct svpu_frame_layout *layout)
{
	const struct svpu_codec *codec = formats->codec;
	u32 chosen = formats->raw_chosen ? formats->layout.format->fourcc : 0;
	u32 raw = 0;
	unsigned int i;

	for (i = 0; i < codec->num_raw; i++)
		if (svpu_pixel_format_repacks(codec->raw[i], message->native) &&
		    (!raw || codec->raw[i] == chosen))
			raw = codec->raw[i];
	if (!raw)
		return -EINVAL;
	return svpu_frame_layout_set(layout, svpu_pixel_format_find(raw), message->coded_width,
				     message->coded_height);
}

static u32 svpu_field_of(const struct svpu_msg_format_changed *message)
{
	return message->flags & SVPU_FORMAT_INTERLACED ? V4L2_FIELD_INTERLACED : V4L2_FIELD_NONE;
}

/* Why what the stream says can't be, or can't be decoded here; or NULL. */
const char *svpu_format_wrong(const struct svpu_formats *formats,
			      const struct svpu_msg_format_changed *message)
{
	const struct svpu_codec *codec = formats->codec;
	struct svpu_frame_layout layout;

	if (message->coded_width > ALIGN(codec->info.max_width, SVPU_LARGEST_BLOCK) ||
	    message->coded_height > ALIGN(codec->info.max_height, SVPU_LARGEST_BLOCK))
		return "it announced a format that is larger than the codec's limit";
	if (!message->native || svpu_stream_layout(formats, message, &layout))
		return "no raw format of this node can hold the stream's pictures";
	return NULL;
}

/* What queries answer now is what the stream says. */
bool svpu_format_describes(const struct svpu_formats *formats,
			   const struct svpu_msg_format_changed *message)
{
	struct svpu_frame_layout layout;

	return !svpu_stream_layout(formats, message, &layout) &&
	       svpu_frame_layout_equal(&layout, &formats->layout) &&
	       svpu_field_of(message) == formats->field &&
	       message->visible_width == formats->visible_width &&
	       message->visible_height == formats->visible_height;
}

/* Takes over what the stream says. */
void svpu_format_from_stream(struct svpu_formats *formats,
			     const struct svpu_msg_format_changed *message)
{
	formats->coded_width = message->coded_width;
	formats->coded_height = message->coded_height;
	/* The firmware puts the visible rectangle at the buffer's corner. */
	formats->visible_width = message->visible_width;
	formats->visible_height = message->visible_height;
	svpu_stream_layout(formats, message, &formats->layout);
	formats->native = message->native;
	/* Not the pixels' aspect ratio: CROPCAP has that of the sampling, 1/1 without a scaler. */
	formats->min_capture = message->min_output_buffers;
	formats->field = svpu_field_of(message);
	formats->stream_colour = (struct svpu_colour){ message->colorspace, message->xfer_func,
						       message->ycbcr_enc, message->quantization };
}

/* What the stream of now says; and what it leaves open, as the client said. */
static struct svpu_colour svpu_colour_of(const struct svpu_formats *formats)
{
	const struct svpu_colour *client = &formats->client_colour;
	const struct svpu_colour *stream = &formats->stream_colour;
	struct svpu_colour colour = {
		.colorspace = stream->colorspace ?: client->colorspace,
		.xfer_func = stream->xfer_func ?: client->xfer_func,
		.ycbcr_enc = stream->ycbcr_enc ?: client->ycbcr_enc,
		.quantization = stream->quantization ?: client->quantization,
	};

	svpu_sane_colour(&colour);
	return colour;
}

int svpu_enum_fmt(const struct svpu_formats *formats, struct v4l2_fmtdesc *f)
{
	const struct svpu_codec *codec;
	unsigned int i;

	if (V4L2_TYPE_IS_CAPTURE(f->type)) {
		unsigned int skip = f->index;

		for (i = 0; i < formats->codec->num_raw; i++) {
			f->pixelformat = formats->codec->raw[i];
			if (svpu_holds_stream(formats, f->pixelformat) && !skip--)
				return 0;
		}
		return -EINVAL;
	}
	if (f->index >= formats->caps->num)
		return -EINVAL;
	codec = formats->caps->codec[f->index];
	f->pixelformat = codec->info.coded;
	/* For codecs that this kernel has no name for: it would warn. */
	for (i = 0; i < 4; i++) {
		u8 c = f->pixelformat >> 8 * i & 0xff;

		f->description[i] = c >= ' ' && c <= '~' ? c : '.';
	}
	f->flags = V4L2_FMT_FLAG_COMPRESSED;
	if (codec->info.flags & SVPU_CODEC_BYTE_STREAM)
		f->flags |= V4L2_FMT_FLAG_CONTINUOUS_BYTESTREAM;
	if (codec->info.flags & SVPU_CODEC_DYNAMIC_RESOLUTION)
		f->flags |= V4L2_FMT_FLAG_DYN_RESOLUTION;
	return 0;
}

int svpu_enum_framesizes(const struct svpu_formats *formats, struct v4l2_frmsizeenum *f)
{
	const struct svpu_codec *codec = svpu_caps_find(formats->caps, f->pixel_format);
	unsigned int i;

	if (f->index)
		return -EINVAL;
	for (i = 0; !codec && i < formats->codec->num_raw; i++)
		if (formats->codec->raw[i] == f->pixel_format)
			codec = formats->codec;
	if (!codec)
		return -EINVAL;
	/* With a step of 1, too: there are clients that don't know CONTINUOUS. */
	f->type = V4L2_FRMSIZE_TYPE_STEPWISE;
	f->stepwise.min_width = codec->info.min_width;
	f->stepwise.max_width = codec->info.max_width;
	f->stepwise.step_width = codec->info.step_width;
	f->stepwise.min_height = codec->info.min_height;
	f->stepwise.max_height = codec->info.max_height;
	f->stepwise.step_height = codec->info.step_height;
	return 0;
}

void svpu_get_format(const struct svpu_formats *formats, struct v4l2_format *f)
{
	struct svpu_colour colour = svpu_colour_of(formats);

	if (V4L2_TYPE_IS_OUTPUT(f->type))
		svpu_fill_format(f, formats->codec->info.coded, formats->coded_width,
				 formats->coded_height, V4L2_FIELD_NONE, 0, formats->output_size,
				 &colour);
	else
		svpu_fill_format(f, formats->layout.format->fourcc, formats->layout.width,
				 formats->layout.height, formats->field, formats->layout.stride[0],
				 formats->layout.plane_size[0], &colour);
}

static const struct svpu_codec *svpu_wanted_codec(const struct svpu_formats *formats, u32 fourcc)
{
	const struct svpu_codec *codec = svpu_caps_find(formats->caps, fourcc);

	return codec ? codec : formats->caps->codec[0];
}

/* At the coded size, in the first of two raw formats that the codec has. */
static void svpu_layout_of(const struct svpu_formats *formats, u32 wanted, u32 otherwise,
			   struct svpu_frame_layout *layout)
{
	svpu_frame_layout_set(layout, svpu_codec_raw(formats->codec, wanted, otherwise),
			      formats->coded_width, formats->coded_height);
}

void svpu_try_format(const struct svpu_formats *formats, struct v4l2_format *f)
{
	struct svpu_colour colour = svpu_colour_of(formats);
	struct svpu_wanted w = svpu_wanted(f);
	const struct svpu_codec *codec;
	struct svpu_frame_layout layout = formats->layout;

	if (V4L2_TYPE_IS_OUTPUT(f->type)) {
		codec = svpu_wanted_codec(formats, w.fourcc);
		svpu_clamp_size(codec, &w.width, &w.height);
		svpu_fill_format(f, codec->info.coded, w.width, w.height, V4L2_FIELD_NONE, 0,
				 svpu_bitstream_size(w.width, w.height, w.size), &w.colour);
		return;
	}
	/*
	 * No scaling: the frame buffer's size follows the stream, or the OUTPUT format before it
	 * is known.
	 */
	if (!svpu_holds_stream(formats, w.fourcc))
		w.fourcc = formats->layout.format->fourcc;
	svpu_layout_of(formats, w.fourcc, formats->layout.format->fourcc, &layout);
	svpu_fill_format(f, layout.format->fourcc, layout.width, layout.height, formats->field,
			 layout.stride[0], layout.plane_size[0], &colour);
}

/* The client sets what is set already: from now on it is its choice. */
void svpu_choose_format(struct svpu_formats *formats, const struct v4l2_format *f)
{
	if (V4L2_TYPE_IS_CAPTURE(f->type)) {
		formats->raw_chosen = true;
	} else {
		formats->hint_width = formats->coded_width;
		formats->hint_height = formats->coded_height;
	}
}

/* The caller has checked that no buffers are allocated. */
void svpu_set_format(struct svpu_formats *formats, struct v4l2_format *f)
{
	u32 now = formats->layout.format->fourcc;
	struct svpu_wanted w;

	svpu_try_format(formats, f);
	w = svpu_wanted(f);
	if (V4L2_TYPE_IS_CAPTURE(f->type)) {
		svpu_layout_of(formats, w.fourcc, now, &formats->layout);
		formats->raw_chosen = true;
		return;
	}
	formats->codec = svpu_wanted_codec(formats, w.fourcc);
	formats->coded_width = w.width;
	formats->coded_height = w.height;
	formats->hint_width = w.width;
	formats->hint_height = w.height;
	formats->output_size = w.size;
	formats->client_colour = w.colour;
	svpu_layout_of(formats, now, now, &formats->layout);
	if (formats->layout.format->fourcc != now)
		formats->raw_chosen = false;
	svpu_format_reset(formats);
}

/* Capture Setup, step 2: everything is read-only, there is no scaling. */
int svpu_get_selection(const struct svpu_formats *formats, struct v4l2_selection *s)
{
	/* The core says VIDEO_CAPTURE for the multi-planar type too. */
	if (s->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
		return -EINVAL;
	s->r.left = 0;
	s->r.top = 0;
	switch (s->target) {
	case V4L2_SEL_TGT_CROP_BOUNDS:
	case V4L2_SEL_TGT_COMPOSE_PADDED: /* the codec writes whole blocks */
		s->r.width = formats->coded_width;
		s->r.height = formats->coded_height;
		return 0;
	case V4L2_SEL_TGT_CROP:
	case V4L2_SEL_TGT_CROP_DEFAULT:
	case V4L2_SEL_TGT_COMPOSE:
	case V4L2_SEL_TGT_COMPOSE_DEFAULT:
	case V4L2_SEL_TGT_COMPOSE_BOUNDS:
		s->r.width = formats->visible_width;
		s->r.height = formats->visible_height;
		return 0;
	default:
		return -EINVAL;
	}
}
