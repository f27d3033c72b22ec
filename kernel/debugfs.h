/* SPDX-License-Identifier: GPL-2.0 */
/* The files of a device in debugfs: debugfs.c. */
#ifndef SOFTVPU_DEBUGFS_H
#define SOFTVPU_DEBUGFS_H

struct svpu_vpu;

void svpu_debugfs_init(void);
void svpu_debugfs_exit(void);
void svpu_debugfs_add(struct svpu_vpu *vpu);
void svpu_debugfs_remove(struct svpu_vpu *vpu);

#endif /* SOFTVPU_DEBUGFS_H */
