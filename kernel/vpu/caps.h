/* SPDX-License-Identifier: GPL-2.0 */
/* The capability table of a firmware: what it can do. Never changes once it is shared. */
#ifndef SOFTVPU_CAPS_H
#define SOFTVPU_CAPS_H

#include <linux/kref.h>

#include <softvpu/hfi.h>

#define SVPU_MAX_CODECS 16u

/* svpu_msg_capability.flags */
#define SVPU_CODEC_BYTE_STREAM BIT(0)
#define SVPU_CODEC_DYNAMIC_RESOLUTION BIT(1)
#define SVPU_CODEC_STATELESS BIT(2)

struct svpu_caps {
	struct kref ref;
	char name[33];
	u32 version;
	u32 num;
	struct svpu_msg_capability codec[SVPU_MAX_CODECS];
};

struct svpu_caps *svpu_caps_new(void);
struct svpu_caps *svpu_caps_get(struct svpu_caps *caps);
void svpu_caps_put(struct svpu_caps *caps);
void svpu_caps_add(struct svpu_caps *caps, const struct svpu_msg_capability *row);
const struct svpu_msg_capability *svpu_caps_find(const struct svpu_caps *caps, u32 coded);

#endif /* SOFTVPU_CAPS_H */
