// SPDX-License-Identifier: GPL-2.0
/*
 * Transport "ivshmem": QEMU's ivshmem-doorbell, its server is softvpu-fw on the host. The PCI
 * driver, interrupts, and whether the server lives. softvpu/ivshmem.h; docs/hfi.md. Sessions are
 * bar_sessions.c's, buffers bar_memory.c's.
 *
 * The host isn't trusted more than any firmware: geometry is copied once and checked.
 */
#include <linux/bitmap.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "module.h"
#include "transport/ivshmem.h"

#define SVPU_BAR_REGISTERS 0
#define SVPU_BAR_MEMORY 2
#define SVPU_REGISTERS_SIZE 16
/* Doorbells of one session in a second: more is a worker that wants to keep us busy. */
#define SVPU_MAX_BELLS 50000

static DEFINE_MUTEX(svpu_bars_lock); /* svpu_bars */
static LIST_HEAD(svpu_bars);

/* ---- does the server live? ---- */

static void svpu_bar_detach(struct svpu_bar *bar, const char *why)
{
	if (bar->attached || !bar->complained)
		dev_warn_ratelimited(&bar->pdev->dev, "%s\n", why);
	bar->complained = true;
	WRITE_ONCE(bar->attached, false);
	wake_up(&bar->wait);
	svpu_device_detached(bar->dev);
}

static void svpu_bar_attach(struct svpu_bar *bar)
{
	int ret;

	bar->complained = false;
	WRITE_ONCE(bar->attached, true);
	ret = svpu_device_attached(bar->dev);
	if (ret)
		dev_warn(&bar->pdev->dev, "can't ask for the codecs: %d\n", ret);
}

static bool svpu_bar_in_use(struct svpu_bar *bar)
{
	unsigned int i;

	for (i = 0; i < bar->num_windows; i++)
		if (READ_ONCE(bar->window[i].link))
			return true;
	return false;
}

static void svpu_bar_ping(struct svpu_bar *bar)
{
	bar->ping_sent = jiffies;
	bar->answered = false;
	WRITE_ONCE(bar->header->ping, ++bar->ping);
	svpu_bar_ring(bar, 0);
}

/*
 * While there are sessions the server is asked for a sign of life again and again: QEMU doesn't
 * tell that it is gone. A late one is as good as any: the server was stopped, or the guest.
 */
static void svpu_bar_life(struct work_struct *work)
{
	struct svpu_bar *bar = container_of(to_delayed_work(work), struct svpu_bar, life);
	unsigned long limit = max(msecs_to_jiffies(svpu_timeout_ms), 4UL);

	if (READ_ONCE(bar->header->pong) == bar->ping)
		bar->answered = true;
	if (!READ_ONCE(bar->header->up))
		svpu_bar_detach(bar, "the host's softvpu-fw has ended");
	else if (bar->answered && !bar->attached)
		svpu_bar_attach(bar);
	else if (!bar->answered && time_after(jiffies, bar->ping_sent + limit))
		svpu_bar_detach(bar, "the host's softvpu-fw doesn't answer");

	if (bar->answered && bar->attached && svpu_bar_in_use(bar) &&
	    time_after(jiffies, bar->ping_sent + limit / 4))
		svpu_bar_ping(bar);
	/* A pong comes by interrupt; its absence doesn't. */
	if (bar->attached ? svpu_bar_in_use(bar) : !bar->complained)
		queue_delayed_work(system_wq, &bar->life, limit / 4);
}

/* ---- interrupts ---- */

/* Vector 0: the server has changed the mailbox. */
static irqreturn_t svpu_bar_mailbox_irq(int irq, void *data)
{
	struct svpu_bar *bar = data;
	unsigned int i;

	for (i = 0; i < bar->num_windows; i++) {
		struct svpu_window *window = &bar->window[i];

		spin_lock(&window->lock);
		if (window->link) {
			u32 generation = window->link->generation;

			if (READ_ONCE(window->slot->serving) == generation)
				window->link->worker = READ_ONCE(window->slot->worker);
			if (READ_ONCE(window->slot->ended) == generation)
				svpu_link_lost(window->link);
		}
		spin_unlock(&window->lock);
	}
	atomic_inc(&bar->changes);
	wake_up(&bar->wait);
	mod_delayed_work(system_wq, &bar->life, 0);
	return IRQ_HANDLED;
}

/* Vector n + 1: window n's worker. */
static irqreturn_t svpu_bar_window_irq(int irq, void *data)
{
	struct svpu_window *window = data;

	spin_lock(&window->lock);
	if (!window->link)
		;
	else if (svpu_rate_exceeds(&window->bells, 1, SVPU_MAX_BELLS))
		svpu_link_lost(window->link);
	else
		svpu_link_bell(window->link);
	spin_unlock(&window->lock);
	return IRQ_HANDLED;
}

