// SPDX-License-Identifier: GPL-2.0
/*
 * Transport "ivshmem": what a transport is asked for. Windows (our view of the BAR's slots), given
 * to open files and to sessions, and the sessions' way through the mailbox. Called by vpu/,
 * and by bar_memory.c for a file's window; ivshmem.c hears what the server answers.
 *
 * Of the mailbox each word is loaded once, and any value of it is legal.
 */
#include <linux/bitmap.h>
#include <linux/io.h>
#include <linux/slab.h>

#include "module.h"
#include "transport/ivshmem.h"

/* ---- windows ---- */

/* Nobody has it, and the server has released its previous use. bar->lock is held. */
static bool svpu_window_free(struct svpu_window *window)
{
	/* Pairs with the server's release: what its worker did is done. */
	return !window->users && !smp_load_acquire(&window->slot->serving) &&
	       !READ_ONCE(window->slot->kept) && !READ_ONCE(window->slot->ended);
}

/* Errors: -EBUSY all are in use; -EAGAIN the server hasn't released one yet; -ENOMEM. */
static struct svpu_window *svpu_window_try_claim(struct svpu_bar *bar)
{
	struct svpu_window *window;
	bool given_back = false;
	unsigned int i;

	for (i = 0; i < bar->num_windows; i++) {
		if (svpu_window_free(&bar->window[i]))
			break;
		given_back |= !bar->window[i].users;
	}
	if (i == bar->num_windows)
		return ERR_PTR(given_back ? -EAGAIN : -EBUSY);
	window = &bar->window[i];
	if (!window->base)
		window->base = memremap(svpu_window_physical(window), svpu_window_bytes(bar),
					MEMREMAP_WB);
	if (!window->used)
		window->used = kvcalloc(BITS_TO_LONGS(svpu_heap_pages(bar)), sizeof(long),
					GFP_KERNEL);
	if (!window->base || !window->used)
		return ERR_PTR(-ENOMEM);
	window->users = 1;
	svpu_device_get(bar->dev);
	svpu_bar_post(bar, &window->slot->held, 1);
	return window;
}

/* The server said something, or says nothing any more. */
static bool svpu_bar_changed(struct svpu_bar *bar, int before)
{
	return atomic_read(&bar->changes) != before || !READ_ONCE(bar->attached);
}

/*
 * A window for a new user, to be given back by svpu_window_put(). Waits, for timeout_ms at most,
 * when those that are free were given back a moment ago. Errors: -EBUSY all are in use, or the
 * server doesn't release a slot; -EINTR; -ENODEV; -ENOMEM.
 */
struct svpu_window *svpu_window_claim(struct svpu_bar *bar)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(svpu_timeout_ms);
	struct svpu_window *window;
	long left;
	int before;

	for (;;) {
		before = atomic_read(&bar->changes);
		mutex_lock(&bar->lock);
		window = bar->removed ? ERR_PTR(-ENODEV) : svpu_window_try_claim(bar);
		mutex_unlock(&bar->lock);
		left = deadline - jiffies;
		if (PTR_ERR_OR_ZERO(window) != -EAGAIN)
			return window;
		if (left <= 0 || !READ_ONCE(bar->attached))
			return ERR_PTR(-EBUSY);
		if (wait_event_killable_timeout(bar->wait, svpu_bar_changed(bar, before),
						left) < 0)
			return ERR_PTR(-EINTR);
	}
}

void svpu_window_get(struct svpu_window *window)
{
	mutex_lock(&window->bar->lock);
	window->users++;
	mutex_unlock(&window->bar->lock);
}

void svpu_window_put(struct svpu_window *window)
{
	struct svpu_bar *bar = window->bar;
	bool last;

	mutex_lock(&bar->lock);
	last = !--window->users;
	if (last)
		svpu_bar_post(bar, &window->slot->held, 0);
	mutex_unlock(&bar->lock);
	if (last)
		svpu_device_put(bar->dev);
}

/* The window of a file, claimed when it is first needed. The file's lock is held. */
struct svpu_window *svpu_window_of(struct svpu_client *client)
{
	struct svpu_bar *bar = client->dev->transport_data;
	struct svpu_window *window = client->place;

	if (window)
		return window;
	window = svpu_window_claim(bar);
	if (!IS_ERR(window))
		client->place = window;
	else if (PTR_ERR(window) == -EBUSY && READ_ONCE(bar->attached))
		dev_warn_ratelimited(client->dev->dev,
				     "all %u windows are in use; softvpu-fw --sessions makes more\n",
				     bar->num_windows);
	return window;
}

void svpu_bar_leave(struct svpu_client *client)
{
	if (client->place)
		svpu_window_put(client->place);
	client->place = NULL;
}

/* ---- sessions ---- */

static bool svpu_window_served(struct svpu_window *window)
{
	int access;
	bool served;

	if (!svpu_access_begin(window->bar->dev, &access))
		return false;
	/* As in svpu_window_free(). */
	served = smp_load_acquire(&window->slot->serving);
	svpu_access_end(window->bar->dev, access);
	return served;
}

static bool svpu_window_settled(struct svpu_window *window)
{
	return !svpu_window_served(window) || !READ_ONCE(window->bar->attached);
}

/*
 * The last session of the same file may not be over for the server. Errors: -EINTR; -ENODEV, there
 * is no server any more; -EIO, it doesn't release the slot.
 */
int svpu_window_wait(struct svpu_window *window)
{
	long left = wait_event_killable_timeout(window->bar->wait, svpu_window_settled(window),
						msecs_to_jiffies(svpu_timeout_ms));

	if (left < 0)
		return -EINTR;
	if (!svpu_window_served(window))
		return 0;
	return left ? -ENODEV : -EIO;
}

int svpu_bar_open(struct svpu_link *link, struct svpu_client *client)
{
	struct svpu_bar *bar = link->dev->transport_data;
	struct svpu_window *window;
	int ret;

	if (!READ_ONCE(bar->attached))
		return -ENODEV;
	window = client ? svpu_window_of(client) : svpu_window_claim(bar);
	if (IS_ERR(window))
		return PTR_ERR(window);
	if (client)
		svpu_window_get(window);
	ret = svpu_window_wait(window);
	if (ret) {
		svpu_window_put(window);
		return ret;
	}
	link->region = window->base;
	link->data = window;
	return 0;
}

int svpu_bar_offer(struct svpu_link *link)
{
	struct svpu_bar *bar = link->dev->transport_data;
	struct svpu_window *window = link->data;

	mutex_lock(&bar->lock);
	if (bar->removed) {
		mutex_unlock(&bar->lock);
		return -ENODEV;
	}
	spin_lock_irq(&window->lock);
	window->link = link;
	window->bells.count = 0;
	spin_unlock_irq(&window->lock);
	/* Pairs with the server's acquire: the region is complete. */
	smp_store_release(&window->slot->wanted, link->generation);
	svpu_bar_ring(bar, 0);
	/* From now on the server must give signs of life. */
	queue_delayed_work(system_wq, &bar->life, 0);
	mutex_unlock(&bar->lock);
	return 0;
}

void svpu_bar_close(struct svpu_link *link)
{
	struct svpu_window *window = link->data;

	spin_lock_irq(&window->lock);
	window->link = NULL;
	spin_unlock_irq(&window->lock);
	svpu_bar_post(window->bar, &window->slot->wanted, 0);
}

void svpu_bar_release(struct svpu_link *link)
{
	svpu_window_put(link->data);
}

void svpu_bar_doorbell(struct svpu_link *link)
{
	struct svpu_window *window = link->data;

	svpu_bar_ring(window->bar, window->index + 1);
}
