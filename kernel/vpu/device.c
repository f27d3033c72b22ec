// SPDX-License-Identifier: GPL-2.0
/*
 * A device below the seam, for those who use it: sessions, transports, and what shows it to
 * applications. It lives until the last of them has gone: open files, sessions, a firmware's open
 * files, exported memory. How it is made and removed: front.c.
 */
#include "vpu/caps.h"
#include "vpu/device.h"

/* Errors: -ENOMEM. */
int svpu_vpu_init(struct svpu_vpu *vpu, struct device *parent,
		  const struct svpu_transport_ops *transport)
{
	int ret = init_srcu_struct(&vpu->device.access);

	if (ret)
		return ret;
	kref_init(&vpu->device.ref);
	vpu->device.transport = transport;
	vpu->device.dev = get_device(parent);
	mutex_init(&vpu->lock);
	spin_lock_init(&vpu->caps_lock);
	spin_lock_init(&vpu->ports_lock);
	INIT_LIST_HEAD(&vpu->ports);
	return 0;
}

/* What svpu_vpu_init() did. */
void svpu_vpu_destroy(struct svpu_vpu *vpu)
{
	put_device(vpu->device.dev);
	cleanup_srcu_struct(&vpu->device.access);
	mutex_destroy(&vpu->lock);
}

static void svpu_device_release(struct kref *ref)
{
	struct svpu_vpu *vpu = container_of(ref, struct svpu_vpu, device.ref);

	if (vpu->caps)
		svpu_caps_put(vpu->caps);
	vpu->device.transport->free(&vpu->device);
	svpu_vpu_destroy(vpu);
	vpu->front->free(vpu);
}

void svpu_device_get(struct svpu_device *dev)
{
	kref_get(&dev->ref);
}

void svpu_device_put(struct svpu_device *dev)
{
	kref_put(&dev->ref, svpu_device_release);
}

/*
 * The transport's memory isn't there any more: waits for those who touch it just now. None of them
 * waits for anything.
 */
void svpu_device_revoke(struct svpu_device *dev)
{
	WRITE_ONCE(dev->revoked, true);
	synchronize_srcu(&dev->access);
}

/*
 * The table as it is now, with a reference. Waits for nobody: open() mustn't hang behind a probe.
 * NULL: there is none yet.
 */
struct svpu_caps *svpu_vpu_caps(struct svpu_vpu *vpu)
{
	struct svpu_caps *caps;

	spin_lock(&vpu->caps_lock);
	caps = vpu->caps;
	if (caps)
		svpu_caps_get(caps);
	spin_unlock(&vpu->caps_lock);
	return caps;
}
