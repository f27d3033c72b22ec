// SPDX-License-Identifier: GPL-2.0
/*
 * Capability tables: made row by row by probe.c, cut to what this driver can do, and then shared by
 * reference. See caps.h.
 */
#include <linux/slab.h>

#include "core/frame_layout.h"
#include "vpu/caps.h"

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
	kfree(container_of(ref, struct svpu_caps, ref));
}

void svpu_caps_put(struct svpu_caps *caps)
{
	kref_put(&caps->ref, svpu_caps_release);
}

const struct svpu_msg_capability *svpu_caps_find(const struct svpu_caps *caps, u32 coded)
{
	unsigned int i;

	for (i = 0; i < caps->num; i++)
		if (caps->codec[i].coded == coded)
			return &caps->codec[i];
	return NULL;
}

/* The raw format is known here, and can hold the codec's smallest picture. */
static bool svpu_caps_can_hold(const struct svpu_msg_capability *row, u32 fourcc)
{
	const struct svpu_pixel_format *format = svpu_pixel_format_find(fourcc);
	struct svpu_frame_layout layout;

	return format && svpu_frame_layout_set(&layout, format, row->min_width, row->min_height) ==
				 SVPU_LAYOUT_OK;
}

/* Takes one row into the table, cut to what this driver can do. */
void svpu_caps_add(struct svpu_caps *caps, const struct svpu_msg_capability *row)
{
	struct svpu_msg_capability *codec;
	unsigned int i;

	/*
	 * Encoders, capture devices and stateless codecs are another driver's; codecs beyond the
	 * table are left out.
	 */
	if (row->role != SVPU_DECODER || row->flags & SVPU_CODEC_STATELESS ||
	    caps->num == SVPU_MAX_CODECS || svpu_caps_find(caps, row->coded))
		return;

	codec = &caps->codec[caps->num];
	*codec = *row;
	codec->min_output_buffers = max(row->min_output_buffers, 1u);
	codec->num_raw = 0;
	for (i = 0; i < row->num_raw; i++)
		if (svpu_caps_can_hold(row, row->raw[i]))
			codec->raw[codec->num_raw++] = row->raw[i];
	if (codec->num_raw)
		caps->num++;
}
