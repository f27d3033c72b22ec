// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers as the firmware sees them: dma-bufs kept in the session's table until they are unmapped.
 * Called by decoder.c and queue.c under the context's lock; the transport reads the table under
 * memory_lock.
 *
 * MMAP buffers are exported, imported ones (DMABUF) are passed on: the firmware writes in place.
 * An application's own memory (USERPTR) must not be mapped into another process behind its back,
 * so the firmware gets a bounce buffer and the bytes are copied.
 */
#include <linux/fcntl.h>
#include <media/videobuf2-vmalloc.h>

#include "softvpu.h"

static unsigned int svpu_direction(struct vb2_buffer *vb)
{
	return V4L2_TYPE_IS_OUTPUT(vb->vb2_queue->type) ? SVPU_OUT : SVPU_CAP;
}

static struct dma_buf *svpu_plane_dmabuf(struct svpu_ctx *ctx, struct vb2_buffer *vb,
					 unsigned int plane)
{
	struct svpu_buffer *buffer = svpu_vb_buffer(vb);
	const struct vb2_mem_ops *ops = &vb2_vmalloc_memops;
	unsigned long size;
	struct dma_buf *dbuf;

	switch (vb->memory) {
	case VB2_MEMORY_MMAP:
		dbuf = ops->get_dmabuf(vb, vb->planes[plane].mem_priv,
				       svpu_direction(vb) == SVPU_OUT ? O_RDONLY : O_RDWR);
		break;
	case VB2_MEMORY_DMABUF:
		dbuf = vb->planes[plane].dbuf;
		if (dbuf)
			get_dma_buf(dbuf);
		break;
	default:
		if (!buffer->bounce[plane]) {
			size = vb2_plane_size(vb, plane);
			if (svpu_direction(vb) == SVPU_CAP)
				size += svpu_layout_tail(&ctx->layout);
			buffer->bounce[plane] =
				ops->alloc(vb, vb->vb2_queue->dev, PAGE_ALIGN(size));
			if (IS_ERR(buffer->bounce[plane])) {
				buffer->bounce[plane] = NULL;
				return ERR_PTR(-ENOMEM);
			}
		}
		dbuf = ops->get_dmabuf(vb, buffer->bounce[plane], O_RDWR);
		break;
	}
	return dbuf ? dbuf : ERR_PTR(-ENOMEM);
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

	if (buffer->session == session->generation)
		return 0;
	if (vb->index >= SVPU_MAX_BUFFERS || vb->num_planes > SVPU_MAX_PLANES)
		return -EINVAL;

	for (i = 0; i < vb->num_planes; i++) {
		struct dma_buf *dbuf = svpu_plane_dmabuf(ctx, vb, i);

		if (IS_ERR(dbuf)) {
			while (i--)
				dma_buf_put(memory.dbuf[i]);
			return PTR_ERR(dbuf);
		}
		memory.dbuf[i] = dbuf;
		cmd.plane[i].length = min_t(size_t, vb2_plane_size(vb, i), U32_MAX);
		cmd.plane[i].mapped_length = min_t(size_t, dbuf->size, U32_MAX);
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
	for (i = 0; i < old.num_planes; i++)
		dma_buf_put(old.dbuf[i]);

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
	unsigned int i;

	mutex_lock(&session->memory_lock);
	memory = session->memory[direction][index];
	memset(&session->memory[direction][index], 0, sizeof(memory));
	mutex_unlock(&session->memory_lock);
	for (i = 0; i < memory.num_planes; i++)
		dma_buf_put(memory.dbuf[i]);
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
			vb2_vmalloc_memops.put(buffer->bounce[i]);
		buffer->bounce[i] = NULL;
	}
}

/* Copies a bitstream into what the firmware sees, where that is another memory. */
void svpu_memory_to_firmware(struct vb2_buffer *vb)
{
	struct svpu_buffer *buffer = svpu_vb_buffer(vb);
	unsigned int i;

	for (i = 0; i < vb->num_planes; i++) {
		void *from = buffer->bounce[i] ? vb2_plane_vaddr(vb, i) : NULL;

		if (from)
			memcpy(vb2_vmalloc_memops.vaddr(vb, buffer->bounce[i]), from,
			       vb2_get_plane_payload(vb, i));
	}
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
		if (!to)
			return -EFAULT;
		memcpy(to, vb2_vmalloc_memops.vaddr(vb, buffer->bounce[i]),
		       vb2_get_plane_payload(vb, i));
	}
	return 0;
}
