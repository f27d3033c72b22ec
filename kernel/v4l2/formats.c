// SPDX-License-Identifier: GPL-2.0
/*
 * Formats as the client negotiates them: what ENUM/G/S/TRY_FMT and ENUM_FRAMESIZES return. What is
 * offered comes from the firmware's capability table, layouts and sizes from core/frame_layout.c;
 * what the stream is, from stream_format.c. Called under the file's lock. dev-decoder.rst.
 */
#include <media/v4l2-common.h>

#include "v4l2/formats.h"

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

int svpu_enum_fmt(const struct svpu_formats *formats, struct v4l2_fmtdesc *f)
{
	const struct svpu_codec *codec;
	unsigned int i;

	if (V4L2_TYPE_IS_CAPTURE(f->type)) {
		unsigned int skip = f->index;

		for (i = 0; i < formats->codec->num_raw; i++) {
			f->pixelformat = formats->codec->raw[i];
			if (svpu_format_holds_stream(formats, f->pixelformat) && !skip--)
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
	struct svpu_colour colour = svpu_format_colour(formats);

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
	struct svpu_colour colour = svpu_format_colour(formats);
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
	if (!svpu_format_holds_stream(formats, w.fourcc))
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
