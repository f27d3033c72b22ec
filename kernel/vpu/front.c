// SPDX-License-Identifier: GPL-2.0
/*
 * Devices come and go with their transport, and are shown to applications by whom main.c named. See
 * struct svpu_front_ops; called by transports (transport.h).
 */
#include "debugfs.h"
#include "vpu/device.h"

static const struct svpu_front_ops *svpu_front_ops;

void svpu_set_front(const struct svpu_front_ops *ops)
{
	svpu_front_ops = ops;
}

struct svpu_device *svpu_device_create(struct device *parent,
				       const struct svpu_transport_ops *transport)
{
	struct svpu_vpu *vpu = svpu_front_ops->create(parent, transport);

	if (IS_ERR(vpu))
		return ERR_CAST(vpu);
	vpu->front = svpu_front_ops;
	svpu_probe_init(vpu);
	svpu_debugfs_add(vpu);
	return &vpu->device;
}

/*
 * The transport's remove(): open files stay, and get ENODEV. The transport opens no sessions any
 * more or loses them at once.
 */
void svpu_device_remove(struct svpu_device *dev)
{
	struct svpu_vpu *vpu = svpu_vpu_of(dev);

	svpu_device_get(dev);
	mutex_lock(&vpu->lock);
	dev->removed = true;
	mutex_unlock(&vpu->lock);
	svpu_probe_cancel(vpu);
	svpu_debugfs_remove(vpu);
	vpu->front->remove(vpu);
	svpu_device_lose_sessions(dev);
	svpu_device_put(dev);
}
