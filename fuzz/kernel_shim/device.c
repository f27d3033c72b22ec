// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rest of the module around the files under test: see device.h. What a file does at open, close
 * and ioctl() is that of kernel/v4l2/file.c and kernel/v4l2/ioctl.c.
 */
#include "kernel_shim/device.h"

#include "debugfs.h"
#include "module.h"
#include "v4l2/decoder.h"
#include "vpu/port.h"

#define SHIM_MOST_SESSIONS 64
#define SHIM_MOST_BYTES (8u << 20)

unsigned long jiffies;
unsigned int svpu_timeout_ms = 5000;
bool svpu_multiplanar;
int svpu_video_nr = -1;

static struct {
	struct shim_manners manners;
	shim_firmware_turn turn;
	void *context;
	struct device parent;
	struct svpu_vpu vpu;
	struct svpu_ctx *ctx;
	struct v4l2_m2m_ctx m2m;
	struct v4l2_ctrl control;
	struct svpu_link *sessions[SHIM_MOST_SESSIONS]; /* with a reference of the firmware's */
	bool closed[SHIM_MOST_SESSIONS];
	unsigned int num_sessions;
	unsigned int memories, shares;
	bool refuse;
} shim;

void shim_complain(const char *what)
{
	fprintf(stderr, "kernel_fuzz: %s\n", what);
	abort();
}

/* The format is evaluated: a text without an end would be found. */
void shim_log(const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
}

bool shim_wait(void)
{
	bool more = shim.turn(shim.context);

	/* The context's own work runs where nobody holds its lock. */
	if (shim.ctx && !shim.ctx->lock.locked)
		shim_work();
	return more;
}

/* ---- the transport ---- */

/*
 * Of megabytes each, so that making them would be most of a run: they stay for the next one. Who
 * uses one that was freed is found by its users, and a write beyond its end is found by
 * vb2_set_plane_payload().
 */
#define SHIM_MOST_FREE 32

struct shim_memory {
	unsigned int users;
	unsigned char bytes[];
};

static struct shim_memory *shim_free[SHIM_MOST_FREE];

static void *shim_alloc(struct vb2_buffer *vb, struct device *dev, unsigned long size)
{
	struct shim_memory *memory = NULL;
	unsigned int i;

	(void)vb, (void)dev;
	if (size > SHIM_MOST_BYTES)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < SHIM_MOST_FREE && !memory; i++)
		if (shim_free[i])
			swap(memory, shim_free[i]);
	if (!memory)
		memory = malloc(sizeof(*memory) + SHIM_MOST_BYTES);
	memory->users = 1;
	shim.memories++;
	return memory;
}

static void shim_put(void *priv)
{
	struct shim_memory *memory = priv;
	unsigned int i;

	if (!memory->users)
		shim_complain("memory of a buffer is freed twice");
	if (--memory->users)
		return;
	shim.memories--;
	for (i = 0; i < SHIM_MOST_FREE; i++)
		if (!shim_free[i]) {
			swap(memory, shim_free[i]);
			return;
		}
	free(memory);
}

static void *shim_vaddr(struct vb2_buffer *vb, void *priv)
{
	struct shim_memory *memory = priv;

	(void)vb;
	if (!memory->users)
		shim_complain("memory of a buffer is used after it was freed");
	return memory->bytes;
}

static const struct vb2_mem_ops shim_mem_ops = { shim_alloc, shim_put, shim_vaddr };

static bool shim_reaches(struct svpu_client *client, struct vb2_buffer *vb, unsigned int plane)
{
	(void)client, (void)vb, (void)plane;
	return !shim.manners.bounces;
}

static void *shim_share(struct vb2_buffer *vb, unsigned int plane, void *bounce,
			struct svpu_plane *wire)
{
	struct shim_memory *memory = bounce ? bounce : vb->planes[plane].mem_priv;

	memory->users++;
	shim.shares++;
	wire->mapped_length = wire->length;
	return memory;
}

static void shim_unshare(void *shared)
{
	shim.shares--;
	shim_put(shared);
}

