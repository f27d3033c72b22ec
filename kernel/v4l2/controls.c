// SPDX-License-Identifier: GPL-2.0
/*
 * Controls of a decoder context: the buffers a stream needs, and what the firmware's codecs list.
 * Names, types and menus are the kernel's own; core/control_range.h decides what can be offered.
 * Called by file.c.
 */
#include "core/control_range.h"
#include "v4l2/decoder.h"

static struct svpu_ctx *svpu_control_ctx(struct v4l2_ctrl *ctrl)
{
	return container_of(ctrl->handler, struct svpu_ctx, controls);
}

static int svpu_get_volatile(struct v4l2_ctrl *ctrl)
{
	struct svpu_ctx *ctx = svpu_control_ctx(ctrl);

	if (ctrl->id != V4L2_CID_MIN_BUFFERS_FOR_CAPTURE)
		return -EINVAL;
	svpu_decoder_wait_header(ctx);
	ctrl->val = READ_ONCE(ctx->formats.min_capture);
	return 0;
}

/* For the inputs that go to the firmware after it. The handler's lock is held. */
static int svpu_set_control(struct v4l2_ctrl *ctrl)
{
	struct svpu_ctx *ctx = svpu_control_ctx(ctrl);

	mutex_lock(&ctx->lock);
	if (svpu_session_is_open(&ctx->session))
		svpu_decoder_check(ctx,
				   svpu_session_set_control(&ctx->session, ctrl->id, ctrl->val));
	mutex_unlock(&ctx->lock);
	return 0;
}

static const struct v4l2_ctrl_ops svpu_control_ops = {
	.g_volatile_ctrl = svpu_get_volatile,
	.s_ctrl = svpu_set_control,
};

/* One that the kernel knows, as it knows it; NULL: it can't be that, or there is no memory. */
static struct v4l2_ctrl *svpu_new_standard(struct svpu_ctx *ctx, u32 id, u32 type,
					   struct svpu_control_range *range)
{
	if (!svpu_control_fit(range, type, svpu_control_items(id)))
		return NULL;
	if (range->items)
		return v4l2_ctrl_new_std_menu(&ctx->controls, &svpu_control_ops, id, range->maximum,
					      ~range->items, range->default_value);
	return v4l2_ctrl_new_std(&ctx->controls, &svpu_control_ops, id, range->minimum,
				 range->maximum, range->step, range->default_value);
}

/* One of the firmware's own, by its name. */
static struct v4l2_ctrl *svpu_new_own(struct svpu_ctx *ctx, const struct svpu_msg_control *listed,
				      struct svpu_control_range *range)
{
	struct v4l2_ctrl_config config = {
		.ops = &svpu_control_ops,
		.id = listed->id,
		.name = listed->name,
		.type = listed->type,
	};

	if (!listed->name[0] || !svpu_control_may_be_own(listed->id) ||
	    !svpu_control_fit(range, listed->type, 0))
		return NULL;
	if (listed->type == SVPU_CONTROL_BUTTON)
		config.flags = V4L2_CTRL_FLAG_WRITE_ONLY | V4L2_CTRL_FLAG_EXECUTE_ON_WRITE;
	config.min = range->minimum;
	config.max = range->maximum;
	config.step = range->step;
	config.def = range->default_value;
	return v4l2_ctrl_new_custom(&ctx->controls, &config, NULL);
}

/* A menu of a decoder lists what the codec can do: the stream decides. */
static void svpu_add_control(struct svpu_ctx *ctx, const struct svpu_msg_control *listed)
{
	struct svpu_control_range range = { listed->type, listed->minimum,	 listed->maximum,
					    listed->step, listed->default_value, listed->items };
	enum v4l2_ctrl_type type;
	struct v4l2_ctrl *ctrl;
	const char *name;
	s64 min, max, def;
	u32 flags;
	u64 step;

	if (v4l2_ctrl_find(&ctx->controls, listed->id))
		return;
	v4l2_ctrl_fill(listed->id, &name, &type, &min, &max, &step, &def, &flags);
	ctrl = name ? svpu_new_standard(ctx, listed->id, type, &range) :
		      svpu_new_own(ctx, listed, &range);
	if (ctrl && (listed->flags & SVPU_CONTROL_READ_ONLY || listed->type == SVPU_CONTROL_MENU))
		ctrl->flags |= V4L2_CTRL_FLAG_READ_ONLY;
}

int svpu_controls_init(struct svpu_ctx *ctx)
{
	struct v4l2_ctrl *ctrl;
	const struct svpu_caps *caps = ctx->formats.caps;
	unsigned int i, j;
	int ret;

	v4l2_ctrl_handler_init(&ctx->controls, 1 + 2 * caps->num);
	ctrl = v4l2_ctrl_new_std(&ctx->controls, &svpu_control_ops,
				 V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, 1, 32, 1,
				 ctx->formats.min_capture);
	if (ctrl)
		ctrl->flags |= V4L2_CTRL_FLAG_VOLATILE;
	for (i = 0; i < caps->num; i++)
		for (j = 0; j < caps->codec[i]->num_controls; j++)
			svpu_add_control(ctx, &caps->codec[i]->control[j]);
	ret = ctx->controls.error;
	if (ret)
		v4l2_ctrl_handler_free(&ctx->controls);
	else
		ctx->fh.ctrl_handler = &ctx->controls;
	return ret;
}
