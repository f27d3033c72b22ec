// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers as the firmware sees them, by the transport's means; what those are is kept in the
 * session's table until it is unmapped, and after that as long as the firmware may read it. Called
 * by decoder.c, events.c and queue.c under the context's lock; the transport reads the table under
 * memory_lock.
 *
 * The firmware works in place wherever it can reach the memory. Where it can't, it gets a bounce
 * buffer, and the bytes are copied.
 */
#include "softvpu.h"

static unsigned int svpu_direction(struct vb2_buffer *vb)
{
	return V4L2_TYPE_IS_OUTPUT(vb->vb2_queue->type) ? SVPU_OUT : SVPU_CAP;
}

/* Bytes behind a buffer that the firmware may read; the application doesn't see them. */
unsigned long svpu_tail_of(struct vb2_buffer *vb)
{
	struct svpu_ctx *ctx = vb2_get_drv_priv(vb->vb2_queue);

	return svpu_direction(vb) == SVPU_CAP ? svpu_frame_layout_tail(&ctx->layout) : 0;
}

void svpu_memory_drop_bounce(struct svpu_ctx *ctx, struct vb2_buffer *vb)
{
	struct svpu_buffer *buffer = svpu_vb_buffer(vb);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(buffer->bounce); i++) {
		if (buffer->bounce[i])
			ctx->dev->transport->mem_ops->put(buffer->bounce[i]);
		buffer->bounce[i] = NULL;
	}
}

/*
 * Makes bounce buffers where they are needed: when the client brings the memory, in its own
 * context, so that they are charged to it. Errors: -ENOMEM, and the transport's.
 */
int svpu_memory_bounce(struct svpu_ctx *ctx, struct vb2_buffer *vb)
{
	const struct svpu_transport_ops *transport = ctx->dev->transport;
	struct svpu_buffer *buffer = svpu_vb_buffer(vb);
	unsigned int i;
	void *bounce;

	for (i = 0; i < vb->num_planes; i++) {
		if (buffer->bounce[i] || transport->reaches(ctx, vb, i))
			continue;
		bounce = transport->mem_ops->alloc(vb, vb->vb2_queue->dev,
						   PAGE_ALIGN(vb2_plane_size(vb, i)));
		if (IS_ERR(bounce)) {
			svpu_memory_drop_bounce(ctx, vb);
			return PTR_ERR(bounce);
		}
		buffer->bounce[i] = bounce;
	}
	return 0;
}

/* `memory` may be NULL. */
static void svpu_memory_free(struct svpu_session *session, struct svpu_memory *memory)
{
	unsigned int i;

	if (!memory)
		return;
	for (i = 0; i < ARRAY_SIZE(memory->shared); i++)
		if (memory->shared[i])
			session->dev->transport->unshare(memory->shared[i]);
	kfree(memory);
}

/* Puts `memory` in the place of what the session knew under that name, which it returns. */
static struct svpu_memory *svpu_memory_swap(struct svpu_session *session, unsigned int direction,
					    unsigned int index, struct svpu_memory *memory)
{
	struct svpu_memory *old;

	mutex_lock(&session->memory_lock);
	old = session->memory[direction][index];
	session->memory[direction][index] = memory;
	mutex_unlock(&session->memory_lock);
	return old;
}

/* As the firmware shall see the buffer. Errors: -ENOMEM, and the transport's. */
static struct svpu_memory *svpu_memory_share(struct svpu_ctx *ctx, struct vb2_buffer *vb,
					     struct svpu_plane *plane)
{
	struct svpu_buffer *buffer = svpu_vb_buffer(vb);
	struct svpu_memory *memory = kzalloc(sizeof(*memory), GFP_KERNEL);
	unsigned int i;
	void *shared;