static bool shim_room(struct svpu_client *client, unsigned int count, unsigned long size)
{
	(void)client, (void)count, (void)size;
	return shim.manners.room;
}

static int shim_session_open(struct svpu_link *session, struct svpu_client *client)
{
	(void)client;
	if (shim.refuse || shim.num_sessions == SHIM_MOST_SESSIONS)
		return -ENODEV;
	session->region = aligned_alloc(4096, SVPU_REGION_SIZE);
	return 0;
}

static int shim_session_offer(struct svpu_link *session)
{
	svpu_link_get(session);
	shim.sessions[shim.num_sessions] = session;
	shim.closed[shim.num_sessions++] = false;
	return 0;
}

static void shim_session_close(struct svpu_link *session)
{
	unsigned int i;

	for (i = 0; i < shim.num_sessions; i++)
		if (shim.sessions[i] == session)
			shim.closed[i] = true;
}

static void shim_session_release(struct svpu_link *session)
{
	free(session->region);
}

static void shim_doorbell(struct svpu_link *session)
{
	(void)session;
}

static struct svpu_transport_ops shim_transport = {
	.name = "shim",
	.absent = "no firmware",
	.mem_ops = &shim_mem_ops,
	.reaches = shim_reaches,
	.share = shim_share,
	.unshare = shim_unshare,
	.room = shim_room,
	.open = shim_session_open,
	.offer = shim_session_offer,
	.close = shim_session_close,
	.release = shim_session_release,
	.doorbell = shim_doorbell,
};

/* ---- the device ---- */

void svpu_debugfs_add(struct svpu_vpu *vpu)
{
	(void)vpu;
}

void svpu_debugfs_remove(struct svpu_vpu *vpu)
{
	(void)vpu;
}

static void shim_caps_ready(struct svpu_vpu *vpu)
{
	if (!vpu->caps)
		shim_complain("capabilities are ready, and there are none");
}

static struct svpu_vpu *shim_create(struct device *parent,
				    const struct svpu_transport_ops *transport)
{
	return svpu_vpu_init(&shim.vpu, parent, transport) ? NULL : &shim.vpu;
}

static const struct svpu_front_ops shim_front = { .create = shim_create,
						  .caps_ready = shim_caps_ready };

void shim_begin(struct shim_manners manners, shim_firmware_turn turn, void *context)
{
	memset(&shim, 0, sizeof(shim));
	shim.manners = manners;
	shim.turn = turn;
	shim.context = context;
	shim_transport.lends = manners.lends;
	svpu_multiplanar = manners.multiplanar;
	jiffies = -10ul * HZ; /* it wraps soon */
	svpu_set_front(&shim_front);
	if (svpu_device_create(&shim.parent, &shim_transport) != &shim.vpu.device)
		shim_complain("there is no device");
}

void shim_end(void)
{
	unsigned int i;

	if (shim.ctx)
		shim_close();
	shim_probe_cancel();
	for (i = 0; i < shim.num_sessions; i++)
		if (!shim.closed[i])
			shim_complain("a session that nobody has left");
	shim_forget_sessions();
	if (shim.vpu.caps)
		svpu_caps_put(shim.vpu.caps);
	if (shim.memories || shim.shares)
		shim_complain("memory of a buffer is kept");
	if (shim.vpu.device.ref.count != 1)
		shim_complain("a session is kept");
	if (!list_empty(&shim.vpu.ports))
		shim_complain("a session is in the device's list for ever");
}

/* ---- the firmware's side ---- */

static struct svpu_link *shim_newest(void)
{
	if (!shim.num_sessions || shim.closed[shim.num_sessions - 1])
		return NULL;
	return shim.sessions[shim.num_sessions - 1];
}

void *shim_region(void)
{
	struct svpu_link *session = shim_newest();

	return session ? session->region : NULL;
}

void shim_set_refusal(bool refuse)
{
	shim.refuse = refuse;
}

void shim_ring(void)
{
	struct svpu_link *session = shim_newest();

	if (session)
		svpu_link_bell(session);
}

void shim_lose(void)
{
	struct svpu_link *session = shim_newest();

	if (session)
		svpu_link_lost(session);
}

