/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * What a host answers to a client's call, by the state machine of the file's role: decoder_state.h,
 * encoder_state.h.
 */
#ifndef SOFTVPU_CORE_VERDICT_H
#define SOFTVPU_CORE_VERDICT_H

enum svpu_verdict {
	SVPU_ACCEPTED,
	SVPU_REFUSED_FAILED, /* EIO */
	SVPU_REFUSED_BUSY, /* EBUSY: a drain is under way */
	SVPU_REFUSED_UNFIT, /* EINVAL: no CAPTURE buffer can take a frame */
};

#endif /* SOFTVPU_CORE_VERDICT_H */
