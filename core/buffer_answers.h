/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * Whether the firmware may return a queued buffer now: inputs in order, and unused only what the
 * host asked for. The host keeps its buffers in books of its own; it stamps each queueing, and
 * counts here what it asks for. docs/hfi.md, "The order of things", 5, 9 and 10. Called by
 * src/vpu/buffers.cc and kernel/vpu/books.c, under the session's lock.
 */
#ifndef SOFTVPU_CORE_BUFFER_ANSWERS_H
#define SOFTVPU_CORE_BUFFER_ANSWERS_H

#include <softvpu/hfi.h>

#include "core/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the host of a session has asked for, by direction; all 0 at the beginning. */
struct svpu_requests {
	__u64 flushes[2]; /* FLUSH commands sent */
	__u64 flushed[2]; /* of these: answered */
	__u64 returns; /* RETURN_OUTPUT commands sent */
	__u64 returned; /* the first so many can't be answered any more */
};

/* What had been asked for when a buffer was queued. */
struct svpu_queueing {
	__u64 flushes; /* of its direction */
	__u64 returns;
};

/* A buffer is being queued. */
struct svpu_queueing svpu_requests_stamp(const struct svpu_requests *requests,
					 enum svpu_direction direction);

/* A FLUSH was sent after this queueing: the buffer is on its way back. */
bool svpu_requests_flush(const struct svpu_requests *requests, enum svpu_direction direction,
			 const struct svpu_queueing *queueing);

/* A FLUSH is being sent. */
void svpu_requests_begin_flush(struct svpu_requests *requests, enum svpu_direction direction);

/* A RETURN_OUTPUT is being sent. */
void svpu_requests_begin_return(struct svpu_requests *requests);

/*
 * FLUSHED arrived, for the oldest flush of its direction. `oldest`: the oldest queueing that wasn't
 * answered, NULL if there is none. Returns what is wrong, for people, or NULL.
 */
const char *svpu_requests_end_flush(struct svpu_requests *requests, enum svpu_direction direction,
				    const struct svpu_queueing *oldest);

bool svpu_requests_is_flushing(const struct svpu_requests *requests, enum svpu_direction direction);

/*
 * INPUT_DONE arrived with an enum svpu_status. `is_oldest`: all inputs that were queued before are
 * answered. Returns what is wrong, for people, or NULL.
 */
const char *svpu_requests_input_done(const struct svpu_requests *requests,
				     const struct svpu_queueing *queueing, bool is_oldest,
				     __u32 status);

/* OUTPUT_DONE arrived with an enum svpu_status. Returns what is wrong, for people, or NULL. */
const char *svpu_requests_output_done(struct svpu_requests *requests,
				      const struct svpu_queueing *queueing, __u32 status);

#ifdef __cplusplus
}
#endif

#endif /* SOFTVPU_CORE_BUFFER_ANSWERS_H */
