/* SPDX-License-Identifier: GPL-2.0 */
/*
 * softvpu.ko: what its files share. A device has one firmware (probe.c asks what it can do), a
 * decoder node (node.c) and one context per open file; a context that streams has one session with
 * the firmware (session.c), reached by a transport.
 *
 * Locks, outermost first: svpu_ctx.lock (also the vb2 queues' lock), svpu_device.lock,
 * svpu_session.memory_lock, and the spinlocks. The firmware's side takes memory_lock and the
 * spinlocks only: it never waits for an application.
 */
#ifndef SOFTVPU_H
#define SOFTVPU_H

#include <linux/dma-buf.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <media/media-device.h>
#include <media/v4l2-ctrls.h>
#include <media/v4l2-device.h>
#include <media/v4l2-mem2mem.h>

#include <softvpu/hfi.h>

#include "core/decoder_state.h"
#include "core/frame_layout.h"
#include "core/message_check.h"
#include "core/ring.h"
#include "core/session_state.h"

#include "compat.h"

#define SVPU_NAME "softvpu"
#define SVPU_MAX_CODECS 16u
#define SVPU_MAX_BUFFER_SIZE SZ_256M /* the largest of any memory: beyond any picture */
#define SVPU_META_ENTRIES 128u /* inputs whose timecode is remembered */

extern unsigned int svpu_timeout_ms;
extern bool svpu_multiplanar;
extern int svpu_video_nr;

struct svpu_ctx;
struct svpu_device;
struct svpu_memory;
struct svpu_session;

/*
 * ---- ring.c: one end of a ring; everything but the slots and the shared indices is private ----
 */

struct svpu_ring {
	struct svpu_ring_index *index;
	u8 *slots;
	struct svpu_ring_end end;
};

void svpu_ring_init(struct svpu_ring *ring, void *region, u32 index_offset, u32 slots_offset,
		    u32 count);
int svpu_ring_put(struct svpu_ring *ring, struct svpu_entry *entry);
int svpu_ring_space(struct svpu_ring *ring);
bool svpu_ring_wait_space(struct svpu_ring *ring, u32 wanted);
bool svpu_ring_reader_waits(struct svpu_ring *ring);
int svpu_ring_get(struct svpu_ring *ring, void *copy);
bool svpu_ring_wait_entry(struct svpu_ring *ring);
bool svpu_ring_writer_waits(struct svpu_ring *ring);

/* ---- capabilities: what a firmware said it can do; never changes once shared ---- */

struct svpu_caps {
	struct kref ref;
	char name[33];
	u32 version;
	u32 num;
	struct svpu_msg_capability codec[SVPU_MAX_CODECS];
};

struct svpu_caps *svpu_caps_get(struct svpu_caps *caps);
void svpu_caps_put(struct svpu_caps *caps);
const struct svpu_msg_capability *svpu_caps_find(const struct svpu_caps *caps, u32 coded);

/* ---- transports ---- */

struct svpu_transport_ops {
	const char *name;
	const char *absent; /* why there is no firmware, for people */
	/* Of both queues; alloc(), put() and vaddr() also make the bounce buffers. */
	const struct vb2_mem_ops *mem_ops;
	/* True: the firmware can reach the plane's own memory; else it sees a bounce buffer. */
	bool (*reaches)(struct svpu_ctx *ctx, struct vb2_buffer *vb, unsigned int plane);
	/*
	 * Says where the firmware finds the plane, or `bounce` (NULL: none) in its place: fills in
	 * of `wire` what isn't 0, mapped_length in any case. Returns a reference on the memory.
	 */
	void *(*share)(struct vb2_buffer *vb, unsigned int plane, void *bounce,
		       struct svpu_plane *wire);
	/* Drops what share() returned. */
	void (*unshare)(void *shared);
	/*
	 * The firmware's mapping doesn't keep the memory: what is unmapped is ours until it says
	 * UNMAPPED. Then room() tells whether `count` times `size` bytes can be allocated now.
	 */
	bool lends;
	bool (*room)(struct svpu_ctx *ctx, unsigned int count, unsigned long size);
	/*
	 * Gives the session its region and offers it to the firmware. `ctx` is NULL in probe.c.
	 * Waits for the end of earlier sessions only, timeout_ms at most. -ENODEV: no firmware.
	 */
	int (*open)(struct svpu_session *session, struct svpu_ctx *ctx);
	/* The host has left the session. Doesn't wait. */
	void (*close)(struct svpu_session *session);
	/* The last reference is gone: free the region. */
	void (*release)(struct svpu_session *session);
	/* Rings the command doorbell. Any context. */
	void (*doorbell)(struct svpu_session *session);
	/* A file is closed, its buffers are freed: ctx->place goes. NULL: nothing to do. */
	void (*leave)(struct svpu_ctx *ctx);
	/* Where the node's files map buffers. NULL: it doesn't matter. */
	struct address_space *(*mapping)(struct svpu_device *dev);
	/* The device's last user is gone: frees transport_data, which may be NULL. */
	void (*free)(struct svpu_device *dev);
};

