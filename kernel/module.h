/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The module's name and its parameters, which docs/kernel.md explains. Included by all folders.
 */
#ifndef SOFTVPU_MODULE_H
#define SOFTVPU_MODULE_H

#include "core/types.h"

#define SVPU_NAME "softvpu"

extern unsigned int svpu_timeout_ms;
extern bool svpu_multiplanar;
extern int svpu_video_nr;

#endif /* SOFTVPU_MODULE_H */
