// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a session's buffers: made known to the firmware by the transport's means, and
 * copied where it must be. Called by the upper half (session.h) and by the other files of a
 * session, under its lock.
 *
 * The firmware works in place wherever it can reach the memory. Where it can't, it gets a bounce
 * buffer, and the bytes are copied.
 */
#include <linux/slab.h>

#include "vpu/books.h"

static void svpu_buffer_drop_bounce(struct svpu_session *session, struct svpu_buffer *buffer)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(buffer->bounce); i++) {
		if (buffer->bounce[i])
			session->client.dev->transport->mem_ops->put(buffer->bounce[i]);
		buffer->bounce[i] = NULL;
	}
}

/*
 * Makes bounce buffers where they are needed: when the client brings the memory, in its own
 * context, so that they are charged to it.
 */
int svpu_session_bounce(struct svpu_session *session, struct svpu_buffer *buffer)
{
	const struct svpu_transport_ops *transport = session->client.dev->transport;
	struct vb2_buffer *vb = buffer->vb;
	unsigned int i;
	void *bounce;

	for (i = 0; i < vb->num_planes; i++) {
		if (buffer->bounce[i] || transport->reaches(&session->client, vb, i))
			continue;
		bounce = transport->mem_ops->alloc(vb, vb->vb2_queue->dev,
						   PAGE_ALIGN(vb2_plane_size(vb, i)));
		if (IS_ERR(bounce)) {
			svpu_buffer_drop_bounce(session, buffer);
			return PTR_ERR(bounce);
		}
		buffer->bounce[i] = bounce;
	}
	return 0;
}

/* As the firmware shall see the buffer. Errors: -ENOMEM, and the transport's. */
static struct svpu_memory *svpu_buffer_share(struct svpu_session *session,
					     struct svpu_buffer *buffer, struct svpu_plane *plane)
{
	struct svpu_memory *memory = kzalloc(sizeof(*memory), GFP_KERNEL);
	struct vb2_buffer *vb = buffer->vb;
	unsigned int i;
	void *shared;

	if (!memory)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < vb->num_planes; i++) {
		plane[i].length = min_t(size_t, vb2_plane_size(vb, i), U32_MAX);
		shared = session->client.dev->transport->share(vb, i, buffer->bounce[i], &plane[i]);
		if (IS_ERR(shared)) {
			svpu_memory_free(session->port, memory);
			return shared;
		}
		memory->shared[i] = shared;
	}
	memory->num_planes = vb->num_planes;
	return memory;
}

int svpu_session_map(struct svpu_session *session, struct svpu_buffer *buffer)
{
	struct svpu_port *port = session->port;
	struct svpu_cmd_map_buffer cmd = {};
	struct vb2_buffer *vb = buffer->vb;
	struct svpu_memory *memory;

	if (buffer->session == port->link.generation)
		return 0;
	if (vb->index >= SVPU_MAX_BUFFERS || vb->num_planes > SVPU_MAX_PLANES)
		return -EINVAL;

	memory = svpu_buffer_share(session, buffer, cmd.plane);
	if (IS_ERR(memory))
		return PTR_ERR(memory);
	do {
		buffer->generation = ++session->buffer_generation;
	} while (!buffer->generation);
	memory->name =
		(struct svpu_memory_name){ buffer->direction, vb->index, buffer->generation };
	svpu_memory_enter(port, memory);

	buffer->session = port->link.generation;
	cmd.direction = buffer->direction;
	cmd.index = vb->index;
	cmd.generation = buffer->generation;
	cmd.num_planes = vb->num_planes;
	return svpu_session_send(session, &cmd, SVPU_CMD_MAP_BUFFER, sizeof(cmd), 0);
}

int svpu_session_unmap(struct svpu_session *session, struct svpu_buffer *buffer)
{
	struct svpu_cmd_buffer cmd = { .direction = buffer->direction };
	int ret = 0;

	if (session->port && buffer->session == session->port->link.generation) {
		cmd.index = buffer->vb->index;
		cmd.generation = buffer->generation;
		ret = svpu_session_send(session, &cmd, SVPU_CMD_UNMAP_BUFFER, sizeof(cmd), 0);
		svpu_memory_leave(session->port, buffer->direction, buffer->vb->index);
	}
	buffer->session = 0;
	svpu_buffer_drop_bounce(session, buffer);
	return ret;
}

/*
 * Who else may go while the plane is copied: imported memory may be a buffer of another device of
 * ours. The node's own device if not.
 */
static struct svpu_device *svpu_plane_owner(struct svpu_session *session, struct vb2_buffer *vb,
					    unsigned int plane)
{
	struct svpu_device *owner = NULL;

	if (vb->memory == VB2_MEMORY_DMABUF)
		owner = svpu_bar_exporter(vb->planes[plane].dbuf);
	return owner ? owner : session->client.dev;
}

/* With neither device gone. */
static int svpu_plane_copy_here(struct svpu_session *session, struct vb2_buffer *vb,
				unsigned int plane, void *to, const void *from)
{
	struct svpu_device *owner = svpu_plane_owner(session, vb, plane);
	struct svpu_device *own = session->client.dev;
	int own_access, access;
	int ret = -ENODEV;

	if (!svpu_access_begin(own, &own_access))
		return -ENODEV;
	if (svpu_access_begin(owner, &access)) {
		memcpy(to, from, vb2_get_plane_payload(vb, plane));
		svpu_access_end(owner, access);
		ret = 0;
	}
	svpu_access_end(own, own_access);
	return ret;
}

/*
 * Between the application's memory and the bounce buffer. Imported memory may be a device's: the
 * exporter is told. Errors: -EFAULT; -ENODEV; what the exporter returns.
 */
static int svpu_plane_copy(struct svpu_session *session, struct svpu_buffer *buffer,
			   unsigned int plane, bool to_firmware)
{
	struct vb2_buffer *vb = buffer->vb;
	void *theirs = vb->vb2_queue->mem_ops->vaddr(vb, buffer->bounce[plane]);
	void *ours = vb2_plane_vaddr(vb, plane);
	struct dma_buf *dbuf = vb->memory == VB2_MEMORY_DMABUF ? vb->planes[plane].dbuf : NULL;
	int ret;

	if (!theirs || !ours)
		return -EFAULT;
	ret = dbuf ? dma_buf_begin_cpu_access(dbuf, vb->vb2_queue->dma_dir) : 0;
	if (ret)
		return ret;
	ret = svpu_plane_copy_here(session, vb, plane, to_firmware ? theirs : ours,
				   to_firmware ? ours : theirs);
	if (dbuf)
		dma_buf_end_cpu_access(dbuf, vb->vb2_queue->dma_dir);
	return ret;
}

/*
 * Copies a bitstream into what the firmware sees, where that is another memory, or a frame out of
 * it; payloads are set and within the planes. Errors: -EFAULT.
 */
int svpu_buffer_copy(struct svpu_session *session, struct svpu_buffer *buffer, bool to_firmware)
{
	struct svpu_counters *counters = &session->port->counters;
	unsigned int i;

	for (i = 0; i < buffer->vb->num_planes; i++) {
		if (!buffer->bounce[i])
			continue;
		if (svpu_plane_copy(session, buffer, i, to_firmware))
			return -EFAULT;
		*(to_firmware ? &counters->copies_in : &counters->copies_out) += 1;
		*(to_firmware ? &counters->bytes_in : &counters->bytes_out) +=
			vb2_get_plane_payload(buffer->vb, i);
	}
	return 0;
}