/*
 * What a session did, for people and tests: debugfs.c. Written under its owner's lock, read without
 * it.
 */
struct svpu_counters {
	u64 commands, messages;
	u64 rung, received; /* doorbells: the firmware's, by us, and ours */
	u64 inputs, frames; /* buffers that the firmware has consumed, and filled */
	u64 copies_in, copies_out; /* of planes, into bounce buffers and out of them */
	u64 bytes_in, bytes_out; /* copied so */
	u32 deepest[2]; /* the most buffers that the firmware had at a time */
};

struct svpu_device {
	struct device *dev;
	struct v4l2_device v4l2_dev;
	struct media_device mdev;
	struct video_device vdev;
	struct v4l2_m2m_dev *m2m_dev;
	const struct svpu_transport_ops *transport;
	void *transport_data;
	struct dentry *debugfs;

	struct mutex lock; /* registered, removed, probe session; held while a probe begins */
	bool registered;
	bool removed;
	spinlock_t caps_lock; /* caps */
	struct svpu_caps *caps; /* NULL until the first firmware has answered */

	/*
	 * The transport's memory is only touched in a section of `access`, and not once it is
	 * revoked: the device has gone, and what it was mapped from may be another's.
	 */
	struct srcu_struct access;
	bool revoked;

	/* Asking a new firmware what it can do. */
	struct svpu_session *probe_session;
	struct svpu_caps *probe_caps;
	struct work_struct probe_work;

	spinlock_t sessions_lock; /* sessions, generation, counters */
	struct list_head sessions;
	u32 generation;
	u64 sessions_opened;
	u64 sessions_failed;
	struct svpu_counters ended; /* of the sessions that are over */
	atomic64_t faults; /* of processes that touch buffers; ivshmem maps them only then */
};

/* True: the transport's memory may be touched until svpu_access_end(). Any context. */
static inline bool svpu_access_begin(struct svpu_device *dev, int *access)
{
	*access = srcu_read_lock(&dev->access);
	if (likely(!READ_ONCE(dev->revoked)))
		return true;
	srcu_read_unlock(&dev->access, *access);
	return false;
}

static inline void svpu_access_end(struct svpu_device *dev, int access)
{
	srcu_read_unlock(&dev->access, access);
}

/* ---- session.c: the host's end of one session ---- */

/* Of one buffer, as the firmware knows it. */
struct svpu_memory {
	struct list_head link; /* in svpu_session.leaving */
	u32 direction, index, generation;
	u32 num_planes;
	void *shared[SVPU_MAX_PLANES]; /* the transport's */
};

/* Events in the second that began at `since`. */
struct svpu_rate {
	unsigned long since; /* jiffies */
	unsigned int count; /* 0: none began */
};

struct svpu_session {
	struct kref ref; /* the host's and the transport's */
	struct svpu_device *dev;
	struct list_head link; /* in svpu_device.sessions */
	void *region;
	u32 generation;
	struct svpu_ring commands;
	struct svpu_ring messages;
	struct svpu_ring debug;
	struct svpu_session_state state;
	struct svpu_rate unknown; /* messages of types that we don't know; changes of format */
	struct svpu_rate idle; /* doorbells with nothing behind them */
	struct svpu_rate debug_lines;
	unsigned int debug_left_out;
	unsigned int bells_seen; /* of `bells`, when there was nothing left to read */
	bool fresh; /* messages were read since then */

	spinlock_t owner_lock; /* owner_work */
	struct work_struct *owner_work; /* reads the messages; NULL once the host has left */
	wait_queue_head_t wait; /* the message doorbell rang */
	atomic_t bell;
	atomic_t bells; /* how often it rang */
	bool lost; /* the firmware left, or is to be left */

	struct mutex memory_lock; /* memory, leaving */
	struct svpu_memory *memory[2][SVPU_MAX_BUFFERS]; /* NULL: nothing mapped */
	struct list_head leaving; /* unmapped, but the firmware may still read it */
	u64 unmaps; /* UNMAP_BUFFERs without their UNMAPPED; the owner's lock */

