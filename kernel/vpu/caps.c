// SPDX-License-Identifier: GPL-2.0
/*
 * Capability tables: made message by message by probe.c, cut to what this driver can do, and then
 * shared by reference. See caps.h.
 */
#include <linux/slab.h>

#include "core/frame_layout.h"
#include "vpu/caps.h"
#include "vpu/port.h"

/* Empty. NULL: no memory. */
struct svpu_caps *svpu_caps_new(void)
{
	struct svpu_caps *caps = kzalloc(sizeof(*caps), GFP_KERNEL);

	if (caps)
		kref_init(&caps->ref);
	return caps;
}

struct svpu_caps *svpu_caps_get(struct svpu_caps *caps)
{
	kref_get(&caps->ref);
	return caps;
}

static void svpu_caps_release(struct kref *ref)
{
	struct svpu_caps *caps = container_of(ref, struct svpu_caps, ref);
	unsigned int i;

	for (i = 0; i < caps->num; i++)
		kvfree(caps->codec[i]);
	kvfree(caps->listed);
	kfree(caps);
}

void svpu_caps_put(struct svpu_caps *caps)
{
	kref_put(&caps->ref, svpu_caps_release);
}

const struct svpu_codec *svpu_caps_find(const struct svpu_caps *caps, u32 coded)
{
	unsigned int i;

	for (i = 0; i < caps->num; i++)
		if (caps->codec[i]->info.coded == coded)
			return caps->codec[i];
	return NULL;
}

/* The codec that was listed last is complete. */
static void svpu_caps_end_codec(struct svpu_caps *caps)
{
	if (caps->listed && caps->listed->num_raw)
		caps->codec[caps->num++] = caps->listed;
	else
		kvfree(caps->listed);
	caps->listed = NULL;
}

/* Encoders, capture devices and stateless codecs are another driver's. */
static const char *svpu_caps_begin_codec(struct svpu_caps *caps, const struct svpu_msg_codec *row)
{
	svpu_caps_end_codec(caps);
	if (row->role != SVPU_DECODER)
		return NULL;
	if (svpu_caps_find(caps, row->coded))
		return "a codec was listed twice";
	caps->listed = kvzalloc(sizeof(*caps->listed), GFP_KERNEL);
	if (!caps->listed)
		return "there is no memory for its codecs";
	caps->listed->info = *row;
	caps->listed->info.min_output_buffers = max(row->min_output_buffers, 1u);
	return NULL;
}

/*
 * One that is known here, has one plane in memory and can hold the codec's smallest picture; others
 * are left out.
 */
static const char *svpu_caps_add_raw(struct svpu_codec *codec,
				     const struct svpu_msg_raw_format *row)
{
	const struct svpu_pixel_format *format = svpu_pixel_format_find(row->fourcc);
	struct svpu_frame_layout layout;
	unsigned int i;

	for (i = 0; i < codec->num_raw; i++)
		if (codec->raw[i] == row->fourcc)
			return "a raw format was listed twice";
	if (format && format->memory_planes == 1 &&
	    svpu_frame_layout_set(&layout, format, codec->info.min_width,
				  codec->info.min_height) == SVPU_LAYOUT_OK)
		codec->raw[codec->num_raw++] = row->fourcc;
	return NULL;
}

static const char *svpu_caps_add_control(struct svpu_codec *codec,
					 const struct svpu_msg_control *row)
{
	unsigned int i;

	for (i = 0; i < codec->num_controls; i++)
		if (codec->control[i].id == row->id)
			return "a control was listed twice";
	codec->control[i] = *row;
	svpu_text(codec->control[i].name, sizeof(row->name), row->name, sizeof(row->name));
	codec->num_controls++;
	return NULL;
}

/* Takes a message of the list, cut to what this driver can do. Returns what was wrong, or NULL. */
const char *svpu_caps_take(struct svpu_caps *caps, const union svpu_any_message *message)
{
	const char *wrong = svpu_codec_list_take(&caps->list, &message->entry);

	if (wrong)
		return wrong;
	if (message->entry.type == SVPU_MSG_CODEC)
		return svpu_caps_begin_codec(caps, &message->codec);
	if (message->entry.type == SVPU_MSG_CAPABILITIES_END)
		svpu_caps_end_codec(caps);
	if (!caps->listed)
		return NULL;
	return message->entry.type == SVPU_MSG_RAW_FORMAT ?
		       svpu_caps_add_raw(caps->listed, &message->raw_format) :
		       svpu_caps_add_control(caps->listed, &message->control);
}
