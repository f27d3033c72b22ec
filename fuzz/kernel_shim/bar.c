// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See bar.h.
 */
#include "kernel_shim/bar.h"

#include "kernel/transport/bar_header.c"

void shim_log(const char *format, ...)
{
}

long shim_bar_pages(struct svpu_ivshmem_header *header, u64 size)
{
	u32 registers[4] = { 0 };
	struct pci_dev pdev = { .bar = { registers, NULL, header },
				.bar_size = { sizeof(registers), 0, size } };
	struct svpu_bar bar = { .pdev = &pdev };
	int ret = svpu_bar_open_memory(&bar);

	return ret ? ret : (long)svpu_heap_pages(&bar);
}