	/* The transport's. */
	struct list_head transport_link;
	void *transport_data;
	wait_queue_head_t firmware_wait;
	spinlock_t firmware_lock; /* firmware_bells, closed */
	u64 firmware_bells;
	bool closed; /* by the host */

	bool has_opener; /* or nobody: it asks for capabilities */
	kuid_t opener;

	pid_t worker; /* who mapped the region, for people; 0: nobody yet */
	struct svpu_counters counters; /* `received` is in bells */
};

union svpu_any_message {
	struct svpu_entry entry;
	struct svpu_msg_ready ready;
	struct svpu_msg_capability capability;
	struct svpu_msg_status status;
	struct svpu_msg_format_changed format;
	struct svpu_msg_output_done output;
	struct svpu_msg_flushed flushed;
	struct svpu_msg_unmapped unmapped;
	struct svpu_msg_error error;
	struct svpu_msg_text text;
	u8 slot[SVPU_SLOT_SIZE];
};

struct svpu_session *svpu_session_open(struct svpu_device *dev, struct svpu_ctx *ctx,
				       struct work_struct *owner_work);
void svpu_session_close(struct svpu_session *session);
void svpu_session_get(struct svpu_session *session);
void svpu_session_put(struct svpu_session *session);
void svpu_session_init_region(struct svpu_session *session);
void svpu_session_bell(struct svpu_session *session);
void svpu_session_lost(struct svpu_session *session);
int svpu_session_send(struct svpu_session *session, void *command, u16 type, u16 size, u64 cookie);
int svpu_session_receive(struct svpu_session *session, union svpu_any_message *message);
const char *svpu_receive_error(int error);
bool svpu_session_has_room(struct svpu_session *session);
bool svpu_session_all_read(struct svpu_session *session);
bool svpu_rate_exceeds(struct svpu_rate *rate, unsigned int events, unsigned int most);
void svpu_text(char *to, size_t size, const char *from, size_t length);
void svpu_session_last_words(struct svpu_session *session, char *text, size_t size);
void svpu_device_lose_sessions(struct svpu_device *dev);
void svpu_counters_add(struct svpu_counters *to, const struct svpu_session *session);

/* ---- format.c: the negotiation of formats ---- */

struct svpu_colour {
	u32 colorspace, xfer_func, ycbcr_enc, quantization;
};

void svpu_format_defaults(struct svpu_ctx *ctx);
void svpu_format_reset(struct svpu_ctx *ctx);
const char *svpu_format_wrong(struct svpu_ctx *ctx, const struct svpu_msg_format_changed *message);
bool svpu_format_describes(struct svpu_ctx *ctx, const struct svpu_msg_format_changed *message);
void svpu_format_from_stream(struct svpu_ctx *ctx, const struct svpu_msg_format_changed *message);
int svpu_enum_fmt(struct svpu_ctx *ctx, struct v4l2_fmtdesc *f);
int svpu_enum_framesizes(struct svpu_ctx *ctx, struct v4l2_frmsizeenum *f);
void svpu_get_format(struct svpu_ctx *ctx, struct v4l2_format *f);
void svpu_try_format(struct svpu_ctx *ctx, struct v4l2_format *f);
void svpu_set_format(struct svpu_ctx *ctx, struct v4l2_format *f);
void svpu_choose_format(struct svpu_ctx *ctx, const struct v4l2_format *f);
int svpu_get_selection(struct svpu_ctx *ctx, struct v4l2_selection *s);

/* ---- the decoder: one context per open file ---- */

enum { SVPU_OUT = 0, SVPU_CAP = 1 }; /* V4L2's OUTPUT and CAPTURE; as enum svpu_direction */

struct svpu_buffer {
	struct v4l2_m2m_buffer m2m; /* first: v4l2-mem2mem's rule */
	u64 cookie; /* of the queueing in flight; 0: not with the firmware */
	u32 generation; /* of the memory behind the index */
	u32 session; /* generation of the session that knows the memory; 0: none */
	void *bounce[SVPU_MAX_PLANES]; /* memory that the firmware sees instead of the application's
					*/
};

struct svpu_meta {
	u64 tag;
	u32 flags;
	struct v4l2_timecode timecode;
};

struct svpu_ctx {
	struct v4l2_fh fh;
	struct svpu_device *dev;
	struct svpu_caps *caps;
	struct mutex lock; /* everything below; the vb2 queues' lock */
	struct v4l2_ctrl_handler controls;

