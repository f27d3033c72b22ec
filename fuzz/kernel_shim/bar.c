// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See bar.h. The driver's file is included for what is static there.
 */
#include "kernel_shim/bar.h"

#include "kernel/transport/ivshmem.c"

unsigned long jiffies;
unsigned int svpu_timeout_ms;

void shim_log(const char *format, ...)
{
}

void shim_complain(const char *what)
{
	abort();
}

void svpu_bar_drop_inode(struct svpu_bar *bar)
{
}

long shim_bar_pages(struct svpu_ivshmem_header *header, u64 size)
{
	u32 registers[4] = { 0 };
	struct pci_dev pdev = { .bar = { registers, NULL, header },
				.bar_size = { sizeof(registers), 0, size } };
	struct svpu_bar bar = { .pdev = &pdev };
	int ret = svpu_bar_map(&bar);

	return ret ? ret : (long)svpu_heap_pages(&bar);
}
