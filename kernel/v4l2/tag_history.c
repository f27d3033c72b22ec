// SPDX-License-Identifier: GPL-2.0
/*
 * Timestamps and what belongs to them go from an OUTPUT buffer to the frames that came from it.
 * Called by pump.c and events.c under the file's lock. dev-decoder.rst, Decoding, note.
 */
#include "v4l2/tag_history.h"

void svpu_tag_remember(struct svpu_tag_history *history, const struct vb2_v4l2_buffer *vbuf)
{
	struct svpu_tagged *entry = &history->entry[history->next++ % SVPU_TAG_ENTRIES];

	entry->tag = vbuf->vb2_buf.timestamp;
	entry->flags = vbuf->flags & (V4L2_BUF_FLAG_TIMECODE | V4L2_BUF_FLAG_TSTAMP_SRC_MASK);
	entry->timecode = vbuf->timecode;
}

void svpu_tag_copy(const struct svpu_tag_history *history, struct vb2_v4l2_buffer *vbuf, u64 tag)
{
	const struct svpu_tagged *entry;
	unsigned int i;

	vbuf->vb2_buf.timestamp = tag;
	/* Newest first: a client may use a timestamp again. */
	for (i = 0; i < SVPU_TAG_ENTRIES; i++) {
		entry = &history->entry[(history->next - 1 - i) % SVPU_TAG_ENTRIES];
		if (entry->tag != tag)
			continue;
		vbuf->flags |= entry->flags;
		if (entry->flags & V4L2_BUF_FLAG_TIMECODE)
			vbuf->timecode = entry->timecode;
		break;
	}
}