	void *place; /* the transport's: where this file's memory lies */
	kuid_t opener; /* who opened this file */

	/* Formats. */
	const struct svpu_msg_capability *codec;
	u32 coded_width, coded_height;
	u32 output_size; /* sizeimage of OUTPUT */
	struct svpu_frame_layout layout; /* of CAPTURE; its format is never NULL */
	bool raw_chosen; /* its raw format, by the client */
	struct svpu_frame_layout told; /* the one that the session knows; format NULL: none */
	u32 visible_width, visible_height;
	u32 min_capture;
	u32 field; /* of CAPTURE: V4L2_FIELD_INTERLACED or _NONE */
	u32 hint_width, hint_height; /* what the client said of OUTPUT's size; 0: nothing */
	struct svpu_colour client_colour;
	struct svpu_colour stream_colour; /* of the stream of now; 0 where it says nothing */

	/* The session and its state; see decoder.c. */
	struct svpu_session *session;
	u32 session_coded; /* fourcc the session was configured for */
	int start_error; /* why the last STREAMON(OUTPUT) has no session */
	struct svpu_decoder_state state;
	struct svpu_msg_format_changed announced; /* by the firmware; the machine applies it */
	atomic_t error_polls; /* that the failed session's client made; see svpu_poll() */

	/* What the firmware owes, and is owed. */
	bool drain_due; /* to be sent behind drain_after */
	struct vb2_v4l2_buffer *drain_after; /* last ready OUTPUT buffer that a STOP covers */
	bool drain_damaged; /* the firmware lost data that only the drain's LAST can tell of */
	bool return_asked; /* RETURN_OUTPUT was sent for the LAST buffer that is owed */
	u32 returns_owed; /* RETURN_OUTPUTs without their answer */
	u32 flush_generation;
	bool flushing[2];
	bool recalling; /* CAPTURE's flush is the host's own: its buffers stay queued */
	u32 in_flight[2];
	u32 buffer_generation;
	u64 cookie;
	u32 sequence[2];
	struct svpu_meta meta[SVPU_META_ENTRIES];
	u32 meta_next;

	struct work_struct work; /* reads messages */
	struct delayed_work watchdog;
	u64 ping; /* cookie of the ping in flight, or 0 */
	unsigned long started, ping_sent, heard; /* jiffies */
	bool header_awaited; /* the firmware has inputs that may bring the header */
	wait_queue_head_t header_wait; /* header_awaited */
};

static inline struct svpu_ctx *svpu_file_ctx(struct file *file)
{
	return container_of(svpu_file_fh(file), struct svpu_ctx, fh);
}

static inline struct svpu_buffer *svpu_vb_buffer(struct vb2_buffer *vb)
{
	return container_of(to_vb2_v4l2_buffer(vb), struct svpu_buffer, m2m.vb);
}

static inline struct vb2_queue *svpu_queue(struct svpu_ctx *ctx, unsigned int direction)
{
	return direction == SVPU_OUT ? v4l2_m2m_get_src_vq(ctx->fh.m2m_ctx) :
				       v4l2_m2m_get_dst_vq(ctx->fh.m2m_ctx);
}

/* decoder.c */
int svpu_decoder_run(struct svpu_ctx *ctx, const struct svpu_decoder_event *event);
int svpu_decoder_happens(struct svpu_ctx *ctx, enum svpu_decoder_trigger what);
int svpu_decoder_begin(struct svpu_ctx *ctx);
void svpu_decoder_seek(struct svpu_ctx *ctx);
int svpu_decoder_command(struct svpu_ctx *ctx, struct v4l2_decoder_cmd *cmd);
void svpu_decoder_fail(struct svpu_ctx *ctx, const char *why);
void svpu_decoder_push(struct svpu_ctx *ctx);
void svpu_decoder_deliver_last(struct svpu_ctx *ctx);
int svpu_decoder_send(struct svpu_ctx *ctx, void *command, u16 type, u16 size, u64 cookie);
bool svpu_decoder_capture_fits(struct svpu_ctx *ctx);
void svpu_decoder_return_ready(struct svpu_ctx *ctx, unsigned int direction,
			       enum vb2_buffer_state state);
void svpu_decoder_return_in_flight(struct svpu_ctx *ctx, unsigned int direction,
				   enum vb2_buffer_state state);

