// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rest of the module around the files under test: see device.h. What a file does at open, close
 * and ioctl() is that of kernel/v4l2/device.c and kernel/v4l2/ioctl.c.
 */
#include "kernel_shim/device.h"

#include "softvpu.h"

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
	struct svpu_device dev;
	struct svpu_ctx *ctx;
	struct v4l2_m2m_ctx m2m;
	struct svpu_session *sessions[SHIM_MOST_SESSIONS]; /* with a reference of the firmware's */
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
 * uses one that was freed is found by its users, and who writes behind its end by
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

static bool shim_reaches(struct svpu_ctx *ctx, struct vb2_buffer *vb, unsigned int plane)
{
	(void)ctx, (void)vb, (void)plane;
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

static bool shim_room(struct svpu_ctx *ctx, unsigned int count, unsigned long size)
{
	(void)ctx, (void)count, (void)size;
	return shim.manners.room;
}

static int shim_session_open(struct svpu_session *session, struct svpu_ctx *ctx)
{
	(void)ctx;
	if (shim.refuse || shim.num_sessions == SHIM_MOST_SESSIONS)
		return -ENODEV;
	session->region = aligned_alloc(4096, SVPU_REGION_SIZE);
	svpu_session_init_region(session);
	svpu_session_get(session);
	shim.sessions[shim.num_sessions] = session;
	shim.closed[shim.num_sessions++] = false;
	return 0;
}

static void shim_session_close(struct svpu_session *session)
{
	unsigned int i;

	for (i = 0; i < shim.num_sessions; i++)
		if (shim.sessions[i] == session)
			shim.closed[i] = true;
}

static void shim_session_release(struct svpu_session *session)
{
	free(session->region);
}

static void shim_doorbell(struct svpu_session *session)
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
	.close = shim_session_close,
	.release = shim_session_release,
	.doorbell = shim_doorbell,
};

/* ---- the device ---- */

int svpu_device_register_nodes(struct svpu_device *dev)
{
	dev->registered = true;
	return 0;
}

void shim_begin(struct shim_manners manners, shim_firmware_turn turn, void *context)
{
	memset(&shim, 0, sizeof(shim));
	shim.manners = manners;
	shim.turn = turn;
	shim.context = context;
	shim_transport.lends = manners.lends;
	svpu_multiplanar = manners.multiplanar;
	jiffies = -10ul * HZ; /* it wraps soon */
	shim.dev.dev = &shim.parent;
	shim.dev.transport = &shim_transport;
	INIT_LIST_HEAD(&shim.dev.sessions);
	INIT_WORK(&shim.dev.probe_work, svpu_probe_work);
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
	if (shim.dev.caps)
		svpu_caps_put(shim.dev.caps);
	if (shim.memories || shim.shares)
		shim_complain("memory of a buffer is kept");
	if (shim.dev.v4l2_dev.users)
		shim_complain("a session is kept");
	if (!list_empty(&shim.dev.sessions))
		shim_complain("a session is in the device's list for ever");
}

/* ---- the firmware's side ---- */

static struct svpu_session *shim_newest(void)
{
	if (!shim.num_sessions || shim.closed[shim.num_sessions - 1])
		return NULL;
	return shim.sessions[shim.num_sessions - 1];
}

void *shim_region(void)
{
	struct svpu_session *session = shim_newest();

	return session ? session->region : NULL;
}

void shim_set_refusal(bool refuse)
{
	shim.refuse = refuse;
}

void shim_ring(void)
{
	struct svpu_session *session = shim_newest();

	if (session)
		svpu_session_bell(session);
}

void shim_lose(void)
{
	struct svpu_session *session = shim_newest();

	if (session)
		svpu_session_lost(session);
}

void shim_forget_sessions(void)
{
	unsigned int i, left = 0;

	for (i = 0; i < shim.num_sessions; i++) {
		if (shim.closed[i]) {
			svpu_session_put(shim.sessions[i]);
			continue;
		}
		shim.sessions[left] = shim.sessions[i];
		shim.closed[left++] = false;
	}
	shim.num_sessions = left;
}

void shim_probe(void)
{
	if (!shim.dev.probe_session)
		(void)svpu_probe_start(&shim.dev);
}

