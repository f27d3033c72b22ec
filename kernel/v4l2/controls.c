// SPDX-License-Identifier: GPL-2.0
/*
 * Controls of a decoder context: the buffers a stream needs, and the profiles and levels of the
 * firmware's table.
 */
#include "v4l2/decoder.h"

static int svpu_get_volatile(struct v4l2_ctrl *ctrl)
{
	struct svpu_ctx *ctx = container_of(ctrl->handler, struct svpu_ctx, controls);

	if (ctrl->id != V4L2_CID_MIN_BUFFERS_FOR_CAPTURE)
		return -EINVAL;
	svpu_decoder_wait_header(ctx);
	ctrl->val = READ_ONCE(ctx->formats.min_capture);
	return 0;
}

static const struct v4l2_ctrl_ops svpu_control_ops = {
	.g_volatile_ctrl = svpu_get_volatile,
};

/* A menu of the table, if this kernel knows the control and its items; else nothing. */
static void svpu_add_menu(struct svpu_ctx *ctx, const struct svpu_msg_control *menu)
{
	const char *const *names = v4l2_ctrl_get_menu(menu->id);
	u64 items = menu->items;
	unsigned int count = 0;
	s32 fallback;

	if (menu->type != SVPU_CONTROL_MENU || !names || v4l2_ctrl_find(&ctx->controls, menu->id))
		return;
	while (names[count] && count < 63)
		count++;
	items &= (1ULL << count) - 1;
	if (!items)
		return;
	fallback = menu->default_value < count && (items >> menu->default_value & 1) ?
			   menu->default_value :
			   __ffs64(items);
	v4l2_ctrl_new_std_menu(&ctx->controls, &svpu_control_ops, menu->id, fls64(items) - 1,
			       ~items, fallback);
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
			svpu_add_menu(ctx, &caps->codec[i]->control[j]);
	ret = ctx->controls.error;
	if (!ret)
		ret = v4l2_ctrl_handler_setup(&ctx->controls);
	if (ret)
		v4l2_ctrl_handler_free(&ctx->controls);
	else
		ctx->fh.ctrl_handler = &ctx->controls;
	return ret;
}
