// SPDX-License-Identifier: GPL-2.0
/*
 * Transport "local": /dev/softvpu-fw, where a firmware process of this machine attaches.
 * softvpu/fwdev.h is its interface. Sessions, how their buffers are shared, and the platform device
 * that carries the nodes. The firmware's file is local_firmware.c's.
 */
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "module.h"
#include "transport/local.h"
#include "transport/memory.h"

static struct platform_device *svpu_platform_device;

/* ---- the transport's side ---- */

static int svpu_local_open_session(struct svpu_link *link, struct svpu_client *client)
{
	struct svpu_local_session *session = kzalloc(sizeof(*session), GFP_KERNEL_ACCOUNT);

	if (!session)
		return -ENOMEM;
	link->region = svpu_pages_alloc(SVPU_REGION_SIZE);
	if (!link->region) {
		kfree(session);
		return -ENOMEM;
	}
	link->data = session;
	session->link = link;
	session->has_opener = client;
	if (client)
		session->opener = client->opener;
	INIT_LIST_HEAD(&session->waiting);
	init_waitqueue_head(&session->wait);
	spin_lock_init(&session->lock);
	return 0;
}

static int svpu_local_offer_session(struct svpu_link *link)
{
	struct svpu_local *local = link->dev->transport_data;
	struct svpu_local_session *session = link->data;

	spin_lock(&local->lock);
	if (!local->attached) {
		spin_unlock(&local->lock);
		return -ENODEV;
	}
	svpu_link_get(link);
	list_add_tail(&session->waiting, &local->waiting);
	spin_unlock(&local->lock);
	wake_up(&local->wait);
	return 0;
}

static void svpu_local_close_session(struct svpu_link *link)
{
	struct svpu_local *local = link->dev->transport_data;
	struct svpu_local_session *session = link->data;
	bool waiting;

	spin_lock(&local->lock);
	waiting = !list_empty(&session->waiting);
	list_del_init(&session->waiting);
	spin_unlock(&local->lock);

	spin_lock_irq(&session->lock);
	session->closed = true;
	spin_unlock_irq(&session->lock);
	wake_up(&session->wait);
	if (waiting)
		svpu_link_put(link);
}

static void svpu_local_release_session(struct svpu_link *link)
{
	vfree(link->region);
	kfree(link->data);
}

static void svpu_local_doorbell(struct svpu_link *link)
{
	struct svpu_local_session *session = link->data;
	unsigned long flags;

	spin_lock_irqsave(&session->lock, flags);
	session->bells++;
	spin_unlock_irqrestore(&session->lock, flags);
	wake_up(&session->wait);
}

static void svpu_local_free(struct svpu_device *dev)
{
	kfree(dev->transport_data);
}

/*
 * An application's own memory (USERPTR) must not be mapped into another process behind its back.
 */
static bool svpu_local_reaches(struct svpu_client *client, struct vb2_buffer *vb,
			       unsigned int plane)
{
	return vb->memory == VB2_MEMORY_MMAP || vb->memory == VB2_MEMORY_DMABUF;
}

/* As a dma-buf: MMAP buffers are exported, imported ones are passed on. */
static void *svpu_local_share(struct vb2_buffer *vb, unsigned int plane, void *bounce,
			      struct svpu_plane *wire)
{
	int mode = V4L2_TYPE_IS_CAPTURE(vb->vb2_queue->type) ? O_RDWR : O_RDONLY;
	struct dma_buf *dbuf;

	if (bounce) {
		dbuf = svpu_local_lend(bounce, mode);
	} else if (vb->memory == VB2_MEMORY_MMAP) {
		dbuf = svpu_local_lend(vb->planes[plane].mem_priv, mode);
	} else {
		dbuf = vb->planes[plane].dbuf;
		if (dbuf)
			get_dma_buf(dbuf);
	}
	if (!dbuf)
		return ERR_PTR(-ENOMEM);
	wire->mapped_length = min_t(size_t, dbuf->size, U32_MAX);
	return dbuf;
}

static void svpu_local_unshare(void *dbuf)
{
	dma_buf_put(dbuf);
}

static const struct svpu_transport_ops svpu_local_transport = {
	.name = "local",
	.absent = "no firmware is attached to /dev/softvpu-fw",
	.mem_ops = &svpu_local_memops,
	.reaches = svpu_local_reaches,
	.share = svpu_local_share,
	.unshare = svpu_local_unshare,
	.free = svpu_local_free,
	.open = svpu_local_open_session,
	.offer = svpu_local_offer_session,
	.close = svpu_local_close_session,
	.release = svpu_local_release_session,
	.doorbell = svpu_local_doorbell,
};

/* ---- the platform device that carries the nodes ---- */

static int svpu_local_probe(struct platform_device *pdev)
{
	struct svpu_local *local;
	struct svpu_device *dev;
	int ret;

	dev = svpu_device_create(&pdev->dev, &svpu_local_transport);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	/* Freed with the device: a firmware's open file may outlive the driver's binding. */
	local = kzalloc(sizeof(*local), GFP_KERNEL);
	if (!local) {
		svpu_device_remove(dev);
		return -ENOMEM;
	}
	local->dev = dev;
	spin_lock_init(&local->lock);
	INIT_LIST_HEAD(&local->waiting);
	init_waitqueue_head(&local->wait);
	dev->transport_data = local;

	local->misc.minor = MISC_DYNAMIC_MINOR;
	local->misc.name = "softvpu-fw";
	local->misc.fops = &svpu_fw_file_ops;
	local->misc.parent = &pdev->dev;
	local->misc.mode = 0600;
	ret = misc_register(&local->misc);
	if (ret) {
		svpu_device_remove(dev);
		return ret;
	}
	platform_set_drvdata(pdev, local);
	return 0;
}

static void svpu_local_remove(struct platform_device *pdev)
{
	struct svpu_local *local = platform_get_drvdata(pdev);

	misc_deregister(&local->misc);
	/* A firmware's open file may hold the last reference, or nobody. */
	svpu_device_get(local->dev);
	svpu_device_remove(local->dev);
	wake_up(&local->wait);
	svpu_device_put(local->dev);
}

SVPU_PLATFORM_REMOVE(svpu_local_remove)

static struct platform_driver svpu_local_driver = {
	.probe = svpu_local_probe,
	.remove = svpu_local_remove_op,
	.driver.name = SVPU_NAME,
};

int svpu_local_init(void)
{
	int ret = platform_driver_register(&svpu_local_driver);

	if (ret)
		return ret;
	svpu_platform_device =
		platform_device_register_simple(SVPU_NAME, PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(svpu_platform_device)) {
		platform_driver_unregister(&svpu_local_driver);
		return PTR_ERR(svpu_platform_device);
	}
	return 0;
}

void svpu_local_exit(void)
{
	platform_device_unregister(svpu_platform_device);
	platform_driver_unregister(&svpu_local_driver);
}
