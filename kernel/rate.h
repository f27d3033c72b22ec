/* SPDX-License-Identifier: GPL-2.0 */
/* How often something that a firmware may do happens in a second. */
#ifndef SOFTVPU_RATE_H
#define SOFTVPU_RATE_H

#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/types.h>

/* Events in the second that began at `since`. */
struct svpu_rate {
	unsigned long since; /* jiffies */
	unsigned int count; /* 0: none began */
};

/*
 * Counts `events` in a window of a second, which begins with the first of them. True: they are more
 * than `most`. What happens between them makes no difference.
 */
static inline bool svpu_rate_exceeds(struct svpu_rate *rate, unsigned int events, unsigned int most)
{
	if (!rate->count || time_after(jiffies, rate->since + HZ)) {
		rate->since = jiffies;
		rate->count = 0;
	}
	rate->count += min(events, most + 1);
	return rate->count > most;
}

#endif /* SOFTVPU_RATE_H */
