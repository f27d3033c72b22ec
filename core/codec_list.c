// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * The order of the list of codecs: see codec_list.h.
 */
#include "core/codec_list.h"

#include "core/frame_layout.h"

static const char *svpu_list_ends_codec(const struct svpu_codec_list *list)
{
	return list->codecs && !list->raw_formats ? "a codec was listed without a raw format" :
						    NULL;
}

static const char *svpu_list_codec(struct svpu_codec_list *list)
{
	const char *wrong = svpu_list_ends_codec(list);

	if (wrong)
		return wrong;
	if (list->codecs == SVPU_MAX_CODECS)
		return "more than 64 codecs were listed";
	list->codecs++;
	list->raw_formats = 0;
	list->controls = 0;
	return NULL;
}

static const char *svpu_list_raw_format(struct svpu_codec_list *list,
					const struct svpu_msg_raw_format *format)
{
	if (!list->codecs)
		return "a raw format was listed before any codec";
	if (list->raw_formats == SVPU_MAX_RAW_FORMATS)
		return "more than 64 raw formats were listed for a codec";
	if (!svpu_frame_layout_serves(format->width_align, format->height_align,
				      format->stride_align, format->tail_lines))
		return "a raw format needs another alignment than this host gives it";
	list->raw_formats++;
	return NULL;
}

static const char *svpu_list_control(struct svpu_codec_list *list)
{
	if (!list->codecs)
		return "a control was listed before any codec";
	if (list->controls == SVPU_MAX_CONTROLS)
		return "more than 128 controls were listed for a codec";
	list->controls++;
	return NULL;
}

const char *svpu_codec_list_take(struct svpu_codec_list *list, const struct svpu_entry *message)
{
	switch (message->type) {
	case SVPU_MSG_CODEC:
		return svpu_list_codec(list);
	case SVPU_MSG_RAW_FORMAT:
		return svpu_list_raw_format(list, (const void *)message);
	case SVPU_MSG_CONTROL:
		return svpu_list_control(list);
	case SVPU_MSG_CAPABILITIES_END:
		return svpu_list_ends_codec(list);
	default:
		return "it isn't an answer to QUERY_CAPABILITIES";
	}
}
