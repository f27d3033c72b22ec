/* SPDX-License-Identifier: GPL-2.0 */
/* The formats of an open file: what the client chose, and what the stream is. */
#ifndef SOFTVPU_FORMATS_H
#define SOFTVPU_FORMATS_H

#include "core/frame_layout.h"
#include "v4l2/border.h"
#include "vpu/caps.h"

struct svpu_formats {
	struct svpu_caps *caps; /* those of the firmware that was there at open() */
	const struct svpu_codec *codec;
	u32 coded_width, coded_height;
	u32 output_size; /* sizeimage of OUTPUT */
	struct svpu_frame_layout layout; /* of CAPTURE; its format is never NULL */
	bool raw_chosen; /* its raw format, by the client */
	u32 native; /* a raw format that holds the stream's samples; 0: no header yet */
	u32 visible_width, visible_height;
	u32 min_capture;
	u32 field; /* of CAPTURE: V4L2_FIELD_INTERLACED or _NONE */
	u32 hint_width, hint_height; /* what the client said of OUTPUT's size; 0: nothing */
	struct svpu_colour client_colour;
	struct svpu_colour stream_colour; /* of the stream of now; 0 where it says nothing */
};

/* formats.c */
void svpu_format_defaults(struct svpu_formats *formats);
int svpu_enum_fmt(const struct svpu_formats *formats, struct v4l2_fmtdesc *f);
int svpu_enum_framesizes(const struct svpu_formats *formats, struct v4l2_frmsizeenum *f);
void svpu_get_format(const struct svpu_formats *formats, struct v4l2_format *f);
void svpu_try_format(const struct svpu_formats *formats, struct v4l2_format *f);
void svpu_set_format(struct svpu_formats *formats, struct v4l2_format *f);
void svpu_choose_format(struct svpu_formats *formats, const struct v4l2_format *f);

/* stream_format.c */
bool svpu_format_holds_stream(const struct svpu_formats *formats, u32 raw);
const struct svpu_pixel_format *svpu_codec_raw(const struct svpu_codec *codec, u32 wanted,
					       u32 otherwise);
void svpu_format_reset(struct svpu_formats *formats);
const char *svpu_format_wrong(const struct svpu_formats *formats,
			      const struct svpu_msg_format_changed *message);
bool svpu_format_describes(const struct svpu_formats *formats,
			   const struct svpu_msg_format_changed *message);
void svpu_format_from_stream(struct svpu_formats *formats,
			     const struct svpu_msg_format_changed *message);
struct svpu_colour svpu_format_colour(const struct svpu_formats *formats);
int svpu_get_selection(const struct svpu_formats *formats, struct v4l2_selection *s);

#endif /* SOFTVPU_FORMATS_H */
