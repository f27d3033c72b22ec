/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kernel/transport/bar_header.c uses of the PCI core, see shim.h: a device whose BARs are memory of ours.
 * Included as <linux/pci.h>, <linux/io.h> and so on by what is built for bar.c.
 */
#ifndef SHIM_PCI_H
#define SHIM_PCI_H

#include "kernel_shim/shim.h"

#define CONFIG_PCI 1
#define __iomem
#define BIT_ULL(n) (1ULL << (n))
#define U16_MAX UINT16_MAX
#define PAGE_SHIFT 12
#define IS_ALIGNED(x, to) (!((x) & ((to)-1)))
#define DEFINE_MUTEX(name) struct mutex name
#define list_add(l, head) list_add_tail(l, head)
#define kvfree(p) free(p)
#define dev_warn(dev, ...) ((void)(dev), shim_log(__VA_ARGS__))
#define dev_info(dev, ...) ((void)(dev), shim_log(__VA_ARGS__))
#define system_wq NULL
#define queue_delayed_work(wq, w, delay) mod_delayed_work(wq, w, delay)
#define writel(value, at) (*(volatile u32 *)(at) = (value))

typedef u64 phys_addr_t;
typedef int irqreturn_t;
#define IRQ_HANDLED 1
struct inode;

struct pci_dev {
	struct device dev;
	void *bar[3];
	u64 bar_size[3];
};
struct pci_device_id {
	u32 vendor, device;
};
struct pci_driver {
	const char *name;
	const struct pci_device_id *id_table;
	int (*probe)(struct pci_dev *pdev, const struct pci_device_id *id);
	void (*remove)(struct pci_dev *pdev);
	void (*shutdown)(struct pci_dev *pdev);
};
#define PCI_DEVICE(v, d) .vendor = (v), .device = (d)
#define MODULE_DEVICE_TABLE(bus, table)
/* There is no bus: nothing is probed. */
#define pci_register_driver(driver) 0
#define pci_unregister_driver(driver) ((void)0)

#define pci_resource_start(p, n) ((u64)(uintptr_t)(p)->bar[n])
#define pci_resource_len(p, n) ((p)->bar_size[n])
#define pci_iomap(p, n, size) ((p)->bar[n])
#define pci_iounmap(p, at) ((void)(at))
#define iounmap(at) ((void)(at))
#define MEMREMAP_WB 0
#define memremap(physical, size, flags) ((void *)(uintptr_t)(physical))
#define memunmap(at) ((void)(at))
#define PCI_IRQ_MSIX 0
#define pci_alloc_irq_vectors(p, least, most, flags) (most)
#define pci_free_irq_vectors(p) ((void)(p))
#define pci_irq_vector(p, n) (n)
#define request_irq(n, handler, flags, name, data) ((void)(handler), (void)(data), 0)
#define free_irq(n, data) ((void)(data))
#define pci_enable_device(p) 0
#define pci_disable_device(p) ((void)(p))
#define pci_request_regions(p, name) 0
#define pci_release_regions(p) ((void)(p))
#define pci_set_master(p) ((void)(p))
#define pci_set_drvdata(p, data) ((void)(data))
#define pci_get_drvdata(p) NULL

#endif
