/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * The types that core/ uses: those of <linux/types.h>, which the kernel and user space both have.
 * bool, NULL and offsetof() are the kernel's own, or the compiler's: C11 wants its two headers even
 * where there is no C library. Included by every header of core/.
 */
#ifndef SOFTVPU_CORE_TYPES_H
#define SOFTVPU_CORE_TYPES_H

#include <linux/types.h>

#ifdef __KERNEL__
#include <linux/stddef.h>
#else
#include <stdbool.h>
#include <stddef.h>
#endif

#define SVPU_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif /* SOFTVPU_CORE_TYPES_H */
