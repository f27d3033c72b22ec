/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * videobuf2 and v4l2-mem2mem as kernel/ sees them, see shim.h: the same states and rules, which
 * queues.c enforces where a kernel with debugging would warn. Buffers are of the kind MMAP.
 */
#ifndef SHIM_MEDIA_H
#define SHIM_MEDIA_H

typedef struct {
	u32 value;
} kuid_t;
struct device {
	int unused;
};
struct dentry;
struct file;
struct file_operations;
struct address_space;
struct vm_area_struct;
struct dma_buf;
struct v4l2_m2m_dev;
struct v4l2_ctrl {
	struct list_head node;
	u32 id, type;
	unsigned long flags;
	s64 default_value;
	struct {
		s32 val;
	} cur;
};
struct v4l2_ctrl_handler {
	struct list_head ctrls;
};
struct v4l2_device {
	int users;
};
struct media_device {
	int unused;
};
struct video_device {
	int unused;
};
struct v4l2_m2m_ctx;
struct v4l2_ioctl_ops;
struct v4l2_file_operations;
struct v4l2_fh {
	struct v4l2_m2m_ctx *m2m_ctx;
	unsigned int events;
};
#define file_to_v4l2_fh(file) ((struct v4l2_fh *)(file))
#define get_device(d) (d)
#define put_device(d) ((void)(d))
#define v4l2_device_get(d) ((void)(d)->users++)
#define v4l2_device_put(d) ((void)(d)->users--)
#define v4l2_event_queue_fh(fh, event) ((void)(event), (void)(fh)->events++)
#define dma_buf_begin_cpu_access(dbuf, dir) ((void)(dbuf), (void)(dir), 0)
#define dma_buf_end_cpu_access(dbuf, dir) ((void)(dbuf), (void)(dir))

#define VB2_MAX_FRAME 32
enum { VB2_MEMORY_UNKNOWN = 0, VB2_MEMORY_MMAP = 1, VB2_MEMORY_USERPTR = 2, VB2_MEMORY_DMABUF = 4 };
enum { VB2_MMAP = 1, VB2_USERPTR = 2, VB2_DMABUF = 16 };
enum vb2_buffer_state {
	VB2_BUF_STATE_DEQUEUED,
	VB2_BUF_STATE_QUEUED,
	VB2_BUF_STATE_ACTIVE, /* the driver's */
	VB2_BUF_STATE_DONE,
	VB2_BUF_STATE_ERROR,
};

struct vb2_queue;
struct vb2_plane {
	void *mem_priv;
	struct dma_buf *dbuf;
	unsigned int bytesused, length, data_offset;
};
struct vb2_buffer {
	struct vb2_queue *vb2_queue;
	unsigned int index, memory, num_planes;
	u64 timestamp;
	struct vb2_plane planes[VIDEO_MAX_PLANES];
	enum vb2_buffer_state state;
	struct list_head queued_entry, done_entry;
};
struct vb2_v4l2_buffer {
	struct vb2_buffer vb2_buf;
	u32 flags, field, sequence;
	struct v4l2_timecode timecode;
};
struct v4l2_m2m_buffer {
	struct vb2_v4l2_buffer vb;
	struct list_head list; /* of the ready ones; empty: it isn't one */
};
struct vb2_mem_ops {
	void *(*alloc)(struct vb2_buffer *vb, struct device *dev, unsigned long size);
	void (*put)(void *priv);
	void *(*vaddr)(struct vb2_buffer *vb, void *priv);
};
struct vb2_ops {
	int (*queue_setup)(struct vb2_queue *q, unsigned int *num_buffers, unsigned int *num_planes,
			   unsigned int sizes[], struct device *alloc_devs[]);
	int (*buf_out_validate)(struct vb2_buffer *vb);
	int (*buf_init)(struct vb2_buffer *vb);
	int (*buf_prepare)(struct vb2_buffer *vb);
	void (*buf_queue)(struct vb2_buffer *vb);
	void (*buf_cleanup)(struct vb2_buffer *vb);
	int (*start_streaming)(struct vb2_queue *q, unsigned int count);
	void (*stop_streaming)(struct vb2_queue *q);
};
struct vb2_queue {
	unsigned int type, memory, io_modes, buf_struct_size, timestamp_flags, dma_dir;
	bool allow_zero_bytesused;
	struct device *dev;
	struct mutex *lock;
	const struct vb2_ops *ops;
	const struct vb2_mem_ops *mem_ops;
	void *drv_priv;
	struct vb2_buffer *bufs[VB2_MAX_FRAME];
	unsigned int num_buffers, max_num_buffers, owned_by_driver;
	struct list_head queued_list, done_list;
	bool streaming, starting, error, last_buffer_dequeued;
};
struct v4l2_m2m_ctx {
	struct vb2_queue queue[2]; /* OUTPUT, CAPTURE */
	struct list_head ready[2];
	bool stopped;
};

