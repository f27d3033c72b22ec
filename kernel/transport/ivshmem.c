// SPDX-License-Identifier: GPL-2.0
/*
 * Transport "ivshmem": QEMU's ivshmem-doorbell, its server is softvpu-fw on the host. The PCI
 * driver: a device comes and goes. softvpu/ivshmem.h; docs/hfi.md. What is in the BAR:
 * bar_header.c; the server's interrupts and its life: bar_server.c; sessions: bar_sessions.c;
 * buffers: bar_memory.c.
 */
#include <linux/io.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "module.h"
#include "transport/ivshmem.h"

static DEFINE_MUTEX(svpu_bars_lock); /* svpu_bars */
static LIST_HEAD(svpu_bars);

static void svpu_bar_init_windows(struct svpu_bar *bar)
{
	struct svpu_ivshmem_slot *slots = (void *)bar->header + SVPU_IVSHMEM_SLOTS;
	unsigned int i;

	for (i = 0; i < bar->num_windows; i++) {
		bar->window[i].bar = bar;
		bar->window[i].index = i;
		bar->window[i].slot = &slots[i];
		spin_lock_init(&bar->window[i].lock);
	}
}

/* Nobody of this guest wants a worker: at first, after a reset too, and at last. */
static void svpu_bar_want_nothing(struct svpu_bar *bar, bool held)
{
	unsigned int i;

	for (i = 0; i < bar->num_windows; i++) {
		WRITE_ONCE(bar->window[i].slot->wanted, 0);
		if (!held)
			WRITE_ONCE(bar->window[i].slot->held, 0);
	}
	svpu_bar_ring(bar, 0);
}

/*
 * Of one place in memory there is one: open files and exported buffers of an earlier binding, or of
 * a device that was unplugged, may still map it. Errors: -EBUSY.
 */
static int svpu_bar_enlist(struct svpu_bar *bar)
{
	struct svpu_bar *other;
	int ret = 0;

	mutex_lock(&svpu_bars_lock);
	list_for_each_entry(other, &svpu_bars, link)
		if (other->physical == bar->physical)
			ret = -EBUSY;
	if (!ret)
		list_add(&bar->link, &svpu_bars);
	mutex_unlock(&svpu_bars_lock);
	return ret;
}

static void svpu_bar_delist(struct svpu_bar *bar)
{
	mutex_lock(&svpu_bars_lock);
	list_del(&bar->link);
	mutex_unlock(&svpu_bars_lock);
}

/* The transport's free(): nobody has a file, a buffer or a session any more. */
static void svpu_bar_free(struct svpu_device *dev)
{
	struct svpu_bar *bar = dev->transport_data;
	unsigned int i;

	for (i = 0; i < bar->num_windows; i++) {
		if (bar->window[i].base)
			memunmap(bar->window[i].base);
		kvfree(bar->window[i].used);
	}
	svpu_bar_drop_inode(bar);
	memunmap(bar->header);
	iounmap(bar->registers);
	svpu_bar_delist(bar);
	mutex_destroy(&bar->lock);
	kfree(bar);
}

static const struct svpu_transport_ops svpu_ivshmem_transport = {
	.name = "ivshmem",
	.absent = "the host's softvpu-fw is gone; QEMU must be started again with a new one",
	.mem_ops = &svpu_bar_memops,
	.reaches = svpu_bar_reaches,
	.share = svpu_bar_share,
	.unshare = svpu_bar_unshare,
	.lends = true,
	.room = svpu_bar_room,
	.open = svpu_bar_open,
	.offer = svpu_bar_offer,
	.close = svpu_bar_close,
	.release = svpu_bar_release,
	.doorbell = svpu_bar_doorbell,
	.leave = svpu_bar_leave,
	.mapping = svpu_bar_mapping,
	.free = svpu_bar_free,
};