void shim_probe_cancel(void)
{
	svpu_probe_cancel(&shim.dev);
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

	if (!shim.dev.caps || shim.ctx)
		return false;
	ctx = calloc(1, sizeof(*ctx));
	ctx->dev = &shim.dev;
	INIT_WORK(&ctx->work, svpu_decoder_work);
	INIT_DELAYED_WORK(&ctx->watchdog, svpu_decoder_watchdog);
	ctx->caps = svpu_caps_get(shim.dev.caps);
	svpu_format_defaults(ctx);
	memset(&shim.m2m, 0, sizeof(shim.m2m));
	for (i = 0; i < 2; i++)
		INIT_LIST_HEAD(&shim.m2m.ready[i]);
	ctx->fh.m2m_ctx = &shim.m2m;
	if (svpu_queue_init(ctx, &shim.m2m.queue[SVPU_OUT], &shim.m2m.queue[SVPU_CAP]))
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
	cancel_work_sync(&ctx->work);
	cancel_delayed_work_sync(&ctx->watchdog);
	mutex_lock(&ctx->lock);
	for (i = 0; i < 2; i++) {
		(void)shim_streamoff(&shim.m2m, i);
		vb2_queue_release(&shim.m2m.queue[i]);
	}
	mutex_unlock(&ctx->lock);
	svpu_caps_put(ctx->caps);
	mutex_destroy(&ctx->lock);
	free(ctx);
	shim.ctx = NULL;
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
	if (shim.m2m.queue[SVPU_CAP].num_buffers ||
	    (side == SVPU_OUT && shim.m2m.queue[SVPU_OUT].num_buffers)) {
		svpu_try_format(shim.ctx, &f);
		svpu_choose_format(shim.ctx, &f);
	} else {
		svpu_set_format(shim.ctx, &f);
	}
	mutex_unlock(&shim.ctx->lock);
}

void shim_query(unsigned int side, uint32_t index, uint32_t fourcc)
{
	struct v4l2_fmtdesc description = { .type = shim.m2m.queue[side].type, .index = index };
	struct v4l2_frmsizeenum sizes = { .pixel_format = fourcc };
	struct v4l2_selection selection = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .target = index };
	struct v4l2_format f = shim_format(side);

	if (side == SVPU_CAP)
		svpu_decoder_wait_header(shim.ctx);
	mutex_lock(&shim.ctx->lock);
	svpu_get_format(shim.ctx, &f);
	(void)svpu_enum_fmt(shim.ctx, &description);
	(void)svpu_enum_framesizes(shim.ctx, &sizes);
	(void)svpu_get_selection(shim.ctx, &selection);
	mutex_unlock(&shim.ctx->lock);
}

void shim_request(unsigned int side, unsigned int count)
{
	mutex_lock(&shim.ctx->lock);
	if (!shim_reqbufs(&shim.m2m.queue[side], count) && !count && side == SVPU_OUT)
		svpu_decoder_happens(shim.ctx, SVPU_ON_OUTPUT_FREED);
	mutex_unlock(&shim.ctx->lock);
}

void shim_queue(unsigned int side, unsigned int index, unsigned int bytes, unsigned int offset,
		uint64_t timestamp, uint32_t flags)
{
	mutex_lock(&shim.ctx->lock);
	if (!svpu_decoder_has_failed(&shim.ctx->state) && !(side == SVPU_CAP && svpu_queue(shim.ctx, SVPU_CAP)->error))
		(void)shim_qbuf(&shim.m2m.queue[side], index, bytes, offset, timestamp, flags);
	mutex_unlock(&shim.ctx->lock);
}

void shim_dequeue(unsigned int side)
{
	mutex_lock(&shim.ctx->lock);
	if (!shim_dqbuf(&shim.m2m.queue[side]) && side == SVPU_CAP)
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

	if (shim.dev.probe_work.pending)
		shim_run(&shim.dev.probe_work);
	/* A work that queues itself has as many turns as there are messages. */
	for (i = 0; ctx && ctx->work.pending && i < 16; i++)
		shim_run(&ctx->work);
	if (ctx && ctx->watchdog.work.pending && time_after(jiffies, ctx->watchdog.due))
		shim_run(&ctx->watchdog.work);
}

void shim_pass_time(unsigned long passed)
{
	jiffies += passed;
	shim_work();
}