	if (!memory)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < vb->num_planes; i++) {
		plane[i].length = min_t(size_t, vb2_plane_size(vb, i), U32_MAX);
		shared = ctx->dev->transport->share(vb, i, buffer->bounce[i], &plane[i]);
		if (IS_ERR(shared)) {
			svpu_memory_free(ctx->session, memory);
			return shared;
		}
		memory->shared[i] = shared;
	}
	memory->num_planes = vb->num_planes;
	return memory;
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
	struct svpu_cmd_map_buffer cmd = {};
	struct svpu_memory *memory;

	if (buffer->session == session->generation)
		return 0;
	if (vb->index >= SVPU_MAX_BUFFERS || vb->num_planes > SVPU_MAX_PLANES)
		return -EINVAL;

	memory = svpu_memory_share(ctx, vb, cmd.plane);
	if (IS_ERR(memory))
		return PTR_ERR(memory);
	do {
		buffer->generation = ++ctx->buffer_generation;
	} while (!buffer->generation);
	memory->direction = direction;
	memory->index = vb->index;
	memory->generation = buffer->generation;
	svpu_memory_free(session, svpu_memory_swap(session, direction, vb->index, memory));

	buffer->session = session->generation;
	cmd.direction = direction;
	cmd.index = vb->index;
	cmd.generation = buffer->generation;
	cmd.num_planes = vb->num_planes;
	return svpu_decoder_send(ctx, &cmd, SVPU_CMD_MAP_BUFFER, sizeof(cmd), 0);
}

/* The host has left the session: drops its references on all memory. */
void svpu_memory_forget(struct svpu_session *session)
{
	struct svpu_memory *memory, *next;
	unsigned int direction, i;
	LIST_HEAD(leaving);

	for (direction = 0; direction < 2; direction++)
		for (i = 0; i < SVPU_MAX_BUFFERS; i++)
			svpu_memory_free(session, svpu_memory_swap(session, direction, i, NULL));
	mutex_lock(&session->memory_lock);
	list_splice_init(&session->leaving, &leaving);
	mutex_unlock(&session->memory_lock);
	list_for_each_entry_safe(memory, next, &leaving, link)
		svpu_memory_free(session, memory);
}

/* UNMAP_BUFFER is sent. Where the firmware's mapping keeps the memory we needn't. */
static void svpu_memory_leave(struct svpu_session *session, unsigned int direction,
			      unsigned int index)
{
	struct svpu_memory *memory = svpu_memory_swap(session, direction, index, NULL);

	session->unmaps++;
	if (!memory || !session->dev->transport->lends) {
		svpu_memory_free(session, memory);
		return;
	}
	mutex_lock(&session->memory_lock);
	list_add_tail(&memory->link, &session->leaving);
	mutex_unlock(&session->memory_lock);
}

static struct svpu_memory *svpu_memory_take_leaving(struct svpu_session *session,
						    const struct svpu_msg_unmapped *name)
{
	struct svpu_memory *memory, *found = NULL;

	mutex_lock(&session->memory_lock);
	list_for_each_entry(memory, &session->leaving, link) {
		if (memory->direction == name->direction && memory->index == name->index &&
		    memory->generation == name->generation) {
			found = memory;
			list_del(&memory->link);
			break;
		}
	}
	mutex_unlock(&session->memory_lock);
	return found;
}

/*
 * The firmware has let go of a buffer's memory. Returns what is wrong with that, or NULL. Names
 * are only known where we keep the memory for it: elsewhere one that never answers costs nothing.
 */
const char *svpu_memory_unmapped(struct svpu_session *session,
				 const struct svpu_msg_unmapped *message)
{
	struct svpu_memory *memory;

	if (!session->unmaps)
		return "it let go of a buffer without being asked";
	session->unmaps--;
	if (!session->dev->transport->lends)
		return NULL;
	memory = svpu_memory_take_leaving(session, message);
	svpu_memory_free(session, memory);
	return memory ? NULL : "it let go of a buffer that wasn't unmapped";
}