static void svpu_bar_free_irqs(struct svpu_bar *bar, unsigned int count)
{
	while (count--)
		free_irq(pci_irq_vector(bar->pdev, count),
			 count ? (void *)&bar->window[count - 1] : bar);
	pci_free_irq_vectors(bar->pdev);
}

/* One for the mailbox, and as many windows as there are vectors left. */
static int svpu_bar_request_irqs(struct svpu_bar *bar)
{
	struct pci_dev *pdev = bar->pdev;
	int count = pci_alloc_irq_vectors(pdev, 2, bar->num_windows + 1, PCI_IRQ_MSIX);
	unsigned int i;
	int ret;

	if (count < 0) {
		dev_err(&pdev->dev, "no interrupts: %d; QEMU wants vectors=%u\n", count,
			bar->num_windows + 1);
		return count;
	}
	if (count - 1 < bar->num_windows)
		dev_info(&pdev->dev, "%u of %u sessions can be used; QEMU wants vectors=%u\n",
			 count - 1, bar->num_windows, bar->num_windows + 1);
	bar->num_windows = count - 1;
	for (i = 0; i < count; i++) {
		if (i)
			ret = request_irq(pci_irq_vector(pdev, i), svpu_bar_window_irq, 0,
					  SVPU_NAME, &bar->window[i - 1]);
		else
			ret = request_irq(pci_irq_vector(pdev, i), svpu_bar_mailbox_irq, 0,
					  SVPU_NAME, bar);
		if (ret) {
			svpu_bar_free_irqs(bar, i);
			return ret;
		}
	}
	return 0;
}

/* ---- the PCI driver ---- */

/* Copies the geometry once. Errors: -ENODEV somebody else's device; -EPROTO it makes no sense. */
static int svpu_bar_read_header(struct svpu_bar *bar, u64 size)
{
	struct svpu_ivshmem_header header;

	memcpy(&header, bar->header, sizeof(header));
	barrier();
	/* Others use ivshmem for other things. */
	if (header.magic != SVPU_IVSHMEM_MAGIC)
		return -ENODEV;
	if (header.major != SVPU_IVSHMEM_MAJOR) {
		dev_err(&bar->pdev->dev, "the host speaks version %u, this driver %u\n",
			header.major, SVPU_IVSHMEM_MAJOR);
		return -ENODEV;
	}
	if (header.region_size != size || !header.num_slots ||
	    header.num_slots > SVPU_IVSHMEM_MAX_SLOTS || header.server_peer > U16_MAX ||
	    header.first_slot < SVPU_IVSHMEM_ALIGN || header.first_slot > size ||
	    header.slot_size > (size - header.first_slot) / header.num_slots ||
	    header.heap_offset < SVPU_REGION_SIZE || header.heap_offset >= header.slot_size ||
	    header.heap_offset > SVPU_MAX_HEAP ||
	    !IS_ALIGNED(header.first_slot | header.slot_size | header.heap_offset,
			SVPU_IVSHMEM_ALIGN)) {
		dev_err(&bar->pdev->dev, "the host's header makes no sense\n");
		return -EPROTO;
	}
	bar->first_slot = header.first_slot;
	bar->slot_size = header.slot_size;
	bar->heap_offset = header.heap_offset;
	bar->server_peer = header.server_peer;
	bar->num_windows = header.num_slots;
	return 0;
}

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

static int svpu_bar_map(struct svpu_bar *bar)
{
	struct pci_dev *pdev = bar->pdev;
	u64 size = pci_resource_len(pdev, SVPU_BAR_MEMORY);

	/* What is larger is no server's of ours; a bitmap of its pages would be beyond reason. */
	if (size < SVPU_IVSHMEM_ALIGN || size > SVPU_MAX_BAR ||
	    pci_resource_len(pdev, SVPU_BAR_REGISTERS) < SVPU_REGISTERS_SIZE)
		return -ENODEV;
	bar->physical = pci_resource_start(pdev, SVPU_BAR_MEMORY);
	bar->registers = pci_iomap(pdev, SVPU_BAR_REGISTERS, SVPU_REGISTERS_SIZE);
	if (!bar->registers)
		return -ENOMEM;
	bar->header = memremap(bar->physical, SVPU_IVSHMEM_ALIGN, MEMREMAP_WB);
	if (!bar->header)
		return -ENOMEM;
	return svpu_bar_read_header(bar, size);
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
	init_waitqueue_head(&bar->wait);
	INIT_DELAYED_WORK(&bar->life, svpu_bar_life);
	ret = pci_enable_device(pdev);
	if (ret)
		goto err_bar;
	ret = pci_request_regions(pdev, SVPU_NAME);
	if (ret)
		goto err_disable;
	ret = svpu_bar_map(bar);
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

static const struct pci_device_id svpu_ivshmem_ids[] = {
	{ PCI_DEVICE(0x1af4, 0x1110) },
	{}
};
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
