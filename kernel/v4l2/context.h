/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An open file of a decoder's node: its formats, the decoder's machine with its queues, and its
 * session. What all files of v4l2/ share.
 */
#ifndef SOFTVPU_CONTEXT_H
#define SOFTVPU_CONTEXT_H

#include <media/v4l2-ctrls.h>
#include <media/v4l2-mem2mem.h>

#include "compat.h"
#include "core/decoder_state.h"
#include "v4l2/formats.h"
#include "v4l2/tag_history.h"
#include "vpu/session.h"

/* V4L2's two queues. A decoder's OUTPUT has the session's inputs, its CAPTURE the outputs. */
enum svpu_q { SVPU_Q_OUTPUT, SVPU_Q_CAPTURE };

/* A buffer of a queue. */
struct svpu_vbuf {
	struct v4l2_m2m_buffer m2m; /* first: v4l2-mem2mem's rule */
	struct svpu_buffer buffer;
};

struct svpu_decoder {
	struct svpu_decoder_state state;
	struct svpu_msg_format_changed announced; /* by the firmware; the machine applies it */
	struct svpu_frame_layout told; /* the one that the session knows; format NULL: none */
	u32 session_coded; /* fourcc that the session was configured for */
	int start_error; /* why the last STREAMON(OUTPUT) has no session */
	bool drain_due; /* to be sent after drain_after */
	struct vb2_v4l2_buffer *drain_after; /* last ready OUTPUT buffer that a STOP covers */
	bool drain_damaged; /* the firmware lost data that only the drain's LAST can tell of */
	bool return_asked; /* an output was asked for, for the LAST buffer that is owed */
	u32 sequence[2]; /* of the queues */
	struct svpu_tag_history tags;
	bool header_awaited; /* the firmware has inputs that may bring the header */
	wait_queue_head_t header_wait; /* header_awaited */
	atomic_t error_polls; /* that the failed session's client made; see svpu_poll() */
};

struct svpu_ctx {
	struct v4l2_fh fh;
	struct v4l2_ctrl_handler controls;
	struct mutex lock; /* everything below; the vb2 queues' lock, and the session's */
	struct svpu_formats formats;
	struct svpu_decoder decoder;
	struct svpu_session session;
};

static inline struct svpu_ctx *svpu_file_ctx(struct file *file)
{
	return container_of(svpu_file_fh(file), struct svpu_ctx, fh);
}

static inline struct svpu_ctx *svpu_session_ctx(struct svpu_session *session)
{
	return container_of(session, struct svpu_ctx, session);
}

/* The queues' private data is what the transport knows of the file. */
static inline struct svpu_ctx *svpu_queue_ctx(struct vb2_queue *q)
{
	struct svpu_client *client = vb2_get_drv_priv(q);

	return container_of(client, struct svpu_ctx, session.client);
}

static inline struct vb2_queue *svpu_queue(struct svpu_ctx *ctx, enum svpu_q which)
{
	return which == SVPU_Q_OUTPUT ? v4l2_m2m_get_src_vq(ctx->fh.m2m_ctx) :
					v4l2_m2m_get_dst_vq(ctx->fh.m2m_ctx);
}

static inline struct svpu_buffer *svpu_vb_buffer(struct vb2_buffer *vb)
{
	return &container_of(to_vb2_v4l2_buffer(vb), struct svpu_vbuf, m2m.vb)->buffer;
}

static inline struct vb2_v4l2_buffer *svpu_buffer_vbuf(struct svpu_buffer *buffer)
{
	return to_vb2_v4l2_buffer(buffer->vb);
}

/* file.c, ioctl.c, controls.c, queue.c: what device.c and file.c need of them */
extern const struct v4l2_file_operations svpu_file_ops;
extern const struct v4l2_ioctl_ops svpu_ioctl_ops_mplane;
extern const struct v4l2_ioctl_ops svpu_ioctl_ops_splane;
int svpu_controls_init(struct svpu_ctx *ctx);
int svpu_queue_init(void *priv, struct vb2_queue *src, struct vb2_queue *dst);

#endif /* SOFTVPU_CONTEXT_H */
