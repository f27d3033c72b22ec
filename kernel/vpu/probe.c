// SPDX-License-Identifier: GPL-2.0
/*
 * Asking a new firmware what it can do: a session of its own, and the answers checked. The firmware
 * has as long for the whole answer as for a session's configuration (watchdog.c), and at least five
 * seconds: it may be starting, and a timeout_ms of 0 gives up sessions, not firmwares. Transports
 * call svpu_device_attached() when a firmware comes and svpu_device_detached() when it goes.
 */
#include "module.h"
#include "vpu/caps.h"
#include "vpu/port.h"

/*
 * The table is complete: it replaces the one of the last firmware; contexts that are open keep
 * theirs.
 */
static void svpu_probe_done(struct svpu_vpu *vpu)
{
	struct svpu_caps *caps = vpu->probe_caps;

	vpu->probe_caps = NULL;
	if (!caps->num) {
		dev_warn_ratelimited(vpu->device.dev,
				     "the firmware \"%s\" offers no codec this driver can use\n",
				     caps->name);
		svpu_caps_put(caps);
		return;
	}
	spin_lock(&vpu->caps_lock);
	swap(vpu->caps, caps);
	spin_unlock(&vpu->caps_lock);
	if (caps)
		svpu_caps_put(caps);
	vpu->front->caps_ready(vpu);
}

static void svpu_probe_end(struct svpu_vpu *vpu)
{
	if (vpu->probe_port)
		svpu_port_close(vpu->probe_port);
	vpu->probe_port = NULL;
	if (vpu->probe_caps)
		svpu_caps_put(vpu->probe_caps);
	vpu->probe_caps = NULL;
}

/* More than any firmware has to say, unknown types included. */
#define SVPU_MAX_ANSWERS (2 * SVPU_MAX_CODECS * (SVPU_MAX_RAW_FORMATS + SVPU_MAX_CONTROLS))

/* Reads answers. vpu->lock is held. Returns what was wrong, or NULL. */
static const char *svpu_probe_read(struct svpu_vpu *vpu)
{
	unsigned int budget = SVPU_MAX_ANSWERS;
	union svpu_any_message message;
	const char *wrong;
	int ret;

	while (budget--) {
		ret = svpu_port_receive(vpu->probe_port, &message);
		if (ret < 0)
			return svpu_receive_error(ret);
		if (!ret)
			return READ_ONCE(vpu->probe_port->lost) ?
				       "it left before it told its capabilities" :
				       NULL;
		switch (message.entry.type) {
		case SVPU_MSG_READY:
			svpu_text(vpu->probe_caps->name, sizeof(vpu->probe_caps->name),
				  message.ready.name, sizeof(message.ready.name));
			vpu->probe_caps->version = message.ready.version;
			break;
		case SVPU_MSG_CODEC:
		case SVPU_MSG_RAW_FORMAT:
		case SVPU_MSG_CONTROL:
			wrong = svpu_caps_take(vpu->probe_caps, &message);
			if (wrong)
				return wrong;
			break;
		case SVPU_MSG_CAPABILITIES_END:
			wrong = svpu_caps_take(vpu->probe_caps, &message);
			if (wrong)
				return wrong;
			svpu_probe_done(vpu);
			svpu_probe_end(vpu);
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

/* vpu->lock is held; `wrong` may be NULL. */
static void svpu_probe_fail(struct svpu_vpu *vpu, const char *wrong)
{
	if (!wrong)
		return;
	dev_warn_ratelimited(vpu->device.dev, "a firmware's worker %d: %s\n",
			     vpu->probe_port->link.worker, wrong);
	svpu_probe_end(vpu);
}

static void svpu_probe_work(struct work_struct *work)
{
	struct svpu_vpu *vpu = container_of(work, struct svpu_vpu, probe_work);

	mutex_lock(&vpu->lock);
	if (vpu->probe_port)
		svpu_probe_fail(vpu, svpu_probe_read(vpu));
	mutex_unlock(&vpu->lock);
}

/* It may run late, when another firmware has come. */
static void svpu_probe_timeout(struct work_struct *work)
{
	struct svpu_vpu *vpu = container_of(to_delayed_work(work), struct svpu_vpu, probe_timeout);

	mutex_lock(&vpu->lock);
	if (vpu->probe_port && !time_before(jiffies, vpu->probe_deadline))
		svpu_probe_fail(vpu, "it didn't report its capabilities in time");
	mutex_unlock(&vpu->lock);
}

void svpu_probe_init(struct svpu_vpu *vpu)
{
	INIT_WORK(&vpu->probe_work, svpu_probe_work);
	INIT_DELAYED_WORK(&vpu->probe_timeout, svpu_probe_timeout);
}

/* Errors: -ENODEV the device goes, or the firmware; -ENOMEM. */
int svpu_device_attached(struct svpu_device *dev)
{
	unsigned long limit = max(2 * msecs_to_jiffies(svpu_timeout_ms), 5UL * HZ);
	struct svpu_vpu *vpu = svpu_vpu_of(dev);
	struct svpu_port *port;
	struct svpu_entry query;
	struct svpu_caps *caps;
	int ret = 0;

	caps = svpu_caps_new();
	if (!caps)
		return -ENOMEM;

	mutex_lock(&vpu->lock);
	if (dev->removed) {
		ret = -ENODEV;
	} else {
		port = svpu_port_open(vpu, NULL, &vpu->probe_work);
		ret = PTR_ERR_OR_ZERO(port);
	}
	if (ret) {
		svpu_caps_put(caps);
	} else {
		vpu->probe_port = port;
		vpu->probe_caps = caps;
		vpu->probe_deadline = jiffies + limit;
		mod_delayed_work(system_wq, &vpu->probe_timeout, limit);
		ret = svpu_port_send(port, &query, SVPU_CMD_QUERY_CAPABILITIES, sizeof(query), 0);
		if (ret)
			svpu_probe_end(vpu);
	}
	mutex_unlock(&vpu->lock);
	return ret;
}

void svpu_probe_cancel(struct svpu_vpu *vpu)
{
	mutex_lock(&vpu->lock);
	svpu_probe_end(vpu);
	mutex_unlock(&vpu->lock);
	cancel_work_sync(&vpu->probe_work);
	cancel_delayed_work_sync(&vpu->probe_timeout);
}

void svpu_device_detached(struct svpu_device *dev)
{
	svpu_probe_cancel(svpu_vpu_of(dev));
	svpu_device_lose_sessions(dev);
}
