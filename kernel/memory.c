// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers as the firmware sees them, by the transport's means; what those are is kept in the
 * session's table until it is unmapped. Called by decoder.c and queue.c under the context's lock;
 * the transport reads the table under memory_lock.
 *
 * The firmware works in place wherever it can reach the memory. Where it can't, it gets a bounce
 * buffer, and the bytes are copied.
 */
#include "softvpu.h"

static unsigned int svpu_direction(struct vb2_buffer *vb)
{
	return V4L2_TYPE_IS_OUTPUT(vb->vb2_queue->type) ? SVPU_OUT : SVPU_CAP;
}

/* Makes a bounce buffer where one is needed. */
static int svpu_memory_bounce(struct svpu_ctx *ctx, struct vb2_buffer *vb, unsigned int plane)
{
	const struct svpu_transport_ops *transport = ctx->dev->transport;
	struct svpu_buffer *buffer = svpu_vb_buffer(vb);
	unsigned long size = vb2_plane_size(vb, plane);
	void *bounce;

	if (buffer->bounce[plane] || transport->reaches(ctx, vb, plane))
		return 0;
	if (svpu_direction(vb) == SVPU_CAP)
		size += svpu_layout_tail(&ctx->layout);
	bounce = transport->mem_ops->alloc(vb, vb->vb2_queue->dev, PAGE_ALIGN(size));
	if (IS_ERR(bounce))
		return PTR_ERR(bounce);
	buffer->bounce[plane] = bounce;
	return 0;
}

static void svpu_memory_put(struct svpu_memory *memory)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(memory->dbuf); i++)
		if (memory->dbuf[i])
			dma_buf_put(memory->dbuf[i]);
}

/*
 * Makes the buffer's memory known to the session, unless it is. Errors: -ENOMEM, and those of
 * sending.
 */
int svpu_memory_map(struct svpu_ctx *ctx, struct vb2_buffer *vb)
{
	struct svpu_buffer *buffer = svpu_vb_buffer(vb);
	unsigned int direction = svpu_direction(vb);
	struct svpu_session *session = ctx->session;
	struct svpu_memory memory = {}, old;
	struct svpu_cmd_map_buffer cmd = {};
	unsigned int i;
	int ret;

	if (buffer->session == session->generation)
		return 0;
	if (vb->index >= SVPU_MAX_BUFFERS || vb->num_planes > SVPU_MAX_PLANES)
		return -EINVAL;

	for (i = 0; i < vb->num_planes; i++) {
		cmd.plane[i].length = min_t(size_t, vb2_plane_size(vb, i), U32_MAX);
		ret = svpu_memory_bounce(ctx, vb, i);
		if (!ret)
			ret = ctx->dev->transport->share(vb, i, buffer->bounce[i], &memory,
							 &cmd.plane[i]);
		if (ret) {
			svpu_memory_put(&memory);
			return ret;
		}
	}
	do {
		buffer->generation = ++ctx->buffer_generation;
	} while (!buffer->generation);
	memory.generation = buffer->generation;
	memory.num_planes = vb->num_planes;

	mutex_lock(&session->memory_lock);
	old = session->memory[direction][vb->index];
	session->memory[direction][vb->index] = memory;
	mutex_unlock(&session->memory_lock);
	svpu_memory_put(&old);

	buffer->session = session->generation;
	cmd.direction = direction;
	cmd.index = vb->index;
	cmd.generation = buffer->generation;
	cmd.num_planes = vb->num_planes;
	return svpu_decoder_send(ctx, &cmd, SVPU_CMD_MAP_BUFFER, sizeof(cmd), 0);
}

/* Drops the session's references on a buffer's memory. */
void svpu_memory_forget(struct svpu_session *session, unsigned int direction, unsigned int index)
{
	struct svpu_memory memory;

	mutex_lock(&session->memory_lock);
	memory = session->memory[direction][index];
	memset(&session->memory[direction][index], 0, sizeof(memory));
	mutex_unlock(&session->memory_lock);
	svpu_memory_put(&memory);
}

/* The memory behind the buffer goes: vb2's buf_cleanup. */
void svpu_memory_unmap(struct svpu_ctx *ctx, struct vb2_buffer *vb)
{
	struct svpu_buffer *buffer = svpu_vb_buffer(vb);
	struct svpu_cmd_buffer cmd = {};
	unsigned int i;

	if (ctx->session && buffer->session == ctx->session->generation) {
		cmd.direction = svpu_direction(vb);
		cmd.index = vb->index;
		cmd.generation = buffer->generation;
		svpu_decoder_send(ctx, &cmd, SVPU_CMD_UNMAP_BUFFER, sizeof(cmd), 0);
	}
	/* Sending may have ended the session; then its table is empty already. */
	if (ctx->session && buffer->session == ctx->session->generation)
		svpu_memory_forget(ctx->session, svpu_direction(vb), vb->index);
	buffer->session = 0;
	for (i = 0; i < ARRAY_SIZE(buffer->bounce); i++) {
		if (buffer->bounce[i])
			ctx->dev->transport->mem_ops->put(buffer->bounce[i]);
		buffer->bounce[i] = NULL;
	}
}

/*
 * Around the processor's access to imported memory, which may be a device's. Errors: the
 * exporter's.
 */
static int svpu_memory_begin(struct vb2_buffer *vb, unsigned int plane)
{
	if (vb->memory != VB2_MEMORY_DMABUF)
		return 0;
	return dma_buf_begin_cpu_access(vb->planes[plane].dbuf, vb->vb2_queue->dma_dir);
}

static void svpu_memory_end(struct vb2_buffer *vb, unsigned int plane)
{
	if (vb->memory == VB2_MEMORY_DMABUF)
		dma_buf_end_cpu_access(vb->planes[plane].dbuf, vb->vb2_queue->dma_dir);
}

static void *svpu_bounce_vaddr(struct vb2_buffer *vb, unsigned int plane)
{
	return vb->vb2_queue->mem_ops->vaddr(vb, svpu_vb_buffer(vb)->bounce[plane]);
}

/*
 * Copies a bitstream into what the firmware sees, where that is another memory. Errors: -EFAULT.
 */
int svpu_memory_to_firmware(struct vb2_buffer *vb)
{
	struct svpu_buffer *buffer = svpu_vb_buffer(vb);
	unsigned int i;

	for (i = 0; i < vb->num_planes; i++) {
		void *from;

		if (!buffer->bounce[i])
			continue;
		from = vb2_plane_vaddr(vb, i);
		if (!from || svpu_memory_begin(vb, i))
			return -EFAULT;
		memcpy(svpu_bounce_vaddr(vb, i), from, vb2_get_plane_payload(vb, i));
		svpu_memory_end(vb, i);
	}
	return 0;
}

/* The other way, for a frame; payloads are set and within the planes. Errors: -EFAULT. */
int svpu_memory_from_firmware(struct vb2_buffer *vb)
{
	struct svpu_buffer *buffer = svpu_vb_buffer(vb);
	unsigned int i;

	for (i = 0; i < vb->num_planes; i++) {
		void *to;

		if (!buffer->bounce[i])
			continue;
		to = vb2_plane_vaddr(vb, i);
		if (!to || svpu_memory_begin(vb, i))
			return -EFAULT;
		memcpy(to, svpu_bounce_vaddr(vb, i), vb2_get_plane_payload(vb, i));
		svpu_memory_end(vb, i);
	}
	return 0;
}
