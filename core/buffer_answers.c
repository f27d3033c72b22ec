// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * The rules of buffer_answers.h. The firmware reads commands in order, so a buffer is an answer
 * only to what was asked after it was queued.
 */
#include "core/buffer_answers.h"

struct svpu_queueing svpu_requests_stamp(const struct svpu_requests *requests,
					 enum svpu_direction direction)
{
	return (struct svpu_queueing){ requests->flushes[direction], requests->returns };
}

bool svpu_requests_flush(const struct svpu_requests *requests, enum svpu_direction direction,
			 const struct svpu_queueing *queueing)
{
	return queueing->flushes != requests->flushes[direction];
}

void svpu_requests_begin_flush(struct svpu_requests *requests, enum svpu_direction direction)
{
	requests->flushes[direction]++;
}

void svpu_requests_begin_return(struct svpu_requests *requests)
{
	requests->returns++;
}

const char *svpu_requests_end_flush(struct svpu_requests *requests, enum svpu_direction direction,
				    const struct svpu_queueing *oldest)
{
	if (!svpu_requests_is_flushing(requests, direction))
		return "it flushed without being asked";
	if (oldest && oldest->flushes <= requests->flushed[direction])
		return "it kept buffers over a flush";
	requests->flushed[direction]++;
	return NULL;
}

bool svpu_requests_is_flushing(const struct svpu_requests *requests, enum svpu_direction direction)
{
	return requests->flushes[direction] != requests->flushed[direction];
}

const char *svpu_requests_input_done(const struct svpu_requests *requests,
				     const struct svpu_queueing *queueing, bool is_oldest,
				     __u32 status)
{
	if (status != SVPU_CANCELLED)
		return is_oldest ? NULL : "it returned an input before an older one";
	return svpu_requests_flush(requests, SVPU_INPUT, queueing) ?
		       NULL :
		       "it returned an input unused without being asked";
}

const char *svpu_requests_output_done(struct svpu_requests *requests,
				      const struct svpu_queueing *queueing, __u32 status)
{
	__u64 passed = queueing->returns;

	if (status != SVPU_CANCELLED || svpu_requests_flush(requests, SVPU_OUTPUT, queueing))
		return NULL;
	/*
	 * It answers a RETURN_OUTPUT that came after it and after the one that was answered last;
	 * those before found no output. Each returns one: the host queues it again at once, which
	 * would go on without end.
	 */
	if (passed < requests->returned)
		passed = requests->returned;
	if (passed == requests->returns)
		return "it returned an output unused without being asked";
	requests->returned = passed + 1;
	return NULL;
}
