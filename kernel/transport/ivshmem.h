/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Transport "ivshmem": what ivshmem.c (the PCI device), bar_header.c, bar_server.c,
 * bar_sessions.c (windows and sessions), bar_memory.c and bar_mapping.c (buffers in BAR 2) share.
 * softvpu/ivshmem.h is the layout of the BAR.
 *
 * A window is our view of a slot: the part of the BAR that one worker maps. It belongs to one open
 * file, to asking for capabilities, or to nobody; it is given away again only when everything in
 * it is freed and the server has said that no worker is left in it.
 */
#ifndef SOFTVPU_IVSHMEM_DRIVER_H
#define SOFTVPU_IVSHMEM_DRIVER_H

#include <linux/pci.h>

#include <softvpu/ivshmem.h>

#include "rate.h"
#include "transport/transport.h"

/* The largest BAR that the server makes; and of a slot's heap what we use, at most. */
#define SVPU_MAX_BAR BIT_ULL(40)
#define SVPU_MAX_HEAP BIT_ULL(36)

struct svpu_bar;

struct svpu_window {
	struct svpu_bar *bar;
	unsigned int index;
	struct svpu_ivshmem_slot *slot; /* shared: copied once, then looked at */
	void *base; /* mapped by the first claim, until the device goes */
	/* bar->lock: */
	unsigned int users; /* the file, its session, its buffers */
	unsigned long *used; /* a bit for each page of the heap */

	spinlock_t lock; /* the rest */
	struct svpu_link *link; /* of the session in it, or NULL */
	struct svpu_rate bells;
};

/* One device. It may outlive its PCI device: files stay open, buffers exported. */
struct svpu_bar {
	struct list_head link; /* of all */
	struct svpu_device *dev;
	struct pci_dev *pdev; /* until it is removed */
	void __iomem *registers;
	struct svpu_ivshmem_header *header; /* shared */
	/* Private copies of the header's: checked. */
	phys_addr_t physical;
	u64 first_slot;
	u64 slot_size;
	u64 heap_offset;
	u32 server_peer;
	unsigned int num_windows;

	struct mutex lock; /* windows, removed */
	bool removed; /* no session, window or buffer is given any more */
	struct inode *inode; /* of all mappings by processes */
	struct svpu_window window[SVPU_IVSHMEM_MAX_SLOTS];

	wait_queue_head_t wait; /* the server has changed the mailbox */
	atomic_t changes; /* how often */
	struct delayed_work life; /* the next four are its own */
	u32 ping;
	unsigned long ping_sent; /* jiffies */
	bool answered;
	bool complained;
	bool attached; /* the server lives, as far as we know */
};

static inline phys_addr_t svpu_window_physical(const struct svpu_window *window)
{
	return window->bar->physical + window->bar->first_slot +
	       window->index * window->bar->slot_size;
}

/* Of a slot, what we use; a host may offer more. */
static inline unsigned long svpu_window_bytes(const struct svpu_bar *bar)
{
	return min_t(u64, bar->slot_size, bar->heap_offset + SVPU_MAX_HEAP);
}

static inline unsigned long svpu_heap_pages(const struct svpu_bar *bar)
{
	return (svpu_window_bytes(bar) - bar->heap_offset) >> PAGE_SHIFT;
}

/*
 * Tells the server to look (vector 0), or a slot's worker. Any context. Nothing is written once
 * the device has gone: the registers may be another's then.
 */
static inline void svpu_bar_ring(struct svpu_bar *bar, unsigned int vector)
{
	int access;

	if (!svpu_access_begin(bar->dev, &access))
		return;
	writel(bar->server_peer << 16 | vector, bar->registers + SVPU_IVSHMEM_REG_DOORBELL);
	svpu_access_end(bar->dev, access);
}

/* Writes a word of the mailbox and rings the server; as above. */
static inline void svpu_bar_post(struct svpu_bar *bar, u32 *word, u32 value)
{
	int access;

	if (!svpu_access_begin(bar->dev, &access))
		return;
	WRITE_ONCE(*word, value);
	svpu_bar_ring(bar, 0);
	svpu_access_end(bar->dev, access);
}

/* bar_header.c */
int svpu_bar_open_memory(struct svpu_bar *bar);

/* bar_server.c */
void svpu_bar_init_server(struct svpu_bar *bar);
void svpu_bar_ping(struct svpu_bar *bar);
int svpu_bar_request_irqs(struct svpu_bar *bar);
void svpu_bar_free_irqs(struct svpu_bar *bar, unsigned int count);

/* bar_sessions.c */
struct svpu_window *svpu_window_claim(struct svpu_bar *bar);
void svpu_window_get(struct svpu_window *window);
void svpu_window_put(struct svpu_window *window);
struct svpu_window *svpu_window_of(struct svpu_client *client);
int svpu_window_wait(struct svpu_window *window);
int svpu_bar_open(struct svpu_link *link, struct svpu_client *client);
int svpu_bar_offer(struct svpu_link *link);
void svpu_bar_close(struct svpu_link *link);
void svpu_bar_release(struct svpu_link *link);
void svpu_bar_doorbell(struct svpu_link *link);
void svpu_bar_leave(struct svpu_client *client);

/* bar_mapping.c */
int svpu_bar_make_inode(struct svpu_bar *bar);
void svpu_bar_drop_inode(struct svpu_bar *bar);
struct address_space *svpu_bar_mapping(struct svpu_device *dev);
void svpu_bar_revoke(struct svpu_bar *bar);

/* bar_memory.c */
extern const struct vb2_mem_ops svpu_bar_memops;
bool svpu_bar_reaches(struct svpu_client *client, struct vb2_buffer *vb, unsigned int plane);
void *svpu_bar_share(struct vb2_buffer *vb, unsigned int plane, void *bounce,
		     struct svpu_plane *wire);
void svpu_bar_unshare(void *shared);
bool svpu_bar_room(struct svpu_client *client, unsigned int count, unsigned long size);

#endif /* SOFTVPU_IVSHMEM_DRIVER_H */
