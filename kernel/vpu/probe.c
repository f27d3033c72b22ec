// SPDX-License-Identifier: GPL-2.0
/*
 * Asking a new firmware what it can do: a session of its own, the answers checked, the nodes
 * registered after the first firmware's. Transports call svpu_probe_start() when a firmware comes
 * and svpu_probe_cancel() when it goes.
 */
#include <linux/slab.h>

#include "softvpu.h"

struct svpu_caps *svpu_caps_get(struct svpu_caps *caps)
{
	kref_get(&caps->ref);
	return caps;
}

static void svpu_caps_release(struct kref *ref)
{
	kfree(container_of(ref, struct svpu_caps, ref));
}

void svpu_caps_put(struct svpu_caps *caps)
{
	kref_put(&caps->ref, svpu_caps_release);
}

const struct svpu_msg_capability *svpu_caps_find(const struct svpu_caps *caps, u32 coded)
{
	unsigned int i;

	for (i = 0; i < caps->num; i++)
		if (caps->codec[i].coded == coded)
			return &caps->codec[i];
	return NULL;
}

/* The raw format is known here, and can hold the codec's smallest picture. */
static bool svpu_caps_can_hold(const struct svpu_msg_capability *row, u32 fourcc)
{
	const struct svpu_pixel_format *format = svpu_pixel_format_find(fourcc);
	struct svpu_frame_layout layout;

	return format && svpu_frame_layout_set(&layout, format, row->min_width, row->min_height) ==
				 SVPU_LAYOUT_OK;
}

/* Takes one row into the table, cut to what this driver can do. */
static void svpu_caps_add(struct svpu_caps *caps, const struct svpu_msg_capability *row)
{
	struct svpu_msg_capability *codec;
	unsigned int i;

	/*
	 * Encoders, capture devices and stateless codecs are another driver's; codecs beyond the
	 * table are left out.
	 */
	if (row->role != SVPU_DECODER || row->flags & 4 || caps->num == SVPU_MAX_CODECS ||
	    svpu_caps_find(caps, row->coded))
		return;

	codec = &caps->codec[caps->num];
	*codec = *row;
	codec->min_output_buffers = max(row->min_output_buffers, 1u);
	codec->num_raw = 0;
	for (i = 0; i < row->num_raw; i++)
		if (svpu_caps_can_hold(row, row->raw[i]))
			codec->raw[codec->num_raw++] = row->raw[i];
	if (codec->num_raw)
		caps->num++;
}

/*
 * The table is complete: it replaces the one of the last firmware; contexts that are open keep
 * theirs.
 */
static void svpu_probe_done(struct svpu_device *dev)
{
	struct svpu_caps *caps = dev->probe_caps;

	dev->probe_caps = NULL;
	if (!caps->num) {
		dev_warn_ratelimited(dev->dev,
				     "the firmware \"%s\" offers no codec this driver can use\n",
				     caps->name);
		svpu_caps_put(caps);
		return;
	}
	spin_lock(&dev->caps_lock);
	swap(dev->caps, caps);
	spin_unlock(&dev->caps_lock);
	if (caps)
		svpu_caps_put(caps);
	if (!dev->registered && svpu_device_register_nodes(dev))
		dev_err(dev->dev, "cannot register the nodes\n");
}

static void svpu_probe_end(struct svpu_device *dev)
{
	if (dev->probe_session)
		svpu_session_close(dev->probe_session);
	dev->probe_session = NULL;
	if (dev->probe_caps)
		svpu_caps_put(dev->probe_caps);
	dev->probe_caps = NULL;
}

/* Reads answers. dev->lock is held. Returns what was wrong, or NULL. */
static const char *svpu_probe_read(struct svpu_device *dev)
{
	unsigned int budget = 4 * SVPU_MAX_CODECS;
	union svpu_any_message message;
	int ret;

	while (budget--) {
		ret = svpu_session_receive(dev->probe_session, &message);
		if (ret < 0)
			return svpu_receive_error(ret);
		if (!ret)
			return READ_ONCE(dev->probe_session->lost) ?
				       "it left before it told its capabilities" :
				       NULL;
		switch (message.entry.type) {
		case SVPU_MSG_READY:
			svpu_text(dev->probe_caps->name, sizeof(dev->probe_caps->name),
				  message.ready.name, sizeof(message.ready.name));
			dev->probe_caps->version = message.ready.version;
			break;
		case SVPU_MSG_CAPABILITY:
			svpu_caps_add(dev->probe_caps, &message.capability);
			break;
		case SVPU_MSG_CAPABILITIES_END:
			svpu_probe_done(dev);
			svpu_probe_end(dev);
			return NULL;
		case SVPU_MSG_SESSION_ERROR:
		case SVPU_MSG_SYSTEM_ERROR:
			return "it reported an error";
		case SVPU_MSG_DEBUG_TEXT:
			return "it sent debug text outside of its ring";
		default:
			break;
		}
	}
	return "it told too much";
}

void svpu_probe_work(struct work_struct *work)
{
	struct svpu_device *dev = container_of(work, struct svpu_device, probe_work);
	const char *wrong = NULL;

	mutex_lock(&dev->lock);
	if (dev->probe_session)
		wrong = svpu_probe_read(dev);
	if (wrong) {
		dev_warn_ratelimited(dev->dev, "a firmware's worker %d: %s\n",
				     dev->probe_session->worker, wrong);
		svpu_probe_end(dev);
	}
	mutex_unlock(&dev->lock);
}

/* Errors: -ENODEV the device goes, or the firmware; -ENOMEM. */
int svpu_probe_start(struct svpu_device *dev)
{
	struct svpu_session *session;
	struct svpu_entry query;
	struct svpu_caps *caps;
	int ret = 0;

	caps = kzalloc(sizeof(*caps), GFP_KERNEL);
	if (!caps)
		return -ENOMEM;
	kref_init(&caps->ref);

	mutex_lock(&dev->lock);
	if (dev->removed) {
		ret = -ENODEV;
	} else {
		session = svpu_session_open(dev, NULL, &dev->probe_work);
		ret = PTR_ERR_OR_ZERO(session);
	}
	if (ret) {
		svpu_caps_put(caps);
	} else {
		dev->probe_session = session;
		dev->probe_caps = caps;
		ret = svpu_session_send(session, &query, SVPU_CMD_QUERY_CAPABILITIES, sizeof(query),
					0);
		if (ret)
			svpu_probe_end(dev);
	}
	mutex_unlock(&dev->lock);
	return ret;
}

void svpu_probe_cancel(struct svpu_device *dev)
{
	mutex_lock(&dev->lock);
	svpu_probe_end(dev);
	mutex_unlock(&dev->lock);
	cancel_work_sync(&dev->probe_work);
}