static int svpu_ivshmem_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct svpu_bar *bar;
	int ret;

	bar = kzalloc(sizeof(*bar), GFP_KERNEL);
	if (!bar)
		return -ENOMEM;
	bar->pdev = pdev;
	mutex_init(&bar->lock);
	svpu_bar_init_server(bar);
	ret = pci_enable_device(pdev);
	if (ret)
		goto err_bar;
	ret = pci_request_regions(pdev, SVPU_NAME);
	if (ret)
		goto err_disable;
	ret = svpu_bar_open_memory(bar);
	if (ret)
		goto err_unmap;
	ret = svpu_bar_enlist(bar);
	if (ret)
		goto err_unmap;
	pci_set_master(pdev);
	svpu_bar_init_windows(bar);
	bar->dev = svpu_device_create(&pdev->dev, &svpu_ivshmem_transport);
	if (IS_ERR(bar->dev)) {
		ret = PTR_ERR(bar->dev);
		svpu_bar_delist(bar);
		goto err_unmap;
	}
	bar->dev->transport_data = bar;
	ret = svpu_bar_make_inode(bar);
	if (ret)
		goto err_device;
	bar->ping = READ_ONCE(bar->header->pong);
	ret = svpu_bar_request_irqs(bar);
	if (ret)
		goto err_device;
	pci_set_drvdata(pdev, bar);
	svpu_bar_want_nothing(bar, false);
	svpu_bar_ping(bar);
	queue_delayed_work(system_wq, &bar->life, 0);
	return 0;

err_device:
	/* Frees everything else. */
	svpu_device_remove(bar->dev);
	pci_release_regions(pdev);
	pci_disable_device(pdev);
	return ret;
err_unmap:
	if (bar->header)
		memunmap(bar->header);
	if (bar->registers)
		pci_iounmap(pdev, bar->registers);
	pci_release_regions(pdev);
err_disable:
	pci_disable_device(pdev);
err_bar:
	mutex_destroy(&bar->lock);
	kfree(bar);
	return ret;
}

/* No session begins any more, and nothing comes from the server. */
static void svpu_bar_stop(struct svpu_bar *bar)
{
	mutex_lock(&bar->lock);
	bar->removed = true;
	mutex_unlock(&bar->lock);
	WRITE_ONCE(bar->attached, false);
	wake_up(&bar->wait);
	svpu_bar_free_irqs(bar, bar->num_windows + 1);
	cancel_delayed_work_sync(&bar->life);
}

static void svpu_ivshmem_remove(struct pci_dev *pdev)
{
	struct svpu_bar *bar = pci_get_drvdata(pdev);
	struct svpu_device *dev = bar->dev;

	svpu_bar_stop(bar);
	/* Open files may hold the last reference, or nobody. */
	svpu_device_get(dev);
	svpu_device_remove(dev);
	/* The last words to the server: from here on nobody touches the device any more. */
	svpu_bar_want_nothing(bar, false);
	svpu_device_revoke(dev);
	svpu_bar_revoke(bar);
	svpu_device_put(dev);
	pci_release_regions(pdev);
	pci_disable_device(pdev);
}

/* Reboot and kexec, with clients that may still run: the workers end, and none comes after them. */
static void svpu_ivshmem_shutdown(struct pci_dev *pdev)
{
	struct svpu_bar *bar = pci_get_drvdata(pdev);

	svpu_bar_stop(bar);
	svpu_device_lose_sessions(bar->dev);
	svpu_bar_want_nothing(bar, true);
}

static const struct pci_device_id svpu_ivshmem_ids[] = { { PCI_DEVICE(0x1af4, 0x1110) }, {} };
MODULE_DEVICE_TABLE(pci, svpu_ivshmem_ids);

static struct pci_driver svpu_ivshmem_driver = {
	.name = "softvpu",
	.id_table = svpu_ivshmem_ids,
	.probe = svpu_ivshmem_probe,
	.remove = svpu_ivshmem_remove,
	.shutdown = svpu_ivshmem_shutdown,
};

int svpu_ivshmem_init(void)
{
	return pci_register_driver(&svpu_ivshmem_driver);
}

void svpu_ivshmem_exit(void)
{
	pci_unregister_driver(&svpu_ivshmem_driver);
}
