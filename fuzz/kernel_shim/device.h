/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device of the kernel module in user space: one transport whose firmware is the caller, one open
 * file, and what its client may do. Called by kernel_fuzz.cc; device.c. A run is between
 * shim_begin() and shim_end().
 */
#ifndef SHIM_DEVICE_H
#define SHIM_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct shim_manners {
  bool lends;   /* as ivshmem: memory must not be reused until UNMAPPED */
  bool bounces; /* the firmware can't reach the buffers */
  bool room;    /* for more buffers while the firmware keeps some */
  bool multiplanar;
};

/* The firmware's turn while the module waits for it; false: it does nothing more. */
typedef bool (*shim_firmware_turn)(void* context);

void shim_begin(struct shim_manners manners, shim_firmware_turn turn, void* context);
/* Closes what is open; complains of what is lost. */
void shim_end(void);

/* Of the firmware. `region` is that of the newest session, NULL if the host has left it or there is
 * none. */
void* shim_region(void);
void shim_set_refusal(bool refuse); /* no firmware is there for new sessions */
void shim_ring(void);
void shim_lose(void);
/* Closes the firmware's end of every session that the host has closed. */
void shim_forget_sessions(void);

/* The host asks what the firmware can do. */
void shim_probe(void);
void shim_probe_cancel(void);

/* Of the client; sides are enum svpu_q. open: false, there are no capabilities yet. */
bool shim_open(void);
void shim_close(void);
bool shim_is_open(void);
/* One control, of the kernel's framework; at most one in an open file. */
void shim_add_control(uint32_t id, uint32_t flags, int32_t value, int32_t default_value);
void shim_set_format(unsigned int side, uint32_t fourcc, uint32_t width, uint32_t height, uint32_t size);
void shim_query(unsigned int side, uint32_t index, uint32_t fourcc);
void shim_request(unsigned int side, unsigned int count);
void shim_queue(unsigned int side, unsigned int index, unsigned int bytes, unsigned int offset, uint64_t timestamp,
                uint32_t flags);
void shim_dequeue(unsigned int side);
void shim_stream(unsigned int side, bool on);
void shim_command(bool start);

/* Work that is due is done. */
void shim_work(void);
void shim_pass_time(unsigned long passed);

#ifdef __cplusplus
}
#endif
#endif
