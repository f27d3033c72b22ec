// SPDX-License-Identifier: GPL-2.0
/*
 * The server behind an ivshmem device, softvpu-fw on the host: its interrupts, and whether it
 * lives. Called by ivshmem.c. softvpu/ivshmem.h; docs/hfi.md, "ivshmem", 2 and 9.
 */
#include <linux/interrupt.h>

#include "module.h"
#include "transport/ivshmem.h"

/* Doorbells of one session in a second: more is a worker that wants to keep us busy. */
#define SVPU_MAX_BELLS 50000

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

void svpu_bar_ping(struct svpu_bar *bar)
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

void svpu_bar_init_server(struct svpu_bar *bar)
{
	init_waitqueue_head(&bar->wait);
	INIT_DELAYED_WORK(&bar->life, svpu_bar_life);
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

void svpu_bar_free_irqs(struct svpu_bar *bar, unsigned int count)
{
	while (count--)
		free_irq(pci_irq_vector(bar->pdev, count),
			 count ? (void *)&bar->window[count - 1] : bar);
	pci_free_irq_vectors(bar->pdev);
}

/* One for the mailbox, and as many windows as there are vectors left. */
int svpu_bar_request_irqs(struct svpu_bar *bar)
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