void shim_forget_sessions(void)
{
	unsigned int i, left = 0;

	for (i = 0; i < shim.num_sessions; i++) {
		if (shim.closed[i]) {
			svpu_link_put(shim.sessions[i]);
			continue;
		}
		shim.sessions[left] = shim.sessions[i];
		shim.closed[left++] = false;
	}
	shim.num_sessions = left;
}

void shim_probe(void)
{
	if (!shim.vpu.probe_port)
		(void)svpu_device_attached(&shim.vpu.device);
}

void shim_probe_cancel(void)
{
	svpu_probe_cancel(&shim.vpu);
}

/* ---- the client's side ---- */

bool shim_is_open(void)
{
	return shim.ctx != NULL;
}

bool shim_open(void)
{
	struct svpu_ctx *ctx;
	unsigned int i;

	if (!shim.vpu.caps || shim.ctx)
		return false;
	ctx = calloc(1, sizeof(*ctx));
	svpu_session_init(&ctx->session, &shim.vpu.device, &svpu_decoder_events, &ctx->lock);
	ctx->formats.caps = svpu_caps_get(shim.vpu.caps);
	svpu_format_defaults(&ctx->formats);
	INIT_LIST_HEAD(&ctx->controls.ctrls);
	memset(&shim.m2m, 0, sizeof(shim.m2m));
	for (i = 0; i < 2; i++)
		INIT_LIST_HEAD(&shim.m2m.ready[i]);
	ctx->fh.m2m_ctx = &shim.m2m;
	if (svpu_queue_init(ctx, &shim.m2m.queue[SVPU_Q_OUTPUT], &shim.m2m.queue[SVPU_Q_CAPTURE]))
		shim_complain("there are no queues");
	shim.ctx = ctx;
	return true;
}

void shim_close(void)
{
	struct svpu_ctx *ctx = shim.ctx;
	unsigned int i;

	mutex_lock(&ctx->lock);
	svpu_decoder_happens(ctx, SVPU_ON_OUTPUT_FREED);
	mutex_unlock(&ctx->lock);
	svpu_session_exit(&ctx->session);
	mutex_lock(&ctx->lock);
	for (i = 0; i < 2; i++) {
		(void)shim_streamoff(&shim.m2m, i);
		vb2_queue_release(&shim.m2m.queue[i]);
	}
	mutex_unlock(&ctx->lock);
	svpu_caps_put(ctx->formats.caps);
	mutex_destroy(&ctx->lock);
	free(ctx);
	shim.ctx = NULL;
}

void shim_add_control(uint32_t id, uint32_t flags, int32_t value, int32_t default_value)
{
	shim.control = (struct v4l2_ctrl){ .id = id,
					   .type = V4L2_CTRL_TYPE_INTEGER,
					   .flags = flags,
					   .default_value = default_value,
					   .cur.val = value };
	list_add_tail(&shim.control.node, &shim.ctx->controls.ctrls);
}

static struct v4l2_format shim_format(unsigned int side)
{
	struct v4l2_format f = { .type = shim.m2m.queue[side].type };

	return f;
}

void shim_set_format(unsigned int side, uint32_t fourcc, uint32_t width, uint32_t height,
		     uint32_t size)
{
	struct v4l2_format f = shim_format(side);

	if (svpu_multiplanar) {
		f.fmt.pix_mp.pixelformat = fourcc;
		f.fmt.pix_mp.width = width;
		f.fmt.pix_mp.height = height;
		f.fmt.pix_mp.plane_fmt[0].sizeimage = size;
		f.fmt.pix_mp.colorspace = fourcc >> 8;
	} else {
		f.fmt.pix.pixelformat = fourcc;
		f.fmt.pix.width = width;
		f.fmt.pix.height = height;
		f.fmt.pix.sizeimage = size;
		f.fmt.pix.colorspace = fourcc >> 8;
	}
	mutex_lock(&shim.ctx->lock);
	if (shim.m2m.queue[SVPU_Q_CAPTURE].num_buffers ||
	    (side == SVPU_Q_OUTPUT && shim.m2m.queue[SVPU_Q_OUTPUT].num_buffers)) {
		svpu_try_format(&shim.ctx->formats, &f);
		svpu_choose_format(&shim.ctx->formats, &f);
	} else {
		svpu_set_format(&shim.ctx->formats, &f);
	}
	mutex_unlock(&shim.ctx->lock);
}