#define to_vb2_v4l2_buffer(vb) container_of(vb, struct vb2_v4l2_buffer, vb2_buf)
#define vb2_get_drv_priv(q) ((q)->drv_priv)
#define vb2_get_num_buffers(q) ((q)->num_buffers)
#define vb2_plane_size(vb, p) ((unsigned long)(vb)->planes[p].length)
#define vb2_get_plane_payload(vb, p) ((unsigned long)(vb)->planes[p].bytesused)
#define vb2_queue_error(q) ((void)((q)->error = true))
#define vb2_is_streaming(q) ((q)->streaming)
#define vb2_clear_last_buffer_dequeued(q) ((void)((q)->last_buffer_dequeued = false))
int vb2_queue_init(struct vb2_queue *q);
void vb2_queue_release(struct vb2_queue *q);
struct vb2_buffer *vb2_get_buffer(struct vb2_queue *q, unsigned int index);
void vb2_set_plane_payload(struct vb2_buffer *vb, unsigned int plane, unsigned long bytes);
void *vb2_plane_vaddr(struct vb2_buffer *vb, unsigned int plane);
void vb2_buffer_done(struct vb2_buffer *vb, enum vb2_buffer_state state);

#define v4l2_m2m_get_src_vq(ctx) (&(ctx)->queue[0])
#define v4l2_m2m_get_dst_vq(ctx) (&(ctx)->queue[1])
#define v4l2_m2m_clear_state(ctx) ((void)((ctx)->stopped = false))
#define v4l2_m2m_mark_stopped(ctx) ((void)((ctx)->stopped = true))
#define v4l2_m2m_for_each_dst_buf(ctx, b) list_for_each_entry(b, &(ctx)->ready[1], list)
void v4l2_m2m_buf_queue(struct v4l2_m2m_ctx *ctx, struct vb2_v4l2_buffer *vbuf);
struct vb2_v4l2_buffer *shim_next_ready(struct v4l2_m2m_ctx *ctx, unsigned int side);
struct vb2_v4l2_buffer *shim_take_ready(struct v4l2_m2m_ctx *ctx, unsigned int side);
#define v4l2_m2m_next_src_buf(ctx) shim_next_ready(ctx, 0)
#define v4l2_m2m_src_buf_remove(ctx) shim_take_ready(ctx, 0)
#define v4l2_m2m_dst_buf_remove(ctx) shim_take_ready(ctx, 1)
struct vb2_v4l2_buffer *v4l2_m2m_last_src_buf(struct v4l2_m2m_ctx *ctx);
void v4l2_m2m_dst_buf_remove_by_buf(struct v4l2_m2m_ctx *ctx, struct vb2_v4l2_buffer *vbuf);
void v4l2_m2m_last_buffer_done(struct v4l2_m2m_ctx *ctx, struct vb2_v4l2_buffer *vbuf);

/* What an application does; queues.c. Under the queues' lock. 0 or an errno below it. */
int shim_reqbufs(struct vb2_queue *q, unsigned int count);
int shim_qbuf(struct vb2_queue *q, unsigned int index, unsigned int bytes, unsigned int offset,
	      u64 timestamp, u32 flags);
int shim_dqbuf(struct vb2_queue *q);
int shim_streamon(struct vb2_queue *q);
int shim_streamoff(struct v4l2_m2m_ctx *ctx, unsigned int side);

#endif