/* The memory behind the buffer goes: vb2's buf_cleanup. */
void svpu_memory_unmap(struct svpu_ctx *ctx, struct vb2_buffer *vb)
{
	struct svpu_buffer *buffer = svpu_vb_buffer(vb);
	struct svpu_cmd_buffer cmd = {};

	if (ctx->session && buffer->session == ctx->session->generation) {
		cmd.direction = svpu_direction(vb);
		cmd.index = vb->index;
		cmd.generation = buffer->generation;
		svpu_decoder_send(ctx, &cmd, SVPU_CMD_UNMAP_BUFFER, sizeof(cmd), 0);
	}
	/* Sending may have ended the session; then its table is empty already. */
	if (ctx->session && buffer->session == ctx->session->generation)
		svpu_memory_leave(ctx->session, svpu_direction(vb), vb->index);
	buffer->session = 0;
	svpu_memory_drop_bounce(ctx, vb);
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
 * Who else may go while the plane is copied: imported memory may be a buffer of another device of
 * ours. The node's own device if not.
 */
static struct svpu_device *svpu_memory_owner(struct vb2_buffer *vb, unsigned int plane)
{
	struct svpu_ctx *ctx = vb2_get_drv_priv(vb->vb2_queue);
	struct svpu_device *owner = NULL;

	if (vb->memory == VB2_MEMORY_DMABUF)
		owner = svpu_bar_exporter(vb->planes[plane].dbuf);
	return owner ? owner : ctx->dev;
}

/* With neither device gone. */
static int svpu_memory_copy_here(struct vb2_buffer *vb, unsigned int plane, void *to,
				 const void *from)
{
	struct svpu_device *owner = svpu_memory_owner(vb, plane);
	struct svpu_ctx *ctx = vb2_get_drv_priv(vb->vb2_queue);
	int own_access, access;
	int ret = -ENODEV;

	if (!svpu_access_begin(ctx->dev, &own_access))
		return -ENODEV;
	if (svpu_access_begin(owner, &access)) {
		memcpy(to, from, vb2_get_plane_payload(vb, plane));
		svpu_access_end(owner, access);
		ret = 0;
	}
	svpu_access_end(ctx->dev, own_access);
	return ret;
}

static int svpu_memory_copy(struct vb2_buffer *vb, unsigned int plane, void *to, const void *from)
{
	int ret;

	if (!to || !from)
		return -EFAULT;
	ret = svpu_memory_begin(vb, plane);
	if (ret)
		return ret;
	ret = svpu_memory_copy_here(vb, plane, to, from);
	svpu_memory_end(vb, plane);
	return ret;
}

/*
 * Copies a bitstream into what the firmware sees, where that is another memory. Errors: -EFAULT.
 */
int svpu_memory_to_firmware(struct vb2_buffer *vb)
{
	struct svpu_ctx *ctx = vb2_get_drv_priv(vb->vb2_queue);
	struct svpu_counters *counters = &ctx->session->counters;
	struct svpu_buffer *buffer = svpu_vb_buffer(vb);
	unsigned int i;

	for (i = 0; i < vb->num_planes; i++) {
		if (!buffer->bounce[i])
			continue;
		if (svpu_memory_copy(vb, i, svpu_bounce_vaddr(vb, i), vb2_plane_vaddr(vb, i)))
			return -EFAULT;
		counters->copies_in++;
		counters->bytes_in += vb2_get_plane_payload(vb, i);
	}
	return 0;
}

/* The other way, for a frame; payloads are set and within the planes. Errors: -EFAULT. */
int svpu_memory_from_firmware(struct vb2_buffer *vb)
{
	struct svpu_ctx *ctx = vb2_get_drv_priv(vb->vb2_queue);
	struct svpu_counters *counters = &ctx->session->counters;
	struct svpu_buffer *buffer = svpu_vb_buffer(vb);
	unsigned int i;

	for (i = 0; i < vb->num_planes; i++) {
		if (!buffer->bounce[i])
			continue;
		if (svpu_memory_copy(vb, i, vb2_plane_vaddr(vb, i), svpu_bounce_vaddr(vb, i)))
			return -EFAULT;
		counters->copies_out++;
		counters->bytes_out += vb2_get_plane_payload(vb, i);
	}
	return 0;
}
