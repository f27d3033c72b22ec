// SPDX-License-Identifier: GPL-2.0
/*
 * A firmware for fuzz-ioctl.c: takes sessions, sends messages that are nearly right, and scribbles over their rings.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <softvpu/fwdev.h>
#include <softvpu/hfi.h>

#include "fuzz-ioctl.h"

#define SESSIONS 8
static struct { int fd; unsigned char *region; } session[SESSIONS];

static void drop_session(unsigned int i)
{
	if (session[i].region)
		munmap(session[i].region, SVPU_REGION_SIZE);
	if (session[i].fd >= 0)
		close(session[i].fd);
	session[i].fd = -1;
	session[i].region = NULL;
}

/* A message that a firmware may send, with contents that are nearly right. */
static void send_random_message(struct fuzzer *f, unsigned char *region)
{
	struct svpu_ring_index *index = (struct svpu_ring_index *)(region + SVPU_MESSAGE_INDEX_OFFSET);
	uint32_t at = index->write;
	unsigned char *slot = region + SVPU_MESSAGE_OFFSET + (at & (SVPU_MESSAGE_SLOTS - 1)) * SVPU_SLOT_SIZE;
	struct svpu_entry *entry = (struct svpu_entry *)slot;
	unsigned int i;

	for (i = 0; i < SVPU_SLOT_SIZE; i += 4)
		*(uint32_t *)(slot + i) = number(f);
	entry->type = !at ? SVPU_MSG_READY : below(f, 32) ? 1 + below(f, 13) : number(f);
	entry->size = below(f, 8) ? SVPU_SLOT_SIZE : number(f);
	entry->sequence = below(f, 16) ? at : number(f);
	/* A command's: it may be in flight. */
	entry->cookie = ((struct svpu_entry *)(region + SVPU_COMMAND_OFFSET + below(f, SVPU_COMMAND_SLOTS) * SVPU_SLOT_SIZE))->cookie;
	if (!below(f, 8))
		entry->cookie = number(f);
	((struct svpu_header *)region)->firmware_abi = SVPU_ABI_MAJOR << 16;
	__atomic_store_n(&index->write, below(f, 32) ? at + 1 : number(f), __ATOMIC_SEQ_CST);
}

void *run_firmware(void *argument)
{
	struct fuzzer *f = argument;
	int node = -1;
	unsigned int i;

	for (i = 0; i < SESSIONS; i++)
		session[i].fd = -1;
	while (!stop) {
		struct svpu_fw_attach attach = { .abi_major = below(f, 64) ? SVPU_ABI_MAJOR : number(f) };
		struct svpu_fw_buffer buffer = { .direction = below(f, 3), .index = below(f, 8), .generation = 1 + below(f, 8), .plane = below(f, 2) };
		uint64_t bells;

		f->calls++;
		if (node < 0 || !below(f, 5000)) {
			if (node >= 0)
				close(node);
			node = open(firmware_node, O_RDWR | O_CLOEXEC | O_NONBLOCK);
			if (node < 0)
				usleep(1000);
			continue;
		}
		i = below(f, SESSIONS);
		if (session[i].fd < 0) {
			if (!ioctl(node, SVPU_FW_ATTACH, &attach)) {
				session[i].fd = attach.fd;
				session[i].region = mmap(NULL, SVPU_REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, attach.fd, 0);
				if (session[i].region == MAP_FAILED)
					session[i].region = NULL;
			} else {
				usleep(200);
			}
			continue;
		}
		fcntl(session[i].fd, F_SETFL, O_NONBLOCK);
		switch (below(f, 16)) {
		case 0:
			if (!below(f, 8))
				drop_session(i);
			break;
		case 1:
			if (!ioctl(session[i].fd, SVPU_FW_GET_BUFFER, &buffer))
				close(buffer.fd);
			break;
		case 2:
			if (read(session[i].fd, &bells, sizeof(bells)) < 0 && errno == EBADF)
				return NULL;
			break;
		case 3:
			if (session[i].region)
				*(uint32_t *)(session[i].region + (below(f, SVPU_REGION_SIZE / 4) & (below(f, 2) ? ~0u : 0x3ffu)) * 4) = number(f);
			break;
		case 4:
			random_call(f, below(f, 2) ? node : session[i].fd);
			break;
		case 5:
			bells = 1;
			if (write(session[i].fd, &bells, sizeof(bells)) < 0 && errno == EBADF)
				return NULL;
			break;
		default:
			if (session[i].region)
				send_random_message(f, session[i].region);
		}
	}
	return NULL;
}
