/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR LGPL-2.1-or-later OR MIT) */
/*
 * The kernel module's firmware node, /dev/softvpu-fw: transport "chardev" of the HFI
 * (softvpu/hfi.h). docs/kernel.md.
 *
 * One firmware opens the node at a time. poll() says POLLIN while a session waits for it;
 * SVPU_FW_ATTACH takes that session and gives a file descriptor for it, which a worker process
 * inherits. The session descriptor:
 *   mmap()   offset 0, SVPU_REGION_SIZE bytes, shared: the region with the rings
 *   read()   8 bytes: how often the host rang the command doorbell since the last read, then 0,
 *            as an eventfd does
 *   write()  8 bytes, any value: rings the message doorbell
 *   poll()   POLLIN: the doorbell rang; POLLHUP: the host ended the session
 *   SVPU_FW_GET_BUFFER
 *            the memory that a MAP_BUFFER command named, one plane per call, as a dma-buf
 *            descriptor made in the calling process
 *   close()  of the last copy ends the session: what is queued goes back with errors
 * The first session of every firmware asks for its capabilities and ends.
 */
#ifndef SOFTVPU_FWDEV_H
#define SOFTVPU_FWDEV_H

#include <softvpu/hfi.h>

#ifdef __KERNEL__
#include <linux/ioctl.h>
#else
#include <sys/ioctl.h>
#endif

#define SVPU_FW_DEVICE "/dev/softvpu-fw"

struct svpu_fw_attach {
	svpu_u32 abi_major;   /* in: SVPU_ABI_MAJOR of the firmware */
	svpu_s32 fd;          /* out: the session, O_CLOEXEC */
	svpu_u32 generation;  /* out: as in the region's header */
	svpu_u32 region_size; /* out: bytes to map */
	svpu_u32 flags;       /* in: 0; out: SVPU_FW_ATTACH_*, 0 by a module that knows none */
	svpu_u32 opener;      /* in: 0; out: the user id that opened the video node */
	svpu_u32 reserved[2]; /* 0 */
};

/* svpu_fw_attach.opener is valid; not for the session that asks for capabilities. */
#define SVPU_FW_ATTACH_OPENER 0x1

SVPU_ASSERT(sizeof(struct svpu_fw_attach) == 32, "pinned");

struct svpu_fw_buffer {
	svpu_u32 direction;  /* in: enum svpu_direction */
	svpu_u32 index;      /* in */
	svpu_u32 generation; /* in */
	svpu_u32 plane;      /* in */
	svpu_s32 fd;         /* out: a dma-buf, O_CLOEXEC; inputs of the module are read-only */
	svpu_u32 reserved;   /* 0 */
	svpu_u64 size;       /* out: bytes that can be mapped */
};

SVPU_ASSERT(sizeof(struct svpu_fw_buffer) == 32, "pinned");

/*
 * Errors: EAGAIN nothing waits; EPROTONOSUPPORT another ABI major; EINVAL flags, opener or reserved
 * not 0.
 */
#define SVPU_FW_ATTACH _IOWR('v', 0xe0, struct svpu_fw_attach)
/* Errors: ENOENT no such buffer (any more); EINVAL; EMFILE; ESHUTDOWN the session has ended. */
#define SVPU_FW_GET_BUFFER _IOWR('v', 0xe1, struct svpu_fw_buffer)

#endif /* SOFTVPU_FWDEV_H */
