// SPDX-License-Identifier: GPL-2.0
/*
 * Registers and header of an ivshmem device: mapped, and the geometry copied once and checked. The
 * host isn't trusted more than any firmware. Called by ivshmem.c. softvpu/ivshmem.h.
 */
#include <linux/io.h>

#include "transport/ivshmem.h"

#define SVPU_BAR_REGISTERS 0
#define SVPU_BAR_MEMORY 2
#define SVPU_REGISTERS_SIZE 16

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

/* The caller unmaps what is set, also after an error: -ENODEV; -EPROTO; -ENOMEM. */
int svpu_bar_open_memory(struct svpu_bar *bar)
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