/* flush.c */
void svpu_flush_wait(struct svpu_ctx *ctx, unsigned int direction);
void svpu_decoder_make_room(struct svpu_ctx *ctx, unsigned int count, unsigned long size);

/* events.c: messages of the firmware */
bool svpu_decoder_read(struct svpu_ctx *ctx);
void svpu_decoder_dequeued(struct svpu_ctx *ctx);
void svpu_decoder_work(struct work_struct *work);
void svpu_decoder_watchdog(struct work_struct *work);
void svpu_decoder_header_news(struct svpu_ctx *ctx);
void svpu_decoder_wait_header(struct svpu_ctx *ctx);

/* account.c */
struct svpu_charge {
	struct svpu_user *user; /* NULL: nothing is charged */
	unsigned long bytes;
};

int svpu_charge(struct svpu_charge *charge, unsigned long bytes);
void svpu_uncharge(struct svpu_charge *charge);

/* pages.c */
void *svpu_pages_alloc(unsigned long size);
int svpu_pages_map(struct vm_area_struct *vma, void *memory);

/* imported.c */
struct svpu_imported {
	void *other; /* videobuf2-vmalloc's; NULL in a transport's own buffer */
	struct svpu_charge charge;
};

void *svpu_get_userptr(struct vb2_buffer *vb, struct device *dev, unsigned long vaddr,
		       unsigned long size);
void svpu_put_userptr(void *priv);
void *svpu_attach_dmabuf(struct vb2_buffer *vb, struct device *dev, struct dma_buf *dbuf,
			 unsigned long size);
void svpu_detach_dmabuf(void *priv);
int svpu_map_dmabuf(void *priv);
void svpu_unmap_dmabuf(void *priv);
void *svpu_imported_vaddr(struct vb2_buffer *vb, struct svpu_imported *imported);

/* local_memory.c */
extern const struct vb2_mem_ops svpu_local_memops;
struct dma_buf *svpu_local_lend(void *priv, unsigned long flags);

/* memory.c */
unsigned long svpu_tail_of(struct vb2_buffer *vb);
int svpu_memory_bounce(struct svpu_ctx *ctx, struct vb2_buffer *vb);
void svpu_memory_drop_bounce(struct svpu_ctx *ctx, struct vb2_buffer *vb);
int svpu_memory_map(struct svpu_ctx *ctx, struct vb2_buffer *vb);
void svpu_memory_unmap(struct svpu_ctx *ctx, struct vb2_buffer *vb);
int svpu_memory_to_firmware(struct vb2_buffer *vb);
int svpu_memory_from_firmware(struct vb2_buffer *vb);
const char *svpu_memory_unmapped(struct svpu_session *session,
				 const struct svpu_msg_unmapped *message);
void svpu_memory_forget(struct svpu_session *session);

/* queue.c, controls.c, ioctl.c, node.c, probe.c, local.c, ivshmem.c, debugfs.c */
int svpu_queue_init(void *priv, struct vb2_queue *src, struct vb2_queue *dst);
int svpu_controls_init(struct svpu_ctx *ctx);
extern const struct v4l2_ioctl_ops svpu_ioctl_ops_mplane;
extern const struct v4l2_ioctl_ops svpu_ioctl_ops_splane;
extern const struct v4l2_file_operations svpu_file_ops;
struct svpu_device *svpu_device_create(struct device *parent,
				       const struct svpu_transport_ops *transport);
int svpu_device_register_nodes(struct svpu_device *dev);
struct svpu_caps *svpu_device_caps(struct svpu_device *dev);
void svpu_device_remove(struct svpu_device *dev);
void svpu_device_revoke(struct svpu_device *dev);
void svpu_probe_work(struct work_struct *work);
int svpu_probe_start(struct svpu_device *dev);
void svpu_probe_cancel(struct svpu_device *dev);
int svpu_local_init(void);
void svpu_local_exit(void);
#ifdef CONFIG_PCI
int svpu_ivshmem_init(void);
void svpu_ivshmem_exit(void);
struct svpu_device *svpu_bar_exporter(struct dma_buf *dbuf);
#else
static inline int svpu_ivshmem_init(void)
{
	return 0;
}

static inline void svpu_ivshmem_exit(void)
{
}

static inline struct svpu_device *svpu_bar_exporter(struct dma_buf *dbuf)
{
	return NULL;
}
#endif
void svpu_debugfs_init(void);
void svpu_debugfs_exit(void);
void svpu_debugfs_add(struct svpu_device *dev);
void svpu_debugfs_remove(struct svpu_device *dev);

#endif /* SOFTVPU_H */
