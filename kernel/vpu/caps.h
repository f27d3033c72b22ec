/* SPDX-License-Identifier: GPL-2.0 */
/* The capability table of a firmware: what it can do. Never changes once it is shared. */
#ifndef SOFTVPU_CAPS_H
#define SOFTVPU_CAPS_H

#include <linux/kref.h>

#include <softvpu/hfi.h>

#include "core/codec_list.h"

struct svpu_codec {
	struct svpu_msg_codec info;
	u32 num_raw;
	u32 raw[SVPU_MAX_RAW_FORMATS]; /* fourccs that this driver can lay out, preferred first */
	u32 num_controls;
	struct svpu_msg_control control[SVPU_MAX_CONTROLS];
};

struct svpu_caps {
	struct kref ref;
	char name[33];
	u32 version;
	u32 num;
	struct svpu_codec *codec[SVPU_MAX_CODECS];

	/* While the firmware lists them. */
	struct svpu_codec_list list;
	struct svpu_codec *listed; /* the last CODEC; NULL: it is left out */
};

union svpu_any_message;

struct svpu_caps *svpu_caps_new(void);
struct svpu_caps *svpu_caps_get(struct svpu_caps *caps);
void svpu_caps_put(struct svpu_caps *caps);
const char *svpu_caps_take(struct svpu_caps *caps, const union svpu_any_message *message);
const struct svpu_codec *svpu_caps_find(const struct svpu_caps *caps, u32 coded);

#endif /* SOFTVPU_CAPS_H */
