// SPDX-License-Identifier: GPL-2.0
/*
 * What the stream says of its format: whether it can be, what becomes of it, and what queries
 * return by it (colour, G_SELECTION). Under the file's lock. dev-decoder.rst, Capture Setup.
 */
#include "v4l2/formats.h"

/* Of any codec: coded sizes are rounded up to a block. */
#define SVPU_LARGEST_BLOCK 64

/* The first of the two that the codec offers, or else what it names first. */
const struct svpu_pixel_format *svpu_codec_raw(const struct svpu_codec *codec, u32 wanted,
					       u32 otherwise)
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
bool svpu_format_holds_stream(const struct svpu_formats *formats, u32 raw)
{
	return !formats->native || svpu_pixel_format_repacks(raw, formats->native);
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
struct svpu_colour svpu_format_colour(const struct svpu_formats *formats)
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
