/* SPDX-License-Identifier: GPL-2.0 */
/* What the client said of an OUTPUT buffer, kept until the frames that came from it are out. */
#ifndef SOFTVPU_TAG_HISTORY_H
#define SOFTVPU_TAG_HISTORY_H

#include <media/videobuf2-v4l2.h>

#define SVPU_TAG_ENTRIES 128u /* inputs whose timecode is remembered */

struct svpu_tagged {
	u64 tag; /* the timestamp */
	u32 flags; /* V4L2_BUF_FLAG_TIMECODE and the timestamp's source */
	struct v4l2_timecode timecode;
};

struct svpu_tag_history {
	struct svpu_tagged entry[SVPU_TAG_ENTRIES];
	u32 next;
};

void svpu_tag_remember(struct svpu_tag_history *history, const struct vb2_v4l2_buffer *vbuf);
void svpu_tag_copy(const struct svpu_tag_history *history, struct vb2_v4l2_buffer *vbuf, u64 tag);

#endif /* SOFTVPU_TAG_HISTORY_H */
