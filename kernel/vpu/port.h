/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host's end of one session with a firmware: region, rings, the order of messages, and the
 * table of the memory that the firmware knows. Counted: the host's reference and the transport's.
 * Used by session.c and those around it, and by probe.c, under the lock of the port's owner.
 */
#ifndef SOFTVPU_PORT_H
#define SOFTVPU_PORT_H

#include <linux/wait.h>

#include "core/session_state.h"
#include "rate.h"
#include "vpu/device.h"
#include "vpu/ring.h"

/* The memory of one buffer, as the firmware knows it. */
struct svpu_memory {
	struct list_head link; /* in svpu_port.leaving */
	struct svpu_memory_name name;
	u32 num_planes;
	void *shared[SVPU_MAX_PLANES]; /* the transport's */
};

struct svpu_port {
	struct svpu_link link;
	struct kref ref;
	struct list_head entry; /* in svpu_vpu.ports */
	struct svpu_ring commands;
	struct svpu_ring messages;
	struct svpu_ring debug;
	struct svpu_session_state state;
	struct svpu_rate unknown; /* messages of types that we don't know; changes of format */
	struct svpu_rate idle; /* doorbells with nothing behind them */
	struct svpu_rate debug_lines;
	unsigned int debug_left_out;
	unsigned int bells_seen; /* of `bells`, when there was nothing left to read */
	bool fresh; /* messages were read since then */

	spinlock_t owner_lock; /* owner_work */
	struct work_struct *owner_work; /* reads the messages; NULL once the host has left */
	wait_queue_head_t wait; /* the message doorbell rang */
	atomic_t bell;
	atomic_t bells; /* how often it rang */
	bool lost; /* the firmware left, or is to be left */

	struct mutex memory_lock; /* memory, leaving */
	struct svpu_memory *memory[2][SVPU_MAX_BUFFERS]; /* NULL: nothing mapped */
	struct list_head leaving; /* unmapped, but the firmware may still read it */
	u64 unmaps; /* UNMAP_BUFFERs without their UNMAPPED; the owner's lock */

	struct svpu_counters counters; /* `received` is in bells */
};

union svpu_any_message {
	struct svpu_entry entry;
	struct svpu_msg_ready ready;
	struct svpu_msg_codec codec;
	struct svpu_msg_raw_format raw_format;
	struct svpu_msg_control control;
	struct svpu_msg_status status;
	struct svpu_msg_format_changed format;
	struct svpu_msg_output_done output;
	struct svpu_msg_flushed flushed;
	struct svpu_msg_unmapped unmapped;
	struct svpu_msg_error error;
	struct svpu_msg_text text;
	u8 slot[SVPU_SLOT_SIZE];
};

struct svpu_port *svpu_port_open(struct svpu_vpu *vpu, struct svpu_client *client,
				 struct work_struct *owner_work);
void svpu_port_close(struct svpu_port *port);
int svpu_port_send(struct svpu_port *port, void *command, u16 type, u16 size, u64 cookie);
int svpu_port_receive(struct svpu_port *port, union svpu_any_message *message);
bool svpu_port_has_room(struct svpu_port *port);
bool svpu_port_all_read(struct svpu_port *port);
void svpu_port_last_words(struct svpu_port *port, char *text, size_t size);
const char *svpu_receive_error(int error);
void svpu_text(char *to, size_t size, const char *from, size_t length);
void svpu_counters_add(struct svpu_counters *to, const struct svpu_port *port);

/* memory.c */
void svpu_memory_free(struct svpu_port *port, struct svpu_memory *memory);
void svpu_memory_enter(struct svpu_port *port, struct svpu_memory *memory);
void svpu_memory_leave(struct svpu_port *port, u32 direction, u32 index);
const char *svpu_memory_unmapped(struct svpu_port *port, const struct svpu_msg_unmapped *message);
void svpu_memory_forget(struct svpu_port *port);

#endif /* SOFTVPU_PORT_H */
