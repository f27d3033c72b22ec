/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's driver and a BAR of any size that a host offers, without a guest.
 */
#ifndef SHIM_BAR_H
#define SHIM_BAR_H

#include <softvpu/ivshmem.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What the driver does with a BAR of `size` bytes that begins with the page `header`: how many
 * pages of each slot's heap it uses, or -ENODEV or -EPROTO.
 */
long shim_bar_pages(struct svpu_ivshmem_header *header, svpu_u64 size);

#ifdef __cplusplus
}
#endif

#endif