void shim_query(unsigned int side, uint32_t index, uint32_t fourcc)
{
	struct v4l2_fmtdesc description = { .type = shim.m2m.queue[side].type, .index = index };
	struct v4l2_frmsizeenum sizes = { .pixel_format = fourcc };
	struct v4l2_selection selection = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .target = index };
	struct v4l2_format f = shim_format(side);

	if (side == SVPU_Q_CAPTURE)
		svpu_decoder_wait_header(shim.ctx);
	mutex_lock(&shim.ctx->lock);
	svpu_get_format(&shim.ctx->formats, &f);
	(void)svpu_enum_fmt(&shim.ctx->formats, &description);
	(void)svpu_enum_framesizes(&shim.ctx->formats, &sizes);
	(void)svpu_get_selection(&shim.ctx->formats, &selection);
	mutex_unlock(&shim.ctx->lock);
}

void shim_request(unsigned int side, unsigned int count)
{
	mutex_lock(&shim.ctx->lock);
	if (!shim_reqbufs(&shim.m2m.queue[side], count) && !count && side == SVPU_Q_OUTPUT)
		svpu_decoder_happens(shim.ctx, SVPU_ON_OUTPUT_FREED);
	mutex_unlock(&shim.ctx->lock);
}

void shim_queue(unsigned int side, unsigned int index, unsigned int bytes, unsigned int offset,
		uint64_t timestamp, uint32_t flags)
{
	mutex_lock(&shim.ctx->lock);
	if (!svpu_decoder_has_failed(&shim.ctx->decoder.state) &&
	    !(side == SVPU_Q_CAPTURE && svpu_queue(shim.ctx, SVPU_Q_CAPTURE)->error))
		(void)shim_qbuf(&shim.m2m.queue[side], index, bytes, offset, timestamp, flags);
	mutex_unlock(&shim.ctx->lock);
}

void shim_dequeue(unsigned int side)
{
	mutex_lock(&shim.ctx->lock);
	if (!shim_dqbuf(&shim.m2m.queue[side]) && side == SVPU_Q_CAPTURE)
		svpu_decoder_dequeued(shim.ctx);
	mutex_unlock(&shim.ctx->lock);
}

void shim_stream(unsigned int side, bool on)
{
	mutex_lock(&shim.ctx->lock);
	if (on)
		(void)shim_streamon(&shim.m2m.queue[side]);
	else
		(void)shim_streamoff(&shim.m2m, side);
	mutex_unlock(&shim.ctx->lock);
}

void shim_command(bool start)
{
	struct v4l2_decoder_cmd cmd = { .cmd = start ? V4L2_DEC_CMD_START : V4L2_DEC_CMD_STOP };

	mutex_lock(&shim.ctx->lock);
	(void)svpu_decoder_command(shim.ctx, &cmd);
	mutex_unlock(&shim.ctx->lock);
}

static void shim_run(struct work_struct *work)
{
	work->pending = false;
	work->run(work);
}

void shim_work(void)
{
	struct svpu_ctx *ctx = shim.ctx;
	unsigned int i;

	if (shim.vpu.probe_work.pending)
		shim_run(&shim.vpu.probe_work);
	if (shim.vpu.probe_timeout.work.pending && time_after(jiffies, shim.vpu.probe_timeout.due))
		shim_run(&shim.vpu.probe_timeout.work);
	/* A work that queues itself has as many turns as there are messages. */
	for (i = 0; ctx && ctx->session.work.pending && i < 16; i++)
		shim_run(&ctx->session.work);
	if (ctx && ctx->session.watchdog.work.pending &&
	    time_after(jiffies, ctx->session.watchdog.due))
		shim_run(&ctx->session.watchdog.work);
}

void shim_pass_time(unsigned long passed)
{
	jiffies += passed;
	shim_work();
}
